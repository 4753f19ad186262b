/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a reply to whatever request the text is. It fits exactly, is refused only for the
 * reasons that sip.h names, and read again it says of Vias, From, To, Call-ID and CSeq what the
 * request said. What the reply adds is drawn from the choices.
 */
#include "fuzz.h"
#include "view.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_MAX 24u

static struct sipring_message request, message;

static struct sipring_span span_of(const char *text)
{
	return (struct sipring_span){text, strlen(text)};
}

static const union sipring_address *draw_source(struct fuzz_input *input,
	union sipring_address *source)
{
	memset(source, 0, sizeof *source);
	switch (fuzz_choose(input, 4)) {
	case 0:
		return NULL;
	case 1:
		source->sa.sa_family = AF_INET;
		source->v4.sin_port = htons((uint16_t)fuzz_choose(input, 65536));
		inet_pton(AF_INET, fuzz_choose(input, 2) ? "192.0.2.4" : "192.0.2.9",
			&source->v4.sin_addr);
		return source;
	case 2:
		source->sa.sa_family = AF_INET6;
		source->v6.sin6_port = htons((uint16_t)fuzz_choose(input, 65536));
		inet_pton(AF_INET6, "2001:db8::9", &source->v6.sin6_addr);
		return source;
	default:
		source->sa.sa_family = AF_UNSPEC;
		return source;
	}
}

struct drawn {
	struct sipring_reply reply;
	union sipring_address source;
	char reason[FIELD_MAX], to_tag[FIELD_MAX], body[FIELD_MAX];
	bool are_headers_good;
};

static void draw_reply(struct fuzz_input *input, struct drawn *drawn)
{
	static const char *const good[] = {"", "Contact: <sip:a@b>\r\n",
		"Server: x\r\nAllow: INVITE,\r\n ACK\r\nX:\r\n"};
	static const char *const bad[] = {"\r\n", "X: y", "X: y\n", "X: y\r\n\r\n", "X: \ry\r\n",
		" X: y\r\n", "Xy\r\n", ": y\r\n", "X y: z\r\n"};

	memset(drawn, 0, sizeof *drawn);
	drawn->reply.status = (uint16_t)(fuzz_choose(input, 16) ? 100 + fuzz_choose(input, 600)
								: fuzz_choose(input, 65536));
	if (!fuzz_choose(input, 8))
		drawn->reply.status = 100;
	if (!fuzz_choose(input, 4))
		drawn->reply.reason = fuzz_text(input, drawn->reason, FIELD_MAX);
	drawn->reply.to_tag = span_of("3141tag");
	if (!fuzz_choose(input, 4))
		drawn->reply.to_tag = fuzz_text(input, drawn->to_tag, FIELD_MAX);
	drawn->are_headers_good = fuzz_choose(input, 8) != 0;
	drawn->reply.headers = span_of(
		drawn->are_headers_good ? good[fuzz_choose(input, 3)] : bad[fuzz_choose(input, 9)]);
	drawn->reply.body = fuzz_text(input, drawn->body, FIELD_MAX);
	drawn->reply.source = draw_source(input, &drawn->source);
	drawn->reply.copy_record_route = fuzz_choose(input, 2);
}

static bool may_be_written(const struct drawn *drawn)
{
	static const enum sipring_header_id copied[] = {SIPRING_HEADER_VIA, SIPRING_HEADER_FROM,
		SIPRING_HEADER_TO, SIPRING_HEADER_CALL_ID, SIPRING_HEADER_CSEQ};

	for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
		if (!sipring_message_header(&request, copied[i]))
			return false;
	return drawn->reply.status >= 100 && drawn->reply.status <= 699 &&
		request.flags & SIPRING_MESSAGE_REQUEST && fuzz_is_line(drawn->reply.reason) &&
		fuzz_is_line(drawn->reply.to_tag) && drawn->are_headers_good;
}

/* The same values in the same order; of the first is told by the caller whether it may differ. */
static void check_values(enum sipring_header_id id, bool is_first_free)
{
	struct sipring_value_cursor wanted, got;
	struct sipring_span a, b;

	sipring_value_begin(&wanted, &request, id);
	sipring_value_begin(&got, &message, id);
	for (bool is_first = is_first_free;; is_first = false) {
		bool more = sipring_value_next(&wanted, &a);

		FUZZ_CHECK(more == sipring_value_next(&got, &b));
		if (!more)
			return;
		FUZZ_CHECK(is_first || fuzz_is_equal(a, b));
	}
}

/* Who sent the request is told where it came from, and nothing else is changed (RFC 3581 4). */
static void check_top_via(const union sipring_address *source)
{
	const struct sipring_via *a = sipring_message_via(&request);
	const struct sipring_via *b = sipring_message_via(&message);
	char host[INET6_ADDRSTRLEN];
	struct sipring_span name;
	const void *address;

	if (!a)
		return;
	FUZZ_CHECK(b && fuzz_is_equal(a->host, b->host) && a->port == b->port);
	FUZZ_CHECK(fuzz_is_same(a->branch, b->branch) && a->ttl == b->ttl);
	FUZZ_CHECK(fuzz_is_same(a->maddr, b->maddr) && a->has_rport == b->has_rport);
	if (!source || source->sa.sa_family == AF_UNSPEC) {
		FUZZ_CHECK(fuzz_is_equal(a->text, b->text));
		return;
	}
	address = source->sa.sa_family == AF_INET ? (const void *)&source->v4.sin_addr
						  : (const void *)&source->v6.sin6_addr;
	FUZZ_CHECK(inet_ntop(source->sa.sa_family, address, host, sizeof host));
	name = span_of(host);
	FUZZ_CHECK(!b->received.data || fuzz_is_equal(b->received, name));
	FUZZ_CHECK(b->received.data || (!a->has_rport && fuzz_is_inside(b->host, b->text)));
	if (a->has_rport)
		FUZZ_CHECK(b->rport == ntohs(source->v4.sin_port));
}

static void check_to(const struct sipring_reply *reply)
{
	const struct sipring_header *a = sipring_message_header(&request, SIPRING_HEADER_TO);
	const struct sipring_header *b = sipring_message_header(&message, SIPRING_HEADER_TO);
	const struct sipring_name_addr *to = sipring_message_to(&request);
	struct sipring_span kept = {b->value.data, a->value.size};

	FUZZ_CHECK(b->value.size >= a->value.size && fuzz_is_equal(kept, a->value));
	if (!to || to->tag.data || to->rest.data || reply->status == 100 || !reply->to_tag.size) {
		FUZZ_CHECK(b->value.size == a->value.size);
		return;
	}
	if (!fuzz_is_equal(reply->to_tag, span_of("3141tag")))
		return;
	to = sipring_message_to(&message);
	FUZZ_CHECK(to && fuzz_is_equal(to->tag, reply->to_tag));
}

static unsigned count(enum sipring_header_id id)
{
	const struct sipring_header *header = sipring_message_header(&request, id);
	unsigned n = 0;

	for (; header; header = sipring_message_header_next(&request, header))
		n++;
	return n;
}

/* Header lines of the reply, Content-Length included; a folded one is one. */
static unsigned count_lines(const struct sipring_reply *reply)
{
	unsigned n = count(SIPRING_HEADER_VIA) + 5;

	if (reply->copy_record_route)
		n += count(SIPRING_HEADER_RECORD_ROUTE);
	if (reply->status == 100)
		n += count(SIPRING_HEADER_TIMESTAMP);
	for (size_t i = 0; i < reply->headers.size; i++)
		n += reply->headers.data[i] == '\n' &&
			(i + 1 == reply->headers.size || reply->headers.data[i + 1] != ' ');
	return n;
}

/* A reply has one header more than what it copies, and a view has room for so many. */
static void check_parsed(struct sipring_span text, const struct sipring_reply *reply)
{
	static const enum sipring_header_id same[] = {SIPRING_HEADER_FROM, SIPRING_HEADER_CALL_ID,
		SIPRING_HEADER_CSEQ};
	const union sipring_address *source = reply->source;

	view_parse(&message, text);
	if (count_lines(reply) > SIPRING_HEADERS_MAX) {
		FUZZ_CHECK(message.result);
		return;
	}
	/* Of an accepted request; of another the mistake may be in what is copied. */
	FUZZ_CHECK(!message.result || message.result == SIPRING_PARSE_BAD_CSEQ ||
		message.result == SIPRING_PARSE_BARE_CR);
	FUZZ_CHECK(!message.result || request.result);
	FUZZ_CHECK(message.status == reply->status);
	if (reply->reason.data)
		FUZZ_CHECK(fuzz_is_equal(message.reason, reply->reason));
	FUZZ_CHECK(fuzz_is_equal(message.body, reply->body));
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		FUZZ_CHECK(fuzz_is_equal(sipring_message_header(&request, same[i])->value,
			sipring_message_header(&message, same[i])->value));
	check_values(SIPRING_HEADER_VIA, source && source->sa.sa_family != AF_UNSPEC);
	if (reply->copy_record_route)
		check_values(SIPRING_HEADER_RECORD_ROUTE, false);
	check_top_via(source);
	check_to(reply);
	view_check_values(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t secret[2] = {1, 2};
	char tag[2][SIPRING_TAG_SIZE];
	struct fuzz_input input;
	struct drawn drawn;
	size_t room;
	char *out, *tight;
	int result;

	fuzz_begin(&input, data, size);
	view_parse(&request, input.text);
	draw_reply(&input, &drawn);
	room = size + 16 * (size_t)SIPRING_HEADERS_MAX + 1024;
	out = malloc(room);
	FUZZ_CHECK(out);
	result = sipring_reply_write(out, room, &request, &drawn.reply);
	FUZZ_CHECK(result != -ENOBUFS && (result == -EINVAL) == !may_be_written(&drawn));
	if (result > 0) {
		tight = malloc((size_t)result);
		FUZZ_CHECK(tight);
		FUZZ_CHECK(sipring_reply_write(tight, (size_t)result, &request, &drawn.reply) ==
			result);
		FUZZ_CHECK(!memcmp(tight, out, (size_t)result));
		FUZZ_CHECK(sipring_reply_write(tight, (size_t)result - 1, &request, &drawn.reply) ==
			-ENOBUFS);
		memcpy(tight, out, (size_t)result);
		check_parsed((struct sipring_span){tight, (size_t)result}, &drawn.reply);
		free(tight);
	}
	free(out);
	sipring_reply_tag(tag[0], &request, secret);
	sipring_reply_tag(tag[1], &request, secret);
	FUZZ_CHECK(!memcmp(tag[0], tag[1], sizeof tag[0]));
	return 0;
}
