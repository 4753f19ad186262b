/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools: limits, handles whose item is gone, generations that come round, and a random run against
 * a model that checks every item's content and every handle ever given out.
 */
#include "base/pool.h"

#include "base/memory.h"
#include "random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define GENERATIONS 2048 /* odd ones of 12 bits */

Test(pool, refuses_what_cannot_be)
{
	static const struct {
		uint32_t n_items;
		size_t item_size;
		int code;
	} rows[] = {
		{0, 64, -EINVAL},
		{SIPRING_POOL_ITEMS_MAX + 1, 64, -EINVAL},
		{UINT32_MAX, 64, -EINVAL},
		{1, 0, -EINVAL},
		{1, SIZE_MAX, -EINVAL},
		{2, SIZE_MAX / 2, -EINVAL},
		{SIPRING_POOL_ITEMS_MAX, SIZE_MAX / SIPRING_POOL_ITEMS_MAX, -EINVAL},
		{SIPRING_POOL_ITEMS_MAX, (size_t)PTRDIFF_MAX / SIPRING_POOL_ITEMS_MAX, -ENOMEM},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_pool pool;
		int code = sipring_pool_open(&pool, rows[i].n_items, rows[i].item_size);

		cr_expect_eq(code, rows[i].code, "row %zu: %d", i, code);
		cr_expect_null(pool.items);
		sipring_pool_close(&pool);
		if (rows[i].code == -EINVAL)
			cr_expect_eq(sipring_pool_footprint(rows[i].n_items, rows[i].item_size),
				SIZE_MAX, "row %zu", i);
	}
}

Test(pool, footprint_is_what_is_mapped)
{
	static const struct {
		uint32_t n_items;
		size_t item_size;
		size_t stride;
	} rows[] = {{1, 1, 64}, {1, 64, 64}, {3, 65, 128}, {1000, 200, 256}, {4096, 64, 64}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_pool pool;
		size_t sum = rows[i].n_items * (rows[i].stride + 2 * sizeof(uint32_t));

		cr_assert_eq(sipring_pool_open(&pool, rows[i].n_items, rows[i].item_size), 0);
		cr_expect_eq(pool.stride, rows[i].stride);
		cr_expect_eq(sipring_pool_footprint(rows[i].n_items, rows[i].item_size),
			sipring_memory_footprint(sum));
		sipring_pool_close(&pool);
	}
}

Test(pool, hands_out_each_item_once)
{
	struct sipring_pool pool;
	char *items[100];

	cr_assert_eq(sipring_pool_open(&pool, 100, 40), 0);
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(sipring_pool_used(&pool), (uint32_t)i);
		cr_assert_null(sipring_pool_at(&pool, (uint32_t)i));
		items[i] = sipring_pool_take(&pool);
		cr_assert_not_null(items[i]);
		cr_assert_eq((uintptr_t)items[i] % 64, 0);
		memset(items[i], i, 40);
	}
	cr_assert_null(sipring_pool_take(&pool));
	for (uint32_t i = 0; i < 100; i++) {
		for (int at = 0; at < 40; at++)
			cr_assert_eq(items[i][at], (char)i);
		cr_assert_eq(sipring_pool_at(&pool, i), items[i]);
		cr_assert_eq(sipring_pool_find(&pool, sipring_pool_handle(&pool, items[i])),
			items[i]);
	}
	sipring_pool_give(&pool, items[17]);
	sipring_pool_give(&pool, items[99]);
	cr_assert_eq(sipring_pool_take(&pool), items[99], "the last freed comes first");
	cr_assert_eq(sipring_pool_take(&pool), items[17]);
	cr_assert_null(sipring_pool_take(&pool));
	sipring_pool_close(&pool);
}

Test(pool, last_index_of_the_largest_pool)
{
	struct sipring_pool pool;
	uint32_t last = SIPRING_POOL_ITEMS_MAX - 1;
	void *item = NULL;
	uint32_t handle;

	cr_assert_eq(sipring_pool_open(&pool, SIPRING_POOL_ITEMS_MAX, 64), 0);
	for (uint32_t i = 0; i <= last; i++)
		item = sipring_pool_take(&pool);
	cr_assert_null(sipring_pool_take(&pool));
	handle = sipring_pool_handle(&pool, item);
	cr_assert_eq(handle & SIPRING_POOL_ITEMS_MAX, last);
	cr_assert_eq(sipring_pool_find(&pool, handle), item);
	cr_assert_null(sipring_pool_find(&pool, handle | SIPRING_POOL_ITEMS_MAX));
	sipring_pool_close(&pool);
}

Test(pool, handles_that_never_were)
{
	struct sipring_pool pool;
	void *item;

	cr_assert_eq(sipring_pool_open(&pool, 4, 64), 0);
	for (uint32_t generation = 0; generation < 4096; generation++) {
		for (uint32_t index = 0; index < 6; index++)
			cr_assert_null(sipring_pool_find(&pool, generation << 20 | index));
	}
	item = sipring_pool_take(&pool);
	cr_assert_null(sipring_pool_find(&pool, 0));
	cr_assert_null(sipring_pool_find(&pool, UINT32_MAX));
	cr_assert_eq(sipring_pool_find(&pool, 1u << 20), item);
	sipring_pool_close(&pool);
}

Test(pool, stale_handle_finds_nothing_until_generations_come_round)
{
	struct sipring_pool pool;
	void *item;
	uint32_t stale;

	cr_assert_eq(sipring_pool_open(&pool, 1, 64), 0);
	item = sipring_pool_take(&pool);
	stale = sipring_pool_handle(&pool, item);
	for (int round = 1; round < GENERATIONS; round++) {
		sipring_pool_give(&pool, item);
		cr_assert_null(sipring_pool_find(&pool, stale));
		cr_assert_eq(sipring_pool_take(&pool), item);
		cr_assert_null(sipring_pool_find(&pool, stale), "round %d", round);
		cr_assert_neq(sipring_pool_handle(&pool, item), 0);
	}
	sipring_pool_give(&pool, item);
	sipring_pool_take(&pool);
	cr_assert_eq(sipring_pool_find(&pool, stale), item, "2048 takes later");
	sipring_pool_close(&pool);
}

Test(pool, generation_word_wraps)
{
	struct sipring_pool pool;
	void *item;
	uint32_t handle;

	cr_assert_eq(sipring_pool_open(&pool, 1, 64), 0);
	pool.generations[0] = UINT32_MAX - 1;
	item = sipring_pool_take(&pool);
	handle = sipring_pool_handle(&pool, item);
	cr_assert_eq(handle, 0xfffu << 20);
	cr_assert_eq(sipring_pool_find(&pool, handle), item);
	sipring_pool_give(&pool, item);
	cr_assert_eq(pool.generations[0], 0);
	cr_assert_null(sipring_pool_find(&pool, handle));
	cr_assert_null(sipring_pool_find(&pool, 0));
	cr_assert_eq(sipring_pool_take(&pool), item);
	cr_assert_eq(sipring_pool_handle(&pool, item), 1u << 20);
	sipring_pool_close(&pool);
}

Test(pool, random_run_against_a_model)
{
	enum { N_ITEMS = 37, N_STALE = 256 };
	struct sipring_pool pool;
	struct {
		uint64_t *item;
		uint32_t handle;
		uint64_t content;
	} model[N_ITEMS];
	uint32_t stale[N_STALE];
	uint32_t n_model = 0, n_stale = 0;
	uint64_t seed = 7;

	cr_assert_eq(sipring_pool_open(&pool, N_ITEMS, sizeof(uint64_t)), 0);
	for (int step = 0; step < 10000; step++) {
		if (random_below(&seed, 2)) {
			uint64_t *item = sipring_pool_take(&pool);

			cr_assert_eq(!item, n_model == N_ITEMS);
			if (!item)
				continue;
			model[n_model].item = item;
			model[n_model].handle = sipring_pool_handle(&pool, item);
			*item = model[n_model].content = random_next(&seed);
			n_model++;
		} else if (n_model) {
			uint32_t pick = (uint32_t)random_below(&seed, n_model);

			stale[n_stale++ % N_STALE] = model[pick].handle;
			sipring_pool_give(&pool, model[pick].item);
			model[pick] = model[--n_model];
		}
		cr_assert_eq(sipring_pool_used(&pool), n_model);
		for (uint32_t i = 0; i < n_model; i++) {
			cr_assert_eq(sipring_pool_find(&pool, model[i].handle), model[i].item);
			cr_assert_eq(*model[i].item, model[i].content);
		}
		for (uint32_t i = 0; i < n_stale && i < N_STALE; i++)
			cr_assert_null(sipring_pool_find(&pool, stale[i]));
	}
	sipring_pool_close(&pool);
	cr_assert_null(pool.items);
	sipring_pool_close(&pool);
}
