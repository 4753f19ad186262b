/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bridge's engine process: turns until it is told to stop, then the end in order. What it counts
 * is published for the others.
 */
#include "base/clock.h"
#include "opensips/bridge_parts.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define STATS_EVERY_NS 100000000
#define TURN_MAX_NS 200000000

static void publish(struct sipring_bridge *bridge, unsigned index)
{
	sipring_worker_stats(bridge->worker, &bridge->shared->stats[index]);
}

static int turn_until_stop(struct sipring_bridge *bridge, unsigned index)
{
	uint64_t published_ns = 0;
	int r = 0;

	while (!bridge->is_stopped && r == 0) {
		uint64_t now_ns = sipring_clock_ns();

		if (now_ns - published_ns >= STATS_EVERY_NS) {
			publish(bridge, index);
			published_ns = now_ns;
		}
		r = sipring_worker_turn(bridge->worker, TURN_MAX_NS);
	}
	return r;
}

static int end_in_order(struct sipring_bridge *bridge, uint32_t end_ms)
{
	int r = 0;

	sipring_worker_drain(bridge->worker, end_ms);
	while (r == 0 && !sipring_worker_drained(bridge->worker))
		r = sipring_worker_turn(bridge->worker, TURN_MAX_NS);
	return r;
}

int sipring_bridge_run(struct sipring_bridge *bridge, const struct sipring_callbacks *callbacks,
	uint32_t end_ms, struct sipring_error *error)
{
	struct sipring_bridge_shared *shared = bridge->shared;
	unsigned index = atomic_fetch_add(&shared->n_begun, 1) % SIPRING_BRIDGE_ENGINES_MAX;
	int r = sipring_worker_open(&bridge->worker, bridge->sipring, callbacks, error);

	if (r < 0) {
		atomic_fetch_add(&shared->n_ended, 1);
		return r;
	}
	atomic_fetch_add(&shared->n_running, 1);
	r = turn_until_stop(bridge, index);
	if (r == 0)
		r = end_in_order(bridge, end_ms);
	if (r < 0)
		sipring_error_set(error, r, "the engine cannot go on: %s", strerror(-r));
	publish(bridge, index);
	atomic_fetch_add(&shared->n_ended, 1);
	sipring_worker_close(bridge->worker);
	bridge->worker = NULL;
	return r;
}

void sipring_bridge_stop(struct sipring_bridge *bridge)
{
	bridge->is_stopped = true;
	if (bridge->worker)
		sipring_worker_wake(bridge->worker);
}

int sipring_bridge_await(const struct sipring_bridge *bridge, uint32_t timeout_ms)
{
	uint64_t end_ns = sipring_clock_ns() + (uint64_t)timeout_ms * 1000000;

	while (atomic_load(&bridge->shared->n_running) < bridge->n_engines) {
		if (atomic_load(&bridge->shared->n_ended))
			return -ECHILD;
		if (sipring_clock_ns() >= end_ns)
			return -ETIMEDOUT;
		poll(NULL, 0, 1);
	}
	return 0;
}

/* Every one of its fields is a count or a gauge. */
void sipring_bridge_stats(const struct sipring_bridge *bridge, struct sipring_stats *stats)
{
	uint64_t *sums = (uint64_t *)stats;

	*stats = (struct sipring_stats){0};
	for (unsigned i = 0; i < bridge->n_engines; i++) {
		const uint64_t *counts = (const uint64_t *)&bridge->shared->stats[i];

		for (size_t j = 0; j < sizeof *stats / sizeof *sums; j++)
			sums[j] += counts[j];
	}
}
