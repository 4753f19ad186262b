/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Says what kind of host a host is. A name is not held against the full
 * hostname grammar: labels that begin with a digit, and '_', are seen in the wild and harm nobody.
 * What is all digits and dots must be an IPv4 address.
 */
#include "sip/host.h"

#include "sip/text.h"

static inline unsigned digit_at(const char *at, const char *end)
{
	return at < end ? (unsigned)(uint8_t)*at - '0' : UINT32_MAX;
}

/* One to three digits, no leading zero, below 256. Returns the place after them, or NULL. */
static inline const char *read_octet(uint32_t *octets, const char *at, const char *end)
{
	unsigned octet = digit_at(at, end);
	unsigned digit = digit_at(at + 1, end);

	if (octet > 9)
		return NULL;
	at++;
	if (digit <= 9) {
		if (!octet)
			return NULL;
		octet = octet * 10 + digit;
		at++;
		digit = digit_at(at, end);
		if (digit <= 9) {
			octet = octet * 10 + digit;
			at++;
		}
	}
	*octets = *octets << 8 | octet;
	return octet <= 255 ? at : NULL;
}

/* As the address parser has it; written out here because numeric hosts are in most URIs. */
static bool read_ipv4(uint32_t *octets, struct sipring_span host)
{
	const char *at = host.data;
	const char *end = at + host.size;

	*octets = 0;
	for (int i = 0; i < 3; i++) {
		at = read_octet(octets, at, end);
		if (!at || at == end || *at++ != '.')
			return false;
	}
	return read_octet(octets, at, end) == end;
}

/* Reads up to four hexadecimal digits, 0x10000 if there are none or more. */
static unsigned read_group(const char **at, const char *end)
{
	const char *begin = *at;
	unsigned group = 0, digit;

	for (; *at < end && (digit = sipring_text_hex(**at)) < 16; ++*at)
		group = group << 4 | digit;
	return *at == begin || *at - begin > 4 ? 0x10000 : group;
}

/*
 * After a "::". RFC 3261's own grammar has three colons before an IPv4 tail where two are right;
 * what was written by it is to be understood (RFC 5118 4.10).
 */
static const char *skip_third_colon(const char *at, const char *end)
{
	uint32_t octets;

	return at < end && *at == ':' && read_ipv4(&octets, sipring_text_span(at + 1, end)) ? at + 1
											    : at;
}

#define NO_GAP 9u

/* Makes room for the groups that the "::" at group `gap` stands for. */
static bool fill_gap(uint16_t groups[8], unsigned n, unsigned gap)
{
	if (gap == NO_GAP)
		return n == 8;
	if (n == 8)
		return false;
	memmove(groups + 8 - (n - gap), groups + gap, (n - gap) * sizeof *groups);
	memset(groups + gap, 0, (8 - n) * sizeof *groups);
	return true;
}

/*
 * An IPv6 address without brackets (RFC 4291 2.2, RFC 5954 4.1), as the address parser has it but
 * without a zone, which would be looked up among our interfaces: no URI may ask for that. Groups
 * come out in network order.
 */
static bool read_ipv6(uint16_t groups[8], const char *at, const char *end)
{
	unsigned n = 0, gap = NO_GAP;
	uint32_t octets;

	if (end - at >= 2 && at[0] == ':' && at[1] == ':') {
		gap = 0;
		at = skip_third_colon(at + 2, end);
	}
	while (at < end) {
		const char *begin = at;
		unsigned group = read_group(&at, end);

		if (at < end && *at == '.') {
			if (n > 6 || !read_ipv4(&octets, sipring_text_span(begin, end)))
				return false;
			groups[n++] = htons((uint16_t)(octets >> 16));
			groups[n++] = htons((uint16_t)octets);
			break;
		}
		if (group > 0xffff || n == 8)
			return false;
		groups[n++] = htons((uint16_t)group);
		if (at == end)
			break;
		if (*at++ != ':' || at == end)
			return false;
		if (*at == ':') {
			if (gap != NO_GAP)
				return false;
			gap = n;
			at = skip_third_colon(at + 1, end);
		}
	}
	return fill_gap(groups, n, gap);
}

static enum sipring_host_kind classify_ipv6(struct sipring_span host,
	union sipring_address *address)
{
	uint16_t groups[8];

	if (host.size < 4 || host.data[host.size - 1] != ']' ||
		!read_ipv6(groups, host.data + 1, host.data + host.size - 1))
		return SIPRING_HOST_NONE;
	if (address) {
		memset(address, 0, sizeof *address);
		address->v6.sin6_family = AF_INET6;
		memcpy(&address->v6.sin6_addr, groups, sizeof groups);
	}
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
	if (!read_ipv4(&octets, host)) {
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
