/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outstanding requests of a load: a fixed array of slots, a free list, and a queue in the order
 * of sending, which with one timeout for all is also the order of expiry. A slot's generation
 * counts its uses from 1; index and generation together name a request for ever (2^32 uses), go
 * out in its Call-ID and come back in the answer, so that finding it is one look. The array belongs
 * to struct load_slots. Every slot is either in the queue and used, or in the free list.
 */
#include "tools/load_slots.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define INDEX_BITS 20
#define COOKIE_GENERATIONS ((1u << (32 - INDEX_BITS)) - 1)

_Static_assert(LOAD_SLOTS_MAX == 1u << INDEX_BITS, "an index fits into a cookie");

int load_slots_open(struct load_slots *slots, uint32_t n_slots)
{
	assert(n_slots > 0 && n_slots <= LOAD_SLOTS_MAX);
	slots->slots = calloc(n_slots, sizeof(*slots->slots));
	if (!slots->slots)
		return -ENOMEM;
	slots->n_slots = n_slots;
	slots->n_used = 0;
	slots->oldest = slots->newest = LOAD_SLOTS_NONE;
	slots->free = 0;
	for (uint32_t i = 0; i < n_slots; i++) {
		slots->slots[i].next = i + 1 < n_slots ? i + 1 : LOAD_SLOTS_NONE;
		slots->slots[i].generation = 1;
	}
	load_slots_check(slots);
	return 0;
}

void load_slots_close(struct load_slots *slots)
{
	free(slots->slots);
	slots->slots = NULL;
}

/* Walks everything: for tests. */
void load_slots_check(const struct load_slots *slots)
{
	uint32_t n_used = 0, n_free = 0, previous = LOAD_SLOTS_NONE;
	for (uint32_t i = slots->oldest; i != LOAD_SLOTS_NONE; i = slots->slots[i].next) {
		assert(slots->slots[i].is_used);
		assert(slots->slots[i].previous == previous);
		previous = i;
		n_used++;
	}
	assert(slots->newest == previous);
	for (uint32_t i = slots->free; i != LOAD_SLOTS_NONE; i = slots->slots[i].next) {
		assert(!slots->slots[i].is_used);
		n_free++;
	}
	assert(n_used == slots->n_used && n_used + n_free == slots->n_slots);
	(void)n_used, (void)n_free, (void)previous;
}

/* The slot, now the newest, or LOAD_SLOTS_NONE. */
uint32_t load_slots_take(struct load_slots *slots, uint64_t begun_ns, uint64_t sent_ns)
{
	uint32_t index = slots->free;
	if (index == LOAD_SLOTS_NONE)
		return LOAD_SLOTS_NONE;
	struct load_slot *slot = &slots->slots[index];
	slots->free = slot->next;
	slot->is_used = true;
	slot->begun_ns = begun_ns;
	slot->sent_ns = sent_ns;
	slot->next = LOAD_SLOTS_NONE;
	slot->previous = slots->newest;
	if (slots->newest != LOAD_SLOTS_NONE)
		slots->slots[slots->newest].next = index;
	else
		slots->oldest = index;
	slots->newest = index;
	slots->n_used++;
	return index;
}

static void unlink_slot(struct load_slots *slots, uint32_t index)
{
	struct load_slot *slot = &slots->slots[index];
	assert(slot->is_used);
	if (slot->previous != LOAD_SLOTS_NONE)
		slots->slots[slot->previous].next = slot->next;
	else
		slots->oldest = slot->next;
	if (slot->next != LOAD_SLOTS_NONE)
		slots->slots[slot->next].previous = slot->previous;
	else
		slots->newest = slot->previous;
	slot->is_used = false;
	slot->next = slots->free;
	slots->free = index;
	slots->n_used--;
}

/* Gives a slot back whose request never went: its generation stays. */
void load_slots_cancel(struct load_slots *slots, uint32_t index)
{
	unlink_slot(slots, index);
}

void load_slots_end(struct load_slots *slots, uint32_t index, bool is_answered)
{
	unlink_slot(slots, index);
	slots->slots[index].generation++;
	slots->slots[index].was_lost = !is_answered;
}

enum load_slots_match load_slots_find(const struct load_slots *slots, uint32_t index,
	uint32_t generation)
{
	if (index >= slots->n_slots)
		return LOAD_SLOTS_STRAY;
	const struct load_slot *slot = &slots->slots[index];
	if (slot->generation == generation)
		return slot->is_used ? LOAD_SLOTS_OURS : LOAD_SLOTS_STRAY;
	if (generation == 0 || generation > slot->generation)
		return LOAD_SLOTS_STRAY;
	return generation + 1 == slot->generation && slot->was_lost ? LOAD_SLOTS_LATE
								    : LOAD_SLOTS_DUPLICATE;
}

/* A name for the request in 32 bits, never 0; it repeats after 4,095 uses of the slot. */
uint32_t load_slots_cookie(const struct load_slots *slots, uint32_t index)
{
	uint32_t generation = slots->slots[index].generation % COOKIE_GENERATIONS + 1;
	return generation << INDEX_BITS | index;
}

/* The slot that a cookie names, if its request is still outstanding; else LOAD_SLOTS_NONE. */
uint32_t load_slots_of_cookie(const struct load_slots *slots, uint32_t cookie)
{
	uint32_t index = cookie & (LOAD_SLOTS_MAX - 1);
	if (index >= slots->n_slots || !slots->slots[index].is_used ||
		load_slots_cookie(slots, index) != cookie)
		return LOAD_SLOTS_NONE;
	return index;
}
