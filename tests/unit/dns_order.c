/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of SRV targets: priorities always, weights in their proportion, the same chance the
 * same order.
 */
#include "dns/order.h"

#include <criterion/criterion.h>
#include <string.h>

/* Ports tell the records apart. */
static struct sipring_dns_record record(unsigned priority, unsigned weight, unsigned port)
{
	return (struct sipring_dns_record){.order = (uint16_t)priority,
		.preference = (uint16_t)weight,
		.port = (uint16_t)port};
}

Test(dns_order, priorities_come_before_weights)
{
	uint64_t random = 7;

	for (unsigned round = 0; round < 1000; round++) {
		struct sipring_dns_record records[] = {record(1, 0, 1), record(2, 1, 2),
			record(2, 65535, 3), record(2, 0, 4), record(9, 9, 5)};
		unsigned sum = 0;

		sipring_dns_order(records, 5, &random);
		cr_assert_eq(records[0].port, 1);
		cr_assert_eq(records[4].port, 5);
		for (unsigned i = 0; i < 5; i++)
			sum |= 1u << records[i].port;
		cr_assert_eq(sum, 0x3e, "all are there");
	}
}

/* Three times out of four the heavy one is first, and what has no weight hardly ever is. */
Test(dns_order, weights_are_the_proportion_of_being_first)
{
	enum { ROUNDS = 40000 };
	uint64_t random = 42;
	unsigned first[4] = {0}, second[4] = {0};

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct sipring_dns_record records[] = {record(1, 100, 1), record(1, 300, 2),
			record(1, 0, 3)};

		sipring_dns_order(records, 3, &random);
		first[records[0].port]++;
		second[records[1].port]++;
	}
	cr_expect(first[2] > ROUNDS * 73 / 100 && first[2] < ROUNDS * 77 / 100, "%u", first[2]);
	cr_expect(first[1] > ROUNDS * 23 / 100 && first[1] < ROUNDS * 27 / 100, "%u", first[1]);
	cr_expect(first[3] > 0 && first[3] < ROUNDS / 100, "%u", first[3]);
	cr_expect_gt(second[3], 0);
}

Test(dns_order, weights_of_zero_are_equal_where_there_are_no_others)
{
	uint64_t random = 3;
	unsigned first[3] = {0};

	for (unsigned round = 0; round < 100; round++) {
		struct sipring_dns_record records[] = {record(1, 0, 1), record(1, 0, 2)};

		sipring_dns_order(records, 2, &random);
		first[records[0].port]++;
	}
	cr_expect_eq(first[1] + first[2], 100);
	sipring_dns_order(NULL, 0, &random);
}

Test(dns_order, the_same_chance_gives_the_same_order)
{
	struct sipring_dns_record a[8], b[8];
	uint64_t random_a = 99, random_b = 99;

	for (unsigned i = 0; i < 8; i++)
		a[i] = b[i] = record(1, 1 + i, i);
	sipring_dns_order(a, 8, &random_a);
	sipring_dns_order(b, 8, &random_b);
	for (unsigned i = 0; i < 8; i++)
		cr_expect_eq(a[i].port, b[i].port);
}
