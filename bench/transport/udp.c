/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The yardsticks: UDP with one system call per message, with an epoll_wait before each receive as
 * well (--ask: the reactor of today's OpenSIPS), and with recvmmsg and sendmmsg of --batch
 * messages. The socket blocks; a batch is what is there once one is.
 */
#include "server.h"
#include "socket.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BUFFER_SIZE MESSAGE_MAX

static struct message reply;

static void serve_single(int fd)
{
	static char buffer[BUFFER_SIZE];
	struct sockaddr_in from;
	socklen_t from_size = sizeof(from);
	ssize_t size =
		recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &from_size);

	if (size > 0 && message_answer(&reply, buffer, (size_t)size))
		sendto(fd, reply.text, reply.size, 0, (struct sockaddr *)&from, from_size);
}

/* Level-triggered and one message each time, as OpenSIPS's reactor does it. */
static int open_epoll(int fd)
{
	struct epoll_event wanted = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted) < 0)
		server_fail("epoll");
	return epoll;
}

static void serve_asked(int epoll, int fd)
{
	struct epoll_event found;

	if (epoll_wait(epoll, &found, 1, -1) == 1)
		serve_single(fd);
}

/* One message of a batch: the same addresses and buffers for coming and going. */
struct place {
	struct sockaddr_in from;
	struct iovec in, out;
	char buffer[BUFFER_SIZE];
	char answer[MESSAGE_MAX];
};

static void make_places(struct place *places, struct mmsghdr *in, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct place *place = &places[i];

		place->in = (struct iovec){place->buffer, sizeof(place->buffer)};
		place->out = (struct iovec){place->answer, reply.size};
		in[i].msg_hdr = (struct msghdr){.msg_name = &place->from,
			.msg_iov = &place->in,
			.msg_iovlen = 1};
		memcpy(place->answer, reply.text, reply.size);
	}
}

static void serve_batch(int fd, struct place *places, struct mmsghdr *in, struct mmsghdr *out,
	unsigned n_max)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_max; i++)
		in[i].msg_hdr.msg_namelen = sizeof(places[i].from);
	int n_in = recvmmsg(fd, in, n_max, MSG_WAITFORONE, NULL);
	for (int i = 0; i < n_in; i++) {
		if (!message_answer(&reply, places[i].buffer, in[i].msg_len))
			continue;
		memcpy(places[i].answer + reply.id, reply.text + reply.id, MESSAGE_ID_SIZE);
		out[n++].msg_hdr = (struct msghdr){.msg_name = &places[i].from,
			.msg_namelen = sizeof(places[i].from),
			.msg_iov = &places[i].out,
			.msg_iovlen = 1};
	}
	for (unsigned sent = 0; sent < n;) {
		int now = sendmmsg(fd, out + sent, n - sent, 0);

		if (now < 0)
			return;
		sent += (unsigned)now;
	}
}

int main(int argc, char **argv)
{
	struct server_options options;

	server_start(argc, argv, &options, &reply);
	int fd = socket_listen(SOCK_DGRAM, IPPROTO_UDP, &options.address);
	struct place *places = calloc(options.batch, sizeof(*places));
	struct mmsghdr *in = calloc(options.batch, sizeof(*in));
	struct mmsghdr *out = calloc(options.batch, sizeof(*out));
	if (!places || !in || !out)
		server_fail("calloc");
	make_places(places, in, options.batch);
	int epoll = options.asks ? open_epoll(fd) : -1;
	server_ready();
	while (!server_is_over)
		if (options.asks)
			serve_asked(epoll, fd);
		else if (options.batch == 1)
			serve_single(fd);
		else
			serve_batch(fd, places, in, out, options.batch);
	return 0;
}
