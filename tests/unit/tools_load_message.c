/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests of a load: each is a whole message with a name of its own, its answer is found by
 * that name, and the ACK is what RFC 3261 asks for.
 */
#include "tools/load_message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct load_message message;
static struct client_target target;
static struct sipring_message view;
static struct sipring_error error;
static char text[LOAD_MESSAGE_MAX];

static void setup(void)
{
	cr_assert_eq(client_aim(&target, "127.0.0.1", 5070, &error), 0, "%s", error.text);
	cr_assert_eq(load_message_setup(&message, &target, "INVITE", 900, 0xfeed, &error), 0);
	load_message_patch(&message, 0x12345, 77);
	cr_assert_eq(sipring_message_parse(&view, message.text, message.size), 0);
}

TestSuite(tools_load_message, .init = setup);

static void parse_answer(const char *start, const char *headers)
{
	char mine[2048];
	size_t size = message.size;
	memcpy(mine, message.text, size);
	mine[size] = 0;
	const char *rest = strstr(mine, "\r\n");
	int written = snprintf(text, sizeof(text), "%s\r\n%s%s", start, headers, rest + 2);
	cr_assert_eq(sipring_message_parse(&view, text, (size_t)written), 0);
}

static void expect(struct sipring_span span, const char *wanted)
{
	cr_assert(span.size == strlen(wanted) && !memcmp(span.data, wanted, span.size), "%.*s",
		(int)span.size, span.data);
}

Test(tools_load_message, a_request_is_whole_and_of_the_size_wanted)
{
	cr_assert_eq(message.size, 900);
	cr_assert_eq(view.method, SIPRING_METHOD_INVITE);
	expect(view.uri, "sip:127.0.0.1;transport=sctp");
	expect(sipring_message_via(&view)->branch, "z9hG4bK000123450000004d000000000000feed");
	expect(sipring_message_from(&view)->tag, "000123450000004d");
	expect(sipring_message_header(&view, SIPRING_HEADER_CALL_ID)->value,
		"000123450000004d-000000000000feed@127.0.0.1");
	cr_assert_not(memmem(message.text, message.size, "MARK", 4));
}

Test(tools_load_message, an_answer_is_found_by_its_name)
{
	uint32_t index = 0, generation = 0;
	parse_answer("SIP/2.0 200 OK", "");
	cr_assert_eq(load_message_match(&message, &view, &index, &generation), 0);
	cr_assert_eq(index, 0x12345);
	cr_assert_eq(generation, 77);
	text[strstr(text, "feed@") - text] = 'g';
	cr_assert_lt(load_message_match(&message, &view, &index, &generation), 0, "another run's");
}

Test(tools_load_message, the_ack_of_a_refusal_belongs_to_the_invite)
{
	char out[2048];
	parse_answer("SIP/2.0 486 Busy Here", "Contact: <sip:elsewhere>\r\n");
	int size = load_message_ack(&message, &view, out, sizeof(out));
	cr_assert_gt(size, 0);
	cr_assert_eq(sipring_message_parse(&view, out, (size_t)size), 0);
	cr_assert_eq(view.method, SIPRING_METHOD_ACK);
	cr_assert_eq(view.cseq.number, 1);
	expect(view.uri, "sip:127.0.0.1;transport=sctp");
	expect(sipring_message_via(&view)->branch, "z9hG4bK000123450000004d000000000000feed");
}

Test(tools_load_message, bad_wishes_are_refused)
{
	cr_assert_lt(load_message_setup(&message, &target, "IN VITE", 0, 1, &error), 0);
	cr_assert_lt(load_message_setup(&message, &target, "INVITE", 20, 1, &error), 0);
	cr_assert(strstr(error.text, "too small"));
	cr_assert_eq(load_message_setup(&message, &target, "PING", 65535, 1, &error), 0);
	cr_assert_eq(message.size, 65535);
}

static int resolve(const char *uri)
{
	return client_aim(&target, uri, 5070, &error);
}

Test(tools_load_message, targets)
{
	cr_assert_eq(resolve("sip:bob@[::1]:6000;transport=sctp?a=b"), 0, "%s", error.text);
	cr_assert_str_eq(target.uri, "sip:bob@[::1]:6000;transport=sctp");
	cr_assert_str_eq(target.peer, "[::1]:6000");
	cr_assert_eq(resolve("localhost:5099"), 0, "%s", error.text);
	cr_assert_eq(resolve("127.0.0.1"), 0);
	cr_assert_str_eq(target.peer, "127.0.0.1:5070");
	cr_assert_lt(resolve("sips:127.0.0.1"), 0);
	cr_assert_lt(resolve("sip:127.0.0.1;transport=tcp"), 0);
	cr_assert_lt(resolve("sip:127.0.0.1:0"), 0);
	cr_assert_lt(resolve("sip:127.0.0.1:65536"), 0);
	cr_assert_lt(resolve("tel:+123"), 0);
	cr_assert_lt(resolve(""), 0);
}
