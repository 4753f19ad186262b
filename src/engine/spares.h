/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listeners that come and go while workers run. Numbers for them, after those of the config, are
 * laid out before the fork; what is wished of each stands in the region, and every worker does it
 * between two turns.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sipring_config;
struct sipring_worker;

struct sipring_spares; /* lies in a region, zeroed */

size_t sipring_spares_footprint(void);

/* What a worker has done of it: a bit for each number. */
struct sipring_spares_done {
	uint32_t n_wishes; /* as they were when it looked last */
	uint32_t bound;    /* it listens, or has what came by it still */
	uint32_t leaving;  /* of these, those that are about to end */
};

/* What who had the worker's place before him has left standing there is no longer meant. */
void sipring_spares_open(struct sipring_worker *worker);
void sipring_spares_close(struct sipring_worker *worker);
/* In a turn: what is wished is done, as far as it can be now. */
void sipring_spares_run(struct sipring_worker *worker);
/* Milliseconds within which nothing is to be done. */
uint64_t sipring_spares_idle_ms(const struct sipring_worker *worker);
