/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where accepted messages lie until their outcome: three pools by size, mapped at open. A message
 * takes the smallest buffer that holds it, or the next larger one when those are used up. A queue
 * gets no more of a class while it has as many as are free: one whose peer takes nothing keeps half
 * of them at the most, and however many such there are, some are left for the others.
 */
#pragma once

#include "assoc/queue.h"
#include "base/pool.h"

#include <sipring/sipring.h>

#define SIPRING_SEND_POOL_CLASSES SIPRING_QUEUE_CLASSES

struct sipring_send_pool {
	struct sipring_pool classes[SIPRING_SEND_POOL_CLASSES];
	uint32_t sizes[SIPRING_SEND_POOL_CLASSES]; /* bytes of message that each class holds */
};

int sipring_send_pool_open(struct sipring_send_pool *pool, const struct sipring_config *config);
void sipring_send_pool_close(struct sipring_send_pool *pool);

/* Bytes of message in a class, and how many the settings ask for: for the memory budget. */
uint32_t sipring_send_pool_size(const struct sipring_config *config, unsigned size_class);
uint32_t sipring_send_pool_count(const struct sipring_config *config, unsigned size_class);

/*
 * A message of size bytes for this queue, whose bytes.iov_base is to be filled; NULL when there is
 * no room, or the queue has its share.
 */
struct sipring_outgoing *sipring_send_pool_take(struct sipring_send_pool *pool, uint32_t size,
	const struct sipring_queue *queue);
/* Whether some buffers of every size are free. */
bool sipring_send_pool_has_room(const struct sipring_send_pool *pool);
/* Whether this queue has half of its share at the most. */
bool sipring_send_pool_has_share(const struct sipring_send_pool *pool,
	const struct sipring_queue *queue);
void sipring_send_pool_give(struct sipring_send_pool *pool, struct sipring_outgoing *message);
