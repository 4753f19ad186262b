/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pool gives associations their ids, a hash seeded with a secret finds them by peer. Invariant:
 * of the associations to one peer at most one is listed, and it can still take sends or is about to
 * say why not; one that was given up is unlisted.
 */
#include "assoc/table.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

int sipring_table_open(struct sipring_table *table, uint32_t associations_max)
{
	int r;

	if (getrandom(table->seed, sizeof table->seed, 0) != sizeof table->seed)
		return -EIO;
	r = sipring_pool_open(&table->associations, associations_max,
		sizeof(struct sipring_association));
	if (r < 0)
		return r;
	r = sipring_hash_open(&table->by_peer, associations_max);
	if (r < 0)
		sipring_pool_close(&table->associations);
	return r;
}

void sipring_table_close(struct sipring_table *table)
{
	sipring_hash_close(&table->by_peer);
	sipring_pool_close(&table->associations);
}

size_t sipring_table_footprint(uint32_t associations_max)
{
	return sipring_pool_footprint(associations_max, sizeof(struct sipring_association)) +
		sipring_hash_footprint(associations_max);
}

struct sipring_association *sipring_table_add(struct sipring_table *table,
	const union sipring_address *peer, bool inbound, bool listed)
{
	struct sipring_association *association = sipring_pool_take(&table->associations);

	if (!association)
		return NULL;
	sipring_association_init(association, inbound);
	association->peer = *peer;
	if (listed)
		sipring_table_list(table, association);
	return association;
}

void sipring_table_list(struct sipring_table *table, struct sipring_association *association)
{
	if (association->listed || sipring_table_find_peer(table, &association->peer))
		return;
	association->listed = true;
	sipring_hash_insert(&table->by_peer, &association->by_peer,
		sipring_address_hash(&association->peer, table->seed));
}

void sipring_table_unlist(struct sipring_table *table, struct sipring_association *association)
{
	if (!association->listed)
		return;
	sipring_hash_remove(&table->by_peer, &association->by_peer);
	association->listed = false;
}

void sipring_table_remove(struct sipring_table *table, struct sipring_association *association)
{
	assert(association->queue.n_messages == 0 && !association->partial.slot);
	sipring_table_unlist(table, association);
	sipring_pool_give(&table->associations, association);
}

uint32_t sipring_table_id(const struct sipring_table *table,
	const struct sipring_association *association)
{
	return sipring_pool_handle(&table->associations, association);
}

struct sipring_association *sipring_table_find(const struct sipring_table *table, uint32_t id)
{
	return sipring_pool_find(&table->associations, id);
}

struct sipring_association *sipring_table_find_peer(const struct sipring_table *table,
	const union sipring_address *peer)
{
	struct sipring_hash_node *node =
		sipring_hash_first(&table->by_peer, sipring_address_hash(peer, table->seed));

	for (; node; node = sipring_hash_next(node)) {
		struct sipring_association *association =
			SIPRING_CONTAINER(node, struct sipring_association, by_peer);

		if (sipring_address_equal(&association->peer, peer))
			return association;
	}
	return NULL;
}

struct sipring_association *sipring_table_at(const struct sipring_table *table, uint32_t index)
{
	return sipring_pool_at(&table->associations, index);
}
