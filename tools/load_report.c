/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `sipring load` tells: what it is about to do, a state per interval, and at the end where
 * every request went, the rate and the latency. Latency is that of answered requests; in an open
 * loop it counts from the time at which the request was due. Rates are over the time from the
 * first request to the end of the last. Nothing here is on the path of a message.
 */
#include "tools/choice.h"
#include "tools/json.h"
#include "tools/load.h"
#include "tools/number.h"
#include "tools/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOAD_SCHEMA 1

static const struct {
	const char *name; /* in JSON */
	const char *label;
	double percent;
} percentiles[] = {{"p50", "p50", 50}, {"p90", "p90", 90}, {"p99", "p99", 99},
	{"p99_9", "p99.9", 99.9}};
#define N_PERCENTILES (sizeof(percentiles) / sizeof(percentiles[0]))

static const char *const outcome_names[] = {
	[SIPRING_OUTCOME_SENT] = NULL,
	[SIPRING_OUTCOME_CONNECT_FAILED] = "connect",
	[SIPRING_OUTCOME_LOST] = "association_lost_unsent",
	[SIPRING_OUTCOME_TIMED_OUT] = "send_timeout",
	[SIPRING_OUTCOME_REFUSED] = "refused",
	[SIPRING_OUTCOME_UNRESOLVED] = "unresolved",
	[SIPRING_OUTCOME_CLOSED] = "closed",
};

static double elapsed_s(const struct load *load)
{
	return load->done_ns > load->begin_ns ? (double)(load->done_ns - load->begin_ns) / 1e9 : 0;
}

static double per_second(const struct load *load, uint64_t count)
{
	double seconds = elapsed_s(load);
	return seconds > 0 ? (double)count / seconds : 0;
}

static double system_calls_per_message(const struct load *load)
{
	const struct sipring_stats *begin = &load->stats_begin, *end = &load->stats_end;
	uint64_t messages =
		end->received_messages - begin->received_messages + end->sent - begin->sent;
	uint64_t calls = end->system_calls - begin->system_calls;
	return messages ? (double)calls / (double)messages : 0;
}

void load_report_start(const struct load *load)
{
	const struct load_options *options = load->options;
	char loop[64], length[64] = "";
	struct sipring_choice choice;
	if (options->rate)
		snprintf(loop, sizeof(loop), "open loop, %s/s", number_count(options->rate).text);
	else
		snprintf(loop, sizeof(loop), "closed loop, window %s",
			number_count(options->window).text);
	if (options->duration_ns)
		snprintf(length, sizeof(length), ", %s", number_time(options->duration_ns).text);
	terminal_line("sipring load %s (%s)", load->target.uri, load->target.peer);
	sipring_worker_choice(load->client.worker, &choice);
	choice_print(&choice);
	terminal_line("  load      %s of %zu B, %s, %s association%s%s%s%s", options->method,
		load->message.size, loop, number_count(options->peers).text,
		options->peers == 1 ? "" : "s", length, options->count ? ", requests " : "",
		options->count ? number_count(options->count).text : "");
}

void load_report_progress(struct load *load, struct load_progress *progress, uint64_t now_ns)
{
	const struct load_counts *counts = &load->counts;
	double seconds = (double)(now_ns - progress->last_ns) / 1e9;
	const struct histogram *latency = &load->interval_latency;
	terminal_progress("%4.0f s  sent %s/s  answered %s/s  p50 %s  p99 %s  failed %s  lost %s"
			  "  outstanding %s",
		(double)(now_ns - load->begin_ns) / 1e9,
		number_count((uint64_t)((double)(counts->sent - progress->sent) / seconds)).text,
		number_count((uint64_t)((double)(counts->answered - progress->answered) / seconds))
			.text,
		number_time(histogram_percentile(latency, 50)).text,
		number_time(histogram_percentile(latency, 99)).text,
		number_count(load_run_failed(counts)).text, number_count(counts->lost).text,
		number_count(load->slots.n_used).text);
	histogram_merge(&load->latency, latency);
	histogram_reset(&load->interval_latency);
	progress->last_ns = now_ns;
	progress->sent = counts->sent;
	progress->answered = counts->answered;
}

static void show(const char *name, uint64_t value)
{
	if (value)
		terminal_line("    %-24s %s", name, number_count(value).text);
}

static void show_statuses(const struct load_counts *counts)
{
	for (unsigned i = 200; i < LOAD_STATUS_MAX; i++) {
		char name[64];
		snprintf(name, sizeof(name), "%u %.40s", i, sipring_reply_phrase((uint16_t)i));
		show(name, counts->statuses[i]);
	}
}

static void show_latency(const struct load *load)
{
	const struct histogram *latency = &load->latency;
	if (latency->count == 0)
		return;
	terminal_line("  latency%s", load->options->rate ? " (from when it was due)" : "");
	for (unsigned i = 0; i < N_PERCENTILES; i++)
		terminal_line("    %-24s %s", percentiles[i].label,
			number_time(histogram_percentile(latency, percentiles[i].percent)).text);
	terminal_line("    %-24s %s", "max", number_time(latency->max).text);
}

void load_report_end(const struct load *load)
{
	const struct load_counts *counts = &load->counts;
	terminal_line("%ssent %s, answered %s, failed %s, lost %s in %.2f s: %s answers/s%s",
		terminal_bold(), number_count(counts->sent).text,
		number_count(counts->answered).text, number_count(load_run_failed(counts)).text,
		number_count(counts->lost).text, elapsed_s(load),
		number_count((uint64_t)(per_second(load, counts->answered) + 0.5)).text,
		terminal_plain());
	show_statuses(counts);
	for (unsigned i = 1; i <= SIPRING_OUTCOME_CLOSED; i++)
		show(client_outcome_text((enum sipring_outcome)i), counts->failed[i]);
	show("sent, association ended", counts->failed_association);
	show("given back by SCTP", counts->failed_returned);
	show("due, never sent", counts->unsent);
	show("ACK sent", counts->acks);
	show("ACK failed", counts->acks_failed);
	show("provisional answers", counts->provisional);
	show("repeated answers", counts->duplicate);
	show("late answers", counts->late);
	show("stray answers", counts->stray);
	show("requests received", counts->requests);
	show_latency(load);
	terminal_line("  system calls per message   %s (%s calls)",
		number_ratio(system_calls_per_message(load)).text,
		number_count(load->stats_end.system_calls - load->stats_begin.system_calls).text);
}

static void add_failures(cJSON *root, const struct load_counts *counts)
{
	json_add_count(root, "failed", load_run_failed(counts));
	cJSON *failures = cJSON_AddObjectToObject(root, "failures");
	for (unsigned i = 1; i <= SIPRING_OUTCOME_CLOSED; i++)
		json_add_count(failures, outcome_names[i], counts->failed[i]);
	json_add_count(failures, "association_ended", counts->failed_association);
	json_add_count(failures, "returned", counts->failed_returned);
	json_add_count(failures, "unsent", counts->unsent);
}

static void add_counts(cJSON *root, const struct load_counts *counts)
{
	char status[8];
	json_add_count(root, "sent", counts->sent);
	json_add_count(root, "answered", counts->answered);
	add_failures(root, counts);
	json_add_count(root, "lost", counts->lost);
	json_add_count(root, "acks", counts->acks);
	json_add_count(root, "acks_failed", counts->acks_failed);
	json_add_count(root, "provisional", counts->provisional);
	json_add_count(root, "duplicate", counts->duplicate);
	json_add_count(root, "late", counts->late);
	json_add_count(root, "stray", counts->stray);
	json_add_count(root, "requests_received", counts->requests);
	cJSON *statuses = cJSON_AddObjectToObject(root, "statuses");
	for (unsigned i = 200; i < LOAD_STATUS_MAX; i++) {
		snprintf(status, sizeof(status), "%u", i);
		if (counts->statuses[i])
			json_add_count(statuses, status, counts->statuses[i]);
	}
}

static void add_latency(cJSON *root, const struct histogram *latency)
{
	cJSON *object = cJSON_AddObjectToObject(root, "latency_ns");
	json_add_count(object, "min", latency->count ? latency->min : 0);
	json_add_count(object, "mean", histogram_mean(latency));
	for (unsigned i = 0; i < N_PERCENTILES; i++)
		json_add_count(object, percentiles[i].name,
			histogram_percentile(latency, percentiles[i].percent));
	json_add_count(object, "max", latency->max);
}

int load_report_json(const struct load *load, const char *path)
{
	const struct load_options *options = load->options;
	struct sipring_choice choice;
	sipring_worker_choice(load->client.worker, &choice);
	cJSON *root = json_begin("sipring load", LOAD_SCHEMA);
	json_add_choice(root, &choice);
	cJSON_AddStringToObject(root, "uri", load->target.uri);
	cJSON_AddStringToObject(root, "peer", load->target.peer);
	cJSON_AddStringToObject(root, "method", options->method);
	cJSON_AddStringToObject(root, "loop", options->rate ? "open" : "closed");
	json_add_count(root, "window", options->rate ? 0 : options->window);
	json_add_count(root, "rate_wanted", options->rate);
	json_add_count(root, "peers", options->peers);
	json_add_count(root, "peers_lost", load->n_down);
	json_add_count(root, "size", load->message.size);
	cJSON_AddNumberToObject(root, "elapsed_s", elapsed_s(load));
	cJSON_AddNumberToObject(root, "rate", per_second(load, load->counts.answered));
	add_counts(root, &load->counts);
	add_latency(root, &load->latency);
	cJSON_AddNumberToObject(root, "system_calls_per_message", system_calls_per_message(load));
	json_add_stats(root, "engine_begin", &load->stats_begin);
	json_add_stats(root, "engine", &load->stats_end);
	return json_write(path, root);
}
