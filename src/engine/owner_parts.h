/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the owner table: how it lies in memory, for the files owner*.c and nobody else. */
#pragma once

#include "engine/owner.h"

#include <assert.h>
#include <stdatomic.h>

#define OWNER_LINE 64
#define OWNER_NAME_WORDS 3

/* An address as words that can be read one by one while somebody writes. */
struct owner_name {
	uint64_t words[OWNER_NAME_WORDS];
};

struct owner_key {
	_Atomic uint32_t version; /* odd: in use */
	_Atomic uint32_t bucket;
	_Atomic uint32_t next; /* in its chain; writers: in the free list */
	_Atomic uint32_t entry;
	_Atomic uint64_t name[OWNER_NAME_WORDS];
	uint32_t sibling; /* writers': the next of the same entry */
	uint32_t mark;    /* writers': while mending */
};

struct owner_entry {
	_Atomic uint64_t word;       /* worker << 32 | association; 0: free */
	_Atomic uint32_t generation; /* grows with each claim; from 1 */
	uint32_t keys;               /* writers': the first; in a free one: the next free one */
};

struct sipring_owner_table {
	uint64_t seed[2];
	uint32_t n_buckets; /* a power of two */
	uint32_t n_entries; /* with number 0 */
	uint32_t n_keys;
	_Alignas(OWNER_LINE) _Atomic uint32_t lock; /* who writes; 0: nobody */
	uint32_t free_entries;                      /* writers', like what follows */
	uint32_t free_keys;
	_Atomic uint32_t n_used;
	_Atomic uint32_t n_repairs;
	_Alignas(OWNER_LINE) char arrays[]; /* keys, entries, buckets */
};

static inline struct owner_key *owner_key_at(const struct sipring_owner_table *table, uint32_t i)
{
	assert(i < table->n_keys);
	return (struct owner_key *)(void *)table->arrays + i;
}

static inline struct owner_entry *owner_entry_at(const struct sipring_owner_table *table,
	uint32_t i)
{
	struct owner_key *end = (struct owner_key *)(void *)table->arrays + table->n_keys;

	assert(i < table->n_entries);
	return (struct owner_entry *)(void *)end + i;
}

static inline _Atomic uint32_t *owner_bucket_at(const struct sipring_owner_table *table, uint32_t i)
{
	struct owner_key *keys = (struct owner_key *)(void *)table->arrays + table->n_keys;
	struct owner_entry *end = (struct owner_entry *)(void *)keys + table->n_entries;

	assert(i < table->n_buckets);
	return (_Atomic uint32_t *)(void *)end + i;
}

/* What only the holder of the lock writes needs no order when he reads it himself. */
static inline uint32_t owner_load(const _Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static inline void owner_store(_Atomic uint32_t *word, uint32_t value)
{
	/* release: who comes to a key by this word finds what was written to it before */
	atomic_store_explicit(word, value, memory_order_release);
}

static inline uint32_t owner_entry_worker(const struct owner_entry *entry)
{
	return (uint32_t)(atomic_load_explicit(&entry->word, memory_order_relaxed) >> 32);
}

/* owner.c: an address as a name, and the bucket it belongs to. */
struct owner_name sipring_owner_name_of(const union sipring_address *address);
uint32_t sipring_owner_name_bucket(const struct sipring_owner_table *table,
	const struct owner_name *name);

/* owner_repair.c: who writes takes the lock; where its holder was killed the table is mended. */
void sipring_owner_lock(struct sipring_owner_table *table, struct sipring_members *members,
	uint32_t who);
void sipring_owner_unlock(struct sipring_owner_table *table);

/* owner_write.c, with the lock held: frees a key that no chain leads to; an entry and its keys. */
void sipring_owner_free_key(struct sipring_owner_table *table, uint32_t i);
void sipring_owner_remove(struct sipring_owner_table *table, uint32_t i);
