/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Equivalence of URIs (RFC 3261 19.1.4, RFC 5954, RFC 3966 4) and escapes. An escaped character
 * equals itself unescaped unless it is one of the reserved ones, whose meaning escaping takes away.
 * Parameters and headers have no order, so each is looked for in the other URI; their number is
 * bounded, which keeps the time linear in the size.
 */
#include <sipring/sip.h>

#include "net/address.h"
#include "sip/host.h"
#include "sip/text.h"

#include <assert.h>
#include <errno.h>

#define RESERVED 0x100 /* an escaped reserved character: unlike the same one unescaped */

/* The character at *at, its escape undone, and *at moved behind it. */
static int next_character(const char **at, const char *end)
{
	const char *p = *at;
	int byte = (unsigned char)*p;

	*at = p + 1;
	if (*p != '%' || end - p < 3 || sipring_text_hex(p[1]) > 15 || sipring_text_hex(p[2]) > 15)
		return byte;
	byte = (int)(sipring_text_hex(p[1]) << 4 | sipring_text_hex(p[2]));
	*at = p + 3;
	return byte && strchr(";/?:@&=+$,", byte) ? byte | RESERVED : byte;
}

static bool is_same_text(struct sipring_span a, struct sipring_span b, bool is_case_sensitive)
{
	const char *p = a.data, *p_end = sipring_text_end(a);
	const char *q = b.data, *q_end = sipring_text_end(b);

	if (!a.data || !b.data)
		return a.data == b.data;
	while (p < p_end && q < q_end) {
		int c = next_character(&p, p_end);
		int d = next_character(&q, q_end);

		if (c == d)
			continue;
		if (is_case_sensitive || c >= 128 || d >= 128 ||
			sipring_text_lower((char)c) != sipring_text_lower((char)d))
			return false;
	}
	return p == p_end && q == q_end;
}

static bool is_same_host(const struct sipring_uri *a, const struct sipring_uri *b)
{
	union sipring_address address_a, address_b;

	if (a->host_kind != b->host_kind)
		return false;
	if (a->host_kind == SIPRING_HOST_NAME)
		return sipring_text_equal(a->host, b->host);
	sipring_host_classify(a->host, &address_a);
	sipring_host_classify(b->host, &address_b);
	return sipring_address_same_host(&address_a, &address_b);
}

/* One of `a;b=c` or `a=b&c=d`: cuts it off *rest. False at the end. */
static bool next_part(struct sipring_span *rest, char divider, struct sipring_span *name,
	struct sipring_span *value)
{
	const char *end = sipring_text_end(*rest);
	const char *stop, *equals;

	if (!rest->size)
		return false;
	stop = memchr(rest->data, divider, rest->size);
	if (!stop)
		stop = end;
	equals = memchr(rest->data, '=', (size_t)(stop - rest->data));
	*name = sipring_text_span(rest->data, equals ? equals : stop);
	*value = equals ? sipring_text_span(equals + 1, stop) : (struct sipring_span){NULL, 0};
	*rest = sipring_text_span(stop < end ? stop + 1 : end, end);
	return true;
}

static bool find_part(struct sipring_span parts, char divider, struct sipring_span name,
	struct sipring_span *value)
{
	struct sipring_span found;

	while (next_part(&parts, divider, &found, value))
		if (is_same_text(found, name, false))
			return true;
	return false;
}

static bool has_too_many(struct sipring_span parts, char divider)
{
	unsigned n = 1;

	for (size_t i = 0; i < parts.size; i++)
		n += parts.data[i] == divider;
	return n > SIPRING_URI_PARTS_MAX;
}

/* What must be in both or in neither of two sip: URIs. */
static bool is_never_ignored(struct sipring_span name)
{
	return sipring_text_is_name(name, "user", 4) || sipring_text_is_name(name, "ttl", 3) ||
		sipring_text_is_name(name, "method", 6) || sipring_text_is_name(name, "maddr", 5);
}

/* Has every parameter of a that counts its match in b? must_all: all count (tel:, headers). */
static bool are_parts_in(struct sipring_span a, struct sipring_span b, char divider, bool must_all)
{
	struct sipring_span name, value, other;

	while (next_part(&a, divider, &name, &value)) {
		if (find_part(b, divider, name, &other)) {
			if (!is_same_text(value, other, false))
				return false;
		} else if (must_all || is_never_ignored(name)) {
			return false;
		}
	}
	return true;
}

static bool are_parts_same(struct sipring_span a, struct sipring_span b, char divider,
	bool must_all)
{
	return are_parts_in(a, b, divider, must_all) && are_parts_in(b, a, divider, must_all);
}

/* Digits, without the separators that are there for the eye. */
static bool is_same_number(struct sipring_span a, struct sipring_span b)
{
	size_t i = 0, k = 0;

	for (;; i++, k++) {
		while (i < a.size && memchr("-.()", a.data[i], 4))
			i++;
		while (k < b.size && memchr("-.()", b.data[k], 4))
			k++;
		if (i == a.size || k == b.size)
			return i == a.size && k == b.size;
		if (sipring_text_lower(a.data[i]) != sipring_text_lower(b.data[k]))
			return false;
	}
}

bool sipring_uri_is_equivalent(const struct sipring_uri *a, const struct sipring_uri *b)
{
	assert(a && b);
	if (a->text.size == b->text.size && !memcmp(a->text.data, b->text.data, a->text.size))
		return true;
	if (a->scheme != b->scheme || a->scheme == SIPRING_URI_OTHER)
		return false;
	if (has_too_many(a->params, ';') || has_too_many(b->params, ';') ||
		has_too_many(a->headers, '&') || has_too_many(b->headers, '&'))
		return false;
	if (a->scheme == SIPRING_URI_TEL)
		return is_same_number(a->user, b->user) &&
			are_parts_same(a->params, b->params, ';', true);
	return is_same_text(a->user, b->user, true) &&
		is_same_text(a->password, b->password, true) && a->port == b->port &&
		is_same_host(a, b) && are_parts_same(a->params, b->params, ';', false) &&
		are_parts_same(a->headers, b->headers, '&', true);
}

int sipring_uri_unescape(char *out, size_t capacity, struct sipring_span text)
{
	const char *at = text.data;
	const char *end = sipring_text_end(text);
	size_t size = 0;

	while (at < end) {
		int byte = next_character(&at, end) & ~RESERVED;

		if (size == capacity)
			return -ENOBUFS;
		out[size++] = (char)byte;
	}
	return (int)size;
}
