/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a send goes: to an association of this worker's, found by its id or its peer or begun now;
 * to the route of a name; or, of workers that share, to the worker that has the association.
 * Nothing is queued here.
 */
#include "engine/worker.h"

#include <errno.h>

int sipring_destination_name_peer(const struct sipring *sipring, const struct sipring_send *send,
	union sipring_address *peer)
{
	*peer = send->to ? *send->to : send->target->address;
	if (!send->to && !sipring_route_is_ours(send->target))
		return -EPROTONOSUPPORT;
	if (!send->to && !send->target->is_port_named)
		sipring_address_set_port(peer, 0);
	if (peer->sa.sa_family != AF_INET && peer->sa.sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (sipring_address_port(peer) == 0)
		sipring_address_set_port(peer, (uint16_t)sipring->config.sctp_port);
	return 0;
}

struct sipring_association *sipring_destination_find_peer(struct sipring_worker *worker,
	const union sipring_address *peer)
{
	struct sipring_association *association = sipring_table_find_peer(&worker->table, peer);

	if (!association || sipring_association_takes_sends(association))
		return association;
	sipring_claim_drop(worker, association);
	return NULL;
}

static int go_elsewhere(struct sipring_destination *place, unsigned elsewhere)
{
	place->is_elsewhere = true;
	place->elsewhere = elsewhere;
	return 0;
}

/* Of workers that share: whether another has the association to place->to, or is to make it. */
static bool find_elsewhere(const struct sipring_worker *worker, struct sipring_destination *place,
	bool is_mail)
{
	const struct sipring_share *share = worker->party.share;
	unsigned at;

	if (!share)
		return false;
	/* Mail is here because its sender picked this worker: it does not travel on by the hash. */
	at = is_mail ? sipring_share_owner(share, &place->to)
		     : sipring_share_pick(share, &place->to);
	if (at >= share->n_places || at == worker->party.place)
		return false;
	go_elsewhere(place, at);
	return true;
}

static int find_by_peer(struct sipring_worker *worker, struct sipring_destination *place,
	bool is_mail, uint8_t listener)
{
	int r = -EXDEV;

	place->association = sipring_destination_find_peer(worker, &place->to);
	if (place->association || find_elsewhere(worker, place, is_mail))
		return 0;
	place->association = sipring_lifecycle_connect(worker,
		&(struct sipring_lifecycle_wish){&place->to, false, listener}, &r);
	if (place->association)
		return 0;
	/* Another was faster. */
	return r == -EXDEV && find_elsewhere(worker, place, is_mail) ? 0 : r;
}

/* By the id: true where that settles it, and *result says how. */
static bool find_by_id(struct sipring_worker *worker, const struct sipring_send *send,
	struct sipring_destination *place, int *result)
{
	const struct sipring_share *share = worker->party.share;
	struct sipring_association *association;
	unsigned at;

	association = sipring_table_find(&worker->table, send->association);
	*result = 0;
	if (association && sipring_association_takes_sends(association)) {
		place->association = association;
		return true;
	}
	*result = association && worker->draining ? -ESHUTDOWN : -ENOTCONN;
	if (association || !share)
		return false;
	at = sipring_share_marked(share, send->association);
	if (at >= share->n_workers || at == worker->party.place || !sipring_share_taker(share, at))
		return false;
	*result = go_elsewhere(place, at);
	return true;
}

int sipring_destination_find(struct sipring_worker *worker, const struct sipring_send *send,
	bool is_mail, struct sipring_destination *place)
{
	bool is_named = !send->to && send->target && send->target->host_kind == SIPRING_HOST_NAME;
	bool is_settled = false;
	int r = -EDESTADDRREQ, named;

	if (send->association)
		is_settled = find_by_id(worker, send, place, &r);
	if (place->association || (!send->to && !send->target))
		return r;
	if (is_named && !is_settled)
		return sipring_route_place(worker, send->target, &place->association,
			&place->route);
	if (is_named)
		return r;
	named = sipring_destination_name_peer(worker->sipring, send, &place->to);
	if (named < 0)
		return named;
	return is_settled ? r : find_by_peer(worker, place, is_mail, send->listener);
}

int sipring_connect(struct sipring_worker *worker, const struct sipring_connect *connect,
	uint32_t *id)
{
	struct sipring_association *association = NULL;
	union sipring_address to;
	int r;

	if (!connect->to) {
		*id = 0;
		return connect->target ? sipring_route_connect(worker, connect) : -EDESTADDRREQ;
	}
	r = sipring_destination_name_peer(worker->sipring,
		&(struct sipring_send){.to = connect->to}, &to);
	if (r < 0)
		return r;
	r = 1;
	if (!connect->additional)
		association = sipring_destination_find_peer(worker, &to);
	if (!association && !connect->additional &&
		find_elsewhere(worker, &(struct sipring_destination){.to = to}, false))
		return -EXDEV;
	if (!association)
		association = sipring_lifecycle_connect(worker,
			&(struct sipring_lifecycle_wish){&to, connect->additional, 0}, &r);
	if (!association)
		return r;
	*id = sipring_table_id(&worker->table, association);
	return r;
}
