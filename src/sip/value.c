/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of an accepted message: found by id, walked through commas and repetitions, and the few
 * that every edge asks for parsed once and kept in the view. Only the view's cache is written; the
 * bytes are the caller's. Invariant: a bit of `usable` is set only if its bit of `cached` is.
 */
#include <sipring/sip.h>

#include "sip/text.h"
#include "sip/view.h"

#include <assert.h>

const struct sipring_header *sipring_message_header(const struct sipring_message *message,
	enum sipring_header_id id)
{
	assert(id < SIPRING_HEADER_COUNT);
	if (id == SIPRING_HEADER_OTHER || id >= SIPRING_HEADER_COUNT)
		return NULL;
	return sipring_view_header(message, id);
}

const struct sipring_header *sipring_message_header_next(const struct sipring_message *message,
	const struct sipring_header *header)
{
	const struct sipring_header *end = message->headers + message->n_headers;

	assert(header >= message->headers && header < end);
	for (const struct sipring_header *next = header + 1; next < end; next++)
		if (next->id == header->id &&
			(header->id != SIPRING_HEADER_OTHER ||
				sipring_text_equal(next->name, header->name)))
			return next;
	return NULL;
}

const struct sipring_header *sipring_message_header_named(const struct sipring_message *message,
	struct sipring_span name)
{
	enum sipring_header_id id = sipring_header_find(name);

	if (id != SIPRING_HEADER_OTHER)
		return sipring_message_header(message, id);
	for (unsigned i = 0; i < message->n_headers; i++)
		if (message->headers[i].id == SIPRING_HEADER_OTHER &&
			sipring_text_equal(message->headers[i].name, name))
			return &message->headers[i];
	return NULL;
}

const struct sipring_via *sipring_message_via(struct sipring_message *message)
{
	const struct sipring_header *header;

	if (!(message->cached & SIPRING_VIEW_VIA)) {
		message->cached |= SIPRING_VIEW_VIA;
		header = sipring_view_header(message, SIPRING_HEADER_VIA);
		if (header && !sipring_via_parse(&message->via_value, header->value))
			message->usable |= SIPRING_VIEW_VIA;
	}
	return message->usable & SIPRING_VIEW_VIA ? &message->via_value : NULL;
}

static const struct sipring_name_addr *get_name_addr(struct sipring_message *message,
	enum sipring_header_id id, enum sipring_view_value bit, struct sipring_name_addr *value)
{
	const struct sipring_header *header;

	if (!(message->cached & bit)) {
		message->cached |= (uint8_t)bit;
		header = sipring_view_header(message, id);
		if (header && !sipring_name_addr_parse(value, header->value))
			message->usable |= (uint8_t)bit;
	}
	return message->usable & bit ? value : NULL;
}

const struct sipring_name_addr *sipring_message_from(struct sipring_message *message)
{
	return get_name_addr(message, SIPRING_HEADER_FROM, SIPRING_VIEW_FROM, &message->from_value);
}

const struct sipring_name_addr *sipring_message_to(struct sipring_message *message)
{
	return get_name_addr(message, SIPRING_HEADER_TO, SIPRING_VIEW_TO, &message->to_value);
}

const struct sipring_name_addr *sipring_message_contact(struct sipring_message *message)
{
	return get_name_addr(message, SIPRING_HEADER_CONTACT, SIPRING_VIEW_CONTACT,
		&message->contact_value);
}

const struct sipring_name_addr *sipring_message_route(struct sipring_message *message)
{
	return get_name_addr(message, SIPRING_HEADER_ROUTE, SIPRING_VIEW_ROUTE,
		&message->route_value);
}

/* After the number may come nothing, parameters, a comment (Retry-After) or a further word. */
int sipring_message_number(const struct sipring_message *message, enum sipring_header_id id,
	uint32_t *number)
{
	const struct sipring_header *header = sipring_message_header(message, id);
	const char *at, *end;
	uint32_t value;

	if (!header)
		return SIPRING_PARSE_ABSENT;
	at = header->value.data;
	end = at + header->value.size;
	if (!sipring_text_number(&at, end, UINT32_MAX, &value))
		return SIPRING_PARSE_BAD_NUMBER;
	if (at < end && *at != ';' && *at != '(' && !sipring_text_is(*at, SIPRING_TEXT_LWS))
		return SIPRING_PARSE_BAD_NUMBER;
	*number = value;
	return 0;
}

void sipring_value_begin(struct sipring_value_cursor *cursor, const struct sipring_message *message,
	enum sipring_header_id id)
{
	cursor->message = message;
	cursor->header = sipring_message_header(message, id);
	cursor->rest = cursor->header ? cursor->header->value : (struct sipring_span){NULL, 0};
}

/* The comma that ends the value at at, or the end. */
static const char *find_comma(const char *at, const char *end)
{
	bool is_in_brackets = false;

	while (at < end && (*at != ',' || is_in_brackets)) {
		if (*at == '"' && !is_in_brackets) {
			const char *after = sipring_text_skip_quoted(at, end);

			at = after ? after : end;
			continue;
		}
		if (*at == '<')
			is_in_brackets = true;
		else if (*at == '>')
			is_in_brackets = false;
		at++;
	}
	return at;
}

bool sipring_value_next(struct sipring_value_cursor *cursor, struct sipring_span *value)
{
	while (cursor->header) {
		const char *end = sipring_text_end(cursor->rest);
		const char *comma;

		if (!cursor->rest.size) {
			cursor->header =
				sipring_message_header_next(cursor->message, cursor->header);
			if (cursor->header)
				cursor->rest = cursor->header->value;
			continue;
		}
		comma = find_comma(cursor->rest.data, end);
		*value = sipring_text_trim(sipring_text_span(cursor->rest.data, comma));
		cursor->rest = sipring_text_span(comma < end ? comma + 1 : end, end);
		if (value->size)
			return true;
	}
	return false;
}

bool sipring_value_has(const struct sipring_message *message, enum sipring_header_id id,
	struct sipring_span token)
{
	struct sipring_value_cursor cursor;
	struct sipring_span value;

	sipring_value_begin(&cursor, message, id);
	while (sipring_value_next(&cursor, &value)) {
		const char *end =
			sipring_text_skip(value.data, value.data + value.size, SIPRING_TEXT_TOKEN);

		if (sipring_text_equal(sipring_text_span(value.data, end), token))
			return true;
	}
	return false;
}

int sipring_cseq_parse(struct sipring_cseq *cseq, struct sipring_span value)
{
	const char *at = value.data;
	const char *end = sipring_text_end(value);
	struct sipring_span name;
	enum sipring_method method;

	assert(cseq);
	if (!value.size || !sipring_text_long_number(&at, end, INT32_MAX, &cseq->number))
		return SIPRING_PARSE_BAD_CSEQ;
	if (at == end || !sipring_text_is(*at, SIPRING_TEXT_LWS))
		return SIPRING_PARSE_BAD_CSEQ;
	at = sipring_text_skip_space(at + 1, end);
	name = sipring_text_span(at, end);
	method = sipring_method_find(name);
	if (method == SIPRING_METHOD_OTHER &&
		(at == end || sipring_text_skip(at, end, SIPRING_TEXT_TOKEN) != end))
		return SIPRING_PARSE_BAD_CSEQ;
	cseq->method_name = name;
	cseq->method = method;
	return 0;
}

bool sipring_param_find(struct sipring_span params, const char *name, struct sipring_span *value)
{
	const char *at = params.data;
	struct sipring_span wanted = {name, strlen(name)};
	struct sipring_span found, text;
	struct sipring_stop stop;
	struct sipring_seek seek;

	if (!params.size)
		return false;
	sipring_seek_begin(&seek, at, at + params.size, 0);
	for (;;) {
		stop = sipring_text_parameter(&seek, at, SIPRING_TEXT_TOKEN | SIPRING_TEXT_PARAM,
			&found, &text);
		if (!stop.at)
			return false;
		if (sipring_text_equal(found, wanted)) {
			if (value)
				*value = text;
			return true;
		}
		if (stop.c != ';')
			return false;
		sipring_seek_pass(&seek);
		at = stop.at + 1;
	}
}
