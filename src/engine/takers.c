/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A taker is awake, asleep, or woken and on his way: one word each, all of them in a few cache
 * lines, for every message that was put in looks at them. ASLEEP -> WOKEN is the waker's exchange,
 * who then writes to the taker's eventfd; all else the taker does himself.
 *
 * Nobody sleeps beside a message. Who puts one in exchanges a cell and then looks at these words;
 * who goes to sleep stores his word and then looks at the cell (sipring_inbox_has). All of it is
 * seq_cst, so one of the two comes second and sees the other's. The same holds for one who is on
 * his way: he stores AWAKE and then looks, so that who left it to him because he was WOKEN is
 * right. And whoever takes a message and leaves others wakes the next.
 *
 * What a killed one leaves undone: a wake that was decided and not written (its word says WOKEN for
 * too long: overdue), a message put in and nobody woken, or a woken one who died on his way.
 * Workers look for all three (split.c); in the meantime, who puts in another message passes by the
 * woken one who does not come.
 *
 * Invariant: a word is WOKEN only if it was ASLEEP; a place's listeners are its member's.
 */
#include "engine/takers.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>

/* A word: the state in 2 bits, and of WOKEN the milliseconds at which it was. */
enum sleep { AWAKE, ASLEEP, WOKEN };

#define SLEEP_MASK 3u

/* Milliseconds; a clock that was read a little before the other's gives none. */
static uint32_t woken_since(uint32_t word, uint64_t now_ms)
{
	uint32_t ms = (((uint32_t)now_ms << 2) - (word & ~SLEEP_MASK)) >> 2;

	return ms < 1u << 29 ? ms : 0;
}

static bool is_late(uint32_t word, uint64_t now_ms)
{
	return woken_since(word, now_ms) > SIPRING_TAKERS_PATIENCE_MS;
}

static bool place_serves(const struct sipring_taker_place *place, unsigned listener)
{
	if (!atomic_load_explicit(&place->member, memory_order_relaxed))
		return false;
	/* seq_cst: see sipring_takers_serve; it pairs with the release of join as well */
	return atomic_load_explicit(&place->listeners, memory_order_seq_cst) >> listener & 1;
}

int sipring_takers_join(struct sipring_takers *takers, unsigned n, struct sipring_members *members,
	uint32_t member, uint32_t listeners)
{
	assert(member && n <= SIPRING_TAKERS_MAX);
	for (unsigned i = 0; i < n; i++) {
		struct sipring_taker_place *place = &takers->places[i];
		uint32_t before = atomic_load_explicit(&place->member, memory_order_relaxed);

		if (before && !sipring_members_probe(members, before))
			continue;
		/* acquire: what the one before stored to its words comes before what we store */
		if (!atomic_compare_exchange_strong_explicit(&place->member, &before, member,
			    memory_order_acq_rel, memory_order_relaxed))
			continue;
		atomic_store_explicit(&takers->sleeps[i], AWAKE, memory_order_seq_cst);
		/* release: seen with the word that says that he sleeps */
		atomic_store_explicit(&place->listeners, listeners, memory_order_release);
		return (int)i;
	}
	return -EUSERS;
}

void sipring_takers_serve(struct sipring_takers *takers, unsigned place, uint32_t listeners)
{
	/* seq_cst: then he looks for messages; who puts one in looks at this afterwards */
	atomic_store_explicit(&takers->places[place].listeners, listeners, memory_order_seq_cst);
}

uint32_t sipring_takers_served(const struct sipring_takers *takers, unsigned place)
{
	return atomic_load_explicit(&takers->places[place].listeners, memory_order_seq_cst);
}

void sipring_takers_leave(struct sipring_takers *takers, unsigned place, uint32_t member)
{
	atomic_store_explicit(&takers->sleeps[place], AWAKE, memory_order_seq_cst);
	sipring_takers_bury(takers, place, member);
}

/* Leaves the word as it is: it may be the next one's by now, who sets it right himself. */
void sipring_takers_bury(struct sipring_takers *takers, unsigned place, uint32_t member)
{
	/* release: the next one's stores come after ours */
	atomic_compare_exchange_strong_explicit(&takers->places[place].member, &member, 0,
		memory_order_release, memory_order_relaxed);
}

uint32_t sipring_takers_member(const struct sipring_takers *takers, unsigned place)
{
	return atomic_load_explicit(&takers->places[place].member, memory_order_acquire);
}

void sipring_takers_sleep(struct sipring_takers *takers, unsigned place)
{
	atomic_store_explicit(&takers->sleeps[place], ASLEEP, memory_order_seq_cst);
}

bool sipring_takers_awake(struct sipring_takers *takers, unsigned place)
{
	uint32_t before = AWAKE;

	/* relaxed: only he himself makes it anything but AWAKE or WOKEN */
	if (atomic_load_explicit(&takers->sleeps[place], memory_order_relaxed) != AWAKE)
		before = atomic_exchange_explicit(&takers->sleeps[place], AWAKE,
			memory_order_seq_cst);
	return (before & SLEEP_MASK) == WOKEN;
}

int sipring_takers_pick(struct sipring_takers *takers, unsigned n, unsigned listener,
	uint64_t now_ms)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t word = atomic_load_explicit(&takers->sleeps[i], memory_order_seq_cst);

		if ((word & SLEEP_MASK) == WOKEN && !is_late(word, now_ms) &&
			place_serves(&takers->places[i], listener))
			return -1;
	}
	for (unsigned i = 0; i < n; i++) {
		uint32_t word = atomic_load_explicit(&takers->sleeps[i], memory_order_seq_cst);

		if (word != ASLEEP || !place_serves(&takers->places[i], listener))
			continue;
		if (atomic_compare_exchange_strong_explicit(&takers->sleeps[i], &word,
			    (uint32_t)now_ms << 2 | WOKEN, memory_order_seq_cst,
			    memory_order_relaxed)) {
			atomic_fetch_add_explicit(&takers->n_wakes, 1, memory_order_relaxed);
			return (int)i;
		}
	}
	return -1;
}

int sipring_takers_overdue(struct sipring_takers *takers, unsigned n, unsigned from,
	uint64_t now_ms)
{
	for (unsigned i = from; i < n; i++) {
		uint32_t word = atomic_load_explicit(&takers->sleeps[i], memory_order_relaxed);

		if ((word & SLEEP_MASK) != WOKEN || !sipring_takers_member(takers, i) ||
			woken_since(word, now_ms) < SIPRING_TAKERS_OVERDUE_MS)
			continue;
		/* The time begins again; relaxed: he is WOKEN before and after. */
		if (atomic_compare_exchange_strong_explicit(&takers->sleeps[i], &word,
			    (uint32_t)now_ms << 2 | WOKEN, memory_order_relaxed,
			    memory_order_relaxed))
			return (int)i;
	}
	return -1;
}

bool sipring_takers_is_asleep(const struct sipring_takers *takers, unsigned place)
{
	return (atomic_load_explicit(&takers->sleeps[place], memory_order_relaxed) & SLEEP_MASK) ==
		ASLEEP;
}

bool sipring_takers_may_come(const struct sipring_takers *takers, unsigned place)
{
	return atomic_load_explicit(&takers->sleeps[place], memory_order_relaxed) != AWAKE;
}

uint64_t sipring_takers_wakes(const struct sipring_takers *takers)
{
	return atomic_load_explicit(&takers->n_wakes, memory_order_relaxed);
}
