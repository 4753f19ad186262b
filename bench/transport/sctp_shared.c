/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The algorithm of OpenSIPS's proto_sctp: one one-to-many socket that all processes share, each
 * with a readiness loop that for every readiness makes one sctp_recvmsg and answers by one
 * sctp_sendmsg to the address it came from. No SIP is parsed and no script run. The socket has
 * larger buffers than there, so that one peer's backlog does not fail sends to the others.
 */
#include "server.h"
#include "socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/sctp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct message reply;

static void answer_one(int fd)
{
	static char buffer[MESSAGE_MAX + 1];
	struct sctp_sndrcvinfo info;
	struct sockaddr_storage from;
	socklen_t from_size = sizeof(from);
	int flags = 0;
	int size = sctp_recvmsg(fd, buffer, MESSAGE_MAX, (struct sockaddr *)&from, &from_size,
		&info, &flags);

	if (size < 0) {
		if (errno != EAGAIN && errno != EINTR)
			server_fail("sctp_recvmsg");
		return;
	}
	if (!message_answer(&reply, buffer, (size_t)size))
		return;
	while (sctp_sendmsg(fd, reply.text, reply.size, (struct sockaddr *)&from, from_size, 0, 0,
		       0, 0, 0) < 0)
		if (errno != EINTR)
			server_fail("sctp_sendmsg");
}

int main(int argc, char **argv)
{
	struct server_options options;
	struct epoll_event event = {.events = EPOLLIN};

	server_start(argc, argv, &options, &reply);
	int fd = socket_listen(SOCK_SEQPACKET, IPPROTO_SCTP, &options.address);
	server_ready();
	server_fork(&options);
	int epoll = epoll_create1(0);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		server_fail("epoll");
	while (!server_is_over)
		if (epoll_wait(epoll, &event, 1, -1) == 1)
			answer_one(fd);
	return 0;
}
