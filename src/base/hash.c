/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chains of the members' own links behind a fixed array of buckets. The table owns the array and
 * never a member; a member is in one table at most and must leave it before its memory goes. The
 * table never grows: it is opened for the most members that its pool can hold. One thread.
 *
 * The invariant: a node in bucket b has hash & mask == b, and the chains hold n_nodes in all.
 */
#include "base/hash.h"

#include "base/memory.h"
#include "base/power.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#define MEMBERS_MAX (1u << 31)

/* The chain that was just changed: each node belongs there. */
static void hash_check(const struct sipring_hash *table, uint64_t hash)
{
#ifndef NDEBUG
	uint32_t length = 0;

	for (struct sipring_hash_node *node = table->buckets[hash & table->mask]; node;
		node = node->next) {
		assert((node->hash & table->mask) == (hash & table->mask));
		assert(length < table->n_nodes);
		length++;
	}
#endif
	(void)table;
	(void)hash;
}

int sipring_hash_open(struct sipring_hash *table, uint32_t n_members)
{
	uint32_t n_buckets;

	*table = (struct sipring_hash){0};
	if (!n_members || n_members > MEMBERS_MAX)
		return -EINVAL;
	n_buckets = sipring_power_of_two(n_members);
	table->buckets = sipring_memory_map(n_buckets * sizeof *table->buckets);
	if (!table->buckets)
		return -errno;
	table->mask = n_buckets - 1;
	return 0;
}

void sipring_hash_close(struct sipring_hash *table)
{
	if (table->buckets)
		sipring_memory_unmap(table->buckets,
			((size_t)table->mask + 1) * sizeof *table->buckets);
	*table = (struct sipring_hash){0};
}

size_t sipring_hash_footprint(uint32_t n_members)
{
	if (!n_members || n_members > MEMBERS_MAX)
		return SIZE_MAX;
	return sipring_memory_footprint(
		sipring_power_of_two(n_members) * sizeof(struct sipring_hash_node *));
}

void sipring_hash_insert(struct sipring_hash *table, struct sipring_hash_node *node, uint64_t hash)
{
	struct sipring_hash_node **bucket = &table->buckets[hash & table->mask];

	assert(table->n_nodes < UINT32_MAX);
	node->hash = hash;
	node->next = *bucket;
	*bucket = node;
	table->n_nodes++;
	hash_check(table, hash);
}

void sipring_hash_remove(struct sipring_hash *table, struct sipring_hash_node *node)
{
	struct sipring_hash_node **link = &table->buckets[node->hash & table->mask];

	assert(table->n_nodes);
	while (*link && *link != node)
		link = &(*link)->next;
	assert(*link == node);
	if (!*link)
		return;
	*link = node->next;
	node->next = NULL;
	table->n_nodes--;
	hash_check(table, node->hash);
}

struct sipring_hash_node *sipring_hash_first(const struct sipring_hash *table, uint64_t hash)
{
	struct sipring_hash_node *node = table->buckets[hash & table->mask];

	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct sipring_hash_node *sipring_hash_next(const struct sipring_hash_node *node)
{
	uint64_t hash = node->hash;

	do
		node = node->next;
	while (node && node->hash != hash);
	return (struct sipring_hash_node *)node;
}

struct hash_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t hash_rotate(uint64_t word, unsigned n_bits)
{
	return word << n_bits | word >> (64 - n_bits);
}

static inline void hash_round(struct hash_state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = hash_rotate(s->v1, 13) ^ s->v0;
	s->v3 = hash_rotate(s->v3, 16) ^ s->v2;
	s->v0 = hash_rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = hash_rotate(s->v1, 17) ^ s->v2;
	s->v3 = hash_rotate(s->v3, 21) ^ s->v0;
	s->v2 = hash_rotate(s->v2, 32);
}

static inline void hash_absorb(struct hash_state *s, uint64_t word)
{
	s->v3 ^= word;
	hash_round(s);
	s->v0 ^= word;
}

static inline struct hash_state hash_begin(const uint64_t seed[2])
{
	return (struct hash_state){
		.v0 = seed[0] ^ 0x736f6d6570736575u,
		.v1 = seed[1] ^ 0x646f72616e646f6du,
		.v2 = seed[0] ^ 0x6c7967656e657261u,
		.v3 = seed[1] ^ 0x7465646279746573u,
	};
}

static inline uint64_t hash_end(struct hash_state *s)
{
	s->v2 ^= 0xff;
	hash_round(s);
	hash_round(s);
	hash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline uint32_t hash_load_4(const unsigned char *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof word);
	return le32toh(word);
}

static inline uint64_t hash_load_8(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof word);
	return le64toh(word);
}

/* The last size % 8 of size bytes, which end at end; by loads that overlap what was seen. */
static inline uint64_t hash_rest(const unsigned char *end, size_t size)
{
	size_t rest = size % 8;

	if (!rest)
		return 0;
	if (size >= 8)
		return hash_load_8(end - 8) >> 8 * (8 - rest);
	if (rest >= 4)
		return hash_load_4(end - rest) | (uint64_t)hash_load_4(end - 4) << 8 * (rest - 4);
	return (uint64_t)end[-(ptrdiff_t)rest] |
		(uint64_t)end[-(ptrdiff_t)(rest - rest / 2)] << 8 * (rest / 2) |
		(uint64_t)end[-1] << 8 * (rest - 1);
}

/* Whole words; returns the end of all bytes. */
static inline const unsigned char *hash_words(struct hash_state *s, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i + 8 <= size; i += 8)
		hash_absorb(s, hash_load_8(bytes + i));
	return size ? bytes + size : bytes;
}

uint64_t sipring_hash_bytes(const uint64_t seed[2], const void *data, size_t size)
{
	struct hash_state s = hash_begin(seed);
	const unsigned char *end = hash_words(&s, data, size);

	hash_absorb(&s, hash_rest(end, size) | (uint64_t)size << 56);
	return hash_end(&s);
}

uint64_t sipring_hash_parts(const uint64_t seed[2], const struct iovec *parts, unsigned n_parts)
{
	struct hash_state s = hash_begin(seed);

	for (unsigned i = 0; i < n_parts; i++) {
		size_t size = parts[i].iov_len;
		const unsigned char *end = hash_words(&s, parts[i].iov_base, size);

		if (size % 8)
			hash_absorb(&s, hash_rest(end, size));
	}
	return hash_end(&s);
}
