/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Media types: RFC 3261 20.15's forms and what is none.
 */
#include "sip_edge.h"

Test(sip_content_type, good_forms)
{
	static const struct {
		const char *text, *type, *subtype, *params;
	} rows[] = {
		{"application/sdp", "application", "sdp", NULL},
		{" text / html ; charset=ISO-8859-4 ", "text", "html", "charset=ISO-8859-4"},
		{"multipart/mixed;boundary=\"a;b\";x", "multipart", "mixed", "boundary=\"a;b\";x"},
		{"application/vnd.3gpp.sms+x", "application", "vnd.3gpp.sms+x", NULL},
	};
	struct sipring_content_type got;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_assert_eq(sipring_content_type_parse(&got, edge_span(rows[i].text)), 0, "%s",
			rows[i].text);
		cr_assert_span(got.type, rows[i].type);
		cr_assert_span(got.subtype, rows[i].subtype);
		cr_assert_span(got.params, rows[i].params);
	}
}

Test(sip_content_type, bad_forms)
{
	static const char *const texts[] = {"", " ", "text", "text/", "/plain", "text/plain;",
		"text/plain;a=", "text/plain, text/html", "text plain", "text/plain x"};
	struct sipring_content_type got;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		cr_assert_eq(sipring_content_type_parse(&got, edge_span(texts[i])),
			SIPRING_PARSE_BAD_CONTENT_TYPE, "%s", texts[i]);
}
