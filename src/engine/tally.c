/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chains of nodes by number, in one array. Who counts makes the version odd while it links or
 * unlinks a node, and even after that; who reads begins anew when it was odd or has changed, for a
 * chain may have led elsewhere. A change that does not end (who makes it was killed, or sleeps) is
 * not waited for: between its steps each chain has all other nodes that belong there. Invariant: a
 * node with a count is in one chain, one without in the list of the free ones.
 */
#include "engine/tally.h"

#include "base/power.h"

#include <assert.h>
#include <stdatomic.h>

#define TRIES_MAX 100 /* of a key whose table changes all the time */

struct node {
	_Atomic uint64_t key;
	_Atomic uint32_t n;
	_Atomic uint32_t next; /* number, counted from 1; 0: none */
};

struct sipring_tally {
	_Atomic uint32_t version;
	uint32_t n_nodes;
	uint32_t mask;   /* of chains */
	uint32_t free;   /* the first free one */
	uint32_t n_used; /* nodes that were ever used */
	struct node nodes[];
	/* then a number for each chain */
};

static _Atomic uint32_t *chain_of(const struct sipring_tally *tally, uint64_t key)
{
	_Atomic uint32_t *chains = (void *)&tally->nodes[tally->n_nodes];

	return &chains[key & tally->mask];
}

static struct node *node_of(const struct sipring_tally *tally, uint32_t number)
{
	assert(number > 0 && number <= tally->n_nodes);
	return (struct node *)&tally->nodes[number - 1];
}

size_t sipring_tally_footprint(uint32_t n_keys)
{
	return sizeof(struct sipring_tally) + n_keys * sizeof(struct node) +
		sipring_power_of_two(n_keys) * sizeof(uint32_t);
}

static void change(struct sipring_tally *tally)
{
	/*
	 * Nothing of a change is seen before it began, or is missing when it is over; seq_cst: who
	 * adds to its own and reads the others' is seen by one who does the same.
	 */
	atomic_fetch_add_explicit(&tally->version, 1, memory_order_seq_cst);
}

void sipring_tally_init(struct sipring_tally *tally, uint32_t n_keys)
{
	_Atomic uint32_t *chains = (void *)&tally->nodes[n_keys];

	atomic_fetch_or_explicit(&tally->version, 1, memory_order_seq_cst);
	tally->n_nodes = n_keys;
	tally->mask = sipring_power_of_two(n_keys) - 1;
	tally->free = 0;
	tally->n_used = 0;
	for (uint32_t i = 0; i <= tally->mask; i++)
		atomic_store_explicit(&chains[i], 0, memory_order_relaxed);
	change(tally);
}

/* The link that leads to the key's node; the last of its chain where there is none. */
static _Atomic uint32_t *link_to(const struct sipring_tally *tally, uint64_t key)
{
	_Atomic uint32_t *link = chain_of(tally, key);
	uint32_t number;

	while ((number = atomic_load_explicit(link, memory_order_relaxed)) != 0) {
		struct node *node = node_of(tally, number);

		if (atomic_load_explicit(&node->key, memory_order_relaxed) == key)
			break;
		link = &node->next;
	}
	return link;
}

static uint32_t take_free(struct sipring_tally *tally)
{
	uint32_t number = tally->free;

	if (!number)
		return tally->n_used < tally->n_nodes ? ++tally->n_used : 0;
	tally->free = atomic_load_explicit(&node_of(tally, number)->next, memory_order_relaxed);
	return number;
}

static uint32_t begin_key(struct sipring_tally *tally, _Atomic uint32_t *link, uint64_t key)
{
	uint32_t number = take_free(tally);
	struct node *node;

	if (!number)
		return 0;
	node = node_of(tally, number);
	change(tally);
	atomic_store_explicit(&node->key, key, memory_order_relaxed);
	atomic_store_explicit(&node->next, 0, memory_order_relaxed);
	atomic_store_explicit(&node->n, 1, memory_order_relaxed);
	/* release: whoever comes by the link sees the node as it is now */
	atomic_store_explicit(link, number, memory_order_release);
	change(tally);
	return 1;
}

uint32_t sipring_tally_add(struct sipring_tally *tally, uint64_t key)
{
	_Atomic uint32_t *link = link_to(tally, key);
	uint32_t number = atomic_load_explicit(link, memory_order_relaxed);

	if (!number)
		return begin_key(tally, link, key);
	return atomic_fetch_add_explicit(&node_of(tally, number)->n, 1, memory_order_seq_cst) + 1;
}

void sipring_tally_drop(struct sipring_tally *tally, uint64_t key)
{
	_Atomic uint32_t *link = link_to(tally, key);
	uint32_t number = atomic_load_explicit(link, memory_order_relaxed);
	struct node *node;

	if (!number)
		return; /* there was no room for it */
	node = node_of(tally, number);
	if (atomic_fetch_sub_explicit(&node->n, 1, memory_order_seq_cst) > 1)
		return;
	change(tally);
	atomic_store_explicit(link, atomic_load_explicit(&node->next, memory_order_relaxed),
		memory_order_release);
	atomic_store_explicit(&node->next, tally->free, memory_order_relaxed);
	tally->free = number;
	change(tally);
}

/* What holds if the version is the same afterwards; else the way may have led round in a ring. */
static uint32_t look(const struct sipring_tally *tally, uint64_t key)
{
	uint32_t n_nodes = tally->n_nodes, number;

	number = atomic_load_explicit(chain_of(tally, key), memory_order_acquire);
	for (uint32_t i = 0; number && i < n_nodes; i++) {
		const struct node *node = node_of(tally, number);

		if (atomic_load_explicit(&node->key, memory_order_relaxed) == key)
			return atomic_load_explicit(&node->n, memory_order_seq_cst);
		number = atomic_load_explicit(&node->next, memory_order_acquire);
	}
	return 0;
}

uint32_t sipring_tally_count(const struct sipring_tally *tally, uint64_t key)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < TRIES_MAX; i++) {
		uint32_t before = atomic_load_explicit(&tally->version, memory_order_seq_cst);

		n = look(tally, key);
		/* acquire: what was read is no later than the version */
		atomic_thread_fence(memory_order_acquire);
		if (before % 2 == 0 &&
			atomic_load_explicit(&tally->version, memory_order_relaxed) == before)
			break;
	}
	return n;
}
