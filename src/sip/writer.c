/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Appends to a caller's buffer and counts. Invariant: no byte at or beyond capacity is written,
 * and size is what a large enough buffer would hold.
 */
#include "sip/writer.h"

#include "sip/text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

void sipring_writer_number(struct sipring_writer *writer, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;

	if (number < 10) {
		digits[0] = (char)('0' + number);
		sipring_writer_bytes(writer, digits, 1);
		return;
	}
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

int sipring_writer_result(const struct sipring_writer *writer)
{
	if (writer->size > writer->capacity || writer->size > INT_MAX)
		return -ENOBUFS;
	return (int)writer->size;
}

/* Has the text a header's name and its colon at at? */
static bool is_name_at(const char *at, const char *end)
{
	const char *name_end = sipring_text_skip(at, end, SIPRING_TEXT_TOKEN);
	const char *colon = name_end;

	while (colon < end && (*colon == ' ' || *colon == '\t'))
		colon++;
	return name_end > at && colon < end && *colon == ':';
}

bool sipring_writer_are_lines(struct sipring_span lines)
{
	const char *end = sipring_text_end(lines);
	const char *at = lines.data;

	while (at < end) {
		bool is_continued = at > lines.data && (*at == ' ' || *at == '\t');
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		if (!lf || lf == at || lf[-1] != '\r' ||
			sipring_text_breaks_line(sipring_text_span(at, lf - 1)) ||
			!(is_continued || is_name_at(at, lf)))
			return false;
		at = lf + 1;
	}
	return true;
}
