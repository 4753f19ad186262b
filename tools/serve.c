/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring serve: one worker that listens and answers every request in the turn that brought it,
 * without state. The answer is built in one buffer of the server's and copied by the library.
 * It ends in order: a first signal drains, a second (or the deadline) cuts short; either way the
 * counters are told at the end.
 */
#include "tools/answer.h"
#include "tools/commands.h"
#include "tools/json.h"
#include "tools/number.h"
#include "tools/options.h"
#include "tools/serve_report.h"
#include "tools/settings_file.h"
#include "tools/signals.h"
#include "tools/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LISTENERS_MAX 16
#define ANSWERS_MAX 32

struct serve_options {
	const char *listeners[LISTENERS_MAX];
	unsigned n_listeners;
	const char *answers[ANSWERS_MAX]; /* of the command line: they come after the file's */
	unsigned n_answers;
	const char *config;
	struct answer_policy policy;
	uint64_t interval_ns;
	uint64_t drain_timeout_ns;
	const char *stats_json;
	const char *ready_file;
};

struct server {
	const struct serve_options *options;
	struct sipring_worker *worker;
	struct serve_counts counts;
	char answer[65536];
};

static int take_listen(void *into, const char *value, struct sipring_error *error)
{
	struct serve_options *options = into;
	if (options->n_listeners == LISTENERS_MAX) {
		snprintf(error->text, sizeof(error->text), "more than %u listeners", LISTENERS_MAX);
		return -E2BIG;
	}
	options->listeners[options->n_listeners++] = value;
	return 0;
}

static int take_answer(void *into, const char *value, struct sipring_error *error)
{
	struct serve_options *options = into;
	if (options->n_answers == ANSWERS_MAX) {
		snprintf(error->text, sizeof(error->text), "given more than %u times", ANSWERS_MAX);
		return -E2BIG;
	}
	options->answers[options->n_answers++] = value;
	return answer_configure(&options->policy, value, error);
}

static const struct options_row rows[] = {
	{.name = "config",
		.argument = "FILE",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct serve_options, config),
		.help = "settings, listeners and answers from FILE; the command line wins"},
	{.name = "listen",
		.argument = "LISTENER",
		.kind = OPTIONS_CALL,
		.take = take_listen,
		.help = "as the argument, repeatable: sctp:192.0.2.1:5070,\n"
			"sctp:[2001:db8::1], sctp:(192.0.2.1,198.51.100.1), sctp:*\n"
			"(default sctp:*)"},
	{.name = "answer",
		.argument = "METHOD=CODE[,…]",
		.kind = OPTIONS_CALL,
		.take = take_answer,
		.help = "what to answer; METHOD * is all, CODE none is no answer.\n"
			"Default: 200 to OPTIONS, INVITE, BYE, REGISTER, MESSAGE,\n"
			"INFO, UPDATE, NOTIFY; 481 to CANCEL, PRACK; 405 to\n"
			"SUBSCRIBE, PUBLISH, REFER; 501 to any other"},
	{.name = "interval",
		.argument = "SECONDS",
		.kind = OPTIONS_TIME,
		.offset = offsetof(struct serve_options, interval_ns),
		.min = 100000000,
		.max = 86400000000000,
		.help = "between two lines of progress (default 1 on a terminal,\n10 elsewhere)"},
	{.name = "drain-timeout",
		.argument = "SECONDS",
		.kind = OPTIONS_TIME,
		.offset = offsetof(struct serve_options, drain_timeout_ns),
		.max = 86400000000000,
		.help = "how long an end in order may take (default 5)"},
	{.name = "ready-file",
		.argument = "FILE",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct serve_options, ready_file),
		.help = "write \"ready\" to FILE once it listens (standard output has\n"
			"the line in any case)"},
	{.name = "stats-json",
		.argument = "FILE",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct serve_options, stats_json),
		.help = "write all counters to FILE at the end (-: standard output)"},
};

static const struct options_command command = {
	.name = "serve",
	.operands = "[LISTENER…]",
	.summary = "Listens for SIP over SCTP and answers every request, keeping no state.\n"
		   "SIGINT and SIGTERM end it in order, a second one at once.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.ending = "Exit status: 0 ended in order, 1 failed while running or was cut short,\n"
		  "2 usage, 3 could not start.",
};

static void on_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	struct server *server = user;
	(void)buffer, (void)size;
	if (!(message->flags & SIPRING_MESSAGE_REQUEST)) {
		server->counts.responses++;
		return;
	}
	const struct answer_policy *policy = &server->options->policy;
	uint16_t status = answer_status(policy, message);
	server->counts.requests++;
	if (status == ANSWER_NONE) {
		if (message->method == SIPRING_METHOD_ACK)
			server->counts.acks++;
		else
			server->counts.silent++;
		return;
	}
	int written = answer_write(policy, message, status, &info->source, &info->destination,
		server->answer, sizeof(server->answer));
	if (written < 0) {
		server->counts.unanswerable++;
		return;
	}
	struct sipring_send send = {.data = server->answer,
		.size = (size_t)written,
		.association = info->association,
		.stream = info->stream,
		.ppid = info->ppid};
	int result = sipring_send(server->worker, &send);
	if (result == 0)
		server->counts.answered++;
	else if (result == -ENOBUFS)
		server->counts.refused_full++;
	else if (result == -ESHUTDOWN)
		server->counts.refused_draining++;
	else
		server->counts.refused++;
}

/* Failures are in the engine's own counters. */
static void on_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	(void)user, (void)cookie, (void)outcome, (void)error;
}

static int say_ready(const char *path)
{
	terminal_line("ready");
	if (!path)
		return 0;
	FILE *file = fopen(path, "we");
	bool is_written = file && fputs("ready\n", file) >= 0;
	if (file && fclose(file))
		is_written = false;
	if (is_written)
		return 0;
	terminal_error("%s: %s", path, strerror(errno));
	return -EIO;
}

/* Turns until a signal ended it. 0, 1 where it was cut short, or -errno of the engine. */
static int run(struct server *server)
{
	const struct serve_options *options = server->options;
	struct serve_report report;
	bool is_draining = false;
	serve_report_begin(&report, server->worker);
	uint64_t next_ns = number_clock_ns() + options->interval_ns;
	for (;;) {
		uint64_t now_ns = number_clock_ns();
		if (now_ns >= next_ns) {
			serve_report_progress(&report, server->worker, now_ns);
			next_ns += options->interval_ns;
			if (next_ns <= now_ns)
				next_ns = now_ns + options->interval_ns;
		}
		int result = sipring_worker_turn(server->worker, (int64_t)(next_ns - now_ns));
		if (result < 0)
			return result;
		if (signals_count() >= 2)
			return 1;
		if (signals_count() == 1 && !is_draining) {
			uint64_t limit_ms = options->drain_timeout_ns / 1000000;
			terminal_progress("draining, at most %s",
				number_time(options->drain_timeout_ns).text);
			sipring_worker_drain(server->worker, (uint32_t)limit_ms);
			is_draining = true;
		}
		if (is_draining && sipring_worker_drained(server->worker))
			return 0;
	}
}

static int bad_listener(const char *listener, const struct sipring_error *error)
{
	bool is_named = strstr(error->text, listener) != NULL;
	return options_usage(&command, "%s%s%s", is_named ? "" : listener, is_named ? "" : ": ",
		error->text);
}

static int serve(struct options *options, struct serve_options *own, struct server *server)
{
	struct sipring *sipring;
	struct sipring_error error;
	struct sipring_callbacks callbacks = {.dispatch = on_message,
		.outcome = on_outcome,
		.log = terminal_log,
		.user = server};
	for (unsigned i = 0; i < own->n_listeners; i++)
		if (sipring_config_listen(options->config, own->listeners[i], &error) < 0)
			return bad_listener(own->listeners[i], &error);
	if (sipring_open(&sipring, options->config, &error) < 0)
		return options_usage(&command, "%s", error.text);
	if (sipring_worker_open(&server->worker, sipring, &callbacks, &error) < 0) {
		terminal_error("%s", error.text);
		sipring_close(sipring);
		return OPTIONS_STATUS_NOT_STARTED;
	}
	signals_watch(server->worker);
	serve_report_start(server->worker, own->listeners, own->n_listeners, options->sctp_port);
	int status = OPTIONS_STATUS_NOT_STARTED;
	if (say_ready(own->ready_file) == 0) {
		int result = run(server);
		status = result == 0 ? OPTIONS_STATUS_OK : OPTIONS_STATUS_FAILED;
		terminal_end();
		if (result < 0)
			terminal_error("the worker cannot go on: %s", strerror(-result));
		serve_report_end(server->worker, &server->counts);
		if (own->stats_json &&
			serve_report_json(server->worker, &server->counts, own->stats_json) < 0)
			status = OPTIONS_STATUS_FAILED;
	}
	signals_forget();
	sipring_worker_close(server->worker);
	sipring_close(sipring);
	return status;
}

/* Listeners are those of the command line where it has any; of answers its word is the last. */
static int take_file(struct serve_options *own, struct options *options, struct settings_file *file,
	struct sipring_error *error)
{
	const char *text;
	int result = settings_file_read(file, own->config, options, error);
	if (result < 0)
		return result;
	for (unsigned i = 0, had = own->n_listeners;
		had == 0 && (text = settings_file_listener(file, i)); i++)
		if ((result = take_listen(own, text, error)) < 0)
			return result;
	answer_setup(&own->policy);
	for (unsigned i = 0; (text = settings_file_answer(file, i)); i++)
		if ((result = answer_configure(&own->policy, text, error)) < 0)
			return result;
	for (unsigned i = 0; i < own->n_answers; i++)
		if ((result = answer_configure(&own->policy, own->answers[i], error)) < 0)
			return result;
	return 0;
}

int serve_command(int argc, char **argv)
{
	static struct server server;
	struct serve_options own = {.drain_timeout_ns = 5000000000};
	struct options options;
	struct settings_file file = {0};
	struct sipring_error error;
	int operand, status;
	answer_setup(&own.policy);
	if (options_parse(&options, &command, &own, argc, argv, &operand, &status)) {
		for (; operand < argc && status == OPTIONS_STATUS_OK; operand++)
			if (take_listen(&own, argv[operand], &error) < 0)
				status = options_usage(&command, "%s", error.text);
		if (own.config && status == OPTIONS_STATUS_OK &&
			take_file(&own, &options, &file, &error) < 0)
			status = options_usage(&command, "%s", error.text);
		if (own.n_listeners == 0)
			own.listeners[own.n_listeners++] = "sctp:*";
		if (own.interval_ns == 0)
			own.interval_ns = terminal_live() ? 1000000000 : 10000000000;
		answer_finish(&own.policy);
		server.options = &own;
		if (status == OPTIONS_STATUS_OK)
			status = serve(&options, &own, &server);
	}
	settings_file_free(&file);
	options_free(&options);
	return status;
}
