/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One worker under test through the public interface alone, and a peer process that answers 200 to
 * every request. The provider and the io are words: CONTRACT_PROVIDER, CONTRACT_IO.
 */
#pragma once

#include <sipring/sipring.h>
#include <sys/types.h>

#define SIDE_COOKIES 20000

struct engine_side {
	struct sipring *sipring;
	struct sipring_worker *worker;
	uint8_t outcomes[SIDE_COOKIES]; /* how often each cookie had one */
	unsigned n_outcomes[7];         /* by enum sipring_outcome */
	int last_error;
	unsigned n_dispatched, n_requests;
	unsigned n_status[700]; /* responses by status */
	unsigned n_events[7];   /* by enum sipring_event_type */
	uint8_t up_by_listener; /* of the last UP */
	struct sipring_event last_event;
	struct sipring_receive_info last_info;
	void (*outcome)(void *user, uint32_t cookie, enum sipring_outcome outcome, int error);
	bool answer;     /* requests are answered 200 */
	bool terminated; /* every buffer ended with NUL and had its length */
};

struct engine_peer {
	pid_t process;
	union sipring_address address;
	char encaps_port[8];
};

/* settings: name, value, …, NULL. listener NULL: none. The worker's error fails the test. */
void engine_open(struct engine_side *side, const char *listener, const char *const *settings);
void engine_close(struct engine_side *side);
/* Opens to reach a peer: its encapsulation port is set. */
void engine_meet(struct engine_side *side, const struct engine_peer *peer,
	const char *const *settings);
void engine_until(struct engine_side *side, const unsigned *count, unsigned at_least,
	const char *what);

struct engine_peer engine_peer_start(void);
void engine_peer_stop(struct engine_peer *peer);

/* From here on outcomes go to this function, with the side as user. */
void engine_on_outcome(struct engine_side *side,
	void (*outcome)(void *user, uint32_t cookie, enum sipring_outcome outcome, int error));

/* A process that calls where the side under test will listen. */
struct engine_caller {
	pid_t process;
	int go[2]; /* it waits for a byte */
	char listener[64], encaps_port[8];
	union sipring_address to;
	unsigned manner; /* the test's */
};

/* Forks it, before the side opens: in user space a process has one worker. */
struct engine_caller engine_caller_start(void (*call)(const struct engine_caller *caller),
	unsigned manner);
/* Somebody listens. */
void engine_caller_go(const struct engine_caller *caller);
void engine_caller_stop(struct engine_caller *caller);

/* An OPTIONS of exactly size bytes (at least 300), numbered; returns size. */
size_t engine_request(char *out, unsigned number, size_t size);
int engine_send(struct engine_side *side, const union sipring_address *to, unsigned number,
	uint32_t cookie);
/* On an association; one that is gone is no matter. */
void engine_send_by(struct engine_side *side, uint32_t association, unsigned number);
