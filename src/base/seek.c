/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bodies of the search for words' ends. All memory is the caller's; the only state is the
 * choice of the body, made on the first call (a race there writes the same value twice). The scalar
 * body is the definition. Invariant: for every text all bodies return the same masks.
 */
#include "base/seek.h"

#include "base/block.h"

static inline bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.';
}

static struct sipring_seek_masks masks_scalar(const char *at, size_t size, char mark)
{
	size_t upto = size < SIPRING_SEEK_BLOCK ? size : SIPRING_SEEK_BLOCK;
	struct sipring_seek_masks masks = {0, 0};

	for (size_t i = 0; i < upto; i++) {
		masks.breaks |= (uint64_t)!is_word(at[i]) << i;
		masks.marks |= (uint64_t)(at[i] == mark) << i;
	}
	return masks;
}

static bool is_always_supported(void)
{
	return true;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

/* The bytes that are no part of a word: '-' to '9' but '/', and letters. */
INLINE uint64_t breaks_of(__m128i block)
{
	__m128i lower = _mm_or_si128(block, _mm_set1_epi8(0x20));
	__m128i letter = sipring_block_at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 25);
	__m128i other = sipring_block_at_most(_mm_sub_epi8(block, _mm_set1_epi8('-')), '9' - '-');
	__m128i slash = _mm_cmpeq_epi8(block, _mm_set1_epi8('/'));
	__m128i word = _mm_or_si128(letter, _mm_andnot_si128(slash, other));

	return (uint64_t)_mm_movemask_epi8(word) ^ 0xffff;
}

INLINE uint64_t marks_of(__m128i block, char mark)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(mark)));
}

INLINE struct sipring_seek_masks masks_short(const char *at, size_t size, char mark)
{
	__m128i block = sipring_block_vector(sipring_block_of(at, size));
	uint64_t inside = ((uint64_t)1 << size) - 1;

	return (struct sipring_seek_masks){breaks_of(block) & inside,
		marks_of(block, mark) & inside};
}

/* Whole steps of sixteen bytes; the last one overlaps what was seen. */
INLINE struct sipring_seek_masks masks_by_16(const char *at, size_t size, char mark)
{
	size_t upto = size < SIPRING_SEEK_BLOCK ? size : SIPRING_SEEK_BLOCK;
	struct sipring_seek_masks masks = {0, 0};

	for (size_t i = 0; i < upto; i += 16) {
		size_t from = i + 16 <= upto ? i : upto - 16;
		__m128i block = sipring_block_load(at + from);

		masks.breaks |= breaks_of(block) << from;
		masks.marks |= marks_of(block, mark) << from;
	}
	return masks;
}

static struct sipring_seek_masks masks_sse2(const char *at, size_t size, char mark)
{
	return size < 16 ? masks_short(at, size, mark) : masks_by_16(at, size, mark);
}

#define TARGET_AVX2 __attribute__((target("avx2")))

TARGET_AVX2 INLINE uint64_t breaks_of_32(__m256i block)
{
	__m256i lower = _mm256_or_si256(block, _mm256_set1_epi8(0x20));
	__m256i letter = _mm256_sub_epi8(lower, _mm256_set1_epi8('a'));
	__m256i other = _mm256_sub_epi8(block, _mm256_set1_epi8('-'));
	__m256i slash = _mm256_cmpeq_epi8(block, _mm256_set1_epi8('/'));

	letter = _mm256_cmpeq_epi8(_mm256_min_epu8(letter, _mm256_set1_epi8(25)), letter);
	other = _mm256_cmpeq_epi8(_mm256_min_epu8(other, _mm256_set1_epi8('9' - '-')), other);
	return (uint32_t)~_mm256_movemask_epi8(
		_mm256_or_si256(letter, _mm256_andnot_si256(slash, other)));
}

/* Two steps of 32 bytes do for a block; they overlap where it is shorter. */
TARGET_AVX2 static struct sipring_seek_masks masks_avx2(const char *at, size_t size, char mark)
{
	size_t upto = size < SIPRING_SEEK_BLOCK ? size : SIPRING_SEEK_BLOCK;
	struct sipring_seek_masks masks = {0, 0};
	__m256i marks = _mm256_set1_epi8(mark);

	if (size < 16)
		return masks_short(at, size, mark);
	if (size < 32)
		return masks_by_16(at, size, mark);
	for (size_t i = 0; i < 2; i++) {
		size_t from = i ? upto - 32 : 0;
		__m256i block = _mm256_loadu_si256((const __m256i *)(const void *)(at + from));
		uint32_t found = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(block, marks));

		masks.breaks |= breaks_of_32(block) << from;
		masks.marks |= (uint64_t)found << from;
	}
	return masks;
}

static bool is_avx2_supported(void)
{
	return __builtin_cpu_supports("avx2");
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
	uint64_t inside = _bzhi_u64(UINT64_MAX,
		size < SIPRING_SEEK_BLOCK ? (unsigned)size : SIPRING_SEEK_BLOCK);
	__m512i block, classes;

	block = _mm512_maskz_loadu_epi8(inside, at);
	classes = _mm512_permutex2var_epi8(_mm512_load_si512(break_table), block,
		_mm512_load_si512(break_table + 64));
	return (struct sipring_seek_masks){_mm512_movepi8_mask(_mm512_or_si512(classes, block)) &
			inside,
		_mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(mark)) & inside};
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
	{"avx2", masks_avx2, is_avx2_supported},
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
