/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes with the library what a dissector is to read: of every message that is named, replies to
 * it if it is a request, and what an edge that forwards it sends; and requests of our own. Each
 * goes to standard output as a line "NAME SIZE" and its bytes. Ends with a status that says so when
 * the library refuses.
 */
#include <sipring/sip.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT_MAX 131072

static char data[OUT_MAX], out[OUT_MAX];
static struct sipring_message message;

static struct sipring_span span_of(const char *text)
{
	return (struct sipring_span){text, strlen(text)};
}

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static void put(const char *of, const char *what, int size)
{
	if (size < 0)
		fail(of, strerror(-size));
	printf("%s:%s %d\n", of, what, size);
	fwrite(out, 1, (size_t)size, stdout);
}

static void write_replies(const char *name)
{
	static const uint16_t statuses[] = {100, 180, 200, 302, 400, 404, 486, 503, 603};
	union sipring_address source = {.v4 = {.sin_family = AF_INET, .sin_port = htons(5066)}};
	uint64_t secret[2] = {1, 2};
	char tag[SIPRING_TAG_SIZE], what[16];
	struct sipring_reply reply = {.source = &source, .copy_record_route = true};

	inet_pton(AF_INET, "198.51.100.9", &source.v4.sin_addr);
	sipring_reply_tag(tag, &message, secret);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		reply.status = statuses[i];
		reply.to_tag = (struct sipring_span){tag, sizeof(tag)};
		if (message.result != SIPRING_PARSE_ACCEPTED)
			reply.status = message.answer_status;
		if (reply.status == 200) {
			reply.headers = span_of("Contact: <sip:edge.example.net;transport=sctp>\r\n"
						"Content-Type: text/plain\r\n");
			reply.body = span_of("hello\r\n");
		}
		snprintf(what, sizeof(what), "%u", reply.status);
		put(name, what, sipring_reply_write(out, sizeof(out), &message, &reply));
		reply.headers = reply.body = (struct sipring_span){NULL, 0};
		if (message.result != SIPRING_PARSE_ACCEPTED)
			return;
	}
}

static void put_edit(const char *name, const char *what, const struct sipring_edit *edit)
{
	struct iovec pieces[SIPRING_EDIT_PIECES_MAX];
	int n_pieces = sipring_edit_finish(edit, pieces, SIPRING_EDIT_PIECES_MAX);
	size_t size = 0;

	for (int i = 0; i < n_pieces; i++) {
		memcpy(out + size, pieces[i].iov_base, pieces[i].iov_len);
		size += pieces[i].iov_len;
	}
	put(name, what, n_pieces < 0 ? n_pieces : (int)size);
}

static void forward_request(const char *name)
{
	static char scratch[4096];
	struct sipring_edit edit;
	int result;

	sipring_edit_begin(&edit, &message, scratch, sizeof(scratch));
	result = sipring_edit_push_via(&edit, SIPRING_TRANSPORT_SCTP,
			 span_of("edge.example.net:5060"), span_of("z9hG4bKedge1"), true) ||
		sipring_edit_push_record_route(&edit, span_of("sip:edge.example.net;lr")) ||
		sipring_edit_push_route(&edit, span_of("sip:next.example.net;lr")) ||
		sipring_edit_set_uri(&edit, span_of("sip:bob@[2001:db8::7]:5070;transport=sctp")) ||
		sipring_edit_insert_header(&edit, span_of("P-Asserted-Identity"),
			span_of("\"Bob\" <sip:bob@example.net>"));
	if (result)
		fail(name, "an edit was refused");
	if (sipring_edit_decrement_max_forwards(&edit) == SIPRING_PARSE_NO_HOPS_LEFT)
		return;
	put_edit(name, "forwarded", &edit);
	if (sipring_edit_pop_route(&edit) == 0)
		put_edit(name, "route-popped", &edit);
}

static void forward_response(const char *name)
{
	static char scratch[1024];
	struct sipring_edit edit;

	sipring_edit_begin(&edit, &message, scratch, sizeof(scratch));
	if (sipring_edit_insert_header(&edit, span_of("Server"), span_of("edge")))
		fail(name, "an edit was refused");
	put_edit(name, "inserted", &edit);
	/* What is left after the last Via is our own answer and is not sent. */
	if (sipring_edit_pop_via(&edit) == 0 && sipring_edit_pop_via(&edit) == 0) {
		sipring_edit_begin(&edit, &message, scratch, sizeof(scratch));
		if (sipring_edit_pop_via(&edit))
			fail(name, "an edit was refused");
		put_edit(name, "via-popped", &edit);
	}
}

static void write_requests(void)
{
	static const char *const methods[] = {"OPTIONS", "INVITE", "ACK", "BYE", "MESSAGE"};
	struct sipring_request request = {.from_tag = span_of("f1"),
		.uri = span_of("sip:bob@192.0.2.7:5070;transport=sctp"),
		.from = span_of("sip:alice@example.com"),
		.branch = span_of("z9hG4bKown1"),
		.sent_by = span_of("[2001:db8::9]:5060"),
		.contact = span_of("sip:alice@192.0.2.9;transport=sctp"),
		.headers = span_of("Subject: own\r\n"),
		.transport = SIPRING_TRANSPORT_SCTP};
	char call_id[32];

	for (uint32_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		snprintf(call_id, sizeof(call_id), "own-%u@192.0.2.9", i);
		request.method = span_of(methods[i]);
		request.call_id = span_of(call_id);
		request.cseq = i + 1;
		put("own", methods[i], sipring_request_write(out, sizeof(out), &request));
		request.size_wanted = i ? 0 : 1500;
		request.to_tag = span_of("t1");
	}
	request.headers = span_of("Content-Type: text/plain\r\n");
	request.body = span_of("hello\r\n");
	put("own", "body", sipring_request_write(out, sizeof(out), &request));
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		const char *name = strrchr(argv[i], '/');
		size_t size;

		if (!file)
			fail(argv[i], "cannot be opened");
		name = name ? name + 1 : argv[i];
		size = fread(data, 1, sizeof(data), file);
		fclose(file);
		sipring_message_parse(&message, data, size);
		if (message.result && !message.answer_status)
			continue;
		if (message.flags & SIPRING_MESSAGE_REQUEST && message.method != SIPRING_METHOD_ACK)
			write_replies(name);
		if (message.result)
			continue;
		if (message.flags & SIPRING_MESSAGE_REQUEST)
			forward_request(name);
		else
			forward_response(name);
	}
	write_requests();
	return 0;
}
