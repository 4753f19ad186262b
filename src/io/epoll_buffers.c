/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive buffers of the epoll io: those of a turn lie at the front of an order and are free
 * again when the next one starts. What is kept leaves the order then, and comes back to its end.
 * Invariant: the first n_buffers - n_away ids of the order are those that are not AWAY, each once,
 * and n_kept of all are KEPT or AWAY.
 */
#include "base/memory.h"
#include "io/epoll.h"

#include <errno.h>
#include <stdlib.h>

int sipring_epoll_buffers_open(struct epoll_buffers *buffers,
	const struct sipring_io_config *config)
{
	*buffers = (struct epoll_buffers){.n_buffers = config->n_buffers,
		.buffer_size = config->buffer_size};
	buffers->memory = sipring_memory_map((size_t)config->n_buffers * config->buffer_size);
	buffers->order = calloc(config->n_buffers, sizeof *buffers->order);
	buffers->states = calloc(config->n_buffers, 1);
	if (!buffers->memory || !buffers->order || !buffers->states)
		return -ENOMEM;
	for (uint32_t i = 0; i < buffers->n_buffers; i++)
		buffers->order[i] = i;
	return 0;
}

void sipring_epoll_buffers_close(struct epoll_buffers *buffers)
{
	sipring_memory_unmap(buffers->memory, (size_t)buffers->n_buffers * buffers->buffer_size);
	free(buffers->order);
	free(buffers->states);
}

void sipring_epoll_buffers_recycle(struct epoll_buffers *buffers)
{
	for (uint32_t i = buffers->n_kept ? buffers->n_used : 0; i > 0; i--) {
		uint32_t id = buffers->order[i - 1];

		if (buffers->states[id] != EPOLL_BUFFER_KEPT)
			continue;
		buffers->states[id] = EPOLL_BUFFER_AWAY;
		buffers->n_away++;
		buffers->order[i - 1] = buffers->order[buffers->n_buffers - buffers->n_away];
	}
	buffers->n_used = 0;
}

static uint32_t id_of(const struct epoll_buffers *buffers, const char *data)
{
	size_t id = (size_t)(data - buffers->memory) / buffers->buffer_size;

	assert(id < buffers->n_buffers);
	return (uint32_t)id;
}

void sipring_epoll_buffers_keep(struct epoll_buffers *buffers, const char *data)
{
	uint32_t id = id_of(buffers, data);

	assert(buffers->states[id] == EPOLL_BUFFER_TURN);
	buffers->states[id] = EPOLL_BUFFER_KEPT;
	buffers->n_kept++;
}

void sipring_epoll_buffers_give_back(struct epoll_buffers *buffers, const char *data)
{
	uint32_t id = id_of(buffers, data);

	assert(buffers->states[id] != EPOLL_BUFFER_TURN && buffers->n_kept > 0);
	if (buffers->states[id] == EPOLL_BUFFER_AWAY)
		buffers->order[buffers->n_buffers - buffers->n_away--] = id;
	buffers->states[id] = EPOLL_BUFFER_TURN;
	buffers->n_kept--;
}
