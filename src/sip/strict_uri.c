/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * URIs and hosts by the letter of RFC 3261 19.1 and 25.1, where their parsers take more. Pure.
 */
#include "sip/strict.h"

#include "sip/host.h"
#include "sip/text.h"

/* hostname = *( domainlabel "." ) toplabel [ "." ], the last label beginning with a letter. */
static bool is_hostname(struct sipring_span host)
{
	const char *end = sipring_text_end(host);
	const char *label = host.data;

	if (end[-1] == '.')
		end--;
	for (const char *at = label;; at++) {
		if (at < end && *at == '_')
			return false;
		if (at < end && *at != '.')
			continue;
		if (at == label || *label == '-' || at[-1] == '-')
			return false;
		if (at == end)
			return sipring_text_is(*label, SIPRING_TEXT_ALPHA);
		label = at + 1;
	}
}

/* Corrected by RFC 5954, though receivers still take it (RFC 5118 4.10). */
static bool has_three_colons(struct sipring_span host)
{
	for (size_t i = 0; i + 3 <= host.size; i++)
		if (!memcmp(host.data + i, ":::", 3))
			return true;
	return false;
}

bool sipring_strict_is_host(struct sipring_span host)
{
	switch (sipring_host_classify(host, NULL)) {
	case SIPRING_HOST_NAME:
		return is_hostname(host);
	case SIPRING_HOST_IPV4:
		return true;
	case SIPRING_HOST_IPV6:
		return !has_three_colons(host);
	case SIPRING_HOST_NONE:
		break;
	}
	return false;
}

enum sipring_parse_result sipring_strict_uri(struct sipring_uri *uri, struct sipring_span text)
{
	int result = sipring_uri_parse(uri, text);
	const char *end = sipring_text_end(uri->params);
	bool has_value = false;

	if (result)
		return (enum sipring_parse_result)result;
	if (uri->scheme != SIPRING_URI_SIP && uri->scheme != SIPRING_URI_SIPS)
		return SIPRING_PARSE_ACCEPTED;
	if (!sipring_strict_is_host(uri->host))
		return SIPRING_PARSE_BAD_HOST;
	if (memchr(text.data, '#', text.size))
		return SIPRING_PARSE_BAD_URI;
	for (const char *at = uri->params.data; at < end; at++) {
		if (*at == '=' && has_value)
			return SIPRING_PARSE_BAD_URI;
		has_value = *at != ';' && (has_value || *at == '=');
	}
	return SIPRING_PARSE_ACCEPTED;
}
