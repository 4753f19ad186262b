/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inbox: order and bytes through many laps, sizes, its bounds, and what a worker or taker
 * leaves who ends at each point. Several at a time: tests/storm/inbox.c.
 */
#include "engine/inbox.h"

#include "base/memory.h"
#include "io/io.h"

#include "random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static const struct sipring_inbox_shape shape = {{5, 3, 2}, {100, 1000, 65535}};

static struct sipring_members *members;
static struct sipring_inbox *inbox;
static uint32_t me, other;

static void open_inbox(void)
{
	members = sipring_memory_map_shared(sizeof *members);
	inbox = sipring_memory_map_shared(sipring_inbox_footprint(&shape));
	cr_assert(members && inbox);
	sipring_inbox_init(inbox, &shape);
	me = sipring_members_join(members);
	other = sipring_members_join(members);
}

TestSuite(inbox, .init = open_inbox);

static int reserve(uint32_t who, size_t size, struct sipring_inbox_slot *slot)
{
	return sipring_inbox_reserve(inbox, who, size, SIPRING_INBOX_CLASSES, slot);
}

static int put(uint32_t who, uint32_t number, uint32_t size)
{
	struct sipring_inbox_slot slot;

	if (reserve(who, size, &slot))
		return SIPRING_INBOX_FULL;
	memset(slot.bytes, (int)number, size + SIPRING_IO_TAIL);
	*slot.entry = (struct sipring_inbox_entry){.info = {.association = number}, .size = size};
	sipring_inbox_put(inbox, &slot);
	return 0;
}

static void check(const struct sipring_inbox_slot *slot, uint32_t number, uint32_t size)
{
	cr_assert_eq(slot->entry->info.association, number);
	cr_assert_eq(slot->entry->size, size);
	for (uint32_t i = 0; i < size + SIPRING_IO_TAIL; i++)
		cr_assert_eq(slot->bytes[i], (char)number);
}

static void expect_next(uint32_t number, uint32_t size)
{
	struct sipring_inbox_slot slot;

	cr_assert_eq(sipring_inbox_take(inbox, me, &slot), 0, "message %u", number);
	check(&slot, number, size);
	cr_assert_eq(sipring_inbox_give(inbox, &slot), 0);
}

static void expect_empty(void)
{
	struct sipring_inbox_slot slot;

	cr_assert_not(sipring_inbox_has(inbox));
	cr_assert_eq(sipring_inbox_take(inbox, me, &slot), SIPRING_INBOX_EMPTY);
}

static struct sipring_inbox_counts count(void)
{
	struct sipring_inbox_counts counts;

	sipring_inbox_count(inbox, &counts);
	return counts;
}

/* What all of it holds: whoever lost a slot is found by it. */
static void expect_room_for(unsigned n)
{
	struct sipring_inbox_slot slots[16];
	unsigned i = 0;

	while (i < 16 && !reserve(other, 1, &slots[i]))
		i++;
	cr_assert_eq(i, n, "%u slots are free", i);
	sipring_members_bury(members, other);
	sipring_inbox_recover(inbox, members);
	other = sipring_members_join(members);
}

Test(inbox, order_and_bytes_through_many_laps)
{
	static const uint32_t sizes[] = {1, 99, 100, 101, 1000, 1001, 65535};
	uint64_t seed = 1;
	uint32_t n_put = 0, n_taken = 0;

	while (n_taken < 5000) {
		uint32_t ahead = (uint32_t)random_below(&seed, 3);

		while (n_put <= n_taken + ahead &&
			!put(me, n_put, sizes[n_put % (sizeof sizes / sizeof *sizes)]))
			n_put++;
		cr_assert_gt(n_put, n_taken);
		cr_assert(sipring_inbox_has(inbox));
		cr_assert_eq(sipring_inbox_waiting(inbox), n_put - n_taken);
		expect_next(n_taken, sizes[n_taken % (sizeof sizes / sizeof *sizes)]);
		n_taken++;
	}
	while (n_taken < n_put) {
		expect_next(n_taken, sizes[n_taken % (sizeof sizes / sizeof *sizes)]);
		n_taken++;
	}
	expect_empty();
	cr_expect_eq(count().put, n_put);
	cr_expect_eq(count().taken, n_put);
	expect_room_for(10);
}

Test(inbox, slots_come_back_in_any_order)
{
	struct sipring_inbox_slot held[10], slot;
	uint64_t seed = 7;

	for (unsigned round = 0; round < 300; round++) {
		for (uint32_t i = 0; i < 10; i++)
			cr_assert_eq(put(me, i, 50), 0);
		cr_assert_eq(put(me, 10, 50), SIPRING_INBOX_FULL);
		for (uint32_t i = 0; i < 10; i++) {
			cr_assert_eq(sipring_inbox_take(inbox, me, &held[i]), 0);
			check(&held[i], i, 50);
		}
		expect_empty();
		cr_assert_eq(put(me, 11, 1), SIPRING_INBOX_FULL, "all are in somebody's hand");
		for (uint32_t i = 10; i > 0; i--) {
			uint32_t picked = (uint32_t)random_below(&seed, i);

			slot = held[picked];
			held[picked] = held[i - 1];
			cr_assert_eq(sipring_inbox_give(inbox, &slot), 0);
		}
	}
}

Test(inbox, a_size_takes_its_own_slots_first_and_larger_ones_then)
{
	struct sipring_inbox_slot slot;

	cr_expect_eq(sipring_inbox_class(inbox, 100), 0);
	cr_expect_eq(sipring_inbox_class(inbox, 101), 1);
	cr_expect_eq(sipring_inbox_class(inbox, 65535), 2);
	cr_expect_eq(sipring_inbox_class(inbox, 65536), 3);
	for (uint32_t i = 0; i < 2; i++)
		cr_assert_eq(put(me, i, 30000), 0);
	cr_assert_eq(put(me, 9, 30000), SIPRING_INBOX_FULL);
	for (uint32_t i = 2; i < 7; i++)
		cr_assert_eq(put(me, i, 10), 0);
	cr_assert_eq(sipring_inbox_reserve(inbox, me, 10, 1, &slot), SIPRING_INBOX_FULL,
		"the next size is not to be touched");
	for (uint32_t i = 7; i < 10; i++)
		cr_assert_eq(put(me, i, 10), 0);
	cr_assert_eq(put(me, 9, 10), SIPRING_INBOX_FULL);
	for (uint32_t i = 0; i < 10; i++)
		expect_next(i, i < 2 ? 30000 : 10);
}

Test(inbox, footprints)
{
	cr_expect_eq(sipring_inbox_footprint(&(struct sipring_inbox_shape){.sizes = {1, 1, 1}}),
		SIZE_MAX);
	cr_expect_eq(sipring_inbox_footprint(&(struct sipring_inbox_shape){{1, 1, 1}, {1, 1, 0}}),
		SIZE_MAX);
	cr_expect_eq(sipring_inbox_footprint(&(struct sipring_inbox_shape){
			     {SIPRING_INBOX_SLOTS_MAX, 1, 1}, {1, 1, 1}}),
		SIZE_MAX);
	cr_expect_geq(sipring_inbox_footprint(&shape), 5 * 164 + 3 * 1064 + 2 * 65599);
}

Test(inbox, one_slot_alone)
{
	const struct sipring_inbox_shape one = {{1, 0, 0}, {100, 100, 100}};

	sipring_memory_unmap(inbox, sipring_inbox_footprint(&shape));
	inbox = sipring_memory_map_shared(sipring_inbox_footprint(&one));
	sipring_inbox_init(inbox, &one);
	for (uint32_t i = 0; i < 100; i++) {
		cr_assert_eq(put(me, i, 64), 0);
		cr_assert_eq(put(me, i, 64), SIPRING_INBOX_FULL);
		expect_next(i, 64);
	}
}

Test(inbox, a_taker_that_ends_has_failed_with_what_he_held)
{
	struct sipring_inbox_slot slot, late;

	for (uint32_t i = 0; i < 4; i++)
		put(me, i, 10);
	cr_assert_eq(sipring_inbox_take(inbox, other, &slot), 0);
	cr_assert_eq(sipring_inbox_take(inbox, other, &late), 0);
	sipring_inbox_recover(inbox, members);
	cr_expect_eq(count().failed, 0, "he lives");
	sipring_members_bury(members, other);
	sipring_inbox_recover(inbox, members);
	sipring_inbox_recover(inbox, members);
	cr_expect_eq(count().failed, 2);
	cr_expect_eq(count().lost, 0);
	cr_expect_eq(sipring_inbox_give(inbox, &late), -ESTALE, "he was taken for dead");
	expect_next(2, 10);
	expect_next(3, 10);
	expect_empty();
	other = sipring_members_join(members);
	expect_room_for(10);
}

Test(inbox, a_worker_that_ends_loses_what_he_was_filling_alone)
{
	struct sipring_inbox_slot slot;

	cr_assert_eq(put(other, 0, 10), 0);
	cr_assert_eq(reserve(other, 10, &slot), 0);
	cr_assert_eq(put(other, 1, 5000), 0);
	sipring_members_bury(members, other);
	sipring_inbox_recover(inbox, members);
	sipring_inbox_recover(inbox, members);
	cr_expect_eq(count().lost, 1);
	cr_expect_eq(count().failed, 0);
	expect_next(0, 10);
	expect_next(1, 5000);
	expect_empty();
	other = sipring_members_join(members);
	expect_room_for(10);
}

Test(inbox, what_the_dead_had_put_in_is_taken_before_anyone_recovers)
{
	cr_assert_eq(put(other, 5, 10), 0);
	sipring_members_bury(members, other);
	expect_next(5, 10);
	sipring_inbox_recover(inbox, members);
	cr_expect_eq(count().lost + count().failed, 0);
	other = sipring_members_join(members);
	expect_room_for(10);
}
