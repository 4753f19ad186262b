/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of SCTP sends that cannot go: full buffers, lost associations, data given back.
 */
#include "sctp_pair.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static struct sctp_pair pair;
static char bytes[1000];

static unsigned fill_up(const struct sctp_sndinfo *info)
{
	unsigned n = 0;
	ssize_t r;

	/* What the peer takes meanwhile makes room again: full is when it stays so. */
	do {
		while ((r = sctp_pair_send(pair.near, bytes, sizeof bytes, info, 0)) > 0)
			cr_assert_lt(n++, 100000);
		cr_assert_eq(r, -EAGAIN, "%zd", r);
		usleep(300000);
		r = sctp_pair_send(pair.near, bytes, sizeof bytes, info, 0);
		n += r > 0;
	} while (r > 0);
	return n;
}

/* SENT with -EAGAIN and WRITABLE: a peer that does not read is told as such, and so is its end. */
Test(kernel_send, a_full_socket_says_eagain_and_polls_writable_later)
{
	struct sctp_piece piece;
	unsigned n, n_read = 0;

	sctp_pair_open(&pair, NULL);
	cr_assert(sctp_polls(pair.near, POLLOUT, 0));
	n = fill_up(NULL);
	cr_assert_gt(n, 10);
	cr_assert_not(sctp_polls(pair.near, POLLOUT, 100));
	while (n_read < n) {
		sctp_take_data(pair.far, &piece);
		cr_assert_eq(piece.size, sizeof bytes);
		n_read++;
	}
	cr_assert(sctp_polls(pair.near, POLLOUT, SCTP_WAIT_MS));
	cr_assert_eq(sctp_pair_send(pair.near, "more", 4, NULL, 0), 4);
	sctp_take_data(pair.far, &piece);
	cr_assert_eq(piece.size, 4);
	sctp_pair_close(&pair);
}

/* sent() of kernel.c reads these two as a loss: the error goes to one send, EPIPE to the others. */
Test(kernel_send, on_a_lost_association_fails)
{
	ssize_t first;

	sctp_pair_open(&pair, NULL);
	sipring_kernel_socket_abort_on_close(pair.far);
	close(pair.far);
	cr_assert(sctp_polls(pair.near, POLLHUP | POLLERR | POLLIN, SCTP_WAIT_MS));
	first = sctp_pair_send(pair.near, "x", 1, NULL, 0);
	cr_assert(first == -ECONNRESET || first == -EPIPE, "%zd", first);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(sctp_pair_send(pair.near, "x", 1, NULL, 0), -EPIPE);
	close(pair.near);
	close(pair.listener);
}

/* RETURNED: what was taken and never acknowledged comes back with its context and its bytes. */
Test(kernel_send, undelivered_data_come_back_with_their_context)
{
	struct sctp_sndinfo info = {.snd_flags = SCTP_UNORDERED, .snd_context = 4711};
	struct sctp_piece piece;
	unsigned n_unsent = 0;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 3);
	sctp_pair_open(&pair, NULL);
	cr_assert_gt(fill_up(&info), 10);
	sipring_kernel_socket_abort_on_close(pair.far);
	close(pair.far);
	do {
		const struct sctp_send_failed_event *failed = &piece.note.sn_send_failed_event;

		sctp_take(pair.near, &piece, SCTP_WAIT_MS);
		if (piece.size <= 0)
			break;
		cr_assert(piece.flags & MSG_NOTIFICATION);
		if (piece.note.sn_header.sn_type != SCTP_SEND_FAILED_EVENT)
			continue;
		cr_assert_eq(failed->ssfe_info.snd_context, 4711);
		cr_assert_eq(failed->ssf_length, sizeof *failed + sizeof bytes);
		cr_assert_eq((size_t)piece.size, failed->ssf_length);
		cr_assert_eq(memcmp(failed + 1, bytes, sizeof bytes), 0);
		cr_assert(failed->ssf_flags == SCTP_DATA_UNSENT ||
			failed->ssf_flags == SCTP_DATA_SENT);
		n_unsent++;
	} while (piece.size > 0);
	cr_assert_gt(n_unsent, 0);
	close(pair.near);
	close(pair.listener);
}

/* SENT with another error than EAGAIN is final: a message that can never go says so. */
Test(kernel_send, a_message_longer_than_the_buffer_is_refused)
{
	static char huge[4 << 20];
	struct sctp_piece piece;

	sctp_pair_open(&pair, NULL);
	cr_assert_eq(sctp_pair_send(pair.near, huge, sizeof huge, NULL, 0), -EMSGSIZE);
	cr_assert_eq(sctp_pair_send(pair.near, "x", 0, NULL, 0), -EINVAL, "an empty one too");
	cr_assert_eq(sctp_pair_send(pair.near, "next", 4, NULL, 0), 4);
	sctp_take_data(pair.far, &piece);
	cr_assert_eq(piece.size, 4);
	sctp_pair_close(&pair);
}
