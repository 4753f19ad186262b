/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host and port as URIs and Via have them (RFC 3261 25.1, hostport and sent-by). Pure functions on
 * the caller's bytes; nothing is resolved.
 */
#pragma once

#include <sipring/sip.h>

#include "base/seek.h"

/*
 * Reads host [":" port] and returns the place after it, or NULL if there is no host or the port is
 * not 1 to 65535. *port is 0 where none is named. white_space: SIPRING_TEXT_LWS where it may stand
 * around the colon, 0 where it may not. *seek: over what is read.
 */
const char *sipring_host_read(struct sipring_span *host, uint16_t *port, const char *at,
	struct sipring_seek *seek, unsigned white_space);

/*
 * What a host is: HOST_NONE if it cannot be one (digits and dots that are no IPv4 address, no IPv6
 * address in the brackets). A numeric one fills *address (NULL allowed), port 0.
 */
enum sipring_host_kind sipring_host_classify(struct sipring_span host,
	union sipring_address *address);
