/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line scanner and its bodies. All memory is the caller's; the only state is the choice of the
 * body, made on the first call (a race there writes the same value twice). The scalar body goes
 * byte by byte and is the definition; the others turn blocks of 64 bytes into three bit masks (LF,
 * CR, colon) and share one step that walks the masks. The last block of an input is read so that
 * it ends with it, overlapping what was seen, and shorter inputs go to the scalar body: nothing
 * outside the input is ever read. Invariant: for every input all bodies fill in the same values.
 */
#include "base/scan.h"

#include <stdatomic.h>
#include <string.h>

#define BLOCK 64u
#define NO_COLON UINT32_MAX

/* What the blocks hand on to each other. */
struct walk {
	struct sipring_scan *scan;
	struct sipring_scan_line *lines;
	size_t n_lines_max;
	const char *data;
	size_t size;
	uint32_t colon; /* first colon of the line under way, or NO_COLON */
	bool after_cr;  /* the byte before this block is a CR */
};

static size_t clamp(size_t size)
{
	return size < UINT32_MAX ? size : UINT32_MAX - 1;
}

static void reset(struct sipring_scan *scan)
{
	*scan = (struct sipring_scan){.bare_cr = SIZE_MAX};
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

/* Ends a line. True when the scan is over. */
static inline bool finish_line(struct walk *walk, uint32_t lf)
{
	struct sipring_scan *scan = walk->scan;

	if (scan->n_lines == walk->n_lines_max) {
		scan->is_out_of_room = true;
		return true;
	}
	walk->lines[scan->n_lines++] =
		(struct sipring_scan_line){.colon = walk->colon < lf ? walk->colon : lf, .end = lf};
	walk->colon = NO_COLON;
	scan->end = after_empty_line(walk->data, walk->size, lf);
	if (!scan->end)
		return false;
	scan->has_bare_lf |= scan->end - lf == 2;
	return true;
}

static void scan_scalar(struct sipring_scan *scan, struct sipring_scan_line *lines,
	size_t n_lines_max, const char *data, size_t size)
{
	struct walk walk = {.scan = scan,
		.lines = lines,
		.n_lines_max = n_lines_max,
		.data = data,
		.size = clamp(size),
		.colon = NO_COLON};

	reset(scan);
	for (size_t i = 0; i < walk.size; i++) {
		if (data[i] == ':' && walk.colon == NO_COLON) {
			walk.colon = (uint32_t)i;
		} else if (data[i] == '\r') {
			if ((i + 1 == walk.size || data[i + 1] != '\n') && scan->bare_cr > i)
				scan->bare_cr = i;
		} else if (data[i] == '\n') {
			scan->has_bare_lf |= !i || data[i - 1] != '\r';
			if (i + 1 < walk.size && (data[i + 1] == ' ' || data[i + 1] == '\t'))
				scan->has_folding = true;
			else if (finish_line(&walk, (uint32_t)i))
				return;
		}
	}
}

static bool is_always_supported(void)
{
	return true;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

/*
 * Walks one block of masks whose bit 0 is at offset base. True when the scan is over. Everything
 * is passed by value or in registers: this is the inner loop of the whole parser.
 */
INLINE bool walk_block(struct walk *walk, size_t base, uint64_t lf, uint64_t cr, uint64_t colon)
{
	struct sipring_scan *scan = walk->scan;
	const char *data = walk->data;
	uint64_t bare_cr = cr & ~(lf >> 1);
	uint64_t bare_lf = lf & ~(cr << 1 | walk->after_cr);
	uint64_t seen = ~(uint64_t)0;
	bool is_over = false;

	if (bare_cr >> 63 && base + BLOCK < walk->size && data[base + BLOCK] == '\n')
		bare_cr &= seen >> 1;
	walk->after_cr = cr >> 63;
	while (lf) {
		uint64_t upto = lf ^ (lf - 1);
		uint32_t at = (uint32_t)(base + (unsigned)__builtin_ctzll(lf));

		if (walk->colon == NO_COLON && (colon & upto))
			walk->colon = (uint32_t)(base + (unsigned)__builtin_ctzll(colon));
		lf &= lf - 1;
		if (at + 1 < walk->size && (data[at + 1] == ' ' || data[at + 1] == '\t')) {
			scan->has_folding = true;
		} else if (finish_line(walk, at)) {
			seen = upto;
			is_over = true;
			break;
		}
		colon &= ~upto;
	}
	if (!is_over && walk->colon == NO_COLON && colon)
		walk->colon = (uint32_t)(base + (unsigned)__builtin_ctzll(colon));
	scan->has_bare_lf |= (bare_lf & seen) != 0;
	if (__builtin_expect((bare_cr & seen) && scan->bare_cr == SIZE_MAX, 0))
		scan->bare_cr = base + (unsigned)__builtin_ctzll(bare_cr);
	return is_over;
}

struct masks {
	uint64_t lf, cr, colon;
};
typedef struct masks masks_function(const char *data);

/* The loop over the blocks, made anew for each way to get at the masks. */
INLINE void scan_blocks(masks_function *masks_of, struct sipring_scan *scan,
	struct sipring_scan_line *lines, size_t n_lines_max, const char *data, size_t size)
{
	struct walk walk = {.scan = scan,
		.lines = lines,
		.n_lines_max = n_lines_max,
		.data = data,
		.size = clamp(size),
		.colon = NO_COLON};
	size_t base = 0;
	unsigned overlap;
	struct masks masks;

	if (walk.size < BLOCK) {
		scan_scalar(scan, lines, n_lines_max, data, size);
		return;
	}
	reset(scan);
	for (; walk.size - base >= BLOCK; base += BLOCK) {
		masks = masks_of(data + base);
		if (walk_block(&walk, base, masks.lf, masks.cr, masks.colon))
			return;
	}
	if (base == walk.size)
		return;
	overlap = (unsigned)(BLOCK - (walk.size - base));
	masks = masks_of(data + walk.size - BLOCK);
	walk_block(&walk, base, masks.lf >> overlap, masks.cr >> overlap, masks.colon >> overlap);
}

INLINE uint64_t equal_16(const __m128i block[4], char c)
{
	const __m128i wanted = _mm_set1_epi8(c);
	uint64_t mask = 0;

	for (int i = 3; i >= 0; i--)
		mask = mask << 16 | (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block[i], wanted));
	return mask;
}

INLINE struct masks masks_sse2(const char *data)
{
	__m128i block[4];

	for (int i = 0; i < 4; i++)
		block[i] = _mm_loadu_si128((const __m128i *)(const void *)(data + 16 * i));
	return (struct masks){equal_16(block, '\n'), equal_16(block, '\r'), equal_16(block, ':')};
}

static void scan_sse2(struct sipring_scan *scan, struct sipring_scan_line *lines,
	size_t n_lines_max, const char *data, size_t size)
{
	scan_blocks(masks_sse2, scan, lines, n_lines_max, data, size);
}

#define TARGET_AVX2 __attribute__((target("avx2,bmi")))

TARGET_AVX2 INLINE uint64_t equal_32(__m256i low, __m256i high, char c)
{
	const __m256i wanted = _mm256_set1_epi8(c);
	uint32_t in_low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
	uint32_t in_high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));

	return (uint64_t)in_high << 32 | in_low;
}

TARGET_AVX2 INLINE struct masks masks_avx2(const char *data)
{
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)data);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(data + 32));

	return (struct masks){equal_32(low, high, '\n'), equal_32(low, high, '\r'),
		equal_32(low, high, ':')};
}

TARGET_AVX2 static void scan_avx2(struct sipring_scan *scan, struct sipring_scan_line *lines,
	size_t n_lines_max, const char *data, size_t size)
{
	scan_blocks(masks_avx2, scan, lines, n_lines_max, data, size);
}

static bool is_avx2_supported(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}

#endif

/* From the fastest to the one that every processor can run. */
const struct sipring_scan_body sipring_scan_bodies[] = {
#if defined(__x86_64__)
	{"avx2", scan_avx2, is_avx2_supported},
	{"sse2", scan_sse2, is_always_supported},
#endif
	{"scalar", scan_scalar, is_always_supported},
	{NULL, NULL, NULL},
};

void sipring_scan_lines(struct sipring_scan *scan, struct sipring_scan_line *lines,
	size_t n_lines_max, const char *data, size_t size)
{
	static _Atomic(sipring_scan_function *) chosen;
	sipring_scan_function *body = atomic_load_explicit(&chosen, memory_order_relaxed);

	if (!body) {
		const struct sipring_scan_body *row = sipring_scan_bodies;

		while (!row->is_supported())
			row++;
		body = row->scan;
		atomic_store_explicit(&chosen, body, memory_order_relaxed);
	}
	body(scan, lines, n_lines_max, data, size);
}
