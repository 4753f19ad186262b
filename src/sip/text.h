/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Characters and runs of them, as RFC 3261 25.1 classes them; no locale, no NUL needed. The small
 * ones are inline because every parser's inner loop is made of them.
 */
#pragma once

#include <sipring/types.h>

#include "base/block.h"
#include "base/seek.h"

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

/*
 * Over a run of characters, from where the walk stands. For classes that hold all words: TOKEN,
 * HOST, USER, PARAM, GENERIC.
 */
static inline struct sipring_stop sipring_text_run(struct sipring_seek *seek, unsigned classes)
{
	struct sipring_stop stop = sipring_seek_stop(seek);

	while (sipring_text_is(stop.c, classes)) {
		sipring_seek_pass(seek);
		stop = sipring_seek_stop(seek);
	}
	return stop;
}

/* Over white space, of which there mostly is none. */
static inline const char *sipring_text_skip_space(const char *at, const char *end)
{
	if (__builtin_expect(at < end && (unsigned char)*at <= ' ', 0))
		return sipring_text_skip(at, end, SIPRING_TEXT_LWS);
	return at;
}

/* The walk goes on behind the white space it stands at, of which there mostly is none. */
static inline struct sipring_stop sipring_text_pass_space(struct sipring_seek *seek,
	struct sipring_stop stop)
{
	if (__builtin_expect(sipring_text_is(stop.c, SIPRING_TEXT_LWS), 0))
		return sipring_seek_to(seek,
			sipring_text_skip(stop.at, seek->end, SIPRING_TEXT_LWS));
	return stop;
}

/* A run that begins at *begin, or behind the white space there. */
static inline struct sipring_stop sipring_text_word(struct sipring_seek *seek, const char **begin,
	unsigned classes)
{
	struct sipring_stop stop = sipring_text_run(seek, classes);

	if (__builtin_expect(stop.at == *begin && sipring_text_is(stop.c, SIPRING_TEXT_LWS), 0)) {
		*begin = sipring_text_pass_space(seek, stop).at;
		stop = sipring_text_run(seek, classes);
	}
	return stop;
}

/* The span without the white space around it. */
static inline struct sipring_span sipring_text_trim(struct sipring_span text)
{
	const char *begin = text.data;
	const char *end = sipring_text_end(text);

	begin = sipring_text_skip_space(begin, end);
	while (end > begin && sipring_text_is(end[-1], SIPRING_TEXT_LWS))
		end--;
	return sipring_text_span(begin, end);
}

/* Letters to lower case; what else it changes is not in any name this library knows. */
static inline char sipring_text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* What a hexadecimal digit stands for, 16 for another character. */
static inline unsigned sipring_text_hex(char c)
{
	unsigned digit = (unsigned)(uint8_t)c - '0';
	unsigned letter = ((unsigned)(uint8_t)c | 0x20) - 'a';

	return digit <= 9 ? digit : letter <= 5 ? letter + 10 : 16;
}

/*
 * Where eight (four, two) bytes of a name differ from a wanted one. In a letter, which has bit
 * 0x40, a difference in bit 0x20 is one of case only; in a sign or a digit it counts.
 */
static inline uint64_t sipring_text_differ_8(const char *wanted, const char *name)
{
	uint64_t a, b;

	memcpy(&a, wanted, sizeof a);
	memcpy(&b, name, sizeof b);
	return (a ^ b) & ~((a & 0x4040404040404040u) >> 1);
}

static inline uint32_t sipring_text_differ_4(const char *wanted, const char *name)
{
	uint32_t a, b;

	memcpy(&a, wanted, sizeof a);
	memcpy(&b, name, sizeof b);
	return (a ^ b) & ~((a & 0x40404040u) >> 1);
}

static inline uint32_t sipring_text_differ_2(const char *wanted, const char *name)
{
	uint16_t a, b;

	memcpy(&a, wanted, sizeof a);
	memcpy(&b, name, sizeof b);
	return (uint32_t)(a ^ b) & ~((a & 0x4040u) >> 1);
}

/*
 * Is this `wanted`, in any case? By words; the last one overlaps the one before it, so nothing
 * beyond size is read. Of a literal all is known to the compiler but the loads of name.
 */
static inline bool sipring_text_matches(const char *wanted, const char *name, size_t size)
{
	if (size >= 8) {
		for (size_t i = 8; i < size; i += 8)
			if (sipring_text_differ_8(wanted + i - 8, name + i - 8))
				return false;
		return !sipring_text_differ_8(wanted + size - 8, name + size - 8);
	}
	if (size >= 4)
		return !(sipring_text_differ_4(wanted, name) |
			sipring_text_differ_4(wanted + size - 4, name + size - 4));
	if (size >= 2)
		return !(sipring_text_differ_2(wanted, name) |
			sipring_text_differ_2(wanted + size - 2, name + size - 2));
	return !size || sipring_text_lower(*wanted) == sipring_text_lower(*name);
}

/* Are these the same bytes? Of a word or two that is faster than a call. */
static inline bool sipring_text_is_same(struct sipring_span a, struct sipring_span b)
{
	struct sipring_block x, y;

	if (a.size != b.size || a.size > SIPRING_BLOCK_SIZE)
		return a.size == b.size && !memcmp(a.data, b.data, a.size);
	x = sipring_block_of(a.data, a.size);
	y = sipring_block_of(b.data, b.size);
	return !((x.low ^ y.low) | (x.high ^ y.high));
}

/* Is the text this name, whatever the case of either? */
static inline bool sipring_text_is_name(struct sipring_span text, const char *name, size_t size)
{
	return text.size == size && sipring_text_matches(name, text.data, size);
}

/* Does a text begin with what nearly every URI begins with, and go on? */
static inline bool sipring_text_is_sip(struct sipring_span text)
{
	return text.size > 4 && !sipring_text_differ_4("sip:", text.data);
}

/* Two texts, letters compared in any case. */
bool sipring_text_equal(struct sipring_span a, struct sipring_span b);

/*
 * Reads the decimal digits at *at and moves it behind them. False if there is none or the value
 * exceeds max.
 */
static inline bool sipring_text_number(const char **at, const char *end, uint32_t max,
	uint32_t *number)
{
	const char *p = *at;
	uint64_t value = 0;
	unsigned digit;

	for (; p < end && (digit = (unsigned)(uint8_t)*p - '0') <= 9; p++) {
		value = value * 10 + digit;
		if (value > max)
			return false;
	}
	*number = (uint32_t)value;
	if (p == *at)
		return false;
	*at = p;
	return true;
}

/*
 * The same for a number of several digits, without a branch for each: where eight bytes can be read
 * and the number ends among them.
 */
static inline bool sipring_text_long_number(const char **at, const char *end, uint32_t max,
	uint32_t *number)
{
	const uint64_t ones = 0x0101010101010101u, halves = 0x000000ff000000ffu;
	uint64_t digits, others;
	unsigned n_bits;

	if (end - *at < 8)
		return sipring_text_number(at, end, max, number);
	digits = sipring_block_load_8(*at) ^ ones * '0';
	/* Bit 7 of what is above 9; what a carry spoils lies behind the first of those. */
	others = (digits | (digits + ones * (0x80 - 10))) & ones * 0x80;
	if (!others)
		return sipring_text_number(at, end, max, number);
	n_bits = (unsigned)sipring_bit_lowest(others) & ~7u;
	if (!n_bits)
		return false;
	digits <<= 64 - n_bits;
	digits = digits * 10 + (digits >> 8); /* pairs, in every second byte */
	digits = ((digits & halves) * (100 + (1000000ull << 32)) +
			 (digits >> 16 & halves) * (1 + (10000ull << 32))) >>
		32;
	if (digits > max)
		return false;
	*at += n_bits / 8;
	*number = (uint32_t)digits;
	return true;
}

/* After the closing quote of the quoted-string that opens at at; NULL if it never closes. */
const char *sipring_text_skip_quoted(const char *at, const char *end);

/* The same for the one at whose opening quote the walk stands; at NULL if it never closes. */
static inline struct sipring_stop sipring_text_pass_quoted(struct sipring_seek *seek)
{
	const struct sipring_stop never = {NULL, 0};
	struct sipring_stop stop;

	sipring_seek_pass(seek);
	for (;;) {
		stop = sipring_seek_stop(seek);
		if (stop.at == seek->end)
			return never;
		if (stop.c == '"')
			break;
		if (stop.c != '\\') {
			sipring_seek_pass(seek);
			continue;
		}
		if (seek->end - stop.at < 2)
			return never;
		sipring_seek_to(seek, stop.at + 2);
	}
	return sipring_seek_to(seek, stop.at + 1);
}

/* Does any byte break a line or end a C string (CR, LF, NUL)? */
bool sipring_text_breaks_line(struct sipring_span text);

/*
 * One parameter of a header's value: a token, or a token, '=' and a token, host or quoted-string,
 * white space allowed around each. It begins at begin, behind the ';', where the walk stands; the
 * walk is moved behind it and the white space after it: onto ';', ',' or the end. A stop at NULL if
 * it is malformed. The value is absent where there is no '='. name_classes: of what a name is made.
 */
static inline struct sipring_stop sipring_text_parameter(struct sipring_seek *seek,
	const char *begin, unsigned name_classes, struct sipring_span *name,
	struct sipring_span *value)
{
	const struct sipring_stop malformed = {NULL, 0};
	struct sipring_stop stop = sipring_text_word(seek, &begin, name_classes);

	if (stop.at == begin)
		return malformed;
	*name = sipring_text_span(begin, stop.at);
	*value = (struct sipring_span){NULL, 0};
	stop = sipring_text_pass_space(seek, stop);
	if (stop.c == '=') {
		sipring_seek_pass(seek);
		begin = stop.at + 1;
		stop = sipring_text_word(seek, &begin, SIPRING_TEXT_GENERIC);
		if (stop.at == begin) {
			stop = stop.c == '"' ? sipring_text_pass_quoted(seek) : malformed;
			if (!stop.at)
				return malformed;
		}
		*value = sipring_text_span(begin, stop.at);
		stop = sipring_text_pass_space(seek, stop);
	}
	return stop.c == ';' || stop.c == ',' || stop.at == seek->end ? stop : malformed;
}
