/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes into the submission queue of a turn: first what sockets want (receive, accept, poll,
 * cancel), then the sends in the order in which they were queued. Nothing is submitted here. A send
 * to a stalled or leaving socket is not prepared at all; it ends as -ECANCELED. What finds no room
 * stays where it is, and the turn then does not wait.
 */
#include "io/uring.h"
#include "io/uring_tag.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>

static bool wants(const struct sipring_io_socket *socket, enum uring_operation operation)
{
	return socket->wants & (1u << operation);
}

static void started(struct sipring_io_socket *socket, struct io_uring_sqe *sqe,
	enum uring_operation operation)
{
	io_uring_sqe_set_data64(sqe, uring_tag_pack(socket, operation));
	socket->wants &= (uint8_t) ~(1u << operation);
	socket->under_way |= (uint8_t)(1u << operation);
	socket->n_in_flight++;
}

static void prepare_receive(struct sipring_io_socket *socket, struct io_uring_sqe *sqe)
{
	switch (socket->kind) {
	case SIPRING_IO_LISTENER:
		io_uring_prep_multishot_accept(sqe, socket->fd, NULL, NULL, SOCK_CLOEXEC);
		break;
	case SIPRING_IO_ASSOCIATED:
	case SIPRING_IO_DATAGRAM:
		socket->shape.msg_namelen = socket->name_size;
		socket->shape.msg_controllen = socket->control_size;
		io_uring_prep_recvmsg_multishot(sqe, socket->fd, &socket->shape, 0);
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = SIPRING_URING_GROUP;
		break;
	case SIPRING_IO_POLLED:
		io_uring_prep_poll_add(sqe, socket->fd, POLLIN);
		break;
	}
}

/* True when all that the socket wants is in the queue. */
static bool prepare_socket(struct uring *uring, struct sipring_io_socket *socket)
{
	static const enum uring_operation order[] = {URING_CANCEL, URING_RECEIVE, URING_WRITABLE};

	for (unsigned i = 0; i < sizeof order / sizeof order[0]; i++) {
		struct io_uring_sqe *sqe;

		if (!wants(socket, order[i]))
			continue;
		sqe = io_uring_get_sqe(&uring->ring);
		if (!sqe)
			return false;
		if (order[i] == URING_CANCEL)
			io_uring_prep_cancel_fd(sqe, socket->fd, IORING_ASYNC_CANCEL_ALL);
		else if (order[i] == URING_RECEIVE)
			prepare_receive(socket, sqe);
		else
			io_uring_prep_poll_add(sqe, socket->fd, POLLOUT);
		started(socket, sqe, order[i]);
	}
	return true;
}

static void prepare_send(struct sipring_io_send *send, struct io_uring_sqe *sqe)
{
	unsigned flags = MSG_DONTWAIT | MSG_NOSIGNAL;

	if (send->flags & SIPRING_IO_MORE)
		flags |= MSG_MORE;
	if (send->n_parts == 1 && !send->control_size && !send->name) {
		io_uring_prep_send(sqe, send->socket->fd, send->parts[0].iov_base,
			send->parts[0].iov_len, (int)flags);
	} else {
		send->header = (struct msghdr){
			.msg_name = (void *)(uintptr_t)send->name,
			.msg_namelen = send->name_size,
			.msg_iov = send->parts,
			.msg_iovlen = send->n_parts,
			.msg_control = send->control_size ? send->control : NULL,
			.msg_controllen = send->control_size,
		};
		io_uring_prep_sendmsg(sqe, send->socket->fd, &send->header, flags);
	}
	io_uring_sqe_set_data64(sqe, uring_tag_pack(send, URING_SEND));
	send->socket->n_in_flight++;
	send->socket->n_sends++;
}

/* A chain ends where the next send is for another socket or need not follow this one. */
static bool continues_chain(const struct uring *uring, const struct sipring_io_send *send)
{
	const struct sipring_io_send *next;

	if (send->link.next == &uring->outbox)
		return false;
	next = SIPRING_CONTAINER(send->link.next, struct sipring_io_send, link);
	return next->socket == send->socket && (next->flags & SIPRING_IO_CHAINED);
}

/*
 * The kernel runs the links of a chain one after another, and may be in the middle of one when a
 * turn ends: what is submitted then would overtake the rest.
 */
static bool must_wait(const struct uring *uring, const struct sipring_io_send *send)
{
	return send->socket->n_sends && (send->flags & SIPRING_IO_CHAINED) &&
		send->socket->chain_turn != uring->io.counters.n_turns;
}

static bool prepare_sends(struct uring *uring)
{
	struct sipring_list *node = uring->outbox.next;

	while (node != &uring->outbox) {
		struct sipring_io_send *send =
			SIPRING_CONTAINER(node, struct sipring_io_send, link);
		struct sipring_io_socket *socket = send->socket;
		struct io_uring_sqe *sqe;
		bool chained = continues_chain(uring, send);

		node = node->next;
		assert(socket->n_queued > 0);
		if (socket->stalled || socket->state == SIPRING_IO_REMOVING) {
			sipring_list_unlink(&send->link);
			send->result = -ECANCELED;
			sipring_list_append(&uring->ended, &send->link);
			socket->n_queued--;
			continue;
		}
		if (must_wait(uring, send))
			continue;
		sqe = io_uring_get_sqe(&uring->ring);
		if (!sqe)
			return false;
		prepare_send(send, sqe);
		socket->chain_turn = uring->io.counters.n_turns;
		/* The last place in the queue ends a chain: what follows goes with another call. */
		if (chained && io_uring_sq_space_left(&uring->ring))
			sqe->flags |= IOSQE_IO_LINK;
		sipring_list_unlink(&send->link);
		socket->n_queued--;
	}
	return true;
}

void sipring_uring_prepare(struct uring *uring)
{
	uring->leftover = false;
	while (!sipring_list_empty(&uring->todo)) {
		struct sipring_io_socket *socket =
			SIPRING_CONTAINER(uring->todo.next, struct sipring_io_socket, link);

		if (!prepare_socket(uring, socket)) {
			uring->leftover = true;
			return;
		}
		sipring_list_unlink(&socket->link);
	}
	uring->leftover = !prepare_sends(uring);
}
