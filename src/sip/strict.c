/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An accepted message held against the letter: the grammar of RFC 3261 25.1 and what its sender
 * must do (8.1.1, 20), without anything that a receiver may forgive. Not for the fast path: every
 * value is parsed, and lists are walked to their ends. The mistakes are looked for in the order of
 * the wire, then what is missing, then what is too much; the first one becomes the message's
 * result. Of the values the message's cache alone is written.
 */
#include <sipring/sip.h>

#include "sip/strict.h"
#include "sip/text.h"

#include <assert.h>

static int refuse(struct sipring_message *message, enum sipring_parse_result why, const char *at)
{
	message->result = why;
	message->result_offset = (size_t)(at - message->text.data);
	if ((message->flags & SIPRING_MESSAGE_REQUEST) && message->method != SIPRING_METHOD_ACK)
		message->answer_status = 400;
	return why;
}

/* The first LF without its CR among start line and headers, which is before the body. */
static const char *find_bare_lf(const struct sipring_message *message)
{
	const char *at = message->text.data;

	for (; at < message->body.data; at++)
		if (*at == '\n' && (at == message->text.data || at[-1] != '\r'))
			return at;
	return NULL;
}

/* A Request-URI has no headers (RFC 3261 19.1.1, table 1), and no brackets around it. */
static enum sipring_parse_result check_uri(const struct sipring_message *message, const char **at)
{
	struct sipring_uri uri;
	enum sipring_parse_result result = sipring_strict_uri(&uri, message->uri);

	*at = message->uri.data;
	if (result || !uri.headers.data)
		return result;
	*at = uri.headers.data;
	return SIPRING_PARSE_BAD_URI;
}

/* The space after the Status-Code is there though the phrase may be empty, and it is text. */
static enum sipring_parse_result check_phrase(const struct sipring_message *message,
	const char **at)
{
	const char *end = sipring_text_end(message->reason);

	*at = message->reason.data;
	if ((*at)[-1] != ' ')
		return SIPRING_PARSE_BAD_START_LINE;
	for (; *at < end; ++*at)
		if (((unsigned char)**at < ' ' && **at != '\t') || **at == 0x7f)
			return SIPRING_PARSE_BAD_START_LINE;
	return SIPRING_PARSE_ACCEPTED;
}

static enum sipring_parse_result check_header(const struct sipring_message *message,
	const struct sipring_header *header, const char **at)
{
	*at = header->name.data;
	if (sipring_strict_is_single(header->id) &&
		sipring_message_header(message, header->id) != header)
		return SIPRING_PARSE_DUPLICATE_HEADER;
	return sipring_strict_value(header, at);
}

/* What a request has and what says of which kind a body is (RFC 3261 8.1.1, 20.15). */
static enum sipring_parse_result find_missing(struct sipring_message *message, const char **at)
{
	const struct sipring_name_addr *from = sipring_message_from(message);

	*at = message->body.data;
	if (message->body.size && !message->first[SIPRING_HEADER_CONTENT_TYPE])
		return SIPRING_PARSE_MISSING_HEADER;
	if (!(message->flags & SIPRING_MESSAGE_REQUEST))
		return SIPRING_PARSE_ACCEPTED;
	if (!message->first[SIPRING_HEADER_MAX_FORWARDS])
		return SIPRING_PARSE_MISSING_HEADER;
	if (from && !from->tag.data) {
		*at = sipring_text_end(from->text);
		return SIPRING_PARSE_MISSING_TAG;
	}
	return SIPRING_PARSE_ACCEPTED;
}

int sipring_message_check(struct sipring_message *message)
{
	enum sipring_parse_result result;
	const char *at;

	assert(message);
	if (message->result != SIPRING_PARSE_ACCEPTED)
		return message->result;
	if (message->flags & SIPRING_MESSAGE_LEADING)
		return refuse(message, SIPRING_PARSE_STRAY_BYTES, message->text.data);
	if (message->flags & SIPRING_MESSAGE_BARE_LF && (at = find_bare_lf(message)))
		return refuse(message, SIPRING_PARSE_BARE_LF, at);
	result = message->flags & SIPRING_MESSAGE_REQUEST ? check_uri(message, &at)
							  : check_phrase(message, &at);
	for (unsigned i = 0; i < message->n_headers && !result; i++)
		result = check_header(message, &message->headers[i], &at);
	if (!result)
		result = find_missing(message, &at);
	if (result)
		return refuse(message, result, at);
	if (message->flags & SIPRING_MESSAGE_TRAILING)
		return refuse(message, SIPRING_PARSE_STRAY_BYTES, sipring_text_end(message->body));
	return 0;
}
