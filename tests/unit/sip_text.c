/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Character classes against the grammar of RFC 3261 25.1, written out again here, and the small
 * loops over them.
 */
#include "sip/text.h"

#include "random.h"
#include "sip_edge.h"

#include <stdio.h>

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

/* The quick way says what the plain one says, whatever stands behind the digits. */
Test(sip_text, long_numbers)
{
	static const char some[] = "0123456789999999 a/:\x80\xb5\xba\xff";
	static const uint32_t most[] = {255, 65535, INT32_MAX, UINT32_MAX};
	uint64_t state = 8;
	char text[16];

	for (int round = 0; round < 400000; round++) {
		size_t size = random_below(&state, sizeof text);
		uint32_t max = most[random_below(&state, 4)], wanted = 7, got = 7;
		const char *begin, *a, *b;

		for (size_t i = 0; i < size; i++)
			text[i] = some[random_below(&state,
				random_below(&state, 4) ? 10 : sizeof some - 1)];
		begin = a = b = edge_copy(text, size);
		cr_assert_eq(sipring_text_long_number(&a, begin + size, max, &got),
			sipring_text_number(&b, begin + size, max, &wanted), "%.*s up to %u",
			(int)size, text, max);
		cr_assert_eq(a, b, "%.*s", (int)size, text);
		if (a > begin)
			cr_assert_eq(got, wanted, "%.*s", (int)size, text);
	}
}

Test(sip_text, same_bytes)
{
	char text[40] = "";

	for (size_t size = 0; size < sizeof text; size++) {
		struct sipring_span ours = {text, size}, other;

		for (size_t i = 0; i < size; i++)
			text[i] = (char)('a' + i % 26);
		other = (struct sipring_span){edge_copy(text, size), size};
		cr_assert(sipring_text_is_same(ours, other), "%zu", size);
		for (size_t i = 0; i < size; i++) {
			text[i] ^= 0x20;
			cr_assert_not(sipring_text_is_same(ours, other), "%zu of %zu", i, size);
			text[i] ^= 0x20;
		}
		if (size)
			cr_assert_not(sipring_text_is_same(ours,
				(struct sipring_span){other.data, size - 1}));
	}
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

/* A walk's own way over one, for every length: what closes it and what does not. */
Test(sip_text, quoted_on_a_walk)
{
	char text[200];

	for (size_t n = 0; n < 150; n++) {
		static const char *const ends[] = {"\"", "\\\"\"", "\\", "", "\\\""};

		for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
			size_t size =
				(size_t)snprintf(text, sizeof text, "\"%*s%s", (int)n, "", ends[i]);
			const char *at = edge_copy(text, size);
			struct sipring_seek seek;

			sipring_seek_begin(&seek, at, at + size, 0);
			cr_assert_eq(sipring_text_pass_quoted(&seek).at, i < 2 ? at + size : NULL,
				"%s", text);
		}
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
