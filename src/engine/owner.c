/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys in chains behind a fixed array of buckets, all named by index; key and entry 0 are nobody's
 * and mean "none". An entry's word says worker and association at once, so a reader never sees half
 * of an answer.
 *
 * Readers take no lock. A chain is changed by single stores only and is well-formed at any instant;
 * what a reader looks at may be unlinked and used again below him, so each key has a version, odd
 * while it is in use: the same before and after, with the key in the bucket it was looked for in,
 * means that all that was read in between belongs together. Otherwise he begins again. (A seqlock
 * for each key.) A key that stays in the table is never missed: from a key that was unlinked under
 * way one comes back to the same chain, or one begins again.
 *
 * Writers take turns: one word holds the member who writes. Claims, ends and added addresses are
 * few beside lookups, and each is a few stores (owner_write.c). Where the holder was killed, the
 * next writer takes the word over and mends (owner_repair.c): in-use keys that no chain leads to
 * are freed, entries of the dead go, and the free lists and the lists of keys per entry, which only
 * writers read, are made anew from what is in use. So no order of stores has to survive a kill
 * except what readers see.
 *
 * Invariant, with the lock free: each key in use is in the chain of its bucket and in the list of
 * its entry, which is in use; every other key and entry is in a free list.
 */
#include "engine/owner_parts.h"

#include "base/hash.h"
#include "base/power.h"
#include "net/address.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define ADDRESSES_MAX (8 * SIPRING_OWNER_PEERS_MAX)

struct owner_name sipring_owner_name_of(const union sipring_address *address)
{
	struct owner_name name = {
		{address->sa.sa_family | (uint64_t)sipring_address_port(address) << 16}};

	if (address->sa.sa_family == AF_INET) {
		name.words[1] = address->v4.sin_addr.s_addr;
	} else if (address->sa.sa_family == AF_INET6) {
		name.words[0] |= (uint64_t)address->v6.sin6_scope_id << 32;
		memcpy(&name.words[1], &address->v6.sin6_addr, sizeof address->v6.sin6_addr);
	}
	return name;
}

uint32_t sipring_owner_name_bucket(const struct sipring_owner_table *table,
	const struct owner_name *name)
{
	uint64_t hash = sipring_hash_bytes(table->seed, name, sizeof *name);

	return (uint32_t)hash & (table->n_buckets - 1);
}

size_t sipring_owner_footprint(uint32_t n_peers, uint32_t n_addresses)
{
	if (!n_peers || n_peers > SIPRING_OWNER_PEERS_MAX)
		return SIZE_MAX;
	if (n_addresses < n_peers || n_addresses > ADDRESSES_MAX)
		return SIZE_MAX;
	return sizeof(struct sipring_owner_table) + (n_addresses + 1) * sizeof(struct owner_key) +
		(n_peers + 1) * sizeof(struct owner_entry) +
		sipring_power_of_two(n_addresses) * sizeof(uint32_t);
}

int sipring_owner_init(struct sipring_owner_table *table, uint32_t n_peers, uint32_t n_addresses)
{
	if (sipring_owner_footprint(n_peers, n_addresses) == SIZE_MAX)
		return -EINVAL;
	if (getrandom(table->seed, sizeof table->seed, 0) != sizeof table->seed)
		return -EIO;
	table->n_buckets = sipring_power_of_two(n_addresses);
	table->n_entries = n_peers + 1;
	table->n_keys = n_addresses + 1;
	for (uint32_t i = n_peers; i > 0; i--) {
		owner_entry_at(table, i)->keys = table->free_entries;
		table->free_entries = i;
	}
	for (uint32_t i = n_addresses; i > 0; i--) {
		owner_store(&owner_key_at(table, i)->next, table->free_keys);
		table->free_keys = i;
	}
	return 0;
}

enum look {
	LOOK_FOUND,
	LOOK_NOT_THIS,
	LOOK_CHANGED, /* below the reader: he begins again */
};

/* One key of a chain, read as one; its successor in *next. */
static enum look owner_look(const struct sipring_owner_table *table, uint32_t bucket,
	const struct owner_name *name, uint32_t *next, struct sipring_owner *owner)
{
	const struct owner_key *key = owner_key_at(table, *next);
	/* acquire, here and below: each is read after the one above, the version last once more */
	uint32_t version = atomic_load_explicit(&key->version, memory_order_acquire);
	uint32_t entry = atomic_load_explicit(&key->entry, memory_order_acquire);
	bool same = atomic_load_explicit(&key->bucket, memory_order_acquire) == bucket;
	bool equal = true;

	*next = atomic_load_explicit(&key->next, memory_order_acquire);
	for (unsigned i = 0; i < OWNER_NAME_WORDS; i++)
		equal &=
			atomic_load_explicit(&key->name[i], memory_order_acquire) == name->words[i];
	if (equal) {
		const struct owner_entry *e = owner_entry_at(table, entry);
		uint32_t generation = atomic_load_explicit(&e->generation, memory_order_acquire);
		uint64_t word = atomic_load_explicit(&e->word, memory_order_acquire);

		owner->handle = (uint64_t)generation << 32 | entry;
		owner->worker = (uint32_t)(word >> 32);
		owner->association = (uint32_t)word;
	}
	/* An entry is freed after its keys, so it was this key's if the key did not change. */
	if (!same || !(version & 1) ||
		atomic_load_explicit(&key->version, memory_order_relaxed) != version)
		return LOOK_CHANGED;
	return equal ? LOOK_FOUND : LOOK_NOT_THIS;
}

bool sipring_owner_find(const struct sipring_owner_table *table,
	const struct sipring_members *members, const union sipring_address *address,
	struct sipring_owner *owner)
{
	struct owner_name name = sipring_owner_name_of(address);
	uint32_t bucket = sipring_owner_name_bucket(table, &name);
	uint32_t next;

again:
	/* acquire: pairs with put */
	next = atomic_load_explicit(owner_bucket_at(table, bucket), memory_order_acquire);
	while (next) {
		switch (owner_look(table, bucket, &name, &next, owner)) {
		case LOOK_FOUND:
			return !sipring_members_gone(members, owner->worker);
		case LOOK_NOT_THIS:
			break;
		case LOOK_CHANGED:
			goto again;
		}
	}
	return false;
}

uint32_t sipring_owner_count(const struct sipring_owner_table *table)
{
	return atomic_load_explicit(&table->n_used, memory_order_relaxed);
}

uint32_t sipring_owner_repairs(const struct sipring_owner_table *table)
{
	return atomic_load_explicit(&table->n_repairs, memory_order_relaxed);
}
