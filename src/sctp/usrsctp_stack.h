/* SPDX-License-Identifier: BSD-2-Clause */
/* The stack's names for peers: for those files of the provider that talk to the stack. */
#pragma once

#include "sctp/usrsctp_parts.h"

#include <usrsctp.h>

void sipring_usrsctp_stack_name(struct sipring_usrsctp *us, const struct sipring_usrsctp_peer *peer,
	struct sockaddr_conn *name);
/* NULL when nobody was met under that name. */
struct sipring_usrsctp_peer *sipring_usrsctp_stack_peer(struct sipring_usrsctp *us,
	const struct sockaddr_conn *name);
