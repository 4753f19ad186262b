/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash table of fixed size whose links lie in the members; the caller hashes (with a secret
 * seed where keys come from the network) and compares. Several members may have the same hash.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct sipring_hash_node {
	struct sipring_hash_node *next;
	uint64_t hash;
};

struct sipring_hash {
	struct sipring_hash_node **buckets;
	uint32_t mask;
	uint32_t n_nodes;
};

/* Buckets for n members (rounded up to a power of two). Returns 0 or -errno. */
int sipring_hash_open(struct sipring_hash *table, uint32_t n_members);
void sipring_hash_close(struct sipring_hash *table);
size_t sipring_hash_footprint(uint32_t n_members);

void sipring_hash_insert(struct sipring_hash *table, struct sipring_hash_node *node, uint64_t hash);
/* The node must be in the table. */
void sipring_hash_remove(struct sipring_hash *table, struct sipring_hash_node *node);
/* The first, and after `node` the next, member with this hash; NULL when there is none. */
struct sipring_hash_node *sipring_hash_first(const struct sipring_hash *table, uint64_t hash);
struct sipring_hash_node *sipring_hash_next(const struct sipring_hash_node *node);

/* A keyed hash of bytes (SipHash-1-3), 64 bits; without the seed nobody can aim at one bucket. */
uint64_t sipring_hash_bytes(const uint64_t seed[2], const void *data, size_t size);
/*
 * The same of several parts, each filled up to words by NULs: who must not take one division into
 * parts for another puts their sizes into the first.
 */
uint64_t sipring_hash_parts(const uint64_t seed[2], const struct iovec *parts, unsigned n_parts);
