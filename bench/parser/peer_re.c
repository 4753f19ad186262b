/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libre's parser as a peer of the bench: it parses Via, To, From and CSeq at once and Contact and
 * Route when asked.
 */
#include "peer.h"

/* What libre's own build would have told its headers. */
#define HAVE_INTTYPES_H
#define HAVE_STDBOOL_H

#include <sys/socket.h>

#include <re.h>
#include <stdio.h>

static void nothing(void)
{
}

static void set_pl(char *field, const struct pl *pl)
{
	set_field(field, pl->p, pl->l);
}

static void show(struct fields *fields, const struct sip_msg *message,
	const struct sip_addr *contact, const struct sip_addr *route)
{
	memset(fields, 0, sizeof *fields);
	if (message->req) {
		set_pl(fields->start, &message->met);
		set_pl(fields->uri_host, &message->uri.host);
	} else {
		snprintf(fields->start, FIELD_SIZE, "%u", message->scode);
	}
	/* sent-by with its port */
	set_pl(fields->via_host, &message->via.sentby);
	set_pl(fields->branch, &message->via.branch);
	set_pl(fields->from_host, &message->from.uri.host);
	set_pl(fields->from_tag, &message->from.tag);
	set_pl(fields->to_host, &message->to.uri.host);
	set_pl(fields->to_tag, &message->to.tag);
	set_pl(fields->call_id, &message->callid);
	snprintf(fields->cseq, FIELD_SIZE, "%u", message->cseq.num);
	set_pl(fields->cseq_method, &message->cseq.met);
	set_pl(fields->contact_host, &contact->uri.host);
	set_pl(fields->route_host, &route->uri.host);
}

static void decode(struct sip_addr *addr, const struct sip_msg *message, enum sip_hdrid id)
{
	const struct sip_hdr *header = sip_msg_hdr(message, id);

	memset(addr, 0, sizeof *addr);
	if (header)
		sip_addr_decode(addr, &header->val);
}

static bool parse(const char *data, size_t size, struct fields *fields)
{
	struct mbuf *buffer = mbuf_alloc(size);
	struct sip_addr contact, route;
	struct sip_msg *message;
	bool is_accepted;

	mbuf_write_mem(buffer, (const uint8_t *)data, size);
	mbuf_set_pos(buffer, 0);
	is_accepted = !sip_msg_decode(&message, buffer);
	if (is_accepted) {
		decode(&contact, message, SIP_HDR_CONTACT);
		decode(&route, message, SIP_HDR_ROUTE);
		if (fields)
			show(fields, message, &contact, &route);
		mem_deref(message);
	}
	mem_deref(buffer);
	return is_accepted;
}

const struct peer peer_re = {"libre", nothing, parse};
