/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The place of the lowest bit of a mask; of 0 any number, and not always the same. What the
 * compiler's own builtin returns is an int, whose sign it extends, in a register that it clears
 * first: two instructions more, at every stop of every walk over a text. And of 0 it must not be
 * asked.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)

/* tzcnt where the processor has it, and bsf where not: the same but for 0. */
static inline size_t sipring_bit_lowest(uint64_t mask)
{
	uint64_t place;

	__asm__("rep bsfq %1, %0" : "=r"(place) : "r"(mask) : "cc");
	return place;
}

#else

static inline size_t sipring_bit_lowest(uint64_t mask)
{
	return mask ? (size_t)__builtin_ctzll(mask) : 0;
}

#endif
