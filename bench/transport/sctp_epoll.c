/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A good epoll program: a one-to-one socket per peer, edge-triggered, each drained until EAGAIN and
 * every request answered at once. Sockets do not block; room to send is enough here for whatever a
 * closed loop can have outstanding, and where it is not the program waits for it.
 */
#include "server.h"
#include "socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 256

static struct message reply;

static void send_reply(int fd)
{
	while (send(fd, reply.text, reply.size, MSG_NOSIGNAL) < 0) {
		struct pollfd wait = {.fd = fd, .events = POLLOUT};

		if (errno != EAGAIN)
			return;
		poll(&wait, 1, 1000);
	}
}

static void drain(int fd)
{
	static char buffer[MESSAGE_MAX];
	ssize_t size;

	while ((size = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		if (message_answer(&reply, buffer, (size_t)size))
			send_reply(fd);
	if (size == 0 || errno != EAGAIN)
		close(fd);
}

static void take_peers(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = fd};

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			server_fail("epoll_ctl");
	}
}

int main(int argc, char **argv)
{
	struct server_options options;
	struct epoll_event events[EVENTS_MAX];

	server_start(argc, argv, &options, &reply);
	int listener = socket_listen(SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_SCTP, &options.address);
	int epoll = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
		server_fail("epoll");
	server_ready();
	while (!server_is_over) {
		int n = epoll_wait(epoll, events, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listener)
				take_peers(epoll, listener);
			else
				drain(events[i].data.fd);
	}
	return 0;
}
