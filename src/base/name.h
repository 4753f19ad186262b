/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A short name in front of a colon, as two words: what a table of names is searched by, without a
 * branch on how long the name is.
 */
#pragma once

#include "base/bit.h"
#include "base/block.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SIPRING_NAME_SIZE 16
#define SIPRING_NAME_ENDLESS 31u /* the size where no colon was found; no name is so long */

/*
 * The bit that is the case of a letter. It is set in all sixteen bytes: letters are small then, '-'
 * is itself, and nothing else becomes one of them but CR, which becomes '-'.
 */
#define SIPRING_NAME_CASE 0x2020202020202020u

struct sipring_name {
	uint64_t words[2]; /* the first sixteen characters in small letters, spaces behind them */
	size_t size;
#if defined(__SSE2__)
	__m128i block; /* the same once more */
#endif
};

#if defined(__SSE2__)

/* Are these the first sixteen characters of the name, which has NULs behind it? */
static inline bool sipring_name_is(const struct sipring_name *name, const char *wanted)
{
	const __m128i small = _mm_set1_epi64x(SIPRING_NAME_CASE);
	__m128i same = _mm_cmpeq_epi8(name->block, _mm_or_si128(sipring_block_load(wanted), small));

	return _mm_movemask_epi8(same) == 0xffff;
}

/* Of a name of a size that is known; of a longer one the first sixteen characters. */
static inline struct sipring_name sipring_name_of(const char *text, size_t size)
{
	const struct sipring_block block = sipring_block_of(text, size);
	struct sipring_name name = {{block.low | SIPRING_NAME_CASE, block.high | SIPRING_NAME_CASE},
		size};

	name.block = sipring_block_vector((struct sipring_block){name.words[0], name.words[1]});
	return name;
}

/*
 * What stands before the first colon of text, of which sixteen bytes can be read; of the size
 * SIPRING_NAME_ENDLESS if none of them is one.
 */
static inline struct sipring_name sipring_name_read(const char *text)
{
	/* Aligned so that no load crosses from one cache line to the next. */
	static const uint8_t masks[3 * SIPRING_NAME_SIZE] __attribute__((aligned(64))) = {255, 255,
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	const __m128i small = _mm_set1_epi64x(SIPRING_NAME_CASE);
	struct sipring_name name;
	__m128i block = sipring_block_load(text);
	uint64_t ends = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(':')));

	name.size = sipring_bit_lowest(ends | 1u << SIPRING_NAME_ENDLESS);
	block = _mm_and_si128(block, sipring_block_load(masks + 2 * SIPRING_NAME_SIZE - name.size));
	block = _mm_or_si128(block, small);
	name.words[0] = (uint64_t)_mm_cvtsi128_si64(block);
	name.words[1] = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(block, block));
	name.block = block;
	return name;
}

#else

static inline bool sipring_name_is(const struct sipring_name *name, const char *wanted)
{
	return name->words[0] == (sipring_block_load_8(wanted) | SIPRING_NAME_CASE) &&
		name->words[1] == (sipring_block_load_8(wanted + 8) | SIPRING_NAME_CASE);
}

static inline struct sipring_name sipring_name_of(const char *text, size_t size)
{
	const struct sipring_block block = sipring_block_of(text, size);

	return (struct sipring_name){
		{block.low | SIPRING_NAME_CASE, block.high | SIPRING_NAME_CASE}, size};
}

static inline struct sipring_name sipring_name_read(const char *text)
{
	const char *colon = memchr(text, ':', SIPRING_NAME_SIZE);

	return sipring_name_of(text, colon ? (size_t)(colon - text) : SIPRING_NAME_ENDLESS);
}

#endif
