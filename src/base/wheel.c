/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Four wheels of 64 slots. Read a time as digits of six bits: a timer lies at the level of the
 * highest digit in which its time differs from the wheel's, in the slot that this digit names; so
 * everything at a lower level is due before anything at a higher one. The top level is a ring of
 * 64 slots of 4.4 minutes, and a timer beyond its end waits in the last one to be placed again.
 * The slot of level 0 that the wheel's own time names holds what is due.
 *
 * Time moves only from one occupied slot to the next. Coming to a slot above level 0 places its
 * timers anew, lower down. The wheel owns the links of running timers and nothing else. One
 * thread. The invariant: the bit of a slot in `occupied` is set while the slot has a timer, and
 * above level 0 the slot that the wheel's own time names is empty.
 */
#include "base/wheel.h"

#include <assert.h>
#include <stddef.h>

#define LEVEL_BITS 6
#define SLOT_MASK (SIPRING_WHEEL_SLOTS - 1)
#define TOP (SIPRING_WHEEL_LEVELS - 1)

_Static_assert(SIPRING_WHEEL_SLOTS == 1 << LEVEL_BITS, "a digit names a slot");
_Static_assert(SIPRING_WHEEL_SLOTS == 64, "a word holds a level's occupied slots");

static unsigned wheel_digit(uint64_t time_ms, unsigned level)
{
	return (unsigned)(time_ms >> (level * LEVEL_BITS)) & SLOT_MASK;
}

static void wheel_check(const struct sipring_wheel *wheel)
{
#ifndef NDEBUG
	unsigned n_occupied = 0;

	for (unsigned level = 0; level <= TOP; level++) {
		unsigned here = wheel_digit(wheel->now_ms, level);
		const struct sipring_list *slot = &wheel->slots[level][here];

		assert(sipring_list_empty(slot) == !(wheel->occupied[level] >> here & 1));
		assert(level == 0 || sipring_list_empty(slot));
		n_occupied += (unsigned)__builtin_popcountll(wheel->occupied[level]);
	}
	assert(n_occupied <= wheel->n_timers);
	assert(!n_occupied == !wheel->n_timers);
#endif
	(void)wheel;
}

static void wheel_place(struct sipring_wheel *wheel, struct sipring_timer *timer)
{
	uint64_t at_ms = timer->at_ms > wheel->now_ms ? timer->at_ms : wheel->now_ms;
	uint64_t apart = at_ms ^ wheel->now_ms;
	unsigned level = 0;
	unsigned slot;

	while (level < TOP && apart >> ((level + 1) * LEVEL_BITS))
		level++;
	slot = wheel_digit(at_ms, level);
	if (level == TOP) {
		uint64_t turn = wheel->now_ms >> (TOP * LEVEL_BITS);
		uint64_t ahead = (at_ms >> (TOP * LEVEL_BITS)) - turn;

		if (ahead > SLOT_MASK)
			slot = (unsigned)(turn + SLOT_MASK) & SLOT_MASK;
	}
	sipring_list_append(&wheel->slots[level][slot], &timer->link);
	wheel->occupied[level] |= UINT64_C(1) << slot;
}

static void wheel_unlink(struct sipring_wheel *wheel, struct sipring_timer *timer)
{
	struct sipring_list *neighbour = timer->link.next;

	sipring_list_unlink(&timer->link);
	if (sipring_list_empty(neighbour)) { /* then it is the slot's head */
		size_t slot = (size_t)(neighbour - &wheel->slots[0][0]);

		assert(slot < SIPRING_WHEEL_LEVELS * SIPRING_WHEEL_SLOTS);
		wheel->occupied[slot / SIPRING_WHEEL_SLOTS] &=
			~(UINT64_C(1) << slot % SIPRING_WHEEL_SLOTS);
	}
}

/* When the wheel's time must next stand still, and at which level; UINT64_MAX without timers. */
static uint64_t wheel_next(const struct sipring_wheel *wheel, unsigned *level)
{
	for (unsigned l = 0; l <= TOP; l++) {
		unsigned here = wheel_digit(wheel->now_ms, l);
		uint64_t occupied = wheel->occupied[l];
		uint64_t turned;

		if (!occupied)
			continue;
		turned = occupied >> here;
		if (here)
			turned |= occupied << (SIPRING_WHEEL_SLOTS - here);
		*level = l;
		return ((wheel->now_ms >> (l * LEVEL_BITS)) + (unsigned)__builtin_ctzll(turned))
			<< (l * LEVEL_BITS);
	}
	return UINT64_MAX;
}

/* The wheel has come to a slot above level 0: its timers go where they now belong. */
static void wheel_cascade(struct sipring_wheel *wheel, unsigned level)
{
	unsigned here = wheel_digit(wheel->now_ms, level);
	struct sipring_list *slot = &wheel->slots[level][here];
	struct sipring_list *node;

	assert(level > 0 && !sipring_list_empty(slot));
	wheel->occupied[level] &= ~(UINT64_C(1) << here);
	while ((node = sipring_list_pop(slot)))
		wheel_place(wheel, SIPRING_CONTAINER(node, struct sipring_timer, link));
}

void sipring_wheel_init(struct sipring_wheel *wheel, uint64_t now_ms)
{
	for (unsigned level = 0; level <= TOP; level++) {
		wheel->occupied[level] = 0;
		for (unsigned slot = 0; slot < SIPRING_WHEEL_SLOTS; slot++)
			sipring_list_init(&wheel->slots[level][slot]);
	}
	wheel->now_ms = now_ms;
	wheel->n_timers = 0;
	wheel_check(wheel);
}

void sipring_timer_init(struct sipring_timer *timer)
{
	sipring_list_init(&timer->link);
	timer->at_ms = 0;
}

void sipring_wheel_start(struct sipring_wheel *wheel, struct sipring_timer *timer, uint64_t at_ms)
{
	sipring_wheel_stop(wheel, timer);
	timer->at_ms = at_ms;
	wheel_place(wheel, timer);
	wheel->n_timers++;
	wheel_check(wheel);
}

void sipring_wheel_stop(struct sipring_wheel *wheel, struct sipring_timer *timer)
{
	if (sipring_list_empty(&timer->link))
		return;
	assert(wheel->n_timers);
	wheel_unlink(wheel, timer);
	wheel->n_timers--;
	wheel_check(wheel);
}

struct sipring_timer *sipring_wheel_expire(struct sipring_wheel *wheel, uint64_t now_ms)
{
	assert(now_ms >= wheel->now_ms);
	for (;;) {
		struct sipring_list *due = &wheel->slots[0][wheel_digit(wheel->now_ms, 0)];
		unsigned level = 0;
		uint64_t next_ms;

		if (!sipring_list_empty(due)) {
			struct sipring_timer *timer =
				SIPRING_CONTAINER(due->next, struct sipring_timer, link);

			assert(timer->at_ms <= now_ms);
			sipring_wheel_stop(wheel, timer);
			return timer;
		}
		next_ms = wheel_next(wheel, &level);
		if (next_ms > now_ms) {
			if (now_ms > wheel->now_ms)
				wheel->now_ms = now_ms;
			wheel_check(wheel);
			return NULL;
		}
		wheel->now_ms = next_ms;
		if (level)
			wheel_cascade(wheel, level);
		wheel_check(wheel);
	}
}

uint64_t sipring_wheel_idle_ms(const struct sipring_wheel *wheel, uint64_t now_ms)
{
	unsigned level;
	uint64_t next_ms = wheel_next(wheel, &level);

	assert(now_ms >= wheel->now_ms);
	if (next_ms == UINT64_MAX)
		return UINT64_MAX;
	return next_ms > now_ms ? next_ms - now_ms : 0;
}
