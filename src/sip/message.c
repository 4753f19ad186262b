/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The message parser: one pass that finds the lines, one walk over the lines that fills the view,
 * then the checks that acceptance means. The bytes are the caller's and never written. The first
 * mistake is kept with its place and the walk goes on, because whether a refused request can be
 * answered depends on headers that may come after it. Invariant: whatever the input, every span of
 * the view lies inside it, and first[id] names the first of n_headers with that id.
 */
#include <sipring/sip.h>

#include "base/scan.h"
#include "sip/header.h"
#include "sip/text.h"
#include "sip/view.h"

#include <assert.h>

/* The start line and the headers; one more would be too many. */
#define N_LINES_MAX (1 + SIPRING_HEADERS_MAX)

/* What may occur once (RFC 3261 7.3.1): two would be understood in two ways by two elements. */
static const bool is_single[SIPRING_HEADER_COUNT] = {
	[SIPRING_HEADER_TO] = true,
	[SIPRING_HEADER_FROM] = true,
	[SIPRING_HEADER_CSEQ] = true,
	[SIPRING_HEADER_CALL_ID] = true,
	[SIPRING_HEADER_CONTENT_LENGTH] = true,
	[SIPRING_HEADER_MAX_FORWARDS] = true,
};

#define VERSION "SIP/2.0"
#define VERSION_SIZE (sizeof VERSION - 1)

static void refuse(struct sipring_message *message, enum sipring_parse_result why, const char *at)
{
	if (message->result != SIPRING_PARSE_ACCEPTED)
		return;
	message->result = why;
	message->result_offset = (size_t)(at - message->text.data);
}

/* SIP-Version is compared in any case (RFC 3261 7.1). */
static bool is_version(const char *at)
{
	return !memcmp(at, VERSION, VERSION_SIZE) ||
		sipring_text_is_name(sipring_text_span(at, at + VERSION_SIZE), "sip/2.0",
			VERSION_SIZE);
}

/* SIP-Version SP Status-Code SP Reason-Phrase; begins with "SIP/". */
static void read_status_line(struct sipring_message *message, const char *at, const char *end)
{
	const char *code = at + VERSION_SIZE + 1;
	uint32_t status;

	if (code > end || !is_version(at) || code[-1] != ' ') {
		refuse(message, SIPRING_PARSE_BAD_VERSION, at);
		return;
	}
	at = code;
	if (!sipring_text_number(&at, end, 699, &status) || at - code != 3 || status < 100 ||
		(at < end && *at != ' ')) {
		refuse(message, SIPRING_PARSE_BAD_START_LINE, code);
		return;
	}
	message->status = (uint16_t)status;
	message->reason = sipring_text_span(at < end ? at + 1 : end, end);
}

/* What follows the Request-URI is not SIP/2.0: another version, or more than a version? */
static enum sipring_parse_result blame_version(const char *at, const char *end)
{
	if (end - at > 4 && sipring_text_is_name(sipring_text_span(at, at + 4), "sip/", 4) &&
		!memchr(at, ' ', (size_t)(end - at)))
		return SIPRING_PARSE_BAD_VERSION;
	return SIPRING_PARSE_BAD_START_LINE;
}

/* Method SP Request-URI SP SIP-Version, with single spaces. */
static void read_request_line(struct sipring_message *message, const char *at, const char *end)
{
	const char *method_end, *uri, *uri_end, *version;
	struct sipring_seek seek;

	sipring_seek_begin(&seek, at, end, ' ');
	method_end = sipring_seek_mark(&seek, at);
	if (method_end)
		message->method = sipring_method_find(sipring_text_span(at, method_end));
	if (message->method == SIPRING_METHOD_OTHER) {
		method_end = sipring_text_skip(at, end, SIPRING_TEXT_TOKEN);
		if (method_end == at || method_end == end || *method_end != ' ') {
			refuse(message, SIPRING_PARSE_BAD_START_LINE, method_end);
			return;
		}
	}
	message->flags |= SIPRING_MESSAGE_REQUEST;
	message->method_name = sipring_text_span(at, method_end);
	uri = method_end + 1;
	sipring_seek_to(&seek, uri);
	uri_end = sipring_seek_mark(&seek, uri);
	if (!uri_end || uri_end == uri) {
		refuse(message, SIPRING_PARSE_BAD_START_LINE, uri);
		return;
	}
	message->uri = sipring_text_span(uri, uri_end);
	version = uri_end + 1;
	if (end - version != (ptrdiff_t)VERSION_SIZE || !is_version(version))
		refuse(message, blame_version(version, end), version);
}

/* A folded start line is none: its grammar has no white space but single spaces. */
static void read_start_line(struct sipring_message *message, const char *at, const char *end)
{
	const char *fold = message->flags & SIPRING_MESSAGE_FOLDED
		? memchr(at, '\n', (size_t)(end - at))
		: NULL;

	if (fold)
		refuse(message, SIPRING_PARSE_BAD_START_LINE, fold);
	else if (end - at >= 4 && sipring_text_is_name(sipring_text_span(at, at + 4), "sip/", 4))
		read_status_line(message, at, end);
	else
		read_request_line(message, at, end);
}

/*
 * A header line as it is mostly not written: white space before the colon, none or more than a
 * space behind it, a name of more than fifteen characters or without a number, no value, too near
 * the end of the message. False: it is none.
 */
static __attribute__((noinline)) bool read_header_slowly(struct sipring_header *header,
	const char *at, const char *end)
{
	const char *colon = memchr(at, ':', (size_t)(end - at));
	const char *name_end = colon;

	if (!colon)
		return false;
	while (name_end > at && (name_end[-1] == ' ' || name_end[-1] == '\t'))
		name_end--;
	header->name = sipring_text_span(at, name_end);
	header->id = sipring_header_find(header->name);
	if (header->id == SIPRING_HEADER_OTHER &&
		(name_end == at || sipring_text_skip(at, name_end, SIPRING_TEXT_TOKEN) != name_end))
		return false;
	header->value = sipring_text_trim(sipring_text_span(colon + 1, end));
	return true;
}

/*
 * Nearly every header is a name, a colon at once, a space, and a value without space at its ends.
 * limit: of limit_of(). False: the line is no header.
 */
static inline bool read_header(struct sipring_header *header, const char *at, const char *end,
	const char *limit)
{
	const struct sipring_header_row *row;
	struct sipring_name name;
	const char *value;

	if (__builtin_expect(at > limit, 0))
		return read_header_slowly(header, at, end);
	name = sipring_name_read(at);
	row = sipring_header_look_up(&name);
	if (__builtin_expect(!row, 0)) /* the colon may be another line's */
		return read_header_slowly(header, at, end);
	/* No name has an LF, so the one that ends the line is behind the colon or further. */
	value = at + name.size + 2;
	if (__builtin_expect(value[-1] != ' ' || (unsigned char)*value <= ' ' ||
			    (unsigned char)end[-1] <= ' ',
		    0))
		return read_header_slowly(header, at, end);
	header->name = (struct sipring_span){at, name.size};
	header->value = sipring_text_span(value, end);
	header->id = (enum sipring_header_id)row->id;
	return true;
}

/* Where a name can be read quickly at last: not near the end, nor where a CR passes for a '-'. */
static const char *limit_of(struct sipring_span text, const struct sipring_scan *scan)
{
	if (text.size < SIPRING_NAME_SIZE || scan->bare_cr != SIZE_MAX)
		return text.data;
	return text.data + text.size - SIPRING_NAME_SIZE;
}

/* The lines after the first. What ends a line is LF; a CR before it belongs to the end. */
static inline const char *read_headers(struct sipring_message *message, const char *begin,
	const uint32_t *ends, const struct sipring_scan *scan, const bool has_bare_lf)
{
	const char *limit = limit_of(message->text, scan);
	const char *at = begin + ends[0] + 1;
	const uint32_t *ends_end = ends + scan->n_lines;
	struct sipring_header *header = message->headers;
	unsigned n_headers = 0;

	for (ends++; ends < ends_end; ends++) {
		const char *end = begin + *ends;
		const char *line = at;

		at = end + 1;
		end -= !has_bare_lf || end[-1] == '\r';
		if (__builtin_expect(!read_header(header, line, end, limit), 0)) {
			refuse(message, SIPRING_PARSE_BAD_HEADER, line);
			continue;
		}
		n_headers++;
		if (__builtin_expect(!message->first[header->id], 1))
			message->first[header->id] = (uint8_t)n_headers;
		else if (is_single[header->id])
			refuse(message, SIPRING_PARSE_DUPLICATE_HEADER, line);
		header++;
	}
	message->n_headers = (uint16_t)n_headers;
	return at;
}

static __attribute__((noinline)) const char *read_headers_of_any_end(
	struct sipring_message *message, const char *begin, const uint32_t *ends,
	const struct sipring_scan *scan)
{
	return read_headers(message, begin, ends, scan, true);
}

/* Offsets of lines count from `begin`, where the start line begins. Returns where the body is. */
static const char *read_lines(struct sipring_message *message, const char *begin, const char *end)
{
	uint32_t ends[N_LINES_MAX];
	struct sipring_scan scan;
	const char *at = begin;

	sipring_scan_lines(&scan, ends, N_LINES_MAX, begin, (size_t)(end - begin));
	message->flags |= (scan.has_bare_lf ? SIPRING_MESSAGE_BARE_LF : 0u) |
		(scan.has_folding ? SIPRING_MESSAGE_FOLDED : 0u);
	if (scan.n_lines) {
		at = begin + ends[0];
		read_start_line(message, begin, at - (at > begin && at[-1] == '\r'));
		at = scan.has_bare_lf ? read_headers_of_any_end(message, begin, ends, &scan)
				      : read_headers(message, begin, ends, &scan, false);
	}
	if (scan.bare_cr != SIZE_MAX)
		refuse(message, SIPRING_PARSE_BARE_CR, begin + scan.bare_cr);
	if (scan.is_out_of_room)
		refuse(message, SIPRING_PARSE_TOO_MANY_HEADERS, at);
	else if (!scan.end)
		refuse(message, SIPRING_PARSE_UNTERMINATED, end);
	return scan.end ? begin + scan.end : end;
}

/* RFC 3261 18.3, the rules for datagrams. */
static void read_body(struct sipring_message *message, const char *body, const char *end)
{
	const struct sipring_header *header =
		sipring_view_header(message, SIPRING_HEADER_CONTENT_LENGTH);
	size_t size = (size_t)(end - body);
	const char *at;
	uint32_t wanted;

	message->body = sipring_text_span(body, end);
	if (!header)
		return;
	at = header->value.data;
	if (!sipring_text_number(&at, at + header->value.size, UINT32_MAX, &wanted) ||
		at != header->value.data + header->value.size) {
		refuse(message, SIPRING_PARSE_BAD_CONTENT_LENGTH, header->value.data);
	} else if (wanted > size) {
		refuse(message, SIPRING_PARSE_BODY_TOO_SHORT, header->value.data);
	} else {
		message->body.size = wanted;
		if (wanted < size)
			message->flags |= SIPRING_MESSAGE_TRAILING;
	}
}

static void check_cseq(struct sipring_message *message)
{
	const struct sipring_header *header = sipring_view_header(message, SIPRING_HEADER_CSEQ);

	if (!header)
		return;
	if (sipring_cseq_parse(&message->cseq, header->value)) {
		refuse(message, SIPRING_PARSE_BAD_CSEQ, header->value.data);
		return;
	}
	if (!(message->flags & SIPRING_MESSAGE_REQUEST)) {
		message->method = message->cseq.method;
		message->method_name = message->cseq.method_name;
		return;
	}
	if (message->method != message->cseq.method ||
		(message->method == SIPRING_METHOD_OTHER &&
			!sipring_text_is_same(message->method_name, message->cseq.method_name)))
		refuse(message, SIPRING_PARSE_CSEQ_METHOD_MISMATCH, message->cseq.method_name.data);
}

/* What every message has (RFC 3261 8.1.1; Max-Forwards came later and is forgiven). */
static inline bool has_mandatory(const struct sipring_message *message)
{
	const uint8_t *first = message->first;

	return first[SIPRING_HEADER_TO] && first[SIPRING_HEADER_FROM] &&
		first[SIPRING_HEADER_CSEQ] && first[SIPRING_HEADER_CALL_ID] &&
		first[SIPRING_HEADER_VIA];
}

/* A request that may be answered and says to whom (RFC 3261 8.2.6.2, 17.1.1.3: an ACK never is). */
static uint16_t answer_status_of(const struct sipring_message *message)
{
	if (!(message->flags & SIPRING_MESSAGE_REQUEST) || message->method == SIPRING_METHOD_ACK ||
		!has_mandatory(message))
		return 0;
	return message->result == SIPRING_PARSE_BAD_VERSION ? 505 : 400;
}

/* All that a parse may leave unset; what follows it in the structure has its own marks. */
static void clear(struct sipring_message *message)
{
	const size_t begin = offsetof(struct sipring_message, flags);
	const size_t end = offsetof(struct sipring_message, via_value);

	memset((char *)message + begin, 0, end - begin);
}

int sipring_message_parse(struct sipring_message *message, const char *data, size_t size)
{
	const char *end = size ? data + size : data;
	const char *at = data;
	const char *body;

	assert(message && (data || !size));
	clear(message);
	message->text = (struct sipring_span){data, size};
	while (at < end && (*at == '\r' || *at == '\n'))
		at++;
	if (at == end) {
		refuse(message, SIPRING_PARSE_EMPTY, at);
		return message->result;
	}
	if (at > data)
		message->flags |= SIPRING_MESSAGE_LEADING;
	body = read_lines(message, at, end);
	if (!has_mandatory(message))
		refuse(message, SIPRING_PARSE_MISSING_HEADER, body);
	check_cseq(message);
	read_body(message, body, end);
	if (message->result != SIPRING_PARSE_ACCEPTED)
		message->answer_status = answer_status_of(message);
	return message->result;
}
