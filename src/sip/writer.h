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

/* Room for size bytes, which are to be written; NULL where there is none. */
static inline char *sipring_writer_room(struct sipring_writer *writer, size_t size)
{
	size_t before = writer->size;

	writer->size = before + size;
	if (__builtin_expect(before > writer->capacity || size > writer->capacity - before, 0))
		return NULL;
	return writer->out + before;
}

/*
 * Copies, and returns the place behind the copy. What values of headers are long takes two or four
 * loads that overlap, and no call.
 */
static inline char *sipring_writer_copy(char *out, const char *data, size_t size)
{
	if (size >= 16 && size <= 32) {
		char first[16], last[16];

		memcpy(first, data, sizeof first);
		memcpy(last, data + size - sizeof last, sizeof last);
		memcpy(out, first, sizeof first);
		memcpy(out + size - sizeof last, last, sizeof last);
	} else if (size) {
		memcpy(out, data, size);
	}
	return out + size;
}

/* Most pieces are constants of a few bytes: inline, each is a comparison and a store or two. */
static inline void sipring_writer_bytes(struct sipring_writer *writer, const char *data,
	size_t size)
{
	char *out = sipring_writer_room(writer, size);

	if (size && out)
		memcpy(out, data, size);
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
	size_t size = strlen(name);
	char *out = sipring_writer_room(writer, size + value.size + 4);

	if (!out)
		return;
	memcpy(out, name, size);
	memcpy(out + size, ": ", 2);
	out = sipring_writer_copy(out + size + 2, value.data, value.size);
	memcpy(out, "\r\n", 2);
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
