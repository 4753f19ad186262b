/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bridge in the host's own processes: its place as a taker, and as a sender. Nothing here waits.
 */
#include "opensips/bridge_parts.h"

#include <errno.h>

int sipring_bridge_attend(struct sipring_bridge *bridge, unsigned listener,
	struct sipring_error *error)
{
	int r = bridge->taker
		? sipring_taker_serve(bridge->taker, (int)listener, true)
		: sipring_taker_open(&bridge->taker, bridge->sipring, (int)listener, NULL, error);

	if (r < 0)
		return r;
	atomic_fetch_or(&bridge->shared->guests.attended, 1u << listener);
	return sipring_taker_fd(bridge->taker);
}

void sipring_bridge_forsake(struct sipring_bridge *bridge, unsigned listener)
{
	if (bridge->taker)
		(void)sipring_taker_serve(bridge->taker, (int)listener, false);
}

void sipring_bridge_leave(struct sipring_bridge *bridge)
{
	if (bridge->taker)
		sipring_taker_close(bridge->taker);
	bridge->taker = NULL;
}

int sipring_bridge_read(struct sipring_bridge *bridge, sipring_bridge_handle *handle, void *user)
{
	struct sipring_taken message;

	if (!bridge->taker || sipring_taker_take(bridge->taker, &message, 1) == 0)
		return 0;
	handle(user, message.listener, message.buffer, message.size, &message.info);
	/* The host may have left in the middle. */
	if (bridge->taker)
		(void)sipring_taker_give(bridge->taker, &message);
	return 1;
}

/* This process's place as a sender, taken with its first send. */
static int enter(struct sipring_bridge *bridge)
{
	struct sipring_callbacks nothing = {0};

	return bridge->sender
		? 0
		: sipring_sender_open(&bridge->sender, bridge->sipring, &nothing, NULL);
}

static void count_refused(struct sipring_bridge_shared *shared, int r)
{
	_Atomic uint64_t *n = r == -EHOSTDOWN ? &shared->n_dead
		: r == -ENOBUFS               ? &shared->n_full
					      : &shared->n_other;

	atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

int sipring_bridge_send(struct sipring_bridge *bridge, const struct sipring_send *send)
{
	struct sipring_send unasked = *send;
	int r = enter(bridge);

	unasked.cookie = 0;
	unasked.flags |= SIPRING_SEND_UNASKED;
	if (r == 0)
		r = sipring_sender_send(bridge->sender, &unasked);
	if (r < 0)
		count_refused(bridge->shared, r);
	return r;
}

void sipring_bridge_refused(const struct sipring_bridge *bridge,
	struct sipring_bridge_refused *refused)
{
	const struct sipring_bridge_shared *shared = bridge->shared;

	*refused = (struct sipring_bridge_refused){
		.n_dead = atomic_load_explicit(&shared->n_dead, memory_order_relaxed),
		.n_full = atomic_load_explicit(&shared->n_full, memory_order_relaxed),
		.n_other = atomic_load_explicit(&shared->n_other, memory_order_relaxed),
	};
}

int sipring_bridge_disconnect(struct sipring_bridge *bridge, uint32_t association, bool abort)
{
	int r = enter(bridge);

	return r < 0 ? r : sipring_sender_disconnect(bridge->sender, association, abort);
}

void sipring_bridge_taken(const struct sipring_bridge *bridge, int listener,
	struct sipring_taker_stats *stats)
{
	if (sipring_taker_stats(bridge->sipring, listener, stats) < 0)
		*stats = (struct sipring_taker_stats){0};
}
