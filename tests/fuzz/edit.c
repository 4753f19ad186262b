/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: edits on whatever message the text is, a list of them drawn from the choices. A
 * model keeps what must come out (which values are gone, what was pushed and inserted, in order);
 * the pieces are joined, read again and held against it. An edit that fails has changed nothing.
 */
#include "fuzz.h"
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define N_EDITS_MAX 40u
#define N_VALUES_MAX 512u
#define TEXT_MAX 24u

/* The values of a header that are popped and pushed; gone by their place in the message. */
struct stack {
	enum sipring_header_id id;
	unsigned n_pushed;
	struct sipring_span pushed[N_EDITS_MAX]; /* as they read when parsed */
	bool gone[N_VALUES_MAX];
};

static struct model {
	struct stack via, route, record_route;
	bool is_removed[SIPRING_HEADERS_MAX];
	unsigned n_inserted;
	struct {
		struct sipring_span name, value;
	} inserted[N_EDITS_MAX];
	struct sipring_span uri;
	bool has_hops;
	uint32_t hops;
	size_t text_size; /* of what is in texts */
	char texts[64 * N_EDITS_MAX];
} model;

static struct sipring_message message, result;
static struct sipring_edit edit;
static struct fuzz_input input;
static char *joined;

static struct sipring_span span_of(const char *text)
{
	return (struct sipring_span){text, strlen(text)};
}

/* Parts of one text kept as long as the model. */
static struct sipring_span keep(const char *before, struct sipring_span text, const char *after)
{
	const struct sipring_span parts[] = {span_of(before), text, span_of(after)};
	char *begin = model.texts + model.text_size;
	char *at = begin;

	for (int i = 0; i < 3; i++) {
		FUZZ_CHECK(parts[i].size <= (size_t)(model.texts + sizeof model.texts - at));
		if (parts[i].size)
			memcpy(at, parts[i].data, parts[i].size);
		at += parts[i].size;
	}
	model.text_size = (size_t)(at - model.texts);
	return (struct sipring_span){begin, (size_t)(at - begin)};
}

static struct sipring_span join(void)
{
	struct iovec pieces[SIPRING_EDIT_PIECES_MAX];
	int n = sipring_edit_finish(&edit, pieces, SIPRING_EDIT_PIECES_MAX);
	size_t size = 0;

	FUZZ_CHECK(n > 0);
	for (int i = 0; i < n; i++) {
		FUZZ_CHECK(pieces[i].iov_len);
		memcpy(joined + size, pieces[i].iov_base, pieces[i].iov_len);
		size += pieces[i].iov_len;
	}
	FUZZ_CHECK(n == 1 || sipring_edit_finish(&edit, pieces, (unsigned)n - 1) == -ENOBUFS);
	return (struct sipring_span){joined, size};
}

static bool find_first_left(const struct stack *stack, unsigned *place)
{
	struct sipring_value_cursor cursor;
	struct sipring_span value;

	*place = 0;
	sipring_value_begin(&cursor, &message, stack->id);
	for (; sipring_value_next(&cursor, &value); ++*place)
		if (!stack->gone[*place])
			return true;
	return false;
}

static int pop(struct stack *stack, int (*pop_edit)(struct sipring_edit *))
{
	unsigned place;
	bool is_left = find_first_left(stack, &place);
	int got = pop_edit(&edit);

	FUZZ_CHECK((got == SIPRING_PARSE_ABSENT) == !is_left);
	if (!got)
		stack->gone[place] = true;
	return got;
}

static int push_via(void)
{
	char sent_by[TEXT_MAX] = "me.example:5060";
	struct sipring_span from = span_of(sent_by);
	bool rport = fuzz_choose(&input, 2);
	bool is_bad = !fuzz_choose(&input, 8);
	int got;

	if (is_bad)
		sent_by[fuzz_choose(&input, (uint32_t)from.size)] = '\n';
	got = sipring_edit_push_via(&edit, SIPRING_TRANSPORT_SCTP, from, span_of("z9hG4bKx"),
		rport);
	FUZZ_CHECK(!is_bad || got == -EINVAL);
	if (!got)
		model.via.pushed[model.via.n_pushed++] = keep("SIP/2.0/SCTP ", from,
			rport ? ";rport;branch=z9hG4bKx" : ";branch=z9hG4bKx");
	return got;
}

static int push_address(struct stack *stack,
	int (*push)(struct sipring_edit *, struct sipring_span))
{
	char text[TEXT_MAX];
	struct sipring_span uri = fuzz_text(&input, text, sizeof text);
	int got = push(&edit, uri);

	if (!uri.size || !fuzz_is_line(uri) || memchr(uri.data, '>', uri.size))
		FUZZ_CHECK(got == -EINVAL);
	else
		FUZZ_CHECK(!got || got == -ENOBUFS);
	if (!got)
		stack->pushed[stack->n_pushed++] = keep("<", uri, ">");
	return got;
}

static int set_uri(void)
{
	char text[TEXT_MAX];
	struct sipring_span uri = fuzz_text(&input, text, sizeof text);
	int got = sipring_edit_set_uri(&edit, uri);

	if (!(message.flags & SIPRING_MESSAGE_REQUEST))
		FUZZ_CHECK(got == SIPRING_PARSE_ABSENT);
	else if (!uri.size || !fuzz_is_line(uri) || memchr(uri.data, ' ', uri.size))
		FUZZ_CHECK(got == -EINVAL);
	else
		FUZZ_CHECK(!got || got == -ENOBUFS);
	if (!got)
		model.uri = keep("", uri, "");
	return got;
}

static struct sipring_span trim(struct sipring_span text)
{
	while (text.size && (text.data[0] == ' ' || text.data[0] == '\t'))
		text.data++, text.size--;
	while (text.size && strchr(" \t", text.data[text.size - 1]))
		text.size--;
	return text;
}

static int insert_header(void)
{
	static const char *const names[] = {"X-Own", "Warning", "P-Asserted-Identity", "X Y", ""};
	struct sipring_span name = span_of(names[fuzz_choose(&input, 5)]);
	char text[TEXT_MAX];
	struct sipring_span value = fuzz_text(&input, text, sizeof text);
	int got = sipring_edit_insert_header(&edit, name, value);

	if (!name.size || memchr(name.data, ' ', name.size) || !fuzz_is_line(value))
		FUZZ_CHECK(got == -EINVAL);
	else
		FUZZ_CHECK(!got || got == -ENOBUFS);
	if (!got) {
		model.inserted[model.n_inserted].name = name;
		model.inserted[model.n_inserted++].value = trim(keep("", value, ""));
	}
	return got;
}

/* Not those without which, or with one more, there is no message. */
static bool may_be_removed(enum sipring_header_id id)
{
	static const enum sipring_header_id needed[] = {SIPRING_HEADER_TO, SIPRING_HEADER_FROM,
		SIPRING_HEADER_CSEQ, SIPRING_HEADER_CALL_ID, SIPRING_HEADER_CONTENT_LENGTH};

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (id == needed[i])
			return false;
	return true;
}

/* All values of one header line are gone with it. */
static void forget_values(struct stack *stack, const struct sipring_header *header)
{
	struct sipring_value_cursor cursor;
	struct sipring_span value;
	unsigned place = 0;

	sipring_value_begin(&cursor, &message, stack->id);
	for (; sipring_value_next(&cursor, &value); place++)
		if (cursor.header == header)
			stack->gone[place] = true;
}

static int remove_header(void)
{
	unsigned i = fuzz_choose(&input, message.n_headers);
	const struct sipring_header *header = &message.headers[i];
	struct stack *const stacks[] = {&model.via, &model.route, &model.record_route};
	int got;

	if (!may_be_removed(header->id))
		return 0;
	got = sipring_edit_remove_header(&edit, header);
	FUZZ_CHECK(!got || got == -ENOBUFS);
	if (got)
		return got;
	/* One that was put in its place since stays. */
	if (header->id == SIPRING_HEADER_MAX_FORWARDS && !model.is_removed[i])
		model.has_hops = false;
	model.is_removed[i] = true;
	for (int k = 0; k < 3; k++)
		if (stacks[k]->id == header->id)
			forget_values(stacks[k], header);
	return 0;
}

/* Where there is none left, an initial one is put in, once. */
static int decrement(void)
{
	const struct sipring_header *header =
		sipring_message_header(&message, SIPRING_HEADER_MAX_FORWARDS);
	uint32_t hops;
	int got, why;

	if (header && model.is_removed[header - message.headers])
		header = NULL;
	got = sipring_edit_decrement_max_forwards(&edit);
	if (got == -ENOBUFS)
		return got;
	if (!header) {
		FUZZ_CHECK(!got);
		model.hops = 70;
	} else {
		why = sipring_message_number(&message, SIPRING_HEADER_MAX_FORWARDS, &hops);
		if (!why && !hops)
			why = SIPRING_PARSE_NO_HOPS_LEFT;
		FUZZ_CHECK(got == why);
		if (got)
			return got;
		model.hops = hops - 1;
	}
	model.has_hops = true;
	return 0;
}

static int edit_once(void)
{
	switch (fuzz_choose(&input, 9)) {
	case 0:
		return push_via();
	case 1:
		return pop(&model.via, sipring_edit_pop_via);
	case 2:
		return push_address(&model.route, sipring_edit_push_route);
	case 3:
		return pop(&model.route, sipring_edit_pop_route);
	case 4:
		return push_address(&model.record_route, sipring_edit_push_record_route);
	case 5:
		return set_uri();
	case 6:
		return insert_header();
	case 7:
		return remove_header();
	default:
		return decrement();
	}
}

/* What was pushed, the last first, then what is left of the message's own. */
static void check_stack(const struct stack *stack)
{
	struct sipring_value_cursor own, got;
	struct sipring_span wanted, value;
	unsigned place = 0;

	sipring_value_begin(&got, &result, stack->id);
	for (unsigned i = stack->n_pushed; i; i--) {
		FUZZ_CHECK(sipring_value_next(&got, &value));
		FUZZ_CHECK(fuzz_is_equal(value, stack->pushed[i - 1]));
	}
	sipring_value_begin(&own, &message, stack->id);
	for (; sipring_value_next(&own, &wanted); place++) {
		if (stack->gone[place])
			continue;
		FUZZ_CHECK(sipring_value_next(&got, &value));
		FUZZ_CHECK(fuzz_is_equal(value, wanted));
	}
	FUZZ_CHECK(!sipring_value_next(&got, &value));
}

static bool is_stacked(const struct sipring_header *header)
{
	return header->id == SIPRING_HEADER_VIA || header->id == SIPRING_HEADER_ROUTE ||
		header->id == SIPRING_HEADER_RECORD_ROUTE ||
		header->id == SIPRING_HEADER_MAX_FORWARDS;
}

/* The next header of the result that nobody pushes or counts down. */
static const struct sipring_header *next_plain(unsigned *i)
{
	while (*i < result.n_headers && is_stacked(&result.headers[*i]))
		++*i;
	return *i < result.n_headers ? &result.headers[(*i)++] : NULL;
}

static void check_plain_headers(void)
{
	const struct sipring_header *got;
	unsigned next = 0;

	for (unsigned i = 0; i < message.n_headers; i++) {
		if (is_stacked(&message.headers[i]) || model.is_removed[i])
			continue;
		got = next_plain(&next);
		FUZZ_CHECK(got && fuzz_is_equal(got->name, message.headers[i].name));
		FUZZ_CHECK(fuzz_is_equal(got->value, message.headers[i].value));
	}
	for (unsigned i = 0; i < model.n_inserted; i++) {
		got = next_plain(&next);
		FUZZ_CHECK(got && fuzz_is_equal(got->name, model.inserted[i].name));
		FUZZ_CHECK(fuzz_is_equal(got->value, model.inserted[i].value));
	}
	FUZZ_CHECK(!next_plain(&next));
}

static void check_result(struct sipring_span text)
{
	struct sipring_span again;
	uint32_t hops;
	int has_hops;
	unsigned place;

	view_parse(&result, text);
	if (result.result == SIPRING_PARSE_TOO_MANY_HEADERS)
		return;
	if (result.result == SIPRING_PARSE_MISSING_HEADER) {
		FUZZ_CHECK(!model.via.n_pushed && !find_first_left(&model.via, &place));
		return;
	}
	FUZZ_CHECK(!result.result);
	FUZZ_CHECK(!(result.flags & (SIPRING_MESSAGE_LEADING | SIPRING_MESSAGE_TRAILING)));
	FUZZ_CHECK(fuzz_is_equal(result.method_name, message.method_name));
	FUZZ_CHECK(fuzz_is_equal(result.uri, model.uri) && result.status == message.status);
	FUZZ_CHECK(fuzz_is_equal(result.reason, message.reason));
	FUZZ_CHECK(fuzz_is_equal(result.body, message.body));
	check_stack(&model.via);
	check_stack(&model.route);
	check_stack(&model.record_route);
	check_plain_headers();
	has_hops = !sipring_message_number(&result, SIPRING_HEADER_MAX_FORWARDS, &hops);
	if (model.has_hops)
		FUZZ_CHECK(has_hops && hops == model.hops);
	if (!sipring_message_header(&message, SIPRING_HEADER_MAX_FORWARDS) && has_hops)
		FUZZ_CHECK(!sipring_message_header_next(&result,
			sipring_message_header(&result, SIPRING_HEADER_MAX_FORWARDS)));
	view_check_values(&result);
	/* Written again without edits: the same bytes. */
	sipring_edit_begin(&edit, &result, NULL, 0);
	again = text;
	joined += text.size;
	FUZZ_CHECK(fuzz_is_equal(join(), again));
	joined -= text.size;
}

static void check_refused(void)
{
	struct iovec pieces[1];

	sipring_edit_begin(&edit, &message, NULL, 0);
	FUZZ_CHECK(sipring_edit_finish(&edit, pieces, 1) == -EINVAL);
	FUZZ_CHECK(sipring_edit_push_via(&edit, SIPRING_TRANSPORT_SCTP, span_of("h"), span_of("z"),
			   false) == -EINVAL);
	FUZZ_CHECK(sipring_edit_push_route(&edit, span_of("sip:h")) == -EINVAL);
	FUZZ_CHECK(sipring_edit_insert_header(&edit, span_of("A"), span_of("b")) == -EINVAL);
	if (message.n_headers)
		FUZZ_CHECK(sipring_edit_remove_header(&edit, message.headers) == -EINVAL);
	FUZZ_CHECK(sipring_edit_set_uri(&edit, span_of("sip:h")) != 0);
	FUZZ_CHECK(sipring_edit_decrement_max_forwards(&edit) != 0);
	FUZZ_CHECK(sipring_edit_pop_via(&edit) != 0 && sipring_edit_pop_route(&edit) != 0);
	FUZZ_CHECK(!edit.n_changes);
}

static void begin_model(void)
{
	memset(&model, 0, sizeof model);
	model.via.id = SIPRING_HEADER_VIA;
	model.route.id = SIPRING_HEADER_ROUTE;
	model.record_route.id = SIPRING_HEADER_RECORD_ROUTE;
	model.uri = message.uri;
}

/* Are there more values than the model has room for? */
static bool is_too_much(enum sipring_header_id id)
{
	struct sipring_value_cursor cursor;
	struct sipring_span value;
	unsigned n = 0;

	sipring_value_begin(&cursor, &message, id);
	while (sipring_value_next(&cursor, &value))
		n++;
	return n > N_VALUES_MAX;
}

static void edit_and_check(void)
{
	static char scratch[64 * N_EDITS_MAX];
	size_t capacity = fuzz_choose(&input, 4) ? sizeof scratch : fuzz_choose(&input, 200);
	struct sipring_span text, before;
	const char *begin = message.text.data;
	unsigned n = fuzz_choose(&input, N_EDITS_MAX + 1);
	char *room = joined;

	sipring_edit_begin(&edit, &message, scratch, capacity);
	text = join();
	while (*begin == '\r' || *begin == '\n')
		begin++;
	before = (struct sipring_span){begin,
		(size_t)(message.body.data + message.body.size - begin)};
	FUZZ_CHECK(fuzz_is_equal(text, before));
	while (n--) {
		before = join();
		joined += before.size;
		if (edit_once())
			FUZZ_CHECK(fuzz_is_equal(join(), before));
		joined = room;
	}
	check_result(join());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *room;

	fuzz_begin(&input, data, size);
	view_parse(&message, input.text);
	if (message.result) {
		check_refused();
		return 0;
	}
	begin_model();
	if (is_too_much(SIPRING_HEADER_VIA) || is_too_much(SIPRING_HEADER_ROUTE) ||
		is_too_much(SIPRING_HEADER_RECORD_ROUTE))
		return 0;
	room = joined = malloc(2 * (size + sizeof model.texts));
	FUZZ_CHECK(joined);
	edit_and_check();
	free(room);
	return 0;
}
