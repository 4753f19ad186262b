/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A turn of the fake io. It makes passes until there is an event or nothing is left that could make
 * one. A pass serves the sockets in random order, with the queued sends somewhere among them, and
 * closes what was given up. Per socket, sends keep their order and so do messages; nothing else
 * does. Invariant: a socket's CLOSED is made after the SENT of all its sends.
 */
#include "fake_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct sipring_io_event *new_event(struct fake *fake, enum sipring_io_event_type type,
	struct sipring_io_socket *socket, int result)
{
	struct sipring_io_event *event = &fake->events[fake->n_events++];

	fake_insist(fake->n_events <= FAKE_EVENTS_MAX);
	*event = (struct sipring_io_event){.type = type, .socket = socket, .result = result};
	return event;
}

static bool has_room(const struct fake *fake)
{
	return fake->n_events < FAKE_EVENTS_MAX;
}

static void over(struct fake *fake, struct sipring_io_socket *socket, int result)
{
	socket->state = SIPRING_IO_ENDED;
	new_event(fake, SIPRING_IO_OVER, socket, result);
}

/* A send that is not tried ends as -ECANCELED. */
static bool is_tried(const struct fake *fake, const struct fake_slot *slot,
	const struct sipring_io_send *send)
{
	if (slot->socket->state == SIPRING_IO_REMOVING)
		return false;
	if (!slot->socket->stalled)
		return true;
	if ((send->flags & SIPRING_IO_CHAINED) && slot->failed)
		return false;
	return slot->tolerated_in == fake->n_passes;
}

static void finish_send(struct fake *fake, struct fake_slot *slot, struct sipring_io_send *send)
{
	struct sipring_io_socket *socket = slot->socket;

	if (!is_tried(fake, slot, send))
		send->result = -ECANCELED;
	else if (socket->kind == SIPRING_IO_ASSOCIATED && fake_chance(fake, fake->habits.again))
		send->result = -EAGAIN;
	else if (!fake_net_is_open(&fake->net, socket->fd))
		send->result = -EBADF;
	else
		send->result = fake_net_send(&fake->net, socket->fd, send->parts, send->n_parts,
			send->name);
	slot->failed = send->result < 0;
	if (send->result >= 0)
		fake->io.counters.n_sent++;
	if (slot->failed && socket->kind == SIPRING_IO_ASSOCIATED && !socket->stalled) {
		socket->stalled = true;
		/* A kernel that already has what follows tries it; one that has not does not. */
		slot->tolerated_in = fake_below(fake, 2) ? fake->n_passes : 0;
	}
	socket->n_queued--;
	new_event(fake, SIPRING_IO_SENT, socket, send->result)->send = send;
}

static void flush(struct fake *fake)
{
	struct sipring_list *node = fake->outbox.next;

	while (node != &fake->outbox && has_room(fake)) {
		struct sipring_io_send *send =
			SIPRING_CONTAINER(node, struct sipring_io_send, link);
		struct fake_slot *slot = fake_slot_of(fake, send->socket);

		node = node->next;
		if (fake_chance(fake, fake->habits.late))
			slot->held_in = fake->n_passes;
		if (slot->held_in == fake->n_passes)
			continue;
		sipring_list_unlink(&send->link);
		finish_send(fake, slot, send);
	}
}

static void lay_out(struct fake *fake, struct sipring_io_event *event,
	const struct fake_message *message, size_t size)
{
	struct sipring_io_socket *socket = event->socket;
	struct sockaddr_in name = fake_net_name(message->from);
	size_t before = (size_t)socket->name_size + socket->control_size;
	char *buffer = calloc(1, before + size + SIPRING_IO_TAIL);
	struct msghdr header = {.msg_control = buffer + socket->name_size,
		.msg_controllen = socket->control_size};

	fake_insist(buffer != NULL);
	fake->buffers[fake->n_used++] = (struct fake_buffer){buffer, buffer + before};
	event->name = buffer;
	event->name_size = socket->name_size < sizeof name ? socket->name_size : sizeof name;
	memcpy(buffer, &name, event->name_size);
	event->control = header.msg_control;
	if (socket->control_size >= CMSG_SPACE(sizeof(int))) {
		struct cmsghdr *control = CMSG_FIRSTHDR(&header);

		control->cmsg_level = FAKE_IO_CONTROL_LEVEL;
		control->cmsg_type = FAKE_IO_CONTROL_TYPE;
		control->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(control), &message->from, sizeof(int));
		event->control_size = CMSG_SPACE(sizeof(int));
	}
	event->data = buffer + before;
	event->size = size;
	memcpy(event->data, message->bytes + message->n_read, size);
}

/* One message or a piece of one. */
static void deliver(struct fake *fake, struct sipring_io_socket *socket,
	struct fake_message *message)
{
	size_t room =
		fake->payload_size - socket->name_size - socket->control_size - SIPRING_IO_TAIL;
	size_t left = message->size - message->n_read;
	size_t size = left < room ? left : room;
	struct sipring_io_event *event = new_event(fake, SIPRING_IO_RECEIVED, socket, 0);

	if (socket->kind == SIPRING_IO_ASSOCIATED && size > 1 &&
		fake_chance(fake, fake->habits.pieces))
		size = 1 + fake_below(fake, size);
	lay_out(fake, event, message, size);
	message->n_read += size;
	fake->io.counters.n_received++;
	if (socket->kind == SIPRING_IO_DATAGRAM && size < left) {
		event->flags = MSG_TRUNC;
		message->n_read = message->size;
	}
	if (message->n_read == message->size) {
		event->flags |= socket->kind == SIPRING_IO_ASSOCIATED ? MSG_EOR : 0;
		fake_net_drop(&fake->net, socket->fd);
	}
}

/* Each of these does one thing; false when there is no more for now. */
static bool accept_one(struct fake *fake, struct sipring_io_socket *socket)
{
	int fd = fake_net_accept(&fake->net, socket->fd);

	if (fd == -EAGAIN)
		return false;
	if (fd < 0) {
		over(fake, socket, fd);
		return false;
	}
	fake->io.counters.n_accepted++;
	new_event(fake, SIPRING_IO_ACCEPTED, socket, fd);
	return true;
}

static bool receive_one(struct fake *fake, struct sipring_io_socket *socket)
{
	bool associated = socket->kind == SIPRING_IO_ASSOCIATED;
	struct fake_message *message;
	int r;

	if (fake_net_readable(&fake->net, socket->fd) &&
		(fake->n_used + fake->n_kept == fake->n_buffers ||
			fake_chance(fake, fake->habits.no_buffers))) {
		fake->io.counters.n_no_buffers++;
		return false;
	}
	r = fake_net_peek(&fake->net, socket->fd, &message);
	if (r == -EAGAIN)
		return false;
	if (r < 0 && !associated && r != -EOPNOTSUPP)
		return true;
	if (r <= 0) {
		over(fake, socket, r);
		return false;
	}
	/* Receiving nothing means that the peer ended. */
	if (associated && message->size == 0) {
		fake_net_drop(&fake->net, socket->fd);
		over(fake, socket, 0);
		return false;
	}
	deliver(fake, socket, message);
	return true;
}

static bool poll_one(struct fake *fake, struct sipring_io_socket *socket)
{
	if (!fake_net_readable(&fake->net, socket->fd))
		return false;
	new_event(fake, SIPRING_IO_READABLE, socket, 0);
	if (socket->kind == SIPRING_IO_EVENTFD)
		fake_net_end(&fake->net, socket->fd)->raised = false;
	return false;
}

static void receive(struct fake *fake, struct sipring_io_socket *socket)
{
	bool (*one)(struct fake *, struct sipring_io_socket *) = NULL;
	bool more = true;

	if (!fake_net_is_open(&fake->net, socket->fd)) {
		over(fake, socket, -EBADF);
		return;
	}
	switch (socket->kind) {
	case SIPRING_IO_LISTENER:
		one = accept_one;
		break;
	case SIPRING_IO_ASSOCIATED:
	case SIPRING_IO_DATAGRAM:
		one = receive_one;
		break;
	case SIPRING_IO_POLLED:
	case SIPRING_IO_EVENTFD:
		one = poll_one;
		break;
	}
	for (uint64_t n = 1 + fake_below(fake, 16); n > 0 && more && has_room(fake); n--)
		more = one(fake, socket);
}

static void serve(struct fake *fake, struct fake_slot *slot)
{
	struct sipring_io_socket *socket = slot->socket;

	if (!has_room(fake))
		return;
	switch (socket->state) {
	case SIPRING_IO_OPEN:
		receive(fake, socket);
		break;
	case SIPRING_IO_ENDED:
		break;
	case SIPRING_IO_REMOVING:
		if (slot->close_in) {
			slot->close_in--;
		} else if (!socket->n_queued) {
			if (fake_net_is_open(&fake->net, socket->fd))
				fake_net_close_fd(&fake->net, socket->fd);
			socket->fd = -1;
			socket->state = SIPRING_IO_IDLE;
			slot->socket = NULL;
			new_event(fake, SIPRING_IO_CLOSED, socket, 0);
		}
		return;
	case SIPRING_IO_IDLE:
		abort();
	}
	/* Not while sends lie there that a failure cancels. */
	if (slot->awaits_writable && !socket->n_queued && has_room(fake) &&
		fake_net_writable(&fake->net, socket->fd)) {
		slot->awaits_writable = false;
		socket->stalled = false;
		new_event(fake, SIPRING_IO_WRITABLE, socket, 0);
	}
}

static void pass(struct fake *fake)
{
	unsigned order[FAKE_ENDS_MAX], n = 0;
	uint64_t flush_at;

	fake->n_passes++;
	for (unsigned i = 0; i < FAKE_ENDS_MAX; i++)
		if (fake->slots[i].socket)
			order[n++] = i;
	for (unsigned i = n; i > 1; i--) {
		unsigned other = (unsigned)fake_below(fake, i), taken = order[i - 1];

		order[i - 1] = order[other];
		order[other] = taken;
	}
	flush_at = fake_below(fake, n + 1);
	for (unsigned i = 0; i <= n; i++) {
		if (i == flush_at)
			flush(fake);
		if (i < n)
			serve(fake, &fake->slots[order[i]]);
	}
}

/* What it has to say would need a buffer, and all are kept. */
static bool is_held_back(const struct fake *fake, const struct sipring_io_socket *socket)
{
	return fake->n_kept == fake->n_buffers &&
		(socket->kind == SIPRING_IO_ASSOCIATED || socket->kind == SIPRING_IO_DATAGRAM);
}

/* Whether another pass would make an event without anybody doing anything. */
static bool is_under_way(struct fake *fake)
{
	if (!sipring_list_empty(&fake->outbox))
		return true;
	for (unsigned i = 0; i < FAKE_ENDS_MAX; i++) {
		const struct fake_slot *slot = &fake->slots[i];

		if (!slot->socket)
			continue;
		if (slot->socket->state == SIPRING_IO_REMOVING)
			return true;
		if (slot->socket->state == SIPRING_IO_OPEN && !is_held_back(fake, slot->socket) &&
			fake_net_readable(&fake->net, slot->socket->fd))
			return true;
	}
	return false;
}

int fake_turn(struct sipring_io *io, int64_t timeout_ns)
{
	struct fake *fake = fake_self(io);

	fake_insist(fake->next_event == fake->n_events);
	fake->io.counters.n_turns++;
	fake_give_buffers_back(fake);
	fake->n_events = 0;
	fake->next_event = 0;
	do {
		pass(fake);
	} while (!fake->n_events && timeout_ns && is_under_way(fake));
	if (fake->n_events || timeout_ns == 0)
		return 0;
	fake_insist(timeout_ns > 0); /* else it waits for ever: nothing can come */
	fake->clock_ns += (uint64_t)timeout_ns;
	return 0;
}
