/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The latency histogram beside the sorted list of what was put in: every percentile is at most 1 %
 * above the true one and never below it, whatever the values.
 */
#include "tools/histogram.h"

#include "random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define N_VALUES 20000

static struct histogram histogram, other;
static uint64_t values[N_VALUES];

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return left < right ? -1 : left > right;
}

static void check_percentile(double percent)
{
	uint64_t rank = (uint64_t)(percent * N_VALUES / 100);
	if ((double)rank * 100 < percent * N_VALUES || rank == 0)
		rank++;
	uint64_t truth = values[rank - 1];
	uint64_t read = histogram_percentile(&histogram, percent);
	cr_assert_geq(read, truth, "p%g: %lu below %lu", percent, read, truth);
	cr_assert_leq((double)read, (double)truth * 1.01, "p%g: %lu over %lu", percent, read,
		truth);
}

Test(tools_histogram, percentiles_are_within_one_percent)
{
	static const double percents[] = {0, 1, 10, 50, 90, 99, 99.9, 99.99, 100};
	uint64_t seed = 42;
	for (unsigned bits = 1; bits <= 39; bits++) {
		histogram_reset(&histogram);
		for (unsigned i = 0; i < N_VALUES; i++) {
			values[i] = random_below(&seed, UINT64_C(1) << (1 + i % bits));
			histogram_add(&histogram, values[i]);
		}
		qsort(values, N_VALUES, sizeof(values[0]), compare);
		for (unsigned i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
			check_percentile(percents[i]);
		cr_assert_eq(histogram.max, values[N_VALUES - 1]);
		cr_assert_eq(histogram.min, values[0]);
		cr_assert_eq(histogram_percentile(&histogram, 100), histogram.max);
	}
}

Test(tools_histogram, small_values_are_exact)
{
	histogram_reset(&histogram);
	for (uint64_t i = 1; i <= 100; i++)
		histogram_add(&histogram, i);
	cr_assert_eq(histogram_percentile(&histogram, 50), 50);
	cr_assert_eq(histogram_percentile(&histogram, 99), 99);
	cr_assert_eq(histogram_mean(&histogram), 50);
}

Test(tools_histogram, none_and_one)
{
	histogram_reset(&histogram);
	cr_assert_eq(histogram_percentile(&histogram, 99), 0);
	cr_assert_eq(histogram_mean(&histogram), 0);
	histogram_add(&histogram, 123456789);
	cr_assert_eq(histogram_percentile(&histogram, 0), 123456789);
	cr_assert_eq(histogram_percentile(&histogram, 50), 123456789);
	cr_assert_eq(histogram_percentile(&histogram, 100), 123456789);
}

Test(tools_histogram, beyond_the_last_step)
{
	histogram_reset(&histogram);
	histogram_add(&histogram, UINT64_MAX / 2);
	histogram_add(&histogram, UINT64_C(1) << 40);
	cr_assert_eq(histogram_percentile(&histogram, 100), UINT64_MAX / 2);
	cr_assert_eq(histogram_percentile(&histogram, 10), UINT64_MAX / 2);
}

Test(tools_histogram, merging_is_adding)
{
	histogram_reset(&histogram);
	histogram_reset(&other);
	for (uint64_t i = 0; i < 1000; i++)
		histogram_add(i % 3 ? &histogram : &other, i * 1000);
	histogram_merge(&histogram, &other);
	cr_assert_eq(histogram.count, 1000);
	cr_assert_eq(histogram.min, 0);
	cr_assert_eq(histogram.max, 999000);
	cr_assert_float_eq((double)histogram_percentile(&histogram, 50), 499000, 5000);
}
