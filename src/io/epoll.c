/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The epoll io, for where io_uring is forbidden: the same contract, a system call per send and per
 * receive. A turn tries the queued sends, waits once (level-triggered), and reads each ready socket
 * a bounded number of times (epoll_read.c) into events that next hands out. Invariant: a socket
 * with CLOSED told, and a send with SENT told, is in no list here.
 */
#include "io/epoll.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READY_MAX 256

static struct epoll_io *self(struct sipring_io *io)
{
	assert(io->ops == &sipring_io_epoll);
	return SIPRING_CONTAINER(io, struct epoll_io, io);
}

static void free_all(struct epoll_io *epoll)
{
	if (epoll->fd >= 0)
		close(epoll->fd);
	sipring_epoll_buffers_close(&epoll->buffers);
	free(epoll);
}

static int epoll_open(struct sipring_io **io, const struct sipring_io_config *config,
	struct sipring_error *error)
{
	struct epoll_io *epoll = calloc(1, sizeof *epoll);
	int r;

	if (!epoll)
		return sipring_error_set(error, -ENOMEM, "no memory for an epoll set");
	epoll->io.ops = &sipring_io_epoll;
	sipring_list_init(&epoll->outbox);
	sipring_list_init(&epoll->refused);
	sipring_list_init(&epoll->paused);
	sipring_list_init(&epoll->ended);
	sipring_list_init(&epoll->closed);
	r = sipring_epoll_buffers_open(&epoll->buffers, config);
	epoll->fd = epoll_create1(EPOLL_CLOEXEC);
	if (r == 0 && epoll->fd < 0)
		r = -errno;
	if (r == 0) {
		*io = &epoll->io;
		return 0;
	}
	free_all(epoll);
	return sipring_error_set(error, r, "cannot open an epoll set with %u receive buffers: %s",
		config->n_buffers, strerror(-r));
}

static void epoll_close(struct sipring_io *io)
{
	struct epoll_io *epoll = self(io);

	for (; epoll->next_event < epoll->n_events; epoll->next_event++)
		if (epoll->events[epoll->next_event].type == SIPRING_IO_ACCEPTED)
			close(epoll->events[epoll->next_event].result);
	free_all(epoll);
}

static void epoll_add(struct sipring_io *io, struct sipring_io_socket *socket)
{
	struct epoll_io *epoll = self(io);

	assert(socket->state == SIPRING_IO_IDLE || socket->state == SIPRING_IO_ENDED);
	if (socket->state == SIPRING_IO_IDLE) {
		socket->stalled = false;
		socket->under_way = 0;
		socket->n_in_flight = 0;
		socket->n_queued = 0;
		sipring_list_init(&socket->link);
	}
	socket->wants = 0;
	/* accept has no MSG_DONTWAIT, and the peer that made it ready may be gone. */
	if (socket->kind == SIPRING_IO_LISTENER) {
		fcntl(socket->fd, F_SETFL, O_NONBLOCK);
		epoll->io.counters.n_system_calls++;
	}
	socket->state = SIPRING_IO_OPEN;
	sipring_epoll_set_join(epoll, socket);
}

static void close_if_done(struct epoll_io *epoll, struct sipring_io_socket *socket)
{
	if (socket->state != SIPRING_IO_REMOVING || socket->n_queued)
		return;
	close(socket->fd);
	epoll->io.counters.n_system_calls++;
	socket->fd = -1;
	socket->state = SIPRING_IO_IDLE;
	sipring_list_unlink(&socket->link);
	sipring_list_append(&epoll->closed, &socket->link);
}

static void epoll_remove(struct sipring_io *io, struct sipring_io_socket *socket)
{
	struct epoll_io *epoll = self(io);

	assert(socket->state == SIPRING_IO_OPEN || socket->state == SIPRING_IO_ENDED);
	sipring_epoll_set_leave(epoll, socket, false);
	sipring_list_unlink(&socket->link);
	socket->state = SIPRING_IO_REMOVING;
	close_if_done(epoll, socket);
}

static void epoll_send(struct sipring_io *io, struct sipring_io_send *send)
{
	assert(send->socket->state != SIPRING_IO_IDLE && send->n_parts > 0);
	assert(send->n_parts <= SIPRING_IO_SEND_PARTS_MAX);
	send->socket->n_queued++;
	sipring_list_append(&self(io)->outbox, &send->link);
}

static void epoll_await_writable(struct sipring_io *io, struct sipring_io_socket *socket)
{
	if (socket->state != SIPRING_IO_REMOVING && !(socket->under_way & EPOLL_FOR_WRITING))
		sipring_epoll_set_writing(self(io), socket, true);
}

static int try_send(struct epoll_io *epoll, struct sipring_io_send *send)
{
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (send->flags & SIPRING_IO_MORE ? MSG_MORE : 0);
	ssize_t n;

	send->header = (struct msghdr){
		.msg_name = (void *)(uintptr_t)send->name,
		.msg_namelen = send->name_size,
		.msg_iov = send->parts,
		.msg_iovlen = send->n_parts,
		.msg_control = send->control_size ? send->control : NULL,
		.msg_controllen = send->control_size,
	};
	epoll->io.counters.n_system_calls++;
	n = sendmsg(send->socket->fd, &send->header, flags);
	return n < 0 ? -errno : (int)n;
}

static void flush(struct epoll_io *epoll)
{
	struct sipring_list *node;

	while ((node = sipring_list_pop(&epoll->outbox))) {
		struct sipring_io_send *send =
			SIPRING_CONTAINER(node, struct sipring_io_send, link);
		struct sipring_io_socket *socket = send->socket;

		assert(socket->n_queued > 0);
		socket->n_queued--;
		if (socket->stalled || socket->state == SIPRING_IO_REMOVING)
			send->result = -ECANCELED;
		else
			send->result = try_send(epoll, send);
		if (send->result >= 0)
			epoll->io.counters.n_sent++;
		else if (socket->kind == SIPRING_IO_ASSOCIATED)
			socket->stalled = true;
		sipring_list_append(&epoll->ended, &send->link);
		close_if_done(epoll, socket);
	}
}

static void ready(struct epoll_io *epoll, struct sipring_io_socket *socket, uint32_t what)
{
	if (!sipring_epoll_has_room(epoll))
		return;
	if ((socket->under_way & EPOLL_FOR_WRITING) && (what & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
		socket->stalled = false;
		sipring_epoll_set_writing(epoll, socket, false);
		sipring_epoll_event(epoll, socket, SIPRING_IO_WRITABLE, 0);
	}
	if (sipring_epoll_wants_input(socket) && (what & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		sipring_epoll_read(epoll, socket);
}

static int wait_ready(struct epoll_io *epoll, struct epoll_event *found, int64_t timeout_ns)
{
	struct timespec limit = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	int n;

	epoll->io.counters.n_system_calls++;
	if (!epoll->without_pwait2) {
		n = epoll_pwait2(epoll->fd, found, READY_MAX, timeout_ns < 0 ? NULL : &limit, NULL);
		if (n >= 0 || errno != ENOSYS)
			return n < 0 ? -errno : n;
		epoll->without_pwait2 = true;
		epoll->io.counters.n_system_calls++;
	}
	n = epoll_wait(epoll->fd, found, READY_MAX,
		timeout_ns < 0 ? -1 : (int)((timeout_ns + 999999) / 1000000));
	return n < 0 ? -errno : n;
}

static void epoll_keep(struct sipring_io *io, const char *data)
{
	sipring_epoll_buffers_keep(&self(io)->buffers, data);
}

static void epoll_give_back(struct sipring_io *io, const char *data)
{
	sipring_epoll_buffers_give_back(&self(io)->buffers, data);
}

static int epoll_turn(struct sipring_io *io, int64_t timeout_ns)
{
	struct epoll_io *epoll = self(io);
	struct epoll_event found[READY_MAX];
	int n;

	assert(epoll->next_event == epoll->n_events);
	epoll->io.counters.n_turns++;
	sipring_epoll_buffers_recycle(&epoll->buffers);
	epoll->n_events = 0;
	epoll->next_event = 0;
	flush(epoll);
	sipring_epoll_set_go_on(epoll);
	sipring_epoll_set_tell_refused(epoll);
	if (epoll->n_events || sipring_epoll_set_may_go_on(epoll) ||
		!sipring_list_empty(&epoll->refused) || !sipring_list_empty(&epoll->ended) ||
		!sipring_list_empty(&epoll->closed))
		timeout_ns = 0;
	n = wait_ready(epoll, found, timeout_ns);
	for (int i = 0; i < n; i++)
		ready(epoll, found[i].data.ptr, found[i].events);
	return n < 0 && n != -EINTR ? n : 0;
}

/* What was reaped before its socket was given up; but who was accepted thinks that he is. */
static bool concerns_nobody(const struct sipring_io_event *event)
{
	return event->type != SIPRING_IO_ACCEPTED && event->socket->state != SIPRING_IO_OPEN &&
		event->socket->state != SIPRING_IO_ENDED;
}

static bool epoll_next(struct sipring_io *io, struct sipring_io_event *event)
{
	struct epoll_io *epoll = self(io);
	struct sipring_list *node;

	while (epoll->next_event < epoll->n_events) {
		*event = epoll->events[epoll->next_event++];
		if (!concerns_nobody(event))
			return true;
	}
	memset(event, 0, sizeof *event);
	node = sipring_list_pop(&epoll->ended);
	if (node) {
		event->type = SIPRING_IO_SENT;
		event->send = SIPRING_CONTAINER(node, struct sipring_io_send, link);
		event->socket = event->send->socket;
		event->result = event->send->result;
		return true;
	}
	node = sipring_list_pop(&epoll->closed);
	if (!node)
		return false;
	event->type = SIPRING_IO_CLOSED;
	event->socket = SIPRING_CONTAINER(node, struct sipring_io_socket, link);
	return true;
}

static bool epoll_pending(const struct sipring_io *io)
{
	const struct epoll_io *epoll = SIPRING_CONTAINER(io, const struct epoll_io, io);

	return sipring_epoll_set_may_go_on(epoll) || !sipring_list_empty(&epoll->refused) ||
		!sipring_list_empty(&epoll->outbox) || !sipring_list_empty(&epoll->ended) ||
		!sipring_list_empty(&epoll->closed);
}

static int epoll_pollable(struct sipring_io *io)
{
	return self(io)->fd;
}

const struct sipring_io_ops sipring_io_epoll = {
	.name = "epoll",
	.open = epoll_open,
	.close = epoll_close,
	.add = epoll_add,
	.remove = epoll_remove,
	.send = epoll_send,
	.await_writable = epoll_await_writable,
	.turn = epoll_turn,
	.next = epoll_next,
	.keep = epoll_keep,
	.give_back = epoll_give_back,
	.pending = epoll_pending,
	.pollable = epoll_pollable,
};
