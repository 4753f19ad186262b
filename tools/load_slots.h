/* SPDX-License-Identifier: BSD-2-Clause */
/* The outstanding requests of a load. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LOAD_SLOTS_MAX (1u << 20)
#define LOAD_SLOTS_NONE UINT32_MAX

/* One outstanding request, or room for one. */
struct load_slot {
	uint64_t begun_ns; /* what its latency counts from */
	uint64_t sent_ns;  /* what its timeout counts from */
	uint32_t generation;
	uint32_t next, previous; /* in the queue of outstanding ones; next in the free list */
	uint32_t peer;
	bool is_used;
	bool was_lost; /* the generation before ended without an answer */
};

struct load_slots {
	struct load_slot *slots; /* owned */
	uint32_t n_slots, n_used;
	uint32_t free;           /* first free one */
	uint32_t oldest, newest; /* outstanding ones, in the order of sending */
};

enum load_slots_match {
	LOAD_SLOTS_OURS,      /* outstanding */
	LOAD_SLOTS_DUPLICATE, /* was answered already */
	LOAD_SLOTS_LATE,      /* was given up already */
	LOAD_SLOTS_STRAY,     /* never was */
};

int load_slots_open(struct load_slots *slots, uint32_t n_slots);
void load_slots_close(struct load_slots *slots);
void load_slots_check(const struct load_slots *slots);

uint32_t load_slots_take(struct load_slots *slots, uint64_t begun_ns, uint64_t sent_ns);
void load_slots_cancel(struct load_slots *slots, uint32_t index);
void load_slots_end(struct load_slots *slots, uint32_t index, bool is_answered);
enum load_slots_match load_slots_find(const struct load_slots *slots, uint32_t index,
	uint32_t generation);

uint32_t load_slots_cookie(const struct load_slots *slots, uint32_t index);
uint32_t load_slots_of_cookie(const struct load_slots *slots, uint32_t cookie);
