/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line scanner: what it finds in known text, and that every body finds the same in random
 * text, at every length and where the input ends at an unmapped page.
 */
#include "base/scan.h"

#include "random.h"
#include "sip_edge.h"

#define N_LINES_MAX 40

#define N_BEYOND 4 /* places behind those that a scan may write to */

struct found {
	struct sipring_scan scan;
	uint32_t ends[N_LINES_MAX + N_BEYOND];
};

static void scan(struct found *found, const struct sipring_scan_body *body, const char *data,
	size_t size, size_t n_lines_max)
{
	memset(found, 0xaa, sizeof *found);
	body->scan(&found->scan, found->ends, n_lines_max, data, size);
	for (unsigned i = 0; i < N_BEYOND; i++)
		cr_assert_eq(found->ends[n_lines_max + i], 0xaaaaaaaa, "%s wrote line %zu of %zu",
			body->name, n_lines_max + i + 1, n_lines_max);
}

static void assert_same(const struct found *a, const struct found *b, const char *name, size_t size)
{
	cr_assert_eq(a->scan.n_lines, b->scan.n_lines, "%s, %zu bytes", name, size);
	cr_assert_eq(a->scan.end, b->scan.end, "%s, %zu bytes", name, size);
	cr_assert_eq(a->scan.bare_cr, b->scan.bare_cr, "%s, %zu bytes", name, size);
	cr_assert_eq(a->scan.has_bare_lf, b->scan.has_bare_lf, "%s, %zu bytes", name, size);
	cr_assert_eq(a->scan.has_folding, b->scan.has_folding, "%s, %zu bytes", name, size);
	cr_assert_eq(a->scan.is_out_of_room, b->scan.is_out_of_room, "%s, %zu bytes", name, size);
	cr_assert_eq(memcmp(a->ends, b->ends, a->scan.n_lines * sizeof *a->ends), 0,
		"%s, %zu bytes", name, size);
}

static void compare_bodies(const char *data, size_t size, size_t n_lines_max)
{
	const struct sipring_scan_body *scalar = sipring_scan_bodies;
	struct found wanted, got;

	while (strcmp(scalar->name, "scalar"))
		scalar++;
	scan(&wanted, scalar, data, size, n_lines_max);
	for (const struct sipring_scan_body *body = sipring_scan_bodies; body->name; body++) {
		if (!body->is_supported())
			continue;
		scan(&got, body, data, size, n_lines_max);
		assert_same(&wanted, &got, body->name, size);
	}
}

Test(scan, finds_lines)
{
	static const char text[] = "one\r\ntwo: a:b\r\nthree:x\r\n y\n\tz\r\n: \n\r\nbody\r:\n";

	for (const struct sipring_scan_body *body = sipring_scan_bodies; body->name; body++) {
		struct found found;

		if (!body->is_supported())
			continue;
		scan(&found, body, edge_copy(text, sizeof text - 1), sizeof text - 1, N_LINES_MAX);
		cr_assert_eq(found.scan.n_lines, 4);
		cr_assert_eq(found.ends[0], 4);
		cr_assert_eq(found.ends[1], 14);
		cr_assert_eq(text[found.ends[2] - 2], 'z');
		cr_assert_eq(text[found.ends[3] - 2], ':');
		cr_assert_eq(memcmp(text + found.scan.end, "body", 4), 0);
		cr_assert(found.scan.has_bare_lf && found.scan.has_folding);
		cr_assert_eq(found.scan.bare_cr, SIZE_MAX, "the body is not looked at");
		cr_assert_not(found.scan.is_out_of_room);
	}
}

Test(scan, stops_when_out_of_room)
{
	static const char text[] = "a\r\nb\r\nc\r\n\r\n";
	uint32_t ends[2];
	struct sipring_scan result;

	sipring_scan_lines(&result, ends, 2, text, sizeof text - 1);
	cr_assert(result.is_out_of_room);
	cr_assert_eq(result.n_lines, 2);
	cr_assert_eq(result.end, 0);
}

Test(scan, unterminated)
{
	static const char *const texts[] = {"", "a", "a\r", "a\r\n", "a\n", "a\r\n\r", "a\n \n"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct sipring_span text = edge_span(texts[i]);
		uint32_t ends[4];
		struct sipring_scan result;

		sipring_scan_lines(&result, ends, 4, text.data, text.size);
		cr_assert_eq(result.end, 0, "%zu", i);
	}
}

/* Random text of the few bytes that matter, dense and sparse, with a line of any length. */
Test(scan, bodies_agree)
{
	static const char few[] = "\r\n: \tax";
	uint64_t state = 20240131;
	char text[400];

	for (int round = 0; round < 40000; round++) {
		size_t size = random_below(&state, sizeof text);
		uint64_t rarity = 1 + random_below(&state, 40);

		for (size_t i = 0; i < size; i++)
			text[i] = random_below(&state, rarity)
				? 'n'
				: few[random_below(&state, sizeof few - 1)];
		for (size_t i = 0; i + 1 < size; i++)
			if (text[i] == '\r' && random_below(&state, 4))
				text[i + 1] = '\n';
		compare_bodies(edge_copy(text, size), size, 1 + random_below(&state, N_LINES_MAX));
	}
}

/* The places where blocks meet: each pair of bytes around offset 64 and at the end. */
Test(scan, bodies_agree_where_blocks_meet)
{
	static const char *const parts[] = {"\r\n", "\r\n\r\n", "\n\n", "\r", "\n ", "\r\n\t", ":",
		"\r\n:", "\n\r\n", "\r\r\n", " \r\n \r\n\r\n"};
	char text[200];

	for (size_t size = 60; size < sizeof text; size++)
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
			for (size_t at = 50; at + strlen(parts[i]) <= size && at < 140; at++) {
				memset(text, 'n', sizeof text);
				memcpy(text + at, parts[i], strlen(parts[i]));
				compare_bodies(edge_copy(text, size), size, N_LINES_MAX);
			}
}
