/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of client and baselines: the same buffers everywhere, SCTP_NODELAY as OpenSIPS and
 * sipring set it, no events.
 */
#include "socket.h"

#include "server.h"

#include <netinet/in.h>
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

int socket_listen(int type, int protocol, unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;
	int fd = socket(AF_INET, type, protocol);

	if (fd < 0)
		server_fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	socket_settle(fd, protocol);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		server_fail("bind");
	if (protocol == IPPROTO_SCTP && listen(fd, 4096) < 0)
		server_fail("listen");
	return fd;
}
