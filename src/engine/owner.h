/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which worker has the association to a peer: a table in shared memory that anybody reads without
 * a lock. A peer has one entry, and a key for each of its addresses. Who claims a peer first has
 * it; everyone else learns who that is.
 */
#pragma once

#include "engine/members.h"

#include <sipring/types.h>

#define SIPRING_OWNER_PEERS_MAX (1u << 20)

struct sipring_owner_table; /* lies in a region, without pointers */

struct sipring_owner {
	uint64_t handle;      /* of the entry; goes stale with it, never 0 */
	uint32_t worker;      /* a member's id */
	uint32_t association; /* its id with that worker; 0: not known yet */
};

enum sipring_owner_claim {
	SIPRING_OWNER_MINE = 0,
	SIPRING_OWNER_THEIRS = 1, /* or the claimer's own from before */
	SIPRING_OWNER_FULL = 2,
};

/* What a table of that many peers and addresses takes; SIZE_MAX for none or too many. */
size_t sipring_owner_footprint(uint32_t n_peers, uint32_t n_addresses);
/* On zeroed memory of that size, before anyone shares it. Returns 0 or -errno. */
int sipring_owner_init(struct sipring_owner_table *table, uint32_t n_peers, uint32_t n_addresses);

/* Whether the address has an owner who lives, and who. Takes no lock. */
bool sipring_owner_find(const struct sipring_owner_table *table,
	const struct sipring_members *members, const union sipring_address *address,
	struct sipring_owner *owner);

/*
 * Makes `worker` the owner of a peer with these addresses (1 or more), if none of them has one who
 * lives. *owner tells who has it now: MINE, the caller, from now on; THEIRS, who had the first of
 * the addresses that is taken. FULL: there is no room, and nothing changed.
 */
enum sipring_owner_claim sipring_owner_claim(struct sipring_owner_table *table,
	struct sipring_members *members, uint32_t worker, const union sipring_address *addresses,
	uint32_t n_addresses, struct sipring_owner *owner);

/*
 * One more address of a peer that the worker has: MINE also where it was there already, THEIRS
 * where another entry has it. -ESTALE for a handle whose entry is gone.
 */
int sipring_owner_add(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t worker, uint64_t handle, const union sipring_address *address);

/* The association is known now, or another one. Returns 0 or -ESTALE. */
int sipring_owner_set(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t worker, uint64_t handle, uint32_t association);

/* The peer with all its addresses is nobody's. Returns 0 or -ESTALE. */
int sipring_owner_release(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t worker, uint64_t handle);

/*
 * Every entry of a member that is gone, whoever, is nobody's; how many there were. `caller` is who
 * does it. Lookups and claims see nothing of such entries before, so this is about room only.
 */
uint32_t sipring_owner_clean(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t caller);

/* Peers in the table, those of the dead included. */
uint32_t sipring_owner_count(const struct sipring_owner_table *table);
/* How often a writer was killed at it and the next one mended the table. */
uint32_t sipring_owner_repairs(const struct sipring_owner_table *table);
