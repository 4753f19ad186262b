/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests as a tool sends them (RFC 3261 8.1.1), written into the caller's buffer from the
 * caller's spans. Whatever would put a line break where none belongs is refused, so what comes out
 * is one message with exactly the headers that were asked for.
 */
#include <sipring/sip.h>

#include "sip/text.h"
#include "sip/writer.h"

#include <assert.h>
#include <errno.h>

#define MAX_FORWARDS 70u /* RFC 3261 8.1.1.6 */

static bool is_writable(const struct sipring_request *request)
{
	const struct sipring_span required[] = {request->method, request->uri, request->from,
		request->from_tag, request->call_id, request->branch, request->sent_by};
	const struct sipring_span optional[] = {request->to, request->to_tag, request->contact};

	for (size_t i = 0; i < sizeof required / sizeof *required; i++)
		if (!required[i].size || sipring_text_breaks_line(required[i]))
			return false;
	for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
		if (sipring_text_breaks_line(optional[i]))
			return false;
	return request->transport > SIPRING_TRANSPORT_UNKNOWN &&
		request->transport < SIPRING_TRANSPORT_COUNT && request->cseq <= INT32_MAX &&
		sipring_writer_are_lines(request->headers);
}

static void write_address(struct sipring_writer *writer, const char *name, struct sipring_span uri,
	struct sipring_span tag)
{
	sipring_writer_text(writer, name);
	sipring_writer_text(writer, ": <");
	sipring_writer_span(writer, uri);
	sipring_writer_text(writer, ">");
	if (tag.size) {
		sipring_writer_text(writer, ";tag=");
		sipring_writer_span(writer, tag);
	}
	sipring_writer_text(writer, "\r\n");
}

static void write_top(struct sipring_writer *writer, const struct sipring_request *request)
{
	sipring_writer_span(writer, request->method);
	sipring_writer_text(writer, " ");
	sipring_writer_span(writer, request->uri);
	sipring_writer_text(writer, " SIP/2.0\r\nVia: SIP/2.0/");
	sipring_writer_text(writer, sipring_transport_info(request->transport)->via_token);
	sipring_writer_text(writer, " ");
	sipring_writer_span(writer, request->sent_by);
	sipring_writer_text(writer, ";branch=");
	sipring_writer_span(writer, request->branch);
	sipring_writer_text(writer, "\r\nMax-Forwards: ");
	sipring_writer_number(writer, request->max_forwards ? request->max_forwards : MAX_FORWARDS);
	sipring_writer_text(writer, "\r\n");
}

/*
 * Content-Length and the body, and before them the padding: a header line of its own where there
 * is room for one, else white space after the last header's colon.
 */
static void write_end(struct sipring_writer *writer, const struct sipring_request *request)
{
	static const char padding[] = "Padding: ";
	const size_t overhead = sizeof padding - 1 + 2;
	struct sipring_writer rest = {.capacity = 0};
	size_t missing = 0;

	sipring_writer_text(&rest, "Content-Length: ");
	sipring_writer_number(&rest, request->body.size);
	sipring_writer_text(&rest, "\r\n\r\n");
	rest.size += request->body.size;
	if (request->size_wanted > writer->size + rest.size)
		missing = request->size_wanted - writer->size - rest.size;
	if (missing > overhead) {
		sipring_writer_text(writer, padding);
		sipring_writer_fill(writer, 'x', missing - overhead);
		sipring_writer_text(writer, "\r\n");
		missing = 0;
	}
	sipring_writer_text(writer, "Content-Length: ");
	sipring_writer_fill(writer, ' ', missing);
	sipring_writer_number(writer, request->body.size);
	sipring_writer_text(writer, "\r\n\r\n");
	sipring_writer_span(writer, request->body);
}

int sipring_request_write(char *out, size_t capacity, const struct sipring_request *request)
{
	const struct sipring_span no_tag = {NULL, 0};
	struct sipring_writer writer = {.out = out, .capacity = capacity};

	assert(request && (out || !capacity));
	if (!is_writable(request))
		return -EINVAL;
	write_top(&writer, request);
	write_address(&writer, "From", request->from, request->from_tag);
	write_address(&writer, "To", request->to.data ? request->to : request->uri,
		request->to_tag);
	sipring_writer_header(&writer, "Call-ID", request->call_id);
	sipring_writer_text(&writer, "CSeq: ");
	sipring_writer_number(&writer, request->cseq);
	sipring_writer_text(&writer, " ");
	sipring_writer_span(&writer, request->method);
	sipring_writer_text(&writer, "\r\n");
	if (request->contact.size)
		write_address(&writer, "Contact", request->contact, no_tag);
	sipring_writer_span(&writer, request->headers);
	write_end(&writer, request);
	return sipring_writer_result(&writer);
}
