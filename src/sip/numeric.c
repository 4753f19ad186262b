/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses by hand: numeric hosts are in most messages, and each URI of one is asked whether its
 * host is an address. Pure functions; nothing outside the text is read.
 */
#include "sip/numeric.h"

#include "base/block.h"
#include "sip/text.h"

#include <arpa/inet.h>

static inline unsigned digit_at(const char *at, const char *end)
{
	return at < end ? (unsigned)(uint8_t)*at - '0' : UINT32_MAX;
}

/* One to three digits, no leading zero, below 256. Returns the place after them, or NULL. */
static inline const char *read_octet(uint32_t *octets, const char *at, const char *end)
{
	unsigned octet = digit_at(at, end);
	unsigned digit;

	if (octet > 9)
		return NULL;
	at++;
	digit = digit_at(at, end);
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

bool sipring_numeric_ipv4(uint32_t *octets, const char *at, const char *end)
{
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

	return at < end && *at == ':' && sipring_numeric_ipv4(&octets, at + 1, end) ? at + 1 : at;
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

bool sipring_numeric_ipv6(uint16_t groups[8], const char *at, const char *end)
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
			if (n > 6 || !sipring_numeric_ipv4(&octets, begin, end))
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

#define PLAIN_MAX 63u
#define SHORT_MAX 15u /* too few for eight groups where two colons stand together */

/*
 * By where the digits and the colons of an address stand: are there no other characters, no group
 * of more than four digits, no more than one "::", and none but that at an edge? *gap: where it is.
 */
static inline bool is_sound(uint64_t *gap, struct sipring_block_kinds kinds, size_t size)
{
	const uint64_t edges = 1 | (uint64_t)1 << (size - 1);
	const uint64_t two = kinds.hex & kinds.hex << 1;

	*gap = kinds.colon & kinds.colon << 1;
	return (kinds.hex | kinds.colon) == ((uint64_t)1 << size) - 1 &&
		!((two & two << 2 & kinds.hex << 4) | (*gap & (*gap - 1)) |
			(kinds.colon & edges & ~(*gap | *gap >> 1)));
}

/* An address without an IPv4 tail. False: look closer. */
static bool is_plain(const char *text, size_t size)
{
	struct sipring_block_kinds kinds = {0, 0};
	unsigned n_groups = 0;
	uint64_t gap;

	for (size_t at = 0; at < size; at += SIPRING_BLOCK_SIZE) {
		const struct sipring_block_kinds more =
			sipring_block_kinds_of(sipring_block_of(text + at, size - at));

		kinds.hex |= more.hex << at;
		kinds.colon |= more.colon << at;
	}
	if (!is_sound(&gap, kinds, size))
		return false;
	for (uint64_t first = kinds.hex & ~(kinds.hex << 1); first; first &= first - 1)
		n_groups++;
	return gap ? n_groups <= 7 : n_groups == 8;
}

static __attribute__((noinline)) bool is_ipv6_of_any_size(const char *at, const char *end)
{
	size_t size = (size_t)(end - at);
	uint16_t groups[8];

	return (size && size <= PLAIN_MAX && is_plain(at, size)) ||
		sipring_numeric_ipv6(groups, at, end);
}

/* Most addresses are short: a prefix, "::" and a number. */
bool sipring_numeric_is_ipv6(const char *at, const char *end)
{
	size_t size = (size_t)(end - at);
	uint64_t gap;

	return (size && size <= SHORT_MAX &&
		       is_sound(&gap, sipring_block_kinds_of(sipring_block_of(at, size)), size) &&
		       gap) ||
		is_ipv6_of_any_size(at, end);
}
