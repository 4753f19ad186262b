/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first sixteen bytes of a text as two words. Where there are fewer they are gathered by loads
 * that overlap: there is no loop, and nothing beyond them is read.
 */
#pragma once

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define SIPRING_BLOCK_SIZE 16u

/* The first byte is the lowest of low; zeros behind the last. */
struct sipring_block {
	uint64_t low, high;
};

static inline uint64_t sipring_block_load_8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return le64toh(word);
}

static inline uint32_t sipring_block_load_4(const char *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof word);
	return le32toh(word);
}

static inline struct sipring_block sipring_block_of(const char *at, size_t size)
{
	struct sipring_block block = {0, 0};

	if (size >= SIPRING_BLOCK_SIZE) {
		block.low = sipring_block_load_8(at);
		block.high = sipring_block_load_8(at + 8);
	} else if (size >= 8) {
		block.low = sipring_block_load_8(at);
		block.high = size == 8 ? 0 : sipring_block_load_8(at + size - 8) >> 8 * (16 - size);
	} else if (size >= 4) {
		block.low = sipring_block_load_4(at) |
			(uint64_t)sipring_block_load_4(at + size - 4) << 8 * (size - 4);
	} else if (size) {
		block.low = (uint64_t)(uint8_t)at[0] |
			(uint64_t)(uint8_t)at[size / 2] << 8 * (size / 2) |
			(uint64_t)(uint8_t)at[size - 1] << 8 * (size - 1);
	}
	return block;
}

/* Which of the bytes are of which kind; bit i: the i-th. */
struct sipring_block_kinds {
	uint64_t hex; /* 0-9, a-f, A-F */
	uint64_t colon;
};

#if defined(__SSE2__)

static inline __m128i sipring_block_load(const void *at)
{
	return _mm_loadu_si128((const __m128i *)at);
}

static inline __m128i sipring_block_at_most(__m128i block, char most)
{
	return _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(most)), block);
}

/* From register to register: two words stored and loaded as one would stall. */
static inline __m128i sipring_block_vector(struct sipring_block words)
{
	return _mm_set_epi64x((int64_t)words.high, (int64_t)words.low);
}

static inline struct sipring_block_kinds sipring_block_kinds_of(struct sipring_block words)
{
	__m128i block = sipring_block_vector(words);
	__m128i small = _mm_or_si128(block, _mm_set1_epi8(0x20));
	__m128i digit = sipring_block_at_most(_mm_sub_epi8(block, _mm_set1_epi8('0')), 9);
	__m128i letter = sipring_block_at_most(_mm_sub_epi8(small, _mm_set1_epi8('a')), 5);
	__m128i colon = _mm_cmpeq_epi8(block, _mm_set1_epi8(':'));

	return (struct sipring_block_kinds){
		(unsigned)_mm_movemask_epi8(_mm_or_si128(digit, letter)),
		(unsigned)_mm_movemask_epi8(colon)};
}

#else

static inline struct sipring_block_kinds sipring_block_kinds_of(struct sipring_block words)
{
	struct sipring_block_kinds kinds = {0, 0};

	for (unsigned i = 0; i < SIPRING_BLOCK_SIZE; i++) {
		char c = (char)((i < 8 ? words.low : words.high) >> 8 * (i % 8));
		char small = (char)(c | 0x20);

		kinds.hex |= (uint64_t)((c >= '0' && c <= '9') || (small >= 'a' && small <= 'f'))
			<< i;
		kinds.colon |= (uint64_t)(c == ':') << i;
	}
	return kinds;
}

#endif
