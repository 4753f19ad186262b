/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Appends to a caller's buffer and counts. Invariant: no byte at or beyond capacity is written,
 * and size is what a large enough buffer would hold.
 */
#include "sip/writer.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

void sipring_writer_bytes(struct sipring_writer *writer, const char *data, size_t size)
{
	if (size && writer->size <= writer->capacity && size <= writer->capacity - writer->size)
		memcpy(writer->out + writer->size, data, size);
	writer->size += size;
}

void sipring_writer_span(struct sipring_writer *writer, struct sipring_span text)
{
	sipring_writer_bytes(writer, text.data, text.size);
}

void sipring_writer_text(struct sipring_writer *writer, const char *text)
{
	sipring_writer_bytes(writer, text, strlen(text));
}

void sipring_writer_number(struct sipring_writer *writer, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	sipring_writer_bytes(writer, digits + at, sizeof digits - at);
}

void sipring_writer_fill(struct sipring_writer *writer, char c, size_t n)
{
	if (n && writer->size <= writer->capacity && n <= writer->capacity - writer->size)
		memset(writer->out + writer->size, c, n);
	writer->size += n;
}

void sipring_writer_header(struct sipring_writer *writer, const char *name,
	struct sipring_span value)
{
	sipring_writer_text(writer, name);
	sipring_writer_bytes(writer, ": ", 2);
	sipring_writer_span(writer, value);
	sipring_writer_bytes(writer, "\r\n", 2);
}

int sipring_writer_result(const struct sipring_writer *writer)
{
	if (writer->size > writer->capacity || writer->size > INT_MAX)
		return -ENOBUFS;
	return (int)writer->size;
}

bool sipring_writer_are_lines(struct sipring_span lines)
{
	size_t line = 0;

	for (size_t i = 0; i < lines.size; i++) {
		if (lines.data[i] == '\r') {
			if (i == line || i + 1 == lines.size || lines.data[i + 1] != '\n')
				return false;
			line = ++i + 1;
		} else if (lines.data[i] == '\n' || !lines.data[i]) {
			return false;
		}
	}
	return line == lines.size;
}
