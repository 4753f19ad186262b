/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line scanner and its bodies. All memory is the caller's; the only state is the choice of the
 * body, made on the first call (a race there writes the same value twice). The scalar body goes
 * byte by byte and is the definition; the others glance at blocks of 64 bytes, and at the byte
 * behind each: a block whose lines all end in CR LF before a letter is done by its mask of LFs. Any
 * other, and the last one, is walked slowly. Nothing outside the input is ever read: the last block
 * is loaded under a mask, or so that it ends with the input, overlapping what was seen; what is
 * shorter than a block goes to the scalar body then. Invariant: for every input all bodies fill in
 * the same values.
 */
#include "base/scan.h"

#include "base/bit.h"
#include "base/block.h"

#include <stdatomic.h>
#include <string.h>

#define BLOCK 64u
#define QUICK 3u /* lines of a block that are written without asking how many there are */

/* A scan under way. */
struct walk {
	struct sipring_scan found;
	uint32_t *ends;
	size_t n_lines_max;
	const char *data;
	size_t size;
};

static inline struct walk begin(uint32_t *ends, size_t n_lines_max, const char *data, size_t size)
{
	/* An LF at the very beginning has no CR before it, and nobody else looks there. */
	return (struct walk){.found.bare_cr = SIZE_MAX,
		.found.has_bare_lf = size && *data == '\n',
		.ends = ends,
		.n_lines_max = n_lines_max,
		.data = data,
		.size = size < UINT32_MAX ? size : UINT32_MAX - 1};
}

/* Member by member: what was stored by parts and is loaded whole makes the processor wait. */
static inline void finish(struct sipring_scan *scan, const struct walk *walk)
{
	scan->n_lines = walk->found.n_lines;
	scan->end = walk->found.end;
	scan->bare_cr = walk->found.bare_cr;
	scan->has_bare_lf = walk->found.has_bare_lf;
	scan->has_folding = walk->found.has_folding;
	scan->is_out_of_room = walk->found.is_out_of_room;
}

/* If the line after the LF at offset lf is empty, the offset after it, else 0. */
static inline size_t after_empty_line(const char *data, size_t size, size_t lf)
{
	if (size - lf >= 2 && data[lf + 1] == '\n')
		return lf + 2;
	if (size - lf >= 3 && data[lf + 1] == '\r' && data[lf + 2] == '\n')
		return lf + 3;
	return 0;
}

/* Takes the LF at this offset, which ends a line unless the next one continues it. True: over. */
static inline bool take_lf(struct walk *walk, size_t lf)
{
	char next = lf + 1 < walk->size ? walk->data[lf + 1] : '\r';

	if (next == ' ' || next == '\t') {
		walk->found.has_folding = true;
		return false;
	}
	if (walk->found.n_lines == walk->n_lines_max) {
		walk->found.is_out_of_room = true;
		return true;
	}
	walk->ends[walk->found.n_lines++] = (uint32_t)lf;
	if (next != '\r' && next != '\n')
		return false;
	walk->found.end = after_empty_line(walk->data, walk->size, lf);
	walk->found.has_bare_lf |= walk->found.end == lf + 2;
	return walk->found.end;
}

static void scan_scalar(struct sipring_scan *scan, uint32_t *ends, size_t n_lines_max,
	const char *data, size_t size)
{
	struct walk walk = begin(ends, n_lines_max, data, size);

	for (size_t i = 0; i < walk.size; i++) {
		if (data[i] == '\r') {
			if ((i + 1 == walk.size || data[i + 1] != '\n') && walk.found.bare_cr > i)
				walk.found.bare_cr = i;
		} else if (data[i] == '\n') {
			walk.found.has_bare_lf |= i && data[i - 1] != '\r';
			if (take_lf(&walk, i))
				break;
		}
	}
	finish(scan, &walk);
}

static bool is_always_supported(void)
{
	return true;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

/* A block exactly. */
struct masks {
	uint64_t lf, cr;
};
typedef struct masks masks_function(const char *data);

/*
 * The first look at a block, and at the byte behind it. Plain: each CR goes before an LF, each LF
 * but the first byte, of which the block before knows, stands behind a CR, and no LF goes before a
 * space or a control character.
 */
struct glance {
	uint64_t lf;
	bool is_plain;
};
typedef struct glance glance_function(const char *data);

/*
 * A block of whose lines not all end as they should before a letter, or that has many; next: the
 * byte behind it, which is looked at here if it is a bare LF. True: over.
 */
static __attribute__((noinline)) bool walk_slowly(struct walk *walk, size_t base,
	struct masks masks, char next)
{
	const uint64_t last = (uint64_t)1 << 63;
	uint64_t lf = masks.lf;
	uint64_t bare_cr = masks.cr & ~(lf >> 1 | (next == '\n' ? last : 0));
	uint64_t bare_lf = lf & ~(masks.cr << 1 | 1); /* of the first byte it is known already */
	uint64_t seen = UINT64_MAX;
	bool is_over = false;

	for (; lf && !is_over; lf &= lf - 1) {
		is_over = take_lf(walk, base + sipring_bit_lowest(lf));
		if (is_over)
			seen = lf ^ (lf - 1);
	}
	walk->found.has_bare_lf |=
		(bare_lf & seen) || (!is_over && next == '\n' && !(masks.cr & last));
	if (bare_cr & seen && walk->found.bare_cr == SIZE_MAX)
		walk->found.bare_cr = base + sipring_bit_lowest(bare_cr);
	return is_over;
}

/*
 * All blocks that another byte follows; returns the offset behind them, SIZE_MAX: over. How many
 * lines there are lies in a register, and in the walk only where somebody looks at it there.
 */
INLINE size_t walk_blocks(glance_function *glance_at, masks_function *masks_of, struct walk *walk)
{
	const char *data = walk->data;
	size_t size = walk->size;
	const uint32_t *room_end = walk->ends + walk->n_lines_max;
	uint32_t *end = walk->ends;
	size_t base = 0;

	for (; size - base > BLOCK; base += BLOCK) {
		struct glance glance = glance_at(data + base);
		uint64_t lf = glance.lf;
		size_t n = (size_t)__builtin_popcountll(lf);

		if (__builtin_expect(!glance.is_plain || n > QUICK || end + QUICK > room_end, 0)) {
			walk->found.n_lines = (size_t)(end - walk->ends);
			if (walk_slowly(walk, base, masks_of(data + base), data[base + BLOCK]))
				return SIZE_MAX;
			end = walk->ends + walk->found.n_lines;
			continue;
		}
		for (unsigned i = 0; i < QUICK; i++) {
			end[i] = (uint32_t)(base + sipring_bit_lowest(lf));
			lf &= lf - 1;
		}
		end += n;
	}
	walk->found.n_lines = (size_t)(end - walk->ends);
	return base;
}

/* The whole scan by blocks that are read whole, made anew for each way to get at the masks. */
INLINE void scan_blocks(glance_function *glance_at, masks_function *masks_of,
	struct sipring_scan *scan, uint32_t *ends, size_t n_lines_max, const char *data,
	size_t size)
{
	struct walk walk = begin(ends, n_lines_max, data, size);
	size_t base;

	if (walk.size < BLOCK) {
		scan_scalar(scan, ends, n_lines_max, data, size);
		return;
	}
	base = walk_blocks(glance_at, masks_of, &walk);
	if (base < walk.size) {
		unsigned overlap = (unsigned)(BLOCK - (walk.size - base));
		struct masks masks = masks_of(data + walk.size - BLOCK);

		walk_slowly(&walk, base, (struct masks){masks.lf >> overlap, masks.cr >> overlap},
			'~');
	}
	finish(scan, &walk);
}

INLINE struct masks masks_sse2(const char *data)
{
	const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
	struct masks masks = {0, 0};

	for (int i = 48; i >= 0; i -= 16) {
		__m128i block = sipring_block_load(data + i);

		masks.lf = masks.lf << 16 | (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, lf));
		masks.cr = masks.cr << 16 | (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, cr));
	}
	return masks;
}

INLINE struct glance glance_sse2(const char *data)
{
	const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
	__m128i odd = _mm_setzero_si128();
	uint64_t ends = 0;

	for (int i = 48; i >= 0; i -= 16) {
		__m128i block = sipring_block_load(data + i),
			next = sipring_block_load(data + i + 1);
		__m128i is_lf = _mm_cmpeq_epi8(block, lf), is_cr = _mm_cmpeq_epi8(block, cr);
		__m128i is_odd = _mm_xor_si128(is_cr, _mm_cmpeq_epi8(next, lf));

		odd = _mm_or_si128(odd, is_odd);
		odd = _mm_or_si128(odd, _mm_and_si128(is_lf, sipring_block_at_most(next, ' ')));
		ends = ends << 16 | (unsigned)_mm_movemask_epi8(is_lf);
	}
	return (struct glance){ends, !_mm_movemask_epi8(odd)};
}

static void scan_sse2(struct sipring_scan *scan, uint32_t *ends, size_t n_lines_max,
	const char *data, size_t size)
{
	scan_blocks(glance_sse2, masks_sse2, scan, ends, n_lines_max, data, size);
}

/*
 * gcc 12 takes the upper halves of the registers for clean after a call in the middle, and leaves
 * them as they are at the end. Whatever uses their lower halves next would cost 150 cycles on
 * Intel's processors, and so would the next scan. So each body ends by clearing them itself.
 */
#define TARGET_AVX2 __attribute__((target("avx2,bmi,popcnt")))

TARGET_AVX2 INLINE __m256i load_32(const char *data)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)data);
}

TARGET_AVX2 INLINE uint64_t mask_of_32(__m256i low, __m256i high)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 |
		(uint32_t)_mm256_movemask_epi8(low);
}

TARGET_AVX2 INLINE struct masks masks_avx2(const char *data)
{
	const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
	__m256i a = load_32(data), b = load_32(data + 32);

	return (struct masks){mask_of_32(_mm256_cmpeq_epi8(a, lf), _mm256_cmpeq_epi8(b, lf)),
		mask_of_32(_mm256_cmpeq_epi8(a, cr), _mm256_cmpeq_epi8(b, cr))};
}

/* The bytes that make a block not plain; lf: those that are LF. */
TARGET_AVX2 INLINE __m256i odd_of_32(const char *data, __m256i lf)
{
	__m256i next = load_32(data + 1);
	__m256i is_cr = _mm256_cmpeq_epi8(load_32(data), _mm256_set1_epi8('\r'));
	__m256i before_lf = _mm256_cmpeq_epi8(next, _mm256_set1_epi8('\n'));
	__m256i before_low = _mm256_cmpeq_epi8(_mm256_min_epu8(next, _mm256_set1_epi8(' ')), next);

	return _mm256_or_si256(_mm256_xor_si256(is_cr, before_lf),
		_mm256_and_si256(lf, before_low));
}

TARGET_AVX2 INLINE struct glance glance_avx2(const char *data)
{
	__m256i a = _mm256_cmpeq_epi8(load_32(data), _mm256_set1_epi8('\n'));
	__m256i b = _mm256_cmpeq_epi8(load_32(data + 32), _mm256_set1_epi8('\n'));
	__m256i odd = _mm256_or_si256(odd_of_32(data, a), odd_of_32(data + 32, b));

	return (struct glance){mask_of_32(a, b), _mm256_testz_si256(odd, odd)};
}

TARGET_AVX2 static void scan_avx2(struct sipring_scan *scan, uint32_t *ends, size_t n_lines_max,
	const char *data, size_t size)
{
	scan_blocks(glance_avx2, masks_avx2, scan, ends, n_lines_max, data, size);
	_mm256_zeroupper();
}

static bool is_avx2_supported(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
		__builtin_cpu_supports("popcnt");
}

#define TARGET_AVX512 __attribute__((target("avx512bw,bmi,popcnt")))

TARGET_AVX512 INLINE struct masks masks_of_512(__m512i block)
{
	return (struct masks){_mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\n')),
		_mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\r'))};
}

TARGET_AVX512 INLINE struct masks masks_avx512(const char *data)
{
	return masks_of_512(_mm512_loadu_si512(data));
}

TARGET_AVX512 INLINE struct glance glance_avx512(const char *data)
{
	const __m512i lf = _mm512_set1_epi8('\n');
	__m512i block = _mm512_loadu_si512(data), next = _mm512_loadu_si512(data + 1);
	__mmask64 is_lf = _mm512_cmpeq_epi8_mask(block, lf);
	__mmask64 is_cr = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\r'));
	__mmask64 is_odd = _kxor_mask64(is_cr, _mm512_cmpeq_epi8_mask(next, lf));
	__mmask64 before_low = _mm512_mask_cmple_epu8_mask(is_lf, next, _mm512_set1_epi8(' '));

	return (struct glance){is_lf, _kortestz_mask64_u8(is_odd, before_low)};
}

/* A masked load reads, and may fault on, nothing beyond the mask. */
TARGET_AVX512 static void scan_avx512(struct sipring_scan *scan, uint32_t *ends, size_t n_lines_max,
	const char *data, size_t size)
{
	struct walk walk = begin(ends, n_lines_max, data, size);
	size_t base = walk_blocks(glance_avx512, masks_avx512, &walk);

	if (base < walk.size) {
		uint64_t inside = UINT64_MAX >> (BLOCK - (walk.size - base));

		walk_slowly(&walk, base, masks_of_512(_mm512_maskz_loadu_epi8(inside, data + base)),
			'~');
	}
	finish(scan, &walk);
	_mm256_zeroupper();
}

static bool is_avx512_supported(void)
{
	return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi") &&
		__builtin_cpu_supports("popcnt");
}

#endif

/* From the fastest to the one that every processor can run. */
const struct sipring_scan_body sipring_scan_bodies[] = {
#if defined(__x86_64__)
	{"avx512", scan_avx512, is_avx512_supported},
	{"avx2", scan_avx2, is_avx2_supported},
	{"sse2", scan_sse2, is_always_supported},
#endif
	{"scalar", scan_scalar, is_always_supported},
	{NULL, NULL, NULL},
};

/* Stands in the pointer until the first call. */
static void choose(struct sipring_scan *scan, uint32_t *ends, size_t n_lines_max, const char *data,
	size_t size)
{
	const struct sipring_scan_body *row = sipring_scan_bodies;

	while (!row->is_supported())
		row++;
	atomic_store_explicit(&sipring_scan_lines, row->scan, memory_order_relaxed);
	row->scan(scan, ends, n_lines_max, data, size);
}

_Atomic(sipring_scan_function *) sipring_scan_lines = choose;
