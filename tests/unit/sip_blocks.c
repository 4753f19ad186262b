/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values are walked in blocks of 64 bytes: each row is stretched, at each of its places marked '|',
 * by 0 to 140 letters, so that every part of it comes to lie on every place of a block and over its
 * end. What is found must be what the unstretched row has, moved and stretched along.
 */
#include "sip/text.h"
#include "sip_edge.h"

#define STRETCH_MAX 140u
#define TEXT_MAX 512u

/* A parser, and where the spans stand in what it fills in. */
struct form {
	size_t size;
	size_t spans[12];
	unsigned n_spans;
	int (*parse)(void *value, struct sipring_span text);
};

static int parse_via(void *via, struct sipring_span text)
{
	return sipring_via_parse(via, text);
}

static int parse_name_addr(void *name_addr, struct sipring_span text)
{
	return sipring_name_addr_parse(name_addr, text);
}

static int parse_uri(void *uri, struct sipring_span text)
{
	return sipring_uri_parse(uri, text);
}

static int parse_content_type(void *content_type, struct sipring_span text)
{
	return sipring_content_type_parse(content_type, text);
}

#define VIA(member) offsetof(struct sipring_via, member)
static const struct form via = {sizeof(struct sipring_via),
	{VIA(text), VIA(transport_token), VIA(host), VIA(params), VIA(branch), VIA(received),
		VIA(maddr), VIA(rest)},
	8, parse_via};

#define NAME(member) offsetof(struct sipring_name_addr, member)
static const struct form name_addr = {sizeof(struct sipring_name_addr),
	{NAME(text), NAME(display), NAME(uri), NAME(params), NAME(tag), NAME(rest)}, 6,
	parse_name_addr};

#define URI(member) offsetof(struct sipring_uri, member)
static const struct form uri = {sizeof(struct sipring_uri),
	{URI(text), URI(scheme_name), URI(user), URI(password), URI(host), URI(params),
		URI(headers), URI(transport), URI(maddr)},
	9, parse_uri};

#define TYPE(member) offsetof(struct sipring_content_type, member)
static const struct form content_type = {sizeof(struct sipring_content_type),
	{TYPE(type), TYPE(subtype), TYPE(params)}, 3, parse_content_type};

/* Parameters by themselves: most parsers keep few of them. */
struct parameters {
	struct sipring_span names[4], values[4];
};

static int parse_parameters(void *parameters, struct sipring_span text)
{
	struct parameters *found = parameters;
	const char *at = text.data;
	struct sipring_seek seek;
	struct sipring_stop stop;

	memset(found, 0, sizeof *found);
	sipring_seek_begin(&seek, at, at + text.size, 0);
	for (unsigned i = 0; i < 4; i++) {
		stop = sipring_text_parameter(&seek, at, SIPRING_TEXT_TOKEN, &found->names[i],
			&found->values[i]);
		if (!stop.at)
			return -1;
		if (stop.c != ';')
			return stop.at == text.data + text.size ? 0 : -1;
		sipring_seek_pass(&seek);
		at = stop.at + 1;
	}
	return -1;
}

#define PARAMETER(member) offsetof(struct parameters, member)
static const struct form parameters = {sizeof(struct parameters),
	{PARAMETER(names[0]), PARAMETER(values[0]), PARAMETER(names[1]), PARAMETER(values[1]),
		PARAMETER(names[2]), PARAMETER(values[2]), PARAMETER(names[3]),
		PARAMETER(values[3])},
	8, parse_parameters};

union value {
	struct parameters parameters;
	struct sipring_via via;
	struct sipring_name_addr name_addr;
	struct sipring_uri uri;
	struct sipring_content_type content_type;
};

/* The row without its marks, n letters at the which-th. Returns that place; -1: there is none. */
static int stretch(char *out, const char *row, int which, unsigned n)
{
	char *at = out;
	int place = -1;

	for (; *row; row++) {
		if (*row != '|') {
			*at++ = *row;
		} else if (which-- == 0) {
			place = (int)(at - out);
			memset(at, 'w', n);
			at += n;
		}
	}
	*at = 0;
	return place;
}

static void check(const struct form *form, const union value *plain, struct sipring_span from,
	const union value *stretched, struct sipring_span text, size_t place)
{
	size_t n = text.size - from.size;

	for (unsigned i = 0; i < form->n_spans; i++) {
		const struct sipring_span *a = (const void *)((const char *)plain + form->spans[i]);
		const struct sipring_span *b =
			(const void *)((const char *)stretched + form->spans[i]);
		size_t begin = a->data ? (size_t)(a->data - from.data) : 0;
		size_t end = begin + a->size;

		cr_assert_eq(!a->data, !b->data, "span %u of %s", i, text.data);
		if (!a->data)
			continue;
		cr_assert_eq(b->data, text.data + begin + (begin > place ? n : 0), "span %u of %s",
			i, text.data);
		cr_assert_eq(b->size, a->size + (begin <= place && place < end ? n : 0),
			"span %u of %s", i, text.data);
	}
}

static void check_row(const struct form *form, const char *row)
{
	static char plain_text[TEXT_MAX], text[TEXT_MAX];
	union value plain, stretched;
	struct sipring_span from, to;

	for (int which = 0, place; (place = stretch(plain_text, row, which, 0)) >= 0; which++) {
		from = (struct sipring_span){plain_text, strlen(plain_text)};
		cr_assert_eq(form->parse(&plain, from), 0, "%s", plain_text);
		for (unsigned n = 0; n <= STRETCH_MAX; n++) {
			stretch(text, row, which, n);
			to = edge_span(text);
			cr_assert_eq(form->parse(&stretched, to), 0, "%s", text);
			check(form, &plain, from, &stretched, to, (size_t)place);
		}
	}
}

#define CHECK_ROWS(form, rows)                                    \
	for (size_t i = 0; i < sizeof rows / sizeof *(rows); i++) \
	check_row(&(form), (rows)[i])

Test(sip_blocks, via)
{
	static const char *const rows[] = {
		"SIP/2.0/SCTP h|h:5060;branch=z9hG4bKa|b;rport=5060;received=192.0.2.1",
		"SIP/2.0/UDP h|h;x=\"q|q\";branch=b|b;maddr=m|m;rport",
		"SIP/2.0/UDP h|h;x=\"q|q \\\"q|q\\\"\";branch=b|b",
		"SIP / 2.0 / TCP h|h : 5060 ; x|x ; y|y = z|z ; branch = b|b , SIP/2.0/UDP g|g",
		"SIP/2.0/TLS [2001:db8::9:1]:5061;x=x|x;received=[::1];ttl=1;branch=b|b",
	};

	CHECK_ROWS(via, rows);
}

Test(sip_blocks, name_addr)
{
	static const char *const rows[] = {
		"\"A|A\" <sip:a|a@h|h.example:5060;lr;transport=sctp>;tag=t|t;x=\"q|q\";y",
		"\"A|A \\\\ \\\"B|B\\\"\"<sips:a|a@h|h>;x=\"q|q\";tag=t|t",
		"A|A B|B <sip:a|a@h|h?x=y|y>;tag=t|t, <sip:c|c>",
		"sip:a|a@h|h;tag=t|t;x = y|y , sip:b|b",
		"<sip:a|a%41b|b:p|p@h|h> ; x ; tag = t|t",
		"<tel:1-2;phone-context=e|e>;tag=t|t",
	};

	CHECK_ROWS(name_addr, rows);
}

Test(sip_blocks, uri)
{
	static const char *const rows[] = {
		"sip:a|a@h|h.example:5060;lr;transport=sctp;maddr=m|m;x=y|y?a=b|b&c=d|d",
		"sips:a|a%41b|b;c|c:p|p%42@[2001:db8::9:1]:5061;x=%41y|y;transport=tls",
		"sip:h|h.example;method=x|x;maddr=192.0.2.1;x=y|y==",
		"sip:a_|_a@h_|_h;x=/|/:[]",
		"tel:+1-555;phone-context=e|e;x=y|y",
		"urn:a|a:b",
	};

	CHECK_ROWS(uri, rows);
}

Test(sip_blocks, content_type)
{
	static const char *const rows[] = {
		"a|a/b|b;x=y|y;z=\"q|q\\\"\";c=d|d",
		"a|a / b|b ; x = y|y ; z|z",
	};

	CHECK_ROWS(content_type, rows);
}

Test(sip_blocks, parameters)
{
	static const char *const rows[] = {
		"a|a=b|b;c|c=\"d|d\";e|e;f|f=\"g|g \\\"h|h\\\\\"",
		"a|a = \"b|b\" ; c|c = d|d ; e|e",
	};

	CHECK_ROWS(parameters, rows);
}

/* The end of a walk is NUL to those who ask what stands there; a NUL in the text is not the end. */
Test(sip_blocks, nul_is_not_the_end)
{
	static const struct {
		const struct form *form;
		const char *text;
	} rows[] = {
		{&via, "SIP/2.0/SCTP h"},
		{&via, "SIP/2.0/SCTP h:1"},
		{&via, "SIP/2.0/SCTP h;x"},
		{&via, "SIP/2.0/SCTP h;x=y"},
		{&via, "SIP/2.0/SCTP h;x=\"y\""},
		{&name_addr, "<sip:h>"},
		{&name_addr, "<sip:h>;x"},
		{&name_addr, "<sip:h>;tag=1"},
		{&name_addr, "\"A\" <sip:h>;x=\"y\""},
		{&uri, "sip:h"},
		{&uri, "sip:u@h:1"},
		{&uri, "sip:u@h;x"},
		{&uri, "sip:u@h;x=y"},
		{&uri, "sip:u@h?x=y"},
		{&uri, "tel:1;x=y"},
		{&content_type, "a/b"},
		{&content_type, "a/b;c=d"},
		{&parameters, "a"},
		{&parameters, "a=b"},
		{&parameters, "a=\"b\""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t n = 1; n <= 2; n++) {
			size_t size = strlen(rows[i].text);
			char text[64] = "";
			union value value;

			memcpy(text, rows[i].text, size);
			text[size + 1] = 'x';
			cr_assert_eq(rows[i].form->parse(&value, (struct sipring_span){text, size}),
				0, "%s", text);
			cr_assert_neq(
				rows[i].form->parse(&value, (struct sipring_span){text, size + n}),
				0, "%s", text);
		}
}
