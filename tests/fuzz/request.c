/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: requests as a tool writes them, from fields that may hold anything. What is written
 * fits exactly, is refused only for the reasons that sip.h names, and is one message that says what
 * the fields say. The input's text is what fields are drawn from.
 */
#include "fuzz.h"
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_MAX 40u
#define OUT_MAX 4096u

/* The fields of a request that are text, for all to be treated alike. */
enum field {
	METHOD,
	URI,
	FROM,
	FROM_TAG,
	CALL_ID,
	BRANCH,
	SENT_BY,
	N_REQUIRED,
	TO = N_REQUIRED,
	TO_TAG,
	CONTACT,
	N_FIELDS
};

static struct sipring_span span_of(const char *text)
{
	return (struct sipring_span){text, strlen(text)};
}

/* Mostly what belongs there, so that most requests are written. */
static void draw_fields(struct fuzz_input *input, struct sipring_span fields[N_FIELDS],
	char texts[N_FIELDS][FIELD_MAX])
{
	static const char *const good[N_FIELDS] = {"OPTIONS", "sip:a@b;x=1", "sip:c@d", "1928",
		"id@host", "z9hG4bK1", "[2001:db8::1]:5060", "tel:+1", "x", "sip:e@[::1]"};

	for (int i = 0; i < N_FIELDS; i++) {
		fields[i] = span_of(good[i]);
		if (!fuzz_choose(input, 8))
			fields[i] = fuzz_text(input, texts[i], FIELD_MAX);
		else if (i >= N_REQUIRED && fuzz_choose(input, 2))
			fields[i] = (struct sipring_span){NULL, 0};
	}
}

static bool may_be_written(const struct sipring_span fields[N_FIELDS])
{
	for (int i = 0; i < N_FIELDS; i++)
		if (!fuzz_is_line(fields[i]) || (i < N_REQUIRED && !fields[i].size))
			return false;
	return true;
}

/* Is the method a token and the URI free of what ends it? Else there is no Request-Line. */
static bool has_good_start(const struct sipring_span fields[N_FIELDS])
{
	static const char signs[] = "-.!%*_+`'~";

	for (size_t i = 0; i < fields[METHOD].size; i++) {
		char c = fields[METHOD].data[i];
		bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');

		if (!is_alnum && !memchr(signs, c, sizeof signs - 1))
			return false;
	}
	return !memchr(fields[URI].data, ' ', fields[URI].size);
}

static void check_parsed(struct sipring_span text, const struct sipring_request *request)
{
	static struct sipring_message message;
	const struct sipring_header *call_id;
	const struct sipring_name_addr *from;
	uint32_t hops;

	view_parse(&message, text);
	FUZZ_CHECK(!message.result);
	FUZZ_CHECK(!(message.flags & ~SIPRING_MESSAGE_REQUEST));
	FUZZ_CHECK(fuzz_is_equal(message.method_name, request->method));
	FUZZ_CHECK(fuzz_is_equal(message.uri, request->uri));
	FUZZ_CHECK(fuzz_is_equal(message.body, request->body));
	FUZZ_CHECK(message.cseq.number == request->cseq);
	call_id = sipring_message_header(&message, SIPRING_HEADER_CALL_ID);
	FUZZ_CHECK(fuzz_is_inside(call_id->value, text));
	FUZZ_CHECK(call_id->value.size <= request->call_id.size);
	FUZZ_CHECK(!sipring_message_number(&message, SIPRING_HEADER_MAX_FORWARDS, &hops));
	FUZZ_CHECK(hops == (request->max_forwards ? request->max_forwards : 70));
	from = sipring_message_from(&message);
	if (from && !memchr(request->from.data, '>', request->from.size))
		FUZZ_CHECK(fuzz_is_equal(from->uri, request->from));
	view_check_values(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char texts[N_FIELDS][FIELD_MAX], body[FIELD_MAX];
	struct sipring_span fields[N_FIELDS];
	struct sipring_request request = {0};
	struct fuzz_input input;
	char *out, *tight;
	int result, again;

	fuzz_begin(&input, data, size);
	draw_fields(&input, fields, texts);
	request.method = fields[METHOD];
	request.uri = fields[URI];
	request.from = fields[FROM];
	request.from_tag = fields[FROM_TAG];
	request.call_id = fields[CALL_ID];
	request.branch = fields[BRANCH];
	request.sent_by = fields[SENT_BY];
	request.to = fields[TO];
	request.to_tag = fields[TO_TAG];
	request.contact = fields[CONTACT];
	if (fuzz_choose(&input, 2))
		request.headers = span_of("Subject: x\r\nX-Own:\r\n");
	if (fuzz_choose(&input, 2))
		request.body = fuzz_text(&input, body, sizeof body);
	request.transport =
		(enum sipring_transport)(1 + fuzz_choose(&input, SIPRING_TRANSPORT_COUNT - 1));
	request.cseq = fuzz_choose(&input, 65536) << 15;
	request.max_forwards = (uint16_t)fuzz_choose(&input, 256);
	request.size_wanted = fuzz_choose(&input, 2) ? fuzz_choose(&input, 2048) : 0;
	out = malloc(OUT_MAX);
	FUZZ_CHECK(out);
	result = sipring_request_write(out, OUT_MAX, &request);
	FUZZ_CHECK((result == -EINVAL) == !may_be_written(fields));
	if (result > 0) {
		if (request.size_wanted)
			FUZZ_CHECK((size_t)result >= request.size_wanted);
		tight = malloc((size_t)result);
		FUZZ_CHECK(tight);
		again = sipring_request_write(tight, (size_t)result, &request);
		FUZZ_CHECK(again == result && !memcmp(tight, out, (size_t)result));
		FUZZ_CHECK(sipring_request_write(tight, (size_t)result - 1, &request) == -ENOBUFS);
		if (has_good_start(fields))
			check_parsed((struct sipring_span){tight, (size_t)result}, &request);
		free(tight);
	}
	free(out);
	return 0;
}
