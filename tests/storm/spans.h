/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spans of time: joined, and how much of one lies in others.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct span {
	uint64_t begin_ns, end_ns;
};

static inline int span_by_begin(const void *a, const void *b)
{
	uint64_t x = ((const struct span *)a)->begin_ns, y = ((const struct span *)b)->begin_ns;

	return x < y ? -1 : x > y;
}

/* In order and apart; how many are left of n. */
static inline size_t span_join(struct span *all, size_t n)
{
	size_t n_joined = 0;

	qsort(all, n, sizeof *all, span_by_begin);
	for (size_t i = 0; i < n; i++) {
		if (n_joined && all[i].begin_ns <= all[n_joined - 1].end_ns) {
			if (all[i].end_ns > all[n_joined - 1].end_ns)
				all[n_joined - 1].end_ns = all[i].end_ns;
			continue;
		}
		all[n_joined++] = all[i];
	}
	return n_joined;
}

/* How much of it lies in joined spans. */
static inline uint64_t span_common_ns(const struct span *wait, const struct span *idles, size_t n)
{
	size_t low = 0, high = n;
	uint64_t sum = 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (idles[middle].end_ns <= wait->begin_ns)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && idles[low].begin_ns < wait->end_ns; low++) {
		uint64_t from = idles[low].begin_ns, to = idles[low].end_ns;

		from = from > wait->begin_ns ? from : wait->begin_ns;
		to = to < wait->end_ns ? to : wait->end_ns;
		sum += to - from;
	}
	return sum;
}
