/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where words end: the search that the parsers of values are made of. Of 64 bytes at once it makes
 * two masks, one of the bytes that are no part of a word and one of a byte that the caller wants
 * found; what follows is counting bits. Nothing outside the text is read. SIMD where the processor
 * has it, chosen at run time, with the same result as the scalar body.
 */
#pragma once

#include "base/bit.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SIPRING_SEEK_BLOCK 64

/* Bit i: the byte at i. No bit stands for what lies behind the text. */
struct sipring_seek_masks {
	uint64_t breaks; /* all but letters, digits, '-' and '.' */
	uint64_t marks;  /* the byte that was asked for */
};
typedef struct sipring_seek_masks sipring_seek_function(const char *at, size_t size, char mark);

/* The fastest body that this processor can run. */
extern _Atomic(sipring_seek_function *) sipring_seek_masks;

/* Every body by name, for tests; ends with a NULL name. */
struct sipring_seek_body {
	const char *name;
	sipring_seek_function *masks;
	bool (*is_supported)(void);
};
extern const struct sipring_seek_body sipring_seek_bodies[];

/*
 * A walk over a text from break to break, always forward. All that works on it is inline, so that
 * it lives in registers.
 */
struct sipring_seek {
	const char *base, *end;
	uint64_t breaks; /* of the block at base: those that were not passed */
	uint64_t marks;  /* of the block at base: all */
	char mark;
};

/* Where a walk stands: a break and what it is, or the end and NUL, which separates nothing. */
struct sipring_stop {
	const char *at;
	char c;
};

/* The masks go from register to register: a pair stored by halves and read whole would stall. */
static inline void sipring_seek_move(struct sipring_seek *seek, const char *at)
{
	sipring_seek_function *masks_of =
		atomic_load_explicit(&sipring_seek_masks, memory_order_relaxed);
	struct sipring_seek_masks masks = masks_of(at, (size_t)(seek->end - at), seek->mark);

	seek->base = at;
	seek->breaks = masks.breaks;
	seek->marks = masks.marks;
}

static inline void sipring_seek_begin(struct sipring_seek *seek, const char *at, const char *end,
	char mark)
{
	seek->end = end;
	seek->mark = mark;
	sipring_seek_move(seek, at);
}

/* Passes all that stands before at, and says what stands there: a break or not. */
static inline struct sipring_stop sipring_seek_to(struct sipring_seek *seek, const char *at)
{
	size_t offset = (size_t)(at - seek->base);

	assert(at >= seek->base);
	if (__builtin_expect(offset < SIPRING_SEEK_BLOCK, 1))
		seek->breaks &= UINT64_MAX << offset;
	else
		sipring_seek_move(seek, at);
	return (struct sipring_stop){at, at < seek->end ? *at : 0};
}

/* Passes the break that the walk stands at: one of sipring_seek_stop(), or where it was moved. */
static inline void sipring_seek_pass(struct sipring_seek *seek)
{
	seek->breaks &= seek->breaks - 1;
}

/* The first break that was not passed. */
static inline struct sipring_stop sipring_seek_stop(struct sipring_seek *seek)
{
	const char *at;

	while (__builtin_expect(!seek->breaks, 0)) {
		if (seek->end - seek->base <= SIPRING_SEEK_BLOCK)
			return (struct sipring_stop){seek->end, 0};
		sipring_seek_move(seek, seek->base + SIPRING_SEEK_BLOCK);
	}
	at = seek->base + sipring_bit_lowest(seek->breaks);
	return (struct sipring_stop){at, *at};
}

/* The first mark from at on, which lies in the block at base; NULL if there is none. */
static inline const char *sipring_seek_mark(const struct sipring_seek *seek, const char *at)
{
	uint64_t left;

	assert(at >= seek->base && at - seek->base < SIPRING_SEEK_BLOCK);
	left = seek->marks & UINT64_MAX << (at - seek->base);
	if (__builtin_expect(left != 0, 1))
		return seek->base + sipring_bit_lowest(left);
	if (seek->end - seek->base <= SIPRING_SEEK_BLOCK)
		return NULL;
	at = seek->base + SIPRING_SEEK_BLOCK;
	return memchr(at, seek->mark, (size_t)(seek->end - at));
}
