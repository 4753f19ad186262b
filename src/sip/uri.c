/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * URIs taken apart (RFC 3261 19.1 and 25.1, RFC 3966): spans of the caller's bytes, nothing
 * unescaped. sip: and sips: are checked part by part; of tel: the number and the parameters; any
 * other scheme is kept whole. The first '@' ends the user: nothing after it may hold another
 * unescaped one. After a refusal *uri means nothing.
 */
#include <sipring/sip.h>

#include "sip/host.h"
#include "sip/text.h"

#include <assert.h>

static bool is_hex(char c)
{
	return sipring_text_is(c, SIPRING_TEXT_DIGIT) ||
		(sipring_text_lower(c) >= 'a' && sipring_text_lower(c) <= 'f');
}

/* Skips characters of the classes and whole escapes; stops at anything else. */
static const char *skip_escaped(const char *at, const char *end, unsigned classes)
{
	for (;;) {
		at = sipring_text_skip(at, end, classes);
		if (end - at < 3 || *at != '%' || !is_hex(at[1]) || !is_hex(at[2]))
			return at;
		at += 3;
	}
}

static enum sipring_uri_scheme scheme_of(struct sipring_span name)
{
	if (sipring_text_is_name(name, "sip", 3))
		return SIPRING_URI_SIP;
	if (sipring_text_is_name(name, "sips", 4))
		return SIPRING_URI_SIPS;
	if (sipring_text_is_name(name, "tel", 3))
		return SIPRING_URI_TEL;
	return SIPRING_URI_OTHER;
}

/* user [":" password], all of [at, end). */
static bool read_userinfo(struct sipring_uri *uri, const char *at, const char *end)
{
	const char *begin = at;

	at = skip_escaped(at, end, SIPRING_TEXT_USER);
	if (at == begin)
		return false;
	uri->user = sipring_text_span(begin, at);
	if (at == end)
		return true;
	if (*at != ':')
		return false;
	begin = at + 1;
	uri->password = sipring_text_span(begin, end);
	return skip_escaped(begin, end, SIPRING_TEXT_USER) == end;
}

static void keep(struct sipring_uri *uri, struct sipring_span name, struct sipring_span value)
{
	switch (name.size) {
	case 2:
		uri->is_loose_route |= sipring_text_is_name(name, "lr", 2);
		break;
	case 5:
		if (!uri->maddr.data && sipring_text_is_name(name, "maddr", 5))
			uri->maddr = value;
		break;
	case 9:
		if (!uri->transport.data && sipring_text_is_name(name, "transport", 9))
			uri->transport = value;
		break;
	default:
		break;
	}
}

/* Skips what skip_escaped() does and one more character. */
static const char *skip_escaped_and(const char *at, const char *end, unsigned classes, char also)
{
	for (;;) {
		at = skip_escaped(at, end, classes);
		if (at == end || *at != also)
			return at;
		at++;
	}
}

/*
 * *(";" name ["=" value]). Returns the place after the last, or NULL. A '=' inside a value is let
 * through: proxies put base64 there.
 */
static const char *read_params(struct sipring_uri *uri, const char *at, const char *end)
{
	const char *begin = at + 1;
	struct sipring_span name, value;

	while (at < end && *at == ';') {
		const char *word = at + 1;

		at = skip_escaped(word, end, SIPRING_TEXT_PARAM);
		if (at == word)
			return NULL;
		name = sipring_text_span(word, at);
		value = sipring_text_span(at, at);
		if (at < end && *at == '=') {
			word = at + 1;
			at = skip_escaped_and(word, end, SIPRING_TEXT_PARAM, '=');
			if (at == word)
				return NULL;
			value = sipring_text_span(word, at);
		}
		keep(uri, name, value);
	}
	if (at >= begin)
		uri->params = sipring_text_span(begin, at);
	return at;
}

/* hname "=" hvalue, joined by '&', all of [at, end). */
static bool is_headers(const char *at, const char *end)
{
	for (;;) {
		const char *stop = memchr(at, '&', (size_t)(end - at));
		const char *equals;

		if (!stop)
			stop = end;
		equals = memchr(at, '=', (size_t)(stop - at));
		if (!equals || equals == at)
			return false;
		if (skip_escaped_and(at, equals, SIPRING_TEXT_PARAM, '?') != equals ||
			skip_escaped_and(equals + 1, stop, SIPRING_TEXT_PARAM, '?') != stop)
			return false;
		if (stop == end)
			return true;
		at = stop + 1;
	}
}

static int read_sip(struct sipring_uri *uri, const char *at, const char *end)
{
	const char *sign = memchr(at, '@', (size_t)(end - at));

	if (sign) {
		if (!read_userinfo(uri, at, sign))
			return SIPRING_PARSE_BAD_URI;
		at = sign + 1;
	}
	at = sipring_host_read(&uri->host, &uri->port, at, end, 0);
	if (!at)
		return SIPRING_PARSE_BAD_HOST;
	uri->host_kind = sipring_host_classify(uri->host, NULL);
	if (uri->host_kind == SIPRING_HOST_NONE)
		return SIPRING_PARSE_BAD_HOST;
	at = read_params(uri, at, end);
	if (!at)
		return SIPRING_PARSE_BAD_URI;
	if (at == end)
		return 0;
	if (*at != '?' || !is_headers(at + 1, end))
		return SIPRING_PARSE_BAD_URI;
	uri->headers = sipring_text_span(at + 1, end);
	return 0;
}

/* The number and its parameters, which have the form of a URI's (RFC 3966 3). */
static int read_tel(struct sipring_uri *uri, const char *at, const char *end)
{
	const char *begin = at;

	if (at < end && *at == '+')
		at++;
	for (; at < end && *at != ';'; at++)
		if (!is_hex(*at) && !memchr("-.()*#", *at, 6))
			return SIPRING_PARSE_BAD_URI;
	if (at == begin || (at == begin + 1 && *begin == '+'))
		return SIPRING_PARSE_BAD_URI;
	uri->user = sipring_text_span(begin, at);
	at = read_params(uri, at, end);
	return at == end ? 0 : SIPRING_PARSE_BAD_URI;
}

int sipring_uri_parse(struct sipring_uri *uri, struct sipring_span text)
{
	const char *end = sipring_text_end(text);
	const char *at;

	assert(uri);
	memset(uri, 0, sizeof *uri);
	uri->text = text;
	if (!text.size || !sipring_text_is(*text.data, SIPRING_TEXT_ALPHA))
		return SIPRING_PARSE_BAD_URI;
	at = sipring_text_skip(text.data, end, SIPRING_TEXT_TOKEN);
	if (at == end || *at != ':')
		return SIPRING_PARSE_BAD_URI;
	uri->scheme_name = sipring_text_span(text.data, at);
	uri->scheme = scheme_of(uri->scheme_name);
	at++;
	switch (uri->scheme) {
	case SIPRING_URI_SIP:
	case SIPRING_URI_SIPS:
		return read_sip(uri, at, end);
	case SIPRING_URI_TEL:
		return read_tel(uri, at, end);
	case SIPRING_URI_OTHER:
		break;
	}
	uri->user = sipring_text_span(at, end);
	for (; at < end; at++)
		if ((unsigned char)*at <= ' ' || strchr("<>\"", *at))
			return SIPRING_PARSE_BAD_URI;
	return uri->user.size ? 0 : SIPRING_PARSE_BAD_URI;
}
