/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One worker of `sipring serve`: it answers every request in the turn that brought it. The answer
 * is built in one buffer of the worker's and copied by the library. It ends in order: a first
 * signal drains, a second (or the deadline) cuts short. Of one that is supervised signals only
 * wake it and drain at the most; that it is to end at once stands on the board.
 */
#include "tools/number.h"
#include "tools/serve.h"
#include "tools/signals.h"
#include "tools/supervisor.h"
#include "tools/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void count_send(struct serve_counts *counts, int result)
{
	if (result == 0)
		counts->answered++;
	else if (result == -ENOBUFS)
		counts->refused_full++;
	else if (result == -ESHUTDOWN)
		counts->refused_draining++;
	else
		counts->refused++;
}

static void on_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	struct serve_worker *server = user;
	struct serve_counts *counts = server->counts;
	(void)buffer, (void)size;
	if (!(message->flags & SIPRING_MESSAGE_REQUEST)) {
		counts->responses++;
		return;
	}
	const struct answer_policy *policy = &server->policy;
	uint16_t status = answer_status(policy, message);
	counts->requests++;
	if (status == ANSWER_NONE) {
		if (message->method == SIPRING_METHOD_ACK)
			counts->acks++;
		else
			counts->silent++;
		return;
	}
	int written = answer_write(policy, message, status, &info->source, &info->destination,
		server->answer, sizeof(server->answer));
	if (written < 0) {
		counts->unanswerable++;
		return;
	}
	struct sipring_send send = {.data = server->answer,
		.size = (size_t)written,
		.association = info->association,
		.stream = info->stream,
		.ppid = info->ppid};
	count_send(counts, sipring_send(server->worker, &send));
}

/* Failures are in the engine's own counters. */
static void on_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	(void)user, (void)cookie, (void)outcome, (void)error;
}

static void on_log(void *user, int level, const char *line)
{
	const struct serve_worker *server = user;
	char text[512];
	if (server->board) {
		snprintf(text, sizeof(text), "worker %u: %s", server->index, line);
		line = text;
	}
	terminal_log(NULL, level, line);
}

int serve_worker_open(struct serve_worker *server)
{
	struct sipring_error error;
	struct sipring_callbacks callbacks = {.dispatch = on_message,
		.outcome = on_outcome,
		.log = on_log,
		.user = server};
	if (sipring_worker_open(&server->worker, server->sipring, &callbacks, &error) < 0) {
		terminal_error("%s", error.text);
		return OPTIONS_STATUS_NOT_STARTED;
	}
	if (server->board)
		signals_watch_supervised(server->worker);
	else
		signals_watch(server->worker);
	signals_watch_hangup();
	return 0;
}

/* With a file: read it. Without one it asks for an end, of a worker that nobody supervises. */
static void take_hangup(struct serve_worker *server)
{
	if (!signals_take_hangup())
		return;
	if (server->options->config)
		serve_reload(server->options, server->sipring, server->worker, &server->policy,
			!server->board);
	else
		server->is_hung_up = !server->board;
}

static enum supervisor_wish wish_of(const struct serve_worker *server)
{
	unsigned n_signals = signals_count() + server->is_hung_up;
	uint32_t wish;
	if (!server->board)
		return n_signals > 1 ? SUPERVISOR_WISH_END : (enum supervisor_wish)n_signals;
	wish = atomic_load_explicit(&server->board->wish, memory_order_relaxed);
	return wish         ? (enum supervisor_wish)wish
		: n_signals ? SUPERVISOR_WISH_DRAIN
			    : SUPERVISOR_WISH_RUN;
}

int serve_worker_run(struct serve_worker *server, uint64_t (*beat)(void *user, uint64_t now_ns),
	void *user)
{
	const struct serve_options *options = server->options;
	bool is_draining = false;
	for (;;) {
		uint64_t now_ns = number_clock_ns();
		uint64_t next_ns = beat ? beat(user, now_ns) : UINT64_MAX;
		if (server->board &&
			board_answer(server->board, server->index, &server->look, server->worker))
			next_ns = 0;
		if (server->board && serve_handover_answer(server))
			next_ns = 0;
		int result = sipring_worker_turn(server->worker,
			next_ns == UINT64_MAX      ? -1
				: next_ns > now_ns ? (int64_t)(next_ns - now_ns)
						   : 0);
		if (result < 0) {
			terminal_error("the worker cannot go on: %s", strerror(-result));
			return result;
		}
		take_hangup(server);
		enum supervisor_wish wish = wish_of(server);
		if (wish == SUPERVISOR_WISH_END)
			return 1;
		if (wish == SUPERVISOR_WISH_DRAIN && !is_draining) {
			uint64_t limit_ms = options->drain_timeout_ns / 1000000;
			if (!server->board)
				terminal_progress("draining, at most %s",
					number_time(options->drain_timeout_ns).text);
			sipring_worker_drain_quietly(server->worker,
				(uint32_t)(options->drain_quiet_ns / 1000000), (uint32_t)limit_ms);
			is_draining = true;
		}
		if (is_draining && sipring_worker_drained(server->worker))
			return 0;
	}
}

void serve_worker_close(struct serve_worker *server)
{
	signals_forget();
	sipring_worker_close(server->worker);
	server->worker = NULL;
}
