/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both ios over SCTP sockets: connecting ones can be received from before anything is established,
 * failures come in the order that src/sctp/kernel.c expects, and giving a socket up is seen by the
 * peer at once although a receive was under way.
 */
#include "sctp_pair.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <unistd.h>

static const struct sipring_io_ops *const both[] = {&sipring_io_uring, &sipring_io_epoll};

static const struct sipring_io_config io_config = {.n_buffers = 16,
	.buffer_size = 2048,
	.n_sends = 16};

struct heard {
	struct sipring_io_socket socket;
	unsigned n_notes;
	uint16_t states[8]; /* of SCTP_ASSOC_CHANGE, in order */
	bool over;
	int result;
	bool closed;
};

static struct sipring_io *open_io(const struct sipring_io_ops *ops, struct heard *heard, int fd)
{
	struct sipring_error error = {0};
	struct sipring_io *io;

	cr_assert_eq(ops->open(&io, &io_config, &error), 0, "%s", error.text);
	memset(heard, 0, sizeof *heard);
	heard->socket.fd = fd;
	heard->socket.kind = SIPRING_IO_ASSOCIATED;
	heard->socket.control_size = CMSG_SPACE(sizeof(struct sctp_rcvinfo));
	io->ops->add(io, &heard->socket);
	return io;
}

static void listen_to(struct sipring_io *io, struct heard *heard)
{
	struct sipring_io_event event;
	struct sctp_assoc_change change;

	cr_assert_eq(io->ops->turn(io, 20000000), 0);
	while (io->ops->next(io, &event)) {
		heard->closed |= event.type == SIPRING_IO_CLOSED;
		if (event.type == SIPRING_IO_OVER) {
			heard->over = true;
			heard->result = event.result;
		}
		if (event.type != SIPRING_IO_RECEIVED || !(event.flags & MSG_NOTIFICATION))
			continue;
		cr_assert_not(heard->over, "something after OVER");
		memcpy(&change, event.data, sizeof change);
		if (change.sac_type == SCTP_ASSOC_CHANGE && heard->n_notes < 8)
			heard->states[heard->n_notes++] = change.sac_state;
	}
}

static void drop_all(int fd, bool on)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {1, &nothing};
	int r = on ? setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program)
		   : setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int));

	cr_assert_eq(r, 0);
}

/* kernel_connect adds the socket at once: while the INIT is unanswered that is no error. */
Test(kernel_io, a_connecting_socket_can_be_received_from)
{
	for (unsigned i = 0; i < 2; i++) {
		struct sipring_sctp_config config = sctp_pair_config();
		union sipring_address address;
		struct sipring_io *io;
		struct heard heard;
		int listener = sctp_pair_listen(&config, &address);
		int fd = sipring_kernel_socket_open(&config, AF_INET, NULL, NULL);

		drop_all(listener, true);
		cr_assert_eq(sipring_kernel_socket_connect(fd, &address, 1), 0);
		io = open_io(both[i], &heard, fd);
		for (unsigned n = 0; n < 10; n++)
			listen_to(io, &heard);
		cr_assert_not(heard.over, "%s: over with %d", both[i]->name, heard.result);
		cr_assert_eq(heard.n_notes, 0);
		drop_all(listener, false);
		for (unsigned n = 0; n < 500 && !heard.n_notes && !heard.over; n++)
			listen_to(io, &heard);
		cr_assert_eq(heard.n_notes, 1, "%s", both[i]->name);
		cr_assert_eq(heard.states[0], SCTP_COMM_UP);
		cr_assert_not(heard.over);
		io->ops->close(io);
		close(fd);
		close(listener);
	}
}

/* LOST of a failed connect: why it failed comes after the notification, as the receive's end. */
Test(kernel_io, a_failed_connect_is_notification_then_error)
{
	static const int reasons[] = {-ECONNREFUSED, -ETIMEDOUT};

	for (unsigned i = 0; i < 4; i++) {
		struct sipring_sctp_config config = sctp_pair_config();
		bool silent = i / 2;
		union sipring_address address;
		struct sipring_io *io;
		struct heard heard;
		int listener, fd;

		config.init_attempts = 2;
		config.init_timeout_ms = 300;
		listener = sctp_pair_listen(&config, &address);
		if (silent)
			drop_all(listener, true);
		else
			close(listener);
		fd = sipring_kernel_socket_open(&config, AF_INET, NULL, NULL);
		cr_assert_eq(sipring_kernel_socket_connect(fd, &address, 1), 0);
		io = open_io(both[i % 2], &heard, fd);
		for (unsigned n = 0; n < 1000 && !heard.over; n++)
			listen_to(io, &heard);
		cr_assert_eq(heard.n_notes, 1, "%s: %u", both[i % 2]->name, heard.n_notes);
		cr_assert_eq(heard.states[0], SCTP_CANT_STR_ASSOC);
		cr_assert_eq(heard.result, reasons[silent], "%s: %d", both[i % 2]->name,
			heard.result);
		io->ops->close(io);
		close(fd);
		if (silent)
			close(listener);
	}
}

/* kernel_abort: remove cancels the receive, so that the close is the last and sends the ABORT. */
Test(kernel_io, giving_a_socket_up_aborts_at_once)
{
	for (unsigned i = 0; i < 2; i++) {
		struct sctp_pair pair;
		struct sctp_piece piece;
		struct sipring_io *io;
		struct heard heard;

		sctp_pair_open(&pair, NULL);
		io = open_io(both[i], &heard, pair.far);
		listen_to(io, &heard);
		sipring_kernel_socket_abort_on_close(pair.far);
		io->ops->remove(io, &heard.socket);
		for (unsigned n = 0; n < 100 && !heard.closed; n++)
			listen_to(io, &heard);
		cr_assert(heard.closed);
		sctp_take(pair.near, &piece, 1000);
		cr_assert_gt(piece.size, 0, "%s: %zd", both[i]->name, piece.size);
		cr_assert_eq(piece.note.sn_assoc_change.sac_type, SCTP_ASSOC_CHANGE);
		cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_COMM_LOST);
		io->ops->close(io);
		close(pair.near);
		close(pair.listener);
	}
}

/* kernel_close closes the fds before the io: the ring's end must let them go. */
Test(kernel_io, closing_the_io_lets_its_sockets_go)
{
	for (unsigned i = 0; i < 2; i++) {
		struct sctp_pair pair;
		struct sctp_piece piece;
		struct sipring_io *io;
		struct heard heard;

		sctp_pair_open(&pair, NULL);
		io = open_io(both[i], &heard, pair.far);
		listen_to(io, &heard);
		sipring_kernel_socket_abort_on_close(pair.far);
		close(pair.far);
		io->ops->close(io);
		sctp_take(pair.near, &piece, 1000);
		cr_assert_gt(piece.size, 0, "%s: %zd", both[i]->name, piece.size);
		cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_COMM_LOST);
		close(pair.near);
		close(pair.listener);
	}
}
