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
		(const char *[]){"autoclose", "0", "send_timeout_ms", "100", NULL});
	cr_assert_eq(engine_send(&side, &peer.address, 1, 0), 0);
	engine_until(&side, &side.n_status[200], 1, "the answer");
	for (uint64_t end_ms = now_ms() + 1000; now_ms() < end_ms;)
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
