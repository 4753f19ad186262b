/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three pools of send buffers. A buffer is the message's book-keeping and its bytes behind it, in
 * one piece, so that sending touches as few cache lines as can be. Invariant: a message knows its
 * class, and goes back to it.
 */
#include "engine/send_pool.h"

#include "engine/config.h"

#include <assert.h>

static const uint32_t class_sizes[SIPRING_SEND_POOL_CLASSES] = {1536, 8192, UINT32_MAX};

uint32_t sipring_send_pool_size(const struct sipring_config *config, unsigned size_class)
{
	uint32_t most = (uint32_t)config->message_max;

	assert(size_class < SIPRING_SEND_POOL_CLASSES);
	return class_sizes[size_class] < most ? class_sizes[size_class] : most;
}

uint32_t sipring_send_pool_count(const struct sipring_config *config, unsigned size_class)
{
	const int64_t counts[] = {config->send_small, config->send_medium, config->send_large};

	assert(size_class < SIPRING_SEND_POOL_CLASSES);
	return (uint32_t)counts[size_class];
}

int sipring_send_pool_open(struct sipring_send_pool *pool, const struct sipring_config *config)
{
	for (unsigned i = 0; i < SIPRING_SEND_POOL_CLASSES; i++) {
		int r;

		pool->sizes[i] = sipring_send_pool_size(config, i);
		r = sipring_pool_open(&pool->classes[i], sipring_send_pool_count(config, i),
			sizeof(struct sipring_outgoing) + pool->sizes[i]);
		if (r < 0) {
			while (i-- > 0)
				sipring_pool_close(&pool->classes[i]);
			return r;
		}
	}
	return 0;
}

void sipring_send_pool_close(struct sipring_send_pool *pool)
{
	for (unsigned i = 0; i < SIPRING_SEND_POOL_CLASSES; i++)
		sipring_pool_close(&pool->classes[i]);
}

struct sipring_outgoing *sipring_send_pool_take(struct sipring_send_pool *pool, uint32_t size,
	const struct sipring_queue *queue)
{
	for (unsigned i = 0; i < SIPRING_SEND_POOL_CLASSES; i++) {
		struct sipring_outgoing *message;

		if (size > pool->sizes[i] || queue->n_of_class[i] >= pool->classes[i].n_free)
			continue;
		message = sipring_pool_take(&pool->classes[i]);
		assert(message);
		message->size_class = (uint8_t)i;
		message->bytes.iov_base = message + 1;
		message->bytes.iov_len = size;
		return message;
	}
	return NULL;
}

void sipring_send_pool_give(struct sipring_send_pool *pool, struct sipring_outgoing *message)
{
	assert(message->size_class < SIPRING_SEND_POOL_CLASSES);
	sipring_pool_give(&pool->classes[message->size_class], message);
}

bool sipring_send_pool_has_room(const struct sipring_send_pool *pool)
{
	for (unsigned i = 0; i < SIPRING_SEND_POOL_CLASSES; i++)
		if (pool->classes[i].n_free < (pool->classes[i].n_items + 63) / 64)
			return false;
	return true;
}

bool sipring_send_pool_has_share(const struct sipring_send_pool *pool,
	const struct sipring_queue *queue)
{
	for (unsigned i = 0; i < SIPRING_SEND_POOL_CLASSES; i++)
		if (queue->n_of_class[i] > pool->classes[i].n_free / 2)
			return false;
	return true;
}
