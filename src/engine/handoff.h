/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker's side of the inboxes: what it received goes in, and where there is no room it is kept
 * where it lies until there is.
 */
#pragma once

#include "base/list.h"
#include "base/pool.h"
#include "engine/split.h"

struct sipring_worker;
struct sipring_association;
struct sipring_sctp_event;

struct sipring_kept; /* a message, or a piece of one, that stays where it lies */

struct sipring_handoff {
	struct sipring_split
		*split;           /* NULL: the worker dispatches itself, and nothing here is used */
	struct sipring_pool pool; /* of what is kept */
	struct sipring_list waiting[CONFIG_LISTENERS_MAX][SIPRING_INBOX_CLASSES];
	struct sipring_list pieces; /* for which there was no reassembly slot */
	struct sipring_kept *replayed;
	uint32_t n_waiting; /* messages */
	uint32_t n_pieces;
	uint32_t n_in_slots; /* of the messages, those in reassembly slots */
	uint32_t told_for;   /* listeners for which something was put in this turn, a bit each */
	unsigned n_untold;   /* messages since somebody was told of one */
	uint64_t look_at_ms;
	uint64_t bury_at_ms;
};

size_t sipring_handoff_footprint(const struct sipring_config *config);
/* Once the worker has its place. 0 or -errno. */
int sipring_handoff_open(struct sipring_worker *worker);
void sipring_handoff_close(struct sipring_worker *worker);

/*
 * A whole message, checked, that came in the event, or lies in a slot of reassembly. Whether it is
 * kept: then the slot is not the caller's any more.
 */
bool sipring_handoff_put(struct sipring_worker *worker, struct sipring_association *association,
	const struct sipring_receive_info *info, char *data, size_t size, bool in_slot);

/*
 * Whether what came has to be kept as it is: there is no reassembly slot because messages that wait
 * have them, or others of the association were kept before it.
 */
bool sipring_handoff_wants_piece(const struct sipring_worker *worker,
	const struct sipring_association *association, const struct sipring_sctp_event *event);
void sipring_handoff_keep_piece(struct sipring_worker *worker,
	struct sipring_association *association, const struct sipring_sctp_event *event);
/*
 * The message that the association's last pieces are of will never be whole. True where these were
 * all that is kept, so that what is in its slot is of that message too.
 */
bool sipring_handoff_forget(struct sipring_worker *worker, struct sipring_association *association);

/*
 * Of a listener that ends: whether nothing of it waits any more, for room or for a taker, and
 * nobody takes messages by its number. What no taker will come for counts as failed.
 */
bool sipring_handoff_clear(struct sipring_worker *worker, unsigned listener);
/* What waits for the listener's takers counts as failed. */
void sipring_handoff_fail(struct sipring_worker *worker, unsigned listener);

/* In each turn, after what came: puts in what waited, wakes, looks after the others. */
void sipring_handoff_run(struct sipring_worker *worker);
/* Milliseconds after which it wants to be run again. */
uint64_t sipring_handoff_idle_ms(const struct sipring_worker *worker, uint64_t now_ms);
