/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts: their kinds, and host with port with and without white space.
 */
#include "sip/host.h"

#include "net/address.h"
#include "random.h"
#include "sip/text.h"
#include "sip_edge.h"

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
		{"[", SIPRING_HOST_NONE},
		{"", SIPRING_HOST_NONE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		union sipring_address address = {.sa.sa_family = AF_UNSPEC};

		cr_assert_eq(sipring_host_classify(edge_span(rows[i].text), &address), rows[i].kind,
			"%s", rows[i].text);
		cr_assert_eq(address.sa.sa_family == AF_INET, rows[i].kind == SIPRING_HOST_IPV4);
		cr_assert_eq(address.sa.sa_family == AF_INET6, rows[i].kind == SIPRING_HOST_IPV6);
		cr_assert_eq(sipring_address_port(&address), 0);
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
		struct sipring_span host;
		uint16_t port;
		const char *at =
			sipring_host_read(&host, &port, text.data, end, rows[i].white_space);

		cr_assert_eq(at != NULL, rows[i].host != NULL, "%s", rows[i].text);
		if (!at)
			continue;
		cr_assert_span(host, rows[i].host);
		cr_assert_eq(port, rows[i].port);
		cr_assert_span(sipring_text_span(at, end), rows[i].rest);
	}
}
