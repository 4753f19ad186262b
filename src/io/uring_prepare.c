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
		assert(!"a listener accepts");
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
	case SIPRING_IO_EVENTFD:
		io_uring_prep_poll_multishot(sqe, socket->fd, POLLIN);
		break;
	}
}

/* True when all that the socket wants is in the queue. */
static bool prepare_socket(struct uring *uring, struct sipring_io_socket *socket)
{
	static const enum uring_operation order[] = {URING_CANCEL, URING_ACCEPT, URING_RECEIVE,
		URING_WRITABLE};

	for (unsigned i = 0; i < sizeof order / sizeof order[0]; i++) {
		struct io_uring_sqe *sqe;

		if (!wants(socket, order[i]))
			continue;
		sqe = io_uring_get_sqe(&uring->ring);
		if (!sqe)
			return false;
		if (order[i] == URING_CANCEL)
			io_uring_prep_cancel_fd(sqe, socket->fd, IORING_ASYNC_CANCEL_ALL);
		else if (order[i] == URING_ACCEPT)
			io_uring_prep_multishot_accept(sqe, socket->fd, NULL, NULL, SOCK_CLOEXEC);
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

/*
 * Whether the next send goes with this one as a link. What follows a link on the same socket has to
 * be one too, chained or not: the kernel starts a link only when the one before it is done, and
 * anything that is no link before that.
 */
static bool is_followed(const struct uring *uring, const struct sipring_io_send *send)
{
	const struct sipring_io_send *next;

	if (send->link.next == &uring->outbox || !io_uring_sq_space_left(&uring->ring))
		return false;
	next = SIPRING_CONTAINER(send->link.next, struct sipring_io_send, link);
	return next->socket == send->socket && send->socket->kind == SIPRING_IO_ASSOCIATED &&
		(send->linked || (next->flags & SIPRING_IO_CHAINED));
}

/*
 * What is no link would overtake the links under way; and what is chained to a send under way needs
 * to know how that ended.
 */
static bool must_wait(const struct uring *uring, const struct sipring_io_send *send)
{
	return send->socket->n_linked || send->socket->held_in == uring->io.counters.n_turns ||
		((send->flags & SIPRING_IO_CHAINED) && send->socket->n_sends &&
			send->socket->kind == SIPRING_IO_ASSOCIATED);
}

/* Of links the turn has to wait for each. */
static bool may_be_quiet(const struct sipring_io_send *send, bool is_followed_by_link)
{
	return (send->flags & SIPRING_IO_QUIET) && !send->linked && !is_followed_by_link &&
		send->n_parts == 1;
}

static void be_quiet(struct uring *uring, struct sipring_io_send *send, struct io_uring_sqe *sqe)
{
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	send->quiet = true;
	send->result = (int)send->parts[0].iov_len;
	sipring_list_append(&uring->quiet, &send->link);
}

/* Ends a send that is not to be tried. */
static void give_up(struct uring *uring, struct sipring_io_send *send)
{
	sipring_list_unlink(&send->link);
	send->result = -ECANCELED;
	sipring_list_append(&uring->ended, &send->link);
	send->socket->n_queued--;
}

/*
 * Goes through the whole outbox, even past what there is room for: what a failure cancels must be
 * cancelled before its socket can be writable again. Per socket nothing passes what has to wait.
 */
static bool prepare_sends(struct uring *uring)
{
	struct sipring_list *node = uring->outbox.next;
	bool linked = false, all = true;

	uring->n_prepared = 0;
	uring->has_links = false;
	while (node != &uring->outbox) {
		struct sipring_io_send *send =
			SIPRING_CONTAINER(node, struct sipring_io_send, link);
		struct sipring_io_socket *socket = send->socket;
		struct io_uring_sqe *sqe = NULL;

		node = node->next;
		assert(socket->n_queued > 0);
		if (socket->stalled || socket->state == SIPRING_IO_REMOVING) {
			give_up(uring, send);
			continue;
		}
		if (linked || !must_wait(uring, send))
			sqe = io_uring_get_sqe(&uring->ring);
		assert(sqe || !linked);
		if (!sqe) {
			socket->held_in = uring->io.counters.n_turns;
			all = false;
			continue;
		}
		prepare_send(send, sqe);
		send->linked = linked;
		socket->n_linked += linked;
		uring->has_links |= linked;
		linked = is_followed(uring, send);
		if (linked)
			sqe->flags |= IOSQE_IO_LINK;
		sipring_list_unlink(&send->link);
		socket->n_queued--;
		if (may_be_quiet(send, linked))
			be_quiet(uring, send, sqe);
		else
			uring->n_prepared++;
	}
	return all;
}

/* False where the submission queue is full first. */
static bool prepare_sockets(struct uring *uring)
{
	while (!sipring_list_empty(&uring->todo)) {
		struct sipring_io_socket *socket =
			SIPRING_CONTAINER(uring->todo.next, struct sipring_io_socket, link);

		if (!prepare_socket(uring, socket))
			return false;
		sipring_list_unlink(&socket->link);
	}
	return true;
}

void sipring_uring_prepare(struct uring *uring)
{
	bool all = prepare_sockets(uring);

	uring->leftover = !prepare_sends(uring) || !all;
}
