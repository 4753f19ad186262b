/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The associations of one worker: by 32-bit id, which goes stale with its association, and by the
 * peer's address.
 */
#pragma once

#include "assoc/association.h"
#include "base/pool.h"

/* One more address of an association's peer. */
struct sipring_table_path {
	struct sipring_hash_node by_address;
	struct sipring_list link; /* of its association's */
	union sipring_address address;
	struct sipring_association *association;
};

struct sipring_table {
	struct sipring_pool associations;
	struct sipring_hash by_peer;
	struct sipring_pool paths;
	struct sipring_hash by_path;
	uint64_t seed[2];
	uint32_t n_in_state[SIPRING_ASSOCIATION_STATES]; /* their sum is the count of all */
};

/* paths_max: addresses that peers have beside their primary ones, of all together. */
int sipring_table_open(struct sipring_table *table, uint32_t associations_max, uint32_t paths_max);
void sipring_table_close(struct sipring_table *table);
size_t sipring_table_footprint(uint32_t associations_max);
size_t sipring_table_paths_footprint(uint32_t paths_max);

/*
 * A fresh association; NULL when the table is full. Where listed, it is found by its peer's
 * address, if no other association to that peer is.
 */
struct sipring_association *sipring_table_add(struct sipring_table *table,
	const union sipring_address *peer, bool inbound, bool listed);
/* From here on it is found by its peer's address, where no other association to that peer is. */
void sipring_table_list(struct sipring_table *table, struct sipring_association *association);
void sipring_table_remove(struct sipring_table *table, struct sipring_association *association);
/* From here on it is not found by address any more. */
void sipring_table_unlist(struct sipring_table *table, struct sipring_association *association);

/*
 * One more address by which a listed association is found, until it is unlisted. 0; 1 where one is
 * found by it already, this one or another; -ENOBUFS where there is no room.
 */
int sipring_table_add_path(struct sipring_table *table, struct sipring_association *association,
	const union sipring_address *address);

/* The known addresses of its peer, the one it was begun with first; how many, up to max. */
unsigned sipring_table_addresses(const struct sipring_association *association,
	union sipring_address *addresses, unsigned max);

uint32_t sipring_table_id(const struct sipring_table *table,
	const struct sipring_association *association);
struct sipring_association *sipring_table_find(const struct sipring_table *table, uint32_t id);
/* By any of its addresses that is known. */
struct sipring_association *sipring_table_find_peer(const struct sipring_table *table,
	const union sipring_address *peer);

/* The association at an index from 0 to table->associations.n_items - 1, or NULL. */
struct sipring_association *sipring_table_at(const struct sipring_table *table, uint32_t index);

static inline uint32_t sipring_table_count(const struct sipring_table *table)
{
	return sipring_pool_used(&table->associations);
}
