/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A short name in front of a colon, as two words: what a table of names is searched by, without a
 * branch on how long the name is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define SIPRING_NAME_SIZE 16

struct sipring_name {
	uint64_t words[2]; /* the first sixteen characters, NULs behind them */
	unsigned size;
#if defined(__SSE2__)
	__m128i block; /* the same once more */
#endif
};

/* The bit that is the case of a letter. */
#define SIPRING_NAME_CASE 0x2020202020202020u

#if defined(__SSE2__)

/*
 * Are these the first sixteen characters of the name? In a letter of wanted, which has bit 0x40, a
 * difference in bit 0x20 is one of case only; in a sign or a digit it counts.
 */
static inline bool sipring_name_is(const struct sipring_name *name, const char *wanted)
{
	__m128i block = _mm_loadu_si128((const __m128i *)(const void *)wanted);
	__m128i letter = _mm_and_si128(block, _mm_set1_epi8(0x40));
	__m128i differ =
		_mm_andnot_si128(_mm_srli_epi64(letter, 1), _mm_xor_si128(block, name->block));

	return _mm_movemask_epi8(_mm_cmpeq_epi8(differ, _mm_setzero_si128())) == 0xffff;
}

/* Of a name of a size that is known; of a longer one the first sixteen characters. */
static inline struct sipring_name sipring_name_of(const char *text, unsigned size)
{
	struct sipring_name name = {.size = size};

	memcpy(name.words, text, size < SIPRING_NAME_SIZE ? size : SIPRING_NAME_SIZE);
	name.block = _mm_loadu_si128((const __m128i *)(const void *)name.words);
	return name;
}

/*
 * What stands before the first colon of text, of which sixteen bytes can be read; false if none of
 * them is one.
 */
static inline bool sipring_name_read(struct sipring_name *name, const char *text)
{
	static const uint8_t masks[2 * SIPRING_NAME_SIZE] = {255, 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255};
	__m128i block = _mm_loadu_si128((const __m128i *)(const void *)text);
	unsigned colons = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(':')));
	unsigned size = (unsigned)__builtin_ctz(colons | 1u << 15);
	const void *mask = masks + SIPRING_NAME_SIZE - size;

	block = _mm_and_si128(block, _mm_loadu_si128((const __m128i *)mask));
	name->words[0] = (uint64_t)_mm_cvtsi128_si64(block);
	name->words[1] = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(block, block));
	name->size = size;
	name->block = block;
	return colons != 0;
}

#else

static inline bool sipring_name_is(const struct sipring_name *name, const char *wanted)
{
	const uint64_t letter = SIPRING_NAME_CASE << 1;
	uint64_t words[2];

	memcpy(words, wanted, sizeof words);
	return !((words[0] ^ name->words[0]) & ~((words[0] & letter) >> 1)) &&
		!((words[1] ^ name->words[1]) & ~((words[1] & letter) >> 1));
}

static inline struct sipring_name sipring_name_of(const char *text, unsigned size)
{
	struct sipring_name name = {{0, 0}, size};

	memcpy(name.words, text, size < SIPRING_NAME_SIZE ? size : SIPRING_NAME_SIZE);
	return name;
}

static inline bool sipring_name_read(struct sipring_name *name, const char *text)
{
	const char *colon = memchr(text, ':', SIPRING_NAME_SIZE);

	if (!colon)
		return false;
	*name = sipring_name_of(text, (unsigned)(colon - text));
	return true;
}

#endif
