/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers for as long as they hold, and the questions that are on their way: an entry for each pair
 * of name and type, in fixed memory. What was not used for longest makes room; a question on its
 * way is never displaced.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "base/pool.h"
#include "dns/answer.h"

struct sipring_dns_entry {
	struct sipring_hash_node by_name;
	struct sipring_list used;    /* settled: in the cache's list, the longest unused first */
	struct sipring_list waiters; /* asked: who is to be told */
	uint64_t expires_ms;
	bool is_asked; /* no answer yet */
	enum sipring_dns_type type;
	char name[SIPRING_DNS_NAME_MAX];
	void *owner; /* for whoever asks */
	struct sipring_dns_answer answer;
};

struct sipring_dns_cache {
	struct sipring_pool entries;
	struct sipring_hash by_name;
	struct sipring_list used;
	uint64_t seed[2];
	uint32_t ttl_max;          /* seconds */
	uint32_t negative_ttl_max; /* seconds */
};

int sipring_dns_cache_open(struct sipring_dns_cache *cache, uint32_t n_entries,
	const uint64_t seed[2]);
void sipring_dns_cache_close(struct sipring_dns_cache *cache);
size_t sipring_dns_cache_footprint(uint32_t n_entries);

/* The entry, asked or holding an answer that is still good; NULL where there is none. */
struct sipring_dns_entry *sipring_dns_cache_find(struct sipring_dns_cache *cache, const char *name,
	enum sipring_dns_type type, uint64_t now_ms);
/* A new entry that is asked; it must not be there yet. NULL when all entries are asked. */
struct sipring_dns_entry *sipring_dns_cache_ask(struct sipring_dns_cache *cache, const char *name,
	enum sipring_dns_type type);
/*
 * The entry's answer is written: from now on it holds for its lifetime, within the cache's bounds
 * and at least a second, so that those who asked find it. Its waiters are the caller's to take.
 */
void sipring_dns_cache_settle(struct sipring_dns_cache *cache, struct sipring_dns_entry *entry,
	uint64_t now_ms);
