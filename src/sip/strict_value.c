/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammars of header values in RFC 3261 25.1 by the letter, where the parsers of the fast path
 * take more than it says. One table tells which form each header has. Pure; a value is walked once.
 */
#include "sip/strict.h"

#include "sip/strict_form.h"
#include "sip/text.h"

/* Stands once; of those that the message parser knows to be single it has seen to that. */
#define SINGLE 0x80u

static const uint8_t forms[SIPRING_HEADER_COUNT] = {
	[SIPRING_HEADER_ALLOW] = FORM_TOKENS_NONE,
	[SIPRING_HEADER_ALLOW_EVENTS] = FORM_TOKENS,
	[SIPRING_HEADER_CALL_ID] = FORM_CALL_ID,
	[SIPRING_HEADER_CONTACT] = FORM_CONTACT,
	[SIPRING_HEADER_CONTENT_DISPOSITION] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_CONTENT_ENCODING] = FORM_TOKENS,
	[SIPRING_HEADER_CONTENT_TYPE] = FORM_MEDIA | SINGLE,
	[SIPRING_HEADER_DATE] = FORM_DATE | SINGLE,
	[SIPRING_HEADER_DIVERSION] = FORM_ROUTE,
	[SIPRING_HEADER_EVENT] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_EXPIRES] = FORM_SECONDS | SINGLE,
	[SIPRING_HEADER_FROM] = FORM_ADDRESS,
	[SIPRING_HEADER_MAX_FORWARDS] = FORM_HOPS,
	[SIPRING_HEADER_MIN_EXPIRES] = FORM_SECONDS | SINGLE,
	[SIPRING_HEADER_MIN_SE] = FORM_SECONDS_PARAMS | SINGLE,
	[SIPRING_HEADER_MIME_VERSION] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_ORGANIZATION] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_P_ASSERTED_IDENTITY] = FORM_ADDRESSES,
	[SIPRING_HEADER_P_PREFERRED_IDENTITY] = FORM_ADDRESSES,
	[SIPRING_HEADER_PATH] = FORM_ROUTE,
	[SIPRING_HEADER_PRIORITY] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_PROXY_REQUIRE] = FORM_TOKENS,
	[SIPRING_HEADER_RACK] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_RECORD_ROUTE] = FORM_ROUTE,
	[SIPRING_HEADER_REFER_TO] = FORM_ADDRESS | SINGLE,
	[SIPRING_HEADER_REFERRED_BY] = FORM_ADDRESS | SINGLE,
	[SIPRING_HEADER_REPLY_TO] = FORM_ADDRESS | SINGLE,
	[SIPRING_HEADER_REQUIRE] = FORM_TOKENS,
	[SIPRING_HEADER_RETRY_AFTER] = FORM_RETRY_AFTER | SINGLE,
	[SIPRING_HEADER_ROUTE] = FORM_ROUTE,
	[SIPRING_HEADER_RSEQ] = FORM_SECONDS | SINGLE,
	[SIPRING_HEADER_SERVER] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_SERVICE_ROUTE] = FORM_ROUTE,
	[SIPRING_HEADER_SESSION_EXPIRES] = FORM_SECONDS_PARAMS | SINGLE,
	[SIPRING_HEADER_SUBJECT] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_SUBSCRIPTION_STATE] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_SUPPORTED] = FORM_TOKENS_NONE,
	[SIPRING_HEADER_TIMESTAMP] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_TO] = FORM_ADDRESS,
	[SIPRING_HEADER_UNSUPPORTED] = FORM_TOKENS,
	[SIPRING_HEADER_USER_AGENT] = FORM_TEXT | SINGLE,
	[SIPRING_HEADER_VIA] = FORM_VIA,
	[SIPRING_HEADER_WARNING] = FORM_WARNING,
};

bool sipring_strict_is_single(enum sipring_header_id id)
{
	return (forms[id] & SINGLE) != 0;
}

/* token *(COMMA token) */
static bool are_tokens(struct sipring_span value)
{
	const char *at = value.data;
	const char *end = sipring_text_end(value);

	for (;; at++) {
		const char *begin = at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);

		at = sipring_text_skip(at, end, SIPRING_TEXT_TOKEN);
		if (at == begin)
			return false;
		at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);
		if (at == end || *at != ',')
			return at == end;
	}
}

/* After the ')' that closes the comment which opens at at; NULL if it never closes. */
static const char *skip_comment(const char *at, const char *end)
{
	unsigned depth = 0;

	for (; at < end; at++) {
		if (*at == '(')
			depth++;
		else if (*at == ')' && !--depth)
			return at + 1;
		else if (*at == '\\' && end - at > 1)
			at++;
	}
	return NULL;
}

/* delta-seconds [ comment ] *( SEMI retry-param ); without the comment the form of others too. */
static bool is_seconds(struct sipring_span value, bool may_have_comment)
{
	const char *at = value.data;
	const char *end = sipring_text_end(value);
	uint32_t number;

	if (!sipring_text_number(&at, end, UINT32_MAX, &number))
		return false;
	at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);
	if (may_have_comment && at < end && *at == '(') {
		at = skip_comment(at, end);
		if (!at)
			return false;
		at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);
	}
	return at == end ||
		(*at == ';' && sipring_strict_are_parameters(sipring_text_span(at + 1, end)));
}

/* word [ "@" word ] */
static bool is_call_id(struct sipring_span value)
{
	const char *end = sipring_text_end(value);
	unsigned n_signs = 0;

	for (const char *at = value.data; at < end; at++) {
		if (*at == '@' && at > value.data && at + 1 < end && !n_signs++)
			continue;
		if (!sipring_text_is(*at, SIPRING_TEXT_TOKEN) &&
			!memchr("()<>:\\\"/[]?{}", *at, 13))
			return false;
	}
	return value.size > 0;
}

/* One of the three-letter names of a list at at. */
static bool is_one_of(const char *at, const char *names)
{
	for (; *names; names += 3)
		if (!memcmp(at, names, 3))
			return true;
	return false;
}

/* rfc1123-date, which is of one size and in GMT. */
static bool is_date(struct sipring_span value)
{
	static const char pattern[] = "Www, 00 Mmm 0000 00:00:00 GMT";

	if (value.size != sizeof pattern - 1)
		return false;
	for (size_t i = 0; i < value.size; i++) {
		char wanted = pattern[i];

		if (wanted == '0' ? !sipring_text_is(value.data[i], SIPRING_TEXT_DIGIT)
				  : !memchr("WwMm", wanted, 4) && value.data[i] != wanted)
			return false;
	}
	return is_one_of(value.data, "MonTueWedThuFriSatSun") &&
		is_one_of(value.data + 8, "JanFebMarAprMayJunJulAugSepOctNovDec");
}

/* warn-code SP warn-agent SP warn-text, joined by commas. */
static bool are_warnings(struct sipring_span value)
{
	const char *at = value.data;
	const char *end = sipring_text_end(value);

	for (;; at++) {
		const char *begin = at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);

		at = sipring_text_skip(at, end, SIPRING_TEXT_DIGIT);
		if (at - begin != 3 || at == end || *at != ' ')
			return false;
		begin = ++at;
		while (at < end && *at != ' ' && *at != '"')
			at++;
		if (at == begin || at + 1 >= end || at[0] != ' ' || at[1] != '"')
			return false;
		at = sipring_text_skip_quoted(at + 1, end);
		if (!at)
			return false;
		at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);
		if (at == end || *at != ',')
			return at == end;
	}
}

static bool is_text(struct sipring_span value)
{
	const char *end = sipring_text_end(value);

	for (const char *at = value.data; at < end; at++)
		if ((unsigned char)*at < ' ' ? !sipring_text_is(*at, SIPRING_TEXT_LWS)
					     : *at == 0x7f)
			return false;
	return true;
}

static bool is_of_form(struct sipring_span value, enum strict_form form)
{
	switch (form) {
	case FORM_HOPS:
		return sipring_strict_is_number(value, 255);
	case FORM_SECONDS:
		return sipring_strict_is_number(value, UINT32_MAX);
	case FORM_SECONDS_PARAMS:
		return is_seconds(value, false);
	case FORM_RETRY_AFTER:
		return is_seconds(value, true);
	case FORM_CALL_ID:
		return is_call_id(value);
	case FORM_TOKENS:
		return are_tokens(value);
	case FORM_TOKENS_NONE:
		return !value.size || are_tokens(value);
	case FORM_DATE:
		return is_date(value);
	case FORM_WARNING:
		return are_warnings(value);
	case FORM_TEXT:
		return is_text(value);
	case FORM_VIA:
	case FORM_ADDRESS:
	case FORM_ADDRESSES:
	case FORM_CONTACT:
	case FORM_ROUTE:
	case FORM_MEDIA:
		break;
	}
	return true;
}

enum sipring_parse_result sipring_strict_value(const struct sipring_header *header, const char **at)
{
	enum strict_form form = (enum strict_form)(forms[header->id] & ~SINGLE);
	struct sipring_content_type media;

	*at = header->value.data;
	switch (form) {
	case FORM_VIA:
		return sipring_strict_vias(header->value, at);
	case FORM_ADDRESS:
	case FORM_ADDRESSES:
	case FORM_CONTACT:
	case FORM_ROUTE:
		return sipring_strict_addresses(header->value, form, at);
	case FORM_MEDIA:
		if (!sipring_content_type_parse(&media, header->value) &&
			sipring_strict_are_parameters(media.params))
			return SIPRING_PARSE_ACCEPTED;
		return SIPRING_PARSE_BAD_CONTENT_TYPE;
	case FORM_TEXT:
	case FORM_HOPS:
	case FORM_SECONDS:
	case FORM_SECONDS_PARAMS:
	case FORM_RETRY_AFTER:
	case FORM_CALL_ID:
	case FORM_TOKENS:
	case FORM_TOKENS_NONE:
	case FORM_DATE:
	case FORM_WARNING:
		break;
	}
	return is_of_form(header->value, form) ? SIPRING_PARSE_ACCEPTED : SIPRING_PARSE_BAD_VALUE;
}
