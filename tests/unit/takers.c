/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takers' places, and who of them is woken: one for what was put in, the next only when that one
 * has come, or does not come.
 */
#include "engine/takers.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <errno.h>

#define N 4

static struct sipring_members *members;
static struct sipring_takers *takers;

static void open_takers(void)
{
	members = sipring_memory_map_shared(sizeof *members);
	takers = sipring_memory_map_shared(sizeof *takers);
	cr_assert(members && takers);
}

TestSuite(takers, .init = open_takers);

static uint32_t join(unsigned expected, uint32_t listeners)
{
	uint32_t member = sipring_members_join(members);

	cr_assert_eq(sipring_takers_join(takers, N, members, member, listeners), (int)expected);
	return member;
}

static int pick(unsigned listener, uint64_t now_ms)
{
	return sipring_takers_pick(takers, N, listener, now_ms);
}

Test(takers, places_run_out_and_are_free_again)
{
	uint32_t ids[N], more = sipring_members_join(members);

	for (unsigned i = 0; i < N; i++)
		ids[i] = join(i, 1);
	cr_expect_eq(sipring_takers_join(takers, N, members, more, 1), -EUSERS);
	sipring_members_bury(members, ids[2]);
	cr_expect_eq(sipring_takers_join(takers, N, members, more, 1), 2, "he ended");
	sipring_takers_leave(takers, 1, ids[1]);
	cr_expect_eq(sipring_takers_member(takers, 1), 0);
	sipring_takers_leave(takers, 2, ids[2]);
	cr_expect_eq(sipring_takers_member(takers, 2), more, "it is another's by now");
}

Test(takers, only_who_sleeps_is_woken_and_one_at_a_time)
{
	for (unsigned i = 0; i < N; i++)
		join(i, 1);
	cr_expect_eq(pick(0, 100), -1, "all are awake");
	sipring_takers_sleep(takers, 1);
	sipring_takers_sleep(takers, 3);
	cr_expect_eq(pick(0, 100), 1);
	cr_expect_eq(pick(0, 101), -1, "he is on his way");
	cr_expect(sipring_takers_awake(takers, 1));
	cr_expect_eq(pick(0, 101), 3, "the first has come");
	cr_expect(sipring_takers_awake(takers, 3));
	cr_expect_not(sipring_takers_awake(takers, 3), "told once");
	cr_expect_eq(pick(0, 101), -1);
	cr_expect_eq(sipring_takers_wakes(takers), 2);
	sipring_takers_sleep(takers, 1);
	cr_expect_not(sipring_takers_awake(takers, 1), "nobody woke him");
}

Test(takers, who_does_not_come_is_passed_by_and_told_of)
{
	uint64_t late_ms = 100 + SIPRING_TAKERS_PATIENCE_MS + 1;

	for (unsigned i = 0; i < N; i++)
		join(i, 1);
	sipring_takers_sleep(takers, 0);
	sipring_takers_sleep(takers, 2);
	cr_expect_eq(pick(0, 100), 0);
	cr_expect_eq(pick(0, 99), -1, "whose clock was read before his");
	cr_expect_eq(pick(0, late_ms), 2);
	cr_expect_eq(sipring_takers_overdue(takers, N, 0, late_ms), -1);
	late_ms = 100 + SIPRING_TAKERS_OVERDUE_MS;
	cr_expect_eq(sipring_takers_overdue(takers, N, 0, late_ms), 0);
	cr_expect_eq(sipring_takers_overdue(takers, N, 0, late_ms), -1, "told once");
	cr_expect_eq(sipring_takers_overdue(takers, N, 0, 100 + late_ms), 0, "and then again");
	cr_expect(sipring_takers_awake(takers, 0));
	cr_expect_eq(sipring_takers_overdue(takers, N, 0, 200 + late_ms), 2);
}

Test(takers, the_clock_of_wakes_goes_round)
{
	uint64_t now_ms = ((uint64_t)1 << 30) - 1;

	join(0, 1);
	sipring_takers_sleep(takers, 0);
	cr_expect_eq(pick(0, now_ms), 0);
	cr_expect_eq(sipring_takers_overdue(takers, N, 0, now_ms + 2), -1);
	cr_expect_eq(sipring_takers_overdue(takers, N, 0, now_ms + 30), 0);
}

Test(takers, listeners_are_told_apart)
{
	join(0, 1 << 0);
	join(1, 1 << 1);
	join(2, 1 << 0 | 1 << 1);
	for (unsigned i = 0; i < 3; i++)
		sipring_takers_sleep(takers, i);
	cr_expect_eq(pick(1, 100), 1);
	cr_expect_eq(pick(1, 100), -1);
	cr_expect_eq(pick(0, 100), 0, "who is on his way for another listener does not count");
	cr_expect_eq(pick(2, 100), -1, "nobody serves it");
}

Test(takers, the_dead_are_not_woken)
{
	uint32_t id = join(0, 1);

	sipring_takers_sleep(takers, 0);
	sipring_members_bury(members, id);
	sipring_takers_bury(takers, 0, id);
	cr_expect_eq(pick(0, 100), -1);
	join(0, 1);
	cr_expect_eq(pick(0, 100), -1, "the next one begins awake");
}
