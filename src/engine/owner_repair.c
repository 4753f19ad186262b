/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The owner table's lock, and what its next holder does where the last one was killed: keys that no
 * chain leads to are freed, entries of the dead go, and what only writers read is made anew from
 * what is in use. No order of stores has to survive a kill but that of the chains.
 */
#include "engine/owner_parts.h"

#include <sched.h>

#define TRIES_BEFORE_PROBE 256 /* turns given away before a few system calls are worth it */

/* Marks what chains lead to; the rest is in use for nobody. Lists of keys are made anew. */
static void repair_keys(struct sipring_owner_table *table)
{
	table->free_keys = 0;
	for (uint32_t i = 1; i < table->n_keys; i++)
		owner_key_at(table, i)->mark = 0;
	for (uint32_t i = 1; i < table->n_entries; i++)
		owner_entry_at(table, i)->keys = 0;
	for (uint32_t b = 0; b < table->n_buckets; b++)
		for (uint32_t i = owner_load(owner_bucket_at(table, b)); i;
			i = owner_load(&owner_key_at(table, i)->next)) {
			struct owner_key *key = owner_key_at(table, i);
			struct owner_entry *entry = owner_entry_at(table, owner_load(&key->entry));

			assert(!key->mark && owner_load(&key->version) & 1 &&
				owner_load(&key->bucket) == b);
			key->mark = 1;
			key->sibling = entry->keys;
			entry->keys = i;
		}
	for (uint32_t i = table->n_keys - 1; i > 0; i--) {
		struct owner_key *key = owner_key_at(table, i);

		if (key->mark)
			continue;
		if (!(owner_load(&key->version) & 1))
			owner_store(&key->version, owner_load(&key->version) + 1);
		sipring_owner_free_key(table, i);
	}
}

static void repair(struct sipring_owner_table *table, const struct sipring_members *members)
{
	uint32_t n_used = 0;

	atomic_fetch_add_explicit(&table->n_repairs, 1, memory_order_relaxed);
	repair_keys(table);
	table->free_entries = 0;
	for (uint32_t i = table->n_entries - 1; i > 0; i--) {
		struct owner_entry *entry = owner_entry_at(table, i);

		/* What has no key can be found by nobody. */
		if (!entry->keys)
			atomic_store_explicit(&entry->word, 0, memory_order_release);
		if (owner_entry_worker(entry)) {
			n_used++;
			continue;
		}
		assert(!entry->keys); /* sipring_owner_remove takes the keys first */
		entry->keys = table->free_entries;
		table->free_entries = i;
	}
	atomic_store_explicit(&table->n_used, n_used, memory_order_relaxed);
	for (uint32_t i = 1; i < table->n_entries; i++) {
		uint32_t worker = owner_entry_worker(owner_entry_at(table, i));

		if (worker && sipring_members_gone(members, worker))
			sipring_owner_remove(table, i);
	}
}

void sipring_owner_lock(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t who)
{
	assert(who);
	for (uint32_t n_tries = 1;; n_tries++) {
		uint32_t holder = 0;

		/* acquire: what the one before wrote is seen; pairs with sipring_owner_unlock */
		if (atomic_compare_exchange_strong_explicit(&table->lock, &holder, who,
			    memory_order_acquire, memory_order_relaxed))
			return;
		if (n_tries % TRIES_BEFORE_PROBE ? sipring_members_gone(members, holder)
						 : sipring_members_probe(members, holder)) {
			/* acquire: the dead one's last stores; of several only one gets it */
			if (!atomic_compare_exchange_strong_explicit(&table->lock, &holder, who,
				    memory_order_acquire, memory_order_relaxed))
				continue;
			repair(table, members);
			return;
		}
		sched_yield();
	}
}

void sipring_owner_unlock(struct sipring_owner_table *table)
{
	/* release: pairs with sipring_owner_lock */
	atomic_store_explicit(&table->lock, 0, memory_order_release);
}
