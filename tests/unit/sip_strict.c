/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The letter of RFC 3261: what sipring_message_parse accepts and sipring_message_check does not,
 * with the place of the mistake, and what neither refuses. In a text '|' marks the place and is
 * taken out. Which forms values have is sip_grammar's.
 */
#include "sip_edge.h"
#include "sip_samples.h"

#include <stdio.h>

static struct sipring_message message;

#define REST                                                               \
	"Via: SIP/2.0/SCTP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n" \
	"To: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"
#define REQUEST "OPTIONS sip:h SIP/2.0\r\nMax-Forwards: 70\r\n" REST
#define RESPONSE "SIP/2.0 200 OK\r\n" REST

/* What the check says of a text that the parser accepts; *at: where the mark was. */
static int check(const char *text, size_t *at)
{
	static char plain[2048];
	const char *mark = strchr(text, '|');
	int size = snprintf(plain, sizeof plain, "%.*s%s", mark ? (int)(mark - text) : 0, text,
		mark ? mark + 1 : text);
	const char *data = edge_copy(plain, (size_t)size);

	cr_assert_eq(sipring_message_parse(&message, data, (size_t)size), 0, "%s", text);
	*at = mark ? (size_t)(mark - text) : 0;
	return sipring_message_check(&message);
}

Test(sip_strict, mistakes_and_their_places)
{
	static const struct {
		const char *text;
		enum sipring_parse_result why;
		unsigned answer_status;
	} rows[] = {
		{"|\r\n" REQUEST "\r\n", SIPRING_PARSE_STRAY_BYTES, 400},
		{REQUEST "l: 0\r\n\r\n|x", SIPRING_PARSE_STRAY_BYTES, 400},
		{REQUEST "Subject: x|\nl: 0\r\n\r\n", SIPRING_PARSE_BARE_LF, 400},
		{REQUEST "l: 0\r\n|\n", SIPRING_PARSE_BARE_LF, 400},
		{REQUEST "\r\n|body", SIPRING_PARSE_MISSING_HEADER, 400},
		{RESPONSE "\r\n|body", SIPRING_PARSE_MISSING_HEADER, 0},
		{"OPTIONS sip:h SIP/2.0\r\n" REST "\r\n|", SIPRING_PARSE_MISSING_HEADER, 400},
		{REQUEST "Date: |x\r\n\r\n", SIPRING_PARSE_BAD_VALUE, 400},
		{"ACK |<sip:h> SIP/2.0\r\nVia: SIP/2.0/SCTP a\r\nFrom: <sip:a@b>\r\nTo: sip:c@d\r\n"
		 "i: x\r\nCSeq: 1 ACK\r\n\r\n",
			SIPRING_PARSE_BAD_URI, 0},
		{"BYE sip:h SIP/2.0\r\nMax-Forwards: 70\r\nVia: SIP/2.0/SCTP a\r\n"
		 "From: <sip:a@b> ;x|\r\nTo: sip:c@d\r\ni: x\r\nCSeq: 1 BYE\r\n\r\n",
			SIPRING_PARSE_MISSING_TAG, 400},
		{REQUEST "Subject: a\r\n|s: b\r\n\r\n", SIPRING_PARSE_DUPLICATE_HEADER, 400},
		{REQUEST "m: sip:a@b, <|sip:c d>\r\n\r\n", SIPRING_PARSE_BAD_URI, 400},
		{REQUEST "v: SIP/2.0/UDP a,\r\n |SIP/2.0/UDP b;;x\r\n\r\n", SIPRING_PARSE_BAD_VIA,
			400},
		{REQUEST "v: SIP/2.0/UDP a;branch=|z9hG4bK\r\n\r\n", SIPRING_PARSE_BAD_VIA, 400},
		{REQUEST "v: SIP/2.0/UDP |a_b;branch=z9hG4bK1\r\n\r\n", SIPRING_PARSE_BAD_HOST,
			400},
		{"SIP/2.0 200|\r\n" REST "\r\n", SIPRING_PARSE_BAD_START_LINE, 0},
		{"SIP/2.0 200 a\tb|\x01\r\n" REST "\r\n", SIPRING_PARSE_BAD_START_LINE, 0},
		{"OPTIONS sip:h?|a=b SIP/2.0\r\n" REST "\r\n", SIPRING_PARSE_BAD_URI, 400},
		/* The first on the wire, though the other would be found sooner. */
		{REQUEST "Expires: |x\r\nDate: y\r\n\r\nbody", SIPRING_PARSE_BAD_VALUE, 400},
	};
	size_t at;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_assert_eq(check(rows[i].text, &at), rows[i].why, "%s: %s", rows[i].text,
			sipring_parse_reason_text(message.result));
		cr_assert_eq(message.result, rows[i].why);
		cr_assert_eq(message.result_offset, at, "%s: at %zu", rows[i].text,
			message.result_offset);
		cr_assert_eq(message.answer_status, rows[i].answer_status, "%s", rows[i].text);
	}
}

Test(sip_strict, what_is_by_the_letter_is_accepted)
{
	static const char *const texts[] = {
		REQUEST "\r\n",
		RESPONSE "Content-Type: text/plain\r\n\r\nbody",
		"SIP/2.0 200 \r\n" REST "\r\n",
		/* White space before the colon is in HCOLON. */
		REQUEST "Subject\t : x\r\nX-Y :\r\n\r\n",
		/* A branch of RFC 2543 and none are told apart by the transaction, not here. */
		REQUEST "v: SIP/2.0/UDP a;branch=1\r\nv: SIP/2.0/UDP a\r\n\r\n",
		"RE%47 tel:+1;phone-context=x SIP/2.0\r\nMax-Forwards: 0\r\nVia: SIP/2.0/X a\r\n"
		"From: sip:a@b;tag=1\r\nTo: x:y\r\ni: x\r\nCSeq: 1 RE%47\r\n\r\n",
	};
	size_t at;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		cr_assert_eq(check(texts[i], &at), 0, "%s: %s at %zu", texts[i],
			sipring_parse_reason_text(message.result), message.result_offset);
}

Test(sip_strict, what_may_stand_once)
{
	static const char *const once[] = {"Content-Disposition: a", "Content-Type: a/b",
		"Date: Sat, 13 Nov 2010 23:29:00 GMT", "Event: a", "Expires: 1", "Min-Expires: 1",
		"Min-SE: 90", "MIME-Version: 1.0", "Organization: a", "Priority: a", "RAck: 1 1 A",
		"Refer-To: <sip:a@b>", "Referred-By: <sip:a@b>", "Reply-To: <sip:a@b>",
		"Retry-After: 1", "RSeq: 1", "Server: a", "Session-Expires: 90", "Subject: a",
		"Subscription-State: a", "Timestamp: 1", "User-Agent: a"};
	static const char *const often[] = {"Contact: <sip:a@b>", "Route: <sip:a>", "Allow: A",
		"Supported: a", "Require: a", "Via: SIP/2.0/UDP a", "Warning: 399 a \"b\"",
		"Diversion: <sip:a@b>", "Path: <sip:a>", "Authorization: a", "X-Own: a"};
	char text[1024];
	size_t at;

	for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
		snprintf(text, sizeof text, REQUEST "%s\r\n|%s\r\n\r\n", once[i], once[i]);
		cr_assert_eq(check(text, &at), SIPRING_PARSE_DUPLICATE_HEADER, "%s", once[i]);
		cr_assert_eq(message.result_offset, at, "%s", once[i]);
	}
	for (size_t i = 0; i < sizeof often / sizeof *often; i++) {
		snprintf(text, sizeof text, REQUEST "%s\r\n%s\r\n\r\n", often[i], often[i]);
		cr_assert_eq(check(text, &at), 0, "%s", often[i]);
	}
}

Test(sip_strict, a_refusal_stays_what_it_was)
{
	const char *data = edge_copy("OPTIONS sip:h SIP/9.0\r\n\r\n", 25);

	cr_assert_eq(sipring_message_parse(&message, data, 25), SIPRING_PARSE_BAD_VERSION);
	cr_assert_eq(sipring_message_check(&message), SIPRING_PARSE_BAD_VERSION);
	cr_assert_eq(message.result_offset, 14);
}

/* Reads nothing outside, whatever the samples' prefixes are. */
Test(sip_strict, every_prefix_of_every_sample)
{
	for (size_t i = 0; i < N_SIP_SAMPLES; i++) {
		for (size_t size = 0; size <= sip_samples[i].size; size++) {
			const char *data = edge_copy(sip_samples[i].data, size);
			int result = sipring_message_parse(&message, data, size);
			int checked = sipring_message_check(&message);

			cr_assert(!result || checked == result);
			cr_assert_leq(message.result_offset, size);
		}
	}
}
