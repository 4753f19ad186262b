/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Says what kind of host a host is. A name is not held against the full hostname grammar: labels
 * that begin with a digit, and '_', are seen in the wild and harm nobody. What is all digits and
 * dots must be an IPv4 address.
 */
#include "sip/host.h"

#include "sip/numeric.h"

static enum sipring_host_kind classify_ipv6(struct sipring_span host,
	union sipring_address *address)
{
	const char *at = host.data + 1;
	const char *end = sipring_text_end(host) - 1;
	uint16_t groups[8];

	if (end - at < 2 || *end != ']')
		return SIPRING_HOST_NONE;
	if (!address)
		return sipring_numeric_is_ipv6(at, end) ? SIPRING_HOST_IPV6 : SIPRING_HOST_NONE;
	if (!sipring_numeric_ipv6(groups, at, end))
		return SIPRING_HOST_NONE;
	memset(address, 0, sizeof *address);
	address->v6.sin6_family = AF_INET6;
	memcpy(&address->v6.sin6_addr, groups, sizeof groups);
	return SIPRING_HOST_IPV6;
}

enum sipring_host_kind sipring_host_classify(struct sipring_span host,
	union sipring_address *address)
{
	const char *at = host.data;
	const char *end = sipring_text_end(host);
	uint32_t octets;

	if (!host.size)
		return SIPRING_HOST_NONE;
	if (*at == '[')
		return classify_ipv6(host, address);
	/* A name mostly shows at its last character. */
	if (end[-1] != '.' && !sipring_text_is(end[-1], SIPRING_TEXT_DIGIT))
		return SIPRING_HOST_NAME;
	if (!sipring_numeric_ipv4(&octets, at, end)) {
		while (at < end && (*at == '.' || sipring_text_is(*at, SIPRING_TEXT_DIGIT)))
			at++;
		return at < end ? SIPRING_HOST_NAME : SIPRING_HOST_NONE;
	}
	if (address) {
		memset(address, 0, sizeof *address);
		address->v4.sin_family = AF_INET;
		address->v4.sin_addr.s_addr = htonl(octets);
	}
	return SIPRING_HOST_IPV4;
}
