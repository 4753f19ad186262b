/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One side of an association in tests of the user-space provider: an io, a provider and what was
 * told of each conn. There is one stack in a process, so the other side is a child: a server that
 * does what the first byte of a message says. Memory of messages is malloc's; a test may.
 */
#pragma once

#include "base/clock.h"
#include "sctp/usrsctp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIDE_CONNS 64
#define SIDE_PATIENCE 4 /* a test's seconds are those of an idle machine */

/* Not every test uses all of it; inlined, it would take the compiler long. */
#define SIDE_HELPER __attribute__((unused, noinline))

enum side_order {
	SIDE_ECHO = 'E',     /* send it back */
	SIDE_SINK = 'N',     /* nothing */
	SIDE_ABORT = 'A',    /* abort the association */
	SIDE_SHUTDOWN = 'S', /* shut it down */
	SIDE_SLEEP = 'Z',    /* do not read for half a second */
	SIDE_FLOOD = 'F',    /* send 200 messages of 30,000 bytes, then the whole lot's count */
};

struct side_message {
	struct sipring_sctp_send send;
	struct iovec parts[2];
	struct side_message *next;
	bool in_flight;
	char bytes[];
};

struct side_conn {
	struct sipring_sctp_conn *conn;
	struct side_message *first; /* not yet handed over */
	struct side_message *last;
	char *gathered; /* the message so far */
	size_t n_gathered;
	unsigned n_pieces;
	unsigned n_accepted, n_up, n_lost, n_closed, n_ending, n_restarted, n_abandoned, n_path;
	unsigned n_returned, n_writable, n_sent, n_again, n_cancelled, n_failed;
	int lost_result, failed_result;
	uint64_t n_messages, n_bytes;
	uint64_t n_in_order; /* messages whose number was the one expected */
	uint16_t last_stream;
	uint32_t last_ppid;
	bool last_unordered;
	size_t last_size;
	unsigned last_pieces;
};

struct side {
	struct sipring_io *io;
	struct sipring_sctp *sctp;
	struct sipring_io_config io_config;
	struct sipring_sctp_config config;
	struct side_conn conns[SIDE_CONNS];
	unsigned n_conns;
	bool server;
	uint64_t again_ms;
	struct sipring_error error;
};

SIDE_HELPER static void side_log(void *user, int level, const char *line)
{
	(void)user;
	fprintf(stderr, "log %d: %s\n", level, line);
}

static const struct sipring_log side_logs = {.write = side_log};

SIDE_HELPER static void side_defaults(struct side *side)
{
	*side = (struct side){
		.io_config = {.n_buffers = 1024, .buffer_size = 16384, .n_sends = 1024},
		.config =
			{
				.associations_max = 32,
				.message_max = 65535,
				.send_buffer = 262144,
				.receive_buffer = 262144,
				.streams_out = 10,
				.streams_in_max = 10,
				.init_attempts = 3,
				.init_timeout_ms = 500,
				.encaps_port = 0,
			},
	};
	side->io_config.log = &side_logs;
	side->config.log = &side_logs;
	side->config.io = &side->io_config;
}

SIDE_HELPER static int side_open(struct side *side, const struct sipring_io_ops *io)
{
	int r = io->open(&side->io, &side->io_config, &side->error);

	side->config.io = &side->io_config;
	if (r < 0)
		return r;
	r = sipring_sctp_usrsctp.open(&side->sctp, &side->config, side->io, &side->error);
	if (r < 0)
		io->close(side->io);
	return r;
}

SIDE_HELPER static void side_close(struct side *side)
{
	side->sctp->ops->close(side->sctp);
	side->io->ops->close(side->io);
	for (unsigned i = 0; i < side->n_conns; i++) {
		struct side_conn *conn = &side->conns[i];

		free(conn->gathered);
		while (conn->first) {
			struct side_message *message = conn->first;

			conn->first = message->next;
			free(message);
		}
	}
}

SIDE_HELPER static struct side_conn *side_conn(struct side *side, struct sipring_sctp_conn *conn)
{
	struct side_conn *slot;

	for (unsigned i = 0; i < side->n_conns; i++)
		if (side->conns[i].conn == NULL && side->conns[i].n_closed && side->server) {
			slot = &side->conns[i];
			free(slot->gathered);
			*slot = (struct side_conn){.conn = conn};
			conn->owner = slot;
			return slot;
		}
	cr_assert_lt(side->n_conns, SIDE_CONNS);
	slot = &side->conns[side->n_conns++];
	slot->conn = conn;
	conn->owner = slot;
	return slot;
}

/* Hands over all that the conn has; the last of a batch without MORE. */
SIDE_HELPER static void side_flush(struct side *side, struct side_conn *conn)
{
	struct side_message *message = conn->first;

	for (; message; message = message->next) {
		if (message->in_flight)
			continue;
		message->in_flight = true;
		if (message->next)
			message->send.flags |= SIPRING_SCTP_MORE;
		else
			message->send.flags &= (uint16_t)~SIPRING_SCTP_MORE;
		side->sctp->ops->send(side->sctp, &message->send);
	}
}

SIDE_HELPER static void side_send(struct side_conn *conn, const void *data, size_t size,
	uint16_t stream, bool unordered, uint32_t ppid)
{
	struct side_message *message = calloc(1, sizeof *message + size);

	memcpy(message->bytes, data, size);
	message->parts[0] = (struct iovec){message->bytes, size / 2};
	message->parts[1] = (struct iovec){message->bytes + size / 2, size - size / 2};
	message->send = (struct sipring_sctp_send){
		.conn = conn->conn,
		.parts = size > 1 ? message->parts : message->parts + 1,
		.n_parts = size > 1 ? 2 : 1,
		.size = (uint32_t)size,
		.ppid = ppid,
		.context = 4711,
		.stream = stream,
		.flags = unordered ? SIPRING_SCTP_UNORDERED : 0,
		.owner = message,
	};
	if (conn->first)
		conn->last->next = message;
	else
		conn->first = message;
	conn->last = message;
}

SIDE_HELPER static void side_sent(struct side *side, struct side_conn *conn,
	const struct sipring_sctp_event *event)
{
	struct side_message *message = event->send->owner;

	message->in_flight = false;
	if (event->result == -EAGAIN || event->result == -ECANCELED) {
		if (event->result == -EAGAIN) {
			conn->n_again++;
			side->sctp->ops->await_writable(side->sctp, conn->conn);
		} else {
			conn->n_cancelled++;
		}
		return;
	}
	conn->n_sent += event->result == 0;
	if (event->result < 0) {
		conn->n_failed++;
		conn->failed_result = event->result;
	}
	cr_assert_eq(message, conn->first, "results in order");
	conn->first = message->next;
	if (!conn->first)
		conn->last = NULL;
	free(message);
}

SIDE_HELPER static void side_order(struct side *side, struct side_conn *conn)
{
	static char large[30000];

	switch (conn->gathered[0]) {
	case SIDE_ECHO:
		side_send(conn, conn->gathered, conn->n_gathered, conn->last_stream,
			conn->last_unordered, conn->last_ppid);
		break;
	case SIDE_ABORT:
		side->sctp->ops->abort(side->sctp, conn->conn);
		break;
	case SIDE_SHUTDOWN:
		side->sctp->ops->shutdown(side->sctp, conn->conn);
		break;
	case SIDE_SLEEP:
		usleep(500000);
		break;
	case SIDE_FLOOD:
		for (uint32_t i = 0; i < 200; i++) {
			memcpy(large + 1, &i, sizeof i);
			side_send(conn, large, sizeof large, 0, false, 0);
		}
		break;
	default:
		break;
	}
}

SIDE_HELPER static void side_data(struct side *side, struct side_conn *conn,
	const struct sipring_sctp_event *event)
{
	uint32_t number;

	memset(event->data + event->size, 0, SIPRING_IO_TAIL);
	conn->gathered = realloc(conn->gathered, conn->n_gathered + event->size + 1);
	memcpy(conn->gathered + conn->n_gathered, event->data, event->size);
	conn->n_gathered += event->size;
	conn->n_pieces++;
	if (!event->end)
		return;
	conn->last_size = conn->n_gathered;
	conn->last_pieces = conn->n_pieces;
	conn->last_stream = event->stream;
	conn->last_ppid = event->ppid;
	conn->last_unordered = event->unordered;
	if (conn->n_gathered >= 5) {
		memcpy(&number, conn->gathered + 1, sizeof number);
		conn->n_in_order += number == conn->n_messages;
	}
	conn->n_messages++;
	conn->n_bytes += conn->n_gathered;
	if (side->server)
		side_order(side, conn);
	conn->n_gathered = 0;
	conn->n_pieces = 0;
}

SIDE_HELPER static void side_told(struct side *side, const struct sipring_sctp_event *event)
{
	struct side_conn *conn;

	if (event->type == SIPRING_SCTP_ACCEPTED)
		side_conn(side, event->conn)->n_accepted = 1 + event->listener;
	conn = event->conn->owner;
	switch (event->type) {
	case SIPRING_SCTP_ACCEPTED:
		break;
	case SIPRING_SCTP_UP:
		conn->n_up++;
		break;
	case SIPRING_SCTP_RESTARTED:
		conn->n_restarted++;
		break;
	case SIPRING_SCTP_DATA:
		side_data(side, conn, event);
		break;
	case SIPRING_SCTP_ABANDONED:
		conn->n_abandoned++;
		break;
	case SIPRING_SCTP_SENT:
		side_sent(side, conn, event);
		break;
	case SIPRING_SCTP_WRITABLE:
		conn->n_writable++;
		break;
	case SIPRING_SCTP_RETURNED:
		conn->n_returned++;
		cr_assert_eq(event->context, 4711);
		break;
	case SIPRING_SCTP_PATH:
		conn->n_path++;
		break;
	case SIPRING_SCTP_ENDING:
		conn->n_ending++;
		break;
	case SIPRING_SCTP_LOST:
		conn->n_lost++;
		conn->lost_result = event->result;
		cr_assert_eq(conn->n_closed, 0);
		if (side->server)
			side->sctp->ops->abort(side->sctp, event->conn);
		break;
	case SIPRING_SCTP_CLOSED:
		conn->n_closed++;
		conn->conn = NULL;
		break;
	}
}

SIDE_HELPER static void side_turn(struct side *side, int64_t wait_ms)
{
	struct sipring_io_event event;
	struct sipring_sctp_event told;
	uint64_t again_ms;

	for (unsigned i = 0; i < side->n_conns; i++)
		if (side->conns[i].conn && side->conns[i].n_up && !side->conns[i].n_lost)
			side_flush(side, &side->conns[i]);
	again_ms = side->sctp->ops->tick(side->sctp, sipring_clock_ns() / 1000000);
	if ((uint64_t)wait_ms > again_ms)
		wait_ms = (int64_t)again_ms;
	cr_assert_eq(side->io->ops->turn(side->io, wait_ms * 1000000), 0);
	while (side->io->ops->next(side->io, &event)) {
		side->sctp->ops->input(side->sctp, &event);
		while (side->sctp->ops->next(side->sctp, &told))
			side_told(side, &told);
	}
	side->sctp->ops->tick(side->sctp, sipring_clock_ns() / 1000000);
	while (side->sctp->ops->next(side->sctp, &told))
		side_told(side, &told);
}

/* Turns until the condition holds; fails the test after the time. */
#define SIDE_UNTIL(side, seconds, condition)                                                  \
	do {                                                                                  \
		uint64_t until_ns =                                                           \
			sipring_clock_ns() + (uint64_t)(seconds)*1000000000u * SIDE_PATIENCE; \
		while (!(condition)) {                                                        \
			side_turn(side, 20);                                                  \
			cr_assert_lt(sipring_clock_ns(), until_ns, "never: %s", #condition);  \
		}                                                                             \
	} while (0)

/* The other side: a process that listens on SCTP port 5060 (and 5061) and obeys. */
struct side_peer {
	pid_t pid;
	uint16_t udp_port;
};

SIDE_HELPER static void side_serve(struct side *side, const struct sipring_io_ops *io, int report)
{
	struct sipring_address_set local = {.n_addresses = 1};
	uint16_t port;

	side->server = true;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	cr_assert_eq(side_open(side, io), 0, "%s", side->error.text);
	local.addresses[0].v6.sin6_family = AF_INET6;
	for (uint16_t i = 0; i < 2; i++) {
		sipring_address_set_port(&local.addresses[0], (uint16_t)(5060 + i));
		cr_assert_eq(side->sctp->ops->listen(side->sctp, &local, i, &side->error), 0, "%s",
			side->error.text);
	}
	port = sipring_usrsctp_port(side->sctp);
	cr_assert_eq(write(report, &port, sizeof port), sizeof port);
	for (;;)
		side_turn(side, 1000);
}

SIDE_HELPER static struct side_peer side_start(const struct side *like,
	const struct sipring_io_ops *io)
{
	struct side_peer peer;
	int pipes[2];

	cr_assert_eq(pipe(pipes), 0);
	peer.pid = fork();
	if (!peer.pid) {
		static struct side side;

		side = *like;
		close(pipes[0]);
		side_serve(&side, io, pipes[1]);
	}
	close(pipes[1]);
	cr_assert_eq(read(pipes[0], &peer.udp_port, sizeof peer.udp_port), sizeof peer.udp_port);
	close(pipes[0]);
	return peer;
}

SIDE_HELPER static void side_stop(const struct side_peer *peer)
{
	kill(peer->pid, SIGKILL);
	waitpid(peer->pid, NULL, 0);
}

SIDE_HELPER static struct side_conn *side_connect(struct side *side, const char *address,
	const struct sipring_address_set *local)
{
	union sipring_address remote;
	struct sipring_sctp_connect what = {.remote = &remote, .n_remote = 1, .local = local};
	struct sipring_sctp_conn *conn;

	cr_assert_eq(sipring_address_parse(&remote, address, strlen(address)), 0);
	cr_assert_eq(side->sctp->ops->connect(side->sctp, &what, &conn), 0);
	return side_conn(side, conn);
}
