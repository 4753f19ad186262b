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
 * few beside lookups, and each is a few stores. Where the holder was killed, the next writer takes
 * the word over and mends (owner_repair): in-use keys that no chain leads to are freed, entries of
 * the dead go, and the free lists and the lists of keys per entry, which only writers read, are
 * made anew from what is in use. So no order of stores below has to survive a kill except what
 * readers see.
 *
 * Invariant, with the lock free: each key in use is in the chain of its bucket and in the list of
 * its entry, which is in use; every other key and entry is in a free list.
 */
#include "engine/owner.h"

#include "base/hash.h"
#include "base/power.h"
#include "net/address.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#define LINE 64
#define ADDRESSES_MAX (8 * SIPRING_OWNER_PEERS_MAX)
#define NAME_WORDS 3
#define TRIES_BEFORE_PROBE 256 /* turns given away before a few system calls are worth it */

/* An address as words that can be read one by one while somebody writes. */
struct name {
	uint64_t words[NAME_WORDS];
};

struct key {
	_Atomic uint32_t version; /* odd: in use */
	_Atomic uint32_t bucket;
	_Atomic uint32_t next; /* in its chain; writers: in the free list */
	_Atomic uint32_t entry;
	_Atomic uint64_t name[NAME_WORDS];
	uint32_t sibling; /* writers': the next of the same entry */
	uint32_t mark;    /* writers': while mending */
};

struct entry {
	_Atomic uint64_t word;       /* worker << 32 | association; 0: free */
	_Atomic uint32_t generation; /* grows with each claim; from 1 */
	uint32_t keys;               /* writers': the first; in a free one: the next free one */
};

struct sipring_owner_table {
	uint64_t seed[2];
	uint32_t n_buckets; /* a power of two */
	uint32_t n_entries; /* with number 0 */
	uint32_t n_keys;
	_Alignas(LINE) _Atomic uint32_t lock; /* who writes; 0: nobody */
	uint32_t free_entries;                /* writers', like what follows */
	uint32_t free_keys;
	_Atomic uint32_t n_used;
	_Atomic uint32_t n_repairs;
	_Alignas(LINE) char arrays[]; /* keys, entries, buckets */
};

static struct key *table_key(const struct sipring_owner_table *table, uint32_t i)
{
	assert(i < table->n_keys);
	return (struct key *)(void *)table->arrays + i;
}

static struct entry *table_entry(const struct sipring_owner_table *table, uint32_t i)
{
	struct key *end = (struct key *)(void *)table->arrays + table->n_keys;

	assert(i < table->n_entries);
	return (struct entry *)(void *)end + i;
}

static _Atomic uint32_t *table_bucket(const struct sipring_owner_table *table, uint32_t i)
{
	struct key *keys = (struct key *)(void *)table->arrays + table->n_keys;
	struct entry *end = (struct entry *)(void *)keys + table->n_entries;

	assert(i < table->n_buckets);
	return (_Atomic uint32_t *)(void *)end + i;
}

/* What only the holder of the lock writes needs no order when he reads it himself. */
static uint32_t own(const _Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void put(_Atomic uint32_t *word, uint32_t value)
{
	/* release: who comes to a key by this word finds what was written to it before */
	atomic_store_explicit(word, value, memory_order_release);
}

static struct name name_of(const union sipring_address *address)
{
	struct name name = {
		{address->sa.sa_family | (uint64_t)sipring_address_port(address) << 16}};

	if (address->sa.sa_family == AF_INET) {
		name.words[1] = address->v4.sin_addr.s_addr;
	} else if (address->sa.sa_family == AF_INET6) {
		name.words[0] |= (uint64_t)address->v6.sin6_scope_id << 32;
		memcpy(&name.words[1], &address->v6.sin6_addr, sizeof address->v6.sin6_addr);
	}
	return name;
}

static uint32_t name_bucket(const struct sipring_owner_table *table, const struct name *name)
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
	return sizeof(struct sipring_owner_table) + (n_addresses + 1) * sizeof(struct key) +
		(n_peers + 1) * sizeof(struct entry) +
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
		table_entry(table, i)->keys = table->free_entries;
		table->free_entries = i;
	}
	for (uint32_t i = n_addresses; i > 0; i--) {
		put(&table_key(table, i)->next, table->free_keys);
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
	const struct name *name, uint32_t *next, struct sipring_owner *owner)
{
	const struct key *key = table_key(table, *next);
	/* acquire, here and below: each is read after the one above, the version last once more */
	uint32_t version = atomic_load_explicit(&key->version, memory_order_acquire);
	uint32_t entry = atomic_load_explicit(&key->entry, memory_order_acquire);
	bool same = atomic_load_explicit(&key->bucket, memory_order_acquire) == bucket;
	bool equal = true;

	*next = atomic_load_explicit(&key->next, memory_order_acquire);
	for (unsigned i = 0; i < NAME_WORDS; i++)
		equal &=
			atomic_load_explicit(&key->name[i], memory_order_acquire) == name->words[i];
	if (equal) {
		const struct entry *e = table_entry(table, entry);
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
	struct name name = name_of(address);
	uint32_t bucket = name_bucket(table, &name);
	uint32_t next;

again:
	/* acquire: pairs with put */
	next = atomic_load_explicit(table_bucket(table, bucket), memory_order_acquire);
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

/* The key of a name, for the holder of the lock; 0 for none. */
static uint32_t owner_search(const struct sipring_owner_table *table, const struct name *name)
{
	uint32_t i = own(table_bucket(table, name_bucket(table, name)));

	for (; i; i = own(&table_key(table, i)->next)) {
		const struct key *key = table_key(table, i);
		bool equal = true;

		for (unsigned j = 0; j < NAME_WORDS; j++)
			equal &= atomic_load_explicit(&key->name[j], memory_order_relaxed) ==
				name->words[j];
		if (equal)
			return i;
	}
	return 0;
}

static void owner_unlink(struct sipring_owner_table *table, uint32_t i)
{
	struct key *key = table_key(table, i);
	_Atomic uint32_t *link = table_bucket(table, own(&key->bucket));

	while (own(link) != i) {
		assert(own(link));
		link = &table_key(table, own(link))->next;
	}
	put(link, own(&key->next));
}

static void owner_free_key(struct sipring_owner_table *table, uint32_t i)
{
	struct key *key = table_key(table, i);

	assert(own(&key->version) & 1);
	put(&key->version, own(&key->version) + 1);
	/*
	 * release, as all that is written to a key from here on: a reader who sees any of it sees
	 * the version as well, and begins again.
	 */
	put(&key->next, table->free_keys);
	table->free_keys = i;
}

/* A key for a name that has none; false when there is no free one. */
static bool owner_link(struct sipring_owner_table *table, uint32_t entry, const struct name *name)
{
	uint32_t i = table->free_keys, bucket = name_bucket(table, name);
	struct key *key = table_key(table, i);

	if (!i)
		return false;
	assert(!(own(&key->version) & 1));
	table->free_keys = own(&key->next);
	for (unsigned j = 0; j < NAME_WORDS; j++)
		atomic_store_explicit(&key->name[j], name->words[j], memory_order_release);
	put(&key->bucket, bucket);
	put(&key->entry, entry);
	put(&key->next, own(table_bucket(table, bucket)));
	key->sibling = table_entry(table, entry)->keys;
	table_entry(table, entry)->keys = i;
	put(&key->version, own(&key->version) + 1);
	put(table_bucket(table, bucket), i);
	return true;
}

/* Keys first: a reader who still finds one finds the entry as it was. */
static void owner_remove(struct sipring_owner_table *table, uint32_t i)
{
	struct entry *entry = table_entry(table, i);
	uint32_t next;

	for (uint32_t k = entry->keys; k; k = next) {
		next = table_key(table, k)->sibling;
		owner_unlink(table, k);
		owner_free_key(table, k);
	}
	atomic_store_explicit(&entry->word, 0, memory_order_release);
	entry->keys = table->free_entries;
	table->free_entries = i;
	atomic_fetch_sub_explicit(&table->n_used, 1, memory_order_relaxed);
}

static uint32_t entry_worker(const struct entry *entry)
{
	return (uint32_t)(atomic_load_explicit(&entry->word, memory_order_relaxed) >> 32);
}

/* Marks what chains lead to; the rest is in use for nobody. Lists of keys are made anew. */
static void owner_repair_keys(struct sipring_owner_table *table)
{
	table->free_keys = 0;
	for (uint32_t i = 1; i < table->n_keys; i++)
		table_key(table, i)->mark = 0;
	for (uint32_t i = 1; i < table->n_entries; i++)
		table_entry(table, i)->keys = 0;
	for (uint32_t b = 0; b < table->n_buckets; b++)
		for (uint32_t i = own(table_bucket(table, b)); i;
			i = own(&table_key(table, i)->next)) {
			struct key *key = table_key(table, i);
			struct entry *entry = table_entry(table, own(&key->entry));

			assert(!key->mark && own(&key->version) & 1 && own(&key->bucket) == b);
			key->mark = 1;
			key->sibling = entry->keys;
			entry->keys = i;
		}
	for (uint32_t i = table->n_keys - 1; i > 0; i--) {
		struct key *key = table_key(table, i);

		if (key->mark)
			continue;
		if (!(own(&key->version) & 1))
			put(&key->version, own(&key->version) + 1);
		owner_free_key(table, i);
	}
}

static void owner_repair(struct sipring_owner_table *table, const struct sipring_members *members)
{
	uint32_t n_used = 0;

	atomic_fetch_add_explicit(&table->n_repairs, 1, memory_order_relaxed);
	owner_repair_keys(table);
	table->free_entries = 0;
	for (uint32_t i = table->n_entries - 1; i > 0; i--) {
		struct entry *entry = table_entry(table, i);

		/* What has no key can be found by nobody. */
		if (!entry->keys)
			atomic_store_explicit(&entry->word, 0, memory_order_release);
		if (entry_worker(entry)) {
			n_used++;
			continue;
		}
		assert(!entry->keys); /* owner_remove takes the keys first */
		entry->keys = table->free_entries;
		table->free_entries = i;
	}
	atomic_store_explicit(&table->n_used, n_used, memory_order_relaxed);
	for (uint32_t i = 1; i < table->n_entries; i++) {
		uint32_t worker = entry_worker(table_entry(table, i));

		if (worker && sipring_members_gone(members, worker))
			owner_remove(table, i);
	}
}

static void owner_lock(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t who)
{
	assert(who);
	for (uint32_t n_tries = 1;; n_tries++) {
		uint32_t holder = 0;

		/* acquire: what the one before wrote is seen; pairs with owner_unlock */
		if (atomic_compare_exchange_strong_explicit(&table->lock, &holder, who,
			    memory_order_acquire, memory_order_relaxed))
			return;
		if (n_tries % TRIES_BEFORE_PROBE ? sipring_members_gone(members, holder)
						 : sipring_members_probe(members, holder)) {
			/* acquire: the dead one's last stores; of several only one gets it */
			if (!atomic_compare_exchange_strong_explicit(&table->lock, &holder, who,
				    memory_order_acquire, memory_order_relaxed))
				continue;
			owner_repair(table, members);
			return;
		}
		sched_yield();
	}
}

static void owner_unlock(struct sipring_owner_table *table)
{
	/* release: pairs with owner_lock */
	atomic_store_explicit(&table->lock, 0, memory_order_release);
}

static void owner_tell(const struct sipring_owner_table *table, uint32_t i,
	struct sipring_owner *owner)
{
	const struct entry *entry = table_entry(table, i);
	uint64_t word = atomic_load_explicit(&entry->word, memory_order_relaxed);

	owner->handle = (uint64_t)own(&entry->generation) << 32 | i;
	owner->worker = (uint32_t)(word >> 32);
	owner->association = (uint32_t)word;
}

/* The entry of an address whose owner lives; those of the dead are removed in passing. */
static uint32_t owner_taken(struct sipring_owner_table *table,
	const struct sipring_members *members, const struct name *name)
{
	uint32_t key = owner_search(table, name);
	uint32_t entry = key ? own(&table_key(table, key)->entry) : 0;

	if (entry && sipring_members_gone(members, entry_worker(table_entry(table, entry)))) {
		owner_remove(table, entry);
		return 0;
	}
	return entry;
}

/* A new entry with keys for all addresses; 0 when there is no room for it. */
static uint32_t owner_new(struct sipring_owner_table *table, uint32_t worker,
	const union sipring_address *addresses, uint32_t n_addresses)
{
	uint32_t i = table->free_entries;
	struct entry *entry = table_entry(table, i);

	if (!i)
		return 0;
	table->free_entries = entry->keys;
	entry->keys = 0;
	atomic_fetch_add_explicit(&table->n_used, 1, memory_order_relaxed);
	put(&entry->generation, own(&entry->generation) + 1 ? own(&entry->generation) + 1 : 1);
	atomic_store_explicit(&entry->word, (uint64_t)worker << 32, memory_order_release);
	for (uint32_t j = 0; j < n_addresses; j++) {
		struct name name = name_of(&addresses[j]);

		if (owner_search(table, &name)) /* named twice */
			continue;
		if (!owner_link(table, i, &name)) {
			owner_remove(table, i);
			return 0;
		}
	}
	return i;
}

enum sipring_owner_claim sipring_owner_claim(struct sipring_owner_table *table,
	struct sipring_members *members, uint32_t worker, const union sipring_address *addresses,
	uint32_t n_addresses, struct sipring_owner *owner)
{
	enum sipring_owner_claim result = SIPRING_OWNER_THEIRS;
	uint32_t entry = 0;

	assert(n_addresses);
	owner_lock(table, members, worker);
	for (uint32_t i = 0; i < n_addresses && !entry; i++) {
		struct name name = name_of(&addresses[i]);

		entry = owner_taken(table, members, &name);
	}
	if (!entry) {
		entry = owner_new(table, worker, addresses, n_addresses);
		result = entry ? SIPRING_OWNER_MINE : SIPRING_OWNER_FULL;
	}
	if (entry)
		owner_tell(table, entry, owner);
	owner_unlock(table);
	return result;
}

/* With the lock held: the entry of a handle, if it is the worker's; 0 otherwise. */
static uint32_t owner_mine(const struct sipring_owner_table *table, uint32_t worker,
	uint64_t handle)
{
	uint32_t i = (uint32_t)handle;

	if (!i || i >= table->n_entries)
		return 0;
	if (own(&table_entry(table, i)->generation) != handle >> 32)
		return 0;
	return entry_worker(table_entry(table, i)) == worker ? i : 0;
}

int sipring_owner_add(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t worker, uint64_t handle, const union sipring_address *address)
{
	struct name name = name_of(address);
	uint32_t entry, taken;
	int result = -ESTALE;

	owner_lock(table, members, worker);
	entry = owner_mine(table, worker, handle);
	if (entry) {
		taken = owner_taken(table, members, &name);
		if (taken)
			result = taken == entry ? SIPRING_OWNER_MINE : SIPRING_OWNER_THEIRS;
		else
			result = owner_link(table, entry, &name) ? SIPRING_OWNER_MINE
								 : SIPRING_OWNER_FULL;
	}
	owner_unlock(table);
	return result;
}

int sipring_owner_set(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t worker, uint64_t handle, uint32_t association)
{
	uint32_t entry;

	owner_lock(table, members, worker);
	entry = owner_mine(table, worker, handle);
	if (entry)
		atomic_store_explicit(&table_entry(table, entry)->word,
			(uint64_t)worker << 32 | association, memory_order_release);
	owner_unlock(table);
	return entry ? 0 : -ESTALE;
}

int sipring_owner_release(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t worker, uint64_t handle)
{
	uint32_t entry;

	owner_lock(table, members, worker);
	entry = owner_mine(table, worker, handle);
	if (entry)
		owner_remove(table, entry);
	owner_unlock(table);
	return entry ? 0 : -ESTALE;
}

uint32_t sipring_owner_clean(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t caller)
{
	const uint32_t at_a_time = 256; /* others want to write in between */
	uint32_t n_removed = 0;

	for (uint32_t begin = 1; begin < table->n_entries; begin += at_a_time) {
		owner_lock(table, members, caller);
		for (uint32_t i = begin; i < begin + at_a_time && i < table->n_entries; i++) {
			uint32_t worker = entry_worker(table_entry(table, i));

			if (!worker || !sipring_members_gone(members, worker))
				continue;
			owner_remove(table, i);
			n_removed++;
		}
		owner_unlock(table);
	}
	return n_removed;
}

uint32_t sipring_owner_count(const struct sipring_owner_table *table)
{
	return atomic_load_explicit(&table->n_used, memory_order_relaxed);
}

uint32_t sipring_owner_repairs(const struct sipring_owner_table *table)
{
	return atomic_load_explicit(&table->n_repairs, memory_order_relaxed);
}
