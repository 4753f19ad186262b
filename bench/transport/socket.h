/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets as client and baselines want them. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

/* Takes an IPv4 address. False: it is none. */
bool socket_address(struct sockaddr_in *address, const char *host);

/* A bound socket of SCTP or UDP, listening if it is SCTP's; ends the process on a failure. */
int socket_listen(int type, int protocol, const struct sockaddr_in *address);

/* What a peer's socket has in every program, so that buffers and timers do not tell them apart. */
void socket_settle(int fd, int protocol);
