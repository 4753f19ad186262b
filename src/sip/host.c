/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a host with its port and says what kind of host it is. A name is not held against the full
 * hostname grammar: labels that begin with a digit, and '_', are seen in the wild and harm nobody.
 * What is all digits and dots must be an IPv4 address.
 */
#include "sip/host.h"

#include "net/address.h"
#include "sip/text.h"

#define PORT_MAX 65535u

const char *sipring_host_read(struct sipring_span *host, uint16_t *port, const char *at,
	const char *end, unsigned white_space)
{
	const char *begin = at;
	uint32_t number;

	if (at < end && *at == '[') {
		at = memchr(at, ']', (size_t)(end - at));
		if (!at)
			return NULL;
		at++;
	} else {
		at = sipring_text_skip(at, end, SIPRING_TEXT_HOST);
	}
	if (at == begin)
		return NULL;
	*host = sipring_text_span(begin, at);
	*port = 0;
	begin = sipring_text_skip(at, end, white_space);
	if (begin == end || *begin != ':')
		return at;
	at = sipring_text_skip(begin + 1, end, white_space);
	if (!sipring_text_number(&at, end, PORT_MAX, &number) || !number)
		return NULL;
	*port = (uint16_t)number;
	return at;
}

/*
 * Four decimal octets, none with a leading zero, as the address parser has it: written out here
 * because numeric hosts are in most URIs. Fills *address.
 */
static bool read_ipv4(union sipring_address *address, struct sipring_span host)
{
	const char *at = host.data;
	const char *end = at + host.size;
	uint32_t octets = 0;

	for (int i = 0; i < 4; i++) {
		const char *begin = at;
		uint32_t octet;

		if (!sipring_text_number(&at, end, 255, &octet) || at - begin > 3 ||
			(*begin == '0' && at - begin > 1))
			return false;
		octets = octets << 8 | octet;
		if (i < 3 && (at == end || *at++ != '.'))
			return false;
	}
	memset(address, 0, sizeof *address);
	address->v4.sin_family = AF_INET;
	address->v4.sin_addr.s_addr = htonl(octets);
	return at == end;
}

/*
 * In brackets. RFC 3261's own grammar has three colons before an IPv4 tail where two are right;
 * what was written by it is to be understood (RFC 5118 4.10).
 */
static bool read_ipv6(union sipring_address *address, struct sipring_span host)
{
	char text[SIPRING_ADDRESS_TEXT_MAX];
	const char *end = sipring_text_end(host);
	const char *at = host.data;

	/* A zone would be looked up among our interfaces: no URI may ask for that. */
	if (memchr(at, '%', host.size))
		return false;
	if (sipring_address_parse(address, at, host.size) < 0) {
		while (end - at > 3 && memcmp(at, ":::", 3))
			at++;
		if (end - at <= 3 || host.size > sizeof text ||
			!memchr(at, '.', (size_t)(end - at)))
			return false;
		memcpy(text, host.data, (size_t)(at - host.data));
		memcpy(text + (at - host.data), at + 1, (size_t)(end - at) - 1);
		if (sipring_address_parse(address, text, host.size - 1) < 0)
			return false;
	}
	return address->sa.sa_family == AF_INET6;
}

enum sipring_host_kind sipring_host_classify(struct sipring_span host,
	union sipring_address *address)
{
	union sipring_address parsed;
	const char *end = sipring_text_end(host);

	if (!host.size)
		return SIPRING_HOST_NONE;
	if (*host.data == '[') {
		/* The address parser would take a port as well. */
		if (end[-1] != ']' || !read_ipv6(&parsed, host))
			return SIPRING_HOST_NONE;
		if (address)
			*address = parsed;
		return SIPRING_HOST_IPV6;
	}
	for (const char *at = host.data; at < end; at++)
		if (*at != '.' && !sipring_text_is(*at, SIPRING_TEXT_DIGIT))
			return SIPRING_HOST_NAME;
	if (!read_ipv4(&parsed, host))
		return SIPRING_HOST_NONE;
	if (address)
		*address = parsed;
	return SIPRING_HOST_IPV4;
}
