/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Characters and runs of them, as RFC 3261 25.1 classes them; no locale, no NUL needed. The small
 * ones are inline because every parser's inner loop is made of them.
 */
#pragma once

#include <sipring/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SIPRING_TEXT_TOKEN 0x01u /* token */
#define SIPRING_TEXT_LWS 0x02u   /* SP HT CR LF: folding is white space inside a value */
#define SIPRING_TEXT_DIGIT 0x04u /* DIGIT */
#define SIPRING_TEXT_ALPHA 0x08u /* ALPHA */
#define SIPRING_TEXT_HOST 0x10u  /* of a host name or an IPv4 address; '_' is seen in the wild */
#define SIPRING_TEXT_USER 0x20u  /* unreserved, user-unreserved and '#' as seen; not '%' */
#define SIPRING_TEXT_PARAM 0x40u /* paramchar of a URI, not '%'; hnv-unreserved but for '?' too */
#define SIPRING_TEXT_GENERIC \
	0x80u /* of an unquoted parameter value; wider than gen-value, as seen */

extern const uint8_t sipring_text_classes[256];

static inline bool sipring_text_is(char c, unsigned classes)
{
	return (sipring_text_classes[(uint8_t)c] & classes) != 0;
}

static inline const char *sipring_text_skip(const char *at, const char *end, unsigned classes)
{
	while (at < end && sipring_text_is(*at, classes))
		at++;
	return at;
}

static inline struct sipring_span sipring_text_span(const char *begin, const char *end)
{
	return (struct sipring_span){begin, (size_t)(end - begin)};
}

/* Where a span ends; of an absent one NULL, to which not even nothing may be added. */
static inline const char *sipring_text_end(struct sipring_span text)
{
	return text.size ? text.data + text.size : text.data;
}

/* The span without the white space around it. */
static inline struct sipring_span sipring_text_trim(struct sipring_span text)
{
	const char *begin = text.data;
	const char *end = sipring_text_end(text);

	begin = sipring_text_skip(begin, end, SIPRING_TEXT_LWS);
	while (end > begin && sipring_text_is(end[-1], SIPRING_TEXT_LWS))
		end--;
	return sipring_text_span(begin, end);
}

/* Letters to lower case; what else it changes is not in any name this library knows. */
static inline char sipring_text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Is the text this name, given in lower case, whatever the text's case? */
static inline bool sipring_text_is_name(struct sipring_span text, const char *lower, size_t size)
{
	if (text.size != size)
		return false;
	for (size_t i = 0; i < size; i++)
		if (sipring_text_lower(text.data[i]) != lower[i])
			return false;
	return true;
}

/* Two texts, letters compared in any case. */
bool sipring_text_equal(struct sipring_span a, struct sipring_span b);

/*
 * Reads the decimal digits at *at and moves it behind them. False if there is none or the value
 * exceeds max.
 */
bool sipring_text_number(const char **at, const char *end, uint32_t max, uint32_t *number);

/* After the closing quote of the quoted-string that opens at at; NULL if it never closes. */
const char *sipring_text_skip_quoted(const char *at, const char *end);

/* Does any byte break a line or end a C string (CR, LF, NUL)? */
bool sipring_text_breaks_line(struct sipring_span text);

/*
 * One parameter of a header's value: a token, or a token, '=' and a token, host or quoted-string,
 * white space allowed around each. *at stands behind the ';' and is moved behind the parameter and
 * the white space after it: onto ';', ',' or the end. False if it is malformed. The value is absent
 * where there is no '='. name_classes: of what a name is made.
 */
bool sipring_text_parameter(const char **at, const char *end, unsigned name_classes,
	struct sipring_span *name, struct sipring_span *value);
