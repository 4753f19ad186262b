/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside io: what a failed receive on a datagram socket means. ICMP errors and the like concern one
 * peer, and the socket goes on; a few say that this is no socket to receive from.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>

static inline bool datagram_is_over(int code)
{
	return code == -EBADF || code == -ENOTSOCK || code == -EINVAL || code == -EOPNOTSUPP;
}
