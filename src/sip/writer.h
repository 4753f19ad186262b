/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text appended to a buffer of the caller that may be too small: appending goes on without harm,
 * and the end tells. Used by the builders of replies and requests.
 */
#pragma once

#include <sipring/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sipring_writer {
	char *out;
	size_t capacity;
	size_t size; /* what was appended, also beyond capacity, where nothing is written */
};

void sipring_writer_bytes(struct sipring_writer *writer, const char *data, size_t size);
void sipring_writer_span(struct sipring_writer *writer, struct sipring_span text);
void sipring_writer_text(struct sipring_writer *writer, const char *text);
void sipring_writer_number(struct sipring_writer *writer, uint64_t number);
/* The same byte n times. */
void sipring_writer_fill(struct sipring_writer *writer, char c, size_t n);
/* name, ": ", value and CRLF. */
void sipring_writer_header(struct sipring_writer *writer, const char *name,
	struct sipring_span value);

/* The size, or -ENOBUFS if it did not fit (or is no int). */
int sipring_writer_result(const struct sipring_writer *writer);

/*
 * Whole header lines: each ended by CRLF, with a name and a colon or, but for the first, continuing
 * the one before it; no CR, LF or NUL elsewhere?
 */
bool sipring_writer_are_lines(struct sipring_span lines);
