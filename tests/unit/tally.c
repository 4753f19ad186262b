/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts by key: of few and of as many as there is room for, and read by another thread while keys
 * come and go.
 */
#include "engine/tally.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define N_KEYS 24
#define CHANGES 200000
#define STAYS 5 /* a key of the same chain as many that come and go */

static struct sipring_tally *tally;

static void open_tally(void)
{
	tally = calloc(1, sipring_tally_footprint(N_KEYS));
	cr_assert_not_null(tally);
	sipring_tally_init(tally, N_KEYS);
}

static void close_tally(void)
{
	free(tally);
}

TestSuite(tally, .init = open_tally, .fini = close_tally);

Test(tally, counts_each_key)
{
	for (uint32_t n = 1; n <= 3; n++)
		for (uint64_t key = 0; key < 160; key += 32) /* one chain */
			cr_expect_eq(sipring_tally_add(tally, key), n);
	sipring_tally_drop(tally, 64);
	cr_expect_eq(sipring_tally_count(tally, 64), 2);
	for (unsigned i = 0; i < 2; i++)
		sipring_tally_drop(tally, 64);
	cr_expect_eq(sipring_tally_count(tally, 64), 0);
	cr_expect_eq(sipring_tally_count(tally, 0), 3);
	cr_expect_eq(sipring_tally_count(tally, 128), 3, "behind the one that went");
	cr_expect_eq(sipring_tally_count(tally, 7), 0, "never there");
	sipring_tally_drop(tally, 7);
	sipring_tally_init(tally, N_KEYS);
	cr_expect_eq(sipring_tally_count(tally, 0), 0, "emptied");
}

Test(tally, has_room_for_so_many_and_again)
{
	for (unsigned round = 0; round < 3; round++) {
		for (uint64_t key = 0; key < N_KEYS; key++)
			cr_expect_eq(sipring_tally_add(tally, key * 7), 1);
		cr_expect_eq(sipring_tally_add(tally, 1000), 0, "no room");
		cr_expect_eq(sipring_tally_add(tally, 7), 2, "of one that is there");
		sipring_tally_drop(tally, 7);
		for (uint64_t key = N_KEYS; key-- > 0;)
			sipring_tally_drop(tally, key * 7);
	}
	cr_expect_eq(sipring_tally_count(tally, 7), 0);
}

static atomic_bool over;

/* Those of one chain come and go, before and behind the one that stays. */
static void *change(void *unused)
{
	unsigned seed = 1;

	for (unsigned i = 0; i < CHANGES; i++) {
		uint64_t key = STAYS + 32 * (1 + (uint64_t)rand_r(&seed) % (N_KEYS - 1));

		if (sipring_tally_count(tally, key))
			sipring_tally_drop(tally, key);
		else
			sipring_tally_add(tally, key);
	}
	atomic_store(&over, true);
	return unused;
}

Test(tally, is_read_while_it_counts)
{
	unsigned n_wrong = 0, n_looks = 0;
	pthread_t thread;

	sipring_tally_add(tally, STAYS);
	sipring_tally_add(tally, STAYS);
	cr_assert_eq(pthread_create(&thread, NULL, change, NULL), 0);
	while (!atomic_load(&over)) {
		n_wrong += sipring_tally_count(tally, STAYS) != 2;
		n_wrong += sipring_tally_count(tally, STAYS + 32) > 1;
		n_wrong += sipring_tally_count(tally, STAYS + 32 * N_KEYS) != 0;
		n_looks++;
	}
	pthread_join(thread, NULL);
	cr_expect_eq(n_wrong, 0, "%u of %u", n_wrong, n_looks);
	cr_expect_gt(n_looks, 0);
}
