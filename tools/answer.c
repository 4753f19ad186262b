/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `sipring serve` answers: a status for each method, and the response built from the request
 * alone (RFC 3261 8.2.6, 8.2.7). A policy is set up, configured any number of times and finished;
 * from then on it is only read. Without configuration:
 *
 *   200  OPTIONS INVITE BYE REGISTER MESSAGE INFO UPDATE NOTIFY, as a SIPp user expects
 *   481  CANCEL PRACK, for there is no transaction that they could belong to
 *   405  SUBSCRIBE PUBLISH REFER, with Allow
 *   501  any method without a number
 *
 * ACK is never answered. Every response carries Allow, made from what is not 405 or 501.
 */
#include "tools/answer.h"

#include "tools/number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sipring/sipring.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static struct sipring_span span_of(const char *text, size_t size)
{
	return (struct sipring_span){.data = text, .size = size};
}

void answer_setup(struct answer_policy *policy)
{
	static const uint16_t defaults[SIPRING_METHOD_COUNT] = {
		[SIPRING_METHOD_OTHER] = 501,
		[SIPRING_METHOD_INVITE] = 200,
		[SIPRING_METHOD_ACK] = ANSWER_NONE,
		[SIPRING_METHOD_BYE] = 200,
		[SIPRING_METHOD_CANCEL] = 481,
		[SIPRING_METHOD_OPTIONS] = 200,
		[SIPRING_METHOD_REGISTER] = 200,
		[SIPRING_METHOD_PRACK] = 481,
		[SIPRING_METHOD_SUBSCRIBE] = 405,
		[SIPRING_METHOD_NOTIFY] = 200,
		[SIPRING_METHOD_PUBLISH] = 405,
		[SIPRING_METHOD_INFO] = 200,
		[SIPRING_METHOD_REFER] = 405,
		[SIPRING_METHOD_MESSAGE] = 200,
		[SIPRING_METHOD_UPDATE] = 200,
	};
	memset(policy, 0, sizeof(*policy));
	memcpy(policy->statuses, defaults, sizeof(defaults));
	if (getrandom(policy->secret, sizeof(policy->secret), GRND_NONBLOCK) < 0) {
		policy->secret[0] = number_clock_ns();
		policy->secret[1] = (uint64_t)(uintptr_t)policy;
	}
}

/* 0 or -ENOSPC. */
static int set_status(struct answer_policy *policy, struct sipring_span name, uint16_t status)
{
	if (name.size == 1 && *name.data == '*') {
		for (unsigned i = 0; i < SIPRING_METHOD_COUNT; i++)
			if (i != SIPRING_METHOD_ACK)
				policy->statuses[i] = status;
		return 0;
	}
	enum sipring_method method = sipring_method_find(name);
	if (method != SIPRING_METHOD_OTHER) {
		policy->statuses[method] = status;
		return 0;
	}
	unsigned at = 0;
	while (at < policy->n_others &&
		(strlen(policy->others[at].name) != name.size ||
			memcmp(policy->others[at].name, name.data, name.size)))
		at++;
	if (at == ANSWER_OTHERS_MAX)
		return -ENOSPC;
	if (at == policy->n_others)
		policy->n_others++;
	memcpy(policy->others[at].name, name.data, name.size);
	policy->others[at].name[name.size] = 0;
	policy->others[at].status = status;
	return 0;
}

static bool is_method_token(struct sipring_span name)
{
	static const char others[] = "-.!%*_+`'~";
	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (!is_letter && !(c >= '0' && c <= '9') && !strchr(others, c))
			return false;
	}
	return name.size > 0 && name.size < sizeof(((struct answer_policy *)0)->others[0].name);
}

/* METHOD=CODE, comma-divided; METHOD may be *, CODE may be none. 0 or -EINVAL with a text. */
int answer_configure(struct answer_policy *policy, const char *list, struct sipring_error *error)
{
	while (*list) {
		size_t size = strcspn(list, ",");
		const char *equals = memchr(list, '=', size);
		char code[8];
		uint64_t status = ANSWER_NONE;
		size_t code_size = equals ? size - (size_t)(equals + 1 - list) : 0;
		struct sipring_span name = span_of(list, equals ? (size_t)(equals - list) : 0);
		bool is_good = equals && code_size < sizeof(code) && is_method_token(name);
		if (is_good) {
			memcpy(code, equals + 1, code_size);
			code[code_size] = 0;
			is_good = !strcmp(code, "none") || !number_parse(code, 200, 699, &status);
		}
		if (!is_good) {
			snprintf(error->text, sizeof(error->text),
				"'%.*s' is not METHOD=CODE with a code from 200 to 699 or none",
				(int)size, list);
			return -EINVAL;
		}
		if (name.size == 3 && !memcmp(name.data, "ACK", 3)) {
			snprintf(error->text, sizeof(error->text), "ACK is never answered");
			return -EINVAL;
		}
		if (set_status(policy, name, (uint16_t)status) < 0) {
			snprintf(error->text, sizeof(error->text),
				"more than %u methods of your own", ANSWER_OTHERS_MAX);
			return -EINVAL;
		}
		list += size;
		list += *list == ',';
	}
	return 0;
}

static bool is_allowed(uint16_t status)
{
	return status != 405 && status != 501;
}

/* Makes the header lines that every response carries. */
void answer_finish(struct answer_policy *policy)
{
	char *at = policy->headers, *end = at + sizeof(policy->headers);
	at += snprintf(at, (size_t)(end - at), "Allow: ACK");
	for (unsigned i = 1; i < SIPRING_METHOD_COUNT; i++)
		if (i != SIPRING_METHOD_ACK && is_allowed(policy->statuses[i]))
			at += snprintf(at, (size_t)(end - at), ", %s",
				sipring_method_name((enum sipring_method)i));
	for (unsigned i = 0; i < policy->n_others; i++)
		if (is_allowed(policy->others[i].status))
			at += snprintf(at, (size_t)(end - at), ", %s", policy->others[i].name);
	at += snprintf(at, (size_t)(end - at), "\r\nServer: sipring/%s\r\n", sipring_version());
	policy->headers_size = (size_t)(at - policy->headers);
	policy->headers_are_good =
		sipring_reply_headers_check(span_of(policy->headers, policy->headers_size));
}

/* The status for a request; ANSWER_NONE: leave it alone. */
uint16_t answer_status(const struct answer_policy *policy, const struct sipring_message *request)
{
	if (request->method == SIPRING_METHOD_ACK)
		return ANSWER_NONE;
	if (request->method == SIPRING_METHOD_OTHER)
		for (unsigned i = 0; i < policy->n_others; i++)
			if (strlen(policy->others[i].name) == request->method_name.size &&
				!memcmp(policy->others[i].name, request->method_name.data,
					request->method_name.size))
				return policy->others[i].status;
	return policy->statuses[request->method];
}

/* Contact of a 2xx that makes or refreshes a dialog: where we are. The size, 0 if unknown. */
static size_t write_contact(char *out, size_t capacity, const union sipring_address *own)
{
	char host[INET6_ADDRSTRLEN];
	bool is_v6 = own && own->sa.sa_family == AF_INET6;
	if (!own || (own->sa.sa_family != AF_INET && !is_v6))
		return 0;
	const void *bytes = is_v6 ? (const void *)&own->v6.sin6_addr : &own->v4.sin_addr;
	inet_ntop(own->sa.sa_family, bytes, host, sizeof(host));
	return (size_t)snprintf(out, capacity, "Contact: <sip:%s%s%s:%u;transport=sctp>\r\n",
		is_v6 ? "[" : "", host, is_v6 ? "]" : "",
		ntohs(is_v6 ? own->v6.sin6_port : own->v4.sin_port));
}

/* Writes the response. Its size, or -errno as sipring_reply_write. */
int answer_write(const struct answer_policy *policy, struct sipring_message *request,
	uint16_t status, const union sipring_address *source,
	const union sipring_address *destination, char *out, size_t capacity)
{
	char tag[SIPRING_TAG_SIZE] = {0};
	char headers[sizeof(policy->headers) + 128];
	struct sipring_reply reply = {.status = status,
		.headers = span_of(policy->headers, policy->headers_size),
		.to_tag = span_of(tag, sizeof(tag)),
		.headers_are_checked = policy->headers_are_good,
		.source = source};
	enum sipring_method method = request->method;
	sipring_reply_tag(tag, request, policy->secret);
	if (status < 300 &&
		(method == SIPRING_METHOD_INVITE || method == SIPRING_METHOD_UPDATE ||
			method == SIPRING_METHOD_SUBSCRIBE || method == SIPRING_METHOD_REFER)) {
		size_t size = write_contact(headers, 128, destination);
		memcpy(headers + size, policy->headers, policy->headers_size);
		reply.headers = span_of(headers, size + policy->headers_size);
		reply.copy_record_route = true;
	}
	return sipring_reply_write(out, capacity, request, &reply);
}
