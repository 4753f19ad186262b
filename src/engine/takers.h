/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Those who take messages: their places in shared memory, and who of them sleeps. One who sleeps is
 * woken for what was put in, and the next one only when that one has come and left something over.
 */
#pragma once

#include "engine/members.h"

#include <stdbool.h>
#include <stdint.h>

#define SIPRING_TAKERS_MAX 256
#define SIPRING_TAKERS_ALL (UINT32_C(1) << 31) /* he serves all, whichever come and go */

/* Who was woken has this time to come; then another is woken as well. */
#define SIPRING_TAKERS_PATIENCE_MS 1
/* And after this he is woken once more. */
#define SIPRING_TAKERS_OVERDUE_MS 20

struct sipring_taker_place {
	_Alignas(64) _Atomic uint32_t member; /* who has it; 0, or one who is gone: nobody */
	_Atomic uint32_t listeners; /* those that he serves, a bit each, and SIPRING_TAKERS_ALL */
};

/* Lies in a region, zeroed. */
struct sipring_takers {
	_Atomic uint64_t n_wakes;
	_Alignas(64) _Atomic uint32_t sleeps[SIPRING_TAKERS_MAX];
	struct sipring_taker_place places[SIPRING_TAKERS_MAX];
};

/* Takes one of the first n places. -EUSERS when all have somebody. */
int sipring_takers_join(struct sipring_takers *takers, unsigned n, struct sipring_members *members,
	uint32_t member, uint32_t listeners);
/* What the place's taker serves, from here on: a bit each, and SIPRING_TAKERS_ALL. */
void sipring_takers_serve(struct sipring_takers *takers, unsigned place, uint32_t listeners);
uint32_t sipring_takers_served(const struct sipring_takers *takers, unsigned place);
void sipring_takers_leave(struct sipring_takers *takers, unsigned place, uint32_t member);
/* The same for one who is gone. */
void sipring_takers_bury(struct sipring_takers *takers, unsigned place, uint32_t member);
/* Who has the place, gone or not; 0: nobody. */
uint32_t sipring_takers_member(const struct sipring_takers *takers, unsigned place);

/*
 * From here on he may be woken. He looks once more whether there is a message, and if so he is
 * awake again.
 */
void sipring_takers_sleep(struct sipring_takers *takers, unsigned place);
/* Before he looks for messages. Whether somebody has woken him, or is about to. */
bool sipring_takers_awake(struct sipring_takers *takers, unsigned place);

/* Whether he sleeps and nobody has woken him since: then nobody writes to his eventfd. */
bool sipring_takers_is_asleep(const struct sipring_takers *takers, unsigned place);

/*
 * Something was put in for this listener: whom the caller has to wake, of the first n, or -1:
 * nobody sleeps, or somebody is on his way.
 */
int sipring_takers_pick(struct sipring_takers *takers, unsigned n, unsigned listener,
	uint64_t now_ms);

/*
 * The first from a place on who was woken long ago and has not come, or -1: the caller has to wake
 * him again. Who woke him may have been killed between the two halves of it.
 */
int sipring_takers_overdue(struct sipring_takers *takers, unsigned n, unsigned from,
	uint64_t now_ms);

/* Whether he sleeps, or was woken and has not come. */
bool sipring_takers_may_come(const struct sipring_takers *takers, unsigned place);
uint64_t sipring_takers_wakes(const struct sipring_takers *takers);
