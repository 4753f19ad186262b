/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a send goes. */
#pragma once

#include <sipring/sipring.h>

struct sipring_association;
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
/* The listed association to a peer that takes sends; one that is about to end makes room. */
struct sipring_association *sipring_destination_find_peer(struct sipring_worker *worker,
	const union sipring_address *peer);
