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

/* A scan under way; kept in registers where everything is inlined. */
struct walk {
	struct sipring_scan found;
	struct sipring_scan_line *lines;
	size_t n_lines_max;
	const char *data;
	size_t size;
	uint32_t colon; /* first colon of the line under way, or NO_COLON */
	bool after_cr;  /* the byte before this block is a CR */
};

static inline struct walk begin(struct sipring_scan_line *lines, size_t n_lines_max,
	const char *data, size_t size)
{
	return (struct walk){.found.bare_cr = SIZE_MAX,
		.lines = lines,
		.n_lines_max = n_lines_max,
		.data = data,
		.size = size < UINT32_MAX ? size : UINT32_MAX - 1,
		.colon = NO_COLON};
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
static inline __attribute__((always_inline)) bool take_lf(struct walk *walk, uint32_t lf,
	uint32_t colon)
{
	char next = lf + 1 < walk->size ? walk->data[lf + 1] : '\r';

	if (next == ' ' || next == '\t') {
		walk->found.has_folding = true;
		walk->colon = colon < lf ? colon : NO_COLON;
		return false;
	}
	if (walk->found.n_lines == walk->n_lines_max) {
		walk->found.is_out_of_room = true;
		return true;
	}
	walk->lines[walk->found.n_lines++] =
		(struct sipring_scan_line){.colon = colon < lf ? colon : lf, .end = lf};
	walk->colon = NO_COLON;
	if (next != '\r' && next != '\n')
		return false;
	walk->found.end = after_empty_line(walk->data, walk->size, lf);
	walk->found.has_bare_lf |= walk->found.end == lf + 2u;
	return walk->found.end;
}

static void scan_scalar(struct sipring_scan *scan, struct sipring_scan_line *lines,
	size_t n_lines_max, const char *data, size_t size)
{
	struct walk walk = begin(lines, n_lines_max, data, size);

	for (size_t i = 0; i < walk.size; i++) {
		if (data[i] == ':' && walk.colon == NO_COLON) {
			walk.colon = (uint32_t)i;
		} else if (data[i] == '\r') {
			if ((i + 1 == walk.size || data[i + 1] != '\n') && walk.found.bare_cr > i)
				walk.found.bare_cr = i;
		} else if (data[i] == '\n') {
			walk.found.has_bare_lf |= !i || data[i - 1] != '\r';
			if (take_lf(&walk, (uint32_t)i, walk.colon))
				break;
		}
	}
	*scan = walk.found;
}

static bool is_always_supported(void)
{
	return true;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

struct masks {
	uint64_t lf, cr, colon;
};
typedef struct masks masks_function(const char *data);

INLINE uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The offset of the first colon of a block from base on; beyond the block if there is none. */
INLINE uint32_t first_of(uint64_t colon, size_t base)
{
	return (uint32_t)base + (colon ? (uint32_t)__builtin_ctzll(colon) : BLOCK);
}

/* Walks one block whose bit 0 is at offset base. True when the scan is over. */
INLINE bool walk_block(struct walk *walk, size_t base, struct masks masks)
{
	uint64_t bare_cr = masks.cr & ~(masks.lf >> 1);
	uint64_t bare_lf = masks.lf & ~(masks.cr << 1 | walk->after_cr);
	uint64_t colon = masks.colon;
	bool is_over = false;

	if (bare_cr >> 63 && base + BLOCK < walk->size && walk->data[base + BLOCK] == '\n')
		bare_cr ^= (uint64_t)1 << 63;
	walk->after_cr = masks.cr >> 63;
	for (uint64_t lf = masks.lf; lf; lf &= lf - 1) {
		uint64_t upto = lf ^ (lf - 1);
		uint32_t at = (uint32_t)base + (uint32_t)__builtin_ctzll(lf);

		if (take_lf(walk, at, min(walk->colon, first_of(colon, base)))) {
			bare_cr &= upto;
			bare_lf &= upto;
			is_over = true;
			break;
		}
		colon &= ~upto;
	}
	if (colon)
		walk->colon = min(walk->colon, first_of(colon, base));
	walk->found.has_bare_lf |= bare_lf != 0;
	if (__builtin_expect(bare_cr && walk->found.bare_cr == SIZE_MAX, 0))
		walk->found.bare_cr = base + (unsigned)__builtin_ctzll(bare_cr);
	return is_over;
}

/* The loop over the blocks, made anew for each way to get at the masks. */
INLINE void scan_blocks(masks_function *masks_of, struct sipring_scan *scan,
	struct sipring_scan_line *lines, size_t n_lines_max, const char *data, size_t size)
{
	struct walk walk = begin(lines, n_lines_max, data, size);
	bool is_over = false;
	size_t base = 0;

	if (walk.size < BLOCK) {
		scan_scalar(scan, lines, n_lines_max, data, size);
		return;
	}
	for (; walk.size - base >= BLOCK && !is_over; base += BLOCK)
		is_over = walk_block(&walk, base, masks_of(data + base));
	if (!is_over && base < walk.size) {
		unsigned overlap = (unsigned)(BLOCK - (walk.size - base));
		struct masks masks = masks_of(data + walk.size - BLOCK);

		walk_block(&walk, base,
			(struct masks){masks.lf >> overlap, masks.cr >> overlap,
				masks.colon >> overlap});
	}
	*scan = walk.found;
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
