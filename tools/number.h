/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as people write and read them. */
#pragma once

#include <stdint.h>

/* A number in text, returned by value so that it can stand in a printf call. */
struct number_text {
	char text[40];
};

int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value);
int number_parse_time(const char *text, uint64_t *time_ns);

struct number_text number_count(uint64_t value);
struct number_text number_bytes(uint64_t value);
struct number_text number_time(uint64_t time_ns);
struct number_text number_ratio(double value);

uint64_t number_clock_ns(void);
