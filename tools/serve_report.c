/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `sipring serve` tells: how it started, what goes on, what it has done. Rates are the
 * difference of two looks at the engine's counters; nothing here is on the path of a message.
 */
#include "tools/serve_report.h"

#include "tools/choice.h"
#include "tools/json.h"
#include "tools/number.h"
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

void serve_report_start(struct sipring_worker *worker, const char *const *listeners,
	unsigned n_listeners, uint16_t sctp_port)
{
	terminal_line("sipring %s", sipring_version());
	choice_print(worker);
	for (unsigned i = 0; i < n_listeners; i++) {
		char port[16] = "";
		if (!names_port(listeners[i]))
			snprintf(port, sizeof(port), ":%u", sctp_port);
		terminal_line("  listening %s%s", listeners[i], port);
	}
}

void serve_report_begin(struct serve_report *report, struct sipring_worker *worker)
{
	report->last_ns = number_clock_ns();
	sipring_worker_stats(worker, &report->last);
}

static uint64_t failed_sum(const struct sipring_stats *stats)
{
	return stats->failed_connect + stats->failed_lost + stats->failed_timeout +
		stats->failed_refused + stats->failed_unresolved + stats->failed_closed;
}

void serve_report_progress(struct serve_report *report, struct sipring_worker *worker,
	uint64_t now_ns)
{
	struct sipring_stats now;
	char clock[16];
	time_t wall = time(NULL);
	struct tm local;
	sipring_worker_stats(worker, &now);
	double seconds = (double)(now_ns - report->last_ns) / 1e9;
	uint64_t in = now.received_messages - report->last.received_messages;
	uint64_t out = now.sent - report->last.sent;
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&wall, &local));
	terminal_progress("%s  in %s msg/s  out %s msg/s  associations %s  queued %s  failed %s",
		clock, number_count((uint64_t)((double)in / seconds + 0.5)).text,
		number_count((uint64_t)((double)out / seconds + 0.5)).text,
		number_count(now.associations).text, number_bytes(now.queue_bytes).text,
		number_count(failed_sum(&now)).text);
	report->last = now;
	report->last_ns = now_ns;
}

static void show(const char *name, uint64_t value)
{
	if (value)
		terminal_line("  %-24s %s", name, number_count(value).text);
}

void serve_report_end(struct sipring_worker *worker, const struct serve_counts *counts)
{
	struct sipring_stats stats;
	sipring_worker_stats(worker, &stats);
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
}

int serve_report_json(struct sipring_worker *worker, const struct serve_counts *counts,
	const char *path)
{
	struct sipring_stats stats;
	struct sipring_choice choice;
	sipring_worker_stats(worker, &stats);
	sipring_worker_choice(worker, &choice);
	cJSON *root = json_begin("sipring serve", SERVE_SCHEMA);
	json_add_choice(root, &choice);
	json_add_count(root, "requests", counts->requests);
	json_add_count(root, "answered", counts->answered);
	json_add_count(root, "acks", counts->acks);
	json_add_count(root, "silent", counts->silent);
	json_add_count(root, "responses", counts->responses);
	json_add_count(root, "unanswerable", counts->unanswerable);
	json_add_count(root, "refused_full", counts->refused_full);
	json_add_count(root, "refused_draining", counts->refused_draining);
	json_add_count(root, "refused", counts->refused);
	uint64_t messages = stats.received_messages + stats.sent;
	cJSON_AddNumberToObject(root, "system_calls_per_message",
		messages ? (double)stats.system_calls / (double)messages : 0);
	json_add_stats(root, "engine", &stats);
	return json_write(path, root);
}
