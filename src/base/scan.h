/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds the lines of a header section: where each ends, up to the empty line. A line that the next
 * one continues (its first character is a space or a tab) is one line with it. Works on the
 * caller's memory and never reads outside it; SIMD where the processor has it, chosen at run time,
 * with the same result as the scalar body.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was seen besides the lines. */
struct sipring_scan {
	size_t n_lines;
	size_t end;       /* offset after the empty line; 0: there is none, or no room for lines */
	size_t bare_cr;   /* offset of the first CR without LF before end; SIZE_MAX: none */
	bool has_bare_lf; /* an LF without CR before end */
	bool has_folding; /* some line was continued */
	bool is_out_of_room; /* stopped because there were more than n_lines_max */
};

/*
 * Scans data[0..size-1] from the start of a line. Fills *scan and at most n_lines_max offsets, each
 * of the LF that ends a line; what stands in ends beyond n_lines means nothing. Offsets are 32 bits
 * wide: what lies beyond 4 GiB is not looked at.
 */
typedef void sipring_scan_function(struct sipring_scan *scan, uint32_t *ends, size_t n_lines_max,
	const char *data, size_t size);

/* The fastest body that this processor can run. */
extern _Atomic(sipring_scan_function *) sipring_scan_lines;

/* Every body by name, for tests and benches; ends with a NULL name. */
struct sipring_scan_body {
	const char *name;
	sipring_scan_function *scan;
	bool (*is_supported)(void);
};
extern const struct sipring_scan_body sipring_scan_bodies[];
