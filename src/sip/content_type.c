/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Media types (RFC 3261 20.15 and 25.1): type, subtype and parameters as spans of the caller's
 * bytes. After a refusal *content_type means nothing.
 */
#include <sipring/sip.h>

#include "sip/text.h"

#include <assert.h>

int sipring_content_type_parse(struct sipring_content_type *content_type, struct sipring_span value)
{
	const char *end = sipring_text_end(value);
	struct sipring_span name, param;
	struct sipring_seek seek;
	const char *begin, *at;

	assert(content_type);
	memset(content_type, 0, sizeof *content_type);
	if (!value.size)
		return SIPRING_PARSE_BAD_CONTENT_TYPE;
	sipring_seek_begin(&seek, value.data, end, 0);
	begin = sipring_text_skip(value.data, end, SIPRING_TEXT_LWS);
	at = sipring_text_run(&seek, begin, SIPRING_TEXT_TOKEN);
	content_type->type = sipring_text_span(begin, at);
	at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);
	if (!content_type->type.size || at == end || *at != '/')
		return SIPRING_PARSE_BAD_CONTENT_TYPE;
	begin = sipring_text_skip(at + 1, end, SIPRING_TEXT_LWS);
	at = sipring_text_run(&seek, begin, SIPRING_TEXT_TOKEN);
	content_type->subtype = sipring_text_span(begin, at);
	if (!content_type->subtype.size)
		return SIPRING_PARSE_BAD_CONTENT_TYPE;
	at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);
	if (at < end && *at == ';')
		content_type->params = sipring_text_trim(sipring_text_span(at + 1, end));
	while (at < end && *at == ';') {
		at++;
		if (!sipring_text_parameter(&at, &seek, SIPRING_TEXT_TOKEN, &name, &param))
			return SIPRING_PARSE_BAD_CONTENT_TYPE;
	}
	return at == end ? 0 : SIPRING_PARSE_BAD_CONTENT_TYPE;
}
