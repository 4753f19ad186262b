/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cache of answers. Time is what the caller hands in, in milliseconds. What failed (nobody
 * knows) is kept for the least time only: long enough that its askers see it, and no longer.
 * Invariant: an entry in use is in the hash, and either asked or in the list of the settled.
 */
#include "dns/cache.h"

#include <assert.h>
#include <string.h>

#define TTL_LEAST 1 /* seconds */

int sipring_dns_cache_open(struct sipring_dns_cache *cache, uint32_t n_entries,
	const uint64_t seed[2])
{
	int r = sipring_pool_open(&cache->entries, n_entries, sizeof(struct sipring_dns_entry));

	if (r < 0)
		return r;
	r = sipring_hash_open(&cache->by_name, n_entries);
	if (r < 0) {
		sipring_pool_close(&cache->entries);
		return r;
	}
	sipring_list_init(&cache->used);
	cache->seed[0] = seed[0];
	cache->seed[1] = seed[1];
	return 0;
}

void sipring_dns_cache_close(struct sipring_dns_cache *cache)
{
	sipring_hash_close(&cache->by_name);
	sipring_pool_close(&cache->entries);
}

size_t sipring_dns_cache_footprint(uint32_t n_entries)
{
	return sipring_pool_footprint(n_entries, sizeof(struct sipring_dns_entry)) +
		sipring_hash_footprint(n_entries);
}

/* Names are short; the type spreads by its own. */
static uint64_t hash_of(const struct sipring_dns_cache *cache, const char *name,
	enum sipring_dns_type type)
{
	return sipring_hash_bytes(cache->seed, name, strlen(name)) +
		(uint64_t)type * 0x9e3779b97f4a7c15u;
}

static void drop(struct sipring_dns_cache *cache, struct sipring_dns_entry *entry)
{
	assert(!entry->is_asked);
	sipring_list_unlink(&entry->used);
	sipring_hash_remove(&cache->by_name, &entry->by_name);
	sipring_pool_give(&cache->entries, entry);
}

struct sipring_dns_entry *sipring_dns_cache_find(struct sipring_dns_cache *cache, const char *name,
	enum sipring_dns_type type, uint64_t now_ms)
{
	struct sipring_hash_node *node =
		sipring_hash_first(&cache->by_name, hash_of(cache, name, type));

	for (; node; node = sipring_hash_next(node)) {
		struct sipring_dns_entry *entry =
			SIPRING_CONTAINER(node, struct sipring_dns_entry, by_name);

		if (entry->type != type || strcmp(entry->name, name) != 0)
			continue;
		if (entry->is_asked)
			return entry;
		if (now_ms >= entry->expires_ms) {
			drop(cache, entry);
			return NULL;
		}
		sipring_list_unlink(&entry->used);
		sipring_list_append(&cache->used, &entry->used);
		return entry;
	}
	return NULL;
}

struct sipring_dns_entry *sipring_dns_cache_ask(struct sipring_dns_cache *cache, const char *name,
	enum sipring_dns_type type)
{
	struct sipring_dns_entry *entry;

	assert(strlen(name) < SIPRING_DNS_NAME_MAX);
	if (sipring_pool_used(&cache->entries) == cache->entries.n_items) {
		if (sipring_list_empty(&cache->used))
			return NULL;
		drop(cache, SIPRING_CONTAINER(cache->used.next, struct sipring_dns_entry, used));
	}
	entry = sipring_pool_take(&cache->entries);
	entry->is_asked = true;
	entry->type = type;
	strcpy(entry->name, name);
	sipring_list_init(&entry->used);
	sipring_list_init(&entry->waiters);
	sipring_hash_insert(&cache->by_name, &entry->by_name, hash_of(cache, name, type));
	return entry;
}

void sipring_dns_cache_settle(struct sipring_dns_cache *cache, struct sipring_dns_entry *entry,
	uint64_t now_ms)
{
	const struct sipring_dns_answer *answer = &entry->answer;
	uint32_t ttl = answer->status < 0 ? 0 : answer->ttl;
	uint32_t most =
		answer->status == SIPRING_DNS_FOUND ? cache->ttl_max : cache->negative_ttl_max;

	assert(entry->is_asked);
	if (ttl > most)
		ttl = most;
	if (ttl < TTL_LEAST)
		ttl = TTL_LEAST;
	entry->is_asked = false;
	entry->expires_ms = now_ms + (uint64_t)ttl * 1000;
	sipring_list_append(&cache->used, &entry->used);
}
