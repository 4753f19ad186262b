/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker's statistics where every process that shares the memory can read them, at any time and
 * without asking the worker. They are those of all workers that had the place, one after another.
 */
#pragma once

#include <sipring/sipring.h>

#define SIPRING_FIGURES_PUBLISH_MS 100
#define SIPRING_FIGURES_WORDS (sizeof(struct sipring_stats) / sizeof(uint64_t))

/* In shared memory, zeroed. */
struct sipring_figures {
	_Alignas(
		64) _Atomic uint64_t published; /* how often: its lowest bit names the whole copy */
	_Atomic int32_t writer;                 /* the process that publishes; 0: none */
	_Alignas(64) _Atomic uint64_t copies[2][SIPRING_FIGURES_WORDS];
};

size_t sipring_figures_footprint(unsigned n_workers);

/*
 * The calling process begins to publish; before is what was published in this place so far, to be
 * added to its own. False, unless it is known that the one before is gone, where one publishes.
 */
bool sipring_figures_begin(struct sipring_figures *figures, bool is_free,
	struct sipring_stats *before);
/* Whole figures, those of begin included. The writer's alone. */
void sipring_figures_publish(struct sipring_figures *figures, const struct sipring_stats *stats);
/* No more is published. */
void sipring_figures_end(struct sipring_figures *figures);
/* The process has ended, if it was the writer. */
void sipring_figures_ended(struct sipring_figures *figures, pid_t pid);

/* What was published last; of a writer that ended, settled. */
void sipring_figures_read(const struct sipring_figures *figures, struct sipring_stats *stats);
void sipring_figures_add(struct sipring_stats *sum, const struct sipring_stats *stats);
