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

unsigned sipring_destination_pick(const struct sipring_share *share,
	const union sipring_address *peers, unsigned n_peers, bool is_mail)
{
	unsigned at = share->n_places;

	/* Mail is here because its sender picked this worker: it does not travel on by the hash. */
	if (n_peers == 1)
		return is_mail ? sipring_share_owner(share, peers)
			       : sipring_share_pick(share, peers);
	for (unsigned i = 0; i < n_peers && at >= share->n_places; i++)
		at = sipring_share_owner(share, &peers[i]);
	return at < share->n_places || is_mail ? at : sipring_share_pick(share, peers);
}

/* Of workers that share: whether another has the association to a peer, or is to make it. */
static bool find_elsewhere(const struct sipring_worker *worker, const union sipring_address *peers,
	unsigned n_peers, bool is_mail, struct sipring_destination *place)
{
	const struct sipring_share *share = worker->party.share;
	unsigned at;

	if (!share)
		return false;
	at = sipring_destination_pick(share, peers, n_peers, is_mail);
	if (at >= share->n_places || at == worker->party.place)
		return false;
	go_elsewhere(place, at);
	return true;
}

int sipring_destination_name_peers(const struct sipring *sipring, const union sipring_address *to,
	unsigned n_to, struct sipring_address_set *peers)
{
	uint16_t port = sipring_address_port(to);

	peers->n_addresses = 0;
	if (port == 0)
		port = (uint16_t)sipring->config.sctp_port;
	for (unsigned i = 0; i < n_to; i++) {
		union sipring_address peer = to[i];

		if (peer.sa.sa_family != AF_INET && peer.sa.sa_family != AF_INET6)
			return -EAFNOSUPPORT;
		if (sipring_address_port(&peer) == 0)
			sipring_address_set_port(&peer, port);
		if (sipring_address_port(&peer) != port)
			return -EINVAL;
		if (sipring_address_set_add(peers, &peer) < 0)
			return -E2BIG;
	}
	return 0;
}

static struct sipring_association *find_any(struct sipring_worker *worker,
	const union sipring_address *peers, unsigned n_peers)
{
	struct sipring_association *association = NULL;

	for (unsigned i = 0; i < n_peers && !association; i++)
		association = sipring_destination_find_peer(worker, &peers[i]);
	return association;
}

static int find_by_peers(struct sipring_worker *worker, const union sipring_address *peers,
	unsigned n_peers, bool is_mail, uint8_t listener, struct sipring_destination *place)
{
	int r = -EXDEV;

	place->association = find_any(worker, peers, n_peers);
	if (place->association || find_elsewhere(worker, peers, n_peers, is_mail, place))
		return 0;
	place->association = sipring_lifecycle_connect(worker,
		&(struct sipring_lifecycle_wish){peers, n_peers, false, listener}, &r);
	if (place->association)
		return 0;
	/* Another was faster. */
	return r == -EXDEV && find_elsewhere(worker, peers, n_peers, is_mail, place) ? 0 : r;
}

static int find_by_peer(struct sipring_worker *worker, const struct sipring_send *send,
	bool is_mail, struct sipring_destination *place)
{
	struct sipring_address_set peers;
	int r;

	if (!send->to || send->n_to <= 1)
		return find_by_peers(worker, &place->to, 1, is_mail, send->listener, place);
	r = sipring_destination_name_peers(worker->sipring, send->to, send->n_to, &peers);
	if (r < 0)
		return r;
	return find_by_peers(worker, peers.addresses, peers.n_addresses, is_mail, send->listener,
		place);
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
	return is_settled ? r : find_by_peer(worker, send, is_mail, place);
}

int sipring_connect(struct sipring_worker *worker, const struct sipring_connect *connect,
	uint32_t *id)
{
	struct sipring_destination elsewhere = {0};
	struct sipring_association *association = NULL;
	struct sipring_address_set to;
	int r;

	if (!connect->to) {
		*id = 0;
		return connect->target ? sipring_route_connect(worker, connect) : -EDESTADDRREQ;
	}
	r = sipring_destination_name_peers(worker->sipring, connect->to,
		connect->n_to ? connect->n_to : 1, &to);
	if (r < 0)
		return r;
	r = 1;
	if (!connect->additional)
		association = find_any(worker, to.addresses, to.n_addresses);
	if (!association && !connect->additional &&
		find_elsewhere(worker, to.addresses, to.n_addresses, false, &elsewhere))
		return -EXDEV;
	if (!association)
		association = sipring_lifecycle_connect(worker,
			&(struct sipring_lifecycle_wish){to.addresses, to.n_addresses,
				connect->additional, 0},
			&r);
	if (!association)
		return r;
	*id = sipring_table_id(&worker->table, association);
	return r;
}
