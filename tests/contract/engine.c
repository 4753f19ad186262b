/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sipring.h promises, through the public interface: messages and their outcomes, refusals,
 * the life of associations, drain and close. The same for every provider over every io.
 */
#include "engine_side.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is counted by state against the associations that are there. */
static void check_states(const struct engine_side *side, const struct sipring_stats *s)
{
	struct sipring_association_info infos[64];
	const struct {
		const char *name;
		uint64_t counted;
	} states[] = {{"connecting", s->state_connecting}, {"up", s->state_up},
		{"ending", s->state_ending}, {"draining", s->state_draining},
		{"shut", s->state_shut}, {"closing", s->state_closing}};
	uint32_t cursor = 0, n = 0;
	uint64_t sum = 0;

	while (cursor != UINT32_MAX && n < 64)
		n += sipring_worker_associations(side->worker, &cursor, infos + n, 64 - n);
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		uint64_t found = 0;

		for (uint32_t j = 0; j < n; j++)
			found += strcmp(infos[j].state, states[i].name) == 0;
		cr_expect_eq(states[i].counted, found, "%s", states[i].name);
		sum += states[i].counted;
	}
	cr_expect_eq(sum, s->associations);
}

/* The sum of all sends: what the statistics promise at any time. */
static void check_sums(const struct engine_side *side)
{
	struct sipring_stats s;

	sipring_worker_stats(side->worker, &s);
	cr_expect_eq(s.accepted,
		s.sent + s.failed_connect + s.failed_lost + s.failed_timeout + s.failed_refused +
			s.failed_unresolved + s.failed_closed + s.queue_messages);
	check_states(side, &s);
}

static void each_once(const struct engine_side *side, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		cr_assert_eq(side->outcomes[i], 1, "cookie %u: %u outcomes", i, side->outcomes[i]);
}

Test(engine, a_request_and_its_answer)
{
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;

	engine_meet(&side, &peer, NULL);
	cr_assert_eq(engine_send(&side, &peer.address, 1, 77), 0);
	cr_expect_eq(side.n_outcomes[SIPRING_OUTCOME_SENT], 0, "not before a turn");
	engine_until(&side, &side.n_status[200], 1, "the answer");
	cr_expect_eq(side.n_outcomes[SIPRING_OUTCOME_SENT], 1);
	cr_expect_eq(side.outcomes[77], 1);
	cr_expect_eq(side.n_events[SIPRING_EVENT_UP], 1);
	cr_expect_not(side.last_event.inbound);
	cr_expect(side.terminated);
	cr_expect_eq(side.last_info.association, side.last_event.association);
	cr_expect_eq(side.last_info.source.v4.sin_port, peer.address.v4.sin_port);
	cr_expect_eq(side.last_info.destination.sa.sa_family, AF_INET);
	cr_expect(side.last_info.unordered);
	cr_expect_eq(side.last_info.stream, 0);
	cr_expect_eq(side.last_info.ppid, 0);
	check_sums(&side);
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(engine, thousands_at_a_window_with_few_system_calls)
{
	enum { N = 5000, WINDOW = 64 };
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;
	struct sipring_stats stats;
	unsigned n_put = 0;

	engine_meet(&side, &peer, NULL);
	while (side.n_status[200] < N) {
		for (; n_put < N && n_put < side.n_status[200] + WINDOW; n_put++)
			cr_assert_eq(engine_send(&side, &peer.address, n_put, 1 + n_put), 0);
		engine_until(&side, &side.n_status[200], side.n_status[200] + 1, "answers");
	}
	each_once(&side, 1, N + 1);
	cr_expect_eq(side.n_outcomes[SIPRING_OUTCOME_SENT], N);
	sipring_worker_stats(side.worker, &stats);
	cr_expect_eq(stats.received_messages, N);
	if (strcmp(CONTRACT_IO, "io_uring") == 0)
		cr_expect_lt((double)stats.system_calls / (2 * N), 0.2, "%llu system calls",
			(unsigned long long)stats.system_calls);
	check_sums(&side);
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(engine, a_long_message_is_dispatched_once_and_whole)
{
	static const size_t sizes[] = {1500, 1600, 8100, 8192, 20000, 65535};
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;
	char *text = malloc(65536);

	engine_meet(&side, &peer, NULL);
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		engine_request(text, i, sizes[i]);
		cr_assert_eq(sipring_send(side.worker,
				     &(struct sipring_send){.data = text,
					     .size = sizes[i],
					     .to = &peer.address,
					     .flags = SIPRING_SEND_ORDERED}),
			0);
		engine_until(&side, &side.n_status[200], i + 1, "the answer to a long one");
	}
	cr_expect_eq(side.n_dispatched, sizeof sizes / sizeof *sizes);
	free(text);
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(engine, sends_to_nobody_fail_each_once)
{
	const char *settings[] = {"connect_timeout_ms", "1500", "encaps_peer_port", "9", NULL};
	union sipring_address nobody = {.v4 = {.sin_family = AF_INET}};
	struct engine_side side;

	nobody.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	nobody.v4.sin_port = htons(9);
	engine_open(&side, NULL, settings);
	for (unsigned i = 0; i < 100; i++)
		cr_assert_eq(engine_send(&side, &nobody, i, 1 + i), 0);
	engine_until(&side, &side.n_outcomes[SIPRING_OUTCOME_CONNECT_FAILED], 100, "outcomes");
	each_once(&side, 1, 101);
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 1);
	cr_expect_eq(side.n_events[SIPRING_EVENT_UP], 0);
	cr_expect(side.last_error == -ECONNREFUSED || side.last_error == -ETIMEDOUT, "%d",
		side.last_error);
	check_sums(&side);
	engine_close(&side);
}

Test(engine, what_is_refused_has_no_outcome)
{
	struct engine_peer peer = engine_peer_start();
	union sipring_address unix_like = {.sa = {.sa_family = AF_UNIX}};
	const struct {
		struct sipring_send send;
		int code;
	} rows[] = {
		{{.data = "x", .size = 0, .to = &peer.address}, -EINVAL},
		{{.data = NULL, .size = 4, .to = &peer.address}, -EINVAL},
		{{.data = "x", .size = 65536, .to = &peer.address}, -EMSGSIZE},
		{{.data = "x", .size = 1}, -EDESTADDRREQ},
		{{.data = "x", .size = 1, .association = 12345}, -ENOTCONN},
		{{.data = "x", .size = 1, .to = &unix_like}, -EAFNOSUPPORT},
	};
	struct engine_side side;
	struct sipring_stats stats;

	engine_meet(&side, &peer, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int r = sipring_send(side.worker, &rows[i].send);

		cr_expect_eq(r, rows[i].code, "row %zu: %d", i, r);
	}
	sipring_worker_stats(side.worker, &stats);
	cr_expect_eq(stats.accepted, 0);
	/* A stale association with an address goes by the address. */
	cr_expect_eq(sipring_send(side.worker,
			     &(struct sipring_send){.data = "x",
				     .size = 1,
				     .association = 12345,
				     .to = &peer.address,
				     .cookie = 5}),
		0);
	engine_until(&side, &side.n_outcomes[SIPRING_OUTCOME_SENT], 1, "SENT");
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(engine, a_peer_that_stands_still_fills_its_queue_and_time_runs_out)
{
	const char *settings[] = {"send_timeout_ms", "1000", "queue_messages", "200", NULL};
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;
	unsigned n_put = 1, n_full = 0;

	engine_meet(&side, &peer, settings);
	engine_send(&side, &peer.address, 0, 0);
	engine_until(&side, &side.n_status[200], 1, "the answer");
	kill(peer.process, SIGSTOP);
	while (!side.n_outcomes[SIPRING_OUTCOME_TIMED_OUT]) {
		int r = n_put < SIDE_COOKIES ? engine_send(&side, &peer.address, n_put, n_put)
					     : -ENOBUFS;

		cr_assert(r == 0 || r == -ENOBUFS, "%d", r);
		n_put += r == 0;
		n_full += r == -ENOBUFS;
		sipring_worker_turn(side.worker, r == 0 ? 0 : 10000000);
	}
	cr_expect_gt(n_full, 0, "the queue was full");
	kill(peer.process, SIGCONT);
	engine_until(&side, &side.n_events[SIPRING_EVENT_WRITABLE], 1, "WRITABLE");
	while (side.n_outcomes[SIPRING_OUTCOME_TIMED_OUT] + side.n_outcomes[SIPRING_OUTCOME_SENT] <
		n_put - 1)
		sipring_worker_turn(side.worker, 20000000);
	each_once(&side, 1, n_put);
	check_sums(&side);
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(engine, what_is_no_sip_costs_nothing_else)
{
	static const char bad[] = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/SCTP h;branch=z9hG4bK1\r\n"
				  "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\n"
				  "CSeq: 1 OPTIONS\r\nContent-Length: 99\r\n\r\n";
	static const char *const rows[] = {"\r\n\r\n", "garbage", bad, "SIP/2.0 200", "\r\n"};
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;

	engine_meet(&side, &peer, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_eq(sipring_send(side.worker,
				     &(struct sipring_send){.data = rows[i],
					     .size = strlen(rows[i]),
					     .to = &peer.address}),
			0);
	cr_assert_eq(engine_send(&side, &peer.address, 1, 0), 0);
	engine_until(&side, &side.n_status[200], 1, "the answer to the good one");
	engine_until(&side, &side.n_status[400], 1, "the 400 to the bad one");
	cr_expect_eq(side.n_dispatched, 2);
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 0);
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(engine, associations_by_wish)
{
	struct engine_peer peer = engine_peer_start();
	struct sipring_connect connect = {.to = &peer.address};
	uint32_t first, again, other;
	struct engine_side side;

	engine_meet(&side, &peer, NULL);
	cr_assert_eq(sipring_connect(side.worker, &connect, &first), 0);
	cr_assert_eq(sipring_connect(side.worker, &connect, &again), 1);
	cr_expect_eq(first, again);
	connect.additional = true;
	cr_assert_eq(sipring_connect(side.worker, &connect, &other), 0);
	cr_expect_neq(first, other);
	engine_until(&side, &side.n_events[SIPRING_EVENT_UP], 2, "both");
	cr_expect_eq(sipring_disconnect(side.worker, first, false), 0);
	engine_until(&side, &side.n_events[SIPRING_EVENT_DOWN], 1, "the first's end");
	cr_expect_eq(side.last_event.error, 0, "%d", side.last_event.error);
	cr_expect_eq(side.last_event.association, first);
	cr_expect_eq(side.last_event.listener, 0, "there is none");
	cr_expect_eq(sipring_disconnect(side.worker, other, true), 0);
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 2, "an abort is told at once");
	cr_expect_eq(sipring_disconnect(side.worker, other, true), -ENOTCONN);
	for (int i = 0; i < 5; i++)
		sipring_worker_turn(side.worker, 10000000);
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 2);
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(engine, the_loss_of_a_peer_is_told_and_a_send_makes_a_new_association)
{
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;

	engine_meet(&side, &peer, NULL);
	engine_send(&side, &peer.address, 1, 0);
	engine_until(&side, &side.n_status[200], 1, "the answer");
	sipring_disconnect(side.worker, side.last_event.association, true);
	engine_send(&side, &peer.address, 2, 0);
	engine_until(&side, &side.n_status[200], 2, "the answer on a new association");
	cr_expect_eq(side.n_events[SIPRING_EVENT_UP], 2);
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 1);
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(engine, drain_gives_every_send_its_outcome)
{
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;

	engine_meet(&side, &peer, NULL);
	engine_send(&side, &peer.address, 0, 1);
	engine_until(&side, &side.n_status[200], 1, "the answer");
	for (unsigned i = 1; i < 500; i++)
		cr_assert_eq(engine_send(&side, &peer.address, i, 1 + i), 0);
	sipring_worker_drain(side.worker, 20000);
	cr_expect_eq(engine_send(&side, &peer.address, 600, 600), -ESHUTDOWN);
	for (int i = 0; i < 3000 && !sipring_worker_drained(side.worker); i++)
		sipring_worker_turn(side.worker, 10000000);
	cr_assert(sipring_worker_drained(side.worker));
	cr_expect_eq(side.n_outcomes[SIPRING_OUTCOME_SENT], 500);
	each_once(&side, 1, 501);
	cr_expect_eq(side.n_events[SIPRING_EVENT_DOWN], 1);
	cr_expect_eq(side.last_event.error, 0, "in order: %d", side.last_event.error);
	check_sums(&side);
	engine_close(&side);
	engine_peer_stop(&peer);
}

Test(engine, close_gives_every_send_its_outcome)
{
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;

	engine_meet(&side, &peer, NULL);
	for (unsigned i = 0; i < 50; i++)
		cr_assert_eq(engine_send(&side, &peer.address, i, 1 + i), 0);
	engine_close(&side);
	each_once(&side, 1, 51);
	cr_expect_eq(side.n_outcomes[SIPRING_OUTCOME_CLOSED], 50);
	engine_peer_stop(&peer);
}

static void send_again(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	struct engine_side *side = user;
	struct sipring_stats stats;

	(void)error;
	side->n_outcomes[outcome]++;
	cr_assert_eq(++side->outcomes[cookie], 1);
	cr_expect_lt(sipring_send(side->worker,
			     &(struct sipring_send){.data = "x",
				     .size = 1,
				     .association = side->last_info.association,
				     .to = &side->last_info.source}),
		0);
	cr_expect_lt(sipring_disconnect(side->worker, side->last_info.association, true), 0);
	sipring_worker_drain(side->worker, 1000);
	sipring_worker_stats(side->worker, &stats);
}

Test(engine, callbacks_of_close_may_try_what_they_like)
{
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;

	engine_meet(&side, &peer, NULL);
	engine_send(&side, &peer.address, 0, 0);
	engine_until(&side, &side.n_status[200], 1, "the answer");
	engine_on_outcome(&side, send_again);
	for (unsigned i = 0; i < 50; i++)
		cr_assert_eq(engine_send(&side, &peer.address, i, 1 + i), 0);
	engine_close(&side);
	each_once(&side, 1, 51);
	engine_peer_stop(&peer);
}

static void *wake_later(void *worker)
{
	usleep(100000);
	sipring_worker_wake(worker);
	return NULL;
}

Test(engine, a_wake_ends_an_endless_turn)
{
	struct engine_side side;
	struct sipring_stats stats;
	pthread_t thread;

	engine_open(&side, NULL, NULL);
	pthread_create(&thread, NULL, wake_later, side.worker);
	do {
		sipring_worker_turn(side.worker, -1);
		sipring_worker_stats(side.worker, &stats);
	} while (stats.wakes == 0);
	pthread_join(thread, NULL);
	cr_expect_eq(stats.wakes, 1);
	engine_close(&side);
}

Test(engine, a_host_with_a_loop_of_its_own)
{
	struct engine_peer peer = engine_peer_start();
	struct engine_side side;
	struct pollfd fd = {.events = POLLIN};

	engine_meet(&side, &peer, NULL);
	fd.fd = sipring_worker_pollable(side.worker);
	cr_assert_geq(fd.fd, 0);
	engine_send(&side, &peer.address, 1, 0);
	/* Never turns without having been told to: what is missed shows as a poll that runs out. */
	for (int i = 0; i < 2000 && !side.n_status[200]; i++) {
		int64_t idle_ns = sipring_worker_idle_ns(side.worker);
		int limit_ms = idle_ns < 0 ? 4000 : (int)((idle_ns + 999999) / 1000000);

		cr_assert(poll(&fd, 1, limit_ms) == 1 || limit_ms < 3000, "nobody told");
		sipring_worker_turn(side.worker, 0);
	}
	cr_expect_eq(side.n_status[200], 1);
	engine_close(&side);
	engine_peer_stop(&peer);
}
