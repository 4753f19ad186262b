/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * URIs: the forms of RFC 3261 19.1, RFC 3966 and RFC 5118, and what is none.
 */
#include "sip_edge.h"

struct row {
	const char *text;
	enum sipring_uri_scheme scheme;
	const char *user, *password, *host;
	enum sipring_host_kind kind;
	unsigned port;
	const char *params, *headers, *transport, *maddr;
	bool is_loose_route;
};

#define SIP SIPRING_URI_SIP
#define NAME SIPRING_HOST_NAME

static const struct row rows[] = {
	{"sip:h", SIP, NULL, NULL, "h", NAME},
	{"sip:alice@atlanta.com", SIP, "alice", NULL, "atlanta.com", NAME},
	{"SIP:alice:secretword@atlanta.com;transport=TCP", SIP, "alice", "secretword",
		"atlanta.com", NAME, 0, "transport=TCP", NULL, "TCP"},
	{"sips:alice@atlanta.com?subject=project%20x&priority=urgent", SIPRING_URI_SIPS, "alice",
		NULL, "atlanta.com", NAME, 0, NULL, "subject=project%20x&priority=urgent"},
	{"sip:+1-212-555-1212:1234@gateway.com;user=phone", SIP, "+1-212-555-1212", "1234",
		"gateway.com", NAME, 0, "user=phone"},
	{"sip:alice@192.0.2.4:5070", SIP, "alice", NULL, "192.0.2.4", SIPRING_HOST_IPV4, 5070},
	{"sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", SIP, NULL, NULL, "atlanta.com",
		NAME, 0, "method=REGISTER", "to=alice%40atlanta.com"},
	{"sip:alice;day=tuesday@atlanta.com", SIP, "alice;day=tuesday", NULL, "atlanta.com", NAME},
	{"sip:u@[2001:db8::10]:65535;lr", SIP, "u", NULL, "[2001:db8::10]", SIPRING_HOST_IPV6,
		65535, "lr", NULL, NULL, NULL, true},
	{"sip:[::ffff:192.0.2.1]", SIP, NULL, NULL, "[::ffff:192.0.2.1]", SIPRING_HOST_IPV6},
	{"sip:a%20b%00:@h", SIP, "a%20b%00", "", "h", NAME},
	{"sip:h;a;b=c:d/e;lr=on;maddr=192.0.2.9;Transport=sctp;transport=udp", SIP, NULL, NULL, "h",
		NAME, 0, "a;b=c:d/e;lr=on;maddr=192.0.2.9;Transport=sctp;transport=udp", NULL,
		"sctp", "192.0.2.9", true},
	{"sip:h;x=a==", SIP, NULL, NULL, "h", NAME, 0, "x=a=="},
	{"sip:h?a=&b=c?d", SIP, NULL, NULL, "h", NAME, 0, NULL, "a=&b=c?d"},
	{"sip:3f2a.host_1.", SIP, NULL, NULL, "3f2a.host_1.", NAME},
	{"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:"
	 "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
		SIP, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
		"&it+has=1,weird!*pas$wo~d_too.(doesn't-it)", "example.com", NAME},
	{"tel:+1-201-555-0123", SIPRING_URI_TEL, "+1-201-555-0123"},
	{"tel:7042;phone-context=example.com", SIPRING_URI_TEL, "7042", NULL, NULL,
		SIPRING_HOST_NONE, 0, "phone-context=example.com"},
	{"tel:*21#(0)a", SIPRING_URI_TEL, "*21#(0)a"},
	{"urn:service:sos", SIPRING_URI_OTHER, "service:sos"},
	{"http://example.com/a?b#c", SIPRING_URI_OTHER, "//example.com/a?b#c"},
};

Test(sip_uri, good_forms)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_uri uri;

		cr_assert_eq(sipring_uri_parse(&uri, edge_span(rows[i].text)), 0, "%s",
			rows[i].text);
		cr_assert_eq(uri.scheme, rows[i].scheme, "%s", rows[i].text);
		cr_assert_span(uri.user, rows[i].user);
		cr_assert_span(uri.password, rows[i].password);
		cr_assert_span(uri.host, rows[i].host);
		cr_assert_eq(uri.host_kind, rows[i].kind, "%s", rows[i].text);
		cr_assert_eq(uri.port, rows[i].port, "%s", rows[i].text);
		cr_assert_span(uri.params, rows[i].params);
		cr_assert_span(uri.headers, rows[i].headers);
		cr_assert_span(uri.transport, rows[i].transport);
		cr_assert_span(uri.maddr, rows[i].maddr);
		cr_assert_eq(uri.is_loose_route, rows[i].is_loose_route, "%s", rows[i].text);
		cr_assert_span(uri.text, rows[i].text);
	}
}

Test(sip_uri, every_prefix)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t size = 0; size < strlen(rows[i].text); size++) {
			struct sipring_span text = {edge_copy(rows[i].text, size), size};
			struct sipring_uri uri;

			sipring_uri_parse(&uri, text);
		}
}

static const struct {
	const char *text;
	int result;
} bad[] = {
	{"", SIPRING_PARSE_BAD_URI},
	{"sip", SIPRING_PARSE_BAD_URI},
	{":", SIPRING_PARSE_BAD_URI},
	{"1sip:h", SIPRING_PARSE_BAD_URI},
	{" sip:h", SIPRING_PARSE_BAD_URI},
	{"<sip:h>", SIPRING_PARSE_BAD_URI},
	{"sip:", SIPRING_PARSE_BAD_HOST},
	{"sip:@h", SIPRING_PARSE_BAD_URI},
	{"sip::p@h", SIPRING_PARSE_BAD_URI},
	{"sip:a@", SIPRING_PARSE_BAD_HOST},
	{"sip:a@b@c", SIPRING_PARSE_BAD_URI},
	{"sip:a b@c", SIPRING_PARSE_BAD_URI},
	{"sip:a%@c", SIPRING_PARSE_BAD_URI},
	{"sip:a%2@c", SIPRING_PARSE_BAD_URI},
	{"sip:a%2g@c", SIPRING_PARSE_BAD_URI},
	{"sip:a:b:c@d", SIPRING_PARSE_BAD_URI},
	{"sip:h:", SIPRING_PARSE_BAD_HOST},
	{"sip:h:0", SIPRING_PARSE_BAD_HOST},
	{"sip:h:65536", SIPRING_PARSE_BAD_HOST},
	{"sip:h:-1", SIPRING_PARSE_BAD_HOST},
	{"sip:h:5060x", SIPRING_PARSE_BAD_HOST},
	{"sip:h :5060", SIPRING_PARSE_BAD_URI},
	{"sip:256.0.0.1", SIPRING_PARSE_BAD_HOST},
	{"sip:1.2.3", SIPRING_PARSE_BAD_HOST},
	{"sip:1.2.3.4.5", SIPRING_PARSE_BAD_HOST},
	{"sip:12", SIPRING_PARSE_BAD_HOST},
	{"sip:[::1", SIPRING_PARSE_BAD_HOST},
	{"sip:[]", SIPRING_PARSE_BAD_HOST},
	{"sip:[1.2.3.4]", SIPRING_PARSE_BAD_HOST},
	{"sip:[fe80::1%25lo]", SIPRING_PARSE_BAD_HOST},
	{"sip:[fe80::1%lo]", SIPRING_PARSE_BAD_HOST},
	{"sip:2001:db8::1", SIPRING_PARSE_BAD_HOST},
	{"sip:h;", SIPRING_PARSE_BAD_URI},
	{"sip:h;;a", SIPRING_PARSE_BAD_URI},
	{"sip:h;a=", SIPRING_PARSE_BAD_URI},
	{"sip:h;=a", SIPRING_PARSE_BAD_URI},
	{"sip:h;a=\"b\"", SIPRING_PARSE_BAD_URI},
	{"sip:h;a%zz", SIPRING_PARSE_BAD_URI},
	{"sip:h?", SIPRING_PARSE_BAD_URI},
	{"sip:h?a", SIPRING_PARSE_BAD_URI},
	{"sip:h?=b", SIPRING_PARSE_BAD_URI},
	{"sip:h?a=b&", SIPRING_PARSE_BAD_URI},
	{"sip:h?a=b&&c=d", SIPRING_PARSE_BAD_URI},
	{"sip:h?a=b=c", SIPRING_PARSE_BAD_URI},
	{"sip:h?a=%4", SIPRING_PARSE_BAD_URI},
	{"sip:h,", SIPRING_PARSE_BAD_URI},
	{"tel:", SIPRING_PARSE_BAD_URI},
	{"tel:+", SIPRING_PARSE_BAD_URI},
	{"tel:;x", SIPRING_PARSE_BAD_URI},
	{"tel:12x", SIPRING_PARSE_BAD_URI},
	{"tel:12;", SIPRING_PARSE_BAD_URI},
	{"urn:", SIPRING_PARSE_BAD_URI},
	{"urn:a b", SIPRING_PARSE_BAD_URI},
	{"urn:a>b", SIPRING_PARSE_BAD_URI},
};

Test(sip_uri, bad_forms)
{
	struct sipring_uri uri;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(sipring_uri_parse(&uri, edge_span(bad[i].text)), bad[i].result, "%s",
			bad[i].text);
	cr_assert_eq(sipring_uri_parse(&uri, (struct sipring_span){NULL, 0}),
		SIPRING_PARSE_BAD_URI);
	cr_assert_eq(sipring_uri_parse(&uri, (struct sipring_span){"urn:\0", 5}),
		SIPRING_PARSE_BAD_URI);
}
