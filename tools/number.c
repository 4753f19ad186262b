/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers as people write and read them: counts with their thousands apart, sizes and times with
 * a unit that fits. Reading is strict: the whole text must be the number, in decimal, without sign.
 * Nothing is owned; every formatter returns its text by value.
 */
#include "tools/number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* 0, -EINVAL for what is no number, -ERANGE for one outside min to max. */
int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t sum = 0;
	if (!*text)
		return -EINVAL;
	for (const char *at = text; *at; at++)
		if (*at < '0' || *at > '9')
			return -EINVAL;
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');
		if (sum > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		sum = sum * 10 + digit;
	}
	if (sum < min || sum > max)
		return -ERANGE;
	*value = sum;
	return 0;
}

static uint64_t unit_ns(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"", 1000000000}, {"s", 1000000000}, {"ms", 1000000}, {"us", 1000},
		{"m", 60000000000}, {"h", 3600000000000}};
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].name))
			return units[i].ns;
	return 0;
}

/* Seconds, or with a unit: "10", "0.5", "250ms", "2m". 0, -EINVAL or -ERANGE (over 1000 h). */
int number_parse_time(const char *text, uint64_t *time_ns)
{
	double value = 0, weight = 1;
	const char *at = text;
	unsigned n_digits = 0;
	for (; *at >= '0' && *at <= '9'; at++, n_digits++)
		value = value * 10 + (*at - '0');
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++, n_digits++)
			value += (*at - '0') * (weight /= 10);
	uint64_t unit = unit_ns(at);
	if (n_digits == 0 || n_digits > 18 || unit == 0)
		return -EINVAL;
	double total = value * (double)unit;
	if (total > 3.6e15)
		return -ERANGE;
	*time_ns = (uint64_t)(total + 0.5);
	return 0;
}

struct number_text number_count(uint64_t value)
{
	struct number_text out;
	char digits[24];
	unsigned n_digits = (unsigned)snprintf(digits, sizeof(digits), "%" PRIu64, value);
	unsigned at = 0;
	for (unsigned i = 0; i < n_digits; i++) {
		if (i > 0 && (n_digits - i) % 3 == 0)
			out.text[at++] = ',';
		out.text[at++] = digits[i];
	}
	out.text[at] = 0;
	return out;
}

/* Three digits that mean something: 9.99, 99.9, 999. */
static void write_scaled(struct number_text *out, double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	snprintf(out->text, sizeof(out->text), "%.*f %s", decimals, value, unit);
}

struct number_text number_bytes(uint64_t value)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	struct number_text out;
	if (value < 1024) {
		snprintf(out.text, sizeof(out.text), "%" PRIu64 " B", value);
		return out;
	}
	double scaled = (double)value / 1024;
	unsigned unit = 0;
	while (scaled >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		scaled /= 1024;
		unit++;
	}
	write_scaled(&out, scaled, units[unit]);
	return out;
}

struct number_text number_time(uint64_t time_ns)
{
	struct number_text out;
	if (time_ns < 1000)
		snprintf(out.text, sizeof(out.text), "%" PRIu64 " ns", time_ns);
	else if (time_ns < 999500)
		write_scaled(&out, (double)time_ns / 1e3, "us");
	else if (time_ns < 999500000)
		write_scaled(&out, (double)time_ns / 1e6, "ms");
	else
		write_scaled(&out, (double)time_ns / 1e9, "s");
	return out;
}

struct number_text number_ratio(double value)
{
	struct number_text out;
	snprintf(out.text, sizeof(out.text), "%.3f", value);
	return out;
}

uint64_t number_clock_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
