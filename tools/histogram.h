/* SPDX-License-Identifier: BSD-2-Clause */
/* A latency histogram in fixed memory. */
#pragma once

#include <stdint.h>

/*
 * Values are kept exactly below 128; above, 128 steps to each doubling, so that what is read back
 * is at most 1/128 (0.8 %) above what was put in. Values from 2^40 on (18 minutes in nanoseconds)
 * fall into the last step.
 */
#define HISTOGRAM_STEP_BITS 7
#define HISTOGRAM_VALUE_BITS 40
#define HISTOGRAM_STEPS (1u << HISTOGRAM_STEP_BITS)
#define HISTOGRAM_BUCKETS ((HISTOGRAM_VALUE_BITS - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS)

struct histogram {
	uint64_t count;
	uint64_t sum; /* of the values, for the mean */
	uint64_t min; /* exact; UINT64_MAX while count is 0 */
	uint64_t max; /* exact */
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_reset(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);
uint64_t histogram_percentile(const struct histogram *histogram, double percent);
uint64_t histogram_mean(const struct histogram *histogram);
