/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line scanner and its bodies. All memory is the caller's; the only state is the choice of the
 * body, made on the first call (a race there writes the same value twice). The scalar body goes
 * byte by byte and is the definition; the others turn blocks of 64 bytes into three bit masks (LF,
 * CR, what is not above a space) and share one step that walks the masks. Nothing outside the input
 * is ever read: the last block is loaded under a mask, or so that it ends with the input,
 * overlapping what was seen; what is shorter than a block goes to the scalar body then. Invariant:
 * for every input all bodies fill in the same values.
 */
#include "base/scan.h"

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
	return (struct walk){.found.bare_cr = SIZE_MAX,
		.ends = ends,
		.n_lines_max = n_lines_max,
		.data = data,
		.size = size < UINT32_MAX ? size : UINT32_MAX - 1};
}

/* Member by member: what was stored by parts and is loaded whole makes the processor wait. */
static inline void finish(struct sipring_scan *scan, const struct walk *walk, size_t n_lines)
{
	scan->n_lines = n_lines;
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
			walk.found.has_bare_lf |= !i || data[i - 1] != '\r';
			if (take_lf(&walk, i))
				break;
		}
	}
	finish(scan, &walk, walk.found.n_lines);
}

static bool is_always_supported(void)
{
	return true;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

struct masks {
	uint64_t lf, cr;
	uint64_t low; /* spaces and control characters */
};
typedef struct masks masks_function(const char *data);

/* A block in which more happens than that a few lines end as they should. True: over. */
static __attribute__((noinline)) bool walk_slowly(struct walk *walk, size_t base, uint64_t lf,
	uint64_t bare_lf, uint64_t bare_cr)
{
	uint64_t seen = UINT64_MAX;
	bool is_over = false;

	for (; lf && !is_over; lf &= lf - 1) {
		is_over = take_lf(walk, base + (unsigned)__builtin_ctzll(lf));
		if (is_over)
			seen = lf ^ (lf - 1);
	}
	walk->found.has_bare_lf |= (bare_lf & seen) != 0;
	if (bare_cr & seen && walk->found.bare_cr == SIZE_MAX)
		walk->found.bare_cr = base + (unsigned)__builtin_ctzll(bare_cr);
	return is_over;
}

/* What changes with every block: apart from the walk, and in registers. */
struct pace {
	uint32_t *end;     /* where the next line's is written */
	uint64_t after_cr; /* 1: the byte before this block is a CR */
};

/*
 * Walks one block whose bit 0 is at offset base; next: the byte behind it, or what is above a
 * space. Lines that end in CR LF and go before a letter need no look at the bytes. True: over.
 */
INLINE bool walk_block(struct walk *walk, struct pace *pace, size_t base, struct masks masks,
	char next)
{
	const uint64_t last = (uint64_t)1 << 63;
	uint64_t lf = masks.lf;
	uint64_t next_is_lf = lf >> 1 | (next == '\n' ? last : 0);
	uint64_t next_is_low = masks.low >> 1 | ((unsigned char)next <= ' ' ? last : 0);
	uint64_t bare_cr = masks.cr & ~next_is_lf;
	uint64_t bare_lf = lf & ~(masks.cr << 1 | pace->after_cr);
	size_t n = (size_t)__builtin_popcountll(lf);
	bool is_over = false;

	pace->after_cr = masks.cr >> 63;
	if (__builtin_expect((bare_cr | bare_lf | (lf & next_is_low)) || n > QUICK ||
			    pace->end + QUICK > walk->ends + walk->n_lines_max,
		    0)) {
		walk->found.n_lines = (size_t)(pace->end - walk->ends);
		is_over = walk_slowly(walk, base, lf, bare_lf, bare_cr);
		pace->end = walk->ends + walk->found.n_lines;
		return is_over;
	}
	for (unsigned i = 0; i < QUICK; i++) {
		pace->end[i] = (uint32_t)base + (lf ? (uint32_t)__builtin_ctzll(lf) : 0);
		lf &= lf - 1;
	}
	pace->end += n;
	return false;
}

/* All blocks that another byte follows; returns the offset behind them, SIZE_MAX: over. */
INLINE size_t walk_blocks(masks_function *masks_of, struct walk *walk, struct pace *pace)
{
	const char *data = walk->data;
	size_t size = walk->size;
	size_t base = 0;

	for (; size - base > BLOCK; base += BLOCK)
		if (walk_block(walk, pace, base, masks_of(data + base), data[base + BLOCK]))
			return SIZE_MAX;
	return base;
}

/* The whole scan by blocks that are read whole, made anew for each way to get at the masks. */
INLINE void scan_blocks(masks_function *masks_of, struct sipring_scan *scan, uint32_t *ends,
	size_t n_lines_max, const char *data, size_t size)
{
	struct walk walk = begin(ends, n_lines_max, data, size);
	struct pace pace = {ends, 0};
	size_t base;

	if (walk.size < BLOCK) {
		scan_scalar(scan, ends, n_lines_max, data, size);
		return;
	}
	base = walk_blocks(masks_of, &walk, &pace);
	if (base < walk.size) {
		unsigned overlap = (unsigned)(BLOCK - (walk.size - base));
		struct masks masks = masks_of(data + walk.size - BLOCK);

		walk_block(&walk, &pace, base,
			(struct masks){masks.lf >> overlap, masks.cr >> overlap,
				masks.low >> overlap},
			'~');
	}
	finish(scan, &walk, (size_t)(pace.end - ends));
}

INLINE struct masks masks_sse2(const char *data)
{
	const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r'), sp = _mm_set1_epi8(' ');
	struct masks masks = {0, 0, 0};

	for (int i = 48; i >= 0; i -= 16) {
		__m128i block = _mm_loadu_si128((const __m128i *)(const void *)(data + i));
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, sp), block);

		masks.lf = masks.lf << 16 | (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, lf));
		masks.cr = masks.cr << 16 | (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, cr));
		masks.low = masks.low << 16 | (unsigned)_mm_movemask_epi8(low);
	}
	return masks;
}

static void scan_sse2(struct sipring_scan *scan, uint32_t *ends, size_t n_lines_max,
	const char *data, size_t size)
{
	scan_blocks(masks_sse2, scan, ends, n_lines_max, data, size);
}

/*
 * gcc 12 takes the upper halves of the registers for clean after a call in the middle, and leaves
 * them as they are at the end. Whatever uses their lower halves next would cost 150 cycles on
 * Intel's processors, and so would the next scan. So each body ends by clearing them itself.
 */
#define TARGET_AVX2 __attribute__((target("avx2,bmi,popcnt")))

TARGET_AVX2 INLINE uint64_t mask_of_32(__m256i low, __m256i high)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 |
		(uint32_t)_mm256_movemask_epi8(low);
}

TARGET_AVX2 INLINE struct masks masks_avx2(const char *data)
{
	const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
	const __m256i sp = _mm256_set1_epi8(' ');
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)data);
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(data + 32));

	return (struct masks){mask_of_32(_mm256_cmpeq_epi8(a, lf), _mm256_cmpeq_epi8(b, lf)),
		mask_of_32(_mm256_cmpeq_epi8(a, cr), _mm256_cmpeq_epi8(b, cr)),
		mask_of_32(_mm256_cmpeq_epi8(_mm256_min_epu8(a, sp), a),
			_mm256_cmpeq_epi8(_mm256_min_epu8(b, sp), b))};
}

TARGET_AVX2 static void scan_avx2(struct sipring_scan *scan, uint32_t *ends, size_t n_lines_max,
	const char *data, size_t size)
{
	scan_blocks(masks_avx2, scan, ends, n_lines_max, data, size);
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
		_mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\r')),
		_mm512_cmple_epu8_mask(block, _mm512_set1_epi8(' '))};
}

TARGET_AVX512 INLINE struct masks masks_avx512(const char *data)
{
	return masks_of_512(_mm512_loadu_si512(data));
}

/* A masked load reads, and may fault on, nothing beyond the mask. */
TARGET_AVX512 static void scan_avx512(struct sipring_scan *scan, uint32_t *ends, size_t n_lines_max,
	const char *data, size_t size)
{
	struct walk walk = begin(ends, n_lines_max, data, size);
	struct pace pace = {ends, 0};
	size_t base = walk_blocks(masks_avx512, &walk, &pace);

	if (base < walk.size) {
		uint64_t inside = UINT64_MAX >> (BLOCK - (walk.size - base));
		struct masks masks = masks_of_512(_mm512_maskz_loadu_epi8(inside, data + base));

		masks.low &= inside;
		walk_block(&walk, &pace, base, masks, '~');
	}
	finish(scan, &walk, (size_t)(pace.end - ends));
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
