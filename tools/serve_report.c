/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `sipring serve` tells: how it started, what goes on, what it has done. Rates are the
 * difference of two looks at the engine's counters; nothing here is on the path of a message.
 */
#include "tools/serve_report.h"

#include "tools/choice.h"
#include "tools/json.h"
#include "tools/number.h"
#include "tools/serve.h"
#include "tools/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SERVE_SCHEMA 1

/* Whether a listener in text names its port: a colon after the last bracket. */
static bool names_port(const char *listener)
{
	const char *at = strchr(listener, ':');
	if (!at)
		return false;
	const char *bracket = strpbrk(at + 1, "])");
	while (bracket && strpbrk(bracket + 1, "])"))
		bracket = strpbrk(bracket + 1, "])");
	return strchr(bracket ? bracket : at + 1, ':') != NULL;
}

void serve_counts_add(struct serve_counts *sum, const struct serve_counts *counts)
{
	sum->requests += counts->requests;
	sum->answered += counts->answered;
	sum->acks += counts->acks;
	sum->silent += counts->silent;
	sum->responses += counts->responses;
	sum->unanswerable += counts->unanswerable;
	sum->refused_full += counts->refused_full;
	sum->refused_draining += counts->refused_draining;
	sum->refused += counts->refused;
}

void serve_report_start(const struct sipring_choice *choice, const struct serve_options *options,
	unsigned n_workers)
{
	terminal_line("sipring %s", sipring_version());
	choice_print(choice);
	if (n_workers > 1)
		terminal_line("  %-9s %u, each a process", "workers", n_workers);
	for (unsigned i = 0; i < options->n_listeners; i++) {
		char port[16] = "";
		if (!names_port(options->listeners[i]))
			snprintf(port, sizeof(port), ":%u", options->sctp_port);
		terminal_line("  listening %s%s", options->listeners[i], port);
	}
}

void serve_report_begin(struct serve_report *report, const struct sipring_stats *now,
	uint64_t interval_ns)
{
	report->last_ns = number_clock_ns();
	report->interval_ns = interval_ns;
	report->next_ns = report->last_ns + interval_ns;
	report->last = *now;
}

static uint64_t failed_sum(const struct sipring_stats *stats)
{
	return stats->failed_connect + stats->failed_lost + stats->failed_timeout +
		stats->failed_refused + stats->failed_unresolved + stats->failed_closed +
		stats->failed_killed;
}

void serve_report_progress(struct serve_report *report, const struct sipring_stats *now,
	uint64_t now_ns)
{
	char clock[16];
	time_t wall = time(NULL);
	struct tm local;
	double seconds = (double)(now_ns - report->last_ns) / 1e9;
	uint64_t in = now->received_messages - report->last.received_messages;
	uint64_t out = now->sent - report->last.sent;
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&wall, &local));
	terminal_progress("%s  in %s msg/s  out %s msg/s  associations %s  queued %s  failed %s",
		clock, number_count((uint64_t)((double)in / seconds + 0.5)).text,
		number_count((uint64_t)((double)out / seconds + 0.5)).text,
		number_count(now->associations).text, number_bytes(now->queue_bytes).text,
		number_count(failed_sum(now)).text);
	report->last = *now;
	report->last_ns = now_ns;
	report->next_ns += report->interval_ns;
	if (report->next_ns <= now_ns)
		report->next_ns = now_ns + report->interval_ns;
}

static void show(const char *name, uint64_t value)
{
	if (value)
		terminal_line("  %-24s %s", name, number_count(value).text);
}

void serve_report_end(const struct serve_figures *figures)
{
	const struct serve_counts *counts = &figures->counts;
	const struct sipring_stats stats = figures->engine;
	uint64_t messages = stats.received_messages + stats.sent;
	terminal_line(
		"received %s, answered %s, malformed %s, failed %s, system calls per message %s",
		number_count(stats.received_messages).text, number_count(counts->answered).text,
		number_count(stats.malformed).text,
		number_count(failed_sum(&stats) + counts->refused_full + counts->refused_draining +
			counts->refused + counts->unanswerable)
			.text,
		number_ratio(messages ? (double)stats.system_calls / (double)messages : 0).text);
	show("ACK", counts->acks);
	show("left unanswered", counts->silent);
	show("responses received", counts->responses);
	show("unanswerable", counts->unanswerable);
	show("refused, queue full", counts->refused_full);
	show("refused, ending", counts->refused_draining);
	show("refused, no association", counts->refused);
	show("failed, lost", stats.failed_lost);
	show("failed, timed out", stats.failed_timeout);
	show("failed, SCTP refused", stats.failed_refused);
	show("failed, cut short", stats.failed_closed);
	show("failed, worker killed", stats.failed_killed);
	show("given back by SCTP", stats.returned);
	show("malformed, answered", stats.malformed_answered);
	show("too long", stats.too_long);
	show("broken off", stats.abandoned);
	show("keep-alives", stats.keepalives);
	show("associations", stats.associations_up);
	show("associations refused", stats.associations_refused);
	show("refused for max_assocs", stats.associations_refused_all);
	show("for max_assocs_per_addr", stats.associations_refused_addr);
	show("for accept_rate", stats.associations_refused_rate);
	if (stats.starts > figures->n_workers)
		show("workers started again", stats.starts - figures->n_workers);
}

/* Of several workers each one's, with those before it in its place. */
static void add_workers(cJSON *root, const struct serve_figures *figures)
{
	cJSON *workers = cJSON_AddArrayToObject(root, "workers_engine");
	for (unsigned i = 0; i < figures->n_workers; i++) {
		struct sipring_stats stats;
		cJSON *one = cJSON_CreateObject();
		sipring_stats_of(figures->sipring, (int)i, &stats);
		json_add_stats(one, "engine", &stats);
		cJSON_AddItemToArray(workers, cJSON_DetachItemFromObject(one, "engine"));
		cJSON_Delete(one);
	}
}

void serve_report_add_counts(cJSON *object, const struct serve_counts *counts)
{
	json_add_count(object, "requests", counts->requests);
	json_add_count(object, "answered", counts->answered);
	json_add_count(object, "acks", counts->acks);
	json_add_count(object, "silent", counts->silent);
	json_add_count(object, "responses", counts->responses);
	json_add_count(object, "unanswerable", counts->unanswerable);
	json_add_count(object, "refused_full", counts->refused_full);
	json_add_count(object, "refused_draining", counts->refused_draining);
	json_add_count(object, "refused", counts->refused);
}

int serve_report_json(const struct serve_figures *figures, const char *path)
{
	const struct serve_counts *counts = &figures->counts;
	const struct sipring_stats stats = figures->engine;
	cJSON *root = json_begin("sipring serve", SERVE_SCHEMA);
	json_add_choice(root, &figures->choice);
	serve_report_add_counts(root, counts);
	uint64_t messages = stats.received_messages + stats.sent;
	cJSON_AddNumberToObject(root, "system_calls_per_message",
		messages ? (double)stats.system_calls / (double)messages : 0);
	if (figures->sipring)
		add_workers(root, figures);
	json_add_stats(root, "engine", &stats); /* the last: tests/interop/lib.sh */
	return json_write(path, root);
}
