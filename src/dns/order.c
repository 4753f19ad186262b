/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 2782, "Usage rules": among records of one priority the next is drawn with a probability that
 * goes by its weight; those of weight 0 stand first in the drawing, so that they have a small
 * chance. Pure but for the state of the chance.
 */
#include "dns/order.h"

#include <assert.h>

/* xorshift64 (Marsaglia): that nobody can foretell the order is not asked for. */
static uint64_t draw(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

static void move(struct sipring_dns_record *records, unsigned from, unsigned to)
{
	struct sipring_dns_record record = records[from];

	assert(from >= to);
	for (; from > to; from--)
		records[from] = records[from - 1];
	records[to] = record;
}

static void order_equals(struct sipring_dns_record *records, unsigned n_records, uint64_t *random)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < n_records; i++) {
		sum += records[i].preference;
		if (records[i].preference == 0)
			move(records, i, 0);
	}
	for (unsigned done = 0; done + 1 < n_records; done++) {
		uint32_t chosen = (uint32_t)(draw(random) % ((uint64_t)sum + 1)), running = 0;
		unsigned i = done;

		while (running += records[i].preference, running < chosen)
			i++;
		assert(i < n_records);
		sum -= records[i].preference;
		move(records, i, done);
	}
}

void sipring_dns_order(struct sipring_dns_record *records, unsigned n_records, uint64_t *random)
{
	unsigned first = 0;

	assert(*random);
	for (unsigned i = 1; i <= n_records; i++) {
		if (i < n_records && records[i].order == records[first].order)
			continue;
		order_equals(records + first, i - first, random);
		first = i;
	}
}
