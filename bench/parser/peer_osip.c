/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libosip2's parser as a peer of the bench: it parses all values and their URIs at once.
 */
#include "peer.h"

#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#include <stdio.h>

static void open_osip(void)
{
	parser_init();
}

static void set_host(char *field, const osip_uri_t *uri)
{
	set_text(field, uri ? osip_uri_get_host((osip_uri_t *)uri) : NULL);
}

static void set_tag(char *field, osip_from_t *from)
{
	osip_generic_param_t *tag = NULL;

	osip_from_get_tag(from, &tag);
	set_text(field, tag ? tag->gvalue : NULL);
}

static void show(struct fields *fields, osip_message_t *message)
{
	osip_generic_param_t *branch = NULL;
	osip_contact_t *contact = NULL;
	osip_route_t *route = NULL;
	osip_via_t *via = NULL;

	memset(fields, 0, sizeof *fields);
	if (MSG_IS_REQUEST(message)) {
		set_text(fields->start, message->sip_method);
		set_host(fields->uri_host, message->req_uri);
	} else {
		snprintf(fields->start, FIELD_SIZE, "%d", message->status_code);
	}
	osip_message_get_via(message, 0, &via);
	if (via) {
		set_text(fields->via_host, via->host);
		set_text(fields->via_port, via->port);
		osip_via_param_get_byname(via, (char *)"branch", &branch);
		set_text(fields->branch, branch ? branch->gvalue : NULL);
	}
	set_host(fields->from_host, message->from->url);
	set_tag(fields->from_tag, message->from);
	set_host(fields->to_host, message->to->url);
	set_tag(fields->to_tag, (osip_from_t *)message->to);
	if (message->call_id->host)
		snprintf(fields->call_id, FIELD_SIZE, "%s@%s", message->call_id->number,
			message->call_id->host);
	else
		set_text(fields->call_id, message->call_id->number);
	set_text(fields->cseq, message->cseq->number);
	set_text(fields->cseq_method, message->cseq->method);
	if (osip_message_get_contact(message, 0, &contact) >= 0 && contact)
		set_host(fields->contact_host, contact->url);
	if (osip_message_get_route(message, 0, &route) >= 0 && route)
		set_host(fields->route_host, route->url);
}

static bool parse(const char *data, size_t size, struct fields *fields)
{
	osip_message_t *message;
	bool is_accepted;

	osip_message_init(&message);
	is_accepted = !osip_message_parse(message, data, size);
	if (is_accepted && fields)
		show(fields, message);
	osip_message_free(message);
	return is_accepted;
}

const struct peer peer_osip = {"libosip2", open_osip, parse};
