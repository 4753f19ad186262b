/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets on the loopback, as client and baselines want them. */
#pragma once

/* A bound socket of SCTP or UDP, listening where type says SCTP; ends the process on a failure. */
int socket_listen(int type, int protocol, unsigned port);

/* What a peer's socket has in every program, so that buffers and timers do not tell them apart. */
void socket_settle(int fd, int protocol);
