/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bodies of the search for words' ends. All memory is the caller's; the only state is the
 * choice of the body, made on the first call (a race there writes the same value twice). The scalar
 * body is the definition. Invariant: for every text all bodies return the same masks.
 */
#include "base/seek.h"

static inline bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.';
}

/* The masks of what lies from `from` on, up to a block, and of the end. */
static inline struct sipring_seek_masks masks_from(const char *at, size_t from, size_t size,
	char mark)
{
	size_t upto = size < SIPRING_SEEK_BLOCK ? size : SIPRING_SEEK_BLOCK;
	struct sipring_seek_masks masks = {0, 0};

	if (size < SIPRING_SEEK_BLOCK)
		masks.breaks = masks.marks = (uint64_t)1 << size;
	for (size_t i = from; i < upto; i++) {
		masks.breaks |= (uint64_t)!is_word(at[i]) << i;
		masks.marks |= (uint64_t)(at[i] == mark) << i;
	}
	return masks;
}

static struct sipring_seek_masks masks_scalar(const char *at, size_t size, char mark)
{
	return masks_from(at, 0, size, mark);
}

static bool is_always_supported(void)
{
	return true;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __m128i at_most(__m128i block, char most)
{
	return _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(most)), block);
}

/* The bytes that are no part of a word: '-' to '9' but '/', and letters. */
INLINE uint64_t breaks_of(__m128i block)
{
	__m128i lower = _mm_or_si128(block, _mm_set1_epi8(0x20));
	__m128i letter = at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 25);
	__m128i other = at_most(_mm_sub_epi8(block, _mm_set1_epi8('-')), '9' - '-');
	__m128i slash = _mm_cmpeq_epi8(block, _mm_set1_epi8('/'));
	__m128i word = _mm_or_si128(letter, _mm_andnot_si128(slash, other));

	return (uint64_t)_mm_movemask_epi8(word) ^ 0xffff;
}

INLINE __m128i load(const char *at)
{
	return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* Whole steps of sixteen bytes; the last one overlaps what was seen, where there is that much. */
INLINE struct sipring_seek_masks masks_by_16(const char *at, size_t size, char mark)
{
	size_t upto = size < SIPRING_SEEK_BLOCK ? size : SIPRING_SEEK_BLOCK;
	struct sipring_seek_masks masks;

	if (size < 16)
		return masks_from(at, 0, size, mark);
	masks = masks_from(at, upto, size, mark);
	for (size_t i = 0; i < upto; i += 16) {
		size_t from = i + 16 <= upto ? i : upto - 16;
		__m128i block = load(at + from);
		__m128i marks = _mm_cmpeq_epi8(block, _mm_set1_epi8(mark));

		masks.breaks |= breaks_of(block) << from;
		masks.marks |= (uint64_t)_mm_movemask_epi8(marks) << from;
	}
	return masks;
}

static struct sipring_seek_masks masks_sse2(const char *at, size_t size, char mark)
{
	return masks_by_16(at, size, mark);
}

#define TARGET_AVX512 __attribute__((target("avx512bw,avx512vbmi,bmi2")))

/* By byte: 0x80 for what breaks a word. Bytes above 127 have that bit themselves. */
static const uint8_t break_table[128] __attribute__((aligned(64))) = {
/* clang-format off */
#define X 0x80
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, 0, 0, X,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, X, X, X, X, X,
	X, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, X, X, X, X,
	X, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, X, X, X, X,
#undef X
	/* clang-format on */
};

/* A masked load reads, and may fault on, nothing beyond the mask. */
TARGET_AVX512 static struct sipring_seek_masks masks_avx512(const char *at, size_t size, char mark)
{
	uint64_t end = 0, inside = UINT64_MAX;
	__m512i block, classes;

	if (size < SIPRING_SEEK_BLOCK) {
		end = (uint64_t)1 << size;
		inside = end - 1;
	}
	block = _mm512_maskz_loadu_epi8(inside, at);
	classes = _mm512_permutex2var_epi8(_mm512_load_si512(break_table), block,
		_mm512_load_si512(break_table + 64));
	return (struct sipring_seek_masks){
		(_mm512_movepi8_mask(_mm512_or_si512(classes, block)) & inside) | end,
		(_mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(mark)) & inside) | end};
}

static bool is_avx512_supported(void)
{
	return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
		__builtin_cpu_supports("bmi2");
}

#endif

/* From the fastest to the one that every processor can run. */
const struct sipring_seek_body sipring_seek_bodies[] = {
#if defined(__x86_64__)
	{"avx512", masks_avx512, is_avx512_supported},
	{"sse2", masks_sse2, is_always_supported},
#endif
	{"scalar", masks_scalar, is_always_supported},
	{NULL, NULL, NULL},
};

/* Stands in the pointer until the first call. */
static struct sipring_seek_masks choose(const char *at, size_t size, char mark)
{
	const struct sipring_seek_body *row = sipring_seek_bodies;

	while (!row->is_supported())
		row++;
	atomic_store_explicit(&sipring_seek_masks, row->masks, memory_order_relaxed);
	return row->masks(at, size, mark);
}

_Atomic(sipring_seek_function *) sipring_seek_masks = choose;
