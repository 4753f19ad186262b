/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host and port as URIs and Via have them (RFC 3261 25.1, hostport and sent-by). Pure functions on
 * the caller's bytes; nothing is resolved.
 */
#pragma once

#include <sipring/sip.h>

#include "base/seek.h"
#include "sip/numeric.h"
#include "sip/text.h"

#define SIPRING_PORT_MAX 65535u

/* Behind the host: [":" port]. */
static inline struct sipring_stop sipring_host_read_port(uint16_t *port, struct sipring_stop stop,
	struct sipring_seek *seek, unsigned white_space)
{
	struct sipring_stop colon = stop;
	const char *begin;
	uint32_t number;

	if (white_space)
		colon = sipring_text_pass_space(seek, colon);
	if (colon.c != ':')
		return stop;
	sipring_seek_pass(seek);
	begin = colon.at + 1;
	stop = white_space ? sipring_text_word(seek, &begin, 0) : sipring_seek_stop(seek);
	if (!sipring_text_number(&begin, stop.at, SIPRING_PORT_MAX, &number) || !number ||
		begin != stop.at)
		return (struct sipring_stop){NULL, 0};
	*port = (uint16_t)number;
	return stop;
}

/*
 * Reads host [":" port], which begins at begin, where the walk stands, and returns the place behind
 * it; the walk may be behind the white space there already. A stop at NULL if there is no host or
 * the port is not 1 to 65535. *port is 0 where none is named. white_space: SIPRING_TEXT_LWS where
 * it may stand around the colon, 0 where it may not. Inline because every URI and Via has one.
 */
static inline struct sipring_stop sipring_host_read(struct sipring_span *host, uint16_t *port,
	const char *begin, struct sipring_seek *seek, unsigned white_space)
{
	struct sipring_stop stop = sipring_text_run(seek, SIPRING_TEXT_HOST);

	if (__builtin_expect(stop.at == begin, 0)) {
		if (stop.c != '[')
			return (struct sipring_stop){NULL, 0};
		stop.at = memchr(begin, ']', (size_t)(seek->end - begin));
		if (!stop.at)
			return stop;
		stop = sipring_seek_to(seek, stop.at + 1);
	}
	*host = sipring_text_span(begin, stop.at);
	*port = 0;
	if (!stop.c || stop.c == ';')
		return stop;
	return sipring_host_read_port(port, stop, seek, white_space);
}

/*
 * What a host is: HOST_NONE if it cannot be one (digits and dots that are no IPv4 address, no IPv6
 * address in the brackets). A numeric one fills *address (NULL allowed), port 0.
 */
enum sipring_host_kind sipring_host_classify(struct sipring_span host,
	union sipring_address *address);

/* The same of what sipring_host_read() read: most show at their last letter. */
static inline enum sipring_host_kind sipring_host_kind_of(struct sipring_span host)
{
	const char *end = host.data + host.size;
	uint32_t octets;

	if (sipring_text_is(end[-1], SIPRING_TEXT_ALPHA))
		return SIPRING_HOST_NAME;
	if (end[-1] == ']')
		return sipring_numeric_is_ipv6(host.data + 1, end - 1) ? SIPRING_HOST_IPV6
								       : SIPRING_HOST_NONE;
	if (sipring_numeric_ipv4(&octets, host.data, end))
		return SIPRING_HOST_IPV4;
	return sipring_host_classify(host, NULL);
}
