/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * name-addr and addr-spec: the forms of RFC 3261 20.10 and 25.1, and what is none.
 */
#include "sip_edge.h"

struct row {
	const char *text;
	const char *display, *uri, *params, *tag, *rest;
};

Test(sip_name_addr, good_forms)
{
	static const struct row rows[] = {
		{"<sip:a@b>", NULL, "sip:a@b", NULL, NULL, NULL},
		{"sip:a@b", NULL, "sip:a@b", NULL, NULL, NULL},
		{"sip:a@b;tag=x", NULL, "sip:a@b", "tag=x", "x", NULL},
		{"sip:a@b ; tag = x , sip:c", NULL, "sip:a@b", " tag = x", "x", " sip:c"},
		{"<sip:a@b;tag=no>;tag=yes", NULL, "sip:a@b;tag=no", "tag=yes", "yes", NULL},
		{"Bob <sip:a@b>", "Bob", "sip:a@b", NULL, NULL, NULL},
		{"Bob T. Watson <sip:a@b>", "Bob T. Watson", "sip:a@b", NULL, NULL, NULL},
		{"Bob<sip:a@b>", "Bob", "sip:a@b", NULL, NULL, NULL},
		{"\"A. G. Bell\" <sip:agb@bell.com> ;tag=a48s", "\"A. G. Bell\"",
			"sip:agb@bell.com", "tag=a48s", "a48s", NULL},
		{"\"a \\\" <sip:x>, \\\\\"\r\n <sips:a@b>;q=0.7;expires=60,<sip:c>",
			"\"a \\\" <sip:x>, \\\\\"", "sips:a@b", "q=0.7;expires=60", NULL,
			"<sip:c>"},
		{"<sip:a,b;c@d?e=f>,", NULL, "sip:a,b;c@d?e=f", NULL, NULL, ""},
		{"<tel:+1-201-555-0123;x=y>;TAG=1;tag=2", NULL, "tel:+1-201-555-0123;x=y",
			"TAG=1;tag=2", "1", NULL},
		{"*", NULL, "*", NULL, NULL, NULL},
		{"<urn:service:sos>", NULL, "urn:service:sos", NULL, NULL, NULL},
		{"\"\" <sip:a>;p=\"q;,r\";s", "\"\"", "sip:a", "p=\"q;,r\";s", NULL, NULL},
		{"\r\n\t<sip:a>\r\n ", NULL, "sip:a", NULL, NULL, NULL},
		{"Andr\303\251 <sip:a>", "Andr\303\251", "sip:a", NULL, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_name_addr got;

		cr_assert_eq(sipring_name_addr_parse(&got, edge_span(rows[i].text)), 0, "%s",
			rows[i].text);
		cr_assert_span(got.display, rows[i].display);
		cr_assert_span(got.uri, rows[i].uri);
		cr_assert_span(got.params, rows[i].params);
		cr_assert_span(got.tag, rows[i].tag);
		cr_assert_span(got.rest, rows[i].rest);
	}
}

Test(sip_name_addr, bad_forms)
{
	static const char *const texts[] = {"", " ", "<", "<>", "<sip:a", "<sip:>x", "sip",
		"sip:", "a@b", "Bell, Alexander <sip:agb@bell.com>", "\"Bob <sip:a@b>",
		"\"Bob\" sip:a@b", "\"Bob\"", "<sip:a>;", "<sip:a>;;tag=x",
		"<sip:a>;tag=", "<sip:a>;=x", "<sip:a> x", "sip:a@b x", "sip:a b@c;tag=x", ";tag=x",
		",", "<a@b>", "< sip:a>", "1:a", "Bob \"x\" <sip:a>", "<sip:a>;tag=\"x",
		"<sip:a>;t@g=x", "\"x\\"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct sipring_name_addr got;

		cr_assert_eq(sipring_name_addr_parse(&got, edge_span(texts[i])),
			SIPRING_PARSE_BAD_NAME_ADDR, "%s", texts[i]);
	}
}
