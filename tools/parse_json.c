/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message as JSON: its start line, every header as it was written, and every value that the
 * library has a parser for. A row of `values` is a member of the object and the function that
 * makes it of a header; a value that is malformed is left out and listed in "malformed" with its
 * place. An object belongs to its parent once it was added.
 */
#include "tools/parse_json.h"

#include "tools/json.h"

#include <string.h>

#define PARSE_SCHEMA 1

/* Where a value goes: the object, the name in it, and what to say of one that is malformed. */
struct place {
	struct sipring_message *message;
	cJSON *object, *malformed;
	enum sipring_header_id id;
	const char *name;
};

static void add_optional(cJSON *object, const char *name, struct sipring_span span)
{
	if (span.data)
		json_add_span(object, name, span);
}

static void add_malformed(struct place *place, int why, struct sipring_span value)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "header", sipring_header_name(place->id));
	cJSON_AddStringToObject(item, "reason", sipring_parse_reason_text(why));
	json_add_count(item, "offset", (uint64_t)(value.data - place->message->text.data));
	cJSON_AddItemToArray(place->malformed, item);
}

/* The end of the parameter at at: the next ';' that no quotes hold. */
static const char *parameter_end(const char *at, const char *end)
{
	bool is_quoted = false;

	for (; at < end && (is_quoted || *at != ';'); at++) {
		if (*at == '\\' && is_quoted)
			at++;
		else if (*at == '"')
			is_quoted = !is_quoted;
	}
	return at < end ? at : end;
}

static struct sipring_span trim(const char *at, const char *end)
{
	while (at < end && strchr(" \t\r\n", *at))
		at++;
	while (at < end && strchr(" \t\r\n", end[-1]))
		end--;
	return (struct sipring_span){at, (size_t)(end - at)};
}

/* All parameters in order, one without '=' having no "value". */
static void add_params(cJSON *object, struct sipring_span params)
{
	cJSON *array = cJSON_AddArrayToObject(object, "params");
	const char *at = params.data;
	const char *end = params.data ? params.data + params.size : NULL;

	while (at && at < end) {
		const char *stop = parameter_end(at, end);
		const char *equals = memchr(at, '=', (size_t)(stop - at));
		cJSON *item = cJSON_CreateObject();

		json_add_span(item, "name", trim(at, equals ? equals : stop));
		if (equals)
			json_add_span(item, "value", trim(equals + 1, stop));
		cJSON_AddItemToArray(array, item);
		at = stop + 1;
	}
}

static void add_target(cJSON *object, const struct sipring_uri *uri, uint16_t sctp_port)
{
	struct sipring_target target;
	int result = sipring_uri_target(uri, sctp_port, &target);
	cJSON *item = cJSON_AddObjectToObject(object, "target");

	if (result) {
		cJSON_AddStringToObject(item, "none", sipring_parse_reason_text(result));
		return;
	}
	cJSON_AddStringToObject(item, "transport",
		sipring_transport_info(target.transport)->via_token);
	json_add_span(item, "host", target.host);
	json_add_count(item, "port", target.port);
	cJSON_AddBoolToObject(item, "transport_named", target.is_transport_named);
	cJSON_AddBoolToObject(item, "port_named", target.is_port_named);
	cJSON_AddBoolToObject(item, "numeric", target.host_kind != SIPRING_HOST_NAME);
}

/* The URI taken apart; sctp_port 0: without its target. Returns what the URI parser did. */
static int add_uri(cJSON *object, struct sipring_span text, uint16_t sctp_port)
{
	static const char *const kinds[] = {[SIPRING_HOST_NAME] = "name",
		[SIPRING_HOST_IPV4] = "ipv4",
		[SIPRING_HOST_IPV6] = "ipv6"};
	struct sipring_uri uri;
	int result = sipring_uri_parse(&uri, text);
	cJSON *item = cJSON_AddObjectToObject(object, "uri");

	json_add_span(item, "text", text);
	if (result) {
		cJSON_AddStringToObject(item, "malformed", sipring_parse_reason_text(result));
		return result;
	}
	json_add_span(item, "scheme", uri.scheme_name);
	add_optional(item, "user", uri.user);
	add_optional(item, "password", uri.password);
	add_optional(item, "host", uri.host);
	if (uri.host.data)
		cJSON_AddStringToObject(item, "host_kind", kinds[uri.host_kind]);
	if (uri.port)
		json_add_count(item, "port", uri.port);
	if (uri.params.data)
		add_params(item, uri.params);
	add_optional(item, "headers", uri.headers);
	if (sctp_port)
		add_target(item, &uri, sctp_port);
	return 0;
}

static void add_vias(struct place *place, struct sipring_span value)
{
	cJSON *array = cJSON_GetObjectItem(place->object, place->name);
	struct sipring_via via;

	if (!array)
		array = cJSON_AddArrayToObject(place->object, place->name);
	do {
		if (sipring_via_parse(&via, value)) {
			add_malformed(place, SIPRING_PARSE_BAD_VIA, value);
			return;
		}
		cJSON *item = cJSON_CreateObject();
		json_add_span(item, "transport", via.transport_token);
		cJSON_AddBoolToObject(item, "transport_known",
			via.transport != SIPRING_TRANSPORT_UNKNOWN);
		json_add_span(item, "host", via.host);
		if (via.port)
			json_add_count(item, "port", via.port);
		add_optional(item, "branch", via.branch);
		add_optional(item, "received", via.received);
		add_optional(item, "maddr", via.maddr);
		if (via.has_rport)
			json_add_count(item, "rport", via.rport);
		if (via.ttl >= 0)
			json_add_count(item, "ttl", (uint64_t)via.ttl);
		add_params(item, via.params);
		cJSON_AddItemToArray(array, item);
		value = via.rest;
	} while (value.data);
}

static cJSON *name_addr_item(const struct sipring_name_addr *address, uint16_t sctp_port)
{
	cJSON *item = cJSON_CreateObject();

	add_optional(item, "display", address->display);
	if (address->uri.size == 1)
		json_add_span(item, "uri", address->uri);
	else
		add_uri(item, address->uri, sctp_port);
	add_optional(item, "tag", address->tag);
	add_params(item, address->params);
	return item;
}

static void add_address(struct place *place, struct sipring_span value)
{
	struct sipring_name_addr address;

	if (sipring_name_addr_parse(&address, value))
		add_malformed(place, SIPRING_PARSE_BAD_NAME_ADDR, value);
	else
		cJSON_AddItemToObject(place->object, place->name, name_addr_item(&address, 0));
}

static void add_addresses(struct place *place, struct sipring_span value)
{
	cJSON *array = cJSON_GetObjectItem(place->object, place->name);
	struct sipring_name_addr address;

	if (!array)
		array = cJSON_AddArrayToObject(place->object, place->name);
	do {
		if (sipring_name_addr_parse(&address, value)) {
			add_malformed(place, SIPRING_PARSE_BAD_NAME_ADDR, value);
			return;
		}
		cJSON_AddItemToArray(array, name_addr_item(&address, 0));
		value = address.rest;
	} while (value.data);
}

static void add_number(struct place *place, struct sipring_span value)
{
	uint32_t number;
	int result = sipring_message_number(place->message, place->id, &number);

	if (result)
		add_malformed(place, result, value);
	else
		json_add_count(place->object, place->name, number);
}

static void add_media_type(struct place *place, struct sipring_span value)
{
	struct sipring_content_type media;
	int result = sipring_content_type_parse(&media, value);

	if (result) {
		add_malformed(place, result, value);
		return;
	}
	cJSON *item = cJSON_AddObjectToObject(place->object, place->name);
	json_add_span(item, "type", media.type);
	json_add_span(item, "subtype", media.subtype);
	add_params(item, media.params);
}

/* All headers of the name at once. */
static void add_list(struct place *place, struct sipring_span value)
{
	struct sipring_value_cursor cursor;
	cJSON *array;

	if (cJSON_GetObjectItem(place->object, place->name))
		return;
	array = cJSON_AddArrayToObject(place->object, place->name);
	sipring_value_begin(&cursor, place->message, place->id);
	while (sipring_value_next(&cursor, &value)) {
		cJSON *item = cJSON_CreateObject();

		json_add_span(item, "item", value);
		cJSON_AddItemToArray(array, cJSON_DetachItemFromObject(item, "item"));
		cJSON_Delete(item);
	}
}

static void add_text(struct place *place, struct sipring_span value)
{
	json_add_span(place->object, place->name, value);
}

static const struct {
	enum sipring_header_id id;
	const char *name;
	void (*add)(struct place *place, struct sipring_span value);
	bool is_repeated;
} values[] = {
	{SIPRING_HEADER_VIA, "via", add_vias, true},
	{SIPRING_HEADER_FROM, "from", add_address, false},
	{SIPRING_HEADER_TO, "to", add_address, false},
	{SIPRING_HEADER_CALL_ID, "call_id", add_text, false},
	{SIPRING_HEADER_CONTACT, "contact", add_addresses, true},
	{SIPRING_HEADER_ROUTE, "route", add_addresses, true},
	{SIPRING_HEADER_RECORD_ROUTE, "record_route", add_addresses, true},
	{SIPRING_HEADER_PATH, "path", add_addresses, true},
	{SIPRING_HEADER_SERVICE_ROUTE, "service_route", add_addresses, true},
	{SIPRING_HEADER_P_ASSERTED_IDENTITY, "p_asserted_identity", add_addresses, true},
	{SIPRING_HEADER_P_PREFERRED_IDENTITY, "p_preferred_identity", add_addresses, true},
	{SIPRING_HEADER_DIVERSION, "diversion", add_addresses, true},
	{SIPRING_HEADER_HISTORY_INFO, "history_info", add_addresses, true},
	{SIPRING_HEADER_REFER_TO, "refer_to", add_address, false},
	{SIPRING_HEADER_REFERRED_BY, "referred_by", add_address, false},
	{SIPRING_HEADER_REPLY_TO, "reply_to", add_address, false},
	{SIPRING_HEADER_MAX_FORWARDS, "max_forwards", add_number, false},
	{SIPRING_HEADER_EXPIRES, "expires", add_number, false},
	{SIPRING_HEADER_MIN_EXPIRES, "min_expires", add_number, false},
	{SIPRING_HEADER_SESSION_EXPIRES, "session_expires", add_number, false},
	{SIPRING_HEADER_MIN_SE, "min_se", add_number, false},
	{SIPRING_HEADER_RETRY_AFTER, "retry_after", add_number, false},
	{SIPRING_HEADER_RSEQ, "rseq", add_number, false},
	{SIPRING_HEADER_CONTENT_LENGTH, "content_length", add_number, false},
	{SIPRING_HEADER_CONTENT_TYPE, "content_type", add_media_type, false},
	{SIPRING_HEADER_ACCEPT, "accept", add_list, false},
	{SIPRING_HEADER_ALLOW, "allow", add_list, false},
	{SIPRING_HEADER_ALLOW_EVENTS, "allow_events", add_list, false},
	{SIPRING_HEADER_SUPPORTED, "supported", add_list, false},
	{SIPRING_HEADER_REQUIRE, "require", add_list, false},
	{SIPRING_HEADER_PROXY_REQUIRE, "proxy_require", add_list, false},
	{SIPRING_HEADER_UNSUPPORTED, "unsupported", add_list, false},
};

static void add_values(struct sipring_message *message, cJSON *root)
{
	struct place place = {.message = message,
		.object = cJSON_AddObjectToObject(root, "values"),
		.malformed = cJSON_AddArrayToObject(root, "malformed")};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct sipring_header *header = sipring_message_header(message, values[i].id);

		place.id = values[i].id;
		place.name = values[i].name;
		while (header) {
			values[i].add(&place, header->value);
			header = values[i].is_repeated
				? sipring_message_header_next(message, header)
				: NULL;
		}
	}
	if (message->cseq.method_name.data) {
		cJSON *cseq = cJSON_AddObjectToObject(place.object, "cseq");
		json_add_count(cseq, "number", message->cseq.number);
		json_add_span(cseq, "method", message->cseq.method_name);
	}
}

static void add_start_line(const struct sipring_message *message, cJSON *root, uint16_t sctp_port)
{
	cJSON *line = cJSON_AddObjectToObject(root, "start_line");

	if (message->flags & SIPRING_MESSAGE_REQUEST) {
		add_optional(line, "method", message->method_name);
		cJSON_AddBoolToObject(line, "method_known",
			message->method != SIPRING_METHOD_OTHER);
		if (message->uri.data)
			add_uri(line, message->uri, sctp_port);
	} else if (message->status) {
		json_add_count(line, "status", message->status);
		add_optional(line, "reason", message->reason);
	}
}

static void add_headers(const struct sipring_message *message, cJSON *root)
{
	cJSON *array = cJSON_AddArrayToObject(root, "headers");

	for (unsigned i = 0; i < message->n_headers; i++) {
		const struct sipring_header *header = &message->headers[i];
		cJSON *item = cJSON_CreateObject();

		json_add_count(item, "id", header->id);
		if (header->id != SIPRING_HEADER_OTHER)
			cJSON_AddStringToObject(item, "name", sipring_header_name(header->id));
		json_add_span(item, "written", header->name);
		json_add_span(item, "value", header->value);
		cJSON_AddItemToArray(array, item);
	}
}

static void add_result(const struct sipring_message *message, cJSON *root, bool is_strict)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {{SIPRING_MESSAGE_BARE_LF, "bare_lf"}, {SIPRING_MESSAGE_FOLDED, "folded"},
		{SIPRING_MESSAGE_TRAILING, "trailing"}, {SIPRING_MESSAGE_LEADING, "leading"}};

	cJSON_AddBoolToObject(root, "strict", is_strict);
	cJSON_AddBoolToObject(root, "accepted", message->result == SIPRING_PARSE_ACCEPTED);
	cJSON_AddStringToObject(root, "reason", sipring_parse_reason_text(message->result));
	if (message->result != SIPRING_PARSE_ACCEPTED) {
		json_add_count(root, "offset", message->result_offset);
		json_add_count(root, "answer_status", message->answer_status);
	}
	cJSON *array = cJSON_AddArrayToObject(root, "flags");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (message->flags & flags[i].flag)
			cJSON_AddItemToArray(array, cJSON_CreateString(flags[i].name));
}

void parse_json_write(struct sipring_message *message, bool is_strict, uint16_t sctp_port)
{
	cJSON *root = json_begin("sipring parse", PARSE_SCHEMA);
	const struct sipring_name_addr *route;
	struct sipring_uri uri;

	add_result(message, root, is_strict);
	add_start_line(message, root, sctp_port);
	route = sipring_message_route(message);
	if (route && !sipring_uri_parse(&uri, route->uri)) {
		cJSON *top = cJSON_AddObjectToObject(root, "top_route");
		json_add_span(top, "uri", route->uri);
		cJSON_AddBoolToObject(top, "loose", uri.is_loose_route);
		add_target(top, &uri, sctp_port);
	}
	add_headers(message, root);
	add_values(message, root);
	json_add_count(root, "size", message->text.size);
	json_add_count(root, "body_size", message->body.size);
	json_write("-", root);
}
