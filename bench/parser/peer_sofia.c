/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sofia-SIP's parser as a peer of the bench: it parses all values and their URIs at once.
 */
#include "peer.h"

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_util.h>
#include <stdio.h>

static const msg_mclass_t *mclass;

static void open_sofia(void)
{
	mclass = sip_default_mclass();
}

static void show(struct fields *fields, const sip_t *sip)
{
	memset(fields, 0, sizeof *fields);
	if (sip->sip_request) {
		set_text(fields->start, sip->sip_request->rq_method_name);
		set_text(fields->uri_host, sip->sip_request->rq_url->url_host);
	} else {
		snprintf(fields->start, FIELD_SIZE, "%d", sip->sip_status->st_status);
	}
	set_text(fields->via_host, sip->sip_via->v_host);
	set_text(fields->via_port, sip->sip_via->v_port);
	set_text(fields->branch, sip->sip_via->v_branch);
	set_text(fields->from_host, sip->sip_from->a_url->url_host);
	set_text(fields->from_tag, sip->sip_from->a_tag);
	set_text(fields->to_host, sip->sip_to->a_url->url_host);
	set_text(fields->to_tag, sip->sip_to->a_tag);
	set_text(fields->call_id, sip->sip_call_id->i_id);
	snprintf(fields->cseq, FIELD_SIZE, "%u", sip->sip_cseq->cs_seq);
	set_text(fields->cseq_method, sip->sip_cseq->cs_method_name);
	if (sip->sip_contact)
		set_text(fields->contact_host, sip->sip_contact->m_url->url_host);
	if (sip->sip_route)
		set_text(fields->route_host, sip->sip_route->r_url->url_host);
}

static bool parse(const char *data, size_t size, struct fields *fields)
{
	msg_t *msg = msg_make(mclass, 0, data, (ssize_t)size);
	const sip_t *sip = sip_object(msg);
	bool is_accepted = sip && !sip->sip_error && (sip->sip_request || sip->sip_status) &&
		sip->sip_via && sip->sip_from && sip->sip_to && sip->sip_cseq && sip->sip_call_id;

	if (is_accepted && fields)
		show(fields, sip);
	msg_destroy(msg);
	return is_accepted;
}

const struct peer peer_sofia = {"sofia-sip", open_sofia, parse};
