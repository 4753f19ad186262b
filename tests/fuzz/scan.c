/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the line scanner's bodies, each held against the scalar one, which is the
 * definition. The first byte says how many lines there is room for and where the text lies in a
 * block; the rest is the text, which is read where it ends at an unmapped page too.
 */
#include "base/scan.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (FUZZ_EDGE_MAX - 64u)
#define N_LINES_MAX 130

struct found {
	struct sipring_scan scan;
	uint32_t ends[N_LINES_MAX];
};

static void scan(struct found *found, const struct sipring_scan_body *body, const char *text,
	size_t size, size_t n_lines_max)
{
	memset(found, 0, sizeof *found);
	body->scan(&found->scan, found->ends, n_lines_max, text, size);
}

static void check_same(const struct found *wanted, const struct found *got)
{
	FUZZ_CHECK(wanted->scan.n_lines == got->scan.n_lines);
	FUZZ_CHECK(wanted->scan.end == got->scan.end);
	FUZZ_CHECK(wanted->scan.bare_cr == got->scan.bare_cr);
	FUZZ_CHECK(wanted->scan.has_bare_lf == got->scan.has_bare_lf);
	FUZZ_CHECK(wanted->scan.has_folding == got->scan.has_folding);
	FUZZ_CHECK(wanted->scan.is_out_of_room == got->scan.is_out_of_room);
	FUZZ_CHECK(!memcmp(wanted->ends, got->ends, got->scan.n_lines * sizeof *got->ends));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sipring_scan_body *scalar = sipring_scan_bodies;
	struct found wanted, got;
	size_t n_lines_max, shift;
	char *at_edge, *inside;

	if (!size || size > TEXT_MAX)
		return 0;
	n_lines_max = *data & 1 ? N_LINES_MAX : 1 + (*data >> 1) % 8;
	shift = *data >> 2;
	data++;
	size--;
	while (strcmp(scalar->name, "scalar"))
		scalar++;
	at_edge = fuzz_edge(size);
	inside = fuzz_edge(size + 64) + shift;
	for (const struct sipring_scan_body *body = sipring_scan_bodies; body->name; body++) {
		if (!body->is_supported())
			continue;
		memcpy(at_edge, data, size);
		scan(&wanted, scalar, at_edge, size, n_lines_max);
		scan(&got, body, at_edge, size, n_lines_max);
		check_same(&wanted, &got);
		memcpy(inside, data, size);
		scan(&got, body, inside, size, n_lines_max);
		check_same(&wanted, &got);
	}
	return 0;
}
