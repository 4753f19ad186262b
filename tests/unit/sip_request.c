/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests: a golden output, every padded size, what is refused, and that they parse.
 */
#include "sip_edge.h"

#include <errno.h>

static char out[70000];

static struct sipring_request minimal(void)
{
	return (struct sipring_request){.method = span_of("OPTIONS"),
		.uri = span_of("sip:bob@192.0.2.1;transport=sctp"),
		.from = span_of("sip:alice@192.0.2.2"),
		.from_tag = span_of("ft"),
		.call_id = span_of("c@h"),
		.branch = span_of("z9hG4bK1"),
		.sent_by = span_of("192.0.2.2:5060"),
		.transport = SIPRING_TRANSPORT_SCTP,
		.cseq = 1};
}

Test(sip_request, golden)
{
	struct sipring_request request = minimal();
	int size = sipring_request_write(out, sizeof out, &request);

	cr_assert_span(((struct sipring_span){out, (size_t)size}),
		"OPTIONS sip:bob@192.0.2.1;transport=sctp SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP 192.0.2.2:5060;branch=z9hG4bK1\r\n"
		"Max-Forwards: 70\r\n"
		"From: <sip:alice@192.0.2.2>;tag=ft\r\n"
		"To: <sip:bob@192.0.2.1;transport=sctp>\r\n"
		"Call-ID: c@h\r\n"
		"CSeq: 1 OPTIONS\r\n"
		"Content-Length: 0\r\n\r\n");
	request.method = span_of("BYE");
	request.to = span_of("tel:+1");
	request.to_tag = span_of("tt");
	request.contact = span_of("sip:alice@192.0.2.2;transport=sctp");
	request.headers = span_of("Content-Type: text/plain\r\n");
	request.body = span_of("hi");
	request.max_forwards = 1;
	size = sipring_request_write(out, sizeof out, &request);
	cr_assert_span(((struct sipring_span){out, (size_t)size}),
		"BYE sip:bob@192.0.2.1;transport=sctp SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP 192.0.2.2:5060;branch=z9hG4bK1\r\n"
		"Max-Forwards: 1\r\n"
		"From: <sip:alice@192.0.2.2>;tag=ft\r\n"
		"To: <tel:+1>;tag=tt\r\n"
		"Call-ID: c@h\r\n"
		"CSeq: 1 BYE\r\n"
		"Contact: <sip:alice@192.0.2.2;transport=sctp>\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Length: 2\r\n\r\nhi");
}

Test(sip_request, every_size)
{
	static struct sipring_message message;
	struct sipring_request request = minimal();
	int smallest = sipring_request_write(out, sizeof out, &request);

	for (size_t size = 1; size < sizeof out; size += size < 1200 ? 1 : 997) {
		int wanted = size > (size_t)smallest ? (int)size : smallest;

		request.size_wanted = size;
		cr_assert_eq(sipring_request_write(out, sizeof out, &request), wanted, "%zu", size);
		cr_assert_eq(sipring_message_parse(&message, out, (size_t)wanted), 0, "%zu", size);
		cr_assert_eq(message.body.size, 0);
		cr_assert_eq(sipring_request_write(out, (size_t)wanted - 1, &request), -ENOBUFS);
	}
}

Test(sip_request, refused)
{
	struct sipring_request request;

#define REFUSED(...)                                                                    \
	do {                                                                            \
		request = minimal();                                                    \
		__VA_ARGS__;                                                            \
		cr_assert_eq(sipring_request_write(out, sizeof out, &request), -EINVAL, \
			#__VA_ARGS__);                                                  \
	} while (0)
	REFUSED(request.method.size = 0);
	REFUSED(request.uri.size = 0);
	REFUSED(request.from.size = 0);
	REFUSED(request.from_tag.size = 0);
	REFUSED(request.call_id.size = 0);
	REFUSED(request.branch.size = 0);
	REFUSED(request.sent_by.size = 0);
	REFUSED(request.transport = SIPRING_TRANSPORT_UNKNOWN);
	REFUSED(request.cseq = 1u << 31);
	REFUSED(request.uri = span_of("sip:a\r\nx"));
	REFUSED(request.to = span_of("sip:a\n"));
	REFUSED(request.headers = span_of("a: b"));
	REFUSED(request.contact = span_of("\r"));
}
