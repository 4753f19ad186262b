/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fixed table of peers. It owns its entries for ever; associations hold them. An entry is in one
 * of three modes: blank, idle (met, nobody holds it) or held. A packet from somebody unknown takes
 * a blank one, or the idle one that was met longest ago: a flood of first packets costs nothing
 * that lasts, and can never take an entry that an association holds. No I/O and no allocation here
 * after open.
 *
 * Entries that are not held are in the idle list, blank ones at its front; entries that were met
 * are in the hash table, which has a secret seed.
 */
#include "sctp/usrsctp_peers.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

static size_t peers_size(uint32_t n)
{
	return n * sizeof(struct sipring_usrsctp_peer);
}

int sipring_usrsctp_peers_open(struct sipring_usrsctp_peers *peers, uint32_t n)
{
	int r;

	assert(n > 0);
	*peers = (struct sipring_usrsctp_peers){.n_all = n};
	sipring_list_init(&peers->idle);
	if (getrandom(peers->seed, sizeof peers->seed, 0) != sizeof peers->seed)
		return -EIO;
	r = sipring_hash_open(&peers->table, n);
	if (r < 0)
		return r;
	peers->all = sipring_memory_map(peers_size(n));
	if (!peers->all) {
		sipring_hash_close(&peers->table);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		sipring_list_append(&peers->idle, &peers->all[i].link);
	return 0;
}

void sipring_usrsctp_peers_close(struct sipring_usrsctp_peers *peers)
{
	if (!peers->all)
		return;
	sipring_memory_unmap(peers->all, peers_size(peers->n_all));
	sipring_hash_close(&peers->table);
	peers->all = NULL;
}

size_t sipring_usrsctp_peers_footprint(uint32_t n)
{
	return peers_size(n) + sipring_hash_footprint(n);
}

static uint64_t peers_hash(const struct sipring_usrsctp_peers *peers,
	const union sipring_address *address, uint16_t port)
{
	return sipring_address_hash(address, peers->seed) ^ port * UINT64_C(0x9e3779b97f4a7c15);
}

static struct sipring_usrsctp_peer *peers_look(struct sipring_usrsctp_peers *peers,
	const union sipring_address *address, uint16_t port, uint64_t hash)
{
	struct sipring_hash_node *node = sipring_hash_first(&peers->table, hash);

	for (; node; node = sipring_hash_next(node)) {
		struct sipring_usrsctp_peer *peer;

		peer = SIPRING_CONTAINER(node, struct sipring_usrsctp_peer, node);
		if (peer->port == port && sipring_address_equal(&peer->address, address))
			return peer;
	}
	return NULL;
}

struct sipring_usrsctp_peer *sipring_usrsctp_peers_find(struct sipring_usrsctp_peers *peers,
	const union sipring_address *address, uint16_t port)
{
	return peers_look(peers, address, port, peers_hash(peers, address, port));
}

static void peers_name(struct sipring_usrsctp_peers *peers, struct sipring_usrsctp_peer *peer,
	const union sipring_address *address, uint64_t hash)
{
	if (peer->met)
		sipring_hash_remove(&peers->table, &peer->node);
	peer->address = *address;
	peer->met = true;
	sipring_hash_insert(&peers->table, &peer->node, hash);
}

struct sipring_usrsctp_peer *sipring_usrsctp_peers_meet(struct sipring_usrsctp_peers *peers,
	const union sipring_address *address, uint16_t port)
{
	uint64_t hash = peers_hash(peers, address, port);
	struct sipring_usrsctp_peer *peer = peers_look(peers, address, port, hash);

	if (!peer) {
		if (sipring_list_empty(&peers->idle))
			return NULL;
		peer = SIPRING_CONTAINER(peers->idle.next, struct sipring_usrsctp_peer, link);
		assert(!peer->n_users);
		peer->port = port;
		peers_name(peers, peer, address, hash);
	}
	if (!peer->n_users) {
		sipring_list_unlink(&peer->link);
		sipring_list_append(&peers->idle, &peer->link);
	}
	return peer;
}

void sipring_usrsctp_peers_hold(struct sipring_usrsctp_peers *peers,
	struct sipring_usrsctp_peer *peer)
{
	(void)peers;
	assert(peer->met);
	if (!peer->n_users++)
		sipring_list_unlink(&peer->link);
}

void sipring_usrsctp_peers_release(struct sipring_usrsctp_peers *peers,
	struct sipring_usrsctp_peer *peer)
{
	assert(peer->n_users > 0);
	if (!--peer->n_users)
		sipring_list_append(&peers->idle, &peer->link);
}

static void peers_forget(struct sipring_usrsctp_peers *peers, struct sipring_usrsctp_peer *peer)
{
	assert(peer->met && !peer->n_users);
	sipring_hash_remove(&peers->table, &peer->node);
	peer->met = false;
	/* To the front, to be used before any that is remembered. */
	sipring_list_unlink(&peer->link);
	sipring_list_append(peers->idle.next, &peer->link);
}

void sipring_usrsctp_peers_move(struct sipring_usrsctp_peers *peers,
	struct sipring_usrsctp_peer *peer, const union sipring_address *address)
{
	uint64_t hash = peers_hash(peers, address, peer->port);
	struct sipring_usrsctp_peer *other = peers_look(peers, address, peer->port, hash);

	if (other == peer || (other && other->n_users))
		return;
	if (other)
		peers_forget(peers, other);
	peers_name(peers, peer, address, hash);
}

struct sipring_usrsctp_peer *sipring_usrsctp_peers_at(struct sipring_usrsctp_peers *peers,
	uint32_t index)
{
	if (index >= peers->n_all || !peers->all[index].met)
		return NULL;
	return &peers->all[index];
}
