/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring as sipring sets one up, driven by hand: what the tests of the kernel look at, without the
 * io between. Waiting is bounded; what does not come fails the test or is told as "none".
 */
#pragma once

#include <liburing.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define RING_BUFFERS_MAX 64
#define RING_BUFFER 1024 /* bytes: recvmsg header, control and payload */
#define RING_CONTROL 64  /* bytes of control asked for */
#define RING_RECEIVE 1   /* user_data of the multishot receive */
#define RING_WAIT_MS 10000

struct ring {
	struct io_uring ring;
	struct io_uring_buf_ring *offered;
	unsigned n_buffers;
	struct msghdr shape;
	char memory[RING_BUFFERS_MAX][RING_BUFFER];
};

/* What a completion said, with the received message laid open. */
struct ring_found {
	int result;
	unsigned flags; /* of the completion */
	unsigned long tag;
	int buffer; /* -1: none */
	char *data;
	size_t size;
	unsigned message_flags;
	void *control;
	size_t control_size;
};

/* SINGLE_ISSUER and DEFER_TASKRUN; n_buffers a power of two. */
void ring_open(struct ring *ring, unsigned n_buffers);
void ring_close(struct ring *ring);
/* Arms a multishot recvmsg and submits it. */
void ring_receive(struct ring *ring, int fd);
/* Takes one completion out, waiting for it up to limit_ms; false for none. */
bool ring_find(struct ring *ring, struct ring_found *found, int limit_ms);
/* One that must come. */
struct ring_found ring_next(struct ring *ring);
void ring_give_back(struct ring *ring, int buffer);
