/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The character classes and the loops that are too long to be inline. Pure functions; every one
 * stops at the end it is given. The table is made of the sets of RFC 3261 25.1; bytes above 127
 * are in no class.
 */
#include "sip/text.h"

const uint8_t sipring_text_classes[256] = {
	/* clang-format off */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x02, 0x02, 0x00, 0x00, 0x02, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x02, 0xe1, 0x00, 0xa0, 0xe0, 0x81, 0xe0, 0xe1,
	0xe0, 0xe0, 0xe1, 0xe1, 0x20, 0xf1, 0xf1, 0xe0,
	0xf5, 0xf5, 0xf5, 0xf5, 0xf5, 0xf5, 0xf5, 0xf5,
	0xf5, 0xf5, 0xc0, 0x20, 0x00, 0xa0, 0x00, 0xa0,
	0x80, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9,
	0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9,
	0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9,
	0xf9, 0xf9, 0xf9, 0xc0, 0x00, 0xc0, 0x80, 0xf1,
	0x81, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9,
	0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9,
	0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9, 0xf9,
	0xf9, 0xf9, 0xf9, 0x80, 0x80, 0x80, 0xe1, 0x00,
	/* clang-format on */
};

bool sipring_text_equal(struct sipring_span a, struct sipring_span b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++)
		if (sipring_text_lower(a.data[i]) != sipring_text_lower(b.data[i]))
			return false;
	return true;
}

bool sipring_text_number(const char **at, const char *end, uint32_t max, uint32_t *number)
{
	const char *p = *at;
	uint64_t value = 0;

	if (p == end || !sipring_text_is(*p, SIPRING_TEXT_DIGIT))
		return false;
	for (; p < end && sipring_text_is(*p, SIPRING_TEXT_DIGIT); p++) {
		value = value * 10 + (uint64_t)(*p - '0');
		if (value > max)
			return false;
	}
	*at = p;
	*number = (uint32_t)value;
	return true;
}

const char *sipring_text_skip_quoted(const char *at, const char *end)
{
	for (at++; at < end; at++) {
		if (*at == '"')
			return at + 1;
		if (*at == '\\' && ++at == end)
			return NULL;
	}
	return NULL;
}

bool sipring_text_breaks_line(struct sipring_span text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] == '\r' || text.data[i] == '\n' || !text.data[i])
			return true;
	return false;
}

bool sipring_text_parameter(const char **at, const char *end, unsigned name_classes,
	struct sipring_span *name, struct sipring_span *value)
{
	const char *p = sipring_text_skip(*at, end, SIPRING_TEXT_LWS);
	const char *begin = p;

	p = sipring_text_skip(p, end, name_classes);
	if (p == begin)
		return false;
	*name = sipring_text_span(begin, p);
	*value = (struct sipring_span){NULL, 0};
	p = sipring_text_skip(p, end, SIPRING_TEXT_LWS);
	if (p < end && *p == '=') {
		begin = p = sipring_text_skip(p + 1, end, SIPRING_TEXT_LWS);
		if (p < end && *p == '"')
			p = sipring_text_skip_quoted(p, end);
		else
			p = sipring_text_skip(p, end, SIPRING_TEXT_GENERIC);
		if (!p || p == begin)
			return false;
		*value = sipring_text_span(begin, p);
		p = sipring_text_skip(p, end, SIPRING_TEXT_LWS);
	}
	if (p < end && *p != ';' && *p != ',')
		return false;
	*at = p;
	return true;
}
