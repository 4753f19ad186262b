/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From completions to plain events, one at a time: what was received, accepted or is readable,
 * whose multishot operation is wanted again where it ended, and sends, in the order in which they
 * ended; last those that ended without a completion, and the sockets that are closed.
 */
#include "io/datagram.h"
#include "io/uring.h"
#include "io/uring_tag.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* A receive, accept or poll completed; true when that is an event. */
static bool received(struct uring *uring, const struct io_uring_cqe *cqe,
	struct sipring_io_socket *socket, struct sipring_io_event *event)
{
	struct sipring_io_counters *counters = &uring->io.counters;

	if (socket->kind == SIPRING_IO_LISTENER && cqe->res >= 0) {
		counters->n_accepted++;
		event->type = SIPRING_IO_ACCEPTED;
		event->result = cqe->res;
		return true;
	}
	if (socket->state != SIPRING_IO_OPEN)
		return false;
	if (sipring_io_is_polled(socket) && cqe->res >= 0) {
		event->type = SIPRING_IO_READABLE;
		return true;
	}
	if (cqe->res == -ENOBUFS) {
		counters->n_no_buffers++;
		return false;
	}
	if (cqe->res < 0) {
		if (socket->kind == SIPRING_IO_DATAGRAM && !datagram_is_over(cqe->res))
			return false;
		event->type = SIPRING_IO_OVER;
		event->result = cqe->res;
		socket->state = SIPRING_IO_ENDED;
		return true;
	}
	counters->n_received++;
	event->type = SIPRING_IO_RECEIVED;
	return true;
}

/* Lays the event's pointers over the buffer that the kernel filled. */
static void read_buffer(struct uring *uring, const struct io_uring_cqe *cqe,
	struct sipring_io_socket *socket, struct sipring_io_event *event)
{
	char *buffer =
		sipring_uring_buffers_take(&uring->buffers, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
	const struct io_uring_recvmsg_out *out = (const void *)buffer;
	size_t before = sizeof *out + socket->name_size + socket->control_size;

	if (event->type != SIPRING_IO_RECEIVED)
		return;
	assert((size_t)cqe->res >= before);
	event->name = buffer + sizeof *out;
	event->name_size = out->namelen < socket->name_size ? out->namelen : socket->name_size;
	event->control = buffer + sizeof *out + socket->name_size;
	event->control_size = out->controllen;
	event->data = buffer + before;
	event->size = (size_t)cqe->res - before;
	event->flags = (int)out->flags;
	if (event->size == 0 && socket->kind == SIPRING_IO_ASSOCIATED) {
		event->type = SIPRING_IO_OVER;
		event->result = 0;
		socket->state = SIPRING_IO_ENDED;
		uring->io.counters.n_received--;
	}
}

static bool socket_event(struct uring *uring, const struct io_uring_cqe *cqe,
	struct sipring_io_event *event)
{
	struct sipring_io_socket *socket = uring_tag_object(cqe->user_data);
	enum uring_operation operation = uring_tag_operation(cqe->user_data);
	bool told = false;

	event->socket = socket;
	if (!(cqe->flags & IORING_CQE_F_MORE)) {
		socket->n_in_flight--;
		socket->under_way &= (uint8_t) ~(1u << operation);
	}
	if (operation == URING_RECEIVE || operation == URING_ACCEPT) {
		told = received(uring, cqe, socket, event);
		if (cqe->flags & IORING_CQE_F_BUFFER)
			read_buffer(uring, cqe, socket, event);
		if (!(cqe->flags & IORING_CQE_F_MORE) && socket->state == SIPRING_IO_OPEN) {
			if (cqe->res == -ENOBUFS)
				sipring_uring_pause_input(uring, socket);
			else
				sipring_uring_want_input(uring, socket);
			uring->io.counters.n_restarted += !sipring_io_is_polled(socket);
		}
	} else if (operation == URING_WRITABLE && socket->state != SIPRING_IO_REMOVING) {
		socket->stalled = false;
		event->type = SIPRING_IO_WRITABLE;
		told = true;
	}
	uring_close_if_done(uring, socket);
	return told;
}

static void send_event(struct uring *uring, struct sipring_io_send *send, int result,
	struct sipring_io_event *event)
{
	struct sipring_io_socket *socket = send->socket;

	send->result = result;
	event->type = SIPRING_IO_SENT;
	event->send = send;
	event->socket = socket;
	event->result = result;
	if (result >= 0)
		uring->io.counters.n_sent++;
	uring_close_if_done(uring, socket);
}

/* A send is the kernel's no more. */
static void send_is_back(struct sipring_io_send *send)
{
	send->socket->n_in_flight--;
	send->socket->n_sends--;
	send->socket->n_linked -= send->linked;
}

bool sipring_uring_next(struct sipring_io *io, struct sipring_io_event *event)
{
	struct uring *uring = SIPRING_CONTAINER(io, struct uring, io);
	struct sipring_list *node;

	memset(event, 0, sizeof *event);
	while (uring->next_event < uring->n_events) {
		const struct io_uring_cqe *cqe = &uring->events[uring->next_event++];

		if (uring_tag_operation(cqe->user_data) == URING_SEND) {
			struct sipring_io_send *send = uring_tag_object(cqe->user_data);

			send_is_back(send);
			if (send->quiet)
				sipring_list_unlink(&send->link);
			/* One that was not even prepared says nothing new. */
			if (cqe->res < 0 && send->socket->kind == SIPRING_IO_ASSOCIATED)
				send->socket->stalled = true;
			send_event(uring, send, cqe->res, event);
			return true;
		}
		if (socket_event(uring, cqe, event))
			return true;
	}
	node = sipring_list_pop(&uring->ended);
	if (node) {
		struct sipring_io_send *send =
			SIPRING_CONTAINER(node, struct sipring_io_send, link);

		if (send->quiet)
			send_is_back(send);
		send_event(uring, send, send->result, event);
		return true;
	}
	node = sipring_list_pop(&uring->closed);
	if (!node)
		return false;
	event->type = SIPRING_IO_CLOSED;
	event->socket = SIPRING_CONTAINER(node, struct sipring_io_socket, link);
	return true;
}
