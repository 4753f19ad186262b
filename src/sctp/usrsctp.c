/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user-space provider: libusrsctp inside the worker, its packets carried by the worker's own
 * io. It owns the conns, the peers, the packets and the one stack; the io owns the sockets until
 * CLOSED. Packets go in by input, time by tick; everything that happened is told by next, and
 * nothing of it makes a call back.
 *
 * An association comes from a listener's port (inbound, or begun from there) or from a free port.
 * The stack hears of a packet only when its checksum is right; a packet of somebody unknown costs
 * one entry of a fixed table, which is then somebody else's.
 */
#include "sctp/usrsctp.h"

#include "base/memory.h"
#include "sctp/usrsctp_stack.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define TICK_BUSY_MS 10    /* while packets come and go */
#define TICK_MS 40         /* else: SACKs wait for 200, the rest for longer */
#define TICK_CONNS 128     /* each so many add a ms to both: the stack looks at all timers */
#define TICK_MANY_MS 80    /* but no more: a SACK may not wait for 500 (RFC 9260 6.2) */
#define TICK_NOBODY_MS 100 /* the first association may come at any time */
#define SWEEP 64           /* conns looked at in a tick */
#define PIECE_STRIDE ((size_t)SIPRING_USRSCTP_PIECE_SIZE + SIPRING_IO_TAIL)

static struct sipring_usrsctp *self(struct sipring_sctp *sctp)
{
	return (struct sipring_usrsctp *)sctp;
}

static uint32_t usrsctp_n_peers(const struct sipring_sctp_config *config)
{
	return config->associations_max + SIPRING_USRSCTP_PEERS_SPARE;
}

static size_t usrsctp_memory_size(const struct sipring_sctp_config *config)
{
	size_t n_pieces = 1 + (config->keeps ? SIPRING_USRSCTP_KEPT_MAX : 0);

	return n_pieces * PIECE_STRIDE + (size_t)config->message_max;
}

size_t sipring_usrsctp_footprint(const struct sipring_sctp_config *config)
{
	return sizeof(struct sipring_usrsctp) + usrsctp_memory_size(config) +
		sipring_usrsctp_packets_footprint(config) +
		sipring_usrsctp_peers_footprint(usrsctp_n_peers(config)) +
		sipring_pool_footprint(config->associations_max,
			sizeof(struct sipring_usrsctp_conn)) +
		sipring_hash_footprint(config->associations_max);
}

uint16_t sipring_usrsctp_port(const struct sipring_sctp *sctp)
{
	return ((const struct sipring_usrsctp *)sctp)->packets.port;
}

static void usrsctp_release(struct sipring_usrsctp *us)
{
	sipring_memory_unmap(us->memory, us->memory_size);
	sipring_hash_close(&us->by_tag);
	sipring_pool_close(&us->conns);
	sipring_usrsctp_peers_close(&us->peers);
	sipring_memory_unmap(us, sizeof *us);
}

/* What needs no socket. Returns 0 or -errno; release undoes it. */
static int usrsctp_prepare(struct sipring_usrsctp *us)
{
	const struct sipring_sctp_config *config = us->config;
	int r;

	sipring_list_init(&us->ready);
	sipring_list_init(&us->ended);
	sipring_list_init(&us->sent);
	sipring_list_init(&us->held_back);
	if (getrandom(&us->next_port, sizeof us->next_port, 0) != sizeof us->next_port)
		return -EIO;
	r = sipring_usrsctp_peers_open(&us->peers, usrsctp_n_peers(config));
	if (r < 0)
		return r;
	r = sipring_pool_open(&us->conns, config->associations_max,
		sizeof(struct sipring_usrsctp_conn));
	if (r < 0)
		return r;
	r = sipring_hash_open(&us->by_tag, config->associations_max);
	if (r < 0)
		return r;
	us->memory_size = usrsctp_memory_size(config);
	us->memory = sipring_memory_map(us->memory_size);
	if (!us->memory)
		return -ENOMEM;
	us->piece = us->memory;
	us->scratch = us->memory + PIECE_STRIDE;
	if (!config->keeps)
		return 0;
	us->n_spare = SIPRING_USRSCTP_KEPT_MAX;
	for (unsigned i = 0; i < SIPRING_USRSCTP_KEPT_MAX; i++)
		us->spare[i] = us->memory + (1 + i) * PIECE_STRIDE;
	us->scratch = us->memory + (1 + SIPRING_USRSCTP_KEPT_MAX) * PIECE_STRIDE;
	return 0;
}

static int usrsctp_open(struct sipring_sctp **out, const struct sipring_sctp_config *config,
	struct sipring_io *io, struct sipring_error *error)
{
	struct sipring_usrsctp *us;
	int r = sipring_usrsctp_options_check(config, error);

	if (r < 0)
		return r;
	us = sipring_memory_map(sizeof *us);
	if (!us)
		return sipring_error_set(error, -ENOMEM, "no memory for user-space SCTP");
	us->base.ops = &sipring_sctp_usrsctp;
	us->config = config;
	r = usrsctp_prepare(us);
	if (r < 0) {
		sipring_error_set(error, r, "no memory for %u associations of user-space SCTP: %s",
			config->associations_max, strerror(-r));
		usrsctp_release(us);
		return r;
	}
	r = sipring_usrsctp_stack_open(us, error);
	if (r < 0) {
		usrsctp_release(us);
		return r;
	}
	r = sipring_usrsctp_packets_open(&us->packets, config, io, &us->base.counters, error);
	if (r < 0) {
		sipring_usrsctp_stack_close(us);
		usrsctp_release(us);
		return r;
	}
	*out = &us->base;
	return 0;
}

static void usrsctp_close_all(struct sipring_sctp *sctp)
{
	struct sipring_usrsctp *us = self(sctp);

	for (uint32_t i = 0; i < us->conns.n_items; i++) {
		struct sipring_usrsctp_conn *conn = sipring_pool_at(&us->conns, i);

		if (conn)
			sipring_usrsctp_conn_drop(us, conn);
	}
	for (unsigned i = 0; i < us->n_listeners; i++)
		sipring_usrsctp_socket_close(us->listeners[i].socket);
	/* The stack first: what it still sends, its ABORTs, goes with the last turn. */
	sipring_usrsctp_stack_close(us);
	sipring_usrsctp_packets_close(&us->packets);
	usrsctp_release(us);
}

/* The stack forgets on a listener's socket what was peeled off; a second would be taken for it. */
static bool usrsctp_connected(struct sipring_usrsctp *us, const struct sipring_usrsctp_peer *peer,
	uint16_t port)
{
	for (uint32_t i = 0; peer->n_users > 1 && i < us->conns.n_items; i++) {
		struct sipring_usrsctp_conn *conn = sipring_pool_at(&us->conns, i);

		if (conn && conn->socket && conn->peer == peer && conn->port == port)
			return true;
	}
	return false;
}

static int usrsctp_begin(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn,
	const struct sipring_address_set *local)
{
	struct sipring_usrsctp_listener *listener;
	struct socket *so;
	uint16_t port;
	int r;

	if (local) {
		listener = sipring_usrsctp_listeners_find(us, local);
		if (!listener)
			return -EADDRNOTAVAIL;
		port = listener->port;
		conn->base.config = listener->config;
		if (usrsctp_connected(us, conn->peer, ntohs(port)))
			return SIPRING_SCTP_EXISTS;
		r = sipring_usrsctp_socket_connect_from(us, listener, conn->peer, &so);
		if (r < 0)
			return r == -EISCONN ? SIPRING_SCTP_EXISTS : r;
	} else {
		r = sipring_usrsctp_socket_free_port(us, &so, &port);
		if (r < 0)
			return r;
		r = sipring_usrsctp_socket_connect(us, so, conn->peer);
		if (r < 0) {
			sipring_usrsctp_socket_close(so);
			return r;
		}
		conn->port_picked = true;
		sipring_usrsctp_port_mark(us, ntohs(port), true);
	}
	conn->port = ntohs(port);
	sipring_usrsctp_packets_source(&conn->peer->address, port, &conn->base.local);
	sipring_usrsctp_socket_attach(us, conn, so);
	return 0;
}

static int usrsctp_connect_to(struct sipring_sctp *sctp, const struct sipring_sctp_connect *what,
	struct sipring_sctp_conn **out)
{
	struct sipring_usrsctp *us = self(sctp);
	struct sipring_usrsctp_peer *peer;
	struct sipring_usrsctp_conn *conn;
	union sipring_address to;
	int r;

	/* Several addresses of a peer are one to us: the first. The encapsulation has one path. */
	assert(what->n_remote > 0);
	r = sipring_usrsctp_packets_target(&us->packets, &what->remote[0], &to);
	if (r < 0)
		return r;
	peer = sipring_usrsctp_peers_meet(&us->peers, &to,
		htons(sipring_address_port(&what->remote[0])));
	if (!peer)
		return -ENFILE;
	conn = sipring_usrsctp_conn_make(us, peer);
	if (!conn)
		return -ENFILE;
	conn->base.owner = what->owner;
	r = usrsctp_begin(us, conn, what->local);
	if (r) {
		sipring_usrsctp_conn_free(us, conn);
		return r;
	}
	*out = &conn->base;
	return 0;
}

static void usrsctp_shut_down(struct sipring_sctp *sctp, struct sipring_sctp_conn *base)
{
	struct sipring_usrsctp_conn *conn = (struct sipring_usrsctp_conn *)base;
	struct sctp_sndinfo info = {.snd_flags = SCTP_EOF};

	switch (conn->state) {
	case SIPRING_USRSCTP_CONNECTING:
		conn->lost_due = true;
		sipring_usrsctp_events_wake(self(sctp), conn);
		return;
	case SIPRING_USRSCTP_UP:
		conn->state = SIPRING_USRSCTP_SHUTTING;
		/* Refused when the peer was first: then its shutdown ends ours too. */
		(void)usrsctp_sendv(conn->socket, "", 0, NULL, 0, &info, sizeof info,
			SCTP_SENDV_SNDINFO, 0);
		return;
	case SIPRING_USRSCTP_SHUTTING:
	case SIPRING_USRSCTP_LOST:
	case SIPRING_USRSCTP_ENDED:
		return;
	}
}

static void usrsctp_abort(struct sipring_sctp *sctp, struct sipring_sctp_conn *base)
{
	struct sipring_usrsctp_conn *conn = (struct sipring_usrsctp_conn *)base;

	switch (conn->state) {
	case SIPRING_USRSCTP_UP:
	case SIPRING_USRSCTP_SHUTTING:
		sipring_usrsctp_events_abort(self(sctp), conn);
		return;
	case SIPRING_USRSCTP_CONNECTING:
	case SIPRING_USRSCTP_LOST:
		sipring_usrsctp_events_end(self(sctp), conn);
		return;
	case SIPRING_USRSCTP_ENDED:
		return;
	}
}

/* Somebody unknown has the tag of an association: its peer has moved (RFC 6951 5.4). */
static struct sipring_usrsctp_peer *usrsctp_moved(struct sipring_usrsctp *us,
	const struct sipring_usrsctp_datagram *datagram, const uint16_t ports[2])
{
	struct sipring_usrsctp_conn *conn;
	uint32_t tag;

	memcpy(&tag, datagram->data + 4, sizeof tag);
	tag = ntohl(tag);
	conn = tag ? sipring_usrsctp_conn_by_tag(us, tag) : NULL;
	if (!conn || conn->peer->port != ports[0] || conn->port != ntohs(ports[1]) ||
		!sipring_address_same_host(&conn->peer->address, &datagram->source))
		return NULL;
	sipring_usrsctp_peers_move(&us->peers, conn->peer, &datagram->source);
	return conn->peer;
}

static void usrsctp_input(struct sipring_sctp *sctp, const struct sipring_io_event *event)
{
	struct sipring_usrsctp *us = self(sctp);
	struct sipring_usrsctp_datagram datagram;
	struct sipring_usrsctp_peer *peer;
	uint16_t ports[2];

	if (!sipring_usrsctp_packets_input(&us->packets, event, &datagram))
		return;
	memcpy(ports, datagram.data, sizeof ports);
	/* Over raw IP other processes' packets come by as well: theirs to answer. */
	if (us->packets.raw && !sipring_usrsctp_port_is_ours(us, ntohs(ports[1])))
		return;
	peer = sipring_usrsctp_peers_find(&us->peers, &datagram.source, ports[0]);
	if (!us->packets.raw && (!peer || !peer->n_users)) {
		struct sipring_usrsctp_peer *moved = usrsctp_moved(us, &datagram, ports);

		peer = moved ? moved : peer;
	}
	if (!peer || !peer->n_users)
		peer = sipring_usrsctp_peers_meet(&us->peers, &datagram.source, ports[0]);
	if (!peer) {
		us->base.counters.n_packets_bad++;
		return;
	}
	sipring_usrsctp_stack_input(us, peer, datagram.data, datagram.size);
	/* The stack wakes nobody for an association that has just begun. */
	us->listeners_ready = us->n_listeners > 0;
}

/* The stack does not say all that its timers did: look after a few conns, all in good time. */
static void usrsctp_sweep(struct sipring_usrsctp *us)
{
	uint32_t n = us->conns.n_items < SWEEP ? us->conns.n_items : SWEEP;

	us->listeners_ready = us->n_listeners > 0;
	if (!sipring_pool_used(&us->conns))
		return;
	while (n--) {
		struct sipring_usrsctp_conn *conn = sipring_pool_at(&us->conns, us->swept);

		us->swept = (us->swept + 1) % us->conns.n_items;
		if (conn && conn->socket) {
			conn->full = false;
			sipring_usrsctp_events_wake(us, conn);
		}
	}
}

static uint64_t tick_ms(const struct sipring_usrsctp *us, uint64_t of_few_ms)
{
	uint64_t ms = of_few_ms + sipring_pool_used(&us->conns) / TICK_CONNS;

	return ms < TICK_MANY_MS ? ms : TICK_MANY_MS;
}

static uint64_t usrsctp_tick(struct sipring_sctp *sctp, uint64_t now_ms)
{
	struct sipring_usrsctp *us = self(sctp);
	uint64_t n_packets = us->base.counters.n_packets_in + us->base.counters.n_packets_out;
	uint64_t elapsed_ms = us->ticked_ms ? now_ms - us->ticked_ms : 0;
	uint64_t busy_ms = tick_ms(us, TICK_BUSY_MS), wait_ms;
	struct sipring_io_event event;

	while (sipring_usrsctp_strangers_next(&us->packets.strangers, us->packets.io, &event))
		usrsctp_input(sctp, &event);
	if (!us->ticked_ms)
		us->ticked_ms = now_ms;
	if (elapsed_ms >= busy_ms) {
		us->ticked_ms = now_ms;
		us->busy = n_packets != us->ticked_packets;
		us->ticked_packets = n_packets;
		sipring_usrsctp_stack_timers((uint32_t)elapsed_ms);
		sipring_usrsctp_packets_restart(&us->packets);
		usrsctp_sweep(us);
		elapsed_ms = 0;
	}
	if (!sipring_list_empty(&us->sent) || !sipring_list_empty(&us->ready) ||
		!sipring_list_empty(&us->ended))
		return 0;
	wait_ms = us->busy || n_packets != us->ticked_packets ? busy_ms : tick_ms(us, TICK_MS);
	if (!sipring_pool_used(&us->conns))
		wait_ms = TICK_NOBODY_MS;
	return wait_ms - elapsed_ms;
}

const struct sipring_sctp_ops sipring_sctp_usrsctp = {
	.name = "usrsctp",
	.open = usrsctp_open,
	.close = usrsctp_close_all,
	.listen = sipring_usrsctp_listeners_listen,
	.listening = sipring_usrsctp_listeners_listening,
	.take_over = sipring_usrsctp_listeners_take_over,
	.stop_listening = sipring_usrsctp_listeners_stop,
	.is_listening = sipring_usrsctp_listeners_stand,
	.connect = usrsctp_connect_to,
	.send = sipring_usrsctp_send_one,
	.await_writable = sipring_usrsctp_send_await,
	.release = sipring_usrsctp_send_release,
	.shutdown = usrsctp_shut_down,
	.abort = usrsctp_abort,
	.addresses = sipring_usrsctp_paths_addresses,
	.path = sipring_usrsctp_paths_path,
	.set_primary = sipring_usrsctp_paths_set_primary,
	.input = usrsctp_input,
	.next = sipring_usrsctp_events_next,
	.keep = sipring_usrsctp_events_keep,
	.give_back = sipring_usrsctp_events_give_back,
	.tick = usrsctp_tick,
	.retune = sipring_usrsctp_listeners_retune,
	.status = sipring_usrsctp_status,
};
