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
#include <string.h>

struct sipring_writer {
	char *out;
	size_t capacity;
	size_t size; /* what was appended, also beyond capacity, where nothing is written */
};

/* Most pieces are constants of a few bytes: inline, each is a comparison and a store or two. */
static inline void sipring_writer_bytes(struct sipring_writer *writer, const char *data,
	size_t size)
{
	if (size && writer->size <= writer->capacity && size <= writer->capacity - writer->size)
		memcpy(writer->out + writer->size, data, size);
	writer->size += size;
}

static inline void sipring_writer_span(struct sipring_writer *writer, struct sipring_span text)
{
	sipring_writer_bytes(writer, text.data, text.size);
}

static inline void sipring_writer_text(struct sipring_writer *writer, const char *text)
{
	sipring_writer_bytes(writer, text, strlen(text));
}

/* name, ": ", value and CRLF. */
static inline void sipring_writer_header(struct sipring_writer *writer, const char *name,
	struct sipring_span value)
{
	sipring_writer_text(writer, name);
	sipring_writer_bytes(writer, ": ", 2);
	sipring_writer_span(writer, value);
	sipring_writer_bytes(writer, "\r\n", 2);
}

void sipring_writer_number(struct sipring_writer *writer, uint64_t number);
/* The same byte n times. */
void sipring_writer_fill(struct sipring_writer *writer, char c, size_t n);

/* The size, or -ENOBUFS if it did not fit (or is no int). */
int sipring_writer_result(const struct sipring_writer *writer);

/*
 * Whole header lines: each ended by CRLF, with a name and a colon or, but for the first, continuing
 * the one before it; no CR, LF or NUL elsewhere?
 */
bool sipring_writer_are_lines(struct sipring_span lines);
