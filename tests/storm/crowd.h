/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many peers of one edge: a worker with any number of associations, each from a port of its own,
 * that send requests and time the answers. All run in the caller's thread, in crowd_run alone.
 */
#pragma once

#include <sipring/sipring.h>

struct crowd_one {
	uint32_t association; /* 0: none */
	uint32_t n_waiting;   /* requests without an answer yet */
	uint32_t n_answered;
	bool up;
	bool ending; /* by our own wish */
};

#define CROWD_TIMES_MAX (1u << 20)

struct crowd {
	struct sipring *sipring;
	struct sipring_worker *worker;
	struct crowd_one *ones;
	unsigned n, n_up, n_connecting, n_live, next, found;
	uint64_t n_sent, n_answered, n_refused, n_lost, n_bad;
	uint64_t n_down, n_failed; /* associations that were lost, that never stood */
	int last_error;            /* of these */
	uint64_t begun_ns;
	uint32_t *times_us; /* of the answers since crowd_time */
	uint32_t n_times;
	uint64_t life; /* in names of requests: those of a life before are not counted */
	/* What crowd_run does: */
	unsigned window_each, window; /* requests under way, of one and in all; or */
	unsigned rate;                /* a second */
	unsigned goings;              /* associations ended and begun anew, a second */
	uint64_t n_gone, gone_at_ns;
	unsigned body; /* bytes */
	uint64_t rate_begun_ns, n_due;
	uint64_t seed;
};

/* Settings of its engine: pairs. None of its associations is begun yet. */
void crowd_open(struct crowd *crowd, unsigned n, const char *const *pairs);
/* Connects so many of them in all; false where they do not all stand in time. */
bool crowd_connect(struct crowd *crowd, unsigned n, unsigned seconds);
/* The same without a word of SIP: waits for nothing, and sends as it is told. */
void crowd_run(struct crowd *crowd, uint64_t ms);
/* Sends nothing more, and waits for answers. */
bool crowd_settle(struct crowd *crowd, unsigned seconds);
/* Times and rates count from here on. */
void crowd_time(struct crowd *crowd);
/* Answers a second since crowd_time, and the time in µs within which so many of 1000 came. */
double crowd_answers_per_s(const struct crowd *crowd);
uint32_t crowd_within_us(struct crowd *crowd, unsigned permille);
void crowd_close(struct crowd *crowd);
