/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the io_uring io: its object, shared by the files uring*.c and by nobody else. */
#pragma once

#include "io/io.h"

#include <liburing.h>

/* Completions that one turn takes; more wait in the ring for the next. */
#define URING_EVENTS_MAX 512

struct uring_buffers {
	struct io_uring_buf_ring *ring; /* mapped */
	char *memory;                   /* mapped: n_buffers * buffer_size */
	size_t ring_size;
	uint32_t n_buffers;
	uint32_t buffer_size;
	uint32_t n_used; /* read in this turn, back in the ring's slots but not yet shown to it */
	uint32_t n_kept;
};

struct uring {
	struct sipring_io io;
	struct io_uring ring;
	struct uring_buffers buffers;
	struct sipring_list todo;   /* sockets with wants */
	struct sipring_list paused; /* those whose receive found no buffer */
	struct sipring_list outbox; /* sends to prepare */
	struct sipring_list quiet;  /* sends that the kernel will tell of only if they fail */
	struct sipring_list ended;  /* sends that ended, without a completion */
	struct sipring_list closed; /* sockets whose CLOSED is to be told */
	struct io_uring_cqe events[URING_EVENTS_MAX];
	uint32_t n_events;
	uint32_t next_event;
	int event_fd;        /* registered for pollable, or -1 */
	bool told_once_only; /* a kernel that has to be reminded to signal it */
	bool leftover;       /* something found no place in this turn's submission */
	unsigned n_prepared; /* sends in this turn's submission that complete in any case */
	bool has_links;      /* some of them start after others */
};

#define SIPRING_URING_GROUP 0 /* the one provided-buffer group of a ring */

int sipring_uring_buffers_open(struct uring_buffers *buffers, struct io_uring *ring,
	const struct sipring_io_config *config);
void sipring_uring_buffers_close(struct uring_buffers *buffers, struct io_uring *ring);
/* The memory of one buffer; it stays taken until recycle. */
char *sipring_uring_buffers_take(struct uring_buffers *buffers, uint32_t id);
/* The one taken last is not to be recycled; and from here on it is. */
void sipring_uring_buffers_keep(struct uring_buffers *buffers, const char *data);
void sipring_uring_buffers_give_back(struct uring_buffers *buffers, const char *data);
/* Whether all are kept, and the kernel has none. */
static inline bool sipring_uring_buffers_out(const struct uring_buffers *buffers)
{
	return buffers->n_kept == buffers->n_buffers;
}
/* Shows the kernel all buffers taken since the last recycle. */
void sipring_uring_buffers_recycle(struct uring_buffers *buffers);

/* Receives, accepts or polls from the next turn on; or from when there is a buffer. */
void sipring_uring_want_input(struct uring *uring, struct sipring_io_socket *socket);
void sipring_uring_pause_input(struct uring *uring, struct sipring_io_socket *socket);
/* For uring_close_if_done. */
void sipring_uring_close_socket(struct uring *uring, struct sipring_io_socket *socket);
/* With nothing in flight and nothing queued the socket goes back to its owner. */
static inline void uring_close_if_done(struct uring *uring, struct sipring_io_socket *socket)
{
	if (socket->state == SIPRING_IO_REMOVING && !socket->n_in_flight && !socket->n_queued)
		sipring_uring_close_socket(uring, socket);
}

/* The next event of what a turn reaped; false when they are all told. */
bool sipring_uring_next(struct sipring_io *io, struct sipring_io_event *event);

/* Puts what sockets and sends want into the submission queue, as much as fits. */
void sipring_uring_prepare(struct uring *uring);

/* The fd for pollable, or -errno; the others only while it is open, around the enter of a turn. */
int sipring_uring_eventfd_open(struct uring *uring);
void sipring_uring_eventfd_close(struct uring *uring);
void sipring_uring_eventfd_before(struct uring *uring);
void sipring_uring_eventfd_after(struct uring *uring);

/* Sets up a ring, degrading flag by flag; 0 or -errno with a text that names the remedy. */
int sipring_uring_ring_open(struct io_uring *ring, uint32_t n_submissions, uint32_t n_completions,
	struct sipring_error *error);
/* Sets the text for a refusal of io_uring as such; returns code. */
int sipring_uring_ring_refused(int code, struct sipring_error *error);
