/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bridge's engine process: turns until it is told to stop, then the end in order.
 */
#include "base/clock.h"
#include "opensips/bridge_parts.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define TURN_MAX_NS 200000000
#define SWEEP_NS UINT64_C(1000000000)

static int turn_until_stop(struct sipring_bridge *bridge)
{
	uint64_t sweep_at_ns = 0;
	int r = 0;

	while (!bridge->is_stopped && r == 0) {
		r = sipring_worker_turn(bridge->worker, TURN_MAX_NS);
		if (sipring_clock_ns() < sweep_at_ns)
			continue;
		sipring_bridge_guests_sweep(bridge);
		sweep_at_ns = sipring_clock_ns() + SWEEP_NS;
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
	int r = sipring_worker_open(&bridge->worker, bridge->sipring, callbacks, error);

	if (r < 0) {
		atomic_fetch_add(&shared->n_ended, 1);
		return r;
	}
	atomic_fetch_add(&shared->n_running, 1);
	r = turn_until_stop(bridge);
	if (r == 0)
		r = end_in_order(bridge, end_ms);
	if (r < 0)
		sipring_error_set(error, r, "the engine cannot go on: %s", strerror(-r));
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

void sipring_bridge_stats(const struct sipring_bridge *bridge, struct sipring_stats *stats)
{
	if (sipring_stats_of(bridge->sipring, SIPRING_WORKERS_ALL, stats) < 0)
		*stats = (struct sipring_stats){0};
}
