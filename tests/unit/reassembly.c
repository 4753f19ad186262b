/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reassembly: pieces of every number and size, the limit to the byte, what follows a message that
 * was too long, and slots that run out and come back.
 */
#include "assoc/reassembly.h"

#include "random.h"

#include <criterion/criterion.h>
#include <string.h>

#define SIZE_MAX_TESTED 1000

static struct sipring_pool open_slots(uint32_t n)
{
	struct sipring_pool slots;

	cr_assert_eq(sipring_pool_open(&slots, n, sipring_reassembly_slot_size(SIZE_MAX_TESTED)),
		0);
	return slots;
}

Test(reassembly, pieces_make_the_message)
{
	struct sipring_pool slots = open_slots(1);
	char message[SIZE_MAX_TESTED];
	uint64_t seed = 5;

	for (size_t i = 0; i < sizeof message; i++)
		message[i] = (char)random_next(&seed);
	for (size_t size = 2; size <= sizeof message; size++) {
		struct sipring_reassembly partial = {0};
		size_t done = 0;

		cr_assert(sipring_reassembly_idle(&partial));
		while (done < size) {
			size_t piece = 1 + random_below(&seed, size - done);
			bool end = done + piece == size;
			enum sipring_reassembly_result result = sipring_reassembly_add(&partial,
				&slots, message + done, piece, end, SIZE_MAX_TESTED);

			done += piece;
			cr_assert_eq(result,
				end ? SIPRING_REASSEMBLY_WHOLE : SIPRING_REASSEMBLY_PARTIAL);
		}
		cr_assert_eq(partial.size, size);
		cr_assert_eq(memcmp(partial.slot, message, size), 0);
		partial.slot[size] = '\0';
		sipring_reassembly_drop(&partial, &slots);
		cr_assert_eq(sipring_pool_used(&slots), 0);
	}
	sipring_pool_close(&slots);
}

Test(reassembly, too_long_is_said_once_and_the_next_message_is_whole)
{
	static const struct {
		size_t first;
		size_t second;
		bool too_long;
	} rows[] = {{999, 1, false}, {1000, 0, false}, {999, 2, true}, {1000, 1, true},
		{1, 5000, true}};
	static const char bytes[5000];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_pool slots = open_slots(1);
		struct sipring_reassembly partial = {0};
		enum sipring_reassembly_result result;

		cr_expect_eq(sipring_reassembly_add(&partial, &slots, bytes, rows[i].first, false,
				     SIZE_MAX_TESTED),
			SIPRING_REASSEMBLY_PARTIAL);
		result = sipring_reassembly_add(&partial, &slots, bytes, rows[i].second, false,
			SIZE_MAX_TESTED);
		cr_expect_eq(result,
			rows[i].too_long ? SIPRING_REASSEMBLY_TOO_LONG : SIPRING_REASSEMBLY_PARTIAL,
			"row %zu", i);
		if (rows[i].too_long) {
			cr_expect_eq(sipring_pool_used(&slots), 0, "its slot is free");
			cr_expect_not(sipring_reassembly_idle(&partial));
			for (int j = 0; j < 3; j++)
				cr_expect_eq(sipring_reassembly_add(&partial, &slots, bytes, 5000,
						     j == 2, SIZE_MAX_TESTED),
					SIPRING_REASSEMBLY_PARTIAL);
			cr_expect(sipring_reassembly_idle(&partial));
			cr_expect_eq(partial.size, 0);
			sipring_reassembly_add(&partial, &slots, bytes, 3, false, SIZE_MAX_TESTED);
			cr_expect_eq(partial.size, 3);
		}
		sipring_reassembly_drop(&partial, &slots);
		sipring_pool_close(&slots);
	}
}

Test(reassembly, too_long_with_its_end_leaves_nothing)
{
	static const char bytes[2000];
	struct sipring_pool slots = open_slots(1);
	struct sipring_reassembly partial = {0};

	cr_expect_eq(sipring_reassembly_add(&partial, &slots, bytes, 2000, true, SIZE_MAX_TESTED),
		SIPRING_REASSEMBLY_TOO_LONG);
	cr_expect(sipring_reassembly_idle(&partial));
	sipring_pool_close(&slots);
}

Test(reassembly, slots_run_out_and_come_back)
{
	struct sipring_pool slots = open_slots(2);
	struct sipring_reassembly partials[3] = {0};

	for (int i = 0; i < 3; i++)
		cr_expect_eq(sipring_reassembly_add(&partials[i], &slots, "abc", 3, false,
				     SIZE_MAX_TESTED),
			i < 2 ? SIPRING_REASSEMBLY_PARTIAL : SIPRING_REASSEMBLY_NO_SLOT);
	sipring_reassembly_drop(&partials[0], &slots);
	cr_expect_eq(sipring_reassembly_add(&partials[2], &slots, "abc", 3, true, SIZE_MAX_TESTED),
		SIPRING_REASSEMBLY_WHOLE);
	cr_expect_eq(partials[2].size, 3);
	sipring_pool_close(&slots);
}
