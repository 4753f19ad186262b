/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts: their kinds, and host with port with and without white space.
 */
#include "sip/host.h"

#include "net/address.h"
#include "random.h"
#include "sip/text.h"
#include "sip_edge.h"

#include <arpa/inet.h>

#define F16 "ffffffffffffffff"

Test(sip_host, kinds)
{
	static const struct {
		const char *text;
		enum sipring_host_kind kind;
	} rows[] = {
		{"example.com", SIPRING_HOST_NAME},
		{"1a", SIPRING_HOST_NAME},
		{"192.0.2.1", SIPRING_HOST_IPV4},
		{"192.0.2.1.", SIPRING_HOST_NONE},
		{"192.0.2", SIPRING_HOST_NONE},
		{"192.0.2.256", SIPRING_HOST_NONE},
		{"[::1]", SIPRING_HOST_IPV6},
		{"[::1%lo]", SIPRING_HOST_NONE},
		{"[2001:db8::192.0.2.1]", SIPRING_HOST_IPV6},
		{"[2001:db8:::192.0.2.1]", SIPRING_HOST_IPV6},
		{"[:::192.0.2.1]", SIPRING_HOST_IPV6},
		{"[::::192.0.2.1]", SIPRING_HOST_NONE},
		{"[1:::2:::192.0.2.1]", SIPRING_HOST_NONE},
		{"[2001:db8:::1]", SIPRING_HOST_NONE},
		{"[:::]", SIPRING_HOST_NONE},
		{"[192.0.2.1]", SIPRING_HOST_NONE},
		{"[::1]:5060", SIPRING_HOST_NONE},
		{"[::12", SIPRING_HOST_NONE},
		{"[1:2:3:4:5:6:7:8]", SIPRING_HOST_IPV6},
		{"[1:2:3:4:5:6:7:]", SIPRING_HOST_NONE},
		{"[1:2:3:4:5:6:7::]", SIPRING_HOST_IPV6},
		{"[1:2:3:4:5:6:7:8::]", SIPRING_HOST_NONE},
		{"[1::2:3:4:5:6:7]", SIPRING_HOST_IPV6},
		{"[1::2:3:4:5:6:7:8]", SIPRING_HOST_NONE},
		{"[" F16 F16 F16 "fffffffffffffff]", SIPRING_HOST_NONE},
		{"[" F16 F16 F16 F16 "]", SIPRING_HOST_NONE},
		{"[" F16 F16 F16 F16 "f]", SIPRING_HOST_NONE},
		{"[", SIPRING_HOST_NONE},
		{"", SIPRING_HOST_NONE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		union sipring_address address = {.sa.sa_family = AF_UNSPEC};

		cr_assert_eq(sipring_host_classify(edge_span(rows[i].text), &address), rows[i].kind,
			"%s", rows[i].text);
		cr_assert_eq(sipring_host_classify(edge_span(rows[i].text), NULL), rows[i].kind,
			"%s", rows[i].text);
		cr_assert_eq(address.sa.sa_family == AF_INET, rows[i].kind == SIPRING_HOST_IPV4);
		cr_assert_eq(address.sa.sa_family == AF_INET6, rows[i].kind == SIPRING_HOST_IPV6);
		cr_assert_eq(sipring_address_port(&address), 0);
	}
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_span text = edge_span(rows[i].text), host = {NULL, 0};
		struct sipring_stop stop;
		struct sipring_seek seek;
		uint16_t port = 0;

		sipring_seek_begin(&seek, text.data, text.data + text.size, 0);
		stop = sipring_host_read(&host, &port, text.data, &seek, 0);
		if (stop.at != text.data + text.size || port)
			continue;
		cr_assert_eq(sipring_host_kind_of(host), rows[i].kind, "%s", rows[i].text);
	}
}

/* The short cut for IPv4 must say what the address parser says. */
Test(sip_host, ipv4_as_the_address_parser_has_it)
{
	static const char some[] = "0012259.";
	uint64_t state = 5;
	char text[20];

	for (int round = 0; round < 200000; round++) {
		size_t size = 1 + random_below(&state, 16);
		union sipring_address ours, theirs;
		bool is_address;

		for (size_t i = 0; i < size; i++)
			text[i] = i % 4 == 1 && random_below(&state, 2)
				? '.'
				: some[random_below(&state, sizeof some - 1)];
		is_address = !sipring_address_parse(&theirs, text, size);
		cr_assert_eq(sipring_host_classify((struct sipring_span){text, size}, &ours),
			is_address ? SIPRING_HOST_IPV4 : SIPRING_HOST_NONE, "%.*s", (int)size,
			text);
		if (is_address)
			cr_assert(sipring_address_equal(&ours, &theirs));
	}
}

/* Characters at random, or (every other time) groups of about the right size and number. */
static size_t write_ipv6(char *text, uint64_t *state)
{
	static const char some[] = "::::0123fF.1a@g";
	size_t size = 0, n_groups = 1 + random_below(state, 9);

	if (random_below(state, 2)) {
		for (size_t upto = 2 + random_below(state, 22); size < upto; size++)
			text[size] = some[random_below(state, sizeof some - 1)];
		return size;
	}
	while (n_groups-- > 0) {
		for (size_t n = random_below(state, 8) ? 1 + random_below(state, 4)
						       : random_below(state, 6);
			n > 0; n--)
			text[size++] = "0123456789abcdefABCDEF"[random_below(state, 22)];
		if (n_groups || !random_below(state, 8))
			text[size++] = ':';
		if (!random_below(state, 8))
			text[size++] = ':';
	}
	return size;
}

/* And the one for IPv6 what the C library says, whether the value is wanted or not. */
Test(sip_host, ipv6_as_the_c_library_has_it)
{
	uint64_t state = 6;
	unsigned n_addresses = 0, n_long = 0;
	char text[80];

	for (int round = 0; round < 2000000; round++) {
		size_t size = write_ipv6(text + 1, &state);
		union sipring_address ours;
		struct in6_addr theirs;
		bool is_address;

		text[0] = '[';
		text[size + 1] = 0;
		is_address = inet_pton(AF_INET6, text + 1, &theirs) == 1;
		n_addresses += is_address;
		n_long += is_address && size > 32;
		text[size + 1] = ']';
		cr_assert_eq(sipring_host_classify((struct sipring_span){text, size + 2}, NULL),
			sipring_host_classify((struct sipring_span){text, size + 2}, &ours), "%.*s",
			(int)size + 2, text);
		if (!is_address && memmem(text, size, ":::", 3))
			continue; /* the three colons of RFC 3261 */
		cr_assert_eq(sipring_host_classify((struct sipring_span){text, size + 2}, &ours),
			is_address ? SIPRING_HOST_IPV6 : SIPRING_HOST_NONE, "%.*s", (int)size + 2,
			text);
		if (is_address)
			cr_assert_eq(memcmp(&ours.v6.sin6_addr, &theirs, sizeof theirs), 0);
	}
	cr_assert_gt(n_addresses, 100000);
	cr_assert_gt(n_long, 1000);
}

Test(sip_host, read)
{
	static const struct {
		const char *text;
		unsigned white_space;
		const char *host; /* NULL: refused */
		unsigned port;
		const char *rest;
	} rows[] = {
		{"h", 0, "h", 0, ""},
		{"h;x", 0, "h", 0, ";x"},
		{"h:1", 0, "h", 1, ""},
		{"h : 65535 ;", SIPRING_TEXT_LWS, "h", 65535, " ;"},
		{"h : 1", 0, "h", 0, " : 1"},
		{"[::1]:5", 0, "[::1]", 5, ""},
		{"h:", 0, NULL, 0, NULL},
		{"h:65536", 0, NULL, 0, NULL},
		{"h:0", 0, NULL, 0, NULL},
		{":5", 0, NULL, 0, NULL},
		{"[::1", 0, NULL, 0, NULL},
		{"", 0, NULL, 0, NULL},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_span text = edge_span(rows[i].text);
		const char *end = text.data + text.size;
		struct sipring_seek seek;
		struct sipring_span host;
		struct sipring_stop stop;
		uint16_t port;

		sipring_seek_begin(&seek, text.data, end, 0);
		stop = sipring_host_read(&host, &port, text.data, &seek, rows[i].white_space);
		cr_assert_eq(stop.at != NULL, rows[i].host != NULL, "%s", rows[i].text);
		if (!stop.at)
			continue;
		cr_assert_span(host, rows[i].host);
		cr_assert_eq(port, rows[i].port);
		cr_assert_span(sipring_text_span(stop.at, end), rows[i].rest);
	}
}
