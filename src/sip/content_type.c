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
	struct sipring_stop stop;
	const char *begin;

	assert(content_type);
	memset(content_type, 0, sizeof *content_type);
	if (!value.size)
		return SIPRING_PARSE_BAD_CONTENT_TYPE;
	sipring_seek_begin(&seek, value.data, end, 0);
	begin = value.data;
	stop = sipring_text_word(&seek, &begin, SIPRING_TEXT_TOKEN);
	content_type->type = sipring_text_span(begin, stop.at);
	stop = sipring_text_pass_space(&seek, stop);
	if (!content_type->type.size || stop.c != '/')
		return SIPRING_PARSE_BAD_CONTENT_TYPE;
	sipring_seek_pass(&seek);
	begin = stop.at + 1;
	stop = sipring_text_word(&seek, &begin, SIPRING_TEXT_TOKEN);
	content_type->subtype = sipring_text_span(begin, stop.at);
	if (!content_type->subtype.size)
		return SIPRING_PARSE_BAD_CONTENT_TYPE;
	stop = sipring_text_pass_space(&seek, stop);
	if (stop.c == ';')
		content_type->params = sipring_text_trim(sipring_text_span(stop.at + 1, end));
	while (stop.c == ';') {
		sipring_seek_pass(&seek);
		stop = sipring_text_parameter(&seek, stop.at + 1, SIPRING_TEXT_TOKEN, &name,
			&param);
	}
	return stop.at == end ? 0 : SIPRING_PARSE_BAD_CONTENT_TYPE;
}
