/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving SCTP through io_uring, as src/io/uring.c and src/sctp/kernel_events.c rely on it.
 */
#include "ring.h"
#include "sctp_pair.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static struct ring ring;
static struct sctp_pair pair;
static char bytes[8000];

static const struct sctp_rcvinfo *info_of(const struct ring_found *found, struct sctp_rcvinfo *info)
{
	struct msghdr header = {.msg_control = found->control,
		.msg_controllen = found->control_size};
	const struct cmsghdr *control = CMSG_FIRSTHDR(&header);

	if (!control || control->cmsg_level != IPPROTO_SCTP || control->cmsg_type != SCTP_RCVINFO)
		return NULL;
	memcpy(info, CMSG_DATA(control), sizeof *info);
	return info;
}

/* sipring_kernel_events_data: stream, PPID and order come as control, with each message. */
Test(kernel_receive, multishot_tells_rcvinfo_and_end_of_record)
{
	static const struct sctp_sndinfo sent[] = {
		{.snd_sid = 0, .snd_flags = SCTP_UNORDERED},
		{.snd_sid = 3, .snd_ppid = 0x4d000000},
		{.snd_sid = 4, .snd_flags = SCTP_UNORDERED, .snd_ppid = 7},
	};

	sctp_pair_open(&pair, NULL);
	ring_open(&ring, 16);
	ring_receive(&ring, pair.far);
	for (unsigned i = 0; i < 3; i++) {
		struct sctp_rcvinfo info;
		struct ring_found found;

		cr_assert_eq(sctp_pair_send(pair.near, "message", 7, &sent[i], 0), 7);
		found = ring_next(&ring);
		cr_assert(found.flags & IORING_CQE_F_MORE, "the receive ended");
		cr_assert_eq(found.size, 7);
		cr_assert_eq(memcmp(found.data, "message", 7), 0);
		cr_assert(found.message_flags & MSG_EOR);
		cr_assert_not(found.message_flags & (MSG_NOTIFICATION | MSG_TRUNC | MSG_CTRUNC));
		cr_assert_not_null(info_of(&found, &info));
		cr_assert_eq(info.rcv_sid, sent[i].snd_sid);
		cr_assert_eq(info.rcv_ppid, sent[i].snd_ppid);
		cr_assert_eq(info.rcv_flags & SCTP_UNORDERED, sent[i].snd_flags & SCTP_UNORDERED);
	}
	ring_close(&ring);
	sctp_pair_close(&pair);
}

/* received() of kernel.c: notifications come between the messages and say so by a flag. */
Test(kernel_receive, multishot_marks_notifications)
{
	struct sipring_sctp_config config = sctp_pair_config();
	struct sctp_assoc_change change;
	struct ring_found found;

	pair.listener = sctp_pair_listen(&config, &pair.address);
	pair.near = sctp_pair_connect(&config, &pair.address, NULL);
	pair.far = accept4(pair.listener, NULL, NULL, SOCK_CLOEXEC);
	ring_open(&ring, 16);
	ring_receive(&ring, pair.far);
	found = ring_next(&ring);
	cr_assert(found.message_flags & MSG_NOTIFICATION);
	cr_assert(found.message_flags & MSG_EOR);
	cr_assert_geq(found.size, sizeof change);
	memcpy(&change, found.data, sizeof change);
	cr_assert_eq(change.sac_type, SCTP_ASSOC_CHANGE);
	cr_assert_eq(change.sac_state, SCTP_COMM_UP);
	cr_assert_eq(change.sac_outbound_streams, 5);
	cr_assert_eq(change.sac_inbound_streams, 5);
	ring_close(&ring);
	sctp_pair_close(&pair);
}

/* Reassembly in src/assoc: a long message is its pieces up to MSG_EOR, and is never cut. */
Test(kernel_receive, a_long_message_comes_in_pieces_and_the_last_says_so)
{
	size_t n = 0;
	unsigned n_pieces = 0;
	struct ring_found found;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	sctp_pair_open(&pair, NULL);
	ring_open(&ring, 64);
	ring_receive(&ring, pair.far);
	cr_assert_eq(sctp_pair_send(pair.near, bytes, sizeof bytes, NULL, 0), sizeof bytes);
	do {
		found = ring_next(&ring);
		cr_assert_not(found.message_flags & (MSG_TRUNC | MSG_NOTIFICATION));
		cr_assert_leq(n + found.size, sizeof bytes);
		cr_assert_eq(memcmp(found.data, bytes + n, found.size), 0);
		n += found.size;
		n_pieces++;
		cr_assert_eq((found.message_flags & MSG_EOR) != 0, n == sizeof bytes);
	} while (n < sizeof bytes);
	cr_assert_gt(n_pieces, sizeof bytes / RING_BUFFER);
	cr_assert_eq(sctp_pair_send(pair.near, "next", 4, NULL, 0), 4);
	found = ring_next(&ring);
	cr_assert_eq(found.size, 4);
	cr_assert(found.message_flags & MSG_EOR);
	ring_close(&ring);
	sctp_pair_close(&pair);
}

/* uring_events.c: no buffers in the middle of a message is a pause too, and costs no byte of it. */
Test(kernel_receive, enobufs_in_the_middle_of_a_message_loses_nothing)
{
	enum { N_BUFFERS = 2 };
	int held[N_BUFFERS], n_held = 0, n_ends = 0;
	size_t n = 0;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 5 + i / 256);
	sctp_pair_open(&pair, NULL);
	ring_open(&ring, N_BUFFERS);
	cr_assert_eq(sctp_pair_send(pair.near, bytes, sizeof bytes, NULL, 0), sizeof bytes);
	ring_receive(&ring, pair.far);
	while (n < sizeof bytes) {
		struct ring_found found = ring_next(&ring);

		if (found.buffer >= 0) {
			cr_assert_eq(memcmp(found.data, bytes + n, found.size), 0);
			n += found.size;
			held[n_held++] = found.buffer;
			cr_assert_eq((found.message_flags & MSG_EOR) != 0, n == sizeof bytes);
		}
		if (found.flags & IORING_CQE_F_MORE)
			continue;
		cr_assert_eq(found.result, -ENOBUFS);
		n_ends++;
		while (n_held)
			ring_give_back(&ring, held[--n_held]);
		ring_receive(&ring, pair.far);
	}
	cr_assert_geq(n_ends, 2);
	ring_close(&ring);
	sctp_pair_close(&pair);
}

/* SCTP_FRAGMENT_INTERLEAVE 0: no message comes between the pieces of another. */
Test(kernel_receive, pieces_are_not_interleaved)
{
	struct sctp_sndinfo one = {.snd_sid = 1}, two = {.snd_sid = 2};
	unsigned n_whole = 0, stream = 0;

	sctp_pair_open(&pair, NULL);
	ring_open(&ring, 64);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_gt(sctp_pair_send(pair.near, bytes, 4000, &one, 0), 0);
		cr_assert_gt(sctp_pair_send(pair.near, bytes, 4000, &two, 0), 0);
	}
	ring_receive(&ring, pair.far);
	for (bool inside = false; n_whole < 6;) {
		struct ring_found found = ring_next(&ring);
		struct sctp_rcvinfo info;

		cr_assert_not_null(info_of(&found, &info));
		if (inside)
			cr_assert_eq(info.rcv_sid, stream);
		stream = info.rcv_sid;
		inside = !(found.message_flags & MSG_EOR);
		n_whole += !inside;
	}
	ring_close(&ring);
	sctp_pair_close(&pair);
}
