/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From URI to target: which transport, host and port, and whose default applies.
 */
#include "sip_edge.h"

#include "net/address.h"

#define UDP SIPRING_TRANSPORT_UDP
#define SCTP SIPRING_TRANSPORT_SCTP

static int target_of(struct sipring_target *target, const char *text, uint16_t default_port)
{
	struct sipring_uri uri;

	cr_assert_eq(sipring_uri_parse(&uri, edge_span(text)), 0, "%s", text);
	return sipring_uri_target(&uri, default_port, target);
}

Test(sip_target, good)
{
	static const struct {
		const char *text;
		enum sipring_transport transport;
		const char *host, *address; /* address NULL: a name */
		unsigned port;
		bool is_port_named, is_transport_named;
	} rows[] = {
		{"sip:u@example.com;transport=sctp", SCTP, "example.com", NULL, 5099, false, true},
		{"sip:example.com:5070;transport=SCTP", SCTP, "example.com", NULL, 5070, true,
			true},
		{"sip:192.0.2.1;transport=sctp", SCTP, "192.0.2.1", "192.0.2.1:5099", 5099, false,
			true},
		{"sip:[2001:db8::1]:7;transport=sctp", SCTP, "[2001:db8::1]", "[2001:db8::1]:7", 7,
			true, true},
		{"sip:192.0.2.1", UDP, "192.0.2.1", "192.0.2.1:5060", 5060, false, false},
		{"sip:example.com:5099", UDP, "example.com", NULL, 5099, true, false},
		{"sip:example.com;transport=tcp", SIPRING_TRANSPORT_TCP, "example.com", NULL, 5060,
			false, true},
		{"sips:example.com", SIPRING_TRANSPORT_TLS, "example.com", NULL, 5061, false,
			false},
		{"sips:example.com;transport=tcp", SIPRING_TRANSPORT_TLS, "example.com", NULL, 5061,
			false, true},
		{"sips:192.0.2.1;transport=sctp", SIPRING_TRANSPORT_TLS_SCTP, "192.0.2.1",
			"192.0.2.1:5061", 5061, false, true},
		{"sip:h;transport=tls-sctp", SIPRING_TRANSPORT_TLS_SCTP, "h", NULL, 5061, false,
			true},
		{"sip:h;transport=wss", SIPRING_TRANSPORT_WSS, "h", NULL, 443, false, true},
		{"sip:h:9;transport=sctp;maddr=192.0.2.7", SCTP, "192.0.2.7", "192.0.2.7:9", 9,
			true, true},
		{"sip:192.0.2.1;transport=sctp;maddr=m.example.com", SCTP, "m.example.com", NULL,
			5099, false, true},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_target target;
		char text[SIPRING_ADDRESS_TEXT_MAX];

		cr_assert_eq(target_of(&target, rows[i].text, 5099), 0, "%s", rows[i].text);
		cr_assert_eq(target.transport, rows[i].transport, "%s", rows[i].text);
		cr_assert_span(target.host, rows[i].host);
		cr_assert_eq(target.port, rows[i].port, "%s", rows[i].text);
		cr_assert_eq(target.is_port_named, rows[i].is_port_named, "%s", rows[i].text);
		cr_assert_eq(target.is_transport_named, rows[i].is_transport_named, "%s",
			rows[i].text);
		if (rows[i].address)
			cr_assert_str_eq(sipring_address_print(&target.address, text),
				rows[i].address);
		else
			cr_assert_eq(target.address.sa.sa_family, AF_UNSPEC, "%s", rows[i].text);
	}
}

Test(sip_target, without_a_default_port_the_transports_own)
{
	struct sipring_target target;

	cr_assert_eq(target_of(&target, "sip:192.0.2.1;transport=sctp", 0), 0);
	cr_assert_eq(target.port, 5060);
}

Test(sip_target, none)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{"tel:+1", SIPRING_PARSE_NO_TARGET},
		{"urn:service:sos", SIPRING_PARSE_NO_TARGET},
		{"sip:h;transport=dccp", SIPRING_PARSE_UNKNOWN_TRANSPORT},
		{"sips:h;transport=udp", SIPRING_PARSE_UNKNOWN_TRANSPORT},
		{"sip:h;transport", SIPRING_PARSE_UNKNOWN_TRANSPORT},
		{"sip:h;maddr=1.2.3", SIPRING_PARSE_BAD_HOST},
		{"sip:h;maddr=[::1", SIPRING_PARSE_BAD_HOST},
		{"sip:h;maddr", SIPRING_PARSE_BAD_HOST},
	};
	struct sipring_target target;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_eq(target_of(&target, rows[i].text, 1), rows[i].result, "%s %d",
			rows[i].text, target_of(&target, rows[i].text, 1));
}
