/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of one listener on their way from the workers to the takers, in shared memory:
 * bounded, many put in, many take out, each message is taken by one. Nobody waits for anybody, and
 * whoever is killed takes no more with him than what he had in hand.
 */
#pragma once

#include "engine/members.h"

#include <sipring/sipring.h>

#define SIPRING_INBOX_CLASSES 3
#define SIPRING_INBOX_SLOTS_MAX (1u << 20)

struct sipring_inbox; /* lies in a region, without pointers */

/* How many slots there are of each size, and their bytes, the smallest first. */
struct sipring_inbox_shape {
	uint32_t counts[SIPRING_INBOX_CLASSES];
	uint32_t sizes[SIPRING_INBOX_CLASSES];
};

/* What goes with the bytes. */
struct sipring_inbox_entry {
	struct sipring_receive_info info;
	uint64_t received_ns; /* CLOCK_MONOTONIC */
	uint32_t size;        /* bytes */
};

/* A slot in somebody's hand. Writable, and SIPRING_IO_TAIL bytes behind its bytes too. */
struct sipring_inbox_slot {
	struct sipring_inbox_entry *entry;
	char *bytes;
	uint64_t state;
	uint32_t index;
};

enum {
	SIPRING_INBOX_DONE = 0,
	SIPRING_INBOX_FULL = 1, /* no slot that is large enough is free */
	SIPRING_INBOX_EMPTY = 1,
};

/* What an inbox takes; SIZE_MAX for a shape that cannot be. */
size_t sipring_inbox_footprint(const struct sipring_inbox_shape *shape);
/* On zeroed memory of that size, before anyone shares it. */
void sipring_inbox_init(struct sipring_inbox *inbox, const struct sipring_inbox_shape *shape);

/* The class whose slots a message of that size takes first; SIPRING_INBOX_CLASSES: none. */
unsigned sipring_inbox_class(const struct sipring_inbox *inbox, size_t size);

/*
 * A free slot for a message of that size, of the smallest class before `classes_end` that has one;
 * it is the member's until it is put in. DONE or FULL.
 */
int sipring_inbox_reserve(struct sipring_inbox *inbox, uint32_t member, size_t size,
	unsigned classes_end, struct sipring_inbox_slot *slot);
/* The filled slot is anybody's to take from here on. */
void sipring_inbox_put(struct sipring_inbox *inbox, const struct sipring_inbox_slot *slot);

/* The message that waits longest is the member's from here on. DONE or EMPTY. */
int sipring_inbox_take(struct sipring_inbox *inbox, uint32_t member,
	struct sipring_inbox_slot *slot);
/* It is done with. 0; -ESTALE where its taker was taken for dead meanwhile. */
int sipring_inbox_give(struct sipring_inbox *inbox, const struct sipring_inbox_slot *slot);

/* What was taken, and is given back, was not handled: it counts as failed. */
void sipring_inbox_fail(struct sipring_inbox *inbox);

/* How many wait, at a glance. */
uint64_t sipring_inbox_waiting(const struct sipring_inbox *inbox);
/* Whether something waits to be taken. */
bool sipring_inbox_has(struct sipring_inbox *inbox);

/*
 * Frees what members that are gone had in hand: what they had taken counts as failed, what they
 * were putting in as lost. What they had put in stays. Any number of callers at a time.
 */
void sipring_inbox_recover(struct sipring_inbox *inbox, const struct sipring_members *members);

struct sipring_inbox_counts {
	uint64_t put;
	uint64_t taken;
	uint64_t failed;
	uint64_t lost;
};

/* A glance, which may be torn between fields. */
void sipring_inbox_count(const struct sipring_inbox *inbox, struct sipring_inbox_counts *counts);
