/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The peers of the client: one connected socket each, non-blocking. Every request has an identity
 * of peer, slot and sequence number; every reply must bear that of a request that is outstanding at
 * the peer it came from, once, or the process ends. With UDP in batches the system calls are
 * recvmmsg and sendmmsg, else one recvmsg or sendmsg per message.
 */
#include "client.h"
#include "server.h"
#include "socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH_MAX 64
#define RECEIVE_SIZE (MESSAGE_MAX + 1)

static char buffers[BATCH_MAX][RECEIVE_SIZE];
static struct message batch[BATCH_MAX];

static _Noreturn void wrong(const char *what)
{
	fprintf(stderr, "client: %s\n", what);
	exit(1);
}

static void open_slots(struct client *client, struct client_peer *peer, unsigned n)
{
	peer->n_slots = n;
	peer->slots = calloc(n, sizeof(*peer->slots));
	peer->begun_ns = client->options.rate ? calloc(n, sizeof(*peer->begun_ns)) : NULL;
	if (!peer->slots || (client->options.rate && !peer->begun_ns))
		server_fail("calloc");
}

void client_connect(struct client *client)
{
	const struct client_options *options = &client->options;
	int protocol = options->is_udp ? IPPROTO_UDP : IPPROTO_SCTP;
	int flags = SOCK_CLOEXEC | (options->is_udp ? SOCK_DGRAM : SOCK_STREAM);

	client->peers = calloc(options->peers, sizeof(*client->peers));
	client->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!client->peers || client->epoll < 0)
		server_fail("epoll_create1");
	for (unsigned i = 0; i < options->peers; i++) {
		struct client_peer *peer = &client->peers[i];
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
		unsigned n = options->outstanding / options->peers +
			(i < options->outstanding % options->peers);

		peer->fd = socket(AF_INET, flags, protocol);
		if (peer->fd < 0)
			server_fail("socket");
		socket_settle(peer->fd, protocol);
		if (connect(peer->fd, (const struct sockaddr *)&options->to, sizeof(options->to)) <
			0)
			server_fail("connect");
		if (epoll_ctl(client->epoll, EPOLL_CTL_ADD, peer->fd, &event) < 0)
			server_fail("epoll_ctl");
		open_slots(client, peer, n);
	}
}

/* Takes a free slot for the next request and writes its identity. */
static unsigned take_slot(struct client *client, struct client_peer *peer, struct message *message,
	uint64_t begun_ns)
{
	unsigned slot = peer->next_slot;

	while (peer->slots[slot])
		slot = slot + 1 < peer->n_slots ? slot + 1 : 0;
	peer->next_slot = slot + 1 < peer->n_slots ? slot + 1 : 0;
	if (!++client->sequence)
		client->sequence = 1;
	peer->slots[slot] = client->sequence;
	if (peer->begun_ns)
		peer->begun_ns[slot] = begun_ns;
	uint64_t index = (uint64_t)(peer - client->peers);
	message_identify(message, index << 48 | (uint64_t)slot << 32 | client->sequence);
	return slot;
}

static bool is_full(void)
{
	if (errno != EAGAIN)
		server_fail("send");
	return true;
}

static void wait_for_room(struct client *client, struct client_peer *peer, bool is_wanted)
{
	struct epoll_event event = {.events = EPOLLIN | (is_wanted ? EPOLLOUT : 0),
		.data.ptr = peer};

	if (epoll_ctl(client->epoll, EPOLL_CTL_MOD, peer->fd, &event) < 0)
		server_fail("epoll_ctl");
}

static unsigned send_single(struct client *client, struct client_peer *peer, unsigned n,
	uint64_t begun_ns)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned slot = take_slot(client, peer, &client->request, begun_ns);
		int more = client->options.is_bundling && i + 1 < n ? MSG_MORE : 0;

		client->n_system_calls++;
		if (send(peer->fd, client->request.text, client->request.size,
			    MSG_NOSIGNAL | MSG_DONTWAIT | more) < 0 &&
			is_full()) {
			peer->slots[slot] = 0;
			return i;
		}
	}
	return n;
}

static unsigned send_batch(struct client *client, struct client_peer *peer, unsigned n,
	uint64_t begun_ns)
{
	struct mmsghdr out[BATCH_MAX] = {0};
	struct iovec parts[BATCH_MAX];
	unsigned slots[BATCH_MAX], done = 0;

	while (done < n) {
		unsigned now = n - done < client->options.batch ? n - done : client->options.batch;

		for (unsigned i = 0; i < now; i++) {
			if (!batch[i].size)
				batch[i] = client->request;
			slots[i] = take_slot(client, peer, &batch[i], begun_ns);
			parts[i] = (struct iovec){batch[i].text, batch[i].size};
			out[i].msg_hdr.msg_iov = &parts[i];
			out[i].msg_hdr.msg_iovlen = 1;
		}
		client->n_system_calls++;
		int sent = sendmmsg(peer->fd, out, now, MSG_DONTWAIT);
		if (sent < 0 && is_full())
			sent = 0;
		for (unsigned i = (unsigned)sent; i < now; i++)
			peer->slots[slots[i]] = 0;
		done += (unsigned)sent;
		if ((unsigned)sent < now)
			break;
	}
	return done;
}

void client_send(struct client *client, struct client_peer *peer, unsigned n, uint64_t begun_ns)
{
	bool was_full = peer->n_due;
	unsigned sent = client->options.batch > 1 ? send_batch(client, peer, n, begun_ns)
						  : send_single(client, peer, n, begun_ns);

	peer->n_outstanding += sent;
	client->n_sent += sent;
	peer->n_due = n - sent;
	if (was_full != (peer->n_due > 0))
		wait_for_room(client, peer, peer->n_due);
}

static void take_reply(struct client *client, struct client_peer *peer, const char *text,
	size_t size)
{
	uint64_t id;

	if (!message_is_reply(text, size, &id))
		wrong("a reply that is no 200 with an identity");
	uint32_t sequence = (uint32_t)id;
	unsigned slot = id >> 32 & 0xffff;
	if (id >> 48 != (uint64_t)(peer - client->peers))
		wrong("a reply to a request of another peer");
	if (slot >= peer->n_slots || !sequence || peer->slots[slot] != sequence)
		wrong("a reply to nothing that is outstanding");
	peer->slots[slot] = 0;
	peer->n_outstanding--;
	client->reply_size = size;
	client_count(client, peer, slot);
}

/* 1: a whole reply was taken. 0: none is there. */
static unsigned receive_single(struct client *client, struct client_peer *peer)
{
	char *buffer = buffers[0];
	struct iovec part = {buffer + peer->n_partial, RECEIVE_SIZE - peer->n_partial};
	struct msghdr in = {.msg_iov = &part, .msg_iovlen = 1};

	client->n_system_calls++;
	ssize_t size = recvmsg(peer->fd, &in, MSG_DONTWAIT);
	if (size < 0 && errno == EAGAIN)
		return 0;
	if (size <= 0)
		server_fail("recvmsg: the server went");
	peer->n_partial += (size_t)size;
	if (!client->options.is_udp && !(in.msg_flags & MSG_EOR))
		return receive_single(client, peer);
	take_reply(client, peer, buffer, peer->n_partial);
	peer->n_partial = 0;
	return 1;
}

static unsigned receive_batch(struct client *client, struct client_peer *peer)
{
	struct mmsghdr in[BATCH_MAX] = {0};
	struct iovec parts[BATCH_MAX];

	for (unsigned i = 0; i < client->options.batch; i++) {
		parts[i] = (struct iovec){buffers[i], RECEIVE_SIZE};
		in[i].msg_hdr.msg_iov = &parts[i];
		in[i].msg_hdr.msg_iovlen = 1;
	}
	client->n_system_calls++;
	int n = recvmmsg(peer->fd, in, client->options.batch, MSG_DONTWAIT, NULL);
	if (n < 0 && errno != EAGAIN)
		server_fail("recvmmsg");
	for (int i = 0; i < n; i++)
		take_reply(client, peer, buffers[i], in[i].msg_len);
	return n > 0 ? (unsigned)n : 0;
}

unsigned client_receive(struct client *client, struct client_peer *peer)
{
	unsigned n = 0, now;

	while (peer->n_outstanding) {
		now = client->options.batch > 1 ? receive_batch(client, peer)
						: receive_single(client, peer);
		if (!now)
			break;
		n += now;
	}
	return n;
}
