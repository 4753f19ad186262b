/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies: golden outputs, received and rport, what may not be answered, every capacity, and that
 * what is written parses to what it was written from.
 */
#include "net/address.h"
#include "sip_edge.h"
#include "sip_samples.h"

#include <errno.h>
#include <stdio.h>

static struct sipring_message request, answer;
static char out[4096];

static void parse(const char *text)
{
	struct sipring_span at_edge = edge_span(text);

	sipring_message_parse(&request, at_edge.data, at_edge.size);
}

static void assert_reply(const struct sipring_reply *reply, const char *wanted)
{
	int size = sipring_reply_write(out, sizeof out, &request, reply);

	cr_assert_geq(size, 0, "%d", size);
	cr_assert_span(((struct sipring_span){out, (size_t)size}), wanted);
}

#define START                                                                        \
	"INVITE sip:h SIP/2.0\r\nv: SIP/2.0/SCTP a;branch=1 ,\r\n SIP/2.0/UDP b\r\n" \
	"Via: SIP/2.0/TCP c\r\nRecord-Route: <sip:p;lr>\r\nf: <sip:a@b>;tag=1\r\n"   \
	"t: \"Bob\" <sip:c@d>\r\ni: x y\r\nCSeq:  7   INVITE\r\nTimestamp: 54\r\n"

Test(sip_reply, golden)
{
	parse(START "\r\n");
	assert_reply(&(struct sipring_reply){.status = 200, .to_tag = span_of("T")},
		"SIP/2.0 200 OK\r\n"
		"Via: SIP/2.0/SCTP a;branch=1 ,\r\n SIP/2.0/UDP b\r\n"
		"Via: SIP/2.0/TCP c\r\n"
		"From: <sip:a@b>;tag=1\r\n"
		"To: \"Bob\" <sip:c@d>;tag=T\r\n"
		"Call-ID: x y\r\n"
		"CSeq: 7   INVITE\r\n"
		"Content-Length: 0\r\n\r\n");
	assert_reply(&(struct sipring_reply){.status = 100, .to_tag = span_of("T")},
		"SIP/2.0 100 Trying\r\n"
		"Via: SIP/2.0/SCTP a;branch=1 ,\r\n SIP/2.0/UDP b\r\n"
		"Via: SIP/2.0/TCP c\r\n"
		"From: <sip:a@b>;tag=1\r\n"
		"To: \"Bob\" <sip:c@d>\r\n"
		"Call-ID: x y\r\n"
		"CSeq: 7   INVITE\r\n"
		"Timestamp: 54\r\n"
		"Content-Length: 0\r\n\r\n");
	assert_reply(&(struct sipring_reply){.status = 480,
			     .reason = span_of("Not here"),
			     .headers = span_of("Server: s\r\nContent-Type: text/plain\r\n"),
			     .body = span_of("hello"),
			     .copy_record_route = true},
		"SIP/2.0 480 Not here\r\n"
		"Via: SIP/2.0/SCTP a;branch=1 ,\r\n SIP/2.0/UDP b\r\n"
		"Via: SIP/2.0/TCP c\r\n"
		"Record-Route: <sip:p;lr>\r\n"
		"From: <sip:a@b>;tag=1\r\n"
		"To: \"Bob\" <sip:c@d>\r\n"
		"Call-ID: x y\r\n"
		"CSeq: 7   INVITE\r\n"
		"Server: s\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Length: 5\r\n\r\nhello");
}

/* A tag put behind two addresses would be that of the second, and To would have none. */
Test(sip_reply, two_addresses_in_to_get_no_tag)
{
	parse("BYE sip:h SIP/2.0\r\nv: SIP/2.0/UDP a\r\nf: <sip:a>;tag=1\r\nt: <sip:b>,<sip:c>\r\n"
	      "i: x\r\nCSeq: 1 BYE\r\n\r\n");
	assert_reply(&(struct sipring_reply){.status = 400, .to_tag = span_of("T")},
		"SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>;tag=1\r\n"
		"To: <sip:b>,<sip:c>\r\nCall-ID: x\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n");
}

Test(sip_reply, a_to_tag_that_is_there_stays)
{
	parse("BYE sip:h SIP/2.0\r\nv: SIP/2.0/UDP a\r\nf: <sip:a>;tag=1\r\nt: sip:b;x;tag=2\r\n"
	      "i: x\r\nCSeq: 1 BYE\r\n\r\n");
	assert_reply(&(struct sipring_reply){.status = 200, .to_tag = span_of("T")},
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>;tag=1\r\n"
		"To: sip:b;x;tag=2\r\nCall-ID: x\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n");
}

static void via_becomes(const char *via, const char *source_text, const char *wanted)
{
	union sipring_address source;
	struct sipring_reply reply = {.status = 200, .source = &source};
	char text[1024];
	int size;

	cr_assert_eq(sipring_address_parse(&source, source_text, strlen(source_text)), 0);
	snprintf(text, sizeof text,
		"BYE sip:h SIP/2.0\r\nVia: %s\r\nVia: SIP/2.0/TCP next;rport\r\n"
		"f: <sip:a>;tag=1\r\n"
		"t: sip:b\r\ni: x\r\nCSeq: 1 BYE\r\n\r\n",
		via);
	parse(text);
	size = sipring_reply_write(out, sizeof out, &request, &reply);
	cr_assert_gt(size, 0);
	cr_assert_eq(sipring_message_parse(&answer, out, (size_t)size), 0);
	cr_assert_span(sipring_message_header(&answer, SIPRING_HEADER_VIA)->value, wanted);
	cr_assert_span(sipring_message_header_next(&answer,
			       sipring_message_header(&answer, SIPRING_HEADER_VIA))
			       ->value,
		"SIP/2.0/TCP next;rport");
}

Test(sip_reply, received_and_rport)
{
	static const struct {
		const char *via, *source, *wanted;
	} rows[] = {
		{"SIP/2.0/SCTP 192.0.2.1;branch=b", "192.0.2.1:9",
			"SIP/2.0/SCTP 192.0.2.1;branch=b"},
		{"SIP/2.0/SCTP 192.0.2.1:5060;branch=b", "192.0.2.2:9",
			"SIP/2.0/SCTP 192.0.2.1:5060;branch=b;received=192.0.2.2"},
		{"SIP/2.0/SCTP h", "192.0.2.2:9", "SIP/2.0/SCTP h;received=192.0.2.2"},
		{"SIP/2.0/SCTP h ; branch=b", "192.0.2.2:9",
			"SIP/2.0/SCTP h ;branch=b;received=192.0.2.2"},
		{"SIP/2.0/SCTP 192.0.2.1;rport;branch=b", "192.0.2.1:4711",
			"SIP/2.0/SCTP 192.0.2.1;branch=b;received=192.0.2.1;rport=4711"},
		{"SIP/2.0/SCTP [2001:DB8::1]:5060", "[2001:db8::1]:9",
			"SIP/2.0/SCTP [2001:DB8::1]:5060"},
		{"SIP/2.0/SCTP [2001:db8::2];rport", "[2001:db8::1]:9",
			"SIP/2.0/SCTP [2001:db8::2];received=2001:db8::1;rport=9"},
		/* What the sender says of received and rport is a lie or stale. */
		{"SIP/2.0/UDP h;received=203.0.113.9;rport=1;branch=b", "192.0.2.2:9",
			"SIP/2.0/UDP h;branch=b;received=192.0.2.2;rport=9"},
		{"SIP/2.0/UDP 192.0.2.2;received=203.0.113.9", "192.0.2.2:9",
			"SIP/2.0/UDP 192.0.2.2"},
		{"SIP/2.0/UDP h;branch=b , SIP/2.0/TCP x;rport", "192.0.2.2:9",
			"SIP/2.0/UDP h;branch=b;received=192.0.2.2, SIP/2.0/TCP x;rport"},
		/* Malformed: as it is. */
		{"SIP/2.0/UDP h;;rport", "192.0.2.2:9", "SIP/2.0/UDP h;;rport"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		via_becomes(rows[i].via, rows[i].source, rows[i].wanted);
}

Test(sip_reply, refused)
{
	static const struct sipring_reply bad[] = {{.status = 99}, {.status = 700},
		{.status = 200, .reason = {"a\r\n", 3}}, {.status = 200, .to_tag = {"a\nb", 3}},
		{.status = 200, .headers = {"a: b", 4}}, {.status = 200, .headers = {"\r\n", 2}}};

	parse(START "\r\n");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(sipring_reply_write(out, sizeof out, &request, &bad[i]), -EINVAL,
			"%zu", i);
	parse("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a\r\nf: sip:a\r\nt: sip:b\r\ni: x\r\n"
	      "CSeq: 1 BYE\r\n\r\n");
	cr_assert_eq(sipring_reply_write(out, sizeof out, &request,
			     &(struct sipring_reply){.status = 200}),
		-EINVAL);
	parse("BYE sip:h SIP/2.0\r\nf: sip:a\r\nt: sip:b\r\ni: x\r\nCSeq: 1 BYE\r\n\r\n");
	cr_assert_eq(sipring_reply_write(out, sizeof out, &request,
			     &(struct sipring_reply){.status = 400}),
		-EINVAL);
}

Test(sip_reply, answers_a_refused_request)
{
	parse("BYE sip:h SIP/9.0\r\nv: no via\r\nf: no\r\nt: no\r\ni: x\r\nCSeq: no\r\nbad\r\n");
	cr_assert_eq(request.answer_status, 505);
	assert_reply(&(struct sipring_reply){.status = 505, .to_tag = span_of("T")},
		"SIP/2.0 505 Version Not Supported\r\nVia: no via\r\nFrom: no\r\nTo: no\r\n"
		"Call-ID: x\r\nCSeq: no\r\nContent-Length: 0\r\n\r\n");
}

Test(sip_reply, every_sample_at_every_capacity)
{
	union sipring_address source;
	struct sipring_reply reply = {.status = 200, .to_tag = span_of("T"), .source = &source};

	cr_assert_eq(sipring_address_parse(&source, "192.0.2.77:77", 13), 0);
	for (size_t i = 0; i < N_SIP_SAMPLES; i++) {
		int size;

		sipring_message_parse(&request, sip_samples[i].data, sip_samples[i].size);
		if (!(request.flags & SIPRING_MESSAGE_REQUEST))
			continue;
		size = sipring_reply_write(out, sizeof out, &request, &reply);
		cr_assert_gt(size, 0, "%s", sip_samples[i].name);
		cr_assert_eq(sipring_message_parse(&answer, out, (size_t)size), 0, "%s",
			sip_samples[i].name);
		cr_assert_eq(answer.cseq.number, request.cseq.number);
		cr_assert_span(sipring_message_to(&answer)->tag, "T");
		for (size_t capacity = 0; capacity < (size_t)size; capacity++) {
			char *edge = (char *)edge_copy(out, capacity);

			cr_assert_eq(sipring_reply_write(edge, capacity, &request, &reply),
				-ENOBUFS);
		}
	}
}

Test(sip_reply, tags)
{
	static const uint64_t secret[2] = {1, 2}, other_secret[2] = {1, 3};
	static const char *const texts[] = {
		"BYE sip:h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=1\r\nf: <sip:a>;tag=1\r\nt: sip:b\r\n"
		"i: x\r\nCSeq: 1 BYE\r\n\r\n",
		"BYE sip:h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=2\r\nf: <sip:a>;tag=1\r\nt: sip:b\r\n"
		"i: x\r\nCSeq: 1 BYE\r\n\r\n",
		"BYE sip:h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=1\r\nf: <sip:a>;tag=2\r\nt: sip:b\r\n"
		"i: x\r\nCSeq: 1 BYE\r\n\r\n",
		"BYE sip:h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=1\r\nf: <sip:a>;tag=1\r\nt: sip:b\r\n"
		"i: y\r\nCSeq: 1 BYE\r\n\r\n",
		"BYE sip:h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=1\r\nf: <sip:a>;tag=1\r\nt: sip:b\r\n"
		"i: x\r\nCSeq: 2 BYE\r\n\r\n",
		"BYE sip:h SIP/2.0\r\nv: SIP/2.0/UDP a\r\nf: sip:a\r\nt: sip:b\r\n"
		"i: 111x\r\nCSeq: 2 BYE\r\n\r\n",
	};
	enum { N = sizeof texts / sizeof *texts };
	char tags[N + 1][SIPRING_TAG_SIZE], again[SIPRING_TAG_SIZE];

	for (size_t i = 0; i < N; i++) {
		parse(texts[i]);
		cr_assert_eq(request.result, 0);
		sipring_reply_tag(tags[i], &request, secret);
		sipring_reply_tag(again, &request, secret);
		cr_assert_eq(memcmp(tags[i], again, sizeof again), 0);
	}
	sipring_reply_tag(tags[N], &request, other_secret);
	for (size_t i = 0; i <= N; i++)
		for (size_t k = 0; k < i; k++)
			cr_assert_neq(memcmp(tags[i], tags[k], SIPRING_TAG_SIZE), 0, "%zu %zu", i,
				k);
}
