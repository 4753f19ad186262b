/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack's sockets. A listener is a one-to-many socket bound to an SCTP port; each of its
 * associations, inbound or begun from its port, is peeled off into a socket of its own. What
 * connects from a free port has a one-to-one socket. So one association is one socket in every
 * mode, with its own queues, buffers and wake-ups, and closing the socket aborts it.
 *
 * The stack wakes by a call back, which only marks: a conn as ready, or the listeners. Reading
 * and writing are for others. A listener's addresses cannot be told to the stack; its port counts.
 */
#include "sctp/usrsctp_stack.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define BACKLOG 1024
#define FREE_PORTS_FROM 49152u /* RFC 6335 6: dynamic ports */
#define FREE_PORTS 16384u

/* The library has this option; its header has the structure but not the number. */
#define GET_NONCE_VALUES 0x00001105

static const uint16_t events[] = {
	SCTP_ASSOC_CHANGE,
	SCTP_PEER_ADDR_CHANGE,
	SCTP_SEND_FAILED_EVENT,
	SCTP_SHUTDOWN_EVENT,
	SCTP_PARTIAL_DELIVERY_EVENT,
};

/* A peer that nothing is known of. */
static const union sipring_address anywhere = {.v6 = {.sin6_family = AF_INET6}};

static int socket_set(struct socket *so, int level, int option, const void *value, size_t size)
{
	return usrsctp_setsockopt(so, level, option, value, (socklen_t)size) < 0 ? -errno : 0;
}

/*
 * What the stack gives back when an association restarts or is lost lies in the receive buffer all
 * at once, each message with some words about it, and what finds no room there it gives back to
 * nobody. So there is room for a send buffer of it beside what the peer may send. A long message is
 * handed up in pieces from half of the latter on, as it would be without that room.
 */
static int socket_make_room(struct socket *so, int receive)
{
	uint32_t pieces_from = (uint32_t)receive / 2;
	int send = 0, r;
	socklen_t send_size = sizeof send;

	if (usrsctp_getsockopt(so, SOL_SOCKET, SO_SNDBUF, &send, &send_size) < 0)
		return -errno;
	receive = send < (INT32_MAX - receive) / 2 ? receive + send + send / 2 : INT32_MAX;
	r = socket_set(so, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
	return r < 0 ? r
		     : socket_set(so, IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT, &pieces_from,
			       sizeof pieces_from);
}

static int socket_set_buffers(const struct sipring_sctp_config *config, struct socket *so)
{
	int send = (int)config->send_buffer;
	int receive = (int)config->receive_buffer;
	int r = 0;

	/* A message has to fit the send buffer whole. */
	if (send && send < (int)config->message_max)
		send = (int)config->message_max;
	if (send)
		r = socket_set(so, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
	if (!receive)
		receive = (int)usrsctp_sysctl_get_sctp_recvspace();
	return r == 0 ? socket_make_room(so, receive) : r;
}

static int socket_set_mtu(struct socket *so, uint32_t mtu)
{
	struct sctp_paddrparams path = {
		.spp_flags = SPP_PMTUD_DISABLE,
		.spp_pathmtu = (mtu - SIPRING_USRSCTP_PACKET_HEADER) & ~3u,
	};

	return socket_set(so, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
}

static int socket_set_times(const struct sipring_sctp_config *config, struct socket *so)
{
	uint32_t timeout = config->init_timeout_ms ? config->init_timeout_ms : 60000;
	struct sctp_initmsg init = {
		.sinit_num_ostreams = config->streams_out,
		.sinit_max_instreams = config->streams_in_max,
		/* The stack counts those after the first. */
		.sinit_max_attempts =
			(uint16_t)(config->init_attempts > 1 ? config->init_attempts - 1 : 1),
		.sinit_max_init_timeo = (uint16_t)(timeout < 65535 ? timeout : 65535),
	};
	int r = socket_set(so, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init);

	return r ? r : sipring_usrsctp_options_set(so, config);
}

static int socket_configure(const struct sipring_sctp_config *config, struct socket *so,
	uint32_t mtu)
{
	struct linger linger = {.l_onoff = 1};
	int on = 1, nodelay = !config->knobs.nagle;
	int r = usrsctp_set_non_blocking(so, 1) < 0 ? -errno : 0;

	for (size_t i = 0; !r && i < sizeof events / sizeof *events; i++) {
		struct sctp_event event = {.se_assoc_id = SCTP_FUTURE_ASSOC,
			.se_type = events[i],
			.se_on = 1};

		r = socket_set(so, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
	}
	if (!r)
		r = socket_set(so, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	if (!r)
		r = socket_set(so, IPPROTO_SCTP, SCTP_NODELAY, &nodelay, sizeof nodelay);
	if (!r)
		r = socket_set(so, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on);
	if (!r)
		r = socket_set(so, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, &on, sizeof on);
	if (!r)
		r = socket_set_times(config, so);
	if (!r)
		r = socket_set_buffers(config, so);
	return r ? r : socket_set_mtu(so, mtu);
}

static int socket_bind(struct socket *so, uint16_t port)
{
	struct sockaddr_conn name = {.sconn_family = AF_CONN, .sconn_port = port};

	return usrsctp_bind(so, (struct sockaddr *)&name, sizeof name) < 0 ? -errno : 0;
}

static void socket_wake_listeners(struct socket *so, void *argument, int flags)
{
	struct sipring_usrsctp *us = argument;

	(void)so;
	(void)flags;
	us->listeners_ready = true;
}

int sipring_usrsctp_socket_listen(struct sipring_usrsctp *us, uint16_t port,
	const struct sipring_sctp_config *config, struct socket **out)
{
	uint32_t mtu = sipring_usrsctp_packets_mtu(&us->packets, &anywhere);
	struct socket *so =
		usrsctp_socket(AF_CONN, SOCK_SEQPACKET, IPPROTO_SCTP, NULL, NULL, 0, NULL);
	int r;

	if (!so)
		return -errno;
	r = socket_configure(config, so, mtu);
	if (!r)
		r = socket_bind(so, port);
	if (!r)
		r = usrsctp_listen(so, BACKLOG) < 0 ? -errno : 0;
	if (!r)
		r = usrsctp_set_upcall(so, socket_wake_listeners, us) < 0 ? -errno : 0;
	if (r) {
		usrsctp_close(so);
		return r;
	}
	*out = so;
	return 0;
}

void sipring_usrsctp_socket_stop(struct socket *listener)
{
	usrsctp_listen(listener, 0);
}

int sipring_usrsctp_socket_free_port(struct sipring_usrsctp *us, struct socket **out,
	uint16_t *port)
{
	struct socket *so = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
	int r = -EADDRINUSE;

	if (!so)
		return -errno;
	for (unsigned i = 0; r == -EADDRINUSE && i < FREE_PORTS; i++) {
		uint16_t chosen = (uint16_t)(FREE_PORTS_FROM + us->next_port++ % FREE_PORTS);

		if (sipring_usrsctp_port_is_ours(us, chosen))
			continue;
		*port = htons(chosen);
		r = socket_bind(so, *port);
	}
	if (r) {
		usrsctp_close(so);
		return r;
	}
	*out = so;
	return 0;
}

static int socket_connect(struct sipring_usrsctp *us, struct socket *so,
	const struct sipring_usrsctp_peer *peer)
{
	struct sockaddr_conn name;

	sipring_usrsctp_stack_name(us, peer, &name);
	if (usrsctp_connect(so, (struct sockaddr *)&name, sizeof name) < 0 && errno != EINPROGRESS)
		return errno == EALREADY ? -EISCONN : -errno;
	return 0;
}

int sipring_usrsctp_socket_connect(struct sipring_usrsctp *us, struct socket *so,
	const struct sipring_usrsctp_peer *peer)
{
	int r = socket_configure(us->config, so,
		sipring_usrsctp_packets_mtu(&us->packets, &peer->address));

	return r ? r : socket_connect(us, so, peer);
}

int sipring_usrsctp_socket_connect_from(struct sipring_usrsctp *us,
	const struct sipring_usrsctp_listener *from, const struct sipring_usrsctp_peer *peer,
	struct socket **out)
{
	struct socket *listener = from->socket;
	struct sockaddr_conn name;
	int r;

	/* The listener's own size of packets is for whoever comes; for this one it is another. */
	(void)socket_set_mtu(listener, sipring_usrsctp_packets_mtu(&us->packets, &peer->address));
	r = socket_connect(us, listener, peer);
	(void)socket_set_mtu(listener, sipring_usrsctp_packets_mtu(&us->packets, &anywhere));
	if (r < 0)
		return r;
	sipring_usrsctp_stack_name(us, peer, &name);
	*out = sipring_usrsctp_socket_peel(from,
		usrsctp_getassocid(listener, (struct sockaddr *)&name));
	return *out ? 0 : -errno;
}

struct socket *sipring_usrsctp_socket_peel(const struct sipring_usrsctp_listener *listener,
	uint32_t association)
{
	struct socket *so = usrsctp_peeloff(listener->socket, association);

	/* Its options are the listener's, but the sizes of its buffers. */
	if (so)
		(void)socket_set_buffers(listener->config, so);
	return so;
}

static void socket_wake_conn(struct socket *so, void *argument, int flags)
{
	struct sipring_usrsctp_conn *conn = argument;

	(void)so;
	(void)flags;
	conn->full = false;
	if (sipring_list_empty(&conn->ready))
		sipring_list_append(conn->wakes, &conn->ready);
}

void sipring_usrsctp_socket_attach(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn,
	struct socket *so)
{
	conn->socket = so;
	conn->nodelay = !conn->base.config->knobs.nagle;
	conn->wakes = &us->ready;
	usrsctp_set_upcall(so, socket_wake_conn, conn);
	sipring_usrsctp_events_wake(us, conn);
}

void sipring_usrsctp_socket_fit(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn)
{
	uint32_t mtu = sipring_usrsctp_packets_mtu(&us->packets, &conn->peer->address);

	(void)socket_set_mtu(conn->socket, mtu);
}

int sipring_usrsctp_socket_abort(struct socket *so)
{
	struct sctp_sndinfo info = {.snd_flags = SCTP_ABORT};

	return usrsctp_sendv(so, "", 0, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0) < 0
		? -errno
		: 0;
}

void sipring_usrsctp_socket_refuse(struct socket *listener, uint32_t association)
{
	struct sctp_sndinfo info = {.snd_assoc_id = association, .snd_flags = SCTP_ABORT};

	(void)usrsctp_sendv(listener, "", 0, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0);
}

void sipring_usrsctp_socket_close(struct socket *so)
{
	usrsctp_set_upcall(so, NULL, NULL);
	usrsctp_close(so);
}

uint32_t sipring_usrsctp_socket_tag(struct socket *so)
{
	struct sctp_get_nonce_values tags = {0};
	socklen_t size = sizeof tags;

	if (usrsctp_getsockopt(so, IPPROTO_SCTP, GET_NONCE_VALUES, &tags, &size) < 0)
		return 0;
	return tags.gn_local_tag;
}
