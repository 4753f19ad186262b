/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bounded send queue of one association. A message is waiting, or submitted (the provider has
 * it), or out of the queue with its one outcome. A batch is submitted as a whole and no other
 * before all its results are in, so that what has to be tried again keeps its place.
 */
#pragma once

#include "sctp/sctp.h"

#include <stdbool.h>
#include <stdint.h>

#define SIPRING_QUEUE_CLASSES 3 /* of the memory of messages, by its size */

/* One accepted message; memory of a send pool, its bytes follow it. */
struct sipring_outgoing {
	struct sipring_sctp_send send;
	struct iovec bytes;
	struct sipring_list link;
	uint64_t deadline_ms;
	uint32_t cookie;
	uint32_t origin;      /* the member who handed it over, 0: this worker's own host */
	uint32_t association; /* its id, 0: it waits for a name */
	uint8_t size_class;   /* of its memory; the pool's */
};

struct sipring_queue {
	struct sipring_list waiting;
	struct sipring_list submitted;
	struct sipring_list again; /* results said: not now; back to waiting when all are in */
	uint32_t n_messages;       /* in all three */
	uint32_t n_bytes;
	uint32_t n_submitted;
	uint32_t n_of_class[SIPRING_QUEUE_CLASSES]; /* of n_messages */
	bool holding; /* SCTP may keep back what was sent last: it was marked MORE */
	bool failing; /* a result of this batch was not 0 */
};

enum sipring_queue_result {
	SIPRING_QUEUE_SENT,
	SIPRING_QUEUE_AGAIN,   /* still in the queue */
	SIPRING_QUEUE_REFUSED, /* out of the queue: this message will never go */
};

void sipring_queue_init(struct sipring_queue *queue);

/* 0, or 1 when the message does not fit into the limits. */
int sipring_queue_put(struct sipring_queue *queue, struct sipring_outgoing *message,
	uint32_t messages_max, uint32_t bytes_max);

/* A batch may be taken: something waits and nothing is submitted. */
bool sipring_queue_ready(const struct sipring_queue *queue);

/*
 * Moves up to n_max waiting messages to submitted, and marks with MORE those after which another
 * of the batch follows. Returns how many; they are queue->submitted from its first on.
 */
uint32_t sipring_queue_submit(struct sipring_queue *queue, uint32_t n_max, bool bundling);

/* The provider's result for a submitted message; see enum sipring_queue_result. */
enum sipring_queue_result sipring_queue_settle(struct sipring_queue *queue,
	struct sipring_outgoing *message, int result);

/* Takes out the first waiting message whose deadline has passed; NULL when there is none. */
struct sipring_outgoing *sipring_queue_expire(struct sipring_queue *queue, uint64_t now_ms);

/* Takes out any waiting message, the first first; NULL when none waits. */
struct sipring_outgoing *sipring_queue_drop(struct sipring_queue *queue);

/* The provider is gone: what was submitted waits again. */
void sipring_queue_recall(struct sipring_queue *queue);

/* When the first waiting message's time is up; UINT64_MAX when none waits. */
uint64_t sipring_queue_deadline_ms(const struct sipring_queue *queue);
