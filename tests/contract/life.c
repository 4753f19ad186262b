/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ends an association, or keeps one from beginning, without the host's wish: time without a
 * message, a peer that does not answer, too many from one address. Limits that are minutes in
 * earnest are set inside the worker, below what its settings allow. The same for every provider
 * over every io.
 */
#include "engine/worker.h"

#include "base/clock.h"
#include "engine_side.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
	return sipring_clock_ns() / 1000000;
}

/* Longer than autoclose with messages, which keep it; then without. */
Test(life, an_idle_association_is_ended_in_order)
{
	struct engine_peer peer = engine_peer_start();
	struct sipring_stats stats;
	struct engine_side side;
	uint64_t active_ms = 0, end_ms = now_ms() + 3000;

	engine_meet(&side, &peer, NULL);
	side.sipring->config.autoclose = 2;
	for (unsigned i = 0; now_ms() < end_ms && !side.n_events[SIPRING_EVENT_DOWN]; i++) {
		active_ms = now_ms();
		cr_assert_eq(engine_send(&side, &peer.address, i, 0), 0);
		engine_until(&side, &side.n_status[200], i + 1, "the answer");
		usleep(200000);
	}
	engine_until(&side, &side.n_events[SIPRING_EVENT_DOWN], 1, "its end");
	cr_expect_geq(now_ms(), active_ms + 2000, "not while messages go");
	cr_expect_eq(side.last_event.error, 0, "in order: %d", side.last_event.error);
	sipring_worker_stats(side.worker, &stats);
	cr_expect_eq(stats.associations_idle, stats.associations_down);
	cr_assert_eq(engine_send(&side, &peer.address, 1000, 0), 0);
	engine_until(&side, &side.n_events[SIPRING_EVENT_UP], side.n_events[SIPRING_EVENT_DOWN] + 1,
		"a new one");
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(life, no_association_is_ended_where_autoclose_is_off)
{
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;

	engine_meet(&side, &peer,
		(const char *[]){"autoclose", "0", "send_timeout_ms", "1500", NULL});
	cr_assert_eq(engine_send(&side, &peer.address, 1, 0), 0);
	engine_until(&side, &side.n_status[200], 1, "the answer");
	for (uint64_t end_ms = now_ms() + 2000; now_ms() < end_ms;)
		sipring_worker_turn(side.worker, 50000000);
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 0);
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(life, a_peer_that_did_not_answer_is_left_alone_for_a_while)
{
	const char *settings[] = {"connect_timeout_ms", "500", "encaps_peer_port", "9",
		"reconnect_min_ms", "600", "reconnect_max_ms", "600", NULL};
	union sipring_address nobody = {.v4 = {.sin_family = AF_INET, .sin_port = htons(9)}};
	struct sipring_connect connect = {.to = &nobody};
	struct sipring_stats stats;
	struct engine_side side;
	uint64_t failed_ms;
	uint32_t id;
	int r;

	nobody.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	engine_open(&side, NULL, settings);
	cr_assert_eq(engine_send(&side, &nobody, 1, 1), 0);
	engine_until(&side, &side.n_outcomes[SIPRING_OUTCOME_CONNECT_FAILED], 1, "the outcome");
	failed_ms = now_ms();
	r = engine_send(&side, &nobody, 2, 2);
	cr_assert(r == -EHOSTDOWN || now_ms() > failed_ms + 500, "%d", r);
	r = sipring_connect(side.worker, &connect, &id);
	cr_assert(r == -EHOSTDOWN || now_ms() > failed_ms + 500, "%d", r);
	cr_expect_eq(side.outcomes[2], 0, "what is refused has no outcome");
	sipring_worker_stats(side.worker, &stats);
	cr_expect_geq(stats.shunned, 1);
	usleep(700000);
	cr_assert_eq(engine_send(&side, &nobody, 3, 3), 0, "tried again");
	engine_until(&side, &side.n_outcomes[SIPRING_OUTCOME_CONNECT_FAILED], 2, "the outcome");
	engine_close(&side);
}

Test(life, a_wish_of_the_host_is_no_failure_of_the_peer)
{
	struct engine_peer peer = engine_peer_start();
	struct sipring_connect connect = {.to = &peer.address};
	struct engine_side side;
	uint32_t id;

	engine_meet(&side, &peer, NULL);
	cr_assert_eq(sipring_connect(side.worker, &connect, &id), 0);
	cr_assert_eq(sipring_disconnect(side.worker, id, true), 0);
	cr_assert_eq(engine_send(&side, &peer.address, 1, 0), 0);
	engine_until(&side, &side.n_status[200], 1, "the answer");
	engine_close(&side);
	engine_peer_stop(&peer);
}

/* Begins five associations at once and sends on each without end. */
static void crowd_main(const struct engine_caller *crowd)
{
	static struct engine_side side;
	struct sipring_connect connect = {.to = &crowd->to, .additional = true};
	uint32_t ids[5];

	engine_open(&side, NULL,
		(const char *[]){"encaps_peer_port", crowd->encaps_port, "connect_timeout_ms",
			"20000", NULL});
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(sipring_connect(side.worker, &connect, &ids[i]), 0);
	for (;;) {
		for (unsigned i = 0; i < 5; i++)
			engine_send_by(&side, ids[i], i);
		sipring_worker_turn(side.worker, 10000000);
	}
}

/* Comes, says one thing, and leaves in order. */
static void passer_by_main(const struct engine_caller *caller)
{
	static struct engine_side side;

	engine_open(&side, NULL, (const char *[]){"encaps_peer_port", caller->encaps_port, NULL});
	cr_assert_eq(engine_send(&side, &caller->to, 1, 1), 0);
	engine_until(&side, &side.n_outcomes[SIPRING_OUTCOME_SENT], 1, "the outcome");
	sipring_worker_drain(side.worker, 20000);
	while (!sipring_worker_drained(side.worker))
		sipring_worker_turn(side.worker, 10000000);
	engine_close(&side);
}

/*
 * Opens with a limit that lets three of five in; `reason` is where those are counted that are not.
 * Returns how many came to stand.
 */
static unsigned let_in_of_five(const char *const limits[4], size_t reason)
{
	struct engine_caller crowd = engine_caller_start(crowd_main, 0);
	const char *settings[] = {"encaps_port", crowd.encaps_port, limits[0], limits[1], limits[2],
		limits[3], NULL};
	struct sipring_stats stats = {0};
	struct engine_side side;
	unsigned n_seen, n_up;

	engine_open(&side, crowd.listener, settings);
	engine_caller_go(&crowd);
	for (uint64_t end_ms = now_ms() + 20000;
		side.n_events[SIPRING_EVENT_UP] + stats.associations_refused < 5;) {
		cr_assert_lt(now_ms(), end_ms, "%u came", side.n_events[SIPRING_EVENT_UP]);
		sipring_worker_turn(side.worker, 20000000);
		sipring_worker_stats(side.worker, &stats);
	}
	n_seen = side.n_requests;
	n_up = side.n_events[SIPRING_EVENT_UP];
	engine_until(&side, &side.n_requests, n_seen + 100, "requests of those who are in");
	sipring_worker_stats(side.worker, &stats);
	cr_expect_eq(side.n_events[SIPRING_EVENT_UP], n_up);
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 0);
	cr_expect_eq(side.up_by_listener, 1);
	cr_expect_eq(stats.associations, n_up);
	cr_expect_eq(*(uint64_t *)(void *)((char *)&stats + reason), 5 - n_up);
	engine_caller_stop(&crowd);
	engine_close(&side);
	return n_up;
}

Test(life, more_associations_than_allowed_are_refused_and_those_that_stand_go_on)
{
	cr_expect_eq(let_in_of_five((const char *[]){"max_assocs", "3", NULL, NULL},
			     offsetof(struct sipring_stats, associations_refused_all)),
		3);
}

Test(life, more_associations_of_one_address_than_allowed_are_refused)
{
	cr_expect_eq(let_in_of_five((const char *[]){"max_assocs_per_addr", "3", NULL, NULL},
			     offsetof(struct sipring_stats, associations_refused_addr)),
		3);
}

Test(life, associations_that_come_too_fast_are_refused)
{
	unsigned n_up = let_in_of_five((const char *[]){"accept_rate", "1", "accept_burst", "3"},
		offsetof(struct sipring_stats, associations_refused_rate));

	/* The burst is three; where the machine is slow a second brings a fourth. */
	cr_expect(n_up == 3 || n_up == 4, "%u", n_up);
}

/*
 * Of the kernel it has left before anybody has a turn, but SCTP has acknowledged what it said. In
 * user space nobody comes without turns.
 */
Test(life, what_a_peer_said_before_it_left_is_dispatched)
{
	struct engine_caller caller = engine_caller_start(passer_by_main, 0);
	struct engine_side side;

	engine_open(&side, caller.listener,
		(const char *[]){"encaps_port", caller.encaps_port, NULL});
	engine_caller_go(&caller);
	if (strcmp(CONTRACT_PROVIDER, "kernel") == 0)
		waitid(P_PID, (id_t)caller.process, NULL, WEXITED | WNOWAIT);
	engine_until(&side, &side.n_requests, 1, "its request");
	engine_until(&side, &side.n_events[SIPRING_EVENT_DOWN], 1, "its end");
	cr_expect_eq(side.last_event.error, 0, "in order: %d", side.last_event.error);
	engine_caller_stop(&caller);
	engine_close(&side);
}

/* Sends to a peer that stands still until SCTP has more than it may forget; how many were put. */
static unsigned fill_up(struct engine_side *side, const struct engine_peer *peer)
{
	unsigned n_put = 1, n_seen = 0;

	cr_assert_eq(engine_send(side, &peer->address, 0, 0), 0);
	engine_until(side, &side->n_status[200], 1, "the answer");
	kill(peer->process, SIGSTOP);
	/* Until a few turns took nothing more. */
	for (int idle = 0; idle < 5; idle++) {
		while (n_put < SIDE_COOKIES && engine_send(side, &peer->address, n_put, n_put) == 0)
			n_put++;
		sipring_worker_turn(side->worker, 20000000);
		if (side->n_outcomes[SIPRING_OUTCOME_SENT] != n_seen)
			idle = 0;
		n_seen = side->n_outcomes[SIPRING_OUTCOME_SENT];
	}
	cr_assert_gt(n_seen, 300, "%u", n_seen);
	return n_put;
}

static void each_has_its_outcome(struct engine_side *side, unsigned n_put)
{
	for (unsigned i = 1; i < n_put; i++)
		cr_assert_eq(side->outcomes[i], 1, "cookie %u: %u outcomes", i, side->outcomes[i]);
}

/* What SCTP had taken, a send buffer of it, is told before the end. */
Test(life, what_a_lost_peer_did_not_acknowledge_is_given_back)
{
	const char *settings[] = {"asocmaxrxt", "3", "rto_initial", "100", "rto_min", "100",
		"rto_max", "200", "queue_messages", "100", NULL};
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;
	unsigned n_put, n_returned;

	engine_meet(&side, &peer, settings);
	n_put = fill_up(&side, &peer);
	engine_peer_stop(&peer);
	engine_until(&side, &side.n_events[SIPRING_EVENT_DOWN], 1, "the end");
	n_returned = side.n_events[SIPRING_EVENT_RETURNED];
	cr_expect_gt(n_returned, 300, "%u", n_returned);
	cr_expect_lt(side.last_event.error, 0);
	for (int i = 0; i < 5; i++)
		sipring_worker_turn(side.worker, 10000000);
	cr_expect_eq(side.n_events[SIPRING_EVENT_RETURNED], n_returned, "none after the end");
	each_has_its_outcome(&side, n_put);
	cr_expect_eq(side.n_outcomes[SIPRING_OUTCOME_REFUSED], 0);
	engine_close(&side);
}

/* The kernel's own does not tell: its one-to-one sockets are aborted by being closed. */
Test(life, what_our_own_abort_throws_away_is_given_back)
{
	bool tells = strcmp(CONTRACT_PROVIDER, "usrsctp") == 0;
	const char *settings[] = {"queue_messages", "100", NULL};
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;
	unsigned n_put;

	engine_meet(&side, &peer, settings);
	n_put = fill_up(&side, &peer);
	cr_assert_eq(sipring_disconnect(side.worker, side.last_info.association, true), 0);
	if (tells)
		engine_until(&side, &side.n_events[SIPRING_EVENT_RETURNED], 300,
			"what was not acknowledged");
	for (int i = 0; i < 5; i++)
		sipring_worker_turn(side.worker, 10000000);
	each_has_its_outcome(&side, n_put);
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 1);
	engine_close(&side);
	engine_peer_stop(&peer);
}

static int begun[2]; /* a byte comes when the caller has begun */

/* A peer that begins an association of its own, from the port where it listens, and answers. */
static void caller_main(const struct engine_caller *caller)
{
	static struct engine_side side;
	struct sipring_connect connect = {.to = &caller->to};
	bool waits = strcmp(CONTRACT_PROVIDER, "kernel") == 0; /* it stands before it is accepted */
	char encaps_port[16], listener[64];
	uint32_t id;

	snprintf(encaps_port, sizeof encaps_port, "%d", atoi(caller->encaps_port) + 1);
	snprintf(listener, sizeof listener, "sctp:127.0.0.1:%u",
		ntohs(caller->to.v4.sin_port) + 1u);
	engine_open(&side, listener,
		(const char *[]){"encaps_port", encaps_port, "encaps_peer_port",
			caller->encaps_port, NULL});
	side.answer = true;
	cr_assert_eq(sipring_connect(side.worker, &connect, &id), 0);
	if (waits)
		engine_until(&side, &side.n_events[SIPRING_EVENT_UP], 1, "the peer's UP");
	else
		sipring_worker_turn(side.worker, 0);
	cr_assert_eq(write(begun[1], "b", 1), 1);
	for (;;)
		sipring_worker_turn(side.worker, -1);
}

Test(life, a_send_joins_what_its_peer_has_begun)
{
	struct engine_caller caller;
	char encaps_peer_port[16], byte;
	union sipring_address peer;
	struct sipring_stats stats;
	struct engine_side side;

	cr_assert_eq(pipe(begun), 0);
	caller = engine_caller_start(caller_main, 0);
	peer = caller.to;
	peer.v4.sin_port = htons(ntohs(peer.v4.sin_port) + 1u);
	snprintf(encaps_peer_port, sizeof encaps_peer_port, "%d", atoi(caller.encaps_port) + 1);
	engine_open(&side, caller.listener,
		(const char *[]){"encaps_port", caller.encaps_port, "encaps_peer_port",
			encaps_peer_port, NULL});
	engine_caller_go(&caller);
	cr_assert_eq(read(begun[0], &byte, 1), 1);
	/* What the peer began waits to be accepted; a connect of ours would be refused. */
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(engine_send(&side, &peer, i, 1 + i), 0, "send %u", i);
	engine_until(&side, &side.n_status[200], 10, "the answers");
	for (unsigned i = 1; i <= 10; i++)
		cr_expect_eq(side.outcomes[i], 1);
	sipring_worker_stats(side.worker, &stats);
	cr_expect_eq(side.n_events[SIPRING_EVENT_UP], 1);
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 0);
	cr_expect_eq(stats.associations, 1);
	cr_expect_eq(stats.awaited, strcmp(CONTRACT_PROVIDER, "kernel") == 0);
	engine_caller_stop(&caller);
	engine_close(&side);
}

/* SCTP may have the old one yet: the peer takes its time with the end. */
Test(life, a_send_behind_an_end_waits_for_it)
{
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;
	char listener[64];

	snprintf(listener, sizeof listener, "sctp:127.0.0.1:%u",
		ntohs(peer.address.v4.sin_port) + 1u);
	engine_open(&side, listener, (const char *[]){"encaps_peer_port", peer.encaps_port, NULL});
	for (unsigned i = 0; i < 20; i++) {
		cr_assert_eq(engine_send(&side, &peer.address, i, 1 + i), 0);
		engine_until(&side, &side.n_status[200], i + 1, "the answer");
		cr_assert_eq(sipring_disconnect(side.worker, side.last_info.association, false), 0);
	}
	engine_until(&side, &side.n_events[SIPRING_EVENT_DOWN], 20, "the ends");
	cr_expect_eq(side.n_events[SIPRING_EVENT_UP], 20);
	engine_close(&side);
	engine_peer_stop(&peer);
}
