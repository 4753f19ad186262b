/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two copies of the statistics of a place, of which the writer fills the one that nobody is to
 * read and then names it by counting. So a writer that is killed in the middle leaves the other one
 * whole, and a reader never waits: it tries again only where two were published while it read.
 *
 * Nothing that was counted is taken back. A worker adds what was published in its place before it;
 * of one that was killed, what it had in its queues counts as failed, and what stood as down.
 * Invariant: each field but the gauges only grows, whoever dies.
 */
#include "engine/figures.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define GAUGES_AT (offsetof(struct sipring_stats, associations) / sizeof(uint64_t))

static_assert(sizeof(struct sipring_stats) % sizeof(uint64_t) == 0, "words alone");
static_assert(GAUGES_AT > SIPRING_FIGURES_WORDS / 2, "the gauges stand at the end");

size_t sipring_figures_footprint(unsigned n_workers)
{
	return n_workers * sizeof(struct sipring_figures);
}

static void read_copy(const struct sipring_figures *figures, struct sipring_stats *stats)
{
	uint64_t words[SIPRING_FIGURES_WORDS];
	uint64_t published;

	do {
		/* acquire: the copy that it names was written before */
		published = atomic_load_explicit(&figures->published, memory_order_acquire);
		/* acquire, with the writer's release: who reads a word of a later copy sees below
		 * that the count has grown */
		for (size_t i = 0; i < SIPRING_FIGURES_WORDS; i++)
			words[i] = atomic_load_explicit(&figures->copies[published & 1][i],
				memory_order_acquire);
	} while (atomic_load_explicit(&figures->published, memory_order_relaxed) != published);
	memcpy(stats, words, sizeof words);
}

/* Of one that is gone: nothing of it stands or waits any more. */
static void settle(struct sipring_stats *stats)
{
	stats->failed_killed += stats->queue_messages;
	stats->associations_down += stats->associations_standing;
	memset(&stats->associations, 0,
		sizeof *stats - offsetof(struct sipring_stats, associations));
}

bool sipring_figures_begin(struct sipring_figures *figures, bool is_free,
	struct sipring_stats *before)
{
	int32_t writer = atomic_load_explicit(&figures->writer, memory_order_acquire);

	assert(before);
	if (writer && !is_free && (kill(writer, 0) == 0 || errno != ESRCH))
		return false;
	/* acquire: all that the one before published; release: with the load in read */
	if (!atomic_compare_exchange_strong_explicit(&figures->writer, &writer, getpid(),
		    memory_order_acq_rel, memory_order_relaxed))
		return false;
	read_copy(figures, before);
	settle(before);
	before->starts++;
	return true;
}

void sipring_figures_publish(struct sipring_figures *figures, const struct sipring_stats *stats)
{
	uint64_t published = atomic_load_explicit(&figures->published, memory_order_relaxed);
	uint64_t words[SIPRING_FIGURES_WORDS];

	assert(atomic_load_explicit(&figures->writer, memory_order_relaxed) == getpid());
	memcpy(words, stats, sizeof words);
	for (size_t i = 0; i < SIPRING_FIGURES_WORDS; i++)
		atomic_store_explicit(&figures->copies[~published & 1][i], words[i],
			memory_order_release);
	atomic_store_explicit(&figures->published, published + 1, memory_order_release);
}

void sipring_figures_end(struct sipring_figures *figures)
{
	sipring_figures_ended(figures, getpid());
}

void sipring_figures_ended(struct sipring_figures *figures, pid_t pid)
{
	int32_t writer = pid;

	/* release: what it published comes before; where another is the writer it stays */
	atomic_compare_exchange_strong_explicit(&figures->writer, &writer, 0, memory_order_release,
		memory_order_relaxed);
}

void sipring_figures_read(const struct sipring_figures *figures, struct sipring_stats *stats)
{
	bool had_writer;

	do {
		had_writer = atomic_load_explicit(&figures->writer, memory_order_acquire) != 0;
		read_copy(figures, stats);
		/* acquire above orders this: a successor's figures are not to be settled */
	} while (!had_writer && atomic_load_explicit(&figures->writer, memory_order_relaxed));
	if (!had_writer)
		settle(stats);
}

void sipring_figures_add(struct sipring_stats *sum, const struct sipring_stats *stats)
{
	uint64_t sums[SIPRING_FIGURES_WORDS], words[SIPRING_FIGURES_WORDS];

	memcpy(sums, sum, sizeof sums);
	memcpy(words, stats, sizeof words);
	for (size_t i = 0; i < SIPRING_FIGURES_WORDS; i++)
		sums[i] += words[i];
	memcpy(sum, sums, sizeof sums);
}
