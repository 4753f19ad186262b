/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets in memory. An end owns its inbox and its backlog; a message is owned by the inbox it lies
 * in. Closing tells the peer the way the kernel's local sockets do: an end, or ECONNRESET when the
 * closer had unread data. Misuse (an fd that is not open) aborts, it is never an error value.
 */
#include "fake_net.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PORT_FIRST 10000

/* Holds in release builds too: a test must not pass on a broken fake. */
static void insist(bool holds)
{
	if (!holds)
		abort();
}

void fake_net_open(struct fake_net *net)
{
	memset(net, 0, sizeof *net);
}

static int new_end(struct fake_net *net, enum fake_end_kind kind)
{
	for (int i = 0; i < FAKE_ENDS_MAX; i++) {
		struct fake_end *end = &net->ends[i];

		if (end->kind != FAKE_UNUSED)
			continue;
		memset(end, 0, sizeof *end);
		end->kind = kind;
		end->peer = -1;
		end->capacity = FAKE_CAPACITY;
		sipring_list_init(&end->inbox);
		return FAKE_FD_FIRST + i;
	}
	abort();
}

bool fake_net_is_open(const struct fake_net *net, int fd)
{
	return fd >= FAKE_FD_FIRST && fd < FAKE_FD_FIRST + FAKE_ENDS_MAX &&
		net->ends[fd - FAKE_FD_FIRST].kind != FAKE_UNUSED;
}

struct fake_end *fake_net_end(struct fake_net *net, int fd)
{
	insist(fake_net_is_open(net, fd));
	return &net->ends[fd - FAKE_FD_FIRST];
}

unsigned fake_net_n_open(const struct fake_net *net)
{
	unsigned n = 0;

	for (int i = 0; i < FAKE_ENDS_MAX; i++)
		n += net->ends[i].kind != FAKE_UNUSED;
	return n;
}

void fake_net_pair(struct fake_net *net, int fds[2])
{
	fds[0] = new_end(net, FAKE_PAIR);
	fds[1] = new_end(net, FAKE_PAIR);
	fake_net_end(net, fds[0])->peer = fds[1];
	fake_net_end(net, fds[1])->peer = fds[0];
}

int fake_net_listener(struct fake_net *net)
{
	return new_end(net, FAKE_LISTENER);
}

int fake_net_connect(struct fake_net *net, int listener)
{
	struct fake_end *end = fake_net_end(net, listener);
	int fds[2];

	insist(end->kind == FAKE_LISTENER);
	if (end->n_backlog == FAKE_BACKLOG_MAX)
		return -EAGAIN;
	fake_net_pair(net, fds);
	end->backlog[end->n_backlog++] = fds[0];
	return fds[1];
}

int fake_net_datagram(struct fake_net *net)
{
	return new_end(net, FAKE_DATAGRAM);
}

int fake_net_event(struct fake_net *net)
{
	return new_end(net, FAKE_EVENT);
}

struct sockaddr_in fake_net_name(int fd)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)(PORT_FIRST + fd - FAKE_FD_FIRST)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static size_t total(const struct iovec *parts, unsigned n_parts)
{
	size_t size = 0;

	for (unsigned i = 0; i < n_parts; i++)
		size += parts[i].iov_len;
	return size;
}

static void put(struct fake_end *to, int from, const struct iovec *parts, unsigned n_parts)
{
	size_t size = total(parts, n_parts), at = 0;
	struct fake_message *message = calloc(1, sizeof *message + size);

	insist(message);
	message->size = size;
	message->from = from;
	for (unsigned i = 0; i < n_parts; i++) {
		memcpy(message->bytes + at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	sipring_list_append(&to->inbox, &message->link);
	to->inbox_size += size;
}

static int send_datagram(struct fake_net *net, int fd, const struct iovec *parts, unsigned n_parts,
	const struct sockaddr_in *name)
{
	int to = name ? FAKE_FD_FIRST + ntohs(name->sin_port) - PORT_FIRST : -1;
	size_t size = total(parts, n_parts);

	if (!name)
		return -EDESTADDRREQ;
	if (name->sin_port == 0)
		return -EINVAL;
	if (size > FAKE_DATAGRAM_MAX)
		return -EMSGSIZE;
	/* To nobody, or past what the receiver holds: gone, as datagrams are. */
	if (fake_net_is_open(net, to) && fake_net_end(net, to)->kind == FAKE_DATAGRAM &&
		fake_net_end(net, to)->inbox_size + size <= 64 * FAKE_CAPACITY)
		put(fake_net_end(net, to), fd, parts, n_parts);
	return (int)size;
}

int fake_net_send(struct fake_net *net, int fd, const struct iovec *parts, unsigned n_parts,
	const struct sockaddr_in *name)
{
	struct fake_end *end = fake_net_end(net, fd);
	size_t size = total(parts, n_parts);
	struct fake_end *peer;

	if (end->fail_send_in && --end->fail_send_in == 0)
		return -end->fail_send_error;
	if (end->kind == FAKE_DATAGRAM)
		return send_datagram(net, fd, parts, n_parts, name);
	if (end->kind != FAKE_PAIR)
		return -EOPNOTSUPP;
	if (end->peer < 0)
		return -EPIPE;
	peer = fake_net_end(net, end->peer);
	if (size > peer->capacity)
		return -EMSGSIZE;
	if (peer->inbox_size + size > peer->capacity)
		return -EAGAIN;
	put(peer, fd, parts, n_parts);
	return (int)size;
}

bool fake_net_readable(const struct fake_net *net, int fd)
{
	const struct fake_end *end = &net->ends[fd - FAKE_FD_FIRST];

	insist(fake_net_is_open(net, fd));
	return end->error || end->finished || end->n_backlog || end->raised ||
		!sipring_list_empty(&end->inbox);
}

bool fake_net_writable(struct fake_net *net, int fd)
{
	const struct fake_end *end = fake_net_end(net, fd);

	return end->kind != FAKE_PAIR || end->peer < 0 ||
		2 * fake_net_end(net, end->peer)->inbox_size <
		fake_net_end(net, end->peer)->capacity;
}

int fake_net_peek(struct fake_net *net, int fd, struct fake_message **message)
{
	struct fake_end *end = fake_net_end(net, fd);
	int error = end->error;

	if (end->kind != FAKE_PAIR && end->kind != FAKE_DATAGRAM)
		return -EOPNOTSUPP;
	if (error) {
		end->error = 0;
		return -error;
	}
	if (sipring_list_empty(&end->inbox))
		return end->finished ? 0 : -EAGAIN;
	*message = SIPRING_CONTAINER(end->inbox.next, struct fake_message, link);
	return 1;
}

void fake_net_drop(struct fake_net *net, int fd)
{
	struct fake_end *end = fake_net_end(net, fd);
	struct sipring_list *node = sipring_list_pop(&end->inbox);
	struct fake_message *message;

	insist(node);
	message = SIPRING_CONTAINER(node, struct fake_message, link);
	end->inbox_size -= message->size;
	free(message);
}

int fake_net_accept(struct fake_net *net, int fd)
{
	struct fake_end *end = fake_net_end(net, fd);
	int error = end->fail_accept_error, accepted;

	if (end->kind != FAKE_LISTENER)
		return -EOPNOTSUPP;
	if (!end->n_backlog)
		return -EAGAIN;
	end->fail_accept_error = 0;
	if (error)
		return -error;
	accepted = end->backlog[0];
	memmove(end->backlog, end->backlog + 1, --end->n_backlog * sizeof end->backlog[0]);
	return accepted;
}

void fake_net_close_fd(struct fake_net *net, int fd)
{
	struct fake_end *end = fake_net_end(net, fd);
	bool unread = !sipring_list_empty(&end->inbox);

	while (!sipring_list_empty(&end->inbox))
		fake_net_drop(net, fd);
	while (end->n_backlog)
		fake_net_close_fd(net, end->backlog[--end->n_backlog]);
	if (end->peer >= 0) {
		struct fake_end *peer = fake_net_end(net, end->peer);

		peer->peer = -1;
		peer->finished = true;
		peer->error = unread ? ECONNRESET : 0;
	}
	end->kind = FAKE_UNUSED;
}

void fake_net_close(struct fake_net *net)
{
	for (int i = 0; i < FAKE_ENDS_MAX; i++)
		if (net->ends[i].kind != FAKE_UNUSED)
			fake_net_close_fd(net, FAKE_FD_FIRST + i);
}
