/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The invariants of views and values. Two ways lead to most facts (a header's id and its place in
 * first[]; the values of a cursor and the rests of a parser): they must come to the same.
 */
#include "view.h"

#include "fuzz.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_trimmed(struct sipring_span text)
{
	return !text.size || (!is_white(text.data[0]) && !is_white(text.data[text.size - 1]));
}

/* The number of a header's name by the list alone, without the library's hash. */
static enum sipring_header_id id_of(struct sipring_span name)
{
	for (int id = 1; id < SIPRING_HEADER_COUNT; id++) {
		const char *full = sipring_header_name((enum sipring_header_id)id);
		char compact = sipring_header_compact((enum sipring_header_id)id);

		if (name.size == strlen(full) && !strncasecmp(name.data, full, name.size))
			return (enum sipring_header_id)id;
		if (name.size == 1 && compact && (*name.data | 0x20) == compact)
			return (enum sipring_header_id)id;
	}
	return SIPRING_HEADER_OTHER;
}

static enum sipring_method method_of(struct sipring_span name)
{
	for (int method = 1; method < SIPRING_METHOD_COUNT; method++) {
		const char *known = sipring_method_name((enum sipring_method)method);

		if (fuzz_is_equal(name, (struct sipring_span){known, strlen(known)}))
			return (enum sipring_method)method;
	}
	return SIPRING_METHOD_OTHER;
}

static bool is_token(struct sipring_span name)
{
	static const char signs[] = "-.!%*_+`'~";

	for (size_t i = 0; i < name.size; i++)
		if (!isalnum((unsigned char)name.data[i]) &&
			!memchr(signs, name.data[i], sizeof signs - 1))
			return false;
	return name.size > 0;
}

static void check_headers(const struct sipring_message *message)
{
	const char *end = message->text.data;
	uint8_t first[SIPRING_HEADER_COUNT] = {0};

	FUZZ_CHECK(message->n_headers <= SIPRING_HEADERS_MAX);
	for (unsigned i = 0; i < message->n_headers; i++) {
		const struct sipring_header *header = &message->headers[i];

		FUZZ_CHECK(fuzz_is_inside(header->name, message->text));
		FUZZ_CHECK(fuzz_is_inside(header->value, message->text));
		FUZZ_CHECK(is_token(header->name) && header->value.data);
		FUZZ_CHECK(is_trimmed(header->name) && is_trimmed(header->value));
		FUZZ_CHECK(header->name.data >= end);
		FUZZ_CHECK(header->value.data > header->name.data + header->name.size);
		FUZZ_CHECK(header->id == sipring_header_find(header->name));
		FUZZ_CHECK(header->id == id_of(header->name));
		end = header->value.data + header->value.size;
		if (!first[header->id])
			first[header->id] = (uint8_t)(i + 1);
	}
	FUZZ_CHECK(!memcmp(first + 1, message->first + 1, sizeof first - 1));
	for (int id = 1; id < SIPRING_HEADER_COUNT; id++) {
		const struct sipring_header *header =
			sipring_message_header(message, (enum sipring_header_id)id);

		FUZZ_CHECK(header == (first[id] ? &message->headers[first[id] - 1] : NULL));
	}
}

static void check_accepted(const struct sipring_message *message)
{
	static const uint8_t single[] = {SIPRING_HEADER_TO, SIPRING_HEADER_FROM,
		SIPRING_HEADER_CSEQ, SIPRING_HEADER_CALL_ID};
	const struct sipring_header *header;

	FUZZ_CHECK(!message->answer_status);
	FUZZ_CHECK(message->body.data);
	FUZZ_CHECK(message->n_headers >= sizeof single + 1);
	FUZZ_CHECK(sipring_message_header(message, SIPRING_HEADER_VIA));
	for (size_t i = 0; i < sizeof single; i++) {
		header = sipring_message_header(message, (enum sipring_header_id)single[i]);
		FUZZ_CHECK(header && !sipring_message_header_next(message, header));
	}
	FUZZ_CHECK(message->cseq.number <= INT32_MAX);
	FUZZ_CHECK(fuzz_is_equal(message->method_name, message->cseq.method_name));
	FUZZ_CHECK(message->method == method_of(message->method_name));
	if (message->flags & SIPRING_MESSAGE_REQUEST)
		FUZZ_CHECK(message->uri.size && !message->status);
	else
		FUZZ_CHECK(message->status >= 100 && message->status <= 699);
}

/* Where the messages' bytes are the same, in the same place: do the views say the same? */
static void check_same(const struct sipring_message *a, const struct sipring_message *b)
{
	FUZZ_CHECK(a->result == b->result && a->result_offset == b->result_offset);
	FUZZ_CHECK(a->flags == b->flags && a->answer_status == b->answer_status);
	FUZZ_CHECK(a->status == b->status && a->method == b->method);
	FUZZ_CHECK(a->n_headers == b->n_headers && a->cseq.number == b->cseq.number);
	FUZZ_CHECK(a->body.data == b->body.data && a->body.size == b->body.size);
	FUZZ_CHECK(fuzz_is_same(a->uri, b->uri) && fuzz_is_same(a->reason, b->reason));
	for (unsigned i = 0; i < a->n_headers; i++)
		FUZZ_CHECK(a->headers[i].value.data == b->headers[i].value.data &&
			a->headers[i].value.size == b->headers[i].value.size &&
			a->headers[i].name.size == b->headers[i].name.size);
}

void view_parse(struct sipring_message *message, struct sipring_span text)
{
	static struct sipring_message again;
	int result = sipring_message_parse(message, text.data, text.size);

	FUZZ_CHECK(result == (int)message->result);
	FUZZ_CHECK(result >= 0 && result < SIPRING_PARSE_RESULT_COUNT);
	FUZZ_CHECK(message->text.data == text.data && message->text.size == text.size);
	FUZZ_CHECK(message->result_offset <= text.size);
	FUZZ_CHECK(fuzz_is_inside(message->uri, text) && fuzz_is_inside(message->reason, text));
	FUZZ_CHECK(fuzz_is_inside(message->body, text));
	FUZZ_CHECK(fuzz_is_inside(message->method_name, text));
	FUZZ_CHECK(fuzz_is_inside(message->cseq.method_name, text));
	FUZZ_CHECK(!message->answer_status || message->answer_status == 400 ||
		message->answer_status == 505);
	check_headers(message);
	if (!result)
		check_accepted(message);
	/* What a view held before must not show: all bits set is the worst of it. */
	memset(&again, 0xff, sizeof again);
	sipring_message_parse(&again, text.data, text.size);
	check_same(message, &again);
}

/* Is what a parser kept of a parameter what is found by its name? */
static void check_param(struct sipring_span params, const char *name, struct sipring_span kept)
{
	struct sipring_span found = {NULL, 0};

	sipring_param_find(params, name, &found);
	FUZZ_CHECK(found.data == kept.data && found.size == kept.size);
}

void view_check_via(const struct sipring_via *via, struct sipring_span value)
{
	struct sipring_via alone;

	FUZZ_CHECK(fuzz_is_inside(via->text, value) && via->text.size && is_trimmed(via->text));
	FUZZ_CHECK(fuzz_is_inside(via->rest, value));
	FUZZ_CHECK(fuzz_is_inside(via->transport_token, via->text) && via->transport_token.size);
	FUZZ_CHECK(fuzz_is_inside(via->host, via->text) && via->host.size);
	FUZZ_CHECK(fuzz_is_inside(via->params, via->text));
	FUZZ_CHECK(fuzz_is_inside(via->branch, via->params));
	FUZZ_CHECK(fuzz_is_inside(via->received, via->params));
	FUZZ_CHECK(fuzz_is_inside(via->maddr, via->params));
	FUZZ_CHECK(via->ttl >= -1 && via->ttl <= 255);
	FUZZ_CHECK(via->transport < SIPRING_TRANSPORT_COUNT);
	FUZZ_CHECK(via->has_rport || !via->rport);
	FUZZ_CHECK(via->has_rport == sipring_param_find(via->params, "rport", NULL));
	check_param(via->params, "branch", via->branch);
	check_param(via->params, "received", via->received);
	check_param(via->params, "maddr", via->maddr);
	FUZZ_CHECK((via->ttl >= 0) == sipring_param_find(via->params, "ttl", NULL));
	FUZZ_CHECK(!sipring_via_parse(&alone, via->text));
	FUZZ_CHECK(alone.text.data == via->text.data && alone.text.size == via->text.size);
	FUZZ_CHECK(!alone.rest.data && alone.port == via->port && alone.rport == via->rport);
	FUZZ_CHECK(alone.has_rport == via->has_rport && alone.ttl == via->ttl);
	FUZZ_CHECK(alone.transport == via->transport && fuzz_is_same(alone.host, via->host));
	FUZZ_CHECK(fuzz_is_same(alone.branch, via->branch));
	FUZZ_CHECK(fuzz_is_same(alone.received, via->received));
	FUZZ_CHECK(fuzz_is_same(alone.maddr, via->maddr));
	FUZZ_CHECK(fuzz_is_same(alone.params, via->params));
}

void view_check_name_addr(const struct sipring_name_addr *name_addr, struct sipring_span value)
{
	struct sipring_name_addr alone;
	struct sipring_uri uri;

	FUZZ_CHECK(fuzz_is_inside(name_addr->text, value) && is_trimmed(name_addr->text));
	FUZZ_CHECK(fuzz_is_inside(name_addr->rest, value));
	FUZZ_CHECK(fuzz_is_inside(name_addr->display, name_addr->text));
	FUZZ_CHECK(fuzz_is_inside(name_addr->uri, name_addr->text) && name_addr->uri.size);
	FUZZ_CHECK(fuzz_is_inside(name_addr->params, name_addr->text));
	FUZZ_CHECK(fuzz_is_inside(name_addr->tag, name_addr->params));
	FUZZ_CHECK(!sipring_name_addr_parse(&alone, name_addr->text));
	FUZZ_CHECK(alone.text.data == name_addr->text.data);
	FUZZ_CHECK(alone.text.size == name_addr->text.size && !alone.rest.data);
	FUZZ_CHECK(fuzz_is_same(alone.display, name_addr->display));
	FUZZ_CHECK(fuzz_is_same(alone.uri, name_addr->uri));
	FUZZ_CHECK(fuzz_is_same(alone.params, name_addr->params));
	FUZZ_CHECK(fuzz_is_same(alone.tag, name_addr->tag));
	if (!sipring_uri_parse(&uri, name_addr->uri))
		view_check_uri(&uri, name_addr->uri);
}

void view_check_uri(const struct sipring_uri *uri, struct sipring_span text)
{
	struct sipring_target target;
	struct sipring_span found;

	FUZZ_CHECK(uri->text.data == text.data && uri->text.size == text.size);
	FUZZ_CHECK(fuzz_is_inside(uri->scheme_name, text) && uri->scheme_name.size);
	FUZZ_CHECK(fuzz_is_inside(uri->user, text) && fuzz_is_inside(uri->password, text));
	FUZZ_CHECK(fuzz_is_inside(uri->host, text) && fuzz_is_inside(uri->params, text));
	FUZZ_CHECK(fuzz_is_inside(uri->headers, text));
	FUZZ_CHECK(fuzz_is_inside(uri->transport, uri->params));
	FUZZ_CHECK(fuzz_is_inside(uri->maddr, uri->params));
	FUZZ_CHECK((uri->host_kind == SIPRING_HOST_NONE) == !uri->host.size);
	FUZZ_CHECK(uri->is_loose_route == sipring_param_find(uri->params, "lr", NULL));
	if (sipring_param_find(uri->params, "transport", &found))
		FUZZ_CHECK(fuzz_is_equal(found, uri->transport));
	else
		FUZZ_CHECK(!uri->transport.data);
	FUZZ_CHECK(sipring_uri_is_equivalent(uri, uri));
	if (!sipring_uri_target(uri, 0, &target)) {
		FUZZ_CHECK(target.port && target.host.size);
		FUZZ_CHECK(fuzz_is_inside(target.host, text));
		FUZZ_CHECK(target.transport > SIPRING_TRANSPORT_UNKNOWN);
		FUZZ_CHECK(target.transport < SIPRING_TRANSPORT_COUNT);
		FUZZ_CHECK(target.is_port_named == (uri->port != 0));
		FUZZ_CHECK((target.address.sa.sa_family == AF_UNSPEC) ==
			(target.host_kind == SIPRING_HOST_NAME));
	}
}

/* Whoever reads a value by its parser and whoever pops it by the cursor must mean the same. */
static void check_walk(const struct sipring_message *message, enum sipring_header_id id)
{
	const struct sipring_header *header = sipring_message_header(message, id);
	struct sipring_value_cursor cursor;
	struct sipring_span value;
	const char *end = NULL;

	sipring_value_begin(&cursor, message, id);
	while (sipring_value_next(&cursor, &value)) {
		FUZZ_CHECK(value.size && is_trimmed(value));
		FUZZ_CHECK(fuzz_is_inside(value, cursor.header->value));
		FUZZ_CHECK(!end || value.data > end);
		FUZZ_CHECK(cursor.header->id == id);
		end = value.data + value.size;
	}
	for (; header; header = sipring_message_header_next(message, header)) {
		struct sipring_message one = {.n_headers = 1, .headers = {*header}};
		struct sipring_name_addr name_addr;
		struct sipring_via via;
		struct sipring_span rest = header->value;

		one.first[id] = 1;
		sipring_value_begin(&cursor, &one, id);
		while (rest.size && sipring_value_next(&cursor, &value)) {
			bool is_via = id == SIPRING_HEADER_VIA;

			if (is_via ? sipring_via_parse(&via, rest)
				   : sipring_name_addr_parse(&name_addr, rest))
				break;
			if (is_via)
				view_check_via(&via, rest);
			else
				view_check_name_addr(&name_addr, rest);
			FUZZ_CHECK(value.data == (is_via ? via.text.data : name_addr.text.data));
			FUZZ_CHECK(value.size == (is_via ? via.text.size : name_addr.text.size));
			rest = is_via ? via.rest : name_addr.rest;
		}
	}
}

static void check_cached(struct sipring_message *message)
{
	const struct sipring_via *via = sipring_message_via(message);
	const struct sipring_name_addr *(*const get[])(
		struct sipring_message *) = {sipring_message_from, sipring_message_to,
		sipring_message_contact, sipring_message_route};
	static const enum sipring_header_id ids[] = {SIPRING_HEADER_FROM, SIPRING_HEADER_TO,
		SIPRING_HEADER_CONTACT, SIPRING_HEADER_ROUTE};

	FUZZ_CHECK(via == sipring_message_via(message));
	if (via)
		view_check_via(via, sipring_message_header(message, SIPRING_HEADER_VIA)->value);
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		const struct sipring_name_addr *value = get[i](message);

		FUZZ_CHECK(value == get[i](message));
		if (value)
			view_check_name_addr(value, sipring_message_header(message, ids[i])->value);
	}
}

/* Other values by their parsers, which have only their memory and spans to get wrong. */
static void check_others(const struct sipring_message *message)
{
	static const struct sipring_span token = {"100rel", 6};
	const struct sipring_header *header;
	uint32_t number;

	for (int id = 1; id < SIPRING_HEADER_COUNT; id++) {
		struct sipring_content_type type;
		struct sipring_cseq cseq;
		bool is_there = message->first[id] != 0;
		int result = sipring_message_number(message, (enum sipring_header_id)id, &number);

		FUZZ_CHECK((result == SIPRING_PARSE_ABSENT) == !is_there);
		FUZZ_CHECK(
			!sipring_value_has(message, (enum sipring_header_id)id, token) || is_there);
		if (!is_there)
			continue;
		header = sipring_message_header(message, (enum sipring_header_id)id);
		if (!sipring_content_type_parse(&type, header->value)) {
			FUZZ_CHECK(fuzz_is_inside(type.type, header->value) && type.type.size);
			FUZZ_CHECK(fuzz_is_inside(type.subtype, header->value));
			FUZZ_CHECK(fuzz_is_inside(type.params, header->value));
		}
		if (!sipring_cseq_parse(&cseq, header->value))
			FUZZ_CHECK(fuzz_is_inside(cseq.method_name, header->value));
	}
	for (unsigned i = 0; i < message->n_headers; i++) {
		header = sipring_message_header_named(message, message->headers[i].name);
		FUZZ_CHECK(header && header <= &message->headers[i]);
	}
}

void view_check_values(struct sipring_message *message)
{
	struct sipring_uri uri;

	check_cached(message);
	check_others(message);
	for (int id = 1; id < SIPRING_HEADER_COUNT; id++)
		if (message->first[id])
			check_walk(message, (enum sipring_header_id)id);
	if (message->uri.size && !sipring_uri_parse(&uri, message->uri))
		view_check_uri(&uri, message->uri);
}

/* Parsers for which a value is none would be a hole in what was called correct. */
static void check_correct(struct sipring_message *message)
{
	static const enum sipring_header_id ids[] = {SIPRING_HEADER_FROM, SIPRING_HEADER_TO,
		SIPRING_HEADER_CONTACT, SIPRING_HEADER_ROUTE, SIPRING_HEADER_RECORD_ROUTE,
		SIPRING_HEADER_PATH};
	const struct sipring_header *header = sipring_message_header(message, SIPRING_HEADER_VIA);
	struct sipring_name_addr name_addr;
	struct sipring_via via;
	struct sipring_uri uri;

	for (; header; header = sipring_message_header_next(message, header)) {
		via.rest = header->value;
		do
			FUZZ_CHECK(!sipring_via_parse(&via, via.rest));
		while (via.rest.data);
	}
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		header = sipring_message_header(message, ids[i]);
		for (; header; header = sipring_message_header_next(message, header)) {
			name_addr.rest = header->value;
			do
				FUZZ_CHECK(!sipring_name_addr_parse(&name_addr, name_addr.rest));
			while (name_addr.rest.data);
		}
	}
	if (message->flags & SIPRING_MESSAGE_REQUEST)
		FUZZ_CHECK(!sipring_uri_parse(&uri, message->uri));
}

void view_check_strictly(struct sipring_message *message)
{
	int before = message->result;
	size_t offset = message->result_offset;
	int result = sipring_message_check(message);

	FUZZ_CHECK(result == (int)message->result);
	FUZZ_CHECK(message->result_offset <= message->text.size);
	FUZZ_CHECK(!before || (result == before && offset == message->result_offset));
	FUZZ_CHECK(!(message->flags &
			   (SIPRING_MESSAGE_BARE_LF | SIPRING_MESSAGE_LEADING |
				   SIPRING_MESSAGE_TRAILING)) ||
		result);
	FUZZ_CHECK(result == sipring_message_check(message));
	if (!result)
		check_correct(message);
}
