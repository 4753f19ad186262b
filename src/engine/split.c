/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The takers' eventfds are made here, before anyone is forked, so that every process has them by
 * the same numbers. Who wakes whom: a worker wakes a taker for what it put in,
 * a taker wakes the next for what it leaves, and who gives a slot back wakes the workers that wait
 * for one. Each of them can be killed in between; therefore workers look again
 * (sipring_split_look), and ask now and then who is still there (sipring_split_bury).
 *
 * Room is told as messages are: the worker stores that it waits and then looks for a slot; the
 * giver frees the slot and then looks who waits. All of it is seq_cst, and one of the two sees the
 * other.
 */
#include "engine/split.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define N_LINES_BEFORE 2 /* the inboxes' */

bool sipring_split_is_wanted(const struct sipring_config *config)
{
	return config->takers > 0;
}

struct sipring_inbox_shape sipring_split_shape(const struct sipring_config *config)
{
	struct sipring_inbox_shape shape = {
		.counts = {(uint32_t)config->inbox_small, (uint32_t)config->inbox_medium,
			(uint32_t)config->inbox_large},
		.sizes = {1536, 8192, (uint32_t)config->message_max},
	};

	for (unsigned i = 0; i < SIPRING_INBOX_CLASSES; i++)
		if (shape.sizes[i] > (uint32_t)config->message_max)
			shape.sizes[i] = (uint32_t)config->message_max;
	return shape;
}

/* Messages that came by no listener go the way of the first one's. */
static unsigned count_inboxes(const struct sipring_config *config)
{
	unsigned n = config->n_listeners + (unsigned)config->spare_listeners;

	return n ? n : 1;
}

unsigned sipring_split_lines(const struct sipring_config *config,
	struct sipring_region_line lines[SIPRING_SPLIT_LINES])
{
	static const char *const names[] = {"inbox 0", "inbox 1", "inbox 2", "inbox 3", "inbox 4",
		"inbox 5", "inbox 6", "inbox 7", "inbox 8", "inbox 9", "inbox 10", "inbox 11",
		"inbox 12", "inbox 13", "inbox 14", "inbox 15"};
	struct sipring_inbox_shape shape = sipring_split_shape(config);

	static_assert(sizeof names / sizeof names[0] == CONFIG_LISTENERS_MAX, "a name each");
	if (!sipring_split_is_wanted(config))
		return 0;
	lines[0] = (struct sipring_region_line){"takers", sizeof(struct sipring_takers)};
	lines[1] = (struct sipring_region_line){"rooms", sizeof(struct sipring_rooms)};
	for (unsigned i = 0; i < count_inboxes(config); i++)
		lines[N_LINES_BEFORE + i] =
			(struct sipring_region_line){names[i], sipring_inbox_footprint(&shape)};
	return N_LINES_BEFORE + count_inboxes(config);
}

int sipring_split_open(struct sipring_split **out, struct sipring_share *share,
	const struct sipring_config *config)
{
	struct sipring_inbox_shape shape = sipring_split_shape(config);
	struct sipring_region_line lines[SIPRING_SPLIT_LINES];
	struct sipring_split *split = calloc(1, sizeof *split);
	int r;

	if (!split)
		return -ENOMEM;
	sipring_split_lines(config, lines);
	split->share = share;
	split->members = share->members;
	split->takers = sipring_share_section(share, &lines[0]);
	split->rooms = sipring_share_section(share, &lines[1]);
	split->n_inboxes = count_inboxes(config);
	split->n_takers = (unsigned)config->takers;
	for (unsigned i = 0; i < split->n_inboxes; i++) {
		split->inboxes[i] = sipring_share_section(share, &lines[N_LINES_BEFORE + i]);
		sipring_inbox_init(split->inboxes[i], &shape);
	}
	for (unsigned i = 0; i < split->n_takers; i++)
		split->taker_fds[i] = -1;
	r = sipring_share_open_eventfds(split->taker_fds, split->n_takers);
	if (r < 0) {
		sipring_split_close(split);
		return r;
	}
	*out = split;
	return 0;
}

void sipring_split_close(struct sipring_split *split)
{
	if (!split)
		return;
	for (unsigned i = 0; i < split->n_takers; i++)
		if (split->taker_fds[i] >= 0)
			close(split->taker_fds[i]);
	free(split);
}

void sipring_split_recover(struct sipring_split *split)
{
	for (unsigned i = 0; i < split->n_inboxes; i++)
		sipring_inbox_recover(split->inboxes[i], split->members);
}

void sipring_split_tell(struct sipring_split *split, unsigned listener, uint64_t now_ms)
{
	int place;

	if (!sipring_inbox_has(split->inboxes[listener]))
		return;
	place = sipring_takers_pick(split->takers, split->n_takers, listener, now_ms);
	if (place >= 0)
		(void)eventfd_write(split->taker_fds[place], 1); /* full: it is readable */
}

void sipring_split_look(struct sipring_split *split, uint64_t now_ms)
{
	bool anyone_died = false;
	int late = -1;

	for (unsigned i = 0; i < split->n_inboxes; i++)
		sipring_split_tell(split, i, now_ms);
	while ((late = sipring_takers_overdue(split->takers, split->n_takers, (unsigned)(late + 1),
			now_ms)) >= 0) {
		uint32_t member = sipring_takers_member(split->takers, (unsigned)late);

		if (member && sipring_members_probe(split->members, member)) {
			sipring_takers_bury(split->takers, (unsigned)late, member);
			anyone_died = true;
		} else {
			(void)eventfd_write(split->taker_fds[late], 1);
		}
	}
	if (anyone_died)
		sipring_split_recover(split);
}

bool sipring_split_is_awaited(const struct sipring_split *split)
{
	bool anyone_sleeps = false;

	for (unsigned i = 0; i < split->n_takers && !anyone_sleeps; i++)
		anyone_sleeps = sipring_takers_may_come(split->takers, i);
	for (unsigned i = 0; i < split->n_inboxes && anyone_sleeps; i++)
		if (sipring_inbox_has(split->inboxes[i]))
			return true;
	return false;
}

void sipring_split_bury(struct sipring_split *split)
{
	bool anyone_died = false;

	for (unsigned i = 0; i < split->n_takers; i++) {
		uint32_t member = sipring_takers_member(split->takers, i);

		if (!member || !sipring_members_probe(split->members, member))
			continue;
		sipring_takers_bury(split->takers, i, member);
		anyone_died = true;
	}
	for (unsigned i = 0; i < split->share->n_workers; i++) {
		uint32_t member =
			atomic_load_explicit(&split->share->places[i].member, memory_order_acquire);

		/* relaxed: a word by itself; done twice is no harm */
		if (!member ||
			member ==
				atomic_load_explicit(&split->rooms->buried[i],
					memory_order_relaxed) ||
			!sipring_members_probe(split->members, member))
			continue;
		atomic_store_explicit(&split->rooms->buried[i], member, memory_order_relaxed);
		anyone_died = true;
	}
	if (anyone_died)
		sipring_split_recover(split);
}

/* Those who serve a listener: SERVED_ALONE by its own number, SERVED with all others. */
enum served { SERVED_NOT, SERVED, SERVED_ALONE };

static enum served how_served(const struct sipring_split *split, unsigned listener)
{
	enum served found = SERVED_NOT;

	for (unsigned i = 0; i < split->n_takers && found != SERVED_ALONE; i++) {
		uint32_t member = sipring_takers_member(split->takers, i);
		uint32_t served = sipring_takers_served(split->takers, i);

		if (!member || sipring_members_gone(split->members, member) ||
			!(served >> listener & 1))
			continue;
		found = served & SIPRING_TAKERS_ALL ? SERVED : SERVED_ALONE;
	}
	return found;
}

bool sipring_split_is_taken(const struct sipring_split *split, unsigned listener)
{
	return how_served(split, listener) == SERVED_ALONE;
}

void sipring_split_fail(struct sipring_split *split, unsigned listener, uint32_t member)
{
	struct sipring_inbox *inbox = split->inboxes[listener];
	struct sipring_inbox_slot slot;

	while (!sipring_inbox_take(inbox, member, &slot)) {
		sipring_inbox_fail(inbox);
		(void)sipring_split_give(split, listener, &slot);
	}
}

bool sipring_split_clear(struct sipring_split *split, unsigned listener, uint32_t member)
{
	enum served served = how_served(split, listener);

	if (served == SERVED_NOT)
		sipring_split_fail(split, listener, member);
	return served != SERVED_ALONE && !sipring_inbox_has(split->inboxes[listener]);
}

void sipring_split_want_room(struct sipring_split *split, unsigned listener, unsigned worker)
{
	atomic_fetch_or_explicit(&split->rooms->waiting[listener], (uint64_t)1 << worker,
		memory_order_seq_cst);
}

int sipring_split_give(struct sipring_split *split, unsigned listener,
	const struct sipring_inbox_slot *slot)
{
	_Atomic uint64_t *waiting = &split->rooms->waiting[listener];
	int r = sipring_inbox_give(split->inboxes[listener], slot);
	uint64_t workers = 0;

	if (atomic_load_explicit(waiting, memory_order_seq_cst))
		workers = atomic_exchange_explicit(waiting, 0, memory_order_relaxed);
	for (; workers; workers &= workers - 1)
		sipring_share_wake(split->share, (unsigned)__builtin_ctzll(workers));
	return r;
}
