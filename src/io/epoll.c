/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The epoll io, for where io_uring is forbidden: the same contract, a system call per send and per
 * receive. A turn tries the queued sends, waits once (level-triggered), and reads each ready socket
 * a bounded number of times into events that next hands out. Buffers are those of the turn: all of
 * them but the kept ones are free again when the next one starts. A socket that was ready when all
 * were kept is paused: out of the set, which would tell of it for ever, until one comes back.
 * Invariant: a socket is in the epoll set exactly while under_way has IN_SET: while it is open and
 * not paused, or its WRITABLE is awaited.
 */
#include "base/memory.h"
#include "io/datagram.h"
#include "io/io.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READY_MAX 256
#define EVENTS_MAX 1024
#define READS_PER_SOCKET_MAX 16

enum { IN_SET = 1, FOR_WRITING = 2 };
enum { PAUSED = 1 }; /* of a socket's wants */

enum buffer_state { BUFFER_TURN, BUFFER_KEPT, BUFFER_AWAY };

struct epoll_io {
	struct sipring_io io;
	int fd;
	bool without_pwait2;
	char *memory;
	uint32_t n_buffers;
	uint32_t buffer_size;
	uint32_t *order;        /* ids; the first n_buffers - n_away are there for turns */
	uint8_t *buffer_states; /* by id: kept, and if so, whether it is out of the order yet */
	uint32_t n_used;        /* of this turn, from the front of the order */
	uint32_t n_kept;
	uint32_t n_away;
	struct sipring_list outbox;
	struct sipring_list refused; /* sockets that the set did not take: their OVER is to come */
	struct sipring_list paused;
	struct sipring_list ended;
	struct sipring_list closed;
	struct sipring_io_event events[EVENTS_MAX];
	uint32_t n_events;
	uint32_t next_event;
};

static struct epoll_io *self(struct sipring_io *io)
{
	assert(io->ops == &sipring_io_epoll);
	return SIPRING_CONTAINER(io, struct epoll_io, io);
}

static void free_all(struct epoll_io *epoll)
{
	if (epoll->fd >= 0)
		close(epoll->fd);
	sipring_memory_unmap(epoll->memory, (size_t)epoll->n_buffers * epoll->buffer_size);
	free(epoll->order);
	free(epoll->buffer_states);
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
	epoll->n_buffers = config->n_buffers;
	epoll->buffer_size = config->buffer_size;
	sipring_list_init(&epoll->outbox);
	sipring_list_init(&epoll->refused);
	sipring_list_init(&epoll->paused);
	sipring_list_init(&epoll->ended);
	sipring_list_init(&epoll->closed);
	epoll->memory = sipring_memory_map((size_t)config->n_buffers * config->buffer_size);
	epoll->order = calloc(config->n_buffers, sizeof *epoll->order);
	epoll->buffer_states = calloc(config->n_buffers, 1);
	epoll->fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll->memory && epoll->order && epoll->buffer_states && epoll->fd >= 0) {
		for (uint32_t i = 0; i < epoll->n_buffers; i++)
			epoll->order[i] = i;
		*io = &epoll->io;
		return 0;
	}
	r = -errno;
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

static bool wants_input(const struct sipring_io_socket *socket)
{
	return socket->state == SIPRING_IO_OPEN && !(socket->wants & PAUSED);
}

/* Brings the set in line with the socket: which events it waits for, or none at all. */
static int change_set(struct epoll_io *epoll, struct sipring_io_socket *socket, bool in_set,
	bool for_writing)
{
	struct epoll_event interest = {.data.ptr = socket};
	int operation = EPOLL_CTL_DEL;

	if (in_set) {
		interest.events =
			(wants_input(socket) ? EPOLLIN : 0u) | (for_writing ? EPOLLOUT : 0u);
		if (socket->kind == SIPRING_IO_EVENTFD)
			interest.events |= EPOLLET;
		operation = socket->under_way & IN_SET ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	} else if (!(socket->under_way & IN_SET)) {
		return 0;
	}
	socket->under_way = (uint8_t)((in_set ? IN_SET : 0) | (for_writing ? FOR_WRITING : 0));
	epoll->io.counters.n_system_calls++;
	return epoll_ctl(epoll->fd, operation, socket->fd, &interest) < 0 ? -errno : 0;
}

static struct sipring_io_event *new_event(struct epoll_io *epoll, struct sipring_io_socket *socket,
	enum sipring_io_event_type type, int result)
{
	struct sipring_io_event *event = &epoll->events[epoll->n_events++];

	assert(epoll->n_events <= EVENTS_MAX);
	*event = (struct sipring_io_event){.type = type, .socket = socket, .result = result};
	return event;
}

static void over(struct epoll_io *epoll, struct sipring_io_socket *socket, int result)
{
	bool awaits = socket->under_way & FOR_WRITING;

	assert(!(socket->wants & PAUSED));
	socket->state = SIPRING_IO_ENDED;
	change_set(epoll, socket, awaits, awaits);
	new_event(epoll, socket, SIPRING_IO_OVER, result);
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
	if (change_set(epoll, socket, true, socket->under_way & FOR_WRITING) < 0) {
		socket->under_way = 0;
		sipring_list_append(&epoll->refused, &socket->link);
	}
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
	change_set(epoll, socket, false, false);
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
	if (socket->state != SIPRING_IO_REMOVING && !(socket->under_way & FOR_WRITING))
		change_set(self(io), socket, true, true);
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

/* One accept; false when there are no more for now. */
static bool read_listener(struct epoll_io *epoll, struct sipring_io_socket *socket)
{
	int fd;

	epoll->io.counters.n_system_calls++;
	fd = accept4(socket->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
		return false;
	if (fd < 0) {
		over(epoll, socket, -errno);
		return false;
	}
	epoll->io.counters.n_accepted++;
	new_event(epoll, socket, SIPRING_IO_ACCEPTED, fd);
	return true;
}

/* One message; false when there are no more for now. */
static bool read_message(struct epoll_io *epoll, struct sipring_io_socket *socket)
{
	char *buffer = epoll->memory + (size_t)epoll->order[epoll->n_used] * epoll->buffer_size;
	size_t before = 16u + socket->name_size + socket->control_size;
	struct iovec part = {buffer + before, epoll->buffer_size - before - SIPRING_IO_TAIL};
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
		over(epoll, socket, (int)n);
		return false;
	}
	if (n == 0 && socket->kind == SIPRING_IO_ASSOCIATED) {
		over(epoll, socket, 0);
		return false;
	}
	epoll->n_used++;
	epoll->io.counters.n_received++;
	event = new_event(epoll, socket, SIPRING_IO_RECEIVED, 0);
	event->data = part.iov_base;
	event->size = (size_t)n;
	event->flags = header.msg_flags;
	event->control = header.msg_control;
	event->control_size = header.msg_controllen;
	event->name = header.msg_name;
	event->name_size = header.msg_namelen;
	return true;
}

static void pause_input(struct epoll_io *epoll, struct sipring_io_socket *socket)
{
	bool awaits = socket->under_way & FOR_WRITING;

	socket->wants |= PAUSED;
	change_set(epoll, socket, awaits, awaits);
	sipring_list_append(&epoll->paused, &socket->link);
}

static bool may_go_on(const struct epoll_io *epoll)
{
	return !sipring_list_empty(&epoll->paused) && epoll->n_kept < epoll->n_buffers;
}

/*
 * No more of them than buffers are free. Where the set does not take one any more it is for
 * tell_refused to say so.
 */
static void go_on(struct epoll_io *epoll)
{
	uint32_t n_free = epoll->n_buffers - epoll->n_away;
	struct sipring_list *node;

	for (; n_free && (node = sipring_list_pop(&epoll->paused)); n_free--) {
		struct sipring_io_socket *socket =
			SIPRING_CONTAINER(node, struct sipring_io_socket, link);

		socket->wants = 0;
		if (change_set(epoll, socket, true, socket->under_way & FOR_WRITING) < 0) {
			socket->under_way = 0;
			sipring_list_append(&epoll->refused, &socket->link);
		}
	}
}

static void read_socket(struct epoll_io *epoll, struct sipring_io_socket *socket)
{
	bool more = true;

	for (unsigned i = 0; more && i < READS_PER_SOCKET_MAX; i++) {
		if (epoll->n_events >= EVENTS_MAX - 2)
			return;
		if (socket->kind == SIPRING_IO_LISTENER) {
			more = read_listener(epoll, socket);
		} else if (sipring_io_is_polled(socket)) {
			new_event(epoll, socket, SIPRING_IO_READABLE, 0);
			more = false;
		} else if (epoll->n_used == epoll->n_buffers - epoll->n_away) {
			epoll->io.counters.n_no_buffers++;
			if (epoll->n_used == 0)
				pause_input(epoll, socket);
			more = false;
		} else {
			more = read_message(epoll, socket);
		}
	}
}

static void ready(struct epoll_io *epoll, struct sipring_io_socket *socket, uint32_t what)
{
	if (epoll->n_events >= EVENTS_MAX - 2)
		return;
	if ((socket->under_way & FOR_WRITING) && (what & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
		socket->stalled = false;
		change_set(epoll, socket, wants_input(socket), false);
		new_event(epoll, socket, SIPRING_IO_WRITABLE, 0);
	}
	if (wants_input(socket) && (what & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		read_socket(epoll, socket);
}

/* What the set refused is asked again for the reason: the fd is bad, or not one to wait for. */
static void tell_refused(struct epoll_io *epoll)
{
	while (!sipring_list_empty(&epoll->refused) && epoll->n_events < EVENTS_MAX - 2) {
		struct sipring_io_socket *socket = SIPRING_CONTAINER(
			sipring_list_pop(&epoll->refused), struct sipring_io_socket, link);
		int r = change_set(epoll, socket, true, false);

		if (r == 0)
			continue;
		socket->under_way = 0;
		over(epoll, socket, r);
	}
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

/* Those of the last turn, but for what is kept of them, which leaves the order. */
static void free_buffers(struct epoll_io *epoll)
{
	for (uint32_t i = epoll->n_kept ? epoll->n_used : 0; i > 0; i--) {
		uint32_t id = epoll->order[i - 1];

		if (epoll->buffer_states[id] != BUFFER_KEPT)
			continue;
		epoll->buffer_states[id] = BUFFER_AWAY;
		epoll->n_away++;
		epoll->order[i - 1] = epoll->order[epoll->n_buffers - epoll->n_away];
	}
	epoll->n_used = 0;
}

static void epoll_keep(struct sipring_io *io, const char *data)
{
	struct epoll_io *epoll = self(io);
	size_t id = (size_t)(data - epoll->memory) / epoll->buffer_size;

	assert(id < epoll->n_buffers && epoll->buffer_states[id] == BUFFER_TURN);
	epoll->buffer_states[id] = BUFFER_KEPT;
	epoll->n_kept++;
}

static void epoll_give_back(struct sipring_io *io, const char *data)
{
	struct epoll_io *epoll = self(io);
	size_t id = (size_t)(data - epoll->memory) / epoll->buffer_size;

	assert(epoll->buffer_states[id] != BUFFER_TURN && epoll->n_kept > 0);
	if (epoll->buffer_states[id] == BUFFER_AWAY)
		epoll->order[epoll->n_buffers - epoll->n_away--] = (uint32_t)id;
	epoll->buffer_states[id] = BUFFER_TURN;
	epoll->n_kept--;
}

static int epoll_turn(struct sipring_io *io, int64_t timeout_ns)
{
	struct epoll_io *epoll = self(io);
	struct epoll_event found[READY_MAX];
	int n;

	assert(epoll->next_event == epoll->n_events);
	epoll->io.counters.n_turns++;
	free_buffers(epoll);
	epoll->n_events = 0;
	epoll->next_event = 0;
	flush(epoll);
	go_on(epoll);
	tell_refused(epoll);
	if (epoll->n_events || may_go_on(epoll) || !sipring_list_empty(&epoll->refused) ||
		!sipring_list_empty(&epoll->ended) || !sipring_list_empty(&epoll->closed))
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

	return may_go_on(epoll) || !sipring_list_empty(&epoll->refused) ||
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
