/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A histogram of latencies in fixed memory, log-linear as HdrHistogram is. A plain value: the
 * caller owns it, histogram_reset makes it usable. The counts of all buckets sum to count.
 */
#include "tools/histogram.h"

#include <assert.h>
#include <string.h>

static unsigned bucket_of(uint64_t value)
{
	if (value < HISTOGRAM_STEPS)
		return (unsigned)value;
	unsigned top = 63 - (unsigned)__builtin_clzll(value);
	if (top >= HISTOGRAM_VALUE_BITS)
		return HISTOGRAM_BUCKETS - 1;
	unsigned shift = top - HISTOGRAM_STEP_BITS;
	return (shift + 1) * HISTOGRAM_STEPS + (unsigned)(value >> shift) - HISTOGRAM_STEPS;
}

/* The largest value that falls into a bucket. */
static uint64_t bucket_upper(unsigned bucket)
{
	if (bucket < HISTOGRAM_STEPS)
		return bucket;
	unsigned shift = bucket / HISTOGRAM_STEPS - 1;
	uint64_t step = bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS;
	return ((step + 1) << shift) - 1;
}

void histogram_reset(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
	histogram->min = UINT64_MAX;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	unsigned bucket = bucket_of(value);
	assert(bucket < HISTOGRAM_BUCKETS);
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->sum += value;
	if (value < histogram->min)
		histogram->min = value;
	if (value > histogram->max)
		histogram->max = value;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
	into->count += from->count;
	into->sum += from->sum;
	if (from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
}

/* The value that percent of all values do not exceed; 0 where there is none, max for 100. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
	assert(percent >= 0 && percent <= 100);
	double exact = (double)histogram->count * percent / 100;
	uint64_t rank = (uint64_t)exact;
	if ((double)rank < exact || rank == 0)
		rank++;
	uint64_t seen = 0;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen < rank)
			continue;
		uint64_t upper = bucket_upper(i);
		if (upper > histogram->max || i == HISTOGRAM_BUCKETS - 1)
			upper = histogram->max;
		return upper;
	}
	return histogram->max;
}

uint64_t histogram_mean(const struct histogram *histogram)
{
	return histogram->count ? histogram->sum / histogram->count : 0;
}
