/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `sipring serve` answers: the defaults, what --answer takes and refuses, and the response.
 */
#include "tools/answer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct answer_policy policy;
static struct sipring_message request;
static struct sipring_error error;

static void setup(void)
{
	answer_setup(&policy);
}

TestSuite(tools_answer, .init = setup);

static void parse(const char *method)
{
	static char text[1024];
	int size = snprintf(text, sizeof(text),
		"%s sip:a@b SIP/2.0\r\nVia: SIP/2.0/SCTP client:5070;branch=z9hG4bK1;rport\r\n"
		"Record-Route: <sip:proxy;lr>\r\n"
		"From: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 %s\r\n"
		"Content-Length: 0\r\n\r\n",
		method, method);
	cr_assert_eq(sipring_message_parse(&request, text, (size_t)size), 0);
}

static unsigned status_of(const char *method)
{
	parse(method);
	return answer_status(&policy, &request);
}

Test(tools_answer, defaults)
{
	cr_assert_eq(status_of("OPTIONS"), 200);
	cr_assert_eq(status_of("INVITE"), 200);
	cr_assert_eq(status_of("ACK"), ANSWER_NONE);
	cr_assert_eq(status_of("CANCEL"), 481);
	cr_assert_eq(status_of("SUBSCRIBE"), 405);
	cr_assert_eq(status_of("PING"), 501);
}

Test(tools_answer, configured)
{
	const char *list = "INVITE=486,PING=202,MESSAGE=none,*=503,BYE=200,PING=299";
	cr_assert_eq(answer_configure(&policy, list, &error), 0);
	cr_assert_eq(status_of("INVITE"), 503, "the last one counts");
	cr_assert_eq(status_of("BYE"), 200);
	cr_assert_eq(status_of("PING"), 299);
	cr_assert_eq(status_of("PONG"), 503);
	cr_assert_eq(answer_configure(&policy, "MESSAGE=none", &error), 0);
	cr_assert_eq(status_of("MESSAGE"), ANSWER_NONE);
	cr_assert_eq(status_of("ACK"), ANSWER_NONE);
}

Test(tools_answer, bad_lists_are_refused_with_a_text)
{
	static const char *const bad[] = {"INVITE", "INVITE=", "=200", "INVITE=99", "INVITE=100",
		"INVITE=700", "INVITE=abc", "IN VITE=200", "ACK=200", "BYE=200,,INVITE=200",
		"INVITE=200000000000"};
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error.text[0] = 0;
		cr_assert_lt(answer_configure(&policy, bad[i], &error), 0, "%s", bad[i]);
		cr_assert_neq(error.text[0], 0, "%s", bad[i]);
	}
	for (unsigned i = 0; i < ANSWER_OTHERS_MAX; i++) {
		char list[] = {'X', (char)('A' + i), '=', '2', '0', '0', 0};
		cr_assert_eq(answer_configure(&policy, list, &error), 0);
	}
	cr_assert_lt(answer_configure(&policy, "YET=200", &error), 0);
}

static const char *answer(const char *method)
{
	static char out[4096];
	union sipring_address source = {.v4 = {.sin_family = AF_INET, .sin_port = htons(4711)}};
	union sipring_address own = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(5060)}};
	inet_pton(AF_INET, "192.0.2.7", &source.v4.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &own.v6.sin6_addr);
	parse(method);
	uint16_t status = answer_status(&policy, &request);
	int size = answer_write(&policy, &request, status, &source, &own, out, sizeof(out) - 1);
	cr_assert_gt(size, 0);
	out[size] = 0;
	return out;
}

Test(tools_answer, the_response)
{
	answer_finish(&policy);
	const char *text = answer("OPTIONS");
	cr_assert_eq(strncmp(text, "SIP/2.0 200 OK\r\n", 16), 0);
	cr_assert(strstr(text, "received=192.0.2.7"));
	cr_assert(strstr(text, "rport=4711"));
	cr_assert(strstr(text, "To: <sip:a@b>;tag="));
	cr_assert(strstr(text, "\r\nAllow: ACK, INVITE, BYE, "));
	cr_assert_not(strstr(text, "SUBSCRIBE"));
	cr_assert_not(strstr(text, "\r\nContact:"));
	text = answer("INVITE");
	cr_assert(strstr(text, "\r\nContact: <sip:[2001:db8::1]:5060;transport=sctp>\r\n"));
	cr_assert(strstr(text, "\r\nRecord-Route: <sip:proxy;lr>\r\n"));
	text = answer("REFER");
	cr_assert_eq(strncmp(text, "SIP/2.0 405 ", 12), 0);
	cr_assert(strstr(text, "\r\nAllow: "));
}
