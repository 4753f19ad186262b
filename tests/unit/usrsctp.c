/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user-space provider between two processes over loopback, on each io: what it promises in
 * good weather. The child obeys the first byte of each message; the parent asserts.
 */
#include "usrsctp_side.h"

static struct side side;
static struct side_peer peer;

static bool begin(const struct sipring_io_ops *io)
{
	struct sipring_io *probe;
	struct sipring_error error;

	side_defaults(&side);
	if (io->open(&probe, &side.io_config, &error) < 0) {
		cr_skip_test("no %s here: %s", io->name, error.text);
		return false;
	}
	io->close(probe);
	return true;
}

static struct side_conn *up(const struct sipring_io_ops *io, const char *address)
{
	struct side_conn *conn;

	peer = side_start(&side, io);
	side.config.encaps_peer_port = peer.udp_port;
	cr_assert_eq(side_open(&side, io), 0, "%s", side.error.text);
	conn = side_connect(&side, address, NULL);
	SIDE_UNTIL(&side, 5, conn->n_up);
	cr_assert_eq(conn->n_lost, 0);
	cr_assert_eq(conn->conn->n_streams_out, 10);
	cr_assert_eq(conn->conn->n_streams_in, 10);
	return conn;
}

static void down(struct side_conn *conn)
{
	if (conn->conn && !conn->n_closed) {
		side.sctp->ops->abort(side.sctp, conn->conn);
		SIDE_UNTIL(&side, 5, conn->n_closed);
	}
	cr_assert_eq(conn->n_closed, 1);
	cr_assert_eq(side.sctp->counters.n_packets_bad, 0);
	side_close(&side);
	side_stop(&peer);
}

#define BOTH(name)                                         \
	static void name(const struct sipring_io_ops *io); \
	Test(usrsctp, name##_uring, .timeout = 240)        \
	{                                                  \
		if (begin(&sipring_io_uring))              \
			name(&sipring_io_uring);           \
	}                                                  \
	Test(usrsctp, name##_epoll, .timeout = 240)        \
	{                                                  \
		if (begin(&sipring_io_epoll))              \
			name(&sipring_io_epoll);           \
	}                                                  \
	static void name(const struct sipring_io_ops *io)

static void windowed(struct side_conn *conn, uint32_t n, uint32_t window, size_t size)
{
	uint64_t before = conn->n_messages;
	char message[4096] = {SIDE_ECHO};

	for (uint32_t sent = 0; conn->n_messages - before < n;) {
		while (sent < n && sent - (conn->n_messages - before) < window) {
			uint32_t number = (uint32_t)before + sent++;

			memcpy(message + 1, &number, sizeof number);
			side_send(conn, message, size, 0, false, 0);
		}
		side_turn(&side, 100);
	}
	cr_assert_eq(conn->n_in_order, conn->n_messages);
	cr_assert_eq(conn->n_lost, 0);
}

BOTH(carries_ten_thousand_both_ways)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");

	windowed(conn, 10000, 64, 500);
	cr_assert_eq(conn->n_sent, 10000);
	cr_assert_eq(conn->n_failed, 0);
	cr_assert_eq(conn->n_path, 0);
	/* Bundled: fewer packets than messages, SACKs and all. */
	cr_assert_lt(side.sctp->counters.n_packets_out, 10000);
	down(conn);
}

BOTH(carries_over_ipv6)
{
	struct side_conn *conn = up(io, "[::1]:5061");
	char text[SIPRING_ADDRESS_TEXT_MAX];

	windowed(conn, 100, 10, 500);
	cr_assert_eq(sipring_address_port(&conn->conn->remote), 5061);
	cr_assert_str_eq(sipring_address_print_host(&conn->conn->remote, text), "::1");
	cr_assert_str_eq(sipring_address_print_host(&conn->conn->local, text), "::1");
	down(conn);
}

BOTH(carries_a_large_message_in_pieces)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");
	char *large = malloc(65536);

	memset(large, 'x', 65536);
	large[0] = SIDE_ECHO;
	side_send(conn, large, 60000, 3, false, 99);
	SIDE_UNTIL(&side, 10, conn->n_messages == 1);
	cr_assert_eq(conn->last_size, 60000);
	cr_assert_eq(conn->last_stream, 3);
	cr_assert_eq(conn->last_ppid, 99);
	cr_assert_arr_eq(conn->gathered, large, 60000);
	side_send(conn, large, 65535, 0, true, 0);
	SIDE_UNTIL(&side, 10, conn->n_messages == 2);
	cr_assert_eq(conn->last_size, 65535);
	cr_assert(conn->last_unordered);
	/* Too large, empty, and on a stream that is not there: each its own outcome. */
	side_send(conn, large, 65536, 0, true, 0);
	SIDE_UNTIL(&side, 5, conn->n_failed == 1);
	cr_assert_eq(conn->failed_result, -EMSGSIZE);
	side.sctp->ops->await_writable(side.sctp, conn->conn);
	SIDE_UNTIL(&side, 5, conn->n_writable == 1);
	side_send(conn, large, 10, 10, false, 0);
	SIDE_UNTIL(&side, 5, conn->n_failed == 2);
	cr_assert_eq(conn->failed_result, -EINVAL);
	free(large);
	down(conn);
}

BOTH(keeps_streams_and_ppid_apart)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");
	char message[100] = {SIDE_ECHO};

	for (uint32_t i = 0; i < 300; i++) {
		bool unordered = i % 2;
		uint16_t stream = (uint16_t)(i % 3);

		side_send(conn, message, sizeof message, stream, unordered, 1000 + i);
		SIDE_UNTIL(&side, 5, conn->n_messages == i + 1);
		cr_assert_eq(conn->last_stream, stream);
		cr_assert_eq(conn->last_ppid, 1000 + i);
		cr_assert_eq(conn->last_unordered, unordered);
	}
	down(conn);
}

BOTH(tells_that_the_peer_aborted)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");
	char message[100] = {SIDE_ABORT};

	side_send(conn, message, sizeof message, 0, false, 0);
	SIDE_UNTIL(&side, 5, conn->n_lost);
	cr_assert_eq(conn->lost_result, -ECONNRESET);
	cr_assert_eq(conn->n_closed, 0);
	/* A send after that fails, and CLOSED comes when it is asked for. */
	side_send(conn, message, sizeof message, 0, false, 0);
	side_flush(&side, conn);
	SIDE_UNTIL(&side, 5, conn->n_failed == 1);
	down(conn);
}

BOTH(shuts_down_in_order)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");
	char message[500] = {SIDE_SINK};

	for (unsigned i = 0; i < 100; i++)
		side_send(conn, message, sizeof message, 0, false, 0);
	side_flush(&side, conn);
	side.sctp->ops->shutdown(side.sctp, conn->conn);
	SIDE_UNTIL(&side, 5, conn->n_lost);
	cr_assert_eq(conn->lost_result, 0);
	cr_assert_eq(conn->n_sent, 100);
	cr_assert_eq(conn->n_returned, 0);
	down(conn);
}

BOTH(tells_that_the_peer_shuts_down)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");
	char message[100] = {SIDE_SHUTDOWN};

	side_send(conn, message, sizeof message, 0, false, 0);
	SIDE_UNTIL(&side, 5, conn->n_lost);
	cr_assert_eq(conn->n_ending, 1);
	cr_assert_eq(conn->lost_result, 0);
	down(conn);
}

BOTH(keeps_order_past_a_full_buffer)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");
	char large[20000] = {SIDE_SLEEP};

	side_send(conn, large, sizeof large, 0, false, 0);
	large[0] = SIDE_ECHO;
	for (uint32_t i = 0; i < 300; i++) {
		memcpy(large + 1, &i, sizeof i);
		side_send(conn, large, sizeof large, 0, false, 0);
	}
	SIDE_UNTIL(&side, 30, conn->n_messages == 300);
	cr_assert_eq(conn->n_in_order, 300);
	cr_assert_gt(conn->n_again, 0);
	cr_assert_gt(conn->n_cancelled, 0);
	cr_assert_eq(conn->n_sent, 301);
	cr_assert_eq(conn->n_failed, 0);
	/* Not a try for every packet that came in. */
	cr_assert_lt(conn->n_writable, 3000);
	down(conn);
}

static void send_held(struct side_conn *conn, uint32_t number)
{
	char message[100] = {SIDE_ECHO};

	memcpy(message + 1, &number, sizeof number);
	side_send(conn, message, sizeof message, 0, false, 0);
	conn->last->send.flags = SIPRING_SCTP_MORE;
	conn->last->in_flight = true;
	side.sctp->ops->send(side.sctp, &conn->last->send);
}

BOTH(releases_what_more_held_back)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");
	uint64_t taken_ns = UINT64_MAX;
	uint32_t n = 0;

	/* Sooner than a delayed SACK would; once is enough where the machine is busy. */
	for (unsigned i = 0; i < 10 && taken_ns > 150000000; i++) {
		uint64_t begun_ns = sipring_clock_ns();

		for (unsigned k = 0; k < 3; k++)
			send_held(conn, n++);
		side.sctp->ops->release(side.sctp, conn->conn);
		SIDE_UNTIL(&side, 5, conn->n_messages == n);
		taken_ns = sipring_clock_ns() - begun_ns;
	}
	cr_assert_leq(taken_ns, 150000000);
	cr_assert_eq(conn->n_in_order, n);
	/* And without release, when the peer's SACK comes. */
	for (unsigned k = 0; k < 3; k++)
		send_held(conn, n++);
	SIDE_UNTIL(&side, 1, conn->n_messages == n);
	down(conn);
}

BOTH(runs_parallel_associations)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");
	struct side_conn *others[8];

	for (unsigned i = 0; i < 8; i++)
		others[i] = side_connect(&side, i % 2 ? "127.0.0.1:5061" : "127.0.0.1:5060", NULL);
	for (unsigned i = 0; i < 8; i++) {
		SIDE_UNTIL(&side, 5, others[i]->n_up);
		windowed(others[i], 200, 8, 300);
	}
	windowed(conn, 200, 8, 300);
	for (unsigned i = 0; i < 8; i++) {
		side.sctp->ops->shutdown(side.sctp, others[i]->conn);
		SIDE_UNTIL(&side, 5, others[i]->n_lost);
		side.sctp->ops->abort(side.sctp, others[i]->conn);
		SIDE_UNTIL(&side, 5, others[i]->n_closed);
	}
	down(conn);
}

BOTH(connects_from_a_listeners_port)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");
	struct sipring_address_set local = {.n_addresses = 1};
	union sipring_address remote = conn->conn->remote;
	struct sipring_sctp_connect what = {.remote = &remote, .n_remote = 1, .local = &local};
	struct sipring_sctp_conn *second;
	struct side_conn *from;

	local.addresses[0].v4.sin_family = AF_INET;
	sipring_address_set_port(&local.addresses[0], 5070);
	cr_assert_eq(side.sctp->ops->connect(side.sctp, &what, &second), -EADDRNOTAVAIL);
	cr_assert_eq(side.sctp->ops->listen(side.sctp, &local, 0, &side.error), 0);
	cr_assert_eq(side.sctp->ops->listen(side.sctp, &local, 0, &side.error), -EADDRINUSE);
	from = side_connect(&side, "127.0.0.1:5060", &local);
	SIDE_UNTIL(&side, 5, from->n_up);
	cr_assert_eq(sipring_address_port(&from->conn->local), 5070);
	windowed(from, 500, 20, 400);
	/* There is one already between these two ports. */
	cr_assert_eq(side.sctp->ops->connect(side.sctp, &what, &second), SIPRING_SCTP_EXISTS);
	windowed(from, 100, 20, 400);
	side.sctp->ops->abort(side.sctp, from->conn);
	SIDE_UNTIL(&side, 5, from->n_closed);
	windowed(conn, 100, 10, 400);
	down(conn);
}

BOTH(opens_again_after_close)
{
	struct side_conn *conn = up(io, "127.0.0.1:5060");
	struct sipring_error error;
	struct sipring_sctp *second;

	cr_assert_eq(sipring_sctp_usrsctp.open(&second, &side.config, side.io, &error), -EBUSY);
	windowed(conn, 100, 10, 400);
	/* With an association open: it is aborted. */
	side_close(&side);
	side.n_conns = 0;
	memset(side.conns, 0, sizeof side.conns);
	cr_assert_eq(side_open(&side, io), 0, "%s", side.error.text);
	conn = side_connect(&side, "127.0.0.1:5060", NULL);
	SIDE_UNTIL(&side, 5, conn->n_up);
	windowed(conn, 100, 10, 400);
	down(conn);
}
