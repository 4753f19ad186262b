/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive buffers of one ring: a provided-buffer ring (kernel 5.19) over one mapping. The
 * kernel picks a buffer per message; the turn's reader takes it by id; all that were taken go back
 * together at the start of the next turn, but for those that somebody keeps. Invariant: a buffer is
 * the kernel's, or it was taken in this turn, or it is kept; so n_used and n_kept together never
 * pass n_buffers.
 */
#include "base/memory.h"
#include "io/uring.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* liburing 2.3 has no io_uring_setup_buf_ring: the ring is mapped and registered by hand. */
int sipring_uring_buffers_open(struct uring_buffers *buffers, struct io_uring *ring,
	const struct sipring_io_config *config)
{
	struct io_uring_buf_reg registration = {.ring_entries = config->n_buffers,
		.bgid = SIPRING_URING_GROUP};
	int r;

	assert(config->n_buffers && !(config->n_buffers & (config->n_buffers - 1)));
	memset(buffers, 0, sizeof *buffers);
	buffers->n_buffers = config->n_buffers;
	buffers->buffer_size = config->buffer_size;
	buffers->ring_size = config->n_buffers * sizeof(struct io_uring_buf);
	buffers->ring = sipring_memory_map(buffers->ring_size);
	buffers->memory = sipring_memory_map((size_t)config->n_buffers * config->buffer_size);
	if (!buffers->ring || !buffers->memory) {
		r = -ENOMEM;
		goto fail;
	}
	registration.ring_addr = (uint64_t)(uintptr_t)buffers->ring;
	r = io_uring_register_buf_ring(ring, &registration, 0);
	if (r < 0)
		goto fail;
	io_uring_buf_ring_init(buffers->ring);
	for (uint32_t id = 0; id < buffers->n_buffers; id++)
		sipring_uring_buffers_take(buffers, id);
	sipring_uring_buffers_recycle(buffers);
	return 0;
fail:
	sipring_uring_buffers_close(buffers, NULL);
	return r;
}

void sipring_uring_buffers_close(struct uring_buffers *buffers, struct io_uring *ring)
{
	if (ring)
		io_uring_unregister_buf_ring(ring, SIPRING_URING_GROUP);
	sipring_memory_unmap(buffers->ring, buffers->ring_size);
	sipring_memory_unmap(buffers->memory, (size_t)buffers->n_buffers * buffers->buffer_size);
	memset(buffers, 0, sizeof *buffers);
}

char *sipring_uring_buffers_take(struct uring_buffers *buffers, uint32_t id)
{
	char *memory = buffers->memory + (size_t)id * buffers->buffer_size;

	assert(id < buffers->n_buffers);
	assert(buffers->n_used + buffers->n_kept < buffers->n_buffers);
	io_uring_buf_ring_add(buffers->ring, memory, buffers->buffer_size - SIPRING_IO_TAIL,
		(unsigned short)id, io_uring_buf_ring_mask(buffers->n_buffers),
		(int)buffers->n_used++);
	return memory;
}

static uint32_t buffer_id(const struct uring_buffers *buffers, const char *data)
{
	return (uint32_t)((size_t)(data - buffers->memory) / buffers->buffer_size);
}

/* The ring's slot that it was laid into is the next one's again. */
void sipring_uring_buffers_keep(struct uring_buffers *buffers, const char *data)
{
	unsigned short mask = (unsigned short)io_uring_buf_ring_mask(buffers->n_buffers);

	assert(buffers->n_used > 0);
	buffers->n_used--;
	buffers->n_kept++;
	assert(buffers->ring->bufs[(buffers->ring->tail + buffers->n_used) & mask].bid ==
		buffer_id(buffers, data));
	(void)mask;
	(void)data;
}

void sipring_uring_buffers_give_back(struct uring_buffers *buffers, const char *data)
{
	assert(buffers->n_kept > 0);
	buffers->n_kept--;
	sipring_uring_buffers_take(buffers, buffer_id(buffers, data));
}

void sipring_uring_buffers_recycle(struct uring_buffers *buffers)
{
	if (buffers->n_used)
		io_uring_buf_ring_advance(buffers->ring, (int)buffers->n_used);
	buffers->n_used = 0;
}
