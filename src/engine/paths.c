/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The addresses of a peer. When an association comes to stand SCTP knows them all; sends to any of
 * them are to find it, those of other workers too. Which of them packets take is SCTP's affair; the
 * host is told of changes, may look, and may name the one to prefer. Invariant: what is known here
 * goes with the listing of the association (assoc/table.c, claim.c).
 */
#include "engine/worker.h"

#include <errno.h>

/* More than we would name ourselves: peers may. */
#define ADDRESSES_MAX (2 * SIPRING_ADDRESS_SET_MAX)

void sipring_paths_learn(struct sipring_worker *worker, struct sipring_association *association)
{
	const struct sipring_party *party = &worker->party;
	union sipring_address addresses[ADDRESSES_MAX];
	unsigned n;

	if (!association->listed)
		return;
	n = worker->sctp->ops->addresses(worker->sctp, association->conn, addresses, ADDRESSES_MAX);
	for (unsigned i = 0; i < n; i++) {
		int r = sipring_table_add_path(&worker->table, association, &addresses[i]);

		if (r == -ENOBUFS)
			worker->stats.paths_unlisted++;
		if (r == 0 && association->claim)
			(void)sipring_owner_add(party->share->owners, party->share->members,
				party->member, association->claim, &addresses[i]);
	}
}

static struct sipring_association *find(struct sipring_worker *worker, uint32_t id)
{
	struct sipring_association *association = sipring_table_find(&worker->table, id);

	return association && association->stood &&
			association->state != SIPRING_ASSOCIATION_CLOSING
		? association
		: NULL;
}

int sipring_paths(struct sipring_worker *worker, uint32_t id, struct sipring_path *paths,
	unsigned n_max)
{
	struct sipring_association *association = find(worker, id);
	union sipring_address addresses[ADDRESSES_MAX];
	unsigned n;

	if (!association)
		return -ENOTCONN;
	if (n_max == 0)
		return -EINVAL;
	n = worker->sctp->ops->addresses(worker->sctp, association->conn, addresses, ADDRESSES_MAX);
	if (n > n_max)
		n = n_max;
	for (unsigned i = 0; i < n; i++) {
		struct sipring_sctp_path_info info = {0};
		int r = worker->sctp->ops->path(worker->sctp, association->conn, &addresses[i],
			&info);

		if (r < 0)
			return r;
		paths[i] = (struct sipring_path){
			.address = addresses[i],
			.srtt_ms = info.srtt_ms,
			.rto_ms = info.rto_ms,
			.cwnd = info.cwnd,
			.mtu = info.mtu,
			.usable = info.usable,
			.primary = i == 0,
		};
	}
	return (int)n;
}

int sipring_set_primary(struct sipring_worker *worker, uint32_t id,
	const union sipring_address *address)
{
	struct sipring_association *association = find(worker, id);
	union sipring_address to = *address;

	if (!association)
		return -ENOTCONN;
	if (to.sa.sa_family != AF_INET && to.sa.sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (sipring_address_port(&to) == 0)
		sipring_address_set_port(&to, sipring_address_port(&association->peer));
	return worker->sctp->ops->set_primary(worker->sctp, association->conn, &to);
}
