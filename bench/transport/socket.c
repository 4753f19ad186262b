/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of client and baselines: the same buffers everywhere, SCTP_NODELAY as OpenSIPS and
 * sipring set it, no events.
 */
#include "socket.h"

#include "server.h"

#include <arpa/inet.h>
#include <netinet/sctp.h>
#include <sys/socket.h>

#define BUFFER_SIZE 262144

void socket_settle(int fd, int protocol)
{
	int on = 1, size = BUFFER_SIZE;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (protocol == IPPROTO_SCTP &&
		setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on)) < 0)
		server_fail("SCTP_NODELAY");
}

bool socket_address(struct sockaddr_in *address, const char *host)
{
	address->sin_family = AF_INET;
	return inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

int socket_listen(int type, int protocol, const struct sockaddr_in *address)
{
	int on = 1;
	int fd = socket(AF_INET, type, protocol);

	if (fd < 0)
		server_fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	socket_settle(fd, protocol);
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		server_fail("bind");
	if (protocol == IPPROTO_SCTP && listen(fd, 4096) < 0)
		server_fail("listen");
	return fd;
}
