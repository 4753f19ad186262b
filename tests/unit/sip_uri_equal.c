/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Equivalence of URIs: the examples of RFC 3261 19.1.4 and more, both ways round; and escapes.
 */
#include "sip_edge.h"

#include <errno.h>
#include <stdio.h>

static bool is_equivalent(const char *a, const char *b)
{
	struct sipring_uri uri_a, uri_b;

	cr_assert_eq(sipring_uri_parse(&uri_a, span_of(a)), 0, "%s", a);
	cr_assert_eq(sipring_uri_parse(&uri_b, span_of(b)), 0, "%s", b);
	cr_assert_eq(sipring_uri_is_equivalent(&uri_a, &uri_b),
		sipring_uri_is_equivalent(&uri_b, &uri_a), "%s %s", a, b);
	return sipring_uri_is_equivalent(&uri_a, &uri_b);
}

Test(sip_uri_equal, equivalent)
{
	static const char *const rows[][2] = {
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"},
		{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
			"sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"},
		{"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
			"sip:alice@atlanta.com?priority=urgent&subject=project%20x"},
		{"sip:a@b;x=%41", "sip:a@b;x=a"},
		{"sip:a@[2001:DB8::1]", "sip:a@[2001:db8:0:0::1]"},
		{"sip:a%3b@b", "sip:a%3B@b"},
		{"sip:h;transport=tcp", "sip:h"},
		{"tel:+1-201-555-0123", "tel:+1(201)5550123"},
		{"tel:7042;phone-context=b;isub=1", "tel:7042;isub=1;phone-context=B"},
		{"urn:service:sos", "urn:service:sos"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert(is_equivalent(rows[i][0], rows[i][1]), "%s %s", rows[i][0], rows[i][1]);
}

Test(sip_uri_equal, not_equivalent)
{
	static const char *const rows[][2] = {
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"},
		{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"},
		{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"},
		{"sip:a@b", "sips:a@b"},
		{"sip:a@b", "sip:b"},
		{"sip:a:p@b", "sip:a@b"},
		{"sip:a:p@b", "sip:a:P@b"},
		{"sip:a@b", "sip:a@b;maddr=192.0.2.1"},
		{"sip:a@b", "sip:a@b;user=ip"},
		{"sip:a@b", "sip:a@b;ttl=1"},
		{"sip:a@b", "sip:a@b;method=INVITE"},
		{"sip:a;b@c", "sip:a%3bb@c"},
		{"sip:a@192.0.2.1", "sip:a@192.0.2.2"},
		{"sip:h?a=b", "sip:h?a=c"},
		{"sip:h;x", "sip:h;x=1"},
		{"tel:+1201", "tel:1201"},
		{"tel:7042;phone-context=a", "tel:7042"},
		{"urn:service:sos", "urn:service:SOS"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_not(is_equivalent(rows[i][0], rows[i][1]), "%s %s", rows[i][0],
			rows[i][1]);
}

Test(sip_uri_equal, parts_are_bounded)
{
	static char a[1024], b[1030];
	size_t size = (size_t)sprintf(a, "sip:h");

	for (int i = 0; i < SIPRING_URI_PARTS_MAX; i++)
		size += (size_t)sprintf(a + size, ";p%d", i);
	snprintf(b, sizeof b, "%s;q", a);
	cr_assert_not(is_equivalent(a, b));
	cr_assert(is_equivalent(b, b));
}

Test(sip_uri_equal, unescape)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {{"", ""}, {"abc", "abc"}, {"%61%6c%6Cx", "allx"}, {"a%3b%40", "a;@"},
		{"%", "%"}, {"%4", "%4"}, {"%4g%41", "%4gA"}};
	char out[16];
	int size;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size = sipring_uri_unescape(out, sizeof out, edge_span(rows[i].text));
		cr_assert_span(((struct sipring_span){out, (size_t)size}), rows[i].wanted);
	}
	cr_assert_eq(sipring_uri_unescape(out, 2, span_of("abc")), -ENOBUFS);
	cr_assert_eq(sipring_uri_unescape(out, 1, span_of("%00")), 1);
	cr_assert_eq(out[0], 0);
}
