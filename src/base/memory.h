/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large fixed memory, mapped once at open: zeroed, page-aligned, and resident only where touched.
 */
#pragma once

#include <stddef.h>

/* NULL when the kernel refuses (errno tells). size in bytes, not 0. */
void *sipring_memory_map(size_t size);
/* The same, and processes forked from here on share it instead of getting a copy each. */
void *sipring_memory_map_shared(size_t size);

/* Takes back what one of the above gave, with the same size; NULL is allowed. */
void sipring_memory_unmap(void *memory, size_t size);

/* What a mapping of `size` bytes takes: whole pages. SIZE_MAX where that cannot be counted. */
size_t sipring_memory_footprint(size_t size);
