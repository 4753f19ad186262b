/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring serve: listens, and answers every request in the turn that brought it, without state.
 * Here is what it was asked for, and the way with one worker, in this process; several are in
 * serve_crew.c. Either way the counters are told at the end.
 */
#include "tools/serve.h"
#include "tools/commands.h"
#include "tools/number.h"
#include "tools/settings_file.h"
#include "tools/supervisor.h"
#include "tools/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int take_listen(void *into, const char *value, struct sipring_error *error)
{
	struct serve_options *options = into;
	if (options->n_listeners == SERVE_LISTENERS_MAX) {
		snprintf(error->text, sizeof(error->text), "more than %u listeners",
			SERVE_LISTENERS_MAX);
		return -E2BIG;
	}
	options->listeners[options->n_listeners++] = value;
	return 0;
}

static int take_answer(void *into, const char *value, struct sipring_error *error)
{
	struct serve_options *options = into;
	if (options->n_answers == SERVE_ANSWERS_MAX) {
		snprintf(error->text, sizeof(error->text), "given more than %u times",
			SERVE_ANSWERS_MAX);
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
	{.name = "workers",
		.argument = "N",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct serve_options, workers),
		.help = "that many processes share the listeners, from 1 to 64; one that\n"
			"crashes is started again (default 1: this process)"},
	{.name = "restarts",
		.argument = "N",
		.kind = OPTIONS_NUMBER,
		.offset = offsetof(struct serve_options, restarts_max),
		.max = SUPERVISOR_CRASHES_MAX - 1,
		.help = "how often a worker is started again within the window before it\n"
			"is given up (default 5)"},
	{.name = "restart-window",
		.argument = "SECONDS",
		.kind = OPTIONS_TIME,
		.offset = offsetof(struct serve_options, restart_window_ns),
		.min = 1000000000,
		.max = 86400000000000,
		.help = "that window (default 60)"},
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
		.help = "how long an end in order may take (default 10)"},
	{.name = "drain-quiet",
		.argument = "SECONDS",
		.kind = OPTIONS_TIME,
		.offset = offsetof(struct serve_options, drain_quiet_ns),
		.max = 86400000000000,
		.help = "in an end in order an association is ended when it had no message\n"
			"for so long, but half-way to --drain-timeout at the latest\n"
			"(default 0.1)"},
	{.name = "take-over",
		.argument = "SOCKET",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct serve_options, take_over),
		.help = "take the place of a server that has --status SOCKET: it drains\n"
			"when this one is ready, and nobody is refused meanwhile"},
	{.name = "ready-file",
		.argument = "FILE",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct serve_options, ready_file),
		.help = "write \"ready\" to FILE once it listens (standard output has\n"
			"the line in any case)"},
	{.name = "status",
		.argument = "PATH",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct serve_options, status_path),
		.help = "answer sipring stat and sipring top at a socket of that name"},
	{.name = "metrics",
		.argument = "ADDRESS:PORT",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct serve_options, metrics_at),
		.help = "all counters for Prometheus at http://ADDRESS:PORT/metrics"},
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

int serve_say_ready(const struct serve_options *options)
{
	const char *path = options->ready_file;
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

/* One worker's way in this process: its progress, told from its own loop. */
struct alone {
	struct serve_worker server;
	struct serve_counts counts;
	struct serve_report report;
};

static uint64_t beat(void *user, uint64_t now_ns)
{
	struct alone *alone = user;
	struct sipring_stats stats;
	if (now_ns >= alone->report.next_ns) {
		sipring_worker_stats(alone->server.worker, &stats);
		serve_report_progress(&alone->report, &stats, now_ns);
	}
	return alone->report.next_ns;
}

static int run(struct alone *alone)
{
	const struct serve_options *options = alone->server.options;
	struct serve_figures figures = {.n_workers = 1};
	sipring_worker_choice(alone->server.worker, &figures.choice);
	serve_report_start(&figures.choice, options, 1);
	if (serve_say_ready(options) < 0)
		return OPTIONS_STATUS_NOT_STARTED;
	sipring_worker_stats(alone->server.worker, &figures.engine);
	serve_report_begin(&alone->report, &figures.engine, options->interval_ns);
	int result = serve_worker_run(&alone->server, beat, alone);
	terminal_end();
	figures.counts = alone->counts;
	sipring_worker_stats(alone->server.worker, &figures.engine);
	serve_report_end(&figures);
	if (options->stats_json && serve_report_json(&figures, options->stats_json) < 0)
		return OPTIONS_STATUS_FAILED;
	return result == 0 ? OPTIONS_STATUS_OK : OPTIONS_STATUS_FAILED;
}

static int serve_alone(const struct serve_options *options, struct sipring *sipring)
{
	static struct alone alone;
	alone.server.options = options;
	alone.server.sipring = sipring;
	alone.server.counts = &alone.counts;
	alone.server.policy = options->policy;
	int status = serve_worker_open(&alone.server);
	if (status != 0)
		return status;
	status = run(&alone);
	serve_worker_close(&alone.server);
	return status;
}

static int bad_listener(const char *listener, const struct sipring_error *error)
{
	bool is_named = strstr(error->text, listener) != NULL;
	return options_usage(&command, "%s%s%s", is_named ? "" : listener, is_named ? "" : ": ",
		error->text);
}

static unsigned count_workers(const struct options *options)
{
	char text[16];
	uint64_t n = 1;
	sipring_config_get(options->config, "workers", text, sizeof(text));
	number_parse(text, 1, SUPERVISOR_WORKERS_MAX, &n);
	return (unsigned)n;
}

int serve_listen(const struct serve_options *own, unsigned index, struct sipring_config *config,
	struct sipring_error *error)
{
	int result = sipring_config_listen(config, own->listeners[index], error);
	if (result == 0 && own->file)
		result = settings_file_tune(own->file, config, index, own->listeners[index], error);
	return result;
}

static int serve(struct options *options, struct serve_options *own)
{
	struct sipring *sipring;
	struct sipring_error error;
	for (unsigned i = 0; i < own->n_listeners; i++)
		if (serve_listen(own, i, options->config, &error) < 0)
			return bad_listener(own->listeners[i], &error);
	int result = sipring_open(&sipring, options->config, &error);
	if (result == -EINVAL || result == -ERANGE)
		return options_usage(&command, "%s", error.text);
	if (result < 0) {
		terminal_error("%s", error.text);
		return OPTIONS_STATUS_NOT_STARTED;
	}
	unsigned n_workers = count_workers(options);
	int status = OPTIONS_STATUS_NOT_STARTED;
	if (!own->takeover || serve_takeover_inherit(own->takeover, sipring, n_workers) == 0)
		status = n_workers > 1 || own->status_path || own->metrics_at || own->takeover
			? serve_crew(own, sipring, n_workers)
			: serve_alone(own, sipring);
	sipring_close(sipring);
	return status;
}

static int serve_instead(struct options *options, struct serve_options *own)
{
	struct serve_takeover takeover;
	int status = OPTIONS_STATUS_NOT_STARTED;
	own->takeover = &takeover;
	if (serve_takeover_ask(&takeover, own->take_over) == 0)
		status = serve(options, own);
	serve_takeover_close(&takeover);
	return status;
}

/* Once each: a section may only tell how one is to be that the list has. */
static int take_section(struct serve_options *own, const char *text, struct sipring_error *error)
{
	for (unsigned i = 0; i < own->n_listeners; i++)
		if (!strcmp(own->listeners[i], text))
			return 0;
	return take_listen(own, text, error);
}

/* Listeners are those of the command line where it has any; of answers its word is the last. */
int serve_take_file(struct serve_options *own, struct options *options, struct settings_file *file,
	struct sipring_error *error)
{
	const char *text;
	int result = settings_file_read(file, own->config, options, error);
	if (result < 0)
		return result;
	for (unsigned i = 0; own->n_named == 0 && (text = settings_file_listener(file, i)); i++)
		if ((result = take_listen(own, text, error)) < 0)
			return result;
	for (unsigned i = 0; own->n_named == 0 && (text = settings_file_section(file, i)); i++)
		if ((result = take_section(own, text, error)) < 0)
			return result;
	own->file = file;
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
	struct serve_options own = {.drain_timeout_ns = 10000000000,
		.drain_quiet_ns = 100000000,
		.restarts_max = 5,
		.restart_window_ns = 60000000000};
	struct options options;
	struct settings_file file = {0};
	struct sipring_error error;
	int operand, status;
	answer_setup(&own.policy);
	if (options_parse(&options, &command, &own, argc, argv, &operand, &status)) {
		for (; operand < argc && status == OPTIONS_STATUS_OK; operand++)
			if (take_listen(&own, argv[operand], &error) < 0)
				status = options_usage(&command, "%s", error.text);
		if (own.workers && status == OPTIONS_STATUS_OK &&
			options_set(&options, "workers", own.workers, &error) < 0)
			status = options_usage(&command, "%s", error.text);
		own.n_named = own.n_listeners;
		own.common = &options;
		if (own.config && status == OPTIONS_STATUS_OK &&
			serve_take_file(&own, &options, &file, &error) < 0)
			status = options_usage(&command, "%s", error.text);
		if (own.n_listeners == 0)
			own.listeners[own.n_listeners++] = "sctp:*";
		if (own.interval_ns == 0)
			own.interval_ns = terminal_live() ? 1000000000 : 10000000000;
		answer_finish(&own.policy);
		own.sctp_port = options.sctp_port;
		own.verbosity = options.verbosity;
		if (status == OPTIONS_STATUS_OK)
			status = own.take_over ? serve_instead(&options, &own)
					       : serve(&options, &own);
	}
	settings_file_free(&file);
	options_free(&options);
	return status;
}
