/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Via: the forms of RFC 3261 20.42 and 25.1 with RFC 3581's rport, and what is none.
 */
#include "sip_edge.h"

struct row {
	const char *text;
	enum sipring_transport transport;
	const char *host;
	unsigned port;
	const char *branch, *received, *maddr, *rest;
	int ttl;
	bool has_rport;
	unsigned rport;
};

Test(sip_via, good_forms)
{
	static const struct row rows[] = {
		{"SIP/2.0/UDP h", SIPRING_TRANSPORT_UDP, "h", 0, NULL, NULL, NULL, NULL, -1},
		{"SIP/2.0/SCTP h.example.com:5062;branch=z9hG4bK87asd", SIPRING_TRANSPORT_SCTP,
			"h.example.com", 5062, "z9hG4bK87asd", NULL, NULL, NULL, -1},
		{"SIP/2.0/TLS-SCTP 192.0.2.1;rport", SIPRING_TRANSPORT_TLS_SCTP, "192.0.2.1", 0,
			NULL, NULL, NULL, NULL, -1, true, 0},
		{"SIP/2.0/TCP [2001:db8::9:1]:5061;received=2001:db8::1;rport=9;branch=b",
			SIPRING_TRANSPORT_TCP, "[2001:db8::9:1]", 5061, "b", "2001:db8::1", NULL,
			NULL, -1, true, 9},
		{"SIP/2.0/TLS [::1];received=[2001:db8::1]", SIPRING_TRANSPORT_TLS, "[::1]", 0,
			NULL, "[2001:db8::1]", NULL, NULL, -1},
		{" SIP / 2.0 / UDP \r\n first.example.com: 4000 ; ttl = 16 ;maddr=224.2.0.1 ; "
		 "branch=a7c6a8dlze.1 , x",
			SIPRING_TRANSPORT_UDP, "first.example.com", 4000, "a7c6a8dlze.1", NULL,
			"224.2.0.1", " x", 16},
		{"sip/2.0/ws h", SIPRING_TRANSPORT_WS, "h", 0, NULL, NULL, NULL, NULL, -1},
		{"SIP/2.0/DCCP h;BRANCH=x;x-own=\"a;b,c\"", SIPRING_TRANSPORT_UNKNOWN, "h", 0, "x",
			NULL, NULL, NULL, -1},
		{"SIP/2.0/WSS df7jal23ls0d.invalid;keep;branch=z9hG4bK1/+==", SIPRING_TRANSPORT_WSS,
			"df7jal23ls0d.invalid", 0, "z9hG4bK1/+==", NULL, NULL, NULL, -1},
		{"SIP/2.0/UDP\th", SIPRING_TRANSPORT_UDP, "h", 0, NULL, NULL, NULL, NULL, -1},
		{"SIP/2.0/TLS-SCTP\r\n h", SIPRING_TRANSPORT_TLS_SCTP, "h", 0, NULL, NULL, NULL,
			NULL, -1},
		{"SIP/2.0/UDP a,", SIPRING_TRANSPORT_UDP, "a", 0, NULL, NULL, NULL, "", -1},
		{"SIP/2.0/UDP a;ttl=255", SIPRING_TRANSPORT_UDP, "a", 0, NULL, NULL, NULL, NULL,
			255},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct sipring_via via;

		cr_assert_eq(sipring_via_parse(&via, edge_span(row->text)), 0, "%s", row->text);
		cr_assert_eq(via.transport, row->transport, "%s", row->text);
		cr_assert_span(via.host, row->host);
		cr_assert_eq(via.port, row->port, "%s", row->text);
		cr_assert_span(via.branch, row->branch);
		cr_assert_span(via.received, row->received);
		cr_assert_span(via.maddr, row->maddr);
		cr_assert_span(via.rest, row->rest);
		cr_assert_eq(via.ttl, row->ttl, "%s", row->text);
		cr_assert_eq(via.has_rport, row->has_rport, "%s", row->text);
		cr_assert_eq(via.rport, row->rport, "%s", row->text);
	}
}

Test(sip_via, the_whole_and_its_parameters)
{
	struct sipring_via via;

	cr_assert_eq(sipring_via_parse(&via, edge_span(" SIP/2.0/TLS-SCTP h ;a; b = c , d")), 0);
	cr_assert_span(via.text, "SIP/2.0/TLS-SCTP h ;a; b = c");
	cr_assert_span(via.params, "a; b = c");
	cr_assert_span(via.transport_token, "TLS-SCTP");
	cr_assert_eq(sipring_via_parse(&via, edge_span("SIP/2.0/TLS-SCTP\th")), 0);
	cr_assert_span(via.transport_token, "TLS-SCTP");
	cr_assert_eq(sipring_via_parse(&via, edge_span("SIP/2.0/UDP h ")), 0);
	cr_assert_span(via.text, "SIP/2.0/UDP h");
	cr_assert_span(via.params, NULL);
}

Test(sip_via, the_first_of_a_repeated_parameter)
{
	struct sipring_via via;

	cr_assert_eq(sipring_via_parse(&via,
			     edge_span("SIP/2.0/UDP h;branch=a;received=b;maddr=c;ttl=1;rport=2"
				       ";branch=d;received=e;maddr=f;ttl=3;rport=4;rport")),
		0);
	cr_assert_span(via.branch, "a");
	cr_assert_span(via.received, "b");
	cr_assert_span(via.maddr, "c");
	cr_assert_eq(via.ttl, 1);
	cr_assert_eq(via.rport, 2);
	cr_assert_eq(sipring_via_parse(&via, edge_span("SIP/2.0/UDP h;rport;rport=4")), 0);
	cr_assert(via.has_rport);
	cr_assert_eq(via.rport, 0);
	cr_assert_eq(sipring_via_parse(&via, edge_span("SIP/2.0/UDP h;ttl=1;ttl=x")),
		SIPRING_PARSE_BAD_VIA);
}

Test(sip_via, bad_forms)
{
	static const char *const texts[] = {"", " ", "SIP", "SIP/2.0", "SIP/2.0/", "SIP/2.0/UDP",
		"SIP/2.0/UDP ", "SIP/2.0 UDP h", "SIP/3.0/UDP h", "HTTP/2.0/UDP h", "SIP/2.0/UDPh;",
		"SIP/2.0/UDP h;", "SIP/2.0/UDP h;;branch=x",
		"SIP/2.0/UDP h;branch=", "SIP/2.0/UDP h;branch", "SIP/2.0/UDP h;received",
		"SIP/2.0/UDP h;maddr=", "SIP/2.0/UDP h:", "SIP/2.0/UDP h:0", "SIP/2.0/UDP h:65536",
		"SIP/2.0/UDP h:99999999999", "SIP/2.0/UDP h:5060x", "SIP/2.0/UDP [::1",
		"SIP/2.0/UDP []", "SIP/2.0/UDP [h]", "SIP/2.0/UDP [192.0.2.1]",
		"SIP/2.0/UDP h;ttl=256", "SIP/2.0/UDP h;ttl=x", "SIP/2.0/UDP h;ttl",
		"SIP/2.0/UDP h;rport=x", "SIP/2.0/UDP h;rport=65536", "SIP/2.0/UDP h i",
		"SIP/2.0/UDP h;a=\"x", "SIP/2.0/UDP h;a=\"x\\", ",", "SIP/2.0/UDP ;branch=x",
		"SIP/2.0/UDP h;a b", "SIP/2.0/UDP h;=b", "SIP/2.0/ h", "SIP/2.0/U@P h",
		"SIP/2.0/UDP[::1]", "SIP/2.0/UDP[::1] "};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct sipring_via via;

		cr_assert_eq(sipring_via_parse(&via, edge_span(texts[i])), SIPRING_PARSE_BAD_VIA,
			"%s", texts[i]);
	}
}
