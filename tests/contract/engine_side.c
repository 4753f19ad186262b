/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine suite's side and its peer process, which is forked before anything is opened. Every
 * wait has a bound, past which the test fails with what the side has seen.
 */
#include "engine_side.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 20

static void dispatched(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	struct engine_side *side = user;
	char out[2048];
	int n;

	side->n_dispatched++;
	side->last_info = *info;
	side->terminated &= buffer[size] == '\0' && message->text.size == size;
	memset(buffer + size, '#', 64); /* it is ours to write */
	if (!(message->flags & SIPRING_MESSAGE_REQUEST)) {
		side->n_status[message->status]++;
		return;
	}
	side->n_requests++;
	if (!side->answer)
		return;
	n = sipring_reply_write(out, sizeof out, message,
		&(struct sipring_reply){.status = 200, .source = &info->source});
	cr_assert_gt(n, 0);
	sipring_send(side->worker,
		&(struct sipring_send){.data = out,
			.size = (size_t)n,
			.association = info->association,
			.to = &info->source});
}

static void ended(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	struct engine_side *side = user;

	if (side->outcome) {
		side->outcome(user, cookie, outcome, error);
		return;
	}
	side->n_outcomes[outcome]++;
	side->last_error = error;
	cr_assert_lt(cookie, (uint32_t)SIDE_COOKIES);
	side->outcomes[cookie]++;
}

static void happened(void *user, const struct sipring_event *event)
{
	struct engine_side *side = user;

	side->n_events[event->type]++;
	if (event->type == SIPRING_EVENT_UP)
		side->up_by_listener = event->listener;
	side->last_event = *event;
}

void engine_open(struct engine_side *side, const char *listener, const char *const *settings)
{
	struct sipring_callbacks callbacks = {.dispatch = dispatched,
		.outcome = ended,
		.event = happened,
		.user = side};
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error = {0};

	memset(side, 0, sizeof *side);
	side->terminated = true;
	cr_assert_eq(sipring_config_set(config, "provider", CONTRACT_PROVIDER, &error), 0);
	cr_assert_eq(sipring_config_set(config, "io", CONTRACT_IO, &error), 0);
	cr_assert_eq(sipring_config_set(config, "encaps_port", "0", &error), 0);
	for (; settings && settings[0]; settings += 2)
		cr_assert_eq(sipring_config_set(config, settings[0], settings[1], &error), 0, "%s",
			error.text);
	if (listener)
		cr_assert_eq(sipring_config_listen(config, listener, &error), 0, "%s", error.text);
	cr_assert_eq(sipring_open(&side->sipring, config, &error), 0, "%s", error.text);
	sipring_config_free(config);
	cr_assert_eq(sipring_worker_open(&side->worker, side->sipring, &callbacks, &error), 0, "%s",
		error.text);
}

void engine_on_outcome(struct engine_side *side,
	void (*outcome)(void *user, uint32_t cookie, enum sipring_outcome outcome, int error))
{
	side->outcome = outcome;
}

void engine_close(struct engine_side *side)
{
	sipring_worker_close(side->worker);
	sipring_close(side->sipring);
}

void engine_meet(struct engine_side *side, const struct engine_peer *peer,
	const char *const *settings)
{
	const char *all[32] = {"encaps_peer_port", peer->encaps_port};

	for (size_t i = 0; settings && settings[i]; i++)
		all[2 + i] = settings[i];
	engine_open(side, NULL, all);
}

/* Says where the sends are that did not come to what was waited for. */
static void give_up(const struct engine_side *side, const char *what)
{
	struct sipring_stats s;

	sipring_worker_stats(side->worker, &s);
	cr_assert_fail("waiting for %s: %" PRIu64 " accepted, %" PRIu64 " sent, %" PRIu64
		       " queued; failed: connect %" PRIu64 ", lost %" PRIu64 ", timeout %" PRIu64
		       ", unresolved %" PRIu64 "; %" PRIu64 " names, %u of the UP events",
		what, s.accepted, s.sent, s.queue_messages, s.failed_connect, s.failed_lost,
		s.failed_timeout, s.failed_unresolved, s.names, side->n_events[SIPRING_EVENT_UP]);
}

void engine_until(struct engine_side *side, const unsigned *count, unsigned at_least,
	const char *what)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (*count < at_least) {
		if (time(NULL) >= end)
			give_up(side, what);
		cr_assert_eq(sipring_worker_turn(side->worker, 20000000), 0);
	}
}

static void peer_main(const struct engine_peer *peer, int tell)
{
	const char *settings[] = {"encaps_port", peer->encaps_port, NULL};
	static struct engine_side side;
	char listener[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(listener, sizeof listener, "sctp:127.0.0.1:%u", ntohs(peer->address.v4.sin_port));
	engine_open(&side, listener, settings);
	side.answer = true;
	if (write(tell, "r", 1) != 1)
		_exit(1);
	for (;;)
		sipring_worker_turn(side.worker, -1);
}

struct engine_peer engine_peer_start(void)
{
	struct engine_peer peer = {.address = {.v4 = {.sin_family = AF_INET}}};
	int fds[2];
	char ready;

	peer.address.v4.sin_port = htons((uint16_t)(20000 + getpid() % 20000));
	peer.address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(peer.encaps_port, sizeof peer.encaps_port, "%d", 40000 + getpid() % 20000);
	cr_assert_eq(pipe(fds), 0);
	peer.process = fork();
	cr_assert_geq(peer.process, 0);
	if (peer.process == 0) {
		peer_main(&peer, fds[1]);
		_exit(0);
	}
	close(fds[1]);
	cr_assert_eq(read(fds[0], &ready, 1), 1, "the peer did not start");
	close(fds[0]);
	return peer;
}

void engine_peer_stop(struct engine_peer *peer)
{
	kill(peer->process, SIGKILL);
	waitpid(peer->process, NULL, 0);
}

struct engine_caller engine_caller_start(void (*call)(const struct engine_caller *caller),
	unsigned manner)
{
	struct engine_caller caller = {.to = {.v4 = {.sin_family = AF_INET}}, .manner = manner};
	unsigned place = (unsigned)getpid() + manner;
	char byte;

	caller.to.v4.sin_port = htons((uint16_t)(20000 + place % 20000));
	caller.to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(caller.listener, sizeof caller.listener, "sctp:127.0.0.1:%u",
		20000 + place % 20000);
	snprintf(caller.encaps_port, sizeof caller.encaps_port, "%u", 40000 + place % 20000);
	cr_assert_eq(pipe(caller.go), 0);
	caller.process = fork();
	cr_assert_geq(caller.process, 0);
	if (caller.process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		cr_assert_eq(read(caller.go[0], &byte, 1), 1);
		call(&caller);
		_exit(0);
	}
	return caller;
}

void engine_caller_go(const struct engine_caller *caller)
{
	cr_assert_eq(write(caller->go[1], "g", 1), 1);
}

void engine_caller_stop(struct engine_caller *caller)
{
	kill(caller->process, SIGKILL);
	waitpid(caller->process, NULL, 0);
	close(caller->go[0]);
	close(caller->go[1]);
}

static struct sipring_span span(const char *text)
{
	return (struct sipring_span){text, strlen(text)};
}

size_t engine_request(char *out, unsigned number, size_t size)
{
	char call_id[32], branch[32];
	int n;

	snprintf(call_id, sizeof call_id, "call-%u", number);
	snprintf(branch, sizeof branch, "z9hG4bK%u", number);
	n = sipring_request_write(out, size,
		&(struct sipring_request){
			.method = span("OPTIONS"),
			.uri = span("sip:127.0.0.1;transport=sctp"),
			.from = span("sip:tester@127.0.0.1"),
			.from_tag = span("t"),
			.call_id = span(call_id),
			.branch = span(branch),
			.sent_by = span("127.0.0.1"),
			.transport = SIPRING_TRANSPORT_SCTP,
			.cseq = 1,
			.size_wanted = size,
		});
	cr_assert_eq(n, (int)size, "%d", n);
	return size;
}

int engine_send(struct engine_side *side, const union sipring_address *to, unsigned number,
	uint32_t cookie)
{
	char text[400];

	engine_request(text, number, sizeof text);
	return sipring_send(side->worker,
		&(struct sipring_send){.data = text,
			.size = sizeof text,
			.to = to,
			.cookie = cookie});
}

void engine_send_by(struct engine_side *side, uint32_t association, unsigned number)
{
	char text[400];

	engine_request(text, number, sizeof text);
	(void)sipring_send(side->worker,
		&(struct sipring_send){.data = text,
			.size = sizeof text,
			.association = association});
}
