/* SPDX-License-Identifier: BSD-2-Clause */
/* Values held against the letter of RFC 3261 25.1, for strict.c. */
#pragma once

#include <sipring/sip.h>

/*
 * Is the value of this header what its grammar says? Returns ACCEPTED or the mistake, *at being
 * where in the value it is. A header without a grammar of its own is text without control
 * characters.
 */
enum sipring_parse_result sipring_strict_value(const struct sipring_header *header,
	const char **at);

/* May this header stand in a message once only? */
bool sipring_strict_is_single(enum sipring_header_id id);

/* Is the text a URI as 19.1 and 25.1 have it? ACCEPTED, BAD_URI or BAD_HOST. */
enum sipring_parse_result sipring_strict_uri(struct sipring_uri *uri, struct sipring_span text);

/* Is the host of a URI or a Via a hostname, an IPv4address or an IPv6reference? */
bool sipring_strict_is_host(struct sipring_span host);
