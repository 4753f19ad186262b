/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The peers of a load: associations that are made before the first request and stay to the end. A
 * peer that goes is not made again: what it had outstanding has failed, and the others go on. The
 * array and the hash from association ids belong to struct load. n_up counts the peers that are
 * up and not down, n_blocked those among them that took no more.
 */
#include "tools/load.h"
#include "tools/number.h"
#include "tools/signals.h"
#include "tools/terminal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTING_MAX 64 /* at the same time */

static uint32_t hash_of(const struct load *load, uint32_t association)
{
	return (association * 2654435761u >> 7) & load->peer_of_mask;
}

static void remember(struct load *load, uint32_t peer)
{
	uint32_t at = hash_of(load, load->peers[peer].association);
	while (load->peer_of[at])
		at = (at + 1) & load->peer_of_mask;
	load->peer_of[at] = peer + 1;
}

static struct load_peer *find_peer(struct load *load, uint32_t association)
{
	uint32_t at = hash_of(load, association);
	for (; load->peer_of[at]; at = (at + 1) & load->peer_of_mask) {
		struct load_peer *peer = &load->peers[load->peer_of[at] - 1];
		if (peer->association == association)
			return peer;
	}
	return NULL;
}

static void unblock(struct load *load, struct load_peer *peer)
{
	if (!peer->is_blocked)
		return;
	assert(load->n_blocked > 0);
	peer->is_blocked = false;
	load->n_blocked--;
}

void load_peers_block(struct load *load, uint32_t peer)
{
	if (load->peers[peer].is_blocked || !load->peers[peer].is_up)
		return;
	load->peers[peer].is_blocked = true;
	load->n_blocked++;
}

static void fail_outstanding(struct load *load, uint32_t peer)
{
	uint32_t index = load->slots.oldest;
	while (index != LOAD_SLOTS_NONE) {
		uint32_t next = load->slots.slots[index].next;
		if (load->slots.slots[index].peer == peer) {
			load_slots_end(&load->slots, index, false);
			load->counts.failed_association++;
			load->done_ns = number_clock_ns();
		}
		index = next;
	}
}

static void go_down(struct load *load, struct load_peer *peer, int error)
{
	if (peer->is_down || load->is_over)
		return;
	unblock(load, peer);
	if (peer->is_up) {
		load->n_up--;
		terminal_progress("association %u ended: %s", peer->association,
			error ? strerror(-error) : "by the peer");
		terminal_end();
	}
	peer->is_up = false;
	peer->is_down = true;
	load->n_down++;
	load->peer_error = error ? error : -ECONNRESET;
	fail_outstanding(load, (uint32_t)(peer - load->peers));
}

/* The end of a peer's connect, found by its cookie: it has an association now, or never will. */
static void connected(struct load *load, const struct sipring_event *event)
{
	struct load_peer *peer = &load->peers[event->cookie - 1];
	if (event->error) {
		load->is_unresolved = event->unresolved;
		go_down(load, peer, event->error);
		return;
	}
	peer->association = event->association;
	remember(load, event->cookie - 1);
	peer->is_up = true;
	if (load->n_up++ == 0)
		client_found(&load->target, event->address);
}

void load_peers_event(struct load *load, const struct sipring_event *event)
{
	struct load_peer *peer = find_peer(load, event->association);
	if (event->type == SIPRING_EVENT_CONNECTED)
		connected(load, event);
	if (!peer)
		return;
	switch (event->type) {
	case SIPRING_EVENT_DOWN:
		go_down(load, peer, event->error);
		break;
	case SIPRING_EVENT_WRITABLE:
		unblock(load, peer);
		break;
	case SIPRING_EVENT_UP:
	case SIPRING_EVENT_CONNECTED:
	case SIPRING_EVENT_FAILED:
	case SIPRING_EVENT_RESTART:
	case SIPRING_EVENT_PATH:
	case SIPRING_EVENT_RETURNED:
		break;
	}
}

/*
 * The peer for a slot's next request, or -EAGAIN: all of them took no more, or -ENOTCONN: none is
 * left. A slot keeps to its peer where there are slots for all, so that one that is slow holds up
 * its own share alone.
 */
int64_t load_peers_pick(struct load *load, uint32_t slot)
{
	uint32_t n_peers = (uint32_t)load->options->peers;
	if (load->n_up == 0)
		return -ENOTCONN;
	if (load->n_blocked == load->n_up)
		return -EAGAIN;
	bool is_kept = load->slots.n_slots >= n_peers && !load->options->rate;
	uint32_t peer = is_kept ? slot % n_peers : load->next_peer++ % n_peers;
	for (uint32_t i = 0; i < n_peers; i++, peer = peer + 1 == n_peers ? 0 : peer + 1)
		if (load->peers[peer].is_up && !load->peers[peer].is_blocked)
			return peer;
	return -EAGAIN;
}

static int open_tables(struct load *load)
{
	uint32_t size = 16;
	while (size < 2 * load->options->peers)
		size *= 2;
	load->peer_of_mask = size - 1;
	load->peers = calloc(load->options->peers, sizeof(*load->peers));
	load->peer_of = calloc(size, sizeof(*load->peer_of));
	return load->peers && load->peer_of ? 0 : -ENOMEM;
}

static int begin_peer(struct load *load, uint32_t peer)
{
	struct sipring_connect connect = {.target = &load->target.where,
		.additional = peer > 0,
		.cookie = peer + 1};
	uint32_t none;
	return sipring_connect(load->client.worker, &connect, &none);
}

/* Makes all associations, within the timeout of a request each. 0, or -errno with a text. */
int load_peers_connect(struct load *load, struct sipring_error *error)
{
	uint32_t n_peers = (uint32_t)load->options->peers, n_begun = 0;
	int result = open_tables(load);
	uint64_t progress_ns = number_clock_ns();
	while (result == 0 && load->n_up < n_peers) {
		while (result == 0 && n_begun < n_peers && n_begun - load->n_up < CONNECTING_MAX)
			result = begin_peer(load, n_begun++);
		uint32_t before = load->n_up;
		if (result == 0)
			result = sipring_worker_turn(load->client.worker, 100000000);
		if (result == 0 && load->n_down)
			result = load->peer_error;
		if (result == 0 && signals_count())
			result = -EINTR;
		if (load->n_up != before)
			progress_ns = number_clock_ns();
		else if (result == 0 && number_clock_ns() - progress_ns > load->options->timeout_ns)
			result = -ETIMEDOUT;
	}
	if (result < 0)
		snprintf(error->text, sizeof(error->text), "%.100s: %u of %u associations: %s%s",
			load->target.peer, load->n_up, n_peers,
			load->is_unresolved ? sipring_unresolved_text(result) : strerror(-result),
			load->is_unresolved ? "" : client_hint(&load->client, result));
	return result;
}
