/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conns of the user-space provider: a fixed pool, and a table by our verification tag. A conn owns
 * its socket and holds its peer from make to free. The tag tells to whom a packet belongs whose
 * source is unknown: the peer behind a translator that moved it to another UDP port.
 *
 * A conn is in the table exactly while its tag is not 0.
 */
#include "sctp/usrsctp_parts.h"

#include <assert.h>
#include <string.h>

struct sipring_usrsctp_conn *sipring_usrsctp_conn_make(struct sipring_usrsctp *us,
	struct sipring_usrsctp_peer *peer)
{
	struct sipring_usrsctp_conn *conn = sipring_pool_take(&us->conns);

	if (!conn)
		return NULL;
	memset(conn, 0, sizeof *conn);
	sipring_list_init(&conn->ready);
	conn->state = SIPRING_USRSCTP_CONNECTING;
	conn->base.config = us->config;
	conn->peer = peer;
	sipring_usrsctp_peers_hold(&us->peers, peer);
	sipring_usrsctp_packets_plain(&peer->address, peer->port, &conn->base.remote);
	return conn;
}

static uint64_t conn_hash(const struct sipring_usrsctp *us, uint32_t tag)
{
	return sipring_hash_bytes(us->peers.seed, &tag, sizeof tag);
}

void sipring_usrsctp_conn_set_tag(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn)
{
	assert(conn->socket);
	if (conn->tag)
		sipring_hash_remove(&us->by_tag, &conn->by_tag);
	conn->tag = sipring_usrsctp_socket_tag(conn->socket);
	if (conn->tag)
		sipring_hash_insert(&us->by_tag, &conn->by_tag, conn_hash(us, conn->tag));
}

struct sipring_usrsctp_conn *sipring_usrsctp_conn_by_tag(struct sipring_usrsctp *us, uint32_t tag)
{
	struct sipring_hash_node *node = sipring_hash_first(&us->by_tag, conn_hash(us, tag));

	for (; node; node = sipring_hash_next(node)) {
		struct sipring_usrsctp_conn *conn;

		conn = SIPRING_CONTAINER(node, struct sipring_usrsctp_conn, by_tag);
		if (conn->tag == tag)
			return conn;
	}
	return NULL;
}

void sipring_usrsctp_conn_drop(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn)
{
	if (conn->socket)
		sipring_usrsctp_socket_close(conn->socket);
	conn->socket = NULL;
	if (conn->tag)
		sipring_hash_remove(&us->by_tag, &conn->by_tag);
	conn->tag = 0;
	if (conn->port_picked)
		sipring_usrsctp_port_mark(us, conn->port, false);
	conn->port_picked = false;
}

void sipring_usrsctp_conn_free(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn)
{
	sipring_usrsctp_conn_drop(us, conn);
	sipring_list_unlink(&conn->ready);
	sipring_usrsctp_peers_release(&us->peers, conn->peer);
	sipring_pool_give(&us->conns, conn);
}
