/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring top: a server that runs, as a table that is drawn anew each second: workers with their
 * rates, associations with their paths. Rates are the difference of two answers. On a terminal a
 * table takes the place of the one before and has as many rows as the terminal; elsewhere one
 * follows the other, whole, without a colour or an escape.
 */
#include "tools/ask.h"
#include "tools/commands.h"
#include "tools/number.h"
#include "tools/options.h"
#include "tools/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define ROWS_PLAIN UINT32_MAX
#define ROWS_AROUND 5 /* of the head, and of what separates */

struct top_options {
	uint64_t interval_ns;
	uint64_t count; /* 0: without end */
};

struct top {
	const char *path;
	bool is_live;
	cJSON *before; /* the last answer */
	uint64_t before_ns;
};

static const struct options_row rows[] = {
	{.name = "interval",
		.argument = "SECONDS",
		.kind = OPTIONS_TIME,
		.offset = offsetof(struct top_options, interval_ns),
		.min = 100000000,
		.max = 86400000000000,
		.help = "between two tables (default 1)"},
	{.name = "count",
		.argument = "N",
		.kind = OPTIONS_NUMBER,
		.offset = offsetof(struct top_options, count),
		.min = 1,
		.max = 1000000000,
		.help = "so many tables (default: until it is ended)"},
};

static const struct options_command command = {
	.name = "top",
	.operands = "SOCKET",
	.summary = "Shows workers and associations of a server that was started with --status\n"
		   "SOCKET, each second anew.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.ending = "Exit status: 0 it answered, 1 it did not, 2 usage.",
};

static uint32_t rows_left(const struct top *top, uint32_t n_workers)
{
	struct winsize size;
	if (!top->is_live || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return ROWS_PLAIN;
	return size.ws_row > n_workers + ROWS_AROUND ? size.ws_row - n_workers - ROWS_AROUND : 0;
}

/* What a counter of a worker grew by in a second. */
static uint64_t rate(const struct top *top, const cJSON *worker, uint64_t now_ns, const char *name)
{
	const cJSON *workers = cJSON_GetObjectItemCaseSensitive(top->before, "workers");
	const cJSON *before = cJSON_GetArrayItem(workers, (int)ask_count(worker, "place"));
	uint64_t now = ask_count(cJSON_GetObjectItemCaseSensitive(worker, "engine"), name);
	uint64_t then = ask_count(cJSON_GetObjectItemCaseSensitive(before, "engine"), name);
	double seconds = (double)(now_ns - top->before_ns) / 1e9;
	if (!before || now < then || seconds <= 0)
		return 0;
	return (uint64_t)((double)(now - then) / seconds + 0.5);
}

static void show_worker(const struct top *top, const cJSON *worker, uint64_t now_ns)
{
	const cJSON *engine = cJSON_GetObjectItemCaseSensitive(worker, "engine");
	terminal_line("%6lu %7lu %-5s %7lu %10s %10s %10s %10s %10s %10s %7lu",
		(unsigned long)ask_count(worker, "place"),
		(unsigned long)ask_count(worker, "process"), ask_string(worker, "state"),
		(unsigned long)ask_count(engine, "associations"),
		number_count(rate(top, worker, now_ns, "received_messages")).text,
		number_count(rate(top, worker, now_ns, "sent")).text,
		number_count(rate(top, worker, now_ns, "turns")).text,
		number_count(ask_count(engine, "queue_messages")).text,
		number_bytes(ask_count(engine, "queue_bytes")).text,
		number_count(rate(top, worker, now_ns, "malformed")).text,
		(unsigned long)ask_count(worker, "crashes"));
}

/* The longest queues first, then by peer. */
static int compare(const void *left, const void *right)
{
	const cJSON *a = *(const cJSON *const *)left, *b = *(const cJSON *const *)right;
	uint64_t in_a = ask_count(a, "queue_bytes"), in_b = ask_count(b, "queue_bytes");
	if (in_a != in_b)
		return in_a < in_b ? 1 : -1;
	return strcmp(ask_string(a, "peer"), ask_string(b, "peer"));
}

static void show_association(const cJSON *one)
{
	const cJSON *inbound = cJSON_GetObjectItemCaseSensitive(one, "inbound");
	const cJSON *active = cJSON_GetObjectItemCaseSensitive(one, "primary_active");
	char rtt[24] = "-", rto[24] = "-", cwnd[24] = "-", under_way[24] = "-";
	if (active) {
		snprintf(rtt, sizeof(rtt), "%lu", (unsigned long)ask_count(one, "rtt_ms"));
		snprintf(rto, sizeof(rto), "%lu", (unsigned long)ask_count(one, "rto_ms"));
		snprintf(cwnd, sizeof(cwnd), "%lu", (unsigned long)ask_count(one, "cwnd"));
		snprintf(under_way, sizeof(under_way), "%lu",
			(unsigned long)ask_count(one, "unacknowledged"));
	}
	terminal_line("%-28s %-3s %-10s %6lu %-28s %6s %6s %8s %7s %9s", ask_string(one, "peer"),
		cJSON_IsTrue(inbound) ? "in" : "out", ask_string(one, "state"),
		(unsigned long)ask_count(one, "worker"),
		!active                        ? "-"
			: cJSON_IsTrue(active) ? ask_string(one, "primary")
					       : "(down)",
		rtt, rto, cwnd, under_way, number_bytes(ask_count(one, "queue_bytes")).text);
}

static void show_associations(const cJSON *root, uint32_t n_rows)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(root, "associations"), *item;
	int n = cJSON_GetArraySize(array);
	const cJSON **sorted = calloc((size_t)n + 1, sizeof(*sorted));
	uint32_t n_shown = 0, n_sorted = 0;
	if (!sorted)
		return;
	cJSON_ArrayForEach(item, array) sorted[n_sorted++] = item;
	qsort(sorted, n_sorted, sizeof(*sorted), compare);
	terminal_line("%s%-28s %-3s %-10s %6s %-28s %6s %6s %8s %7s %9s%s", terminal_bold(), "PEER",
		"WAY", "STATE", "WORKER", "PRIMARY PATH", "RTT ms", "RTO ms", "CWND", "UNACKED",
		"QUEUE", terminal_plain());
	for (; n_shown < n_sorted && n_shown < n_rows; n_shown++)
		show_association(sorted[n_shown]);
	uint64_t n_left = n_sorted - n_shown + ask_count(root, "associations_left_out");
	if (n_left)
		terminal_line("and %s more", number_count(n_left).text);
	if (ask_count(root, "workers_silent"))
		terminal_line("%s workers did not answer in time",
			number_count(ask_count(root, "workers_silent")).text);
	free(sorted);
}

/* ", 3 up, 1 draining": the states in which there are any. */
static void tell_states(const cJSON *engine, char *out, size_t size)
{
	static const char prefix[] = "state_";
	const cJSON *item;
	size_t n = 0;
	*out = 0;
	cJSON_ArrayForEach(item, engine)
	{
		if (strncmp(item->string, prefix, strlen(prefix)) || n >= size)
			continue;
		uint64_t count = ask_count(engine, item->string);
		if (count)
			n += (size_t)snprintf(out + n, size - n, "%s%s %s", n ? ", " : ": ",
				number_count(count).text, item->string + strlen(prefix));
	}
}

static void show(const struct top *top, const cJSON *root, uint64_t now_ns)
{
	const cJSON *workers = cJSON_GetObjectItemCaseSensitive(root, "workers"), *worker;
	const cJSON *engine = cJSON_GetObjectItemCaseSensitive(root, "engine");
	char states[160];
	if (top->is_live)
		fputs("\033[H\033[2J", stdout);
	tell_states(engine, states, sizeof(states));
	terminal_line("sipring %s, %s, %s, up for %s; %s associations%s",
		ask_string(root, "version"), ask_string(root, "provider"), ask_string(root, "io"),
		number_time(ask_count(root, "uptime_ms") * 1000000).text,
		number_count(ask_count(engine, "associations")).text, states);
	terminal_line("%s%6s %7s %-5s %7s %10s %10s %10s %10s %10s %10s %7s%s", terminal_bold(),
		"WORKER", "PROCESS", "STATE", "ASSOCS", "IN/s", "OUT/s", "TURNS/s", "QUEUED",
		"BYTES", "BAD/s", "CRASHES", terminal_plain());
	cJSON_ArrayForEach(worker, workers) show_worker(top, worker, now_ns);
	show_associations(root, rows_left(top, (uint32_t)cJSON_GetArraySize(workers)));
	if (!top->is_live)
		terminal_line("%s", "");
}

static int run(struct top *top, const struct top_options *own)
{
	struct timespec pause = {.tv_sec = (time_t)(own->interval_ns / 1000000000),
		.tv_nsec = (long)(own->interval_ns % 1000000000)};
	for (uint64_t i = 0; own->count == 0 || i < own->count; i++) {
		struct sipring_error error;
		if (i)
			nanosleep(&pause, NULL);
		cJSON *root = ask(top->path, "top", &error);
		uint64_t now_ns = number_clock_ns();
		if (!root) {
			terminal_error("%s", error.text);
			return OPTIONS_STATUS_FAILED;
		}
		show(top, root, now_ns);
		cJSON_Delete(top->before);
		top->before = root;
		top->before_ns = now_ns;
	}
	return OPTIONS_STATUS_OK;
}

int top_command(int argc, char **argv)
{
	struct top_options own = {.interval_ns = 1000000000};
	struct top top = {.is_live = isatty(STDOUT_FILENO) != 0};
	struct options options;
	int operand, status;
	if (options_parse(&options, &command, &own, argc, argv, &operand, &status)) {
		if (operand + 1 == argc) {
			top.path = argv[operand];
			status = run(&top, &own);
		} else {
			status = options_usage(&command,
				"one SOCKET is needed, that of serve --status");
		}
	}
	cJSON_Delete(top.before);
	options_free(&options);
	return status;
}
