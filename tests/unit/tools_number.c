/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of the command line: what is read, what is refused and how, and what people are shown.
 */
#include "tools/number.h"

#include <criterion/criterion.h>
#include <errno.h>

Test(tools_number, counts_are_read_whole)
{
	uint64_t value = 7;
	cr_assert_eq(number_parse("0", 0, 10, &value), 0);
	cr_assert_eq(value, 0);
	cr_assert_eq(number_parse("18446744073709551615", 0, UINT64_MAX, &value), 0);
	cr_assert_eq(value, UINT64_MAX);
	cr_assert_eq(number_parse("007", 1, 7, &value), 0);
	cr_assert_eq(value, 7);
}

Test(tools_number, what_is_no_count_is_refused)
{
	static const char *const bad[] = {"", " 1", "1 ", "-1", "+1", "1.0", "abc", "0x10", "1k"};
	uint64_t value = 5;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(number_parse(bad[i], 0, 100, &value), -EINVAL, "'%s'", bad[i]);
	cr_assert_eq(number_parse("101", 0, 100, &value), -ERANGE);
	cr_assert_eq(number_parse("0", 1, 100, &value), -ERANGE);
	cr_assert_eq(number_parse("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
	cr_assert_eq(value, 5, "a refused number leaves the value alone");
}

static uint64_t time_of(const char *text)
{
	uint64_t time_ns = 1;
	cr_assert_eq(number_parse_time(text, &time_ns), 0, "'%s'", text);
	return time_ns;
}

Test(tools_number, times_have_units)
{
	cr_assert_eq(time_of("10"), 10000000000);
	cr_assert_eq(time_of("0.5"), 500000000);
	cr_assert_eq(time_of(".25s"), 250000000);
	cr_assert_eq(time_of("250ms"), 250000000);
	cr_assert_eq(time_of("1.5us"), 1500);
	cr_assert_eq(time_of("2m"), 120000000000);
	cr_assert_eq(time_of("1h"), 3600000000000);
	cr_assert_eq(time_of("0"), 0);
}

Test(tools_number, what_is_no_time_is_refused)
{
	static const char *const bad[] = {"", ".", "s", "-1", "1x", "1 s", "1e3", "nan", "1.2.3"};
	uint64_t time_ns;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(number_parse_time(bad[i], &time_ns), -EINVAL, "'%s'", bad[i]);
	cr_assert_eq(number_parse_time("99999999h", &time_ns), -ERANGE);
}

Test(tools_number, shown_to_people)
{
	cr_assert_str_eq(number_count(0).text, "0");
	cr_assert_str_eq(number_count(999).text, "999");
	cr_assert_str_eq(number_count(1000).text, "1,000");
	cr_assert_str_eq(number_count(UINT64_MAX).text, "18,446,744,073,709,551,615");
	cr_assert_str_eq(number_bytes(1023).text, "1023 B");
	cr_assert_str_eq(number_bytes(1536).text, "1.50 KiB");
	cr_assert_str_eq(number_bytes(UINT64_C(64) << 20).text, "64.0 MiB");
	cr_assert_str_eq(number_bytes(UINT64_MAX).text, "16.0 EiB");
	cr_assert_str_eq(number_time(0).text, "0 ns");
	cr_assert_str_eq(number_time(999).text, "999 ns");
	cr_assert_str_eq(number_time(1234).text, "1.23 us");
	cr_assert_str_eq(number_time(999999).text, "1.00 ms");
	cr_assert_str_eq(number_time(12300000).text, "12.3 ms");
	cr_assert_str_eq(number_time(10000000000).text, "10.0 s");
}
