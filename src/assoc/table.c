/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pool gives associations their ids, a hash seeded with a secret finds them by peer. Invariant:
 * of the associations to one peer at most one is listed, and it can still take sends or is about to
 * say why not; one that was given up is unlisted. Only one that is listed has paths, the further
 * addresses of its peer, and an address leads to one association.
 */
#include "assoc/table.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

int sipring_table_open(struct sipring_table *table, uint32_t associations_max, uint32_t paths_max)
{
	int r;

	if (getrandom(table->seed, sizeof table->seed, 0) != sizeof table->seed)
		return -EIO;
	r = sipring_pool_open(&table->associations, associations_max,
		sizeof(struct sipring_association));
	if (r < 0)
		return r;
	r = sipring_hash_open(&table->by_peer, associations_max);
	if (r == 0)
		r = sipring_pool_open(&table->paths, paths_max, sizeof(struct sipring_table_path));
	if (r == 0)
		r = sipring_hash_open(&table->by_path, paths_max);
	if (r < 0)
		sipring_table_close(table);
	return r;
}

void sipring_table_close(struct sipring_table *table)
{
	sipring_hash_close(&table->by_path);
	sipring_pool_close(&table->paths);
	sipring_hash_close(&table->by_peer);
	sipring_pool_close(&table->associations);
}

size_t sipring_table_paths_footprint(uint32_t paths_max)
{
	return sipring_pool_footprint(paths_max, sizeof(struct sipring_table_path)) +
		sipring_hash_footprint(paths_max);
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
	association->n_in_state = table->n_in_state;
	table->n_in_state[association->state]++;
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
	struct sipring_list *node;

	if (!association->listed)
		return;
	sipring_hash_remove(&table->by_peer, &association->by_peer);
	association->listed = false;
	while ((node = sipring_list_pop(&association->paths))) {
		struct sipring_table_path *path =
			SIPRING_CONTAINER(node, struct sipring_table_path, link);

		sipring_hash_remove(&table->by_path, &path->by_address);
		sipring_pool_give(&table->paths, path);
	}
}

int sipring_table_add_path(struct sipring_table *table, struct sipring_association *association,
	const union sipring_address *address)
{
	struct sipring_table_path *path;

	assert(association->listed);
	if (sipring_table_find_peer(table, address))
		return 1;
	path = sipring_pool_take(&table->paths);
	if (!path)
		return -ENOBUFS;
	*path = (struct sipring_table_path){.address = *address, .association = association};
	sipring_list_init(&path->link);
	sipring_list_append(&association->paths, &path->link);
	sipring_hash_insert(&table->by_path, &path->by_address,
		sipring_address_hash(address, table->seed));
	return 0;
}

void sipring_table_remove(struct sipring_table *table, struct sipring_association *association)
{
	assert(association->queue.n_messages == 0 && !association->partial.slot);
	sipring_table_unlist(table, association);
	assert(table->n_in_state[association->state] > 0);
	table->n_in_state[association->state]--;
	sipring_pool_give(&table->associations, association);
}

unsigned sipring_table_addresses(const struct sipring_association *association,
	union sipring_address *addresses, unsigned max)
{
	const struct sipring_list *paths = &association->paths, *node = paths->next;
	unsigned n = 0;

	assert(max > 0);
	addresses[n++] = association->peer;
	for (; node != paths && n < max; node = node->next)
		addresses[n++] = SIPRING_CONTAINER(node, struct sipring_table_path, link)->address;
	return n;
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

static struct sipring_association *find_path(const struct sipring_table *table,
	const union sipring_address *address, uint64_t hash)
{
	struct sipring_hash_node *node = sipring_hash_first(&table->by_path, hash);

	for (; node; node = sipring_hash_next(node)) {
		struct sipring_table_path *path =
			SIPRING_CONTAINER(node, struct sipring_table_path, by_address);

		if (sipring_address_equal(&path->address, address))
			return path->association;
	}
	return NULL;
}

struct sipring_association *sipring_table_find_peer(const struct sipring_table *table,
	const union sipring_address *peer)
{
	uint64_t hash = sipring_address_hash(peer, table->seed);
	struct sipring_hash_node *node = sipring_hash_first(&table->by_peer, hash);

	for (; node; node = sipring_hash_next(node)) {
		struct sipring_association *association =
			SIPRING_CONTAINER(node, struct sipring_association, by_peer);

		if (sipring_address_equal(&association->peer, peer))
			return association;
	}
	return sipring_pool_used(&table->paths) ? find_path(table, peer, hash) : NULL;
}

struct sipring_association *sipring_table_at(const struct sipring_table *table, uint32_t index)
{
	return sipring_pool_at(&table->associations, index);
}
