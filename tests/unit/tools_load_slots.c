/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outstanding requests of a load: what is ours, late, repeated or foreign, the order of expiry,
 * and cookies that outlive their request, held against a model under random use.
 */
#include "tools/load_slots.h"

#include "random.h"

#include <criterion/criterion.h>

Test(tools_load_slots, an_answer_finds_its_request)
{
	struct load_slots slots;
	cr_assert_eq(load_slots_open(&slots, 4), 0);
	uint32_t index = load_slots_take(&slots, 10, 11);
	uint32_t generation = slots.slots[index].generation;
	cr_assert_eq(load_slots_find(&slots, index, generation), LOAD_SLOTS_OURS);
	load_slots_end(&slots, index, true);
	cr_assert_eq(load_slots_find(&slots, index, generation), LOAD_SLOTS_DUPLICATE);
	cr_assert_eq(load_slots_take(&slots, 20, 21), index);
	load_slots_end(&slots, index, false);
	cr_assert_eq(load_slots_find(&slots, index, generation), LOAD_SLOTS_DUPLICATE);
	cr_assert_eq(load_slots_find(&slots, index, generation + 1), LOAD_SLOTS_LATE);
	cr_assert_eq(load_slots_find(&slots, index, generation + 2), LOAD_SLOTS_STRAY);
	cr_assert_eq(load_slots_find(&slots, index, 0), LOAD_SLOTS_STRAY);
	cr_assert_eq(load_slots_find(&slots, 4, 1), LOAD_SLOTS_STRAY);
	load_slots_check(&slots);
	load_slots_close(&slots);
}

Test(tools_load_slots, full_is_said_and_a_cancelled_one_never_was)
{
	struct load_slots slots;
	cr_assert_eq(load_slots_open(&slots, 2), 0);
	uint32_t first = load_slots_take(&slots, 0, 0);
	uint32_t second = load_slots_take(&slots, 0, 0);
	cr_assert_eq(load_slots_take(&slots, 0, 0), LOAD_SLOTS_NONE);
	uint32_t generation = slots.slots[second].generation;
	load_slots_cancel(&slots, second);
	cr_assert_eq(load_slots_find(&slots, second, generation), LOAD_SLOTS_STRAY);
	cr_assert_eq(slots.oldest, first);
	cr_assert_eq(slots.newest, first);
	load_slots_check(&slots);
	load_slots_close(&slots);
}

Test(tools_load_slots, a_cookie_ends_with_its_request)
{
	struct load_slots slots;
	cr_assert_eq(load_slots_open(&slots, 3), 0);
	for (unsigned use = 0; use < 5000; use++) {
		uint32_t index = load_slots_take(&slots, 0, 0);
		uint32_t cookie = load_slots_cookie(&slots, index);
		cr_assert_neq(cookie, 0);
		cr_assert_eq(load_slots_of_cookie(&slots, cookie), index);
		load_slots_end(&slots, index, use & 1);
		cr_assert_eq(load_slots_of_cookie(&slots, cookie), LOAD_SLOTS_NONE);
		cr_assert_eq(load_slots_take(&slots, 0, 0), index);
		cr_assert_eq(load_slots_of_cookie(&slots, cookie), LOAD_SLOTS_NONE);
		load_slots_cancel(&slots, index);
	}
	cr_assert_eq(load_slots_of_cookie(&slots, UINT32_MAX), LOAD_SLOTS_NONE);
	load_slots_close(&slots);
}

Test(tools_load_slots, the_oldest_stays_the_oldest)
{
	struct load_slots slots;
	uint64_t seed = 7, now_ns = 0;
	cr_assert_eq(load_slots_open(&slots, 64), 0);
	for (unsigned step = 0; step < 20000; step++) {
		uint32_t index = (uint32_t)random_below(&seed, 64);
		now_ns++;
		if (random_below(&seed, 2))
			load_slots_take(&slots, now_ns, now_ns);
		else if (slots.slots[index].is_used)
			load_slots_end(&slots, index, random_below(&seed, 2));
		load_slots_check(&slots);
		uint64_t last_ns = 0;
		for (uint32_t i = slots.oldest; i != LOAD_SLOTS_NONE; i = slots.slots[i].next) {
			cr_assert_gt(slots.slots[i].sent_ns, last_ns);
			last_ns = slots.slots[i].sent_ns;
		}
	}
	load_slots_close(&slots);
}
