/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How associations end, in which order that is told, and what closing does: what the states of
 * src/sctp/kernel.c stand on.
 */
#include "ring.h"
#include "sctp_pair.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static struct sctp_pair pair;
static struct ring ring;

static void abort_far(void)
{
	sipring_kernel_socket_abort_on_close(pair.far);
	cr_assert_eq(close(pair.far), 0);
}

/*
 * LOST: the notification can be read before the error, and the error comes once. Afterwards a
 * receive would wait for ever: nobody may wait for its end once the error was told.
 */
Test(kernel_end, a_peers_abort_is_comm_lost_and_then_an_error)
{
	struct sctp_piece piece;

	sctp_pair_open(&pair, NULL);
	abort_far();
	sctp_take_note(pair.near, &piece, SCTP_ASSOC_CHANGE);
	cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_COMM_LOST);
	sctp_take(pair.near, &piece, SCTP_WAIT_MS);
	cr_assert_eq(piece.size, -ECONNRESET);
	sctp_take(pair.near, &piece, 100);
	cr_assert_eq(piece.size, -EAGAIN, "%zd", piece.size);
	close(pair.near);
	close(pair.listener);
}

/* loss_noted() of kernel.c: asking the socket for its error takes it away from the receive. */
Test(kernel_end, the_error_is_told_to_who_asks_first)
{
	struct sctp_piece piece;

	sctp_pair_open(&pair, NULL);
	abort_far();
	sctp_take_note(pair.near, &piece, SCTP_ASSOC_CHANGE);
	cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_COMM_LOST);
	cr_assert_eq(sipring_kernel_socket_error(pair.near), -ECONNRESET);
	cr_assert_eq(sipring_kernel_socket_error(pair.near), -ENODATA);
	sctp_take(pair.near, &piece, 100);
	cr_assert_neq(piece.size, -ECONNRESET);
	close(pair.near);
	close(pair.listener);
}

/* The same through a multishot receive, which may have taken the error before we read anything. */
Test(kernel_end, a_multishot_receive_tells_notification_then_error_then_ends)
{
	struct sctp_assoc_change change;
	struct ring_found found;

	sctp_pair_open(&pair, NULL);
	ring_open(&ring, 16);
	ring_receive(&ring, pair.near);
	abort_far();
	found = ring_next(&ring);
	cr_assert(found.message_flags & MSG_NOTIFICATION);
	memcpy(&change, found.data, sizeof change);
	cr_assert_eq(change.sac_type, SCTP_ASSOC_CHANGE);
	cr_assert_eq(change.sac_state, SCTP_COMM_LOST);
	found = ring_next(&ring);
	cr_assert_eq(found.result, -ECONNRESET);
	cr_assert_not(found.flags & IORING_CQE_F_MORE);
	ring_close(&ring);
	close(pair.near);
	close(pair.listener);
}

/* ENDING, then LOST with 0: a peer that shuts down in order. */
Test(kernel_end, a_shutdown_is_told_as_event_completion_and_end_of_file)
{
	struct sctp_piece piece;

	sctp_pair_open(&pair, NULL);
	cr_assert_eq(sctp_pair_send(pair.far, "last words", 10, NULL, 0), 10);
	cr_assert_eq(shutdown(pair.far, SHUT_WR), 0);
	sctp_take_data(pair.near, &piece);
	cr_assert_eq(piece.size, 10);
	sctp_take_note(pair.near, &piece, SCTP_SHUTDOWN_EVENT);
	sctp_take_note(pair.near, &piece, SCTP_ASSOC_CHANGE);
	cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_SHUTDOWN_COMP);
	sctp_take(pair.near, &piece, SCTP_WAIT_MS);
	cr_assert_eq(piece.size, 0);
	/* And on the side that asked for it. */
	sctp_take_note(pair.far, &piece, SCTP_ASSOC_CHANGE);
	cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_SHUTDOWN_COMP);
	sctp_pair_close(&pair);
}

/* Why listeners are one-to-one (docs/decisions/0001): it was acknowledged, so it must be there. */
Test(kernel_end, who_spoke_and_left_is_accepted_with_what_it_said)
{
	struct sipring_sctp_config config = sctp_pair_config();
	struct sctp_piece piece;

	pair.listener = sctp_pair_listen(&config, &pair.address);
	pair.near = sctp_pair_connect(&config, &pair.address, NULL);
	cr_assert_eq(sctp_pair_send(pair.near, "last words", 10, NULL, 0), 10);
	cr_assert_eq(shutdown(pair.near, SHUT_WR), 0);
	do
		sctp_take_note(pair.near, &piece, SCTP_ASSOC_CHANGE);
	while (piece.note.sn_assoc_change.sac_state != SCTP_SHUTDOWN_COMP);
	pair.far = accept4(pair.listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(pair.far, 0);
	sctp_take_data(pair.far, &piece);
	cr_assert_eq(piece.size, 10);
	sctp_take_note(pair.far, &piece, SCTP_ASSOC_CHANGE);
	cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_SHUTDOWN_COMP);
	sctp_pair_close(&pair);
}

static uint16_t state_after(void (*leave)(void))
{
	struct sctp_piece piece;
	uint16_t state;

	sctp_pair_open(&pair, NULL);
	leave();
	sctp_take_note(pair.near, &piece, SCTP_ASSOC_CHANGE);
	state = piece.note.sn_assoc_change.sac_state;
	close(pair.near);
	close(pair.listener);
	return state;
}

static void close_far(void)
{
	cr_assert_eq(close(pair.far), 0);
}

/* kernel_abort: with SO_LINGER 0 closing is an ABORT, without it a SHUTDOWN. */
Test(kernel_end, closing_aborts_only_with_linger_zero)
{
	cr_assert_eq(state_after(abort_far), SCTP_COMM_LOST);
	cr_assert_eq(state_after(close_far), SCTP_SHUTDOWN_COMP);
}

/* CANT_STR_ASSOC can be read before the error of a connect that was refused. */
Test(kernel_end, a_refused_connect_is_told_before_its_error)
{
	struct sipring_sctp_config config = sctp_pair_config();
	union sipring_address address;
	struct sctp_piece piece;
	int listener = sctp_pair_listen(&config, &address);
	int fd = sipring_kernel_socket_open(&config, AF_INET, NULL, NULL);

	close(listener);
	cr_assert_eq(sipring_kernel_socket_connect(fd, &address, 1), 0);
	sctp_take_note(fd, &piece, SCTP_ASSOC_CHANGE);
	cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_CANT_STR_ASSOC);
	sctp_take(fd, &piece, SCTP_WAIT_MS);
	cr_assert_eq(piece.size, -ECONNREFUSED);
	close(fd);
}

/* kernel_abort: why an abort of ours is a close, after which nothing can be given back. */
Test(kernel_end, a_one_to_one_socket_takes_no_abort_but_its_close)
{
	struct sctp_sndinfo info = {.snd_flags = SCTP_ABORT};

	sctp_pair_open(&pair, NULL);
	cr_assert_eq(sctp_pair_send(pair.near, "", 0, &info, 0), -EINVAL);
	sctp_pair_close(&pair);
}

/* kernel_parting.c: COMM_LOST comes first, and the messages that it concerns after it. */
Test(kernel_end, what_was_not_acknowledged_comes_back_after_comm_lost)
{
	struct sctp_sndinfo info = {.snd_context = 4711};
	struct sctp_piece piece;
	char text[1000] = {0};
	bool lost = false;
	unsigned n = 0;

	sctp_pair_open(&pair, NULL);
	while (sctp_pair_send(pair.near, text, sizeof text, &info, 0) > 0)
		;
	abort_far();
	for (;;) {
		sctp_take(pair.near, &piece, SCTP_WAIT_MS);
		if (piece.size <= 0)
			break;
		cr_assert(piece.flags & MSG_NOTIFICATION);
		if (piece.note.sn_header.sn_type == SCTP_SEND_FAILED_EVENT) {
			cr_assert(lost, "not before");
			n++;
		} else if (piece.note.sn_header.sn_type == SCTP_ASSOC_CHANGE) {
			lost = piece.note.sn_assoc_change.sac_state == SCTP_COMM_LOST;
		}
	}
	cr_assert_eq(piece.size, -ECONNRESET, "the error stands behind them: %zd", piece.size);
	cr_assert_gt(n, 10);
	close(pair.near);
	close(pair.listener);
}
