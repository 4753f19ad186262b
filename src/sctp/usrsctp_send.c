/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends of the user-space provider. A send goes to the stack at once and in one piece or not at
 * all; its result waits in the list of the sent until next tells it. The owner's memory is only
 * borrowed until then.
 *
 * After a failure a conn is stalled: later sends are cancelled, so that their order is kept, until
 * WRITABLE. Sends marked MORE leave the socket's Nagle algorithm on: while anything is unanswered
 * the stack gathers them, and the first without the mark turns it off and takes them along. What
 * is gathered is never held longer than until the peer's next SACK.
 */
#include "sctp/usrsctp_stack.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static void send_set_nodelay(struct sipring_usrsctp_conn *conn, bool nodelay)
{
	int value = nodelay;

	if (conn->nodelay == nodelay)
		return;
	if (!usrsctp_setsockopt(conn->socket, IPPROTO_SCTP, SCTP_NODELAY, &value, sizeof value))
		conn->nodelay = nodelay;
}

/* The message in one piece: where it lies, or a copy. */
static const char *send_flatten(struct sipring_usrsctp *us, const struct sipring_sctp_send *send)
{
	size_t at = 0;

	if (send->n_parts == 1)
		return send->parts[0].iov_base;
	if (send->size > us->config->message_max)
		return NULL;
	for (uint32_t i = 0; i < send->n_parts; i++) {
		assert(at + send->parts[i].iov_len <= send->size);
		memcpy(us->scratch + at, send->parts[i].iov_base, send->parts[i].iov_len);
		at += send->parts[i].iov_len;
	}
	assert(at == send->size);
	return us->scratch;
}

/* Returns 0, or -errno. */
static int send_try(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn,
	const struct sipring_sctp_send *send)
{
	/* A default lifetime of the socket would not count beside the rest. */
	struct sctp_sendv_spa info = {
		.sendv_flags = SCTP_SEND_SNDINFO_VALID |
			(conn->base.config->knobs.lifetime_ms ? SCTP_SEND_PRINFO_VALID : 0),
		.sendv_sndinfo = {.snd_sid = send->stream,
			.snd_flags = send->flags & SIPRING_SCTP_UNORDERED ? SCTP_UNORDERED : 0,
			.snd_ppid = htonl(send->ppid),
			.snd_context = send->context},
		.sendv_prinfo = {.pr_policy = SCTP_PR_SCTP_TTL,
			.pr_value = conn->base.config->knobs.lifetime_ms},
	};
	const char *data = send_flatten(us, send);
	ssize_t taken;

	if (!data || send->size > us->config->message_max)
		return -EMSGSIZE;
	send_set_nodelay(conn,
		!conn->base.config->knobs.nagle && !(send->flags & SIPRING_SCTP_MORE));
	taken = usrsctp_sendv(conn->socket, data, send->size, NULL, 0, &info, sizeof info,
		SCTP_SENDV_SPA, 0);
	if (taken < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	assert((size_t)taken == send->size);
	return 0;
}

void sipring_usrsctp_send_one(struct sipring_sctp *sctp, struct sipring_sctp_send *send)
{
	struct sipring_usrsctp *us = (struct sipring_usrsctp *)sctp;
	struct sipring_usrsctp_conn *conn = (struct sipring_usrsctp_conn *)send->conn;
	int result = 0;

	switch (conn->state) {
	case SIPRING_USRSCTP_UP:
		result = conn->stalled ? -ECANCELED : send_try(us, conn, send);
		break;
	case SIPRING_USRSCTP_CONNECTING:
		result = conn->stalled ? -ECANCELED : -EAGAIN;
		break;
	case SIPRING_USRSCTP_SHUTTING:
	case SIPRING_USRSCTP_LOST:
	case SIPRING_USRSCTP_ENDED:
		result = conn->stalled ? -ECANCELED : -EPIPE;
		break;
	}
	if (result < 0) {
		conn->stalled = true;
		conn->full = conn->full || result == -EAGAIN;
	}
	send->io.result = result;
	sipring_list_append(&us->sent, &send->link);
}

void sipring_usrsctp_send_await(struct sipring_sctp *sctp, struct sipring_sctp_conn *base)
{
	struct sipring_usrsctp_conn *conn = (struct sipring_usrsctp_conn *)base;

	if (conn->state == SIPRING_USRSCTP_ENDED)
		return;
	conn->awaits_writable = true;
	sipring_usrsctp_events_wake((struct sipring_usrsctp *)sctp, conn);
}

bool sipring_usrsctp_send_writable(struct sipring_usrsctp_conn *conn)
{
	assert(conn->awaits_writable);
	switch (conn->state) {
	case SIPRING_USRSCTP_UP:
	case SIPRING_USRSCTP_SHUTTING:
		/* There may be room, but the last send found too little, and nothing came since. */
		return !conn->full && usrsctp_get_events(conn->socket) & SCTP_EVENT_WRITE;
	case SIPRING_USRSCTP_CONNECTING:
	case SIPRING_USRSCTP_LOST:
	case SIPRING_USRSCTP_ENDED:
		return false;
	}
	return false;
}

void sipring_usrsctp_send_release(struct sipring_sctp *sctp, struct sipring_sctp_conn *base)
{
	struct sipring_usrsctp_conn *conn = (struct sipring_usrsctp_conn *)base;
	/* A heartbeat takes along what waits; nothing else but a message makes the stack send. */
	struct sctp_paddrparams path = {.spp_flags = SPP_HB_DEMAND};
	struct sockaddr_conn name;

	if (conn->state != SIPRING_USRSCTP_UP || conn->nodelay)
		return;
	send_set_nodelay(conn, true);
	sipring_usrsctp_stack_name((struct sipring_usrsctp *)sctp, conn->peer, &name);
	memcpy(&path.spp_address, &name, sizeof name);
	(void)usrsctp_setsockopt(conn->socket, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path,
		sizeof path);
}
