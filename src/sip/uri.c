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
	return sipring_text_hex(c) < 16;
}

/* Skips characters of the classes and whole escapes; stops at anything else. */
static const char *skip_escaped(struct sipring_seek *seek, const char *at, unsigned classes)
{
	for (;;) {
		at = sipring_text_run(seek, at, classes);
		if (seek->end - at < 3 || *at != '%' || !is_hex(at[1]) || !is_hex(at[2]))
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
	struct sipring_seek seek;

	sipring_seek_begin(&seek, at, end, 0);
	at = skip_escaped(&seek, at, SIPRING_TEXT_USER);
	if (at == begin)
		return false;
	uri->user = sipring_text_span(begin, at);
	if (at == end)
		return true;
	if (*at != ':')
		return false;
	uri->password = sipring_text_span(at + 1, end);
	return skip_escaped(&seek, at + 1, SIPRING_TEXT_USER) == end;
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
static const char *skip_escaped_and(struct sipring_seek *seek, const char *at, unsigned classes,
	char also)
{
	for (;;) {
		at = skip_escaped(seek, at, classes);
		if (at == seek->end || *at != also)
			return at;
		at++;
	}
}

/*
 * *(";" name ["=" value]). Returns the place after the last, or NULL. A '=' inside a value is let
 * through: proxies put base64 there.
 */
static const char *read_params(struct sipring_uri *uri, struct sipring_seek *seek, const char *at)
{
	const char *begin = at + 1;
	const char *end = seek->end;
	struct sipring_span name, value;

	while (at < end && *at == ';') {
		const char *word = at + 1;

		at = skip_escaped(seek, word, SIPRING_TEXT_PARAM);
		if (at == word)
			return NULL;
		name = sipring_text_span(word, at);
		value = sipring_text_span(at, at);
		if (at < end && *at == '=') {
			word = at + 1;
			at = skip_escaped_and(seek, word, SIPRING_TEXT_PARAM, '=');
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
		struct sipring_seek seek;

		if (!stop)
			stop = end;
		equals = memchr(at, '=', (size_t)(stop - at));
		if (!equals || equals == at)
			return false;
		sipring_seek_begin(&seek, at, stop, 0);
		if (skip_escaped_and(&seek, at, SIPRING_TEXT_PARAM, '?') != equals ||
			skip_escaped_and(&seek, equals + 1, SIPRING_TEXT_PARAM, '?') != stop)
			return false;
		if (stop == end)
			return true;
		at = stop + 1;
	}
}

/*
 * What may be user information, up to the first '@', the mark of *seek. Returns where the host
 * begins, or NULL. Most users are one word.
 */
static const char *skip_userinfo(struct sipring_uri *uri, struct sipring_seek *seek, const char *at)
{
	const char *sign = sipring_seek_mark(seek, at);

	if (sign == seek->end)
		return at;
	if (sign == sipring_seek_break(seek, at) && sign > at)
		uri->user = sipring_text_span(at, sign);
	else if (!read_userinfo(uri, at, sign))
		return NULL;
	return sign + 1;
}

static int read_sip(struct sipring_uri *uri, struct sipring_seek *seek, const char *at)
{
	at = skip_userinfo(uri, seek, at);
	if (!at)
		return SIPRING_PARSE_BAD_URI;
	at = sipring_host_read(&uri->host, &uri->port, at, seek, 0);
	if (!at)
		return SIPRING_PARSE_BAD_HOST;
	uri->host_kind = sipring_host_classify(uri->host, NULL);
	if (uri->host_kind == SIPRING_HOST_NONE)
		return SIPRING_PARSE_BAD_HOST;
	if (at == seek->end)
		return 0;
	at = read_params(uri, seek, at);
	if (!at)
		return SIPRING_PARSE_BAD_URI;
	if (at == seek->end)
		return 0;
	if (*at != '?' || !is_headers(at + 1, seek->end))
		return SIPRING_PARSE_BAD_URI;
	uri->headers = sipring_text_span(at + 1, seek->end);
	return 0;
}

/* The number and its parameters, which have the form of a URI's (RFC 3966 3). */
static int read_tel(struct sipring_uri *uri, struct sipring_seek *seek, const char *at)
{
	const char *end = seek->end;
	const char *begin = at;

	if (at < end && *at == '+')
		at++;
	for (; at < end && *at != ';'; at++)
		if (!is_hex(*at) && !memchr("-.()*#", *at, 6))
			return SIPRING_PARSE_BAD_URI;
	if (at == begin || (at == begin + 1 && *begin == '+'))
		return SIPRING_PARSE_BAD_URI;
	uri->user = sipring_text_span(begin, at);
	at = read_params(uri, seek, at);
	return at == end ? 0 : SIPRING_PARSE_BAD_URI;
}

/* Whatever stands behind the colon of a scheme that this library does not know. */
static int read_other(struct sipring_uri *uri, const char *at, const char *end)
{
	uri->user = sipring_text_span(at, end);
	for (; at < end; at++)
		if ((unsigned char)*at <= ' ' || strchr("<>\"", *at))
			return SIPRING_PARSE_BAD_URI;
	return uri->user.size ? 0 : SIPRING_PARSE_BAD_URI;
}

int sipring_uri_parse(struct sipring_uri *uri, struct sipring_span text)
{
	const char *end = sipring_text_end(text);
	struct sipring_seek seek;
	const char *at;

	assert(uri);
	memset(uri, 0, sizeof *uri);
	uri->text = text;
	if (!text.size || !sipring_text_is(*text.data, SIPRING_TEXT_ALPHA))
		return SIPRING_PARSE_BAD_URI;
	sipring_seek_begin(&seek, text.data, end, '@');
	at = sipring_text_run(&seek, text.data, SIPRING_TEXT_TOKEN);
	if (at == end || *at != ':')
		return SIPRING_PARSE_BAD_URI;
	uri->scheme_name = sipring_text_span(text.data, at);
	uri->scheme = scheme_of(uri->scheme_name);
	switch (uri->scheme) {
	case SIPRING_URI_SIP:
	case SIPRING_URI_SIPS:
		return read_sip(uri, &seek, at + 1);
	case SIPRING_URI_TEL:
		return read_tel(uri, &seek, at + 1);
	case SIPRING_URI_OTHER:
		break;
	}
	return read_other(uri, at + 1, end);
}
