/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Claims: of all associations to a peer, in whichever worker, one is listed for all; by its peer's
 * address sends of every worker come to it. One whose claim failed lives on unlisted, and tries
 * again now and then, for the other may have ended. Where nothing is shared the worker's own table
 * is all there is. Invariant: an association with a claim is listed in the worker's table.
 */
#include "engine/worker.h"

#include <assert.h>

enum sipring_owner_claim sipring_claim_take(struct sipring_worker *worker,
	struct sipring_association *association)
{
	const struct sipring_party *party = &worker->party;
	union sipring_address addresses[SIPRING_ADDRESS_SET_MAX];
	enum sipring_owner_claim claim;
	struct sipring_owner owner;
	uint32_t n;

	if (!party->share || !association->listed)
		return SIPRING_OWNER_MINE;
	n = sipring_table_addresses(association, addresses, SIPRING_ADDRESS_SET_MAX);
	claim = sipring_owner_claim(party->share->owners, party->share->members, party->member,
		addresses, n, &owner);
	if (claim == SIPRING_OWNER_FULL) {
		sipring_owner_clean(party->share->owners, party->share->members, party->member);
		claim = sipring_owner_claim(party->share->owners, party->share->members,
			party->member, addresses, n, &owner);
	}
	if (claim == SIPRING_OWNER_THEIRS && owner.worker == party->member)
		claim = SIPRING_OWNER_FULL;
	if (claim == SIPRING_OWNER_MINE)
		association->claim = owner.handle;
	else
		sipring_table_unlist(&worker->table, association);
	return claim;
}

void sipring_claim_yield(struct sipring_worker *worker, struct sipring_association *association)
{
	const struct sipring_party *party = &worker->party;

	if (association->claim)
		sipring_owner_release(party->share->owners, party->share->members, party->member,
			association->claim);
	association->claim = 0;
}

void sipring_claim_again(struct sipring_worker *worker, struct sipring_association *association)
{
	if (!association->listed || sipring_claim_take(worker, association) == SIPRING_OWNER_MINE)
		return;
	association->unclaimed = true;
	worker->n_unclaimed++;
}

void sipring_claim_drop(struct sipring_worker *worker, struct sipring_association *association)
{
	sipring_table_unlist(&worker->table, association);
	sipring_claim_yield(worker, association);
}

void sipring_claim_retry(struct sipring_worker *worker)
{
	if (!worker->n_unclaimed)
		return;
	worker->n_unclaimed = 0;
	for (uint32_t i = 0; i < worker->table.associations.n_items; i++) {
		struct sipring_association *association = sipring_table_at(&worker->table, i);

		if (!association || !association->unclaimed)
			continue;
		association->unclaimed = false;
		sipring_claim_inbound(worker, association);
	}
}

void sipring_claim_inbound(struct sipring_worker *worker, struct sipring_association *association)
{
	if (!sipring_association_takes_sends(association) || association->listed)
		return;
	sipring_table_list(&worker->table, association);
	if (association->listed && sipring_claim_take(worker, association) == SIPRING_OWNER_MINE) {
		sipring_paths_learn(worker, association);
		return;
	}
	association->unclaimed = worker->party.share != NULL;
	worker->n_unclaimed += association->unclaimed;
}
