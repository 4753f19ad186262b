/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listeners that come while the host runs. Each of its processes asks for the same one, and nobody
 * says when one goes: those who attend find out, each by itself, and forsake it. One that nobody
 * attends, and that nobody has asked for lately, is ended by the engines; whoever is about to
 * attend has just asked.
 */
#include "opensips/bridge_parts.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define START_MS 10000 /* of the engines */
#define COME_MS 3000
#define KEEP_MS 2000
#define UNATTENDED_MS 60000 /* for so long one who was asked for may be waited for */
#define LATE_MS 1000 /* for so long others are told at once what one has waited for in vain */

int sipring_bridge_guests_open(struct sipring_bridge *bridge)
{
	pthread_mutexattr_t robust;
	int r = pthread_mutexattr_init(&robust);

	if (r == 0)
		r = pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED);
	if (r == 0)
		r = pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
	if (r == 0)
		r = pthread_mutex_init(&bridge->shared->guests.lock, &robust);
	pthread_mutexattr_destroy(&robust);
	return -r;
}

static uint64_t now_ms(void)
{
	return sipring_clock_ns() / 1000000;
}

/* After a lock or a try: whether it is ours. One who held it and died has left nothing undone. */
static bool is_ours(struct sipring_bridge_guests *guests, int r)
{
	if (r == EOWNERDEAD)
		pthread_mutex_consistent(&guests->lock);
	return r == 0 || r == EOWNERDEAD;
}

static bool is_wanted(const struct sipring_bridge *bridge, unsigned listener)
{
	const struct sipring_bridge_guests *guests = &bridge->shared->guests;
	bool was_attended = atomic_load(&guests->attended) >> listener & 1;
	struct sipring_taker_stats stats;

	sipring_bridge_taken(bridge, (int)listener, &stats);
	return stats.takers ||
		now_ms() < guests->asked_ms[listener] + (was_attended ? KEEP_MS : UNATTENDED_MS);
}

/* Under the lock. */
static void end_unwanted(struct sipring_bridge *bridge)
{
	for (unsigned i = bridge->n_listeners; i < SIPRING_BRIDGE_LISTENERS_MAX; i++)
		if (!is_wanted(bridge, i) && sipring_unlisten(bridge->sipring, i) == 0)
			atomic_fetch_and(&bridge->shared->guests.attended, ~(1u << i));
}

static struct sipring_bridge_late *find_late(struct sipring_bridge_guests *guests,
	const char *listener)
{
	for (unsigned i = 0; i < SIPRING_BRIDGE_LISTENERS_MAX; i++)
		if (strcmp(guests->late[i].listener, listener) == 0 &&
			now_ms() < guests->late[i].at_ms + LATE_MS)
			return &guests->late[i];
	return NULL;
}

static void note_late(struct sipring_bridge_guests *guests, const char *listener,
	const struct sipring_error *why)
{
	struct sipring_bridge_late *late = &guests->late[guests->next_late];

	guests->next_late = (guests->next_late + 1) % SIPRING_BRIDGE_LISTENERS_MAX;
	snprintf(late->listener, sizeof late->listener, "%s", listener);
	late->why = *why;
	late->at_ms = now_ms();
}

/*
 * Under the lock, which who asks after us waits for meanwhile: a reload has every process ask for
 * the same listener, and each would wait for all of its time.
 */
static int ask(struct sipring_bridge *bridge, const char *listener, const char *settings,
	struct sipring_error *error)
{
	struct sipring_bridge_guests *guests = &bridge->shared->guests;
	const struct sipring_bridge_late *late = find_late(guests, listener);
	int r;

	if (late) {
		*error = late->why;
		return -ETIMEDOUT;
	}
	r = sipring_listen(bridge->sipring, listener, settings, COME_MS, error);
	if (r == -EUSERS) {
		end_unwanted(bridge);
		r = sipring_listen(bridge->sipring, listener, settings, COME_MS, error);
	}
	if (r >= 0)
		guests->asked_ms[r] = now_ms();
	if (r == -ETIMEDOUT)
		note_late(guests, listener, error);
	return r;
}

int sipring_bridge_come(struct sipring_bridge *bridge, const char *listener, const char *settings,
	struct sipring_error *error)
{
	struct sipring_bridge_guests *guests = &bridge->shared->guests;
	int r = sipring_bridge_await(bridge, START_MS);

	if (r < 0)
		return sipring_error_set(error, r, "no SCTP engine runs");
	if (!is_ours(guests, pthread_mutex_lock(&guests->lock)))
		return sipring_error_set(error, -EDEADLK, "the list of listeners is locked");
	r = ask(bridge, listener, settings, error);
	pthread_mutex_unlock(&guests->lock);
	return r;
}

void sipring_bridge_guests_sweep(struct sipring_bridge *bridge)
{
	struct sipring_bridge_guests *guests = &bridge->shared->guests;

	if (!is_ours(guests, pthread_mutex_trylock(&guests->lock)))
		return;
	end_unwanted(bridge);
	pthread_mutex_unlock(&guests->lock);
}
