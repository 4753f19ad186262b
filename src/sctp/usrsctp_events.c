/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What next tells. Sends with their results come first, in order; then the conns that were woken,
 * one after the other, a few pieces each; then new associations; then the ends. Everything is read
 * from the stack here, never in one of its call backs, into one buffer that lasts until the next
 * call, unless it is kept; then another takes its place. When the last of them is the only one
 * left, conns that stand are not read: what they have waits in the stack, whose window closes. Each
 * event of a conn has a function that knows every state.
 *
 * LOST is told at most once and before CLOSED; CLOSED comes after all SENT of the conn, for those
 * are told first, and the conn's memory lasts one call of next longer.
 */
#include "sctp/usrsctp_stack.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define PIECES_IN_A_ROW 16

/* Room for a whole message, or for a notification that brings a piece of one back. */
_Static_assert(SIPRING_USRSCTP_PIECE_SIZE > sizeof(union sctp_notification), "fits");

static void events_fill(struct sipring_sctp_event *event, enum sipring_sctp_event_type type,
	struct sipring_usrsctp_conn *conn)
{
	*event = (struct sipring_sctp_event){.type = type, .conn = &conn->base};
}

void sipring_usrsctp_events_wake(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn)
{
	if (conn->state == SIPRING_USRSCTP_ENDED)
		return;
	if (conn->held_back)
		sipring_list_unlink(&conn->ready);
	conn->held_back = false;
	if (sipring_list_empty(&conn->ready))
		sipring_list_append(&us->ready, &conn->ready);
}

static void events_append_end(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn)
{
	assert(conn->state != SIPRING_USRSCTP_ENDED);
	conn->state = SIPRING_USRSCTP_ENDED;
	conn->held_back = false;
	sipring_list_unlink(&conn->ready);
	sipring_list_append(&us->ended, &conn->ready);
}

void sipring_usrsctp_events_end(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn)
{
	sipring_usrsctp_conn_drop(us, conn);
	events_append_end(us, conn);
}

/* Its socket stays until it is read to the end. */
void sipring_usrsctp_events_abort(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn)
{
	if (sipring_usrsctp_socket_abort(conn->socket) < 0)
		sipring_usrsctp_conn_drop(us, conn);
	events_append_end(us, conn);
}

static bool events_up(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn,
	struct sipring_sctp_event *event)
{
	switch (conn->state) {
	case SIPRING_USRSCTP_CONNECTING:
		conn->state = SIPRING_USRSCTP_UP;
		conn->full = false;
		sipring_usrsctp_conn_set_tag(us, conn);
		events_fill(event, SIPRING_SCTP_UP, conn);
		return true;
	case SIPRING_USRSCTP_UP:
	case SIPRING_USRSCTP_SHUTTING:
	case SIPRING_USRSCTP_LOST:
	case SIPRING_USRSCTP_ENDED:
		return false;
	}
	return false;
}

static bool events_lost(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn, int result,
	struct sipring_sctp_event *event)
{
	switch (conn->state) {
	case SIPRING_USRSCTP_CONNECTING:
	case SIPRING_USRSCTP_UP:
	case SIPRING_USRSCTP_SHUTTING:
		conn->state = SIPRING_USRSCTP_LOST;
		sipring_usrsctp_conn_drop(us, conn);
		events_fill(event, SIPRING_SCTP_LOST, conn);
		event->result = result;
		return true;
	case SIPRING_USRSCTP_LOST:
	case SIPRING_USRSCTP_ENDED:
		return false;
	}
	return false;
}

/* Why the stack gave an association up; it leaves that in the socket's error. */
static int events_reason(struct sipring_usrsctp_conn *conn, const struct sctp_assoc_change *change,
	size_t size)
{
	int error = 0;
	socklen_t error_size = sizeof error;

	(void)usrsctp_getsockopt(conn->socket, SOL_SOCKET, SO_ERROR, &error, &error_size);
	if (error == ECONNREFUSED || error == ECONNRESET || error == ETIMEDOUT)
		return conn->state == SIPRING_USRSCTP_CONNECTING && error == ECONNRESET
			? -ECONNREFUSED
			: -error;
	/* An ABORT that came is in the notification; our own is the end of retransmissions. */
	if (size > sizeof *change)
		return conn->state == SIPRING_USRSCTP_CONNECTING ? -ECONNREFUSED : -ECONNRESET;
	return -ETIMEDOUT;
}

static bool events_change(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn,
	const struct sctp_assoc_change *change, size_t size, struct sipring_sctp_event *event)
{
	switch (change->sac_state) {
	case SCTP_COMM_UP:
	case SCTP_RESTART:
		conn->base.n_streams_out = change->sac_outbound_streams;
		conn->base.n_streams_in = change->sac_inbound_streams;
		if (change->sac_state == SCTP_COMM_UP || conn->state == SIPRING_USRSCTP_CONNECTING)
			return events_up(us, conn, event);
		sipring_usrsctp_conn_set_tag(us, conn);
		events_fill(event, SIPRING_SCTP_RESTARTED, conn);
		return true;
	case SCTP_SHUTDOWN_COMP:
		return events_lost(us, conn, 0, event);
	case SCTP_COMM_LOST:
	case SCTP_CANT_STR_ASSOC:
		return events_lost(us, conn, events_reason(conn, change, size), event);
	default:
		return false;
	}
}

static bool events_path(struct sipring_usrsctp_conn *conn, const struct sctp_paddr_change *change,
	struct sipring_sctp_event *event)
{
	events_fill(event, SIPRING_SCTP_PATH, conn);
	event->address = &conn->base.remote;
	switch (change->spc_state) {
	case SCTP_ADDR_AVAILABLE:
	case SCTP_ADDR_CONFIRMED:
		event->path = SIPRING_SCTP_PATH_UP;
		break;
	case SCTP_ADDR_UNREACHABLE:
		event->path = SIPRING_SCTP_PATH_DOWN;
		break;
	default:
		event->path = SIPRING_SCTP_PATH_OTHER;
		break;
	}
	return true;
}

/* A message comes back in the chunks it was cut into; the last of them stands for it. */
static bool events_returned(struct sipring_usrsctp_conn *conn,
	const struct sctp_send_failed_event *failed, struct sipring_sctp_event *event)
{
	if (!(failed->ssfe_info.snd_flags & SCTP_DATA_LAST_FRAG))
		return false;
	events_fill(event, SIPRING_SCTP_RETURNED, conn);
	event->context = failed->ssfe_info.snd_context;
	event->size = failed->ssfe_length - sizeof *failed;
	event->result = -ECONNRESET;
	return true;
}

static bool events_notified(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn,
	size_t size, struct sipring_sctp_event *event)
{
	const union sctp_notification *what = (const void *)us->piece;

	us->base.counters.n_notifications++;
	if (size < sizeof what->sn_header)
		return false;
	if (what->sn_header.sn_type == SCTP_ASSOC_CHANGE && size >= sizeof what->sn_assoc_change)
		return events_change(us, conn, &what->sn_assoc_change, size, event);
	if (what->sn_header.sn_type == SCTP_PEER_ADDR_CHANGE &&
		size >= sizeof what->sn_paddr_change)
		return events_path(conn, &what->sn_paddr_change, event);
	if (what->sn_header.sn_type == SCTP_SEND_FAILED_EVENT &&
		size >= sizeof what->sn_send_failed_event)
		return events_returned(conn, &what->sn_send_failed_event, event);
	if (what->sn_header.sn_type == SCTP_SHUTDOWN_EVENT) {
		events_fill(event, SIPRING_SCTP_ENDING, conn);
		return true;
	}
	if (what->sn_header.sn_type == SCTP_PARTIAL_DELIVERY_EVENT &&
		size >= sizeof what->sn_pdapi_event &&
		what->sn_pdapi_event.pdapi_indication == SCTP_PARTIAL_DELIVERY_ABORTED) {
		events_fill(event, SIPRING_SCTP_ABANDONED, conn);
		return true;
	}
	return false;
}

/* Reads one piece; *told when it made an event. False when there was nothing to read. */
static bool events_read(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn,
	struct sipring_sctp_event *event, bool *told)
{
	struct sctp_rcvinfo info = {0};
	socklen_t info_size = sizeof info;
	struct sockaddr_conn from;
	socklen_t from_size = sizeof from;
	unsigned type = SCTP_RECVV_NOINFO;
	int flags = 0;
	ssize_t n = usrsctp_recvv(conn->socket, us->piece, SIPRING_USRSCTP_PIECE_SIZE,
		(struct sockaddr *)&from, &from_size, &info, &info_size, &type, &flags);

	if (n <= 0)
		return false;
	conn->n_in_a_row++;
	if (flags & MSG_NOTIFICATION) {
		bool first = !conn->skipping;

		conn->skipping = !(flags & MSG_EOR);
		*told = first && events_notified(us, conn, (size_t)n, event);
		return true;
	}
	events_fill(event, SIPRING_SCTP_DATA, conn);
	event->data = us->piece;
	event->size = (size_t)n;
	event->end = flags & MSG_EOR;
	event->unordered = info.rcv_flags & SCTP_UNORDERED;
	event->stream = info.rcv_sid;
	event->ppid = ntohl(info.rcv_ppid);
	*told = true;
	return true;
}

static bool events_may_read(const struct sipring_usrsctp *us,
	const struct sipring_usrsctp_conn *conn)
{
	/* Before UP there is no data, and UP should not wait for it. */
	return us->n_spare || !us->config->keeps || conn->state == SIPRING_USRSCTP_CONNECTING;
}

/* One event of a conn that was woken; false when there is none and it may rest. */
static bool events_of(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn,
	struct sipring_sctp_event *event)
{
	bool told = false;

	if (conn->up_due) {
		conn->up_due = false;
		if (events_up(us, conn, event))
			return true;
	}
	if (conn->lost_due) {
		conn->lost_due = false;
		if (events_lost(us, conn, 0, event))
			return true;
	}
	while (conn->socket && events_may_read(us, conn) && events_read(us, conn, event, &told))
		if (told)
			return true;
	if (conn->awaits_writable && sipring_usrsctp_send_writable(conn)) {
		conn->awaits_writable = false;
		conn->stalled = false;
		events_fill(event, SIPRING_SCTP_WRITABLE, conn);
		return true;
	}
	return false;
}

static bool events_of_conns(struct sipring_usrsctp *us, struct sipring_sctp_event *event)
{
	while (!sipring_list_empty(&us->ready)) {
		struct sipring_usrsctp_conn *conn;

		conn = SIPRING_CONTAINER(us->ready.next, struct sipring_usrsctp_conn, ready);
		if (events_of(us, conn, event)) {
			if (conn->n_in_a_row >= PIECES_IN_A_ROW) {
				conn->n_in_a_row = 0;
				sipring_list_unlink(&conn->ready);
				sipring_list_append(&us->ready, &conn->ready);
			}
			return true;
		}
		conn->n_in_a_row = 0;
		sipring_list_unlink(&conn->ready);
		conn->held_back = conn->socket && !events_may_read(us, conn);
		if (conn->held_back)
			sipring_list_append(&us->held_back, &conn->ready);
	}
	return false;
}

void sipring_usrsctp_events_keep(struct sipring_sctp *sctp, const char *data)
{
	struct sipring_usrsctp *us = (struct sipring_usrsctp *)sctp;

	assert(data == us->piece && us->n_spare);
	(void)data;
	us->piece = us->spare[--us->n_spare];
}

void sipring_usrsctp_events_give_back(struct sipring_sctp *sctp, const char *data)
{
	struct sipring_usrsctp *us = (struct sipring_usrsctp *)sctp;

	assert(us->n_spare < SIPRING_USRSCTP_KEPT_MAX);
	us->spare[us->n_spare++] = (char *)(uintptr_t)data;
	while (!sipring_list_empty(&us->held_back))
		sipring_usrsctp_events_wake(us,
			SIPRING_CONTAINER(us->held_back.next, struct sipring_usrsctp_conn, ready));
}

static bool events_accept(struct sipring_usrsctp *us, struct sipring_usrsctp_listener *listener,
	const struct sctp_assoc_change *change, const struct sockaddr_conn *from,
	struct sipring_sctp_event *event)
{
	struct sipring_usrsctp_peer *peer = sipring_usrsctp_stack_peer(us, from);
	struct sipring_usrsctp_conn *conn = NULL;
	struct socket *so;

	if (listener->accepts && peer)
		conn = sipring_usrsctp_conn_make(us, peer);
	if (!conn) {
		us->base.counters.n_refused++;
		sipring_usrsctp_socket_refuse(listener->socket, change->sac_assoc_id);
		return false;
	}
	conn->base.config = listener->config;
	so = sipring_usrsctp_socket_peel(listener, change->sac_assoc_id);
	if (!so) {
		/* It came and went. */
		sipring_usrsctp_conn_free(us, conn);
		return false;
	}
	sipring_usrsctp_socket_attach(us, conn, so);
	sipring_usrsctp_socket_fit(us, conn);
	conn->port = ntohs(listener->port);
	conn->base.local = listener->local.addresses[0];
	if (sipring_address_is_wildcard(&conn->base.local))
		sipring_usrsctp_packets_source(&peer->address, listener->port, &conn->base.local);
	conn->base.n_streams_out = change->sac_outbound_streams;
	conn->base.n_streams_in = change->sac_inbound_streams;
	conn->up_due = true;
	events_fill(event, SIPRING_SCTP_ACCEPTED, conn);
	event->listener = listener->tag;
	return true;
}

static bool events_of_listener(struct sipring_usrsctp *us,
	struct sipring_usrsctp_listener *listener, struct sipring_sctp_event *event)
{
	for (;;) {
		const union sctp_notification *what = (const void *)us->piece;
		struct sctp_rcvinfo info;
		socklen_t info_size = sizeof info;
		struct sockaddr_conn from = {0};
		socklen_t from_size = sizeof from;
		unsigned type = SCTP_RECVV_NOINFO;
		int flags = 0;
		ssize_t n = usrsctp_recvv(listener->socket, us->piece, SIPRING_USRSCTP_PIECE_SIZE,
			(struct sockaddr *)&from, &from_size, &info, &info_size, &type, &flags);

		if (n <= 0)
			return false;
		if (!(flags & MSG_NOTIFICATION))
			continue;
		us->base.counters.n_notifications++;
		if ((size_t)n >= sizeof what->sn_assoc_change &&
			what->sn_header.sn_type == SCTP_ASSOC_CHANGE &&
			what->sn_assoc_change.sac_state == SCTP_COMM_UP &&
			events_accept(us, listener, &what->sn_assoc_change, &from, event))
			return true;
	}
}

static bool events_of_listeners(struct sipring_usrsctp *us, struct sipring_sctp_event *event)
{
	if (!us->listeners_ready)
		return false;
	for (unsigned i = 0; i < us->n_listeners; i++)
		if (events_of_listener(us, &us->listeners[i], event))
			return true;
	us->listeners_ready = false;
	return false;
}

/* What comes back of a conn that we aborted, one message at a time; then CLOSED. */
static bool events_of_ended(struct sipring_usrsctp *us, struct sipring_sctp_event *event)
{
	struct sipring_usrsctp_conn *conn;
	bool told = false;

	if (sipring_list_empty(&us->ended))
		return false;
	conn = SIPRING_CONTAINER(us->ended.next, struct sipring_usrsctp_conn, ready);
	while (conn->socket && events_read(us, conn, event, &told))
		if (told && event->type == SIPRING_SCTP_RETURNED)
			return true;
	sipring_usrsctp_conn_drop(us, conn);
	sipring_list_unlink(&conn->ready);
	us->spent = conn;
	events_fill(event, SIPRING_SCTP_CLOSED, conn);
	return true;
}

bool sipring_usrsctp_events_next(struct sipring_sctp *sctp, struct sipring_sctp_event *event)
{
	struct sipring_usrsctp *us = (struct sipring_usrsctp *)sctp;
	struct sipring_list *node;

	if (us->spent)
		sipring_usrsctp_conn_free(us, us->spent);
	us->spent = NULL;
	node = sipring_list_pop(&us->sent);
	if (node) {
		struct sipring_sctp_send *send;

		send = SIPRING_CONTAINER(node, struct sipring_sctp_send, link);
		*event = (struct sipring_sctp_event){
			.type = SIPRING_SCTP_SENT,
			.conn = send->conn,
			.send = send,
			.result = send->io.result,
		};
		return true;
	}
	return events_of_conns(us, event) || events_of_listeners(us, event) ||
		events_of_ended(us, event);
}
