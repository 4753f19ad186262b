/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A taker by the public interface, with messages put in as a worker does: what is refused, places
 * that are free again, whether the fd is readable, shares, and what a taker that ends leaves.
 */
#include "engine/worker.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sipring *sipring;
static uint32_t member; /* who puts in */

static void open_with(const char *n_takers)
{
	static const char *const listeners[] = {"sctp:127.0.0.1:5060", "sctp:127.0.0.1:5070"};
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error;

	cr_assert_eq(sipring_config_set(config, "takers", n_takers, &error), 0);
	cr_assert_eq(sipring_config_set(config, "inbox_small", "16", &error), 0);
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(sipring_config_listen(config, listeners[i], &error), 0);
	cr_assert_eq(sipring_open(&sipring, config, &error), 0);
	sipring_config_free(config);
	if (sipring->split)
		member = sipring_members_join(sipring->split->members);
}

static struct sipring_taker *open_taker(int listener)
{
	struct sipring_taker *taker = NULL;
	struct sipring_error error;

	cr_assert_eq(sipring_taker_open(&taker, sipring, listener, NULL, &error), 0, "%s",
		error.text);
	return taker;
}

static void put(unsigned listener, uint32_t number)
{
	struct sipring_inbox_slot slot;

	cr_assert_eq(sipring_inbox_reserve(sipring->split->inboxes[listener], member, 5,
			     SIPRING_INBOX_CLASSES, &slot),
		0);
	memcpy(slot.bytes, "hello", 6);
	*slot.entry = (struct sipring_inbox_entry){.info = {.association = number},
		.received_ns = 7,
		.size = 5};
	sipring_inbox_put(sipring->split->inboxes[listener], &slot);
	sipring_split_tell(sipring->split, listener, 1000);
}

static bool is_readable(const struct sipring_taker *taker)
{
	struct pollfd fd = {sipring_taker_fd(taker), POLLIN, 0};

	return poll(&fd, 1, 0) == 1;
}

static struct sipring_taker_stats stats(void)
{
	struct sipring_taker_stats stats;

	cr_assert_eq(sipring_taker_stats(sipring, SIPRING_LISTENERS_ALL, &stats), 0);
	return stats;
}

Test(taker, what_is_refused)
{
	struct sipring_taker_stats ignored;
	struct sipring_taker *taker;
	struct sipring_error error;

	open_with("0");
	cr_expect_eq(sipring_taker_open(&taker, sipring, 0, NULL, &error), -EINVAL);
	cr_expect(strstr(error.text, "takers"), "%s", error.text);
	cr_expect_eq(sipring_taker_stats(sipring, 0, &ignored), -EINVAL);
	sipring_close(sipring);
	open_with("2");
	cr_expect_eq(sipring_taker_open(&taker, sipring, 2, NULL, &error), -EINVAL);
	cr_expect_eq(sipring_taker_open(&taker, sipring, -2, NULL, &error), -EINVAL);
	open_taker(0);
	open_taker(1);
	cr_expect_eq(sipring_taker_open(&taker, sipring, 0, NULL, &error), -EUSERS);
	cr_expect(strstr(error.text, "raise the setting takers"), "%s", error.text);
	cr_expect_eq(stats().takers, 2);
	cr_expect_eq(stats().sleeping, 2);
}

Test(taker, the_fd_is_readable_from_the_wake_until_nothing_is_there)
{
	struct sipring_taken taken;
	struct sipring_taker *taker;

	open_with("2");
	taker = open_taker(0);
	cr_expect_not(is_readable(taker));
	cr_expect_eq(sipring_taker_take(taker, &taken, 1), 0);
	cr_expect_not(is_readable(taker));
	put(0, 1);
	put(0, 2);
	cr_expect(is_readable(taker));
	cr_expect_eq(sipring_taker_take(taker, &taken, 1), 1);
	cr_expect_eq(taken.info.association, 1);
	cr_expect_eq(taken.size, 5);
	cr_expect_eq(taken.received_ns, 7);
	cr_expect_str_eq(taken.buffer, "hello");
	cr_expect(is_readable(taker), "he may have more");
	cr_expect_eq(sipring_taker_give(taker, &taken), 0);
	cr_expect(is_readable(taker));
	cr_expect_eq(sipring_taker_take(taker, &taken, 1), 1);
	cr_expect_eq(taken.info.association, 2);
	cr_expect_eq(sipring_taker_give(taker, &taken), 0);
	cr_expect_not(is_readable(taker), "nothing in hand and nothing there");
	put(0, 3);
	cr_expect(is_readable(taker));
	cr_expect_eq(stats().wakes, 2);
	cr_expect_eq(stats().put, 3);
	cr_expect_eq(stats().taken, 2);
}

Test(taker, only_the_messages_of_his_listener)
{
	struct sipring_taker *first, *second, *all;
	struct sipring_taken taken;

	open_with("3");
	first = open_taker(0);
	second = open_taker(1);
	put(1, 5);
	cr_expect_not(is_readable(first));
	cr_expect(is_readable(second));
	cr_expect_eq(sipring_taker_take(first, &taken, 1), 0);
	cr_expect_eq(sipring_taker_take(second, &taken, 1), 1);
	cr_expect_eq(taken.listener, 1);
	cr_expect_eq(sipring_taker_give(second, &taken), 0);
	all = open_taker(SIPRING_LISTENERS_ALL);
	put(0, 6);
	put(1, 7);
	cr_expect_eq(sipring_taker_take(all, &taken, 1), 1);
	cr_expect_eq(sipring_taker_give(all, &taken), 0);
	cr_expect_eq(sipring_taker_take(all, &taken, 1), 1, "each listener has its turn");
	cr_expect_eq(taken.listener, 1);
}

Test(taker, he_may_serve_another_listener_later)
{
	struct sipring_taker *taker;
	struct sipring_taker_stats stats;
	struct sipring_taken taken;

	open_with("2");
	taker = open_taker(0);
	put(1, 5);
	cr_expect_not(is_readable(taker));
	cr_expect_eq(sipring_taker_serve(taker, 2, true), -EINVAL);
	cr_expect_eq(sipring_taker_serve(taker, 1, true), 0);
	cr_expect(is_readable(taker), "it was there before");
	cr_expect_eq(sipring_taker_take(taker, &taken, 1), 1);
	cr_expect_eq(taken.info.association, 5);
	cr_expect_eq(sipring_taker_give(taker, &taken), 0);
	cr_expect_not(is_readable(taker));
	put(1, 6);
	cr_expect(is_readable(taker));
	cr_expect_eq(sipring_taker_stats(sipring, 1, &stats), 0);
	cr_expect_eq(stats.takers, 1);
	cr_expect_eq(sipring_taker_serve(taker, 1, false), 0);
	cr_expect_eq(sipring_taker_take(taker, &taken, 1), 0);
	cr_expect_not(is_readable(taker), "woken for what he does not take");
	cr_expect_eq(sipring_taker_stats(sipring, 1, &stats), 0);
	cr_expect_eq(stats.takers, 0);
	put(0, 7);
	cr_expect(is_readable(taker));
	cr_expect_eq(sipring_taker_take(taker, &taken, 1), 1);
	cr_expect_eq(taken.listener, 0);
}

Test(taker, who_leaves_something_wakes_the_next)
{
	struct sipring_taker *takers[3];
	struct sipring_taken taken;

	open_with("3");
	for (unsigned i = 0; i < 3; i++)
		takers[i] = open_taker(0);
	for (uint32_t i = 0; i < 3; i++)
		put(0, i);
	cr_expect(is_readable(takers[0]));
	cr_expect_not(is_readable(takers[1]), "the first is on his way");
	cr_expect_eq(sipring_taker_take(takers[0], &taken, 1), 1);
	cr_expect(is_readable(takers[1]));
	cr_expect_not(is_readable(takers[2]));
	cr_expect_eq(sipring_taker_take(takers[1], &taken, 1), 1);
	cr_expect(is_readable(takers[2]));
}

Test(taker, nobody_takes_more_than_his_share)
{
	struct sipring_taken taken[16];
	struct sipring_taker *taker;

	open_with("4");
	taker = open_taker(0);
	for (unsigned i = 1; i < 4; i++)
		open_taker(0);
	for (uint32_t i = 0; i < 12; i++)
		put(0, i);
	cr_expect_eq(sipring_taker_take(taker, taken, 16), 4, "12 / 4 and one");
	cr_expect_eq(sipring_taker_take(taker, taken + 4, 1), 1);
}

Test(taker, what_he_held_when_he_closed_has_failed)
{
	struct sipring_taken taken;
	struct sipring_taker *taker, *next;

	open_with("1");
	taker = open_taker(0);
	put(0, 1);
	put(0, 2);
	cr_expect_eq(sipring_taker_take(taker, &taken, 1), 1);
	sipring_taker_close(taker);
	cr_expect_eq(stats().failed, 1);
	cr_expect_eq(stats().takers, 0);
	next = open_taker(0);
	cr_expect(is_readable(next), "one is left for him");
	cr_expect_eq(sipring_taker_take(next, &taken, 1), 1);
	cr_expect_eq(taken.info.association, 2);
}

Test(taker, the_place_of_one_who_was_killed_is_free)
{
	struct sipring_taken taken;
	struct sipring_taker *taker;
	pid_t pid;

	open_with("1");
	put(0, 1);
	pid = fork();
	if (pid == 0) {
		taker = open_taker(0);
		cr_assert_eq(sipring_taker_take(taker, &taken, 1), 1);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	cr_expect_eq(stats().failed, 0);
	taker = open_taker(0);
	cr_expect_eq(stats().failed, 1, "who takes his place finds it out");
	cr_expect_eq(sipring_taker_take(taker, &taken, 1), 0);
}
