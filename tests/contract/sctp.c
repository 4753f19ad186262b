/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sctp.h promises, of every provider over every io: the same cases for the kernel's SCTP and
 * for the stack in user space. The other side is a process of its own (sctp_side.h).
 */
#include "sctp_side.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Test(sctp, an_association_comes_up_and_ends_in_order)
{
	struct peer peer = peer_start(0);
	struct side side;
	struct sipring_sctp_conn *conn = side_meet(&side, &peer);
	unsigned lost;

	cr_expect_eq(side.log[0].type, SIPRING_SCTP_UP, "nothing is told before UP");
	cr_expect_geq(conn->n_streams_out, 1);
	cr_expect_geq(conn->n_streams_in, 1);
	cr_expect_eq(conn->owner, &side);
	cr_expect(sipring_address_equal(&conn->remote, &peer.address));
	side.sctp->ops->shutdown(side.sctp, conn);
	lost = side_await(&side, SIPRING_SCTP_LOST, 0);
	cr_expect_eq(side.log[lost].result, 0, "in order: %d", side.log[lost].result);
	side.sctp->ops->abort(side.sctp, conn);
	side_await(&side, SIPRING_SCTP_CLOSED, lost);
	cr_expect_eq(side.log[side.n_log - 1].type, SIPRING_SCTP_CLOSED);
	for (int i = 0; i < 5; i++)
		side_turn(&side, 10);
	cr_expect_eq(side.log[side.n_log - 1].type, SIPRING_SCTP_CLOSED, "nothing after CLOSED");
	side_close(&side);
	peer_stop(&peer);
}

Test(sctp, stream_ppid_and_order_arrive_as_sent)
{
	static const struct {
		uint16_t stream;
		uint32_t ppid;
		unsigned flags;
	} rows[] = {{0, 0, SIPRING_SCTP_UNORDERED}, {0, 0, 0}, {3, 0, 0}, {9, 4, 0},
		{2, 0xdeadbeef, SIPRING_SCTP_UNORDERED}};
	struct peer peer = peer_start(0);
	struct side side;
	struct sipring_sctp_conn *conn = side_meet(&side, &peer);

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[] = {PEER_ECHO, (char)i, 0, 'x'};

		side_send(&side, conn, text, sizeof text, rows[i].stream, rows[i].ppid,
			rows[i].flags);
		side_until(&side, &side.n_messages, i + 1, "the echo");
		cr_expect_eq(side.size, sizeof text);
		cr_expect_eq(memcmp(side.message, text, sizeof text), 0);
		cr_expect_eq(side.stream, rows[i].stream);
		cr_expect_eq(side.ppid, rows[i].ppid, "row %u: %x", i, side.ppid);
		cr_expect_eq(side.unordered, (rows[i].flags & SIPRING_SCTP_UNORDERED) != 0);
	}
	cr_expect_eq(side.n_sent, 5);
	side_close(&side);
	peer_stop(&peer);
}

/* Echoes come back in order on one stream: each is checked against its number. */
static void check_number(struct side *side, struct sipring_sctp_conn *conn)
{
	uint32_t number;

	(void)conn;
	memcpy(&number, side->message + 1, sizeof number);
	cr_assert_eq(number, side->n_messages - 1);
	cr_assert_eq(side->size, 5 + number % 1400);
}

Test(sctp, thousands_both_ways_each_once_and_in_order)
{
	enum { N = 3000, WINDOW = 64 };
	struct peer peer = peer_start(0);
	struct side side;
	struct sipring_sctp_conn *conn = side_meet(&side, &peer);
	char text[1500] = {PEER_ECHO};
	unsigned n_put = 0;

	side.whole_message = check_number;
	while (side.n_messages < N) {
		while (n_put < N && n_put < side.n_messages + WINDOW) {
			bool more = n_put + 1 < N && n_put + 1 < side.n_messages + WINDOW;

			memcpy(text + 1, &n_put, sizeof n_put);
			side_send(&side, conn, text, 5 + n_put % 1400, 0, 0,
				more ? SIPRING_SCTP_MORE : 0);
			n_put++;
		}
		side_until(&side, &side.n_messages, side.n_messages + 1, "echoes");
	}
	cr_expect_eq(side.n_sent, N);
	cr_expect_eq(side.n_queued, 0);
	cr_expect_eq(side.n_again + side.n_refused, 0);
	side_close(&side);
	peer_stop(&peer);
}

Test(sctp, a_long_message_comes_whole)
{
	static const size_t sizes[] = {8000, 8192, 20000, 60000, 65535};
	struct peer peer = peer_start(0);
	struct side side;
	struct sipring_sctp_conn *conn = side_meet(&side, &peer);
	char *text = malloc(65535);

	for (size_t i = 0; i < 65535; i++)
		text[i] = (char)(i * 7 + i / 251);
	text[0] = PEER_ECHO;
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		side_send(&side, conn, text, sizes[i], 1, 0, 0);
		side_until(&side, &side.n_messages, i + 1, "a long message");
		cr_expect_eq(side.size, sizes[i], "%zu", side.size);
		cr_expect_eq(memcmp(side.message, text, sizes[i]), 0, "of %zu", sizes[i]);
	}
	if (strcmp(side.sctp->ops->name, "kernel") == 0)
		cr_expect_gt(side.n_pieces, side.n_messages, "some came in pieces");
	free(text);
	side_close(&side);
	peer_stop(&peer);
}

Test(sctp, what_ends_an_association_is_told)
{
	static const struct {
		char wish;
		int result;
		bool ending;
	} rows[] = {{PEER_SHUTDOWN, 0, true}, {PEER_ABORT, -ECONNRESET, false}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct peer peer = peer_start(0);
		struct side side;
		struct sipring_sctp_conn *conn = side_meet(&side, &peer);
		unsigned lost;

		side_send(&side, conn, &rows[i].wish, 1, 0, 0, 0);
		lost = side_await(&side, SIPRING_SCTP_LOST, 0);
		cr_expect_eq(side.log[lost].result, rows[i].result, "row %zu: %d", i,
			side.log[lost].result);
		cr_expect_eq(side_find(&side, SIPRING_SCTP_ENDING, 0) >= 0, rows[i].ending);
		side.sctp->ops->abort(side.sctp, conn);
		side_await(&side, SIPRING_SCTP_CLOSED, lost);
		for (unsigned j = lost + 1; j < side.n_log; j++)
			cr_expect_neq(side.log[j].type, SIPRING_SCTP_LOST, "told once");
		side_close(&side);
		peer_stop(&peer);
	}
}

Test(sctp, a_peer_that_is_not_there)
{
	union sipring_address nobody = {.v4 = {.sin_family = AF_INET}};
	struct sipring_sctp_conn *conn;
	struct side side;
	unsigned lost;

	nobody.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	nobody.v4.sin_port = htons(9);
	side_open(&side, 9, 0);
	conn = side_connect(&side, &nobody);
	side_send(&side, conn, "x", 1, 0, 0, 0);
	lost = side_await(&side, SIPRING_SCTP_LOST, 0);
	cr_expect(side.log[lost].result == -ECONNREFUSED || side.log[lost].result == -ETIMEDOUT,
		"%d", side.log[lost].result);
	cr_expect_lt(side_find(&side, SIPRING_SCTP_UP, 0), 0);
	side.sctp->ops->abort(side.sctp, conn);
	side_await(&side, SIPRING_SCTP_CLOSED, lost);
	cr_expect_eq(side.n_queued, 0, "its send had its SENT");
	side_close(&side);
}

Test(sctp, past_the_limit_associations_are_refused_and_counted)
{
	struct peer peer = peer_start(2);
	struct sipring_sctp_conn *conns[3];
	struct side side;
	unsigned up = 0;

	side_open(&side, peer.encaps_port ? peer.encaps_port : 9, 0);
	for (int i = 0; i < 2; i++) {
		conns[i] = side_connect(&side, &peer.address);
		up = side_await(&side, SIPRING_SCTP_UP, up) + 1;
	}
	conns[2] = side_connect(&side, &peer.address);
	side_await(&side, SIPRING_SCTP_LOST, up);
	for (int i = 0; i < 2; i++) {
		side_send(&side, conns[i], "Ex", 2, 0, 0, 0);
		side_until(&side, &side.n_messages, (unsigned)i + 1, "those that stand");
	}
	side_close(&side);
	peer_stop(&peer);
}

Test(sctp, our_own_limit)
{
	struct peer peer = peer_start(0);
	struct sipring_sctp_connect what = {.remote = &peer.address, .n_remote = 1};
	struct sipring_sctp_conn *conn, *second;
	struct side side;

	side_open(&side, peer.encaps_port ? peer.encaps_port : 9, 1);
	conn = side_connect(&side, &peer.address);
	cr_expect_eq(side.sctp->ops->connect(side.sctp, &what, &second), -ENFILE);
	side_await(&side, SIPRING_SCTP_UP, 0);
	side.sctp->ops->abort(side.sctp, conn);
	side_await(&side, SIPRING_SCTP_CLOSED, 0);
	cr_expect_eq(side.sctp->ops->connect(side.sctp, &what, &second), 0, "there is room again");
	side_await(&side, SIPRING_SCTP_UP, 1);
	side_close(&side);
	peer_stop(&peer);
}

Test(sctp, after_stop_listening_only_what_stands_goes_on)
{
	struct peer peer = peer_start(0);
	struct side side;
	struct sipring_sctp_conn *conn = side_meet(&side, &peer);

	side_send(&side, conn, "Dx", 2, 0, 0, 0);
	side_until(&side, &side.n_messages, 1, "the echo");
	side_connect(&side, &peer.address);
	side_await(&side, SIPRING_SCTP_LOST, 0);
	side_send(&side, conn, "Ex", 2, 0, 0, 0);
	side_until(&side, &side.n_messages, 2, "the first association");
	side_close(&side);
	peer_stop(&peer);
}

Test(sctp, a_listener_goes_and_comes_again)
{
	struct peer peer = peer_start(0);
	struct side side;
	struct sipring_sctp_conn *conn = side_meet(&side, &peer);

	for (unsigned i = 1; i <= 20; i++) {
		side_send(&side, conn, "Rx", 2, 0, 0, 0);
		side_until(&side, &side.n_messages, i, "the listener to come again");
	}
	side_connect(&side, &peer.address);
	side_await(&side, SIPRING_SCTP_UP, 1);
	side_send(&side, conn, "Ex", 2, 0, 0, 0);
	side_until(&side, &side.n_messages, 21, "the first association");
	side_close(&side);
	peer_stop(&peer);
}

Test(sctp, nothing_marked_more_stays_behind)
{
	struct peer peer = peer_start(0);
	struct side side;
	struct sipring_sctp_conn *conn = side_meet(&side, &peer);

	for (unsigned i = 0; i < 20; i++)
		side_send(&side, conn, "Exyz", 4, 0, 0, i < 19 ? SIPRING_SCTP_MORE : 0);
	side_until(&side, &side.n_messages, 20, "a bundled batch");
	/* And where the last one that was to follow never comes: */
	side_send(&side, conn, "Exyz", 4, 0, 0, SIPRING_SCTP_MORE);
	side_until(&side, &side.n_sent, 21, "SENT");
	side.sctp->ops->release(side.sctp, conn);
	side_until(&side, &side.n_messages, 21, "the released message");
	side_close(&side);
	peer_stop(&peer);
}

static void send_one(struct side *side, struct sipring_sctp_conn *conn, const char *text,
	size_t size)
{
	side_send(side, conn, text, size, 0, 0, 0);
	while (side->n_queued)
		side_turn(side, 20);
}

Test(sctp, a_full_buffer_says_so_and_goes_on)
{
	enum { SIZE = 4000, BATCH = 32 };
	struct peer peer = peer_start(0);
	struct side side;
	struct sipring_sctp_conn *conn = side_meet(&side, &peer);
	char text[SIZE] = {PEER_SLEEP};
	unsigned n_sent, n_asked = 0;

	send_one(&side, conn, text, 1);
	text[0] = '.';
	while (side.n_again == 0) {
		for (int i = 0; i < BATCH; i++)
			side_send(&side, conn, text, SIZE, 0, 0, 0);
		while (side.n_queued)
			side_turn(&side, 20);
		cr_assert_lt(side.n_sent, 100000u, "the buffer never fills");
	}
	n_sent = side.n_sent;
	send_one(&side, conn, text, SIZE);
	cr_expect_eq(side.n_sent, n_sent, "not tried before WRITABLE");
	text[0] = PEER_ECHO;
	while (side.n_sent == n_sent) {
		side.sctp->ops->await_writable(side.sctp, conn);
		side_await(&side, SIPRING_SCTP_WRITABLE, n_asked ? side.n_log : 0);
		n_asked++;
		send_one(&side, conn, text, SIZE);
		cr_assert_lt(n_asked, 1000u);
	}
	side_until(&side, &side.n_messages, 1, "an echo after it was full");
	cr_expect_eq(side.n_refused, 0);
	side_close(&side);
	peer_stop(&peer);
}

Test(sctp, abort_with_sends_queued_settles_each)
{
	struct peer peer = peer_start(0);
	struct side side;
	struct sipring_sctp_conn *conn = side_meet(&side, &peer);

	for (int i = 0; i < 50; i++)
		side_send(&side, conn, "Ex", 2, 0, 0, 0);
	side.sctp->ops->abort(side.sctp, conn);
	side_await(&side, SIPRING_SCTP_CLOSED, 0);
	cr_expect_eq(side.n_queued, 0, "each had its SENT before CLOSED");
	cr_expect_eq(side.n_sent + side.n_again + side.n_refused, 50);
	cr_expect_lt(side_find(&side, SIPRING_SCTP_LOST, 0), 0, "our own abort is no loss");
	side_close(&side);
	peer_stop(&peer);
}

enum { KEPT_MAX = 4096 };

static struct {
	char *data[KEPT_MAX];
	char first[KEPT_MAX][5];
	unsigned n;
	bool wanted;
} kept;

static void keep_all(struct side *side, const struct sipring_sctp_event *event)
{
	if (event->type != SIPRING_SCTP_DATA || !kept.wanted)
		return;
	cr_assert_lt(kept.n, (unsigned)KEPT_MAX);
	memcpy(kept.first[kept.n], event->data, 5);
	kept.data[kept.n++] = event->data;
	side->sctp->ops->keep(side->sctp, event->data);
}

static void put_numbered(struct side *side, struct sipring_sctp_conn *conn, unsigned *n_put,
	unsigned n)
{
	char text[1500] = {PEER_ECHO};

	for (; *n_put < n; ++*n_put) {
		memcpy(text + 1, n_put, sizeof *n_put);
		side_send(side, conn, text, 5 + *n_put % 1400, 0, 0, 0);
	}
}

Test(sctp, what_is_kept_holds_the_peer_back_and_nothing_is_lost)
{
	struct peer peer = peer_start(0);
	struct side side;
	struct sipring_sctp_conn *conn = side_meet(&side, &peer);
	unsigned n_put = 0;

	memset(&kept, 0, sizeof kept);
	side.event = keep_all;
	side.whole_message = check_number;
	kept.wanted = true;
	/* Until one does not come any more; the peer's send buffer has room for the rest. */
	do {
		put_numbered(&side, conn, &n_put, n_put + 50);
		for (int i = 0; i < 100 && kept.n < n_put; i++)
			side_turn(&side, 10);
		cr_assert_lt(n_put, (unsigned)KEPT_MAX, "not all can be kept");
	} while (kept.n == n_put);
	side_connect(&side, &peer.address);
	if (strcmp(side.sctp->ops->name, "usrsctp") == 0)
		side_await(&side, SIPRING_SCTP_UP, 1);
	for (unsigned i = 0; i < kept.n; i++) {
		cr_assert_eq(memcmp(kept.first[i], kept.data[i], 5), 0, "kept piece %u", i);
		side.sctp->ops->give_back(side.sctp, kept.data[i]);
	}
	kept.wanted = false;
	put_numbered(&side, conn, &n_put, n_put + 100);
	side_until(&side, &side.n_messages, n_put, "all the others");
	cr_expect_eq(side.n_again + side.n_refused, 0);
	side_close(&side);
	peer_stop(&peer);
}

Test(sctp, many_associations_come_and_go)
{
	struct peer peer = peer_start(0);
	struct side side;
	unsigned seen = 0;

	side_open(&side, peer.encaps_port ? peer.encaps_port : 9, 0);
	for (int round = 0; round < 40; round++) {
		struct sipring_sctp_conn *conn = side_connect(&side, &peer.address);
		unsigned n = side.n_messages;

		seen = side_await(&side, SIPRING_SCTP_UP, seen) + 1;
		side_send(&side, conn, "Exyz", 4, 0, 0, 0);
		side_until(&side, &side.n_messages, n + 1, "the echo");
		if (round % 2) {
			side.sctp->ops->abort(side.sctp, conn);
		} else {
			side.sctp->ops->shutdown(side.sctp, conn);
			seen = side_await(&side, SIPRING_SCTP_LOST, seen) + 1;
			side.sctp->ops->abort(side.sctp, conn);
		}
		seen = side_await(&side, SIPRING_SCTP_CLOSED, seen) + 1;
	}
	side_close(&side);
	peer_stop(&peer);
}
