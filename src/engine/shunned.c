/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The peers by their host, in a table of fixed size with an order of age. A pause that is over
 * stays known, so that the next failure doubles it, until the peer is heard of or the place is
 * needed. Failures while a pause runs are of connects begun before it and change nothing.
 * Invariant: the table, the list and the pool have the same members.
 */
#include "engine/shunned.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

struct peer {
	struct sipring_hash_node by_host;
	struct sipring_list by_age;
	union sipring_address address;
	uint64_t until_ms;
	uint32_t pause_ms;
};

int sipring_shunned_open(struct sipring_shunned *shunned, uint32_t n_peers)
{
	int r = sipring_pool_open(&shunned->peers, n_peers, sizeof(struct peer));

	sipring_list_init(&shunned->by_age);
	if (r == 0)
		r = sipring_hash_open(&shunned->by_host, n_peers);
	if (r == 0 && getrandom(shunned->seed, sizeof shunned->seed, 0) < 0)
		r = -errno;
	return r;
}

void sipring_shunned_close(struct sipring_shunned *shunned)
{
	sipring_hash_close(&shunned->by_host);
	sipring_pool_close(&shunned->peers);
}

size_t sipring_shunned_footprint(uint32_t n_peers)
{
	return sipring_pool_footprint(n_peers, sizeof(struct peer)) +
		sipring_hash_footprint(n_peers);
}

static uint64_t hash_of(const struct sipring_shunned *shunned, const union sipring_address *peer)
{
	union sipring_address host = *peer;

	sipring_address_set_port(&host, 0);
	return sipring_address_hash(&host, shunned->seed);
}

static struct peer *find(const struct sipring_shunned *shunned,
	const union sipring_address *address)
{
	struct sipring_hash_node *node =
		sipring_hash_first(&shunned->by_host, hash_of(shunned, address));

	for (; node; node = sipring_hash_next(node)) {
		struct peer *peer = SIPRING_CONTAINER(node, struct peer, by_host);

		if (sipring_address_equal(&peer->address, address))
			return peer;
	}
	return NULL;
}

static void drop(struct sipring_shunned *shunned, struct peer *peer)
{
	sipring_hash_remove(&shunned->by_host, &peer->by_host);
	sipring_list_unlink(&peer->by_age);
	if (shunned->refusals)
		sipring_refusals_clear(shunned->refusals, &peer->address);
	sipring_pool_give(&shunned->peers, peer);
}

static struct peer *add(struct sipring_shunned *shunned, const union sipring_address *address)
{
	struct peer *peer;

	if (sipring_pool_used(&shunned->peers) == shunned->peers.n_items)
		drop(shunned, SIPRING_CONTAINER(shunned->by_age.next, struct peer, by_age));
	peer = sipring_pool_take(&shunned->peers);
	assert(peer);
	*peer = (struct peer){.address = *address};
	sipring_list_init(&peer->by_age);
	sipring_hash_insert(&shunned->by_host, &peer->by_host, hash_of(shunned, address));
	return peer;
}

void sipring_shunned_failed(struct sipring_shunned *shunned, const union sipring_address *address,
	uint64_t now_ms, uint32_t pause_ms, uint32_t pause_max_ms)
{
	struct peer *peer = find(shunned, address);
	uint64_t next_ms = pause_ms;

	assert(pause_ms <= pause_max_ms);
	if (pause_ms == 0 || (peer && now_ms < peer->until_ms))
		return;
	if (peer)
		next_ms = 2 * (uint64_t)peer->pause_ms;
	else
		peer = add(shunned, address);
	peer->pause_ms = next_ms < pause_max_ms ? (uint32_t)next_ms : pause_max_ms;
	peer->until_ms = now_ms + peer->pause_ms;
	if (shunned->refusals)
		sipring_refusals_note(shunned->refusals, address, false, now_ms, peer->until_ms);
	sipring_list_unlink(&peer->by_age);
	sipring_list_append(&shunned->by_age, &peer->by_age);
}

bool sipring_shunned_holds(const struct sipring_shunned *shunned,
	const union sipring_address *address, uint64_t now_ms)
{
	const struct peer *peer;

	if (sipring_pool_used(&shunned->peers) == 0)
		return false;
	peer = find(shunned, address);
	return peer && now_ms < peer->until_ms;
}

void sipring_shunned_forget(struct sipring_shunned *shunned, const union sipring_address *address)
{
	struct sipring_hash_node *node, *next;

	if (sipring_pool_used(&shunned->peers) == 0)
		return;
	node = sipring_hash_first(&shunned->by_host, hash_of(shunned, address));
	for (; node; node = next) {
		struct peer *peer = SIPRING_CONTAINER(node, struct peer, by_host);

		next = sipring_hash_next(node);
		if (sipring_address_same_host(&peer->address, address))
			drop(shunned, peer);
	}
}
