/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics for others: whole at any time, though the writer is killed in the middle of them, and
 * never going back, whoever comes after whom.
 */
#include "engine/figures.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sipring_figures *open_figures(unsigned n)
{
	struct sipring_figures *figures = sipring_memory_map_shared(sipring_figures_footprint(n));

	cr_assert(figures);
	return figures;
}

/* Every word the same, so that what is torn shows. */
static void fill(struct sipring_stats *stats, uint64_t value)
{
	uint64_t words[SIPRING_FIGURES_WORDS];

	for (size_t i = 0; i < SIPRING_FIGURES_WORDS; i++)
		words[i] = value;
	memcpy(stats, words, sizeof words);
}

static bool is_whole(const struct sipring_stats *stats)
{
	uint64_t words[SIPRING_FIGURES_WORDS];

	memcpy(words, stats, sizeof words);
	for (size_t i = 1; i < SIPRING_FIGURES_WORDS; i++)
		if (words[i] != words[0])
			return false;
	return true;
}

Test(figures, are_nothing_before_the_first)
{
	struct sipring_figures *figures = open_figures(1);
	struct sipring_stats stats = {.sent = 1};

	sipring_figures_read(figures, &stats);
	cr_expect_eq(stats.sent, 0);
	cr_expect_eq(stats.starts, 0);
}

Test(figures, of_one_after_another_add_up)
{
	struct sipring_figures *figures = open_figures(1);
	struct sipring_stats before,
		stats = {.sent = 5,
			.accepted = 9,
			.queue_messages = 4,
			.associations_up = 3,
			.associations_standing = 3,
			.associations = 3,
			.workers = 1};

	cr_assert(sipring_figures_begin(figures, false, &before));
	cr_expect_eq(before.starts, 1);
	cr_expect_eq(before.sent, 0);
	sipring_figures_publish(figures, &stats);
	sipring_figures_read(figures, &before);
	cr_expect_eq(before.queue_messages, 4);
	cr_expect_eq(before.failed_killed, 0, "it lives");
	cr_expect_not(sipring_figures_begin(figures, false, &before), "one at a time");
	sipring_figures_ended(figures, getpid() + 1);
	sipring_figures_read(figures, &before);
	cr_expect_eq(before.workers, 1, "another has ended");

	sipring_figures_ended(figures, getpid());
	sipring_figures_read(figures, &before);
	cr_expect_eq(before.workers, 0);
	cr_expect_eq(before.queue_messages, 0);
	cr_expect_eq(before.failed_killed, 4, "what waited has failed");
	cr_expect_eq(before.associations, 0);
	cr_expect_eq(before.associations_down, 3, "what stood is down");
	cr_expect_eq(before.accepted, before.sent + before.failed_killed);

	cr_assert(sipring_figures_begin(figures, false, &before));
	cr_expect_eq(before.starts, 1, "it published none");
	cr_expect_eq(before.sent, 5);
	cr_expect_eq(before.failed_killed, 4, "once");
	stats = (struct sipring_stats){.sent = 1, .workers = 1};
	sipring_figures_add(&stats, &before);
	sipring_figures_publish(figures, &stats);
	sipring_figures_read(figures, &stats);
	cr_expect_eq(stats.sent, 6);
	cr_expect_eq(stats.workers, 1);
}

static void publish_for_ever(struct sipring_figures *figures, uint64_t from)
{
	struct sipring_stats stats;

	for (uint64_t i = from;; i++) {
		fill(&stats, i);
		sipring_figures_publish(figures, &stats);
	}
}

static pid_t start_writer(struct sipring_figures *figures, uint64_t from)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		struct sipring_stats before;

		if (sipring_figures_begin(figures, true, &before))
			publish_for_ever(figures, from);
		_exit(1);
	}
	return pid;
}

/* Killed again and again, wherever it is: what is read is whole, and not older than before. */
Test(figures, outlast_writers_that_are_killed, .timeout = 60)
{
	struct sipring_figures *figures = open_figures(1);
	struct sipring_stats stats;
	uint64_t last = 0, n_read = 0;

	for (unsigned round = 0; round < 60; round++) {
		pid_t writer = start_writer(figures, last + 1);
		uint64_t had = last;

		for (unsigned i = 0; last < had + 50 + round || i < 200; i++) {
			sipring_figures_read(figures, &stats);
			if (!atomic_load(&figures->writer))
				continue; /* it has not begun: settled, and not all the same */
			if (stats.turns > had) {
				cr_assert(is_whole(&stats), "torn after %lu",
					(unsigned long)n_read);
				n_read++;
			}
			cr_assert_geq(stats.turns, last);
			last = stats.turns;
		}
		kill(writer, SIGKILL);
		cr_assert_eq(waitpid(writer, NULL, 0), writer);
		sipring_figures_read(figures, &stats);
		cr_assert(is_whole(&stats), "torn by the kill");
		last = stats.turns;
		sipring_figures_ended(figures, writer);
	}
	cr_expect_geq(n_read, 60);
}
