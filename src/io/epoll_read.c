/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a ready socket has: connections, messages, or that somebody else may read it. A system call
 * each, until there is no more, or no room for more; the set tells of the rest again.
 */
#include "io/datagram.h"
#include "io/epoll.h"

#include <errno.h>

#define READS_PER_SOCKET_MAX 16

/* One accept; false when there are no more for now. */
static bool read_listener(struct epoll_io *epoll, struct sipring_io_socket *socket)
{
	int fd;

	epoll->io.counters.n_system_calls++;
	fd = accept4(socket->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
		return false;
	if (fd < 0) {
		sipring_epoll_set_over(epoll, socket, -errno);
		return false;
	}
	epoll->io.counters.n_accepted++;
	sipring_epoll_event(epoll, socket, SIPRING_IO_ACCEPTED, fd);
	return true;
}

/* One message; false when there are no more for now. */
static bool read_message(struct epoll_io *epoll, struct sipring_io_socket *socket)
{
	char *buffer = sipring_epoll_buffers_next(&epoll->buffers);
	size_t before = 16u + socket->name_size + socket->control_size;
	struct iovec part = {buffer + before,
		epoll->buffers.buffer_size - before - SIPRING_IO_TAIL};
	struct msghdr header = {
		.msg_name = socket->name_size ? buffer + 16 : NULL,
		.msg_namelen = socket->name_size,
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = socket->control_size ? buffer + 16 + socket->name_size : NULL,
		.msg_controllen = socket->control_size,
	};
	struct sipring_io_event *event;
	ssize_t n;

	epoll->io.counters.n_system_calls++;
	n = recvmsg(socket->fd, &header, MSG_DONTWAIT);
	if (n < 0) {
		n = -errno;
		if (n == -EAGAIN || n == -EINTR)
			return false;
		if (socket->kind == SIPRING_IO_DATAGRAM && !datagram_is_over((int)n))
			return true;
		sipring_epoll_set_over(epoll, socket, (int)n);
		return false;
	}
	if (n == 0 && socket->kind == SIPRING_IO_ASSOCIATED) {
		sipring_epoll_set_over(epoll, socket, 0);
		return false;
	}
	epoll->buffers.n_used++;
	epoll->io.counters.n_received++;
	event = sipring_epoll_event(epoll, socket, SIPRING_IO_RECEIVED, 0);
	event->data = part.iov_base;
	event->size = (size_t)n;
	event->flags = header.msg_flags;
	event->control = header.msg_control;
	event->control_size = header.msg_controllen;
	event->name = header.msg_name;
	event->name_size = header.msg_namelen;
	return true;
}

void sipring_epoll_read(struct epoll_io *epoll, struct sipring_io_socket *socket)
{
	bool more = true;

	for (unsigned i = 0; more && i < READS_PER_SOCKET_MAX; i++) {
		if (!sipring_epoll_has_room(epoll))
			return;
		if (socket->kind == SIPRING_IO_LISTENER) {
			more = read_listener(epoll, socket);
		} else if (sipring_io_is_polled(socket)) {
			sipring_epoll_event(epoll, socket, SIPRING_IO_READABLE, 0);
			more = false;
		} else if (!sipring_epoll_buffers_left(&epoll->buffers)) {
			epoll->io.counters.n_no_buffers++;
			if (epoll->buffers.n_used == 0)
				sipring_epoll_set_pause(epoll, socket);
			more = false;
		} else {
			more = read_message(epoll, socket);
		}
	}
}
