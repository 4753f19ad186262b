/* SPDX-License-Identifier: BSD-2-Clause */
/* The UDP sockets that carry SCTP of user space (RFC 6951), of one worker or of several. */
#pragma once

#include "sctp/sctp.h"

/* A socket on the port (0: any), also where siblings that share have it. fd, or -errno. */
int sipring_usrsctp_encapsulation_open(int32_t port, bool is_shared, struct sipring_error *error);
/* The port that it has, host byte order, and whether it carries IPv4 in IPv6. */
uint16_t sipring_usrsctp_encapsulation_port(int fd, bool *is_mapped);
