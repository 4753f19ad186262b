/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One who takes part in what is shared: a worker, or somebody who only sends. He hands sends to the
 * worker that has the association, and is told their outcomes; where that worker is gone, he tells
 * himself. One thread's.
 */
#pragma once

#include "base/pool.h"
#include "engine/share.h"

#include <sipring/sipring.h>

#define SIPRING_PARTY_TICK_MS SIPRING_MAILBOX_SLEEP_MAX_MS

/* An origin who does not want to know: the host of the worker in hand is told of failures. */
#define SIPRING_PARTY_UNASKED UINT32_MAX

struct sipring_party {
	struct sipring_share *share; /* NULL: nothing is shared */
	struct sipring_pool handed;  /* sends whose outcomes are to come */
	uint32_t member;
	unsigned place;
	uint32_t swept; /* up to which of handed the sweep for the dead has come */
	unsigned probed;
	uint64_t tick_at_ms;
	uint64_t full_places; /* workers, by bits, whose mailbox was full */
	uint64_t n_handed;
	uint64_t n_untold; /* outcomes for which the sender had no room: successes never are */
};

/* An outcome to be told to the host of this party. */
struct sipring_party_outcome {
	uint32_t cookie;
	enum sipring_outcome outcome;
	int error;
};

/* Takes one of n places from `first` on. 0, -EUSERS when all are taken, or -errno. */
int sipring_party_join(struct sipring_party *party, struct sipring_share *share, unsigned first,
	unsigned n);
/* After the last use of it; what was handed over and is not told yet is forgotten. */
void sipring_party_leave(struct sipring_party *party);
size_t sipring_party_footprint(uint32_t handed_max);

/*
 * Hands a send to the worker in a place. `origin` is the member to whom its outcome belongs, 0:
 * this party. 0; -ENOBUFS: full, of mailbox or of sends under way; -EHOSTDOWN: nobody is there.
 */
int sipring_party_hand(struct sipring_party *party, unsigned place, const struct sipring_send *send,
	const union sipring_address *peer, uint32_t origin);

/* Tells the origin of a send that was handed to this party how it ended. */
void sipring_party_tell(struct sipring_party *party, uint32_t origin, uint32_t cookie,
	enum sipring_outcome outcome, int error);

/* The next outcome; what belongs to others is passed on. False when there is none now. */
bool sipring_party_outcome(struct sipring_party *party, uint64_t now_ms,
	struct sipring_party_outcome *outcome);

/* Gives up what is at an index of handed; true where this party's host is to be told. */
bool sipring_party_give_up(struct sipring_party *party, uint32_t index,
	struct sipring_party_outcome *outcome);

/* Whether one of the workers that were full has room again; true once for each that was. */
bool sipring_party_has_room(struct sipring_party *party);

/* A worker's: the next send handed to him where it lies, until sipring_party_release. */
bool sipring_party_mail(struct sipring_party *party, struct sipring_mail **mail, char **bytes);
void sipring_party_release(struct sipring_party *party);

/* As sipring_mailbox_sleep, of all that is his; and its end. */
bool sipring_party_sleep(struct sipring_party *party);
void sipring_party_awake(struct sipring_party *party);
