/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes to the owner table: claims, ends, added addresses, what the dead leave. Each takes the
 * lock, and each store leaves the chains well-formed for readers, who take none (owner.c says what
 * both rely on).
 */
#include "engine/owner_parts.h"

#include <errno.h>

/* The key of a name, for the holder of the lock; 0 for none. */
static uint32_t owner_search(const struct sipring_owner_table *table, const struct owner_name *name)
{
	uint32_t i = owner_load(owner_bucket_at(table, sipring_owner_name_bucket(table, name)));

	for (; i; i = owner_load(&owner_key_at(table, i)->next)) {
		const struct owner_key *key = owner_key_at(table, i);
		bool equal = true;

		for (unsigned j = 0; j < OWNER_NAME_WORDS; j++)
			equal &= atomic_load_explicit(&key->name[j], memory_order_relaxed) ==
				name->words[j];
		if (equal)
			return i;
	}
	return 0;
}

static void owner_unlink(struct sipring_owner_table *table, uint32_t i)
{
	struct owner_key *key = owner_key_at(table, i);
	_Atomic uint32_t *link = owner_bucket_at(table, owner_load(&key->bucket));

	while (owner_load(link) != i) {
		assert(owner_load(link));
		link = &owner_key_at(table, owner_load(link))->next;
	}
	owner_store(link, owner_load(&key->next));
}

void sipring_owner_free_key(struct sipring_owner_table *table, uint32_t i)
{
	struct owner_key *key = owner_key_at(table, i);

	assert(owner_load(&key->version) & 1);
	owner_store(&key->version, owner_load(&key->version) + 1);
	/*
	 * release, as all that is written to a key from here on: a reader who sees any of it sees
	 * the version as well, and begins again.
	 */
	owner_store(&key->next, table->free_keys);
	table->free_keys = i;
}

/* A key for a name that has none; false when there is no free one. */
static bool owner_link(struct sipring_owner_table *table, uint32_t entry,
	const struct owner_name *name)
{
	uint32_t i = table->free_keys, bucket = sipring_owner_name_bucket(table, name);
	struct owner_key *key = owner_key_at(table, i);

	if (!i)
		return false;
	assert(!(owner_load(&key->version) & 1));
	table->free_keys = owner_load(&key->next);
	for (unsigned j = 0; j < OWNER_NAME_WORDS; j++)
		atomic_store_explicit(&key->name[j], name->words[j], memory_order_release);
	owner_store(&key->bucket, bucket);
	owner_store(&key->entry, entry);
	owner_store(&key->next, owner_load(owner_bucket_at(table, bucket)));
	key->sibling = owner_entry_at(table, entry)->keys;
	owner_entry_at(table, entry)->keys = i;
	owner_store(&key->version, owner_load(&key->version) + 1);
	owner_store(owner_bucket_at(table, bucket), i);
	return true;
}

/* Keys first: a reader who still finds one finds the entry as it was. */
void sipring_owner_remove(struct sipring_owner_table *table, uint32_t i)
{
	struct owner_entry *entry = owner_entry_at(table, i);
	uint32_t next;

	for (uint32_t k = entry->keys; k; k = next) {
		next = owner_key_at(table, k)->sibling;
		owner_unlink(table, k);
		sipring_owner_free_key(table, k);
	}
	atomic_store_explicit(&entry->word, 0, memory_order_release);
	entry->keys = table->free_entries;
	table->free_entries = i;
	atomic_fetch_sub_explicit(&table->n_used, 1, memory_order_relaxed);
}

static void owner_tell(const struct sipring_owner_table *table, uint32_t i,
	struct sipring_owner *owner)
{
	const struct owner_entry *entry = owner_entry_at(table, i);
	uint64_t word = atomic_load_explicit(&entry->word, memory_order_relaxed);

	owner->handle = (uint64_t)owner_load(&entry->generation) << 32 | i;
	owner->worker = (uint32_t)(word >> 32);
	owner->association = (uint32_t)word;
}

/* The entry of an address whose owner lives; those of the dead are removed in passing. */
static uint32_t owner_taken(struct sipring_owner_table *table,
	const struct sipring_members *members, const struct owner_name *name)
{
	uint32_t key = owner_search(table, name);
	uint32_t entry = key ? owner_load(&owner_key_at(table, key)->entry) : 0;

	if (entry &&
		sipring_members_gone(members, owner_entry_worker(owner_entry_at(table, entry)))) {
		sipring_owner_remove(table, entry);
		return 0;
	}
	return entry;
}

/* A new entry with keys for all addresses; 0 when there is no room for it. */
static uint32_t owner_new(struct sipring_owner_table *table, uint32_t worker,
	const union sipring_address *addresses, uint32_t n_addresses)
{
	uint32_t i = table->free_entries;
	struct owner_entry *entry = owner_entry_at(table, i);

	if (!i)
		return 0;
	table->free_entries = entry->keys;
	entry->keys = 0;
	atomic_fetch_add_explicit(&table->n_used, 1, memory_order_relaxed);
	owner_store(&entry->generation,
		owner_load(&entry->generation) + 1 ? owner_load(&entry->generation) + 1 : 1);
	atomic_store_explicit(&entry->word, (uint64_t)worker << 32, memory_order_release);
	for (uint32_t j = 0; j < n_addresses; j++) {
		struct owner_name name = sipring_owner_name_of(&addresses[j]);

		if (owner_search(table, &name)) /* named twice */
			continue;
		if (!owner_link(table, i, &name)) {
			sipring_owner_remove(table, i);
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
	sipring_owner_lock(table, members, worker);
	for (uint32_t i = 0; i < n_addresses && !entry; i++) {
		struct owner_name name = sipring_owner_name_of(&addresses[i]);

		entry = owner_taken(table, members, &name);
	}
	if (!entry) {
		entry = owner_new(table, worker, addresses, n_addresses);
		result = entry ? SIPRING_OWNER_MINE : SIPRING_OWNER_FULL;
	}
	if (entry)
		owner_tell(table, entry, owner);
	sipring_owner_unlock(table);
	return result;
}

/* With the lock held: the entry of a handle, if it is the worker's; 0 otherwise. */
static uint32_t owner_mine(const struct sipring_owner_table *table, uint32_t worker,
	uint64_t handle)
{
	uint32_t i = (uint32_t)handle;

	if (!i || i >= table->n_entries)
		return 0;
	if (owner_load(&owner_entry_at(table, i)->generation) != handle >> 32)
		return 0;
	return owner_entry_worker(owner_entry_at(table, i)) == worker ? i : 0;
}

int sipring_owner_add(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t worker, uint64_t handle, const union sipring_address *address)
{
	struct owner_name name = sipring_owner_name_of(address);
	uint32_t entry, taken;
	int result = -ESTALE;

	sipring_owner_lock(table, members, worker);
	entry = owner_mine(table, worker, handle);
	if (entry) {
		taken = owner_taken(table, members, &name);
		if (taken)
			result = taken == entry ? SIPRING_OWNER_MINE : SIPRING_OWNER_THEIRS;
		else
			result = owner_link(table, entry, &name) ? SIPRING_OWNER_MINE
								 : SIPRING_OWNER_FULL;
	}
	sipring_owner_unlock(table);
	return result;
}

int sipring_owner_set(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t worker, uint64_t handle, uint32_t association)
{
	uint32_t entry;

	sipring_owner_lock(table, members, worker);
	entry = owner_mine(table, worker, handle);
	if (entry)
		atomic_store_explicit(&owner_entry_at(table, entry)->word,
			(uint64_t)worker << 32 | association, memory_order_release);
	sipring_owner_unlock(table);
	return entry ? 0 : -ESTALE;
}

int sipring_owner_release(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t worker, uint64_t handle)
{
	uint32_t entry;

	sipring_owner_lock(table, members, worker);
	entry = owner_mine(table, worker, handle);
	if (entry)
		sipring_owner_remove(table, entry);
	sipring_owner_unlock(table);
	return entry ? 0 : -ESTALE;
}

uint32_t sipring_owner_clean(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t caller)
{
	const uint32_t at_a_time = 256; /* others want to write in between */
	uint32_t n_removed = 0;

	for (uint32_t begin = 1; begin < table->n_entries; begin += at_a_time) {
		sipring_owner_lock(table, members, caller);
		for (uint32_t i = begin; i < begin + at_a_time && i < table->n_entries; i++) {
			uint32_t worker = owner_entry_worker(owner_entry_at(table, i));

			if (!worker || !sipring_members_gone(members, worker))
				continue;
			sipring_owner_remove(table, i);
			n_removed++;
		}
		sipring_owner_unlock(table);
	}
	return n_removed;
}
