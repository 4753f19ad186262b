/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring's parser as a peer of the bench. Nothing is allocated; the view is static as a worker's
 * is.
 */
#include "peer.h"

#include <sipring/sip.h>

#include <stdio.h>

struct values {
	const struct sipring_via *via;
	const struct sipring_name_addr *from, *to, *contact, *route;
	struct sipring_uri uri, from_uri, to_uri, contact_uri, route_uri;
};

static struct sipring_message message;

static void nothing(void)
{
}

static void read_uri(struct sipring_uri *uri, const struct sipring_name_addr *name_addr)
{
	if (!name_addr || sipring_uri_parse(uri, name_addr->uri))
		uri->host = (struct sipring_span){NULL, 0};
}

static void set_span(char *field, struct sipring_span span)
{
	set_field(field, span.data, span.size);
}

static void show(struct fields *fields, const struct values *values)
{
	memset(fields, 0, sizeof *fields);
	if (message.flags & SIPRING_MESSAGE_REQUEST) {
		set_span(fields->start, message.method_name);
		set_span(fields->uri_host, values->uri.host);
	} else {
		snprintf(fields->start, FIELD_SIZE, "%u", message.status);
	}
	set_span(fields->via_host, values->via->host);
	if (values->via->port)
		snprintf(fields->via_port, FIELD_SIZE, "%u", values->via->port);
	set_span(fields->branch, values->via->branch);
	set_span(fields->from_host, values->from_uri.host);
	set_span(fields->from_tag, values->from->tag);
	set_span(fields->to_host, values->to_uri.host);
	set_span(fields->to_tag, values->to->tag);
	set_span(fields->call_id, sipring_message_header(&message, SIPRING_HEADER_CALL_ID)->value);
	snprintf(fields->cseq, FIELD_SIZE, "%u", message.cseq.number);
	set_span(fields->cseq_method, message.cseq.method_name);
	set_span(fields->contact_host, values->contact_uri.host);
	set_span(fields->route_host, values->route_uri.host);
}

static bool parse(const char *data, size_t size, struct fields *fields)
{
	static struct values values;

	if (sipring_message_parse(&message, data, size))
		return false;
	values.via = sipring_message_via(&message);
	values.from = sipring_message_from(&message);
	values.to = sipring_message_to(&message);
	values.contact = sipring_message_contact(&message);
	values.route = sipring_message_route(&message);
	if (message.flags & SIPRING_MESSAGE_REQUEST)
		sipring_uri_parse(&values.uri, message.uri);
	read_uri(&values.from_uri, values.from);
	read_uri(&values.to_uri, values.to);
	read_uri(&values.contact_uri, values.contact);
	read_uri(&values.route_uri, values.route);
	if (!values.via || !values.from || !values.to)
		return false;
	if (fields)
		show(fields, &values);
	return true;
}

const struct peer peer_sipring = {"sipring", nothing, parse};
