/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One who takes messages, in his own process. He is awake while he has a message in hand that he
 * has not given back, or has not found the inboxes empty since; his eventfd is readable then, so
 * that a host that polls comes back. Asleep he is woken by the eventfd (split.c).
 *
 * Order when he goes to sleep: the eventfd is emptied first, then he says that he sleeps, then he
 * looks once more. A wake between the first and the last is in the eventfd, and he comes.
 */
#include "engine/worker.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

struct sipring_taker {
	struct sipring_split *split;
	struct sipring_log log;
	uint32_t member;
	unsigned place;
	uint32_t listeners; /* that he serves, a bit each */
	bool is_for_all;
	unsigned next; /* the one to be looked at first: each has its turn */
	unsigned n_held;
	bool is_readable; /* the eventfd, as far as it is his own doing */
};

static void make_readable(struct sipring_taker *taker)
{
	if (!taker->is_readable)
		(void)eventfd_write(taker->split->taker_fds[taker->place], 1);
	taker->is_readable = true;
}

static bool has_any(const struct sipring_taker *taker)
{
	for (uint32_t rest = taker->listeners; rest; rest &= rest - 1)
		if (sipring_inbox_has(taker->split->inboxes[__builtin_ctz(rest)]))
			return true;
	return false;
}

/* A message of his may be for another: who sleeps is woken for it. */
static void tell_others(const struct sipring_taker *taker, uint32_t listeners)
{
	uint64_t now_ms = sipring_clock_ns() / 1000000;

	for (; listeners; listeners &= listeners - 1)
		sipring_split_tell(taker->split, (unsigned)__builtin_ctz(listeners), now_ms);
}

/* False where something is there after all: then he is awake, and readable. */
static bool go_to_sleep(struct sipring_taker *taker)
{
	eventfd_t ignored;

	(void)eventfd_read(taker->split->taker_fds[taker->place], &ignored);
	taker->is_readable = false;
	sipring_takers_sleep(taker->split->takers, taker->place);
	if (!has_any(taker))
		return true;
	/* Who has woken him meanwhile writes, or is about to; one more is no harm. */
	sipring_takers_awake(taker->split->takers, taker->place);
	make_readable(taker);
	return false;
}

static uint32_t to_be_seen(const struct sipring_taker *taker)
{
	return taker->listeners | (taker->is_for_all ? SIPRING_TAKERS_ALL : 0);
}

/* Those whose holders ended are free, and what they held counts as failed. */
static int find_place(struct sipring_taker *taker)
{
	int r;

	taker->member = sipring_members_join(taker->split->members);
	if (!taker->member)
		return -EUSERS;
	sipring_split_bury(taker->split);
	r = sipring_takers_join(taker->split->takers, taker->split->n_takers, taker->split->members,
		taker->member, to_be_seen(taker));
	if (r < 0) {
		sipring_members_bury(taker->split->members, taker->member);
		return r;
	}
	taker->place = (unsigned)r;
	return 0;
}

/* A bit for each listener that is meant; 0 where there is none. */
static uint32_t mask_of(const struct sipring_split *split, int listener)
{
	if (!split || listener < SIPRING_LISTENERS_ALL || listener >= (int)split->n_inboxes)
		return 0;
	return listener < 0 ? (uint32_t)((1u << split->n_inboxes) - 1) : (uint32_t)1 << listener;
}

int sipring_taker_open(struct sipring_taker **out, struct sipring *sipring, int listener,
	const struct sipring_callbacks *callbacks, struct sipring_error *error)
{
	struct sipring_taker *taker = calloc(1, sizeof *taker);
	int r;

	if (!taker)
		return sipring_error_set(error, -ENOMEM, "no memory for a taker");
	taker->listeners = mask_of(sipring->split, listener);
	if (!taker->listeners) {
		free(taker);
		return sipring_error_set(error, -EINVAL,
			sipring->split ? "there is no listener %d to take messages of"
				       : "to take messages (listener %d) set takers above 0",
			listener);
	}
	taker->is_for_all = listener == SIPRING_LISTENERS_ALL;
	taker->split = sipring->split;
	if (callbacks)
		taker->log = (struct sipring_log){callbacks->log, callbacks->user};
	r = find_place(taker);
	if (r < 0) {
		unsigned n_takers = taker->split->n_takers;

		free(taker);
		return sipring_error_set(error, r,
			"all %u places of takers are taken; raise the setting takers", n_takers);
	}
	go_to_sleep(taker);
	*out = taker;
	return 0;
}

int sipring_taker_serve(struct sipring_taker *taker, int listener, bool serves)
{
	uint32_t mask = mask_of(taker->split, listener);

	if (!mask)
		return -EINVAL;
	taker->listeners = serves ? taker->listeners | mask : taker->listeners & ~mask;
	if (listener == SIPRING_LISTENERS_ALL)
		taker->is_for_all = serves;
	sipring_takers_serve(taker->split->takers, taker->place, to_be_seen(taker));
	/* Before it was known what he serves nobody woke him for it, and others slept on. */
	if (serves && has_any(taker)) {
		sipring_takers_awake(taker->split->takers, taker->place);
		make_readable(taker);
	} else if (!serves) {
		tell_others(taker, mask);
	}
	return 0;
}

void sipring_taker_close(struct sipring_taker *taker)
{
	struct sipring_split *split;

	if (!taker)
		return;
	split = taker->split;
	sipring_takers_leave(split->takers, taker->place, taker->member);
	sipring_members_bury(split->members, taker->member);
	if (taker->n_held)
		for (unsigned i = 0; i < split->n_inboxes; i++)
			sipring_inbox_recover(split->inboxes[i], split->members);
	/* He may have been woken for what he will not take. */
	tell_others(taker, taker->listeners);
	free(taker);
}

int sipring_taker_fd(const struct sipring_taker *taker)
{
	return taker->split->taker_fds[taker->place];
}

static bool take_one(struct sipring_taker *taker, struct sipring_taken *message)
{
	struct sipring_inbox_slot slot;

	for (unsigned i = 0; i < taker->split->n_inboxes; i++) {
		unsigned listener = (taker->next + i) % taker->split->n_inboxes;

		if (!(taker->listeners >> listener & 1) ||
			sipring_inbox_take(taker->split->inboxes[listener], taker->member, &slot))
			continue;
		*message = (struct sipring_taken){
			.buffer = slot.bytes,
			.size = slot.entry->size,
			.info = slot.entry->info,
			.received_ns = slot.entry->received_ns,
			.listener = listener,
			.place = {slot.index, (uint32_t)slot.state, (uint32_t)(slot.state >> 32)},
		};
		taker->next = listener + 1;
		return true;
	}
	return false;
}

/* What waits, divided by those who may take it: the rest is for others. */
static unsigned share_of(const struct sipring_taker *taker)
{
	uint64_t n_waiting = 0;
	unsigned n_takers = 0;

	for (uint32_t rest = taker->listeners; rest; rest &= rest - 1)
		n_waiting += sipring_inbox_waiting(taker->split->inboxes[__builtin_ctz(rest)]);
	for (unsigned i = 0; i < taker->split->n_takers; i++)
		n_takers += sipring_takers_member(taker->split->takers, i) != 0;
	return 1 + (unsigned)(n_waiting / (n_takers ? n_takers : 1));
}

unsigned sipring_taker_take(struct sipring_taker *taker, struct sipring_taken *messages, unsigned n)
{
	unsigned n_taken = 0;

	/* Who asks once more after the last was given back: he sleeps already. */
	if (sipring_takers_is_asleep(taker->split->takers, taker->place) && !has_any(taker))
		return 0;
	/* Whoever woke him has written, or is about to. */
	if (sipring_takers_awake(taker->split->takers, taker->place))
		taker->is_readable = true;
	if (n > 1) {
		unsigned share = share_of(taker);

		n = n < share ? n : share;
	}
	while (n_taken < n) {
		if (take_one(taker, &messages[n_taken]))
			n_taken++;
		else if (n_taken || go_to_sleep(taker))
			break;
	}
	if (!n_taken)
		return 0;
	taker->n_held += n_taken;
	make_readable(taker);
	if (has_any(taker))
		tell_others(taker, taker->listeners);
	return n_taken;
}

int sipring_taker_give(struct sipring_taker *taker, const struct sipring_taken *message)
{
	struct sipring_inbox_slot slot = {
		.index = message->place[0],
		.state = message->place[1] | (uint64_t)message->place[2] << 32,
	};

	assert(taker->n_held);
	taker->n_held--;
	if (sipring_split_give(taker->split, message->listener, &slot) < 0)
		return -ESTALE;
	/* With nothing in hand and nothing there he sleeps: the host need not come to see it. */
	if (!taker->n_held && !has_any(taker))
		go_to_sleep(taker);
	return 0;
}

int sipring_taker_stats(const struct sipring *sipring, int listener,
	struct sipring_taker_stats *stats)
{
	const struct sipring_split *split = sipring->split;
	uint32_t mask = mask_of(split, listener);

	*stats = (struct sipring_taker_stats){0};
	if (!mask)
		return -EINVAL;
	for (uint32_t rest = mask; rest; rest &= rest - 1) {
		struct sipring_inbox_counts counts;

		sipring_inbox_count(split->inboxes[__builtin_ctz(rest)], &counts);
		stats->put += counts.put;
		stats->taken += counts.taken;
		stats->failed += counts.failed;
		stats->lost += counts.lost;
	}
	stats->wakes = sipring_takers_wakes(split->takers);
	for (unsigned i = 0; i < split->n_takers; i++) {
		uint32_t member = sipring_takers_member(split->takers, i);

		if (!member || sipring_members_gone(split->members, member) ||
			!(sipring_takers_served(split->takers, i) & mask))
			continue;
		stats->takers++;
		stats->sleeping += sipring_takers_may_come(split->takers, i);
	}
	return 0;
}
