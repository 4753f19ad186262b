/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both sides of the provider suite: opening, turning, logging events, and the peer process. A send
 * lies on the heap until its SENT. Everything waits with a bound.
 */
#include "sctp_side.h"

#include "base/clock.h"
#include "base/list.h"
#include "sctp/usrsctp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

struct kept_send {
	struct sipring_sctp_send send;
	struct iovec part;
	char bytes[];
};

void side_open(struct side *side, uint16_t encaps_peer_port, uint32_t associations_max)
{
	struct sipring_error error = {0};

	memset(side, 0, sizeof *side);
	side->message = calloc(1, 1u << 20);
	side->io_config =
		(struct sipring_io_config){.n_buffers = 256, .buffer_size = 8192, .n_sends = 256};
	side->config = (struct sipring_sctp_config){
		.associations_max = associations_max ? associations_max : 64,
		.message_max = 65535,
		.send_buffer = 262144,
		.receive_buffer = 262144,
		.streams_out = 10,
		.streams_in_max = 10,
		.init_attempts = 2,
		.init_timeout_ms = 500,
		.unordered = true,
		.keeps = true,
		.encaps_port = 0,
		.encaps_peer_port = encaps_peer_port,
		.io = &side->io_config,
	};
	cr_assert_eq(CONTRACT_IO.open(&side->io, &side->io_config, &error), 0, "%s", error.text);
	cr_assert_eq(CONTRACT_PROVIDER.open(&side->sctp, &side->config, side->io, &error), 0, "%s",
		error.text);
}

void side_close(struct side *side)
{
	side->sctp->ops->close(side->sctp);
	side->io->ops->close(side->io);
	free(side->message);
}

struct sipring_sctp_conn *side_connect(struct side *side, const union sipring_address *to)
{
	struct sipring_sctp_connect what = {.remote = to, .n_remote = 1, .owner = side};
	struct sipring_sctp_conn *conn = NULL;
	int r = side->sctp->ops->connect(side->sctp, &what, &conn);

	cr_assert_eq(r, 0, "connect: %s", strerror(-r));
	return conn;
}

void side_send(struct side *side, struct sipring_sctp_conn *conn, const void *data, size_t size,
	uint16_t stream, uint32_t ppid, unsigned flags)
{
	struct kept_send *kept = calloc(1, sizeof *kept + size);

	memcpy(kept->bytes, data, size);
	kept->part = (struct iovec){kept->bytes, size};
	kept->send = (struct sipring_sctp_send){
		.conn = conn,
		.parts = &kept->part,
		.n_parts = 1,
		.size = (uint32_t)size,
		.ppid = ppid,
		.context = side->n_queued + 1000,
		.stream = stream,
		.flags = (uint16_t)flags,
		.owner = kept,
	};
	side->n_queued++;
	side->sctp->ops->send(side->sctp, &kept->send);
}

static void took_data(struct side *side, const struct sipring_sctp_event *event)
{
	if (side->whole)
		side->size = 0;
	cr_assert_lt(side->size + event->size, 1u << 20);
	memcpy(side->message + side->size, event->data, event->size);
	memset(event->data + event->size, 0, SIPRING_IO_TAIL); /* it is ours to write */
	side->size += event->size;
	side->whole = event->end;
	side->stream = event->stream;
	side->ppid = event->ppid;
	side->unordered = event->unordered;
	side->n_pieces++;
	if (!event->end)
		return;
	side->n_messages++;
	if (side->whole_message)
		side->whole_message(side, event->conn);
}

static void took_sent(struct side *side, const struct sipring_sctp_event *event)
{
	struct kept_send *kept = event->send->owner;

	cr_assert_gt(side->n_queued, 0u);
	if (event->result == -EAGAIN || event->result == -ECANCELED) {
		side->n_again++;
	} else {
		side->n_sent += event->result == 0;
		side->n_refused += event->result != 0;
	}
	side->n_queued--;
	free(kept);
}

static void read_events(struct side *side)
{
	struct sipring_sctp_event event;

	while (side->sctp->ops->next(side->sctp, &event)) {
		if (side->event)
			side->event(side, &event);
		if (event.type == SIPRING_SCTP_DATA) {
			took_data(side, &event);
		} else if (event.type == SIPRING_SCTP_SENT) {
			took_sent(side, &event);
		} else if (side->n_log < SIDE_LOG_MAX) {
			side->log[side->n_log++] = (struct side_event){event.type, event.conn,
				event.result, event.listener};
			if (event.type == SIPRING_SCTP_RETURNED)
				side->returned_context = event.context;
		}
	}
}

void side_turn(struct side *side, int timeout_ms)
{
	uint64_t wish_ms = side->sctp->ops->tick(side->sctp, sipring_clock_ns() / 1000000);
	struct sipring_io_event event;

	read_events(side);
	if (wish_ms < (uint64_t)timeout_ms)
		timeout_ms = (int)wish_ms;
	cr_assert_eq(side->io->ops->turn(side->io, (int64_t)timeout_ms * 1000000), 0);
	while (side->io->ops->next(side->io, &event)) {
		side->sctp->ops->input(side->sctp, &event);
		read_events(side);
	}
}

void side_until(struct side *side, const unsigned *count, unsigned at_least, const char *what)
{
	uint64_t end_ns = sipring_clock_ns() + PATIENCE_MS * UINT64_C(1000000);

	while (*count < at_least) {
		cr_assert_lt(sipring_clock_ns(), end_ns, "waiting for %s: %u of %u", what, *count,
			at_least);
		side_turn(side, 20);
	}
}

int side_find(const struct side *side, enum sipring_sctp_event_type type, unsigned from)
{
	for (unsigned i = from; i < side->n_log; i++)
		if (side->log[i].type == type)
			return (int)i;
	return -1;
}

unsigned side_await(struct side *side, enum sipring_sctp_event_type type, unsigned from)
{
	uint64_t end_ns = sipring_clock_ns() + PATIENCE_MS * UINT64_C(1000000);

	while (side_find(side, type, from) < 0) {
		cr_assert_lt(sipring_clock_ns(), end_ns, "waiting for event %d", (int)type);
		side_turn(side, 20);
	}
	return (unsigned)side_find(side, type, from);
}

#define PEER_TAG 7

static void peer_message(struct side *side, struct sipring_sctp_conn *conn)
{
	switch (side->message[0]) {
	case PEER_DEAFEN:
		side->sctp->ops->stop_listening(side->sctp, SIPRING_SCTP_ALL);
		side_send(side, conn, side->message, side->size, 0, 0, 0);
		break;
	case PEER_AGAIN:
		side->sctp->ops->stop_listening(side->sctp, PEER_TAG);
		side->is_again_for = conn;
		break;
	case PEER_ECHO:
		side_send(side, conn, side->message, side->size, side->stream, side->ppid,
			side->unordered ? SIPRING_SCTP_UNORDERED : 0);
		break;
	case PEER_SHUTDOWN:
		side->sctp->ops->shutdown(side->sctp, conn);
		break;
	case PEER_ABORT:
		side->sctp->ops->abort(side->sctp, conn);
		break;
	case PEER_SLEEP:
		sleep(1);
		break;
	default:
		break;
	}
}

static void peer_event(struct side *side, const struct sipring_sctp_event *event)
{
	if (event->type == SIPRING_SCTP_LOST)
		side->sctp->ops->abort(side->sctp, event->conn);
}

static void peer_listen(struct side *side, const struct sipring_address_set *set)
{
	struct sipring_error error = {0};

	cr_assert_eq(side->sctp->ops->listen(side->sctp, set, PEER_TAG, &error), 0, "%s",
		error.text);
}

static void peer_main(int tell, uint16_t port, uint32_t associations_max)
{
	struct sipring_error error = {0};
	struct sipring_address_set set;
	struct side side;
	uint16_t encaps_port = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	side_open(&side, 9, associations_max);
	side.whole_message = peer_message;
	side.event = peer_event;
	cr_assert_eq(sipring_address_set_parse_listener(&set, "sctp:127.0.0.1", port, &error), 0);
	peer_listen(&side, &set);
	if (side.sctp->ops == &sipring_sctp_usrsctp)
		encaps_port = sipring_usrsctp_port(side.sctp);
	if (write(tell, &encaps_port, sizeof encaps_port) != sizeof encaps_port)
		_exit(1);
	for (;;) {
		side_turn(&side, side.is_again_for ? 10 : 1000);
		if (!side.is_again_for || side.sctp->ops->is_listening(side.sctp, PEER_TAG))
			continue;
		peer_listen(&side, &set);
		side_send(&side, side.is_again_for, side.message, side.size, 0, 0, 0);
		side.is_again_for = NULL;
	}
}

struct peer peer_start(uint32_t associations_max)
{
	uint16_t port = (uint16_t)(20000 + getpid() % 20000);
	struct peer peer = {.address = {.v4 = {.sin_family = AF_INET}}};
	int pipe_fds[2];

	peer.address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sipring_address_set_port(&peer.address, port);
	cr_assert_eq(pipe(pipe_fds), 0);
	peer.process = fork();
	cr_assert_geq(peer.process, 0);
	if (peer.process == 0) {
		peer_main(pipe_fds[1], port, associations_max);
		_exit(0);
	}
	close(pipe_fds[1]);
	cr_assert_eq(read(pipe_fds[0], &peer.encaps_port, sizeof peer.encaps_port),
		(ssize_t)sizeof peer.encaps_port, "the peer did not start");
	close(pipe_fds[0]);
	return peer;
}

void peer_stop(struct peer *peer)
{
	kill(peer->process, SIGKILL);
	waitpid(peer->process, NULL, 0);
}

struct sipring_sctp_conn *side_meet(struct side *side, const struct peer *peer)
{
	struct sipring_sctp_conn *conn;

	side_open(side, peer->encaps_port ? peer->encaps_port : 9, 0);
	conn = side_connect(side, &peer->address);
	side_await(side, SIPRING_SCTP_UP, 0);
	return conn;
}
