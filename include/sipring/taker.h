/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takers: processes of a host whose handlers may block, and that share out what workers receive.
 * Part of sipring.h, which includes this.
 */
#pragma once

#include <sipring/sipring.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Where handlers may block, the setting `takers` is not 0, and messages are not dispatched by the
 * worker but taken, each by one taker, from a queue for each listener. sipring_open comes before
 * the fork; a worker is opened in a process that does nothing but turns; a taker in each of the
 * processes that handle messages, which may be killed at any time. One who sleeps (its fd is not
 * readable) is woken for a message, never all of them.
 *
 *    poll(sipring_taker_fd) -> sipring_taker_take -> handle each, sipring_taker_give it -> poll
 *
 * When there is no room left, what was received stays where it lies, and SCTP holds the peers back.
 * As long as that lasts no new association comes to stand over kernel SCTP.
 */
struct sipring_taker;

/* Every listener, for sipring_taker_open. */
#define SIPRING_LISTENERS_ALL (-1)

/*
 * A place among the takers of this sipring, for the messages of one listener (by its number in the
 * config, from 0; associations that left by no listener count to 0), or of all. Called in the
 * process that takes; a taker is for one thread at a time. callbacks may be NULL; log and user of
 * it are used. 0; -EINVAL where the setting takers is 0 or the listener is none; -EUSERS when all
 * places are taken: one whose holder ended, in whatever way, is free.
 */
SIPRING_PUBLIC int sipring_taker_open(struct sipring_taker **taker, struct sipring *sipring,
	int listener, const struct sipring_callbacks *callbacks, struct sipring_error *error);

/*
 * From here on it takes another listener's messages too, or no longer does; what it has in hand
 * stays. 0, or -EINVAL where there is no such listener.
 */
SIPRING_PUBLIC int sipring_taker_serve(struct sipring_taker *taker, int listener, bool serves);

/* What is still in its hand counts as failed. */
SIPRING_PUBLIC void sipring_taker_close(struct sipring_taker *taker);

/*
 * Polls readable while there may be a message for this taker: call take then. The taker's; never
 * read it. It may be readable for nothing, and then take gives nothing and makes it not readable.
 */
SIPRING_PUBLIC int sipring_taker_fd(const struct sipring_taker *taker);

/* A message in the hand of a taker, until it is given back. */
struct sipring_taken {
	char *buffer; /* writable; buffer[size] is NUL, 64 readable bytes are behind it */
	size_t size;  /* bytes */
	struct sipring_receive_info info;
	uint64_t received_ns; /* CLOCK_MONOTONIC: when its last byte was received */
	unsigned listener;
	uint32_t place[3]; /* the library's */
};

/*
 * Takes up to n messages, those that wait longest first, and never waits: how many, 0 for none.
 * What is taken waits for this taker alone, so one whose handler may block takes one at a time; of
 * what waits, take gives no more than the taker's share anyhow. Any number may be in hand at a
 * time.
 */
SIPRING_PUBLIC unsigned sipring_taker_take(struct sipring_taker *taker,
	struct sipring_taken *messages, unsigned n);

/*
 * Done with it: its memory is no longer the taker's. Each message once. -ESTALE where the taker was
 * taken for dead, and the message counted as failed.
 */
SIPRING_PUBLIC int sipring_taker_give(struct sipring_taker *taker,
	const struct sipring_taken *message);

/* Since sipring_open, of all processes. */
struct sipring_taker_stats {
	uint64_t put;      /* messages that workers put in */
	uint64_t taken;    /* of these */
	uint64_t failed;   /* of the taken ones: their taker ended with them in hand */
	uint64_t lost;     /* not put in: their worker was killed in the middle */
	uint64_t wakes;    /* of takers, of every listener */
	uint64_t takers;   /* gauge: places whose takers serve the listener */
	uint64_t sleeping; /* gauge: of these, those who wait to be woken */
};

/* Any process and thread; a glance, which may be torn. -EINVAL as sipring_taker_open. */
SIPRING_PUBLIC int sipring_taker_stats(const struct sipring *sipring, int listener,
	struct sipring_taker_stats *stats);

#ifdef __cplusplus
}
#endif
