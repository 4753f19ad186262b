/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input made to hurt: runs of every sign that some parser stops or turns at. The parsers here are
 * compiled once more so that they count what they do: a step for each basic block that is entered
 * and for every 16 bytes that a libc function looks at. Twice the size may take twice the steps,
 * and no byte more than so many; so nothing is timed, and the same steps come every time.
 */
#include "sip_edge.h"

#include <stdint.h>
#include <stdio.h>

#define SMALL (64u * 1024u)
#define LARGE (128u * 1024u)

static uint64_t n_steps;

/* What the compiler and the linker (--wrap) put into the library under test. */
void __sanitizer_cov_trace_pc(void);
void *__real_memchr(const void *text, int c, size_t size);
void *__wrap_memchr(const void *text, int c, size_t size);
int __real_memcmp(const void *a, const void *b, size_t size);
int __wrap_memcmp(const void *a, const void *b, size_t size);
void *__real_memcpy(void *to, const void *from, size_t size);
void *__wrap_memcpy(void *to, const void *from, size_t size);
void *__real_memmove(void *to, const void *from, size_t size);
void *__wrap_memmove(void *to, const void *from, size_t size);
void *__real_memset(void *to, int c, size_t size);
void *__wrap_memset(void *to, int c, size_t size);
size_t __real_strlen(const char *text);
size_t __wrap_strlen(const char *text);

void __sanitizer_cov_trace_pc(void)
{
	n_steps++;
}

static void count(size_t size)
{
	n_steps += 1 + size / 16;
}

void *__wrap_memchr(const void *text, int c, size_t size)
{
	const char *found = __real_memchr(text, c, size);

	count(found ? (size_t)(found - (const char *)text) : size);
	return (void *)found;
}

int __wrap_memcmp(const void *a, const void *b, size_t size)
{
	count(size);
	return __real_memcmp(a, b, size);
}

void *__wrap_memcpy(void *to, const void *from, size_t size)
{
	count(size);
	return __real_memcpy(to, from, size);
}

void *__wrap_memmove(void *to, const void *from, size_t size)
{
	count(size);
	return __real_memmove(to, from, size);
}

void *__wrap_memset(void *to, int c, size_t size)
{
	count(size);
	return __real_memset(to, c, size);
}

size_t __wrap_strlen(const char *text)
{
	size_t size = __real_strlen(text);

	count(size);
	return size;
}

static struct sipring_message message;
static char out[2 * LARGE];

static void walk(struct sipring_span text)
{
	struct sipring_value_cursor cursor;
	struct sipring_span value;
	uint32_t number;

	sipring_message_parse(&message, text.data, text.size);
	sipring_message_via(&message);
	sipring_message_from(&message);
	sipring_message_to(&message);
	sipring_message_contact(&message);
	sipring_message_route(&message);
	for (int id = 1; id < SIPRING_HEADER_COUNT; id++) {
		sipring_value_begin(&cursor, &message, (enum sipring_header_id)id);
		while (sipring_value_next(&cursor, &value))
			continue;
		sipring_value_has(&message, (enum sipring_header_id)id, span_of("replaces"));
		sipring_message_number(&message, (enum sipring_header_id)id, &number);
	}
}

/* Every value by every parser of one, through all that is joined to it. */
static void parse_values(struct sipring_span text)
{
	struct sipring_content_type type;
	struct sipring_name_addr name_addr;
	struct sipring_span rest, value;
	struct sipring_cseq cseq;
	struct sipring_via via;

	sipring_message_parse(&message, text.data, text.size);
	for (unsigned i = 0; i < message.n_headers; i++) {
		value = message.headers[i].value;
		for (rest = value; rest.size && !sipring_via_parse(&via, rest); rest = via.rest)
			continue;
		for (rest = value; rest.size && !sipring_name_addr_parse(&name_addr, rest);
			rest = name_addr.rest)
			continue;
		sipring_param_find(value, "absent", &rest);
		sipring_content_type_parse(&type, value);
		sipring_cseq_parse(&cseq, value);
	}
}

static void check_strictly(struct sipring_span text)
{
	sipring_message_parse(&message, text.data, text.size);
	sipring_message_check(&message);
}

/* Each header by its name, and the next one of it: some hundred times all names. */
static void find_names(struct sipring_span text)
{
	sipring_message_parse(&message, text.data, text.size);
	for (unsigned i = 0; i < message.n_headers; i++) {
		sipring_message_header_named(&message, message.headers[i].name);
		sipring_message_header_next(&message, &message.headers[i]);
	}
}

static void reply(struct sipring_span text)
{
	static const uint64_t secret[2] = {1, 2};
	const union sipring_address source = {.v4 = {.sin_family = AF_INET, .sin_port = 5}};
	const struct sipring_reply answer = {.status = 200,
		.to_tag = span_of("t"),
		.headers = span_of("Server: x\r\n"),
		.source = &source,
		.copy_record_route = true};
	char tag[SIPRING_TAG_SIZE];

	sipring_message_parse(&message, text.data, text.size);
	sipring_reply_write(out, sizeof out, &message, &answer);
	sipring_reply_tag(tag, &message, secret);
}

/* As many pops as there is room for, each of which looks for the first value that is left. */
static void edit(struct sipring_span text)
{
	struct iovec pieces[SIPRING_EDIT_PIECES_MAX];
	struct sipring_edit edit;
	char scratch[256];

	sipring_message_parse(&message, text.data, text.size);
	if (message.result)
		return;
	sipring_edit_begin(&edit, &message, scratch, sizeof scratch);
	sipring_edit_push_via(&edit, SIPRING_TRANSPORT_SCTP, span_of("h"), span_of("b"), true);
	sipring_edit_push_route(&edit, span_of("sip:h"));
	sipring_edit_push_record_route(&edit, span_of("sip:h"));
	sipring_edit_decrement_max_forwards(&edit);
	sipring_edit_insert_header(&edit, span_of("A"), span_of("b"));
	while (!sipring_edit_pop_via(&edit))
		continue;
	while (!sipring_edit_pop_route(&edit))
		continue;
	sipring_edit_finish(&edit, pieces, SIPRING_EDIT_PIECES_MAX);
}

/* Both ends of a comparison are the text, but for their last characters. */
static void compare_uris(struct sipring_span text)
{
	struct sipring_uri a, b;
	struct sipring_target target;

	sipring_uri_unescape(out, sizeof out, text);
	if (sipring_uri_parse(&a, text))
		return;
	sipring_uri_target(&a, 5060, &target);
	memcpy(out, text.data, text.size);
	out[text.size - 1] ^= 1;
	if (!sipring_uri_parse(&b, (struct sipring_span){out, text.size}))
		sipring_uri_is_equivalent(&a, &b);
}

typedef void operation(struct sipring_span text);

static uint64_t steps_of(operation *run, struct sipring_span text)
{
	n_steps = 0;
	run(text);
	return n_steps;
}

/* before, then the unit as often as it fits into size, then after. */
static struct sipring_span repeat(const char *before, const char *unit, const char *after,
	size_t size)
{
	static char text[LARGE];
	size_t at = strlen(before), n = strlen(unit), n_after = strlen(after);

	cr_assert_leq(size, sizeof text);
	memcpy(text, before, at);
	for (; at + n + n_after <= size; at += n)
		memcpy(text + at, unit, n);
	memcpy(text + at, after, n_after);
	return (struct sipring_span){edge_copy(text, at + n_after), at + n_after};
}

static void check(operation *run, unsigned most, const char *before, const char *unit,
	const char *after)
{
	uint64_t small = steps_of(run, repeat(before, unit, after, SMALL));
	uint64_t large = steps_of(run, repeat(before, unit, after, LARGE));

	cr_assert_leq(large, small * 22 / 10 + 10000, "%s(%s)%s: %lu steps, then %lu", before, unit,
		after, (unsigned long)small, (unsigned long)large);
	cr_assert_leq(large, (uint64_t)most * LARGE, "%s(%s)%s: %lu steps", before, unit, after,
		(unsigned long)large);
}

#define TOP "INVITE sip:h SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
#define FROM "From: <sip:a>;tag=1\r\n"
#define TO "To: <sip:b>\r\n"
#define VIA "Via: SIP/2.0/UDP a\r\n"

/* Where a run of something begins: in each header that has a parser of its own. */
static const char *const places[] = {
	TOP FROM TO "Via: SIP/2.0/UDP a",
	TOP FROM TO "Via: SIP/2.0/UDP a;x=",
	TOP FROM TO VIA "Via:",
	TOP FROM VIA "To: <sip:b>",
	TOP FROM VIA "To: \"",
	TOP TO VIA "From: a",
	TOP FROM TO VIA "Contact: <",
	TOP FROM TO VIA "Route: <sip:a>",
	TOP FROM TO VIA "Route:",
	TOP FROM TO VIA "Record-Route: <sip:a>;b=\"",
	TOP FROM TO VIA "Content-Type: a/b",
	TOP FROM TO VIA "Warning: 399 a \"b\"",
	TOP FROM TO VIA "Retry-After: 1(",
	TOP FROM TO VIA "Allow:",
	TOP FROM TO VIA "X-Own:",
	TOP FROM TO VIA,
};

static const char *const units[] = {":", ",", ";", "\r\n ", "\n\t", " ", "\"", "<", ">", "<>", "\\",
	"\\\"", "=", "%", "/", "[", "@", "(", "&", ";a", ";a=b", ";a=\"b,\"", ", ,", "\"\",", "a,",
	",<sip:a>", ",\"x\" <sip:a>;b", ",SIP/2.0/UDP h", ",SIP/2.0/UDP h;a=b", "x ", "\r",
	",399 a \"b\"", "1", ";tag=1;branch=2"};

static void check_places(operation *run, unsigned most)
{
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		for (size_t k = 0; k < sizeof units / sizeof *units; k++)
			check(run, most, places[i], units[k], "\r\n\r\n");
}

Test(sip_linear, values)
{
	check_places(walk, 48);
}

Test(sip_linear, parsers)
{
	check_places(parse_values, 40);
}

Test(sip_linear, strictness)
{
	check_places(check_strictly, 40);
}

Test(sip_linear, replies)
{
	check_places(reply, 80);
}

Test(sip_linear, edits)
{
	check_places(edit, 40);
}

Test(sip_linear, start_lines)
{
	static const char *const starts[] = {"", "INVITE ", "INVITE sip:", "SIP/2.0 200 ", "SIP/"};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		for (size_t k = 0; k < sizeof units / sizeof *units; k++)
			check(walk, 8, starts[i], units[k], " SIP/2.0\r\n" FROM TO VIA "\r\n");
	check(walk, 8, "", "\r\n", "");
	check(walk, 8, "\r\n", "\n", TOP FROM TO VIA "\r\n");
}

/* As many headers as a view takes, with names and values as long as the size makes them. */
static struct sipring_span many_headers(const char *name, const char *value, size_t size)
{
	static char text[LARGE];
	size_t n = 120, at = strlen(strcpy(text, TOP FROM TO VIA));
	size_t line = (size - at - 2) / n;

	for (; n; n--) {
		size_t end = at + line;

		at += (size_t)sprintf(text + at, "%s", name);
		if (*value) {
			while (at + strlen(value) + 2 <= end)
				at += (size_t)sprintf(text + at, "%s", value);
		} else {
			memset(text + at, 'n', end - at - 4);
			text[end - 5] = "ab"[n % 2];
			memcpy(text + end - 4, ":x", 2);
			at = end - 2;
		}
		at += (size_t)sprintf(text + at, "\r\n");
	}
	at += (size_t)sprintf(text + at, "\r\n");
	return (struct sipring_span){edge_copy(text, at), at};
}

Test(sip_linear, many_headers)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{"X", ""},
		{"v:", ",SIP/2.0/UDP h"},
		{"v:", ","},
		{"Route:", ",<sip:h>"},
		{"Route:<", "\""},
		{"X:", "y"},
	};
	operation *const runs[] = {walk, parse_values, check_strictly, reply, edit, find_names};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t k = 0; k < sizeof runs / sizeof *runs; k++) {
			uint64_t small, large;

			small = steps_of(runs[k], many_headers(rows[i].name, rows[i].value, SMALL));
			large = steps_of(runs[k], many_headers(rows[i].name, rows[i].value, LARGE));
			cr_assert_leq(large, small * 22 / 10 + 10000, "%s %zu: %lu, then %lu",
				rows[i].name, k, (unsigned long)small, (unsigned long)large);
			cr_assert_leq(large, 40u * (uint64_t)LARGE, "%s", rows[i].name);
		}
}

Test(sip_linear, uris)
{
	static const char *const before[] = {"sip:", "sip:a@", "sip:a@h", "sip:h;a=b", "sip:h?a=b",
		"sip:[", "sip:a:", "tel:+1", "tel:+1;a=b", "urn:", "sip:h;maddr="};
	static const char *const parts[] = {"@", ":", ";", ";a", ";a=b", "&", "&a=b", "%41", "%",
		"=", "?", ".", "1.", "1", "[", "]", "-", "a", "+", "<"};

	for (size_t i = 0; i < sizeof before / sizeof *before; i++)
		for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
			check(compare_uris, 64, before[i], parts[k], "");
			check(compare_uris, 64, before[i], parts[k], "@h");
		}
}

/* As many parameters as are compared, each against each: names and values that differ late. */
Test(sip_linear, parts_of_uris)
{
	uint64_t steps[2];

	for (unsigned i = 0; i < 2; i++) {
		static char text[LARGE + 64];
		size_t part = (i ? LARGE : SMALL) / SIPRING_URI_PARTS_MAX;
		size_t at = (size_t)sprintf(text, "sip:h");

		for (unsigned k = 0; k < SIPRING_URI_PARTS_MAX; k++) {
			memset(text + at, 'n', part);
			text[at] = ';';
			text[at + part - 3] = (char)('0' + k / 8);
			text[at + part - 2] = (char)('0' + k % 8);
			at += part;
		}
		steps[i] = steps_of(compare_uris, (struct sipring_span){edge_copy(text, at), at});
	}
	cr_assert_leq(steps[1], steps[0] * 22 / 10);
	cr_assert_leq(steps[1], 16ul * SIPRING_URI_PARTS_MAX * LARGE);
	cr_assert_gt(steps[1], 1ul * SIPRING_URI_PARTS_MAX * LARGE, "they are compared");
}
