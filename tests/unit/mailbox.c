/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mailbox: order and bytes through many laps, its bounds, the wake that is told once, and what
 * a writer or reader leaves who ends at each point. Several at a time: tests/storm/mailbox.c.
 */
#include "engine/mailbox.h"

#include "base/memory.h"

#include "random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BYTES 8192 /* of mailbox: 64 cells */

static struct sipring_members *members;
static struct sipring_mailbox *mailbox;
static uint32_t me;

static void open_mailbox(void)
{
	members = sipring_memory_map_shared(sizeof *members);
	mailbox = sipring_memory_map_shared(sipring_mailbox_footprint(BYTES));
	cr_assert(members && mailbox);
	sipring_mailbox_init(mailbox, BYTES);
	me = sipring_members_join(members);
}

TestSuite(mailbox, .init = open_mailbox);

static int push(uint32_t cookie, uint32_t size)
{
	struct sipring_mail mail = {.sender = me, .cookie = cookie, .size = size};
	char bytes[BYTES];

	memset(bytes, (int)(cookie & 0x7f), sizeof bytes);
	return sipring_mailbox_push(mailbox, &mail, bytes);
}

static int next(uint32_t *cookie)
{
	struct sipring_mail *mail;
	char *bytes;
	int r = sipring_mailbox_next(mailbox, members, &mail, &bytes);

	if (r)
		return r;
	*cookie = mail->cookie;
	for (uint32_t i = 0; i < mail->size; i++)
		cr_assert_eq(bytes[i], (char)(mail->cookie & 0x7f));
	return 0;
}

static void expect_next(uint32_t expected)
{
	uint32_t cookie = 0;

	cr_assert_eq(next(&cookie), SIPRING_MAILBOX_MAIL);
	cr_assert_eq(cookie, expected);
	sipring_mailbox_release(mailbox);
}

Test(mailbox, everything_comes_out_as_it_went_in)
{
	struct sipring_mail mail = {.association = 7,
		.sender = me,
		.cookie = 1,
		.ppid = 2,
		.size = 5,
		.stream = 3,
		.flags = 4};
	struct sipring_mail *seen;
	char *bytes;

	mail.peer.v4.sin_family = AF_INET;
	mail.peer.v4.sin_port = 99;
	cr_expect_eq(sipring_mailbox_next(mailbox, members, &seen, &bytes), SIPRING_MAILBOX_EMPTY);
	cr_assert_eq(sipring_mailbox_push(mailbox, &mail, "bytes"), SIPRING_MAILBOX_PUSHED);
	cr_assert_eq(sipring_mailbox_next(mailbox, members, &seen, &bytes), SIPRING_MAILBOX_MAIL);
	cr_expect_eq(memcmp(seen, &mail, sizeof mail), 0);
	cr_expect_eq(memcmp(bytes, "bytes", 5), 0);
	sipring_mailbox_release(mailbox);
	cr_expect_eq(sipring_mailbox_next(mailbox, members, &seen, &bytes), SIPRING_MAILBOX_EMPTY);
}

Test(mailbox, bounds)
{
	uint32_t n = 0, cookie;

	cr_expect_eq(push(0, 0), -EINVAL);
	cr_expect_eq(push(0, BYTES / 2), -EMSGSIZE, "with its header over a half");
	while (push(n, 1000) == 0)
		n++;
	cr_expect_eq(push(n, 1000), SIPRING_MAILBOX_FULL);
	cr_expect_geq(n, 6);
	expect_next(0);
	cr_expect_eq(push(n, 1000), SIPRING_MAILBOX_PUSHED);
	for (uint32_t i = 1; i <= n; i++)
		expect_next(i);
	cr_expect_eq(next(&cookie), SIPRING_MAILBOX_EMPTY);
}

Test(mailbox, the_largest_message_fits_256_kb)
{
	size_t size = sipring_mailbox_footprint(262144);
	struct sipring_mailbox *large = sipring_memory_map_shared(size);
	struct sipring_mail mail = {.sender = me, .size = SIPRING_MAILBOX_SIZE_MAX}, *seen;
	char *bytes = malloc(mail.size), *found;

	memset(bytes, 'x', mail.size);
	sipring_mailbox_init(large, 262144);
	for (unsigned i = 0; i < 10; i++) {
		cr_assert_eq(sipring_mailbox_push(large, &mail, bytes), 0);
		cr_assert_eq(sipring_mailbox_next(large, members, &seen, &found), 0);
		cr_assert_eq(memcmp(found, bytes, mail.size), 0);
		cr_assert_leq(found + mail.size, (char *)large + size);
		sipring_mailbox_release(large);
	}
	mail.size++;
	cr_expect_eq(sipring_mailbox_push(large, &mail, bytes), -EMSGSIZE);
	free(bytes);
}

Test(mailbox, many_laps_of_any_size)
{
	uint32_t pushed = 0, read = 0, cookie, n_full = 0, n_empty = 0;
	uint64_t state = 4;

	for (unsigned i = 0; i < 200000; i++) {
		if (random_next(&state) % 2) {
			uint32_t size = 1 + (uint32_t)(random_next(&state) % 3000);
			int r = push(pushed, size);

			pushed += r == SIPRING_MAILBOX_PUSHED;
			n_full += r == SIPRING_MAILBOX_FULL;
		} else if (next(&cookie) == SIPRING_MAILBOX_MAIL) {
			cr_assert_eq(cookie, read++);
			sipring_mailbox_release(mailbox);
		} else {
			cr_assert_eq(pushed, read, "empty means empty");
			n_empty++;
		}
	}
	cr_expect(n_full > 1000 && n_empty > 1000 && read > 50000);
}

Test(mailbox, one_push_of_many_is_told_to_wake)
{
	cr_expect_eq(push(0, 10), SIPRING_MAILBOX_PUSHED);
	cr_expect_not(sipring_mailbox_sleep(mailbox, members), "there is something");
	cr_expect_eq(push(1, 10), SIPRING_MAILBOX_PUSHED, "he did not go to sleep");
	expect_next(0);
	expect_next(1);
	cr_expect(sipring_mailbox_sleep(mailbox, members));
	cr_expect_eq(push(2, 10), SIPRING_MAILBOX_WAKE);
	cr_expect_eq(push(3, 10), SIPRING_MAILBOX_PUSHED);
	expect_next(2);
	expect_next(3);
	cr_expect(sipring_mailbox_sleep(mailbox, members));
	sipring_mailbox_awake(mailbox);
	cr_expect_eq(push(4, 10), SIPRING_MAILBOX_PUSHED);
}

/* Reservations of two writers of whom the first ends, each at the place where it was. */
Test(mailbox, a_writer_who_ends_between_reserve_and_commit)
{
	for (unsigned lap = 0; lap < 100; lap++) {
		uint32_t other = sipring_members_join(members), cookie;
		struct sipring_mailbox_slot slot;

		cr_assert_eq(sipring_mailbox_reserve(mailbox, other, 500, &slot), 0);
		cr_assert_eq(next(&cookie), SIPRING_MAILBOX_PENDING);
		cr_assert(sipring_mailbox_sleep(mailbox, members));
		if (lap % 2)
			cr_assert_eq(push(lap, 300), SIPRING_MAILBOX_WAKE);
		cr_assert_not(sipring_mailbox_probe(mailbox, members), "he runs");
		cr_assert_eq(next(&cookie), SIPRING_MAILBOX_PENDING);
		sipring_members_bury(members, other);
		cr_assert(sipring_mailbox_probe(mailbox, members));
		if (lap % 2)
			expect_next(lap);
		cr_assert_eq(next(&cookie), SIPRING_MAILBOX_EMPTY);
		cr_assert_eq(sipring_mailbox_abandoned(mailbox), lap + 1);
		cr_assert_eq(sipring_mailbox_commit(mailbox, &slot), -ESTALE, "too late");
		sipring_mailbox_awake(mailbox);
	}
}

Test(mailbox, what_was_committed_survives_its_writer)
{
	uint32_t other = sipring_members_join(members), cookie = 0;
	struct sipring_mail mail = {.sender = other, .cookie = 'x', .size = 1};

	cr_assert_eq(sipring_mailbox_push(mailbox, &mail, "x"), 0);
	sipring_members_bury(members, other);
	cr_expect_not(sipring_mailbox_sleep(mailbox, members));
	expect_next('x');
	cr_expect_eq(next(&cookie), SIPRING_MAILBOX_EMPTY);
	cr_expect_eq(sipring_mailbox_abandoned(mailbox), 0);
}

Test(mailbox, a_slow_writer_holds_up_who_comes_after_and_loses_nothing)
{
	struct sipring_mailbox_slot slot;
	uint32_t cookie, n = 1;

	cr_assert_eq(sipring_mailbox_reserve(mailbox, me, 1, &slot), 0);
	while (push(n, 400) == 0)
		n++;
	cr_expect_eq(next(&cookie), SIPRING_MAILBOX_PENDING);
	*slot.mail = (struct sipring_mail){.sender = me, .size = 1};
	*slot.bytes = 0;
	cr_assert_eq(sipring_mailbox_commit(mailbox, &slot), 0);
	for (uint32_t i = 0; i < n; i++)
		expect_next(i);
	cr_expect_eq(next(&cookie), SIPRING_MAILBOX_EMPTY);
}

Test(mailbox, a_reader_who_ends_before_release_has_a_successor)
{
	uint32_t cookie = 0;

	push(1, 100);
	push(2, 100);
	cr_assert_eq(next(&cookie), SIPRING_MAILBOX_MAIL);
	cr_assert_eq(next(&cookie), SIPRING_MAILBOX_MAIL, "a successor sees it again");
	cr_expect_eq(cookie, 1);
	expect_next(1);
	expect_next(2);
}
