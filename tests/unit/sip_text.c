/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Character classes against the grammar of RFC 3261 25.1, written out again here, and the small
 * loops over them.
 */
#include "sip/text.h"

#include "sip_edge.h"

#define ALPHA "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

Test(sip_text, classes)
{
	static const struct {
		unsigned class;
		const char *members;
	} rows[] = {
		{SIPRING_TEXT_TOKEN, ALPHA DIGIT "-.!%*_+`'~"},
		{SIPRING_TEXT_LWS, " \t\r\n"},
		{SIPRING_TEXT_DIGIT, DIGIT},
		{SIPRING_TEXT_ALPHA, ALPHA},
		{SIPRING_TEXT_HOST, ALPHA DIGIT "-._"},
		{SIPRING_TEXT_USER, ALPHA DIGIT "-_.!~*'()&=+$,;?/#"},
		{SIPRING_TEXT_PARAM, ALPHA DIGIT "-_.!~*'()[]/:&+$"},
		{SIPRING_TEXT_GENERIC, ALPHA DIGIT "-_.!~*'()[]/:&+$%`=?@^{}|#"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (int c = 0; c < 256; c++)
			cr_assert_eq(sipring_text_is((char)c, rows[i].class),
				c && strchr(rows[i].members, c), "class %x, character %d",
				rows[i].class, c);
}

Test(sip_text, numbers)
{
	struct sipring_span text = edge_span("0042x");
	const char *at = text.data;
	uint32_t number = 7;

	cr_assert(sipring_text_number(&at, text.data + text.size, 42, &number));
	cr_assert_eq(number, 42);
	cr_assert_eq(*at, 'x');
	cr_assert_not(sipring_text_number(&at, text.data + text.size, 42, &number));
	at = text.data;
	cr_assert_not(sipring_text_number(&at, text.data + text.size, 41, &number));
	cr_assert_eq(at, text.data);
}

Test(sip_text, trim_and_compare)
{
	cr_assert_span(sipring_text_trim(edge_span(" \r\n\ta b\t ")), "a b");
	cr_assert_span(sipring_text_trim(edge_span(" \r\n")), "");
	cr_assert(sipring_text_is_name(span_of("TaG"), "tag", 3));
	cr_assert_not(sipring_text_is_name(span_of("ta"), "tag", 3));
	cr_assert_not(sipring_text_is_name(span_of("\024ag"), "tag", 3));
	cr_assert(sipring_text_equal(span_of("a-B"), span_of("A-b")));
	cr_assert_not(sipring_text_equal(span_of("a@b"), span_of("a`b")));
	cr_assert_not(sipring_text_equal(span_of("a"), span_of("ab")));
}

Test(sip_text, quoted)
{
	static const struct {
		const char *text;
		int size; /* -1: never closes */
	} rows[] = {{"\"\"", 2}, {"\"a\"b\"", 3}, {"\"\\\"\"", 4}, {"\"\\\\\"\"", 4}, {"\"", -1},
		{"\"\\", -1}, {"\"\\\"", -1}, {"\"abc", -1}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_span text = edge_span(rows[i].text);
		const char *after = sipring_text_skip_quoted(text.data, text.data + text.size);

		cr_assert_eq(after ? after - text.data : -1, rows[i].size, "%s", rows[i].text);
	}
}

Test(sip_text, line_breaks)
{
	cr_assert_not(sipring_text_breaks_line(span_of("a b\t")));
	cr_assert(sipring_text_breaks_line(span_of("a\rb")));
	cr_assert(sipring_text_breaks_line(span_of("a\n")));
	cr_assert(sipring_text_breaks_line((struct sipring_span){"a\0b", 3}));
	cr_assert_not(sipring_text_breaks_line((struct sipring_span){NULL, 0}));
}
