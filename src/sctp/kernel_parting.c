/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conns that are about to be told as lost. The kernel says that an association is lost first, and
 * then, message by message, what it had taken and was not acknowledged; closing the socket would
 * throw that away. So a conn that stood parts in two steps: it is left alone until a turn of the io
 * has brought nothing for it, and then what still lies in the socket is read here, without waiting,
 * before LOST. Our own abort is a close, for Linux takes SCTP_ABORT on no one-to-one socket, and
 * what it throws away nobody tells. Invariant: a conn in a list has a socket that the io has.
 */
#include "sctp/kernel.h"

#include <assert.h>
#include <errno.h>

void sipring_kernel_parting_begin(struct kernel *kernel, struct kernel_conn *conn)
{
	conn->heard_in = kernel->io->counters.n_turns;
	if (sipring_list_empty(&conn->parting))
		sipring_list_append(&kernel->parting, &conn->parting);
}

uint64_t sipring_kernel_parting_tick(struct kernel *kernel)
{
	struct sipring_list *node, *next;

	for (node = kernel->parting.next; node != &kernel->parting; node = next) {
		struct kernel_conn *conn = SIPRING_CONTAINER(node, struct kernel_conn, parting);

		next = node->next;
		if (conn->heard_in == kernel->io->counters.n_turns)
			continue;
		sipring_list_unlink(&conn->parting);
		sipring_list_append(&kernel->parted, &conn->parting);
	}
	return sipring_list_empty(&kernel->parting) ? UINT64_MAX : 0;
}

/* The next message that comes back; false when there is none, or anything else stands first. */
static bool read_returned(struct kernel *kernel, struct kernel_conn *conn,
	struct sipring_sctp_event *event)
{
	char bytes[4096];
	struct iovec part = {bytes, sizeof bytes};
	ssize_t n;

	for (;;) {
		struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
		struct sipring_io_event io = {.data = bytes};

		n = recvmsg(conn->socket.fd, &header, MSG_DONTWAIT);
		if (n <= 0)
			return false;
		if (!(header.msg_flags & MSG_NOTIFICATION))
			continue;
		io.size = (size_t)n;
		io.flags = header.msg_flags;
		*event = (struct sipring_sctp_event){.conn = &conn->conn};
		if (sipring_kernel_events_notification(kernel, conn, &io, event) &&
			event->type == SIPRING_SCTP_RETURNED)
			return true;
	}
}

bool sipring_kernel_parting_next(struct kernel *kernel, struct sipring_sctp_event *event)
{
	struct kernel_conn *conn;

	if (sipring_list_empty(&kernel->parted))
		return false;
	conn = SIPRING_CONTAINER(kernel->parted.next, struct kernel_conn, parting);
	assert(conn->state == KERNEL_LOST);
	if (read_returned(kernel, conn, event))
		return true;
	sipring_list_unlink(&conn->parting);
	*event = (struct sipring_sctp_event){.type = SIPRING_SCTP_LOST,
		.conn = &conn->conn,
		.result = conn->lost_result};
	return true;
}
