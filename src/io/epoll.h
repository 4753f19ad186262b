/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the epoll io: its object, shared by the files epoll*.c and by nobody else. */
#pragma once

#include "io/io.h"

#include <assert.h>

#define EPOLL_EVENTS_MAX 1024 /* of one turn */
#define EPOLL_EVENTS_SPARE 2  /* that one socket may need at once: WRITABLE and OVER */

enum { EPOLL_IN_SET = 1, EPOLL_FOR_WRITING = 2 }; /* of a socket's under_way */
enum { EPOLL_PAUSED = 1 };                        /* of a socket's wants */

enum epoll_buffer_state { EPOLL_BUFFER_TURN, EPOLL_BUFFER_KEPT, EPOLL_BUFFER_AWAY };

struct epoll_buffers {
	char *memory; /* mapped: n_buffers * buffer_size */
	uint32_t n_buffers;
	uint32_t buffer_size;
	uint32_t *order; /* ids; the first n_buffers - n_away are there for turns */
	uint8_t *states; /* by id: kept, and if so, whether it is out of the order yet */
	uint32_t n_used; /* of this turn, from the front of the order */
	uint32_t n_kept;
	uint32_t n_away;
};

struct epoll_io {
	struct sipring_io io;
	int fd;
	bool without_pwait2;
	struct epoll_buffers buffers;
	struct sipring_list outbox;
	struct sipring_list refused; /* sockets that the set did not take: their OVER is to come */
	struct sipring_list paused;
	struct sipring_list ended;
	struct sipring_list closed;
	struct sipring_io_event events[EPOLL_EVENTS_MAX];
	uint32_t n_events;
	uint32_t next_event;
};

/* Returns 0 or -errno; close is for what was opened in part, too. */
int sipring_epoll_buffers_open(struct epoll_buffers *buffers,
	const struct sipring_io_config *config);
void sipring_epoll_buffers_close(struct epoll_buffers *buffers);
/* Those of the last turn are free again, but for what is kept of them. */
void sipring_epoll_buffers_recycle(struct epoll_buffers *buffers);
void sipring_epoll_buffers_keep(struct epoll_buffers *buffers, const char *data);
void sipring_epoll_buffers_give_back(struct epoll_buffers *buffers, const char *data);
/* How many are left for this turn. */
static inline uint32_t sipring_epoll_buffers_left(const struct epoll_buffers *buffers)
{
	return buffers->n_buffers - buffers->n_away - buffers->n_used;
}
/* The memory of the next one, where one is left; it is not taken before n_used counts it. */
static inline char *sipring_epoll_buffers_next(const struct epoll_buffers *buffers)
{
	return buffers->memory + (size_t)buffers->order[buffers->n_used] * buffers->buffer_size;
}

/* In the set from now on; what the set does not take has its OVER to come. */
void sipring_epoll_set_join(struct epoll_io *epoll, struct sipring_io_socket *socket);
/* Out of the set, or in it for writing alone. */
void sipring_epoll_set_leave(struct epoll_io *epoll, struct sipring_io_socket *socket,
	bool for_writing);
/* Whether it is told when the socket can be written to. */
void sipring_epoll_set_writing(struct epoll_io *epoll, struct sipring_io_socket *socket,
	bool for_writing);
/* Its input is over; tells so. */
void sipring_epoll_set_over(struct epoll_io *epoll, struct sipring_io_socket *socket, int result);
/* For want of buffers, until there are some. */
void sipring_epoll_set_pause(struct epoll_io *epoll, struct sipring_io_socket *socket);
bool sipring_epoll_set_may_go_on(const struct epoll_io *epoll);
void sipring_epoll_set_go_on(struct epoll_io *epoll);
/* The OVER of what the set refused. */
void sipring_epoll_set_tell_refused(struct epoll_io *epoll);

/* Reads a socket that has something, a bounded number of times, into events. */
void sipring_epoll_read(struct epoll_io *epoll, struct sipring_io_socket *socket);

static inline bool sipring_epoll_wants_input(const struct sipring_io_socket *socket)
{
	return socket->state == SIPRING_IO_OPEN && !(socket->wants & EPOLL_PAUSED);
}

/* Whether one more socket can be looked at in this turn. */
static inline bool sipring_epoll_has_room(const struct epoll_io *epoll)
{
	return epoll->n_events < EPOLL_EVENTS_MAX - EPOLL_EVENTS_SPARE;
}

static inline struct sipring_io_event *sipring_epoll_event(struct epoll_io *epoll,
	struct sipring_io_socket *socket, enum sipring_io_event_type type, int result)
{
	struct sipring_io_event *event = &epoll->events[epoll->n_events++];

	assert(epoll->n_events <= EPOLL_EVENTS_MAX);
	*event = (struct sipring_io_event){.type = type, .socket = socket, .result = result};
	return event;
}
