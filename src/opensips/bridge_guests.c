/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listeners that come while the host runs. Each of its processes asks for the same one, and nobody
 * says when one goes: those who attend find out, each by itself, and forsake it. One that nobody
 * attends, and that nobody has asked for lately, ends; whoever is about to attend has just asked.
 */
#include "opensips/bridge_parts.h"

#include "base/clock.h"

#include <errno.h>

#define START_MS 10000 /* of the engines */
#define COME_MS 3000
#define KEEP_MS 2000

int sipring_bridge_guests_open(struct sipring_bridge *bridge)
{
	pthread_mutexattr_t robust;
	int r = pthread_mutexattr_init(&robust);

	if (r == 0)
		r = pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED);
	if (r == 0)
		r = pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
	if (r == 0)
		r = pthread_mutex_init(&bridge->shared->guests, &robust);
	pthread_mutexattr_destroy(&robust);
	return -r;
}

static uint64_t now_ms(void)
{
	return sipring_clock_ns() / 1000000;
}

/* After a lock or a try: whether it is ours. One who held it and died has left nothing undone. */
static bool is_ours(struct sipring_bridge *bridge, int r)
{
	if (r == EOWNERDEAD)
		pthread_mutex_consistent(&bridge->shared->guests);
	return r == 0 || r == EOWNERDEAD;
}

int sipring_bridge_come(struct sipring_bridge *bridge, const char *listener, const char *settings,
	struct sipring_error *error)
{
	struct sipring_bridge_shared *shared = bridge->shared;
	int r = sipring_bridge_await(bridge, START_MS);

	if (r < 0)
		return sipring_error_set(error, r, "no SCTP engine runs");
	if (!is_ours(bridge, pthread_mutex_lock(&shared->guests)))
		return sipring_error_set(error, -EDEADLK, "the list of listeners is locked");
	r = sipring_listen(bridge->sipring, listener, settings, COME_MS, error);
	if (r >= 0) {
		shared->came |= 1u << r;
		shared->asked_ms[r] = now_ms();
	}
	pthread_mutex_unlock(&shared->guests);
	return r;
}

static bool is_wanted(const struct sipring_bridge *bridge, unsigned listener)
{
	struct sipring_taker_stats stats;

	sipring_bridge_taken(bridge, listener, &stats);
	return stats.takers || now_ms() < bridge->shared->asked_ms[listener] + KEEP_MS;
}

void sipring_bridge_sweep(struct sipring_bridge *bridge)
{
	struct sipring_bridge_shared *shared = bridge->shared;

	if (!is_ours(bridge, pthread_mutex_trylock(&shared->guests)))
		return;
	for (uint32_t rest = shared->came; rest; rest &= rest - 1) {
		unsigned listener = (unsigned)__builtin_ctz(rest);

		if (is_wanted(bridge, listener))
			continue;
		(void)sipring_unlisten(bridge->sipring, listener);
		shared->came &= ~(1u << listener);
	}
	pthread_mutex_unlock(&shared->guests);
}
