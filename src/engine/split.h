/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What workers and takers share where I/O and handlers are apart: an inbox for each listener, the
 * takers' places, and who waits for room. Opened once, before the fork.
 */
#pragma once

#include "engine/config.h"
#include "engine/inbox.h"
#include "engine/share.h"
#include "engine/takers.h"

#define SIPRING_SPLIT_WORKERS_MAX 64
/* Those who look do so this often; it bounds what a killed waker costs. */
#define SIPRING_SPLIT_LOOK_MS 2
#define SIPRING_SPLIT_BURY_MS 500
/* The longest sleep of a worker whose messages wait for room. */
#define SIPRING_SPLIT_ROOM_MS 100

/* What workers wait for, and leave; lies in the region. */
struct sipring_rooms {
	_Atomic uint64_t waiting[CONFIG_LISTENERS_MAX];     /* in an inbox: a bit for each place */
	_Atomic uint32_t buried[SIPRING_SPLIT_WORKERS_MAX]; /* whose hands were emptied, by place */
};

/* The sections of the region as this process sees them. */
struct sipring_split {
	struct sipring_share *share;
	struct sipring_members *members; /* of share */
	struct sipring_takers *takers;
	struct sipring_rooms *rooms;
	struct sipring_inbox *inboxes[CONFIG_LISTENERS_MAX];
	unsigned n_inboxes;
	unsigned n_takers;
	int taker_fds[SIPRING_TAKERS_MAX];
};

/* Whether these settings ask for it. */
bool sipring_split_is_wanted(const struct sipring_config *config);
struct sipring_inbox_shape sipring_split_shape(const struct sipring_config *config);
/* A line for each section, in bytes; returns how many there are, 0 where it is not wanted. */
#define SIPRING_SPLIT_LINES (3 + CONFIG_LISTENERS_MAX)
unsigned sipring_split_lines(const struct sipring_config *config,
	struct sipring_region_line lines[SIPRING_SPLIT_LINES]);

/* Finds its sections in what is shared. Returns 0 or -errno. */
int sipring_split_open(struct sipring_split **split, struct sipring_share *share,
	const struct sipring_config *config);
/* This process's view of it. */
void sipring_split_close(struct sipring_split *split);

/* Wakes a taker if a message waits for one and nobody is on his way. */
void sipring_split_tell(struct sipring_split *split, unsigned listener, uint64_t now_ms);
/* What a killed waker left undone is done: for every listener, and those who did not come. */
void sipring_split_look(struct sipring_split *split, uint64_t now_ms);
/* Whether a message waits although a taker sleeps: look again soon. */
bool sipring_split_is_awaited(const struct sipring_split *split);
/* Asks for each taker and worker whether he lives, and frees what those who do not had in hand. */
void sipring_split_bury(struct sipring_split *split);
/* The same for all who are known to be gone. */
void sipring_split_recover(struct sipring_split *split);

/* Whether a taker serves it by its own number, and not with all others. */
bool sipring_split_is_taken(const struct sipring_split *split, unsigned listener);
/* The messages that wait count as failed. */
void sipring_split_fail(struct sipring_split *split, unsigned listener, uint32_t member);
/*
 * Of a listener that ends: where nobody takes its messages any more they count as failed. Whether
 * none is left, and nobody takes them by this listener's number.
 */
bool sipring_split_clear(struct sipring_split *split, unsigned listener, uint32_t member);

/*
 * The worker waits for room in this inbox, and is to look once more; whoever gives a slot back
 * wakes it, once.
 */
void sipring_split_want_room(struct sipring_split *split, unsigned listener, unsigned worker);
/* As sipring_inbox_give, and wakes who waits for room. */
int sipring_split_give(struct sipring_split *split, unsigned listener,
	const struct sipring_inbox_slot *slot);
