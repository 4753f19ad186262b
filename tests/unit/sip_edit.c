/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Edits: each one by its golden output, many in any order on every sample, where the result must
 * parse and show the change, and what does not fit.
 */
#include "random.h"
#include "sip_edge.h"
#include "sip_samples.h"

#include <errno.h>

static struct sipring_message message, result;
static struct sipring_edit edit;
static char scratch[4096], joined[8192];

#define LINE "INVITE sip:h SIP/2.0\r\n"
#define REST "From: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"

static void begin(const char *text)
{
	struct sipring_span at_edge = edge_span(text);

	cr_assert_eq(sipring_message_parse(&message, at_edge.data, at_edge.size), 0, "%s", text);
	sipring_edit_begin(&edit, &message, scratch, sizeof scratch);
}

static struct sipring_span join(void)
{
	struct iovec pieces[SIPRING_EDIT_PIECES_MAX];
	int n = sipring_edit_finish(&edit, pieces, SIPRING_EDIT_PIECES_MAX);
	size_t size = 0;

	cr_assert_geq(n, 0);
	for (int i = 0; i < n; i++) {
		cr_assert_gt(pieces[i].iov_len, 0);
		memcpy(joined + size, pieces[i].iov_base, pieces[i].iov_len);
		size += pieces[i].iov_len;
	}
	return (struct sipring_span){joined, size};
}

Test(sip_edit, nothing_changed)
{
	struct iovec pieces[1];

	begin("\r\n" LINE "v: SIP/2.0/UDP a\r\nl: 1\r\n" REST "\r\nxyz");
	cr_assert_eq(sipring_edit_finish(&edit, pieces, 1), 1);
	cr_assert_span(join(), LINE "v: SIP/2.0/UDP a\r\nl: 1\r\n" REST "\r\nx");
}

Test(sip_edit, vias)
{
	begin(LINE "v: SIP/2.0/UDP a,\r\n SIP/2.0/UDP b , SIP/2.0/UDP c \r\nX: y\r\n"
		   "Via: SIP/2.0/UDP d\r\n" REST "\r\n");
	cr_assert_eq(sipring_edit_pop_via(&edit), 0);
	cr_assert_span(join(),
		LINE "v: SIP/2.0/UDP b , SIP/2.0/UDP c \r\nX: y\r\nVia: SIP/2.0/UDP d\r\n" REST
		     "\r\n");
	cr_assert_eq(sipring_edit_push_via(&edit, SIPRING_TRANSPORT_SCTP, span_of("me:5060"),
			     span_of("z9hG4bK1"), false),
		0);
	cr_assert_eq(sipring_edit_push_via(&edit, SIPRING_TRANSPORT_TLS_SCTP, span_of("me2"),
			     span_of("z9hG4bK2"), true),
		0);
	cr_assert_span(join(),
		LINE "Via: SIP/2.0/TLS-SCTP me2;rport;branch=z9hG4bK2\r\n"
		     "Via: SIP/2.0/SCTP me:5060;branch=z9hG4bK1\r\n"
		     "v: SIP/2.0/UDP b , SIP/2.0/UDP c \r\nX: y\r\nVia: SIP/2.0/UDP d\r\n" REST
		     "\r\n");
	cr_assert_eq(sipring_edit_pop_via(&edit), 0);
	cr_assert_eq(sipring_edit_pop_via(&edit), 0);
	cr_assert_span(join(),
		LINE "Via: SIP/2.0/TLS-SCTP me2;rport;branch=z9hG4bK2\r\n"
		     "Via: SIP/2.0/SCTP me:5060;branch=z9hG4bK1\r\n"
		     "X: y\r\nVia: SIP/2.0/UDP d\r\n" REST "\r\n");
	cr_assert_eq(sipring_edit_pop_via(&edit), 0);
	cr_assert_eq(sipring_edit_pop_via(&edit), SIPRING_PARSE_ABSENT);
}

#define VIA "v: SIP/2.0/UDP a\r\n"

Test(sip_edit, routes)
{
	begin(LINE VIA REST "Route: <sip:1;lr>,<sip:2;lr>\r\nRoute: <sip:3>\r\n\r\n");
	cr_assert_eq(sipring_edit_pop_route(&edit), 0);
	cr_assert_eq(sipring_edit_push_route(&edit, span_of("sip:0;lr")), 0);
	cr_assert_eq(sipring_edit_push_record_route(&edit, span_of("sip:rr;lr")), 0);
	cr_assert_span(join(),
		LINE VIA "Record-Route: <sip:rr;lr>\r\n" REST "Route: <sip:0;lr>\r\n"
			 "Route: <sip:2;lr>\r\nRoute: <sip:3>\r\n\r\n");
	cr_assert_eq(sipring_edit_pop_route(&edit), 0);
	cr_assert_eq(sipring_edit_pop_route(&edit), 0);
	cr_assert_eq(sipring_edit_pop_route(&edit), SIPRING_PARSE_ABSENT);
	cr_assert_span(join(),
		LINE VIA "Record-Route: <sip:rr;lr>\r\n" REST "Route: <sip:0;lr>\r\n\r\n");
	begin(LINE VIA REST "Record-Route: <sip:old>\r\n\r\nbody");
	cr_assert_eq(sipring_edit_push_record_route(&edit, span_of("sip:new")), 0);
	cr_assert_eq(sipring_edit_push_route(&edit, span_of("sip:r")), 0);
	cr_assert_span(join(),
		LINE VIA "Route: <sip:r>\r\n" REST "Record-Route: <sip:new>\r\n"
			 "Record-Route: <sip:old>\r\n\r\nbody");
}

Test(sip_edit, max_forwards)
{
	begin(LINE VIA "Max-Forwards: 070\r\n" REST "\r\n");
	cr_assert_eq(sipring_edit_decrement_max_forwards(&edit), 0);
	cr_assert_span(join(), LINE VIA "Max-Forwards: 69\r\n" REST "\r\n");
	cr_assert_eq(sipring_edit_remove_header(&edit,
			     sipring_message_header(&message, SIPRING_HEADER_MAX_FORWARDS)),
		0);
	cr_assert_span(join(), LINE VIA REST "\r\n");
	begin(LINE VIA REST "\r\n");
	cr_assert_eq(sipring_edit_decrement_max_forwards(&edit), 0);
	cr_assert_eq(sipring_edit_decrement_max_forwards(&edit), 0);
	cr_assert_span(join(), LINE VIA REST "Max-Forwards: 70\r\n\r\n");
	begin(LINE VIA REST "\r\n");
	cr_assert_eq(sipring_edit_insert_header(&edit, span_of("max-forwards"), span_of("9")), 0);
	cr_assert_eq(sipring_edit_set_uri(&edit, span_of("Max-Forwards:x")), 0);
	cr_assert_eq(sipring_edit_decrement_max_forwards(&edit), 0);
	cr_assert_eq(edit.n_changes, 2);
	begin(LINE VIA "Max-Forwards: 0\r\n" REST "\r\n");
	cr_assert_eq(sipring_edit_decrement_max_forwards(&edit), SIPRING_PARSE_NO_HOPS_LEFT);
	begin(LINE VIA "Max-Forwards: x\r\n" REST "\r\n");
	cr_assert_eq(sipring_edit_decrement_max_forwards(&edit), SIPRING_PARSE_BAD_NUMBER);
	cr_assert_span(join(), LINE VIA "Max-Forwards: x\r\n" REST "\r\n");
}

Test(sip_edit, headers_and_uri)
{
	begin(LINE VIA "Subject: a\r\n \r\n b\r\n \r\n" REST "X: last\r\n\r\nbody");
	cr_assert_eq(sipring_edit_insert_header(&edit, span_of("A"), span_of("1")), 0);
	cr_assert_eq(sipring_edit_insert_header(&edit, span_of("B"), span_of("")), 0);
	cr_assert_eq(sipring_edit_set_uri(&edit, span_of("sip:new@h")), 0);
	cr_assert_eq(sipring_edit_remove_header(&edit,
			     sipring_message_header(&message, SIPRING_HEADER_SUBJECT)),
		0);
	cr_assert_eq(sipring_edit_remove_header(&edit,
			     sipring_message_header_named(&message, span_of("x"))),
		0);
	cr_assert_span(join(), "INVITE sip:new@h SIP/2.0\r\n" VIA REST "A: 1\r\nB: \r\n\r\nbody");
	cr_assert_eq(sipring_edit_set_uri(&edit, span_of("sip:newer@h")), 0);
	cr_assert_span(join(), "INVITE sip:newer@h SIP/2.0\r\n" VIA REST "A: 1\r\nB: \r\n\r\nbody");
	begin("SIP/2.0 200 OK\r\n" VIA REST "\r\n");
	cr_assert_eq(sipring_edit_set_uri(&edit, span_of("sip:x")), SIPRING_PARSE_ABSENT);
}

Test(sip_edit, refused)
{
	struct iovec pieces[1];

	begin(LINE VIA REST "\r\n");
	cr_assert_eq(sipring_edit_insert_header(&edit, span_of("A B"), span_of("1")), -EINVAL);
	cr_assert_eq(sipring_edit_insert_header(&edit, span_of("A"), span_of("1\r\n")), -EINVAL);
	cr_assert_eq(sipring_edit_set_uri(&edit, span_of("sip: x")), -EINVAL);
	cr_assert_eq(sipring_edit_push_route(&edit, span_of("sip:x>")), -EINVAL);
	cr_assert_eq(sipring_edit_push_via(&edit, SIPRING_TRANSPORT_UNKNOWN, span_of("h"),
			     span_of("b"), false),
		-EINVAL);
	cr_assert_span(join(), LINE VIA REST "\r\n");
	for (int i = 0; i < SIPRING_EDIT_CHANGES_MAX; i++)
		cr_assert_eq(sipring_edit_push_route(&edit, span_of("sip:x")), 0);
	cr_assert_eq(sipring_edit_push_route(&edit, span_of("sip:x")), -ENOBUFS);
	cr_assert_eq(sipring_edit_finish(&edit, pieces, 1), -ENOBUFS);
	join();
	sipring_edit_begin(&edit, &message, scratch, 10);
	cr_assert_eq(sipring_edit_push_route(&edit, span_of("sip:x")), -ENOBUFS);
	cr_assert_eq(edit.n_changes, 0);
	sipring_message_parse(&message, LINE, sizeof LINE - 1);
	sipring_edit_begin(&edit, &message, scratch, sizeof scratch);
	cr_assert_eq(sipring_edit_push_route(&edit, span_of("sip:x")), -EINVAL);
	cr_assert_eq(sipring_edit_pop_via(&edit), SIPRING_PARSE_ABSENT);
	cr_assert_eq(sipring_edit_finish(&edit, pieces, 1), -EINVAL);
}

static unsigned count_values(const struct sipring_message *of, enum sipring_header_id id)
{
	struct sipring_value_cursor cursor;
	struct sipring_span value;
	unsigned n = 0;

	sipring_value_begin(&cursor, of, id);
	while (sipring_value_next(&cursor, &value))
		n++;
	return n;
}

/* What a sequence of random edits must come to. */
struct expected {
	unsigned n_vias, n_vias_of_message, n_routes, n_routes_of_message, n_headers;
};

static void edit_at_random(uint64_t *state, struct expected *expected)
{
	switch (random_below(state, 6)) {
	case 0:
		cr_assert_eq(sipring_edit_push_via(&edit, SIPRING_TRANSPORT_SCTP, span_of("h"),
				     span_of("z9hG4bK"), false),
			0);
		expected->n_vias++;
		break;
	case 1:
		/* The last of the message's own stays, or there might be none. */
		if (expected->n_vias_of_message == 1)
			break;
		cr_assert_eq(sipring_edit_pop_via(&edit), 0);
		expected->n_vias--;
		expected->n_vias_of_message--;
		break;
	case 2:
		cr_assert_eq(sipring_edit_push_route(&edit, span_of("sip:x;lr")), 0);
		expected->n_routes++;
		break;
	case 3:
		cr_assert_eq(sipring_edit_pop_route(&edit),
			expected->n_routes_of_message ? 0 : SIPRING_PARSE_ABSENT);
		if (expected->n_routes_of_message) {
			expected->n_routes--;
			expected->n_routes_of_message--;
		}
		break;
	case 4:
		cr_assert_eq(sipring_edit_insert_header(&edit, span_of("Warning"), span_of("w")),
			0);
		expected->n_headers++;
		break;
	default:
		cr_assert_eq(sipring_edit_push_record_route(&edit, span_of("sip:rr")), 0);
		break;
	}
}

Test(sip_edit, any_order_on_every_sample)
{
	uint64_t state = 99;

	for (int round = 0; round < 20000; round++) {
		const struct sip_sample *sample = &sip_samples[round % N_SIP_SAMPLES];
		struct expected expected = {0};
		struct sipring_span text;

		sipring_message_parse(&message, edge_copy(sample->data, sample->size),
			sample->size);
		sipring_edit_begin(&edit, &message, scratch, sizeof scratch);
		expected.n_vias = expected.n_vias_of_message =
			count_values(&message, SIPRING_HEADER_VIA);
		expected.n_routes = expected.n_routes_of_message =
			count_values(&message, SIPRING_HEADER_ROUTE);
		for (uint64_t n = random_below(&state, 12); n; n--)
			edit_at_random(&state, &expected);
		text = join();
		cr_assert_eq(sipring_message_parse(&result, text.data, text.size), 0, "%.*s",
			(int)text.size, text.data);
		cr_assert_eq(count_values(&result, SIPRING_HEADER_VIA), expected.n_vias);
		cr_assert_eq(count_values(&result, SIPRING_HEADER_ROUTE), expected.n_routes);
		cr_assert_eq(count_values(&result, SIPRING_HEADER_WARNING), expected.n_headers);
		cr_assert_eq(result.body.size, message.body.size);
		cr_assert_eq(memcmp(result.body.data, message.body.data, result.body.size), 0);
		cr_assert_not_null(sipring_message_via(&result));
	}
}
