/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a send goes. */
#pragma once

#include "net/address_set.h"

#include <sipring/sipring.h>

struct sipring_association;
struct sipring_share;
struct sipring_route;

/* One of the three. */
struct sipring_destination {
	struct sipring_association *association;
	struct sipring_route *route;
	bool is_elsewhere; /* at the worker in a place, by this address if it is one */
	unsigned elsewhere;
	union sipring_address to;
};

/*
 * Finds it, or begins an association or a route. 0, or -errno as sipring_send. Of what came by mail
 * is_mail: it is not handed on but to an owner.
 */
int sipring_destination_find(struct sipring_worker *worker, const struct sipring_send *send,
	bool is_mail, struct sipring_destination *destination);
/* The peer's address with its port: sctp_port where it names none. 0 or -errno. */
int sipring_destination_name_peer(const struct sipring *sipring, const struct sipring_send *send,
	union sipring_address *peer);
/*
 * The same for n addresses of one peer, 1 or more, which have one port: 0 or -errno.
 */
int sipring_destination_name_peers(const struct sipring *sipring, const union sipring_address *to,
	unsigned n_to, struct sipring_address_set *peers);
/*
 * Of workers that share: the place of the one that has the peer by any of its addresses, else of
 * the one that is to connect, where mail does not travel on. n_places: nobody.
 */
unsigned sipring_destination_pick(const struct sipring_share *share,
	const union sipring_address *peers, unsigned n_peers, bool is_mail);
/* The listed association to a peer that takes sends; one that is about to end makes room. */
struct sipring_association *sipring_destination_find_peer(struct sipring_worker *worker,
	const union sipring_address *peer);
