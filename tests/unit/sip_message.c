/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The message parser: start lines, the samples with all their prefixes, what acceptance means and
 * which refused requests can be answered. Everything is read where it ends at an unmapped page.
 */
#include "random.h"
#include "sip_edge.h"
#include "sip_samples.h"

#include <stdio.h>

#define REST                                                                                \
	"Via: SIP/2.0/SCTP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n" \
	"Call-ID: x\r\n"

static struct sipring_message message;

static int parse(const char *text)
{
	struct sipring_span at_edge = edge_span(text);

	return sipring_message_parse(&message, at_edge.data, at_edge.size);
}

/* The offset of a refusal, as text from there. */
static const char *blamed(void)
{
	static char text[16];

	snprintf(text, sizeof text, "%.*s", (int)(message.text.size - message.result_offset),
		message.text.data + message.result_offset);
	return text;
}

static bool is_inside(struct sipring_span span)
{
	return !span.data ||
		(span.data >= message.text.data &&
			span.data + span.size <= message.text.data + message.text.size);
}

/* The invariants of a view, accepted or not. */
static void check_view(void)
{
	cr_assert_leq(message.n_headers, SIPRING_HEADERS_MAX);
	cr_assert_leq(message.result_offset, message.text.size);
	cr_assert(is_inside(message.uri) && is_inside(message.reason) && is_inside(message.body));
	cr_assert(is_inside(message.method_name));
	for (unsigned i = 0; i < message.n_headers; i++) {
		const struct sipring_header *header = &message.headers[i];

		cr_assert(is_inside(header->name) && is_inside(header->value));
		cr_assert(message.first[header->id] && message.first[header->id] <= i + 1);
		cr_assert_eq(message.headers[message.first[header->id] - 1].id, header->id);
	}
	if (message.result == SIPRING_PARSE_ACCEPTED)
		cr_assert_eq(message.answer_status, 0);
	sipring_message_via(&message);
	sipring_message_from(&message);
	sipring_message_to(&message);
	sipring_message_contact(&message);
	sipring_message_route(&message);
}

Test(sip_message, samples)
{
	for (size_t i = 0; i < N_SIP_SAMPLES; i++) {
		const struct sip_sample *sample = &sip_samples[i];
		const char *data = edge_copy(sample->data, sample->size);

		cr_assert_eq(sipring_message_parse(&message, data, sample->size), 0, "%s: %s at %s",
			sample->name, sipring_parse_reason_text(message.result), blamed());
		cr_assert_eq(message.n_headers, sample->n_headers, "%s", sample->name);
		check_view();
		cr_assert_not_null(sipring_message_via(&message), "%s", sample->name);
		cr_assert_not_null(sipring_message_from(&message), "%s", sample->name);
		cr_assert_not_null(sipring_message_to(&message), "%s", sample->name);
	}
}

/* Every prefix and every suffix: no byte outside is read, every span lies inside. */
Test(sip_message, every_prefix_and_suffix_of_every_sample)
{
	for (size_t i = 0; i < N_SIP_SAMPLES; i++)
		for (size_t size = 0; size < sip_samples[i].size; size++) {
			const char *data = edge_copy(sip_samples[i].data, size);

			sipring_message_parse(&message, data, size);
			check_view();
			data = edge_copy(sip_samples[i].data + size, sip_samples[i].size - size);
			sipring_message_parse(&message, data, sip_samples[i].size - size);
			check_view();
		}
}

Test(sip_message, samples_with_bytes_changed)
{
	static const char hostile[] = "\r\n\0 \t:;,<>\"\\=@[]%?/\377A0";
	uint64_t state = 7;
	char text[2048];

	for (int round = 0; round < 60000; round++) {
		const struct sip_sample *sample = &sip_samples[random_below(&state, N_SIP_SAMPLES)];

		memcpy(text, sample->data, sample->size);
		for (uint64_t n = 1 + random_below(&state, 4); n; n--)
			text[random_below(&state, sample->size)] =
				hostile[random_below(&state, sizeof hostile - 1)];
		sipring_message_parse(&message, edge_copy(text, sample->size), sample->size);
		check_view();
	}
}

Test(sip_message, what_a_request_shows)
{
	cr_assert_eq(parse("INVITE sip:u@h;x=1 SIP/2.0\r\n" REST "CSeq: 7 INVITE\r\nX-A: 1\r\n"
			   "x-a: 2\r\nContent-Length: 2\r\n\r\nab"),
		0);
	cr_assert_eq(message.flags, SIPRING_MESSAGE_REQUEST);
	cr_assert_eq(message.method, SIPRING_METHOD_INVITE);
	cr_assert_span(message.method_name, "INVITE");
	cr_assert_span(message.uri, "sip:u@h;x=1");
	cr_assert_span(message.body, "ab");
	cr_assert_eq(message.cseq.number, 7);
	cr_assert_eq(message.status, 0);
	cr_assert_span(sipring_message_header(&message, SIPRING_HEADER_CALL_ID)->value, "x");
	cr_assert_null(sipring_message_header(&message, SIPRING_HEADER_ROUTE));
	cr_assert_null(sipring_message_header(&message, SIPRING_HEADER_OTHER));
}

Test(sip_message, what_a_response_shows)
{
	cr_assert_eq(parse("sip/2.0 486 Busy  Here\r\n" REST "CSeq: 7 FOO\r\n\r\nrest"), 0);
	cr_assert_eq(message.flags, 0);
	cr_assert_eq(message.status, 486);
	cr_assert_span(message.reason, "Busy  Here");
	cr_assert_eq(message.method, SIPRING_METHOD_OTHER);
	cr_assert_span(message.method_name, "FOO");
	cr_assert_span(message.body, "rest");
	cr_assert_eq(parse("SIP/2.0 200\r\n" REST "CSeq: 7 FOO\r\n\r\n"), 0);
	cr_assert_span(message.reason, "");
	cr_assert_span(message.body, "");
}

struct row {
	const char *text;
	int result;
	const char *blamed; /* how what is blamed begins; NULL: not looked at */
	unsigned answer;
};

static void check_rows(const struct row *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		cr_assert_eq(parse(rows[i].text), rows[i].result, "%s\n%s", rows[i].text,
			sipring_parse_reason_text(message.result));
		check_view();
		if (rows[i].blamed)
			cr_assert_eq(strncmp(blamed(), rows[i].blamed, strlen(rows[i].blamed)), 0,
				"%s\nblames %s", rows[i].text, blamed());
		cr_assert_eq(message.answer_status, rows[i].answer, "%s\nanswer %u", rows[i].text,
			message.answer_status);
	}
}

#define OPTIONS_REST REST "CSeq: 1 OPTIONS\r\n\r\n"
#define START(line, result, blamed, answer)                      \
	{                                                        \
		line "\r\n" OPTIONS_REST, result, blamed, answer \
	}

Test(sip_message, start_lines)
{
	static const struct row rows[] = {
		START("OPTIONS sip:h SIP/2.0", 0, NULL, 0),
		START("OPTIONS sip:h sip/2.0", 0, NULL, 0),
		START("OPTIONS urn:x SIP/2.0", 0, NULL, 0),
		START("OPTIONS sip:h SIP/2.1", SIPRING_PARSE_BAD_VERSION, "SIP/2.1", 505),
		START("OPTIONS sip:h SIP/3.0", SIPRING_PARSE_BAD_VERSION, "SIP/3.0", 505),
		START("OPTIONS sip:h SIP/2.0 ", SIPRING_PARSE_BAD_START_LINE, "SIP/2.0 ", 400),
		START("OPTIONS  sip:h SIP/2.0", SIPRING_PARSE_BAD_START_LINE, " sip:h", 400),
		START("OPTIONS sip:h  SIP/2.0", SIPRING_PARSE_BAD_START_LINE, " SIP/2.0", 400),
		START("OPTIONS sip:h; lr SIP/2.0", SIPRING_PARSE_BAD_START_LINE, "lr SIP", 400),
		START("OPTIONS sip:h HTTP/1.1", SIPRING_PARSE_BAD_START_LINE, "HTTP/1.1", 400),
		START("OPTIONS sip:h", SIPRING_PARSE_BAD_START_LINE, "sip:h", 400),
		START("OPTIONS ", SIPRING_PARSE_BAD_START_LINE, "", 400),
		START("OPTIONS", SIPRING_PARSE_BAD_START_LINE, "\r\n", 0),
		START(" OPTIONS sip:h SIP/2.0", SIPRING_PARSE_BAD_START_LINE, " OPT", 0),
		START("OPT@ONS sip:h SIP/2.0", SIPRING_PARSE_BAD_START_LINE, "@ONS", 0),
		START("OPTIONS sip:h\r\n SIP/2.0", SIPRING_PARSE_BAD_START_LINE, "\n SIP", 0),
		START("OPTIONS\tsip:h SIP/2.0", SIPRING_PARSE_BAD_START_LINE, "\tsip", 0),
		START("SIP/2.0 200 OK", 0, NULL, 0),
		START("SIP/2.0 200", 0, NULL, 0),
		START("SIP/2.0 699 Caf\303\251", 0, NULL, 0),
		START("SIP/2.0", SIPRING_PARSE_BAD_VERSION, "SIP", 0),
		START("SIP/2.0 ", SIPRING_PARSE_BAD_START_LINE, "\r\n", 0),
		START("SIP/2.0200 OK", SIPRING_PARSE_BAD_VERSION, "SIP", 0),
		START("SIP/7.0 200 OK", SIPRING_PARSE_BAD_VERSION, "SIP", 0),
		START("SIP/2.0  200 OK", SIPRING_PARSE_BAD_START_LINE, " 200", 0),
		START("SIP/2.0 20 OK", SIPRING_PARSE_BAD_START_LINE, "20", 0),
		START("SIP/2.0 0200 OK", SIPRING_PARSE_BAD_START_LINE, "0200", 0),
		START("SIP/2.0 2000 OK", SIPRING_PARSE_BAD_START_LINE, "2000", 0),
		START("SIP/2.0 099 OK", SIPRING_PARSE_BAD_START_LINE, "099", 0),
		START("SIP/2.0 700 OK", SIPRING_PARSE_BAD_START_LINE, "700", 0),
		START("SIP/2.0 200OK", SIPRING_PARSE_BAD_START_LINE, "200OK", 0),
		START("GET / HTTP/1.1", SIPRING_PARSE_BAD_START_LINE, "HTTP", 400),
	};

	check_rows(rows, sizeof rows / sizeof *rows);
}

#define LINE "OPTIONS sip:h SIP/2.0\r\n"

Test(sip_message, refusals)
{
	static const struct row rows[] = {
		{"", SIPRING_PARSE_EMPTY, "", 0},
		{"\r\n", SIPRING_PARSE_EMPTY, "", 0},
		{"\r\n\r\n", SIPRING_PARSE_EMPTY, "", 0},
		{LINE, SIPRING_PARSE_UNTERMINATED, "", 0},
		{LINE "\r\n", SIPRING_PARSE_MISSING_HEADER, "", 0},
		{LINE REST "\r\n", SIPRING_PARSE_MISSING_HEADER, "", 0},
		{LINE REST "CSeq: 1 OPTIONS\r\n", SIPRING_PARSE_UNTERMINATED, "", 400},
		{LINE REST "CSeq: 1 OPTIONS", SIPRING_PARSE_UNTERMINATED, "", 0},
		{LINE "nocolon\r\n" OPTIONS_REST, SIPRING_PARSE_BAD_HEADER, "nocolon", 400},
		{LINE ": empty\r\n" OPTIONS_REST, SIPRING_PARSE_BAD_HEADER, ": empty", 400},
		{LINE "a b: c\r\n" OPTIONS_REST, SIPRING_PARSE_BAD_HEADER, "a b", 400},
		{LINE "a\001b: c\r\n" OPTIONS_REST, SIPRING_PARSE_BAD_HEADER, "a\001b", 400},
		{LINE "Subject: a\rb\r\n" OPTIONS_REST, SIPRING_PARSE_BARE_CR, "\rb", 400},
		{LINE "Subject: a\r\r\n" OPTIONS_REST, SIPRING_PARSE_BARE_CR, "\r\r\n", 400},
		{LINE REST "CSeq: 1 INVITE\r\n\r\n", SIPRING_PARSE_CSEQ_METHOD_MISMATCH, "INVITE",
			400},
		{LINE REST "CSeq: 1 OPTIONSX\r\n\r\n", SIPRING_PARSE_CSEQ_METHOD_MISMATCH, NULL,
			400},
		{LINE REST "CSeq: 1 OPTIONX\r\n\r\n", SIPRING_PARSE_CSEQ_METHOD_MISMATCH, NULL,
			400},
		{LINE REST "CSeq: 1 XPTIONS\r\n\r\n", SIPRING_PARSE_CSEQ_METHOD_MISMATCH, NULL,
			400},
		{LINE REST "CSeq: OPTIONS\r\n\r\n", SIPRING_PARSE_BAD_CSEQ, "OPTIONS", 400},
		{LINE REST "CSeq: 1\r\n\r\n", SIPRING_PARSE_BAD_CSEQ, "1", 400},
		{LINE REST "CSeq: -1 OPTIONS\r\n\r\n", SIPRING_PARSE_BAD_CSEQ, "-1", 400},
		{LINE REST "CSeq: 1OPTIONS\r\n\r\n", SIPRING_PARSE_BAD_CSEQ, "1O", 400},
		{LINE REST "CSeq: 1 OPTIONS x\r\n\r\n", SIPRING_PARSE_BAD_CSEQ, "1 O", 400},
		{LINE REST "CSeq:\r\n\r\n", SIPRING_PARSE_BAD_CSEQ, "\r\n", 400},
		{LINE REST "CSeq: 2147483647 OPTIONS\r\n\r\n", 0, NULL, 0},
		{LINE REST "CSeq: 2147483648 OPTIONS\r\n\r\n", SIPRING_PARSE_BAD_CSEQ, "2", 400},
		{LINE "To: <sip:x>\r\n" OPTIONS_REST, SIPRING_PARSE_DUPLICATE_HEADER,
			"To: <sip:c@d", 400},
		{LINE "f: <sip:x>\r\n" OPTIONS_REST, SIPRING_PARSE_DUPLICATE_HEADER, "From", 400},
		{LINE "i: y\r\n" OPTIONS_REST, SIPRING_PARSE_DUPLICATE_HEADER, "Call", 400},
		{LINE "l: 0\r\nl: 0\r\n" OPTIONS_REST, SIPRING_PARSE_DUPLICATE_HEADER, "l", 400},
		{LINE "Max-Forwards: 1\r\nMax-Forwards: 1\r\n" OPTIONS_REST,
			SIPRING_PARSE_DUPLICATE_HEADER, "Max", 400},
		{"ACK sip:h SIP/2.0\r\n" REST "CSeq: 1 INVITE\r\n\r\n",
			SIPRING_PARSE_CSEQ_METHOD_MISMATCH, NULL, 0},
		{"SIP/2.0 200 OK\r\n" REST "CSeq: 1\r\n\r\n", SIPRING_PARSE_BAD_CSEQ, NULL, 0},
		/* The first mistake is the one that is told, and the rest is still found. */
		{LINE "nocolon\r\nTo: <sip:x>\r\n" OPTIONS_REST, SIPRING_PARSE_BAD_HEADER,
			"nocolon", 400},
	};

	check_rows(rows, sizeof rows / sizeof *rows);
}

#define LENGTH(value, body) LINE REST "Content-Length: " value "\r\nCSeq: 1 OPTIONS\r\n\r\n" body

Test(sip_message, content_length)
{
	static const struct row rows[] = {
		{LENGTH("0", ""), 0, NULL, 0},
		{LENGTH("3", "abc"), 0, NULL, 0},
		{LENGTH("003", "abc"), 0, NULL, 0},
		{LENGTH("3", "abcdef"), 0, NULL, 0},
		{LENGTH("4", "abc"), SIPRING_PARSE_BODY_TOO_SHORT, "4", 400},
		{LENGTH("4294967295", "abc"), SIPRING_PARSE_BODY_TOO_SHORT, "4294967295", 400},
		{LENGTH("4294967296", "abc"), SIPRING_PARSE_BAD_CONTENT_LENGTH, "429", 400},
		{LENGTH("99999999999999999999999", ""), SIPRING_PARSE_BAD_CONTENT_LENGTH, "9", 400},
		{LENGTH("-3", "abc"), SIPRING_PARSE_BAD_CONTENT_LENGTH, "-3", 400},
		{LENGTH("3 3", "abc"), SIPRING_PARSE_BAD_CONTENT_LENGTH, "3 3", 400},
		{LENGTH("", "abc"), SIPRING_PARSE_BAD_CONTENT_LENGTH, "\r\n", 400},
		{LENGTH("0x3", "abc"), SIPRING_PARSE_BAD_CONTENT_LENGTH, "0x3", 400},
	};

	check_rows(rows, sizeof rows / sizeof *rows);
	cr_assert_eq(parse(LENGTH("3", "abcdef")), 0);
	cr_assert_span(message.body, "abc");
	cr_assert(message.flags & SIPRING_MESSAGE_TRAILING);
	cr_assert_eq(parse(LINE OPTIONS_REST " body that begins like folding"), 0);
	cr_assert_span(message.body, " body that begins like folding");
	cr_assert_not(message.flags & (SIPRING_MESSAGE_TRAILING | SIPRING_MESSAGE_FOLDED));
}

Test(sip_message, space_before_a_value)
{
	static const char *const lines[] = {"Subject:x\r\n", "Subject: x\r\n", "Subject:  x\r\n",
		"Subject:\tx\r\n", "Subject: \tx\r\n", "Subject: x \r\n", "Subject:x\n",
		"Subject:  x\n"};
	char text[512];

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		snprintf(text, sizeof text, "%s%s%s", LINE, lines[i], OPTIONS_REST);
		cr_assert_eq(parse(text), 0, "%s", lines[i]);
		cr_assert_span(sipring_message_header(&message, SIPRING_HEADER_SUBJECT)->value,
			"x");
	}
}

Test(sip_message, folding_and_line_ends)
{
	cr_assert_eq(parse("\r\n" LINE "Subject :\t \r\n  a\r\n\tb \r\n \r\n" OPTIONS_REST), 0);
	cr_assert_span(sipring_message_header(&message, SIPRING_HEADER_SUBJECT)->value, "a\r\n\tb");
	cr_assert_span(sipring_message_header(&message, SIPRING_HEADER_SUBJECT)->name, "Subject");
	cr_assert(message.flags & SIPRING_MESSAGE_FOLDED);
	cr_assert(message.flags & SIPRING_MESSAGE_LEADING);
	cr_assert_not(message.flags & SIPRING_MESSAGE_BARE_LF);
	cr_assert_eq(parse(LINE "Subject:\n" OPTIONS_REST), 0);
	cr_assert_span(sipring_message_header(&message, SIPRING_HEADER_SUBJECT)->value, "");
	cr_assert(message.flags & SIPRING_MESSAGE_BARE_LF);
	/* A colon on the next line makes no header of a line that has none. */
	cr_assert_eq(parse(LINE "Subject\r\n : x\r\n" OPTIONS_REST), SIPRING_PARSE_BAD_HEADER);
}

static size_t append_lines(char *text, size_t size, unsigned n, const char *line)
{
	for (; n; n--)
		size += (size_t)sprintf(text + size, "%s", line);
	return size;
}

Test(sip_message, as_many_headers_as_there_is_room_for)
{
	static char text[8192];
	size_t size = append_lines(text, 0, 1, LINE REST "CSeq: 1 OPTIONS\r\n");

	size = append_lines(text, size, SIPRING_HEADERS_MAX - 5, "a: b\r\n");
	append_lines(text, size, 1, "\r\n");
	cr_assert_eq(parse(text), 0);
	cr_assert_eq(message.n_headers, SIPRING_HEADERS_MAX);
	append_lines(text, size, 1, "a: b\r\n\r\n");
	cr_assert_eq(parse(text), SIPRING_PARSE_TOO_MANY_HEADERS);
	cr_assert_eq(message.answer_status, 400);
	check_view();
	append_lines(text, size, 200, "Via: x\r\n");
	cr_assert_eq(parse(text), SIPRING_PARSE_TOO_MANY_HEADERS);
	check_view();
}

/* A CR is not the '-' that it differs from by the bit of a letter's case. */
Test(sip_message, cr_in_a_name)
{
	static const char via[] = LINE "Via: SIP/2.0/SCTP a\r\nFrom: sip:b;tag=1\r\nTo: sip:c\r\n";
	char text[400];

	snprintf(text, sizeof text, "%sCall\rID: x\r\nCSeq: 1 OPTIONS\r\n\r\n", via);
	cr_assert_eq(parse(text), SIPRING_PARSE_BAD_HEADER);
	cr_assert_null(sipring_message_header(&message, SIPRING_HEADER_CALL_ID));
	cr_assert_eq(message.answer_status, 0);
}

/* Names that begin as a long one does, and names that fall on a known one's place in the table. */
Test(sip_message, names_that_are_nearly_known)
{
	static const char *const names[] = {"P-Asserted-Ident", "P-Asserted-Identit",
		"P-Asserted-Identitx", "P-Asserted-Identity1", "P-Asserted-Identity-No",
		"Content-Dispositioo", "Subscription-Stat", "kar", "fu", "fnhy", "mikw", "lztg-cr"};
	char text[512];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct sipring_header *header;

		snprintf(text, sizeof text, "%s%s: v\r\n%s", LINE, names[i], OPTIONS_REST);
		cr_assert_eq(parse(text), 0, "%s", names[i]);
		header = sipring_message_header_named(&message, span_of(names[i]));
		cr_assert_not_null(header, "%s", names[i]);
		cr_assert_eq(header->id, SIPRING_HEADER_OTHER, "%s", names[i]);
		cr_assert_span(header->name, names[i]);
		cr_assert_span(header->value, "v");
		snprintf(text, sizeof text, "%s%s\r\n: v\r\n%s", LINE, names[i], OPTIONS_REST);
		cr_assert_eq(parse(text), SIPRING_PARSE_BAD_HEADER, "%s", names[i]);
	}
	cr_assert_eq(parse(LINE ": v\r\n" OPTIONS_REST), SIPRING_PARSE_BAD_HEADER);
}

/* Methods that end near the end of a block, and at it. */
Test(sip_message, long_methods)
{
	char text[600];

	for (int size = 1; size < 140; size++) {
		snprintf(text, sizeof text, "%0*d sip:u@h SIP/2.0\r\n" REST "CSeq: 1 %0*d\r\n\r\n",
			size, 0, size, 0);
		cr_assert_eq(parse(text), 0, "%d", size);
		cr_assert_eq(message.method_name.size, (size_t)size);
		cr_assert_span(message.uri, "sip:u@h");
	}
}
