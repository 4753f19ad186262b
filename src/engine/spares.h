/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listeners that come and go while workers run. Numbers for them, after those of the config, are
 * laid out before the fork; what is wished of each stands in the region, and every worker does it
 * between two turns.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sipring;
struct sipring_config;
struct sipring_error;
struct sipring_manner;
struct sipring_sctp_config;
struct sipring_worker;

struct sipring_spares; /* lies in a region, zeroed */

size_t sipring_spares_footprint(void);

/* What a worker has done of it: bits for the numbers. */
struct sipring_spares_done {
	uint32_t n_wishes;    /* as they were when it looked last */
	uint64_t next_ms;     /* then it looks whatever they are */
	uint32_t held;        /* it listens, or has what came by it still */
	uint32_t listening;   /* of these, those of which the region says so */
	uint32_t leaving;     /* of these, those that are about to end */
	uint32_t failing;     /* those that it could not bind, and has told of */
	unsigned next_probed; /* the place of a worker */
};

/* What who had the worker's place before him has left standing there is no longer meant. */
void sipring_spares_open(struct sipring_worker *worker);
void sipring_spares_close(struct sipring_worker *worker);
/* In a turn: what is wished is done, as far as it can be now. */
void sipring_spares_run(struct sipring_worker *worker);
/* From here on the worker binds nothing more, and nobody waits for it to. */
void sipring_spares_drain(struct sipring_worker *worker);
/* Milliseconds within which nothing is to be done. */
uint64_t sipring_spares_idle_ms(const struct sipring_worker *worker, uint64_t now_ms);
/* Whether those that are wanted go together with config, whoever has them. 0, or -errno. */
int sipring_spares_check(const struct sipring *sipring, const struct sipring_config *config,
	struct sipring_error *error);
/*
 * What those that the worker has are to be like with config, at their numbers; nothing is changed
 * otherwise. 0, or -errno with a text.
 */
int sipring_spares_lower(struct sipring_worker *worker, const struct sipring_config *config,
	struct sipring_sctp_config *listeners, struct sipring_manner *manners,
	struct sipring_error *error);
