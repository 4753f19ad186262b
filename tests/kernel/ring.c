/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of ring.h. Buffers lie in the struct; the buffer ring is registered by hand, because
 * liburing 2.3 cannot.
 */
#include "ring.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>

void ring_open(struct ring *ring, unsigned n_buffers)
{
	struct io_uring_params parameters = {.flags = IORING_SETUP_SINGLE_ISSUER |
			IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL};
	struct io_uring_buf_reg registration = {.ring_entries = n_buffers, .bgid = 0};

	memset(ring, 0, sizeof *ring);
	cr_assert_leq(n_buffers, RING_BUFFERS_MAX);
	cr_assert_eq(io_uring_queue_init_params(64, &ring->ring, &parameters), 0);
	ring->n_buffers = n_buffers;
	ring->offered =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(ring->offered, MAP_FAILED);
	registration.ring_addr = (uint64_t)(uintptr_t)ring->offered;
	cr_assert_eq(io_uring_register_buf_ring(&ring->ring, &registration, 0), 0);
	io_uring_buf_ring_init(ring->offered);
	for (unsigned i = 0; i < n_buffers; i++)
		ring_give_back(ring, (int)i);
}

void ring_close(struct ring *ring)
{
	io_uring_queue_exit(&ring->ring);
	munmap(ring->offered, 4096);
}

void ring_receive(struct ring *ring, int fd)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->ring);

	cr_assert_not_null(sqe);
	ring->shape.msg_controllen = RING_CONTROL;
	io_uring_prep_recvmsg_multishot(sqe, fd, &ring->shape, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = 0;
	io_uring_sqe_set_data64(sqe, RING_RECEIVE);
	cr_assert_eq(io_uring_submit_and_get_events(&ring->ring), 1);
}

bool ring_find(struct ring *ring, struct ring_found *found, int limit_ms)
{
	struct __kernel_timespec limit = {limit_ms / 1000, (limit_ms % 1000) * 1000000LL};
	struct io_uring_cqe *cqe = NULL;

	memset(found, 0, sizeof *found);
	found->buffer = -1;
	if (io_uring_wait_cqe_timeout(&ring->ring, &cqe, &limit) < 0 || !cqe)
		return false;
	found->result = cqe->res;
	found->flags = cqe->flags;
	found->tag = cqe->user_data;
	if (cqe->flags & IORING_CQE_F_BUFFER) {
		struct io_uring_recvmsg_out out;

		found->buffer = (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
		memcpy(&out, ring->memory[found->buffer], sizeof out);
		found->message_flags = out.flags;
		found->control = ring->memory[found->buffer] + sizeof out;
		found->control_size = out.controllen;
		found->data = ring->memory[found->buffer] + sizeof out + RING_CONTROL;
		found->size = (size_t)cqe->res - sizeof out - RING_CONTROL;
	}
	io_uring_cqe_seen(&ring->ring, cqe);
	return true;
}

struct ring_found ring_next(struct ring *ring)
{
	struct ring_found found;

	cr_assert(ring_find(ring, &found, RING_WAIT_MS), "nothing came");
	return found;
}

void ring_give_back(struct ring *ring, int buffer)
{
	io_uring_buf_ring_add(ring->offered, ring->memory[buffer], RING_BUFFER,
		(unsigned short)buffer, io_uring_buf_ring_mask(ring->n_buffers), 0);
	io_uring_buf_ring_advance(ring->offered, 1);
}
