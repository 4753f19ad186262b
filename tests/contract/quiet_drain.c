/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The quiet drain: who is served to the end, who is waited for, how long. The same for every
 * provider over every io.
 */
#include "base/clock.h"
#include "engine_side.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
	return sipring_clock_ns() / 1000000;
}

static unsigned turns_ms(struct engine_side *side, uint64_t n_ms)
{
	for (uint64_t end_ms = now_ms() + n_ms; now_ms() < end_ms;)
		sipring_worker_turn(side->worker, 10000000);
	return side->n_events[SIPRING_EVENT_DOWN];
}

/* One that is in use is served until it is not; none is for longer than half of the time. */
Test(quiet_drain, a_quiet_drain_ends_what_is_not_in_use)
{
	struct engine_peer peer = engine_peer_start();

	for (unsigned in_use = 0; in_use < 2; in_use++) {
		uint32_t deadline_ms = in_use ? 2400 : 20000;
		struct engine_side side;
		uint64_t began_ms, took_ms;
		unsigned i;

		engine_meet(&side, &peer, NULL);
		cr_assert_eq(engine_send(&side, &peer.address, 0, 0), 0);
		engine_until(&side, &side.n_status[200], 1, "the answer");
		began_ms = now_ms();
		sipring_worker_drain_quietly(side.worker, 400, deadline_ms);
		cr_expect_eq(engine_send(&side, &peer.address, 1, 0), -ESHUTDOWN);
		for (i = 1; !turns_ms(&side, 100) && (i < 10 || in_use); i++)
			engine_send_by(&side, side.last_info.association, i);
		cr_assert_geq(i, in_use ? 3u : 10u, "its end after %u messages", i);
		engine_until(&side, &side.n_events[SIPRING_EVENT_DOWN], 1, "its end");
		took_ms = now_ms() - began_ms;
		cr_expect_geq(took_ms, in_use ? 1100u : 1300u, "%u: %u ms", in_use,
			(unsigned)took_ms);
		cr_expect_lt(took_ms, 9000u, "%u: %u ms", in_use, (unsigned)took_ms);
		cr_expect_eq(side.last_event.error, 0, "in order: %d", side.last_event.error);
		if (!in_use)
			cr_expect_eq(side.n_status[200], 10);
		while (!sipring_worker_drained(side.worker))
			cr_assert_eq(sipring_worker_turn(side.worker, 10000000), 0);
		engine_close(&side);
	}
	engine_peer_stop(&peer);
}

/* A worker that had no turn for long has something to read before it says who is quiet. */
Test(quiet_drain, a_quiet_drain_reads_before_it_judges)
{
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;
	unsigned n;

	engine_meet(&side, &peer, NULL);
	cr_assert_eq(engine_send(&side, &peer.address, 0, 0), 0);
	engine_until(&side, &side.n_status[200], 1, "the answer");
	do { /* until an answer is not as quick as to be read in the turn of its request */
		n = side.n_status[200];
		cr_assert_eq(engine_send(&side, &peer.address, n, 0), 0);
		sipring_worker_turn(side.worker, 0);
	} while (side.n_status[200] > n);
	usleep(600000);
	sipring_worker_drain_quietly(side.worker, 400, 20000);
	engine_until(&side, &side.n_status[200], n + 1, "what came before the drain");
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 0);
	engine_send_by(&side, side.last_info.association, n + 1);
	engine_until(&side, &side.n_status[200], n + 2, "what was asked after it");
	engine_until(&side, &side.n_events[SIPRING_EVENT_DOWN], 1, "its end");
	cr_expect_eq(side.last_event.error, 0, "in order: %d", side.last_event.error);
	engine_close(&side);
	engine_peer_stop(&peer);
}

enum newcomer_manner { NEWCOMER_SILENT, NEWCOMER_ASKS, NEWCOMER_ASKS_IN_VAIN };

/* Comes, and asks once after a while, or never. */
static void newcomer_main(const struct engine_caller *newcomer)
{
	static struct engine_side side;
	struct sipring_connect connect = {.to = &newcomer->to};
	uint32_t id;

	engine_open(&side, NULL,
		(const char *[]){"encaps_peer_port", newcomer->encaps_port, "connect_timeout_ms",
			"20000", NULL});
	cr_assert_eq(sipring_connect(side.worker, &connect, &id), 0);
	engine_until(&side, &side.n_events[SIPRING_EVENT_UP], 1, "its UP");
	turns_ms(&side, 700);
	if (newcomer->manner != NEWCOMER_SILENT)
		engine_send_by(&side, id, 1);
	for (;;)
		sipring_worker_turn(side.worker, -1);
}

/* Its first packet may have been lost; once it was heard it is as any other, answered or not. */
Test(quiet_drain, a_newcomer_that_was_not_heard_is_waited_for)
{
	static const enum newcomer_manner manners[] = {NEWCOMER_SILENT, NEWCOMER_ASKS,
		NEWCOMER_ASKS_IN_VAIN};

	for (unsigned i = 0; i < sizeof manners / sizeof manners[0]; i++) {
		struct engine_caller newcomer = engine_caller_start(newcomer_main, manners[i]);
		struct engine_side side;
		uint64_t since_ms, took_ms;

		engine_open(&side, newcomer.listener,
			(const char *[]){"encaps_port", newcomer.encaps_port, NULL});
		side.answer = manners[i] == NEWCOMER_ASKS;
		engine_caller_go(&newcomer);
		engine_until(&side, &side.n_events[SIPRING_EVENT_UP], 1, "a newcomer");
		since_ms = now_ms();
		sipring_worker_drain_quietly(side.worker, 100, 20000);
		if (manners[i] != NEWCOMER_SILENT) {
			engine_until(&side, &side.n_requests, 1, "its question");
			cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 0);
			since_ms = now_ms();
		}
		engine_until(&side, &side.n_events[SIPRING_EVENT_DOWN], 1, "its end");
		took_ms = now_ms() - since_ms;
		cr_expect_eq(side.last_event.error, 0, "in order: %d", side.last_event.error);
		cr_expect(manners[i] == NEWCOMER_SILENT ? took_ms >= 3500 && took_ms < 9000
							: took_ms < 2000,
			"%u: %u ms", i, (unsigned)took_ms);
		engine_caller_stop(&newcomer);
		engine_close(&side);
	}
}
