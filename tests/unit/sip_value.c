/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of a message: finding headers, walking lists, numbers, parameters and what the view keeps.
 */
#include "sip_edge.h"

#include <stdio.h>

static struct sipring_message message;

#define START                                                              \
	"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/SCTP a;branch=z9hG4bK1\r\n" \
	"From: <sip:a@b>;tag=1\r\nTo: Bob <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"

static void parse(const char *text)
{
	struct sipring_span at_edge = edge_span(text);

	cr_assert_eq(sipring_message_parse(&message, at_edge.data, at_edge.size), 0);
}

Test(sip_value, headers_by_id_and_name)
{
	const struct sipring_header *header;

	parse(START "Route: <sip:1>\r\nX-A: 1\r\nRoute: <sip:2>\r\nx-a: 2\r\nX-B: 3\r\n\r\n");
	header = sipring_message_header(&message, SIPRING_HEADER_ROUTE);
	cr_assert_span(header->value, "<sip:1>");
	header = sipring_message_header_next(&message, header);
	cr_assert_span(header->value, "<sip:2>");
	cr_assert_null(sipring_message_header_next(&message, header));
	header = sipring_message_header_named(&message, span_of("x-A"));
	cr_assert_span(header->value, "1");
	header = sipring_message_header_next(&message, header);
	cr_assert_span(header->value, "2");
	cr_assert_null(sipring_message_header_next(&message, header));
	header = sipring_message_header_named(&message, span_of("v"));
	cr_assert_eq(header->id, SIPRING_HEADER_VIA);
	cr_assert_null(sipring_message_header_named(&message, span_of("X-C")));
	cr_assert_null(sipring_message_header_named(&message, span_of("Contact")));
}

Test(sip_value, cursor)
{
	static const char *const wanted[] = {"\"a, <b\" <sip:1,2>;x=\"y,z\"", "<sip:3>", "sip:4",
		"<sip:5", NULL};
	struct sipring_value_cursor cursor;
	struct sipring_span value;
	size_t n = 0;

	parse(START
		"Contact: \"a, <b\" <sip:1,2>;x=\"y,z\",<sip:3>\r\nm:\r\nm: ,\r\n ,, sip:4 ,\r\n"
		"Contact: <sip:5\r\n\r\n");
	sipring_value_begin(&cursor, &message, SIPRING_HEADER_CONTACT);
	while (sipring_value_next(&cursor, &value)) {
		cr_assert_not_null(wanted[n]);
		cr_assert_span(value, wanted[n]);
		n++;
	}
	cr_assert_eq(n, 4);
	cr_assert_not(sipring_value_next(&cursor, &value), "the end stays the end");
	sipring_value_begin(&cursor, &message, SIPRING_HEADER_ROUTE);
	cr_assert_not(sipring_value_next(&cursor, &value));
}

Test(sip_value, kept_in_the_view)
{
	parse(START "Contact: <sip:k@h>\r\nRoute: broken\r\n\r\n");
	cr_assert_span(sipring_message_via(&message)->branch, "z9hG4bK1");
	cr_assert_eq(sipring_message_via(&message), &message.via_value);
	cr_assert_span(sipring_message_from(&message)->tag, "1");
	cr_assert_span(sipring_message_to(&message)->display, "Bob");
	cr_assert_span(sipring_message_to(&message)->tag, NULL);
	cr_assert_span(sipring_message_contact(&message)->uri, "sip:k@h");
	cr_assert_null(sipring_message_route(&message));
	cr_assert_null(sipring_message_route(&message));
	parse(START "\r\n");
	cr_assert_null(sipring_message_contact(&message));
}

Test(sip_value, numbers)
{
	static const struct {
		const char *text;
		int result;
		uint32_t number;
	} rows[] = {
		{"70", 0, 70},
		{"0070", 0, 70},
		{"4294967295", 0, 4294967295u},
		{"1800;refresher=uac", 0, 1800},
		{"18000 (I'm in a meeting)", 0, 18000},
		{"18000(x)", 0, 18000},
		{"1 2 INVITE", 0, 1},
		{"4294967296", SIPRING_PARSE_BAD_NUMBER, 0},
		{"", SIPRING_PARSE_BAD_NUMBER, 0},
		{"-1", SIPRING_PARSE_BAD_NUMBER, 0},
		{"1x", SIPRING_PARSE_BAD_NUMBER, 0},
		{"x", SIPRING_PARSE_BAD_NUMBER, 0},
	};
	uint32_t number;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[512];

		snprintf(text, sizeof text, START "Expires: %s\r\n\r\n", rows[i].text);
		parse(text);
		number = 0;
		cr_assert_eq(sipring_message_number(&message, SIPRING_HEADER_EXPIRES, &number),
			rows[i].result, "%s", rows[i].text);
		cr_assert_eq(number, rows[i].number, "%s", rows[i].text);
	}
	cr_assert_eq(sipring_message_number(&message, SIPRING_HEADER_MIN_SE, &number),
		SIPRING_PARSE_ABSENT);
}

Test(sip_value, parameters)
{
	struct sipring_span params = edge_span("a=1; B = \"x;y\" ;c;d/e=f:g;last=z");
	struct sipring_span value = {NULL, 0};

	cr_assert(sipring_param_find(params, "A", &value));
	cr_assert_span(value, "1");
	cr_assert(sipring_param_find(params, "b", &value));
	cr_assert_span(value, "\"x;y\"");
	cr_assert(sipring_param_find(params, "c", &value));
	cr_assert_span(value, NULL);
	cr_assert(sipring_param_find(params, "last", &value));
	cr_assert_span(value, "z");
	cr_assert(sipring_param_find(params, "d/e", NULL));
	cr_assert_not(sipring_param_find(params, "x", &value));
	cr_assert_not(sipring_param_find(params, "", &value));
	cr_assert_not(sipring_param_find((struct sipring_span){NULL, 0}, "a", &value));
	cr_assert_not(sipring_param_find(span_of("a=\"b;c=d"), "c", &value));
}

Test(sip_value, cseq)
{
	struct sipring_cseq cseq;

	cr_assert_eq(sipring_cseq_parse(&cseq, edge_span("0\r\n\tPRACK")), 0);
	cr_assert_eq(cseq.number, 0);
	cr_assert_eq(cseq.method, SIPRING_METHOD_PRACK);
	cr_assert_eq(sipring_cseq_parse(&cseq, edge_span("2147483647 x-y")), 0);
	cr_assert_eq(cseq.number, 2147483647u);
	cr_assert_eq(cseq.method, SIPRING_METHOD_OTHER);
	cr_assert_span(cseq.method_name, "x-y");
	cr_assert_eq(sipring_cseq_parse(&cseq, edge_span("1 ")), SIPRING_PARSE_BAD_CSEQ);
	cr_assert_eq(sipring_cseq_parse(&cseq, edge_span("")), SIPRING_PARSE_BAD_CSEQ);
	cr_assert_eq(sipring_cseq_parse(&cseq, edge_span("1 A@B")), SIPRING_PARSE_BAD_CSEQ);
}

Test(sip_value, tokens_of_a_list)
{
	parse(START "Supported: replaces, 100rel\r\nk: timer;x=outbound\r\n\r\n");
	cr_assert(sipring_value_has(&message, SIPRING_HEADER_SUPPORTED, span_of("100REL")));
	cr_assert(sipring_value_has(&message, SIPRING_HEADER_SUPPORTED, span_of("timer")));
	cr_assert_not(sipring_value_has(&message, SIPRING_HEADER_SUPPORTED, span_of("outbound")));
	cr_assert_not(sipring_value_has(&message, SIPRING_HEADER_SUPPORTED, span_of("100")));
	cr_assert_not(sipring_value_has(&message, SIPRING_HEADER_REQUIRE, span_of("timer")));
}
