/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers for tests that try many cases: seeded, so that a failure comes again (xorshift64*).
 */
#pragma once

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

/* From 0 to limit - 1. */
static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
	return (random_next(state) >> 11) % limit;
}
