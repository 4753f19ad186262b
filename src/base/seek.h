/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where words end: the search that the parsers of values are made of. Of 64 bytes at once it makes
 * two masks, one of the bytes that are no part of a word and one of a byte that the caller wants
 * found; what follows is counting bits. Nothing outside the text is read. SIMD where the processor
 * has it, chosen at run time, with the same result as the scalar body.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIPRING_SEEK_BLOCK 64

/* Bit i: the byte at i. A text shorter than a block has the bit behind its end in both. */
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

/* A text, and the masks of the block of it that begins at base. */
struct sipring_seek {
	const char *base, *end;
	uint64_t breaks, marks;
	char mark;
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

/* The first bit of one of the seek's two masks from at on, over as many blocks as it takes. */
static inline const char *sipring_seek_next(struct sipring_seek *seek, const uint64_t *mask,
	const char *at)
{
	size_t offset = (size_t)(at - seek->base);

	for (;;) {
		if (__builtin_expect(offset < SIPRING_SEEK_BLOCK, 1)) {
			uint64_t left = *mask >> offset;

			if (__builtin_expect(left != 0, 1))
				return at + __builtin_ctzll(left);
			at = seek->base + SIPRING_SEEK_BLOCK;
		}
		sipring_seek_move(seek, at);
		offset = 0;
	}
}

/* The first byte from at on that is no part of a word, or end. */
static inline const char *sipring_seek_break(struct sipring_seek *seek, const char *at)
{
	return sipring_seek_next(seek, &seek->breaks, at);
}

/* The first mark from at on, or end. */
static inline const char *sipring_seek_mark(struct sipring_seek *seek, const char *at)
{
	return sipring_seek_next(seek, &seek->marks, at);
}
