/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in the epoll set, and for what. A socket that was ready when all buffers were kept is
 * paused: out of the set, which would tell of it for ever, until one comes back. Invariant: a
 * socket is in the set exactly while under_way has IN_SET: while it is open and not paused, or its
 * WRITABLE is awaited.
 */
#include "io/epoll.h"

#include <errno.h>
#include <sys/epoll.h>

/* Brings the set in line with the socket: which events it waits for, or none at all. */
static int change(struct epoll_io *epoll, struct sipring_io_socket *socket, bool in_set,
	bool for_writing)
{
	struct epoll_event interest = {.data.ptr = socket};
	int operation = EPOLL_CTL_DEL;

	if (in_set) {
		interest.events = (sipring_epoll_wants_input(socket) ? EPOLLIN : 0u) |
			(for_writing ? EPOLLOUT : 0u);
		if (socket->kind == SIPRING_IO_EVENTFD)
			interest.events |= EPOLLET;
		operation = socket->under_way & EPOLL_IN_SET ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	} else if (!(socket->under_way & EPOLL_IN_SET)) {
		return 0;
	}
	socket->under_way =
		(uint8_t)((in_set ? EPOLL_IN_SET : 0) | (for_writing ? EPOLL_FOR_WRITING : 0));
	epoll->io.counters.n_system_calls++;
	return epoll_ctl(epoll->fd, operation, socket->fd, &interest) < 0 ? -errno : 0;
}

void sipring_epoll_set_join(struct epoll_io *epoll, struct sipring_io_socket *socket)
{
	if (change(epoll, socket, true, socket->under_way & EPOLL_FOR_WRITING) == 0)
		return;
	socket->under_way = 0;
	sipring_list_append(&epoll->refused, &socket->link);
}

void sipring_epoll_set_leave(struct epoll_io *epoll, struct sipring_io_socket *socket,
	bool for_writing)
{
	change(epoll, socket, for_writing, for_writing);
}

void sipring_epoll_set_writing(struct epoll_io *epoll, struct sipring_io_socket *socket,
	bool for_writing)
{
	change(epoll, socket, for_writing || sipring_epoll_wants_input(socket), for_writing);
}

void sipring_epoll_set_over(struct epoll_io *epoll, struct sipring_io_socket *socket, int result)
{
	assert(!(socket->wants & EPOLL_PAUSED));
	socket->state = SIPRING_IO_ENDED;
	sipring_epoll_set_leave(epoll, socket, socket->under_way & EPOLL_FOR_WRITING);
	sipring_epoll_event(epoll, socket, SIPRING_IO_OVER, result);
}

void sipring_epoll_set_pause(struct epoll_io *epoll, struct sipring_io_socket *socket)
{
	socket->wants |= EPOLL_PAUSED;
	sipring_epoll_set_leave(epoll, socket, socket->under_way & EPOLL_FOR_WRITING);
	sipring_list_append(&epoll->paused, &socket->link);
}

bool sipring_epoll_set_may_go_on(const struct epoll_io *epoll)
{
	return !sipring_list_empty(&epoll->paused) &&
		epoll->buffers.n_kept < epoll->buffers.n_buffers;
}

/* No more of them than buffers are free. */
void sipring_epoll_set_go_on(struct epoll_io *epoll)
{
	uint32_t n_free = epoll->buffers.n_buffers - epoll->buffers.n_away;
	struct sipring_list *node;

	for (; n_free && (node = sipring_list_pop(&epoll->paused)); n_free--) {
		struct sipring_io_socket *socket =
			SIPRING_CONTAINER(node, struct sipring_io_socket, link);

		socket->wants = 0;
		sipring_epoll_set_join(epoll, socket);
	}
}

/* What the set refused is asked again for the reason: the fd is bad, or not one to wait for. */
void sipring_epoll_set_tell_refused(struct epoll_io *epoll)
{
	while (!sipring_list_empty(&epoll->refused) && sipring_epoll_has_room(epoll)) {
		struct sipring_io_socket *socket = SIPRING_CONTAINER(
			sipring_list_pop(&epoll->refused), struct sipring_io_socket, link);
		int r = change(epoll, socket, true, false);

		if (r == 0)
			continue;
		socket->under_way = 0;
		sipring_epoll_set_over(epoll, socket, r);
	}
}
