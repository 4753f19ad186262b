/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What several workers share: one mapping, opened before they are forked or started, divided once
 * into named sections whose sizes are the lines of its budget.
 */
#pragma once

#include <stddef.h>

#define SIPRING_REGION_NAME_MAX 24 /* bytes, with the NUL */
#define SIPRING_REGION_SECTIONS_MAX 128

struct sipring_region_line {
	const char *name; /* unique */
	size_t size;      /* bytes, not 0 */
};

/* Each process has its own copy of this; after a fork both name the same memory. */
struct sipring_region {
	char *base;
	size_t size;
};

/* Maps the sum of the lines, zeroed. Returns 0, -EINVAL for lines that are none, or -errno. */
int sipring_region_open(struct sipring_region *region, const struct sipring_region_line *lines,
	unsigned n_lines);
/* Ends this process's view only. */
void sipring_region_close(struct sipring_region *region);

/* What sipring_region_open will map, in bytes; SIZE_MAX for what cannot be mapped. */
size_t sipring_region_footprint(const struct sipring_region_line *lines, unsigned n_lines);

/*
 * The section of that name where it has exactly that size, else NULL: whoever asks says what he
 * takes it for. At a cache line's beginning.
 */
void *sipring_region_section(const struct sipring_region *region, const char *name, size_t size);
