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

/* Passes characters of the classes and whole escapes; stops at anything else. */
static inline struct sipring_stop pass_escaped(struct sipring_seek *seek, unsigned classes)
{
	for (;;) {
		const struct sipring_stop stop = sipring_text_run(seek, classes);

		if (stop.c != '%' || seek->end - stop.at < 3 || !is_hex(stop.at[1]) ||
			!is_hex(stop.at[2]))
			return stop;
		sipring_seek_to(seek, stop.at + 3);
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

/* Returns the place behind the colon, or NULL. */
static inline const char *read_scheme(struct sipring_uri *uri, struct sipring_span text)
{
	const char *colon;

	if (sipring_text_is_sip(text)) {
		uri->scheme = SIPRING_URI_SIP;
		uri->scheme_name = (struct sipring_span){text.data, 3};
		return text.data + 4;
	}
	if (text.size > 5 && !sipring_text_differ_4("sips", text.data) && text.data[4] == ':') {
		uri->scheme = SIPRING_URI_SIPS;
		uri->scheme_name = (struct sipring_span){text.data, 4};
		return text.data + 5;
	}
	colon = sipring_text_skip(text.data, sipring_text_end(text), SIPRING_TEXT_TOKEN);
	if (colon == sipring_text_end(text) || *colon != ':' ||
		!sipring_text_is(*text.data, SIPRING_TEXT_ALPHA))
		return NULL;
	uri->scheme_name = sipring_text_span(text.data, colon);
	uri->scheme = scheme_of(uri->scheme_name);
	return colon + 1;
}

/* user [":" password], all of [begin, end). */
static __attribute__((noinline)) bool read_userinfo(struct sipring_uri *uri, const char *begin,
	const char *end)
{
	struct sipring_seek seek;
	struct sipring_stop stop;

	sipring_seek_begin(&seek, begin, end, 0);
	stop = pass_escaped(&seek, SIPRING_TEXT_USER);
	if (stop.at == begin)
		return false;
	uri->user = sipring_text_span(begin, stop.at);
	if (stop.at == end)
		return true;
	if (stop.c != ':')
		return false;
	uri->password = sipring_text_span(stop.at + 1, end);
	sipring_seek_pass(&seek);
	return pass_escaped(&seek, SIPRING_TEXT_USER).at == end;
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

/* Passes what pass_escaped() does and one more character. */
static inline struct sipring_stop pass_escaped_and(struct sipring_seek *seek, unsigned classes,
	char also)
{
	struct sipring_stop stop = pass_escaped(seek, classes);

	while (stop.c == also) {
		sipring_seek_pass(seek);
		stop = pass_escaped(seek, classes);
	}
	return stop;
}

/*
 * *(";" name ["=" value]); the walk stands at the first ';'. Returns where it stands after the
 * last, NULL if one is malformed. A '=' inside a value is let through: proxies put base64 there.
 */
static inline struct sipring_stop read_params(struct sipring_uri *uri, struct sipring_seek *seek,
	struct sipring_stop stop)
{
	const char *begin = stop.at;
	struct sipring_span name, value;

	while (stop.c == ';') {
		const char *word = stop.at + 1;

		sipring_seek_pass(seek);
		stop = pass_escaped(seek, SIPRING_TEXT_PARAM);
		name = sipring_text_span(word, stop.at);
		value = (struct sipring_span){stop.at, 0};
		if (stop.c == '=') {
			word = stop.at + 1;
			sipring_seek_pass(seek);
			stop = pass_escaped_and(seek, SIPRING_TEXT_PARAM, '=');
			value = sipring_text_span(word, stop.at);
		}
		if (stop.at == word || !name.size)
			return (struct sipring_stop){NULL, 0};
		keep(uri, name, value);
	}
	if (stop.at > begin)
		uri->params = sipring_text_span(begin + 1, stop.at);
	return stop;
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
		if (pass_escaped_and(&seek, SIPRING_TEXT_PARAM, '?').at != equals)
			return false;
		sipring_seek_pass(&seek);
		if (pass_escaped_and(&seek, SIPRING_TEXT_PARAM, '?').at != stop)
			return false;
		if (stop == end)
			return true;
		at = stop + 1;
	}
}

/*
 * What may be user information, up to the first '@', the mark of *seek, which begins at begin.
 * Returns where the host begins, or NULL. Most users are one word.
 */
static inline const char *pass_userinfo(struct sipring_uri *uri, struct sipring_seek *seek,
	const char *begin)
{
	const char *sign = sipring_seek_mark(seek, begin);

	if (!sign)
		return begin;
	if (sign > begin && sign == sipring_seek_stop(seek).at) {
		uri->user = sipring_text_span(begin, sign);
		sipring_seek_pass(seek);
		return sign + 1;
	}
	if (!read_userinfo(uri, begin, sign))
		return NULL;
	sipring_seek_to(seek, sign + 1);
	return sign + 1;
}

static inline int read_sip(struct sipring_uri *uri, const char *at, const char *end)
{
	struct sipring_seek seek;
	struct sipring_stop stop;

	sipring_seek_begin(&seek, at, end, '@');
	at = pass_userinfo(uri, &seek, at);
	if (!at)
		return SIPRING_PARSE_BAD_URI;
	stop = sipring_host_read(&uri->host, &uri->port, at, &seek, 0);
	if (!stop.at)
		return SIPRING_PARSE_BAD_HOST;
	uri->host_kind = sipring_host_kind_of(uri->host);
	if (uri->host_kind == SIPRING_HOST_NONE)
		return SIPRING_PARSE_BAD_HOST;
	if (stop.at == end)
		return 0;
	stop = read_params(uri, &seek, stop);
	if (!stop.at)
		return SIPRING_PARSE_BAD_URI;
	if (stop.at == end)
		return 0;
	if (stop.c != '?' || !is_headers(stop.at + 1, end))
		return SIPRING_PARSE_BAD_URI;
	uri->headers = sipring_text_span(stop.at + 1, end);
	return 0;
}

/* The number and its parameters, which have the form of a URI's (RFC 3966 3). */
static __attribute__((noinline)) int read_tel(struct sipring_uri *uri, const char *at,
	const char *end)
{
	const char *begin = at;
	struct sipring_seek seek;

	if (at < end && *at == '+')
		at++;
	for (; at < end && *at != ';'; at++)
		if (!is_hex(*at) && !memchr("-.()*#", *at, 6))
			return SIPRING_PARSE_BAD_URI;
	if (at == begin || (at == begin + 1 && *begin == '+'))
		return SIPRING_PARSE_BAD_URI;
	uri->user = sipring_text_span(begin, at);
	sipring_seek_begin(&seek, at, end, 0);
	return read_params(uri, &seek, sipring_seek_stop(&seek)).at == end ? 0
									   : SIPRING_PARSE_BAD_URI;
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
	const char *at;

	assert(uri);
	memset(uri, 0, sizeof *uri);
	uri->text = text;
	at = read_scheme(uri, text);
	if (!at)
		return SIPRING_PARSE_BAD_URI;
	switch (uri->scheme) {
	case SIPRING_URI_SIP:
	case SIPRING_URI_SIPS:
		return read_sip(uri, at, end);
	case SIPRING_URI_TEL:
		return read_tel(uri, at, end);
	case SIPRING_URI_OTHER:
		break;
	}
	return read_other(uri, at, end);
}
