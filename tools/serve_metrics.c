/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text that Prometheus reads (exposition format 0.0.4): each counter of the library as a metric
 * with a sample for each worker, failures as one metric by their reasons, associations as one by
 * their states, what the answers were, and the workers' processes. All samples of a metric stand
 * together, as the format wants it.
 */
#include "tools/json.h"
#include "tools/serve.h"
#include "tools/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct labelled {
	const char *prefix, *name, *label, *help;
	bool is_gauge;
} labelled[] = {
	{"failed_", "failed", "reason", "Accepted sends that failed, by the reason.", false},
	{"state_", "associations_by_state", "state", "Associations, by their state.", true},
};

#define N_LABELLED (sizeof(labelled) / sizeof(labelled[0]))

static void head(FILE *out, const char *name, const char *suffix, bool is_gauge, const char *help)
{
	fprintf(out, "# HELP sipring_%s%s %s\n# TYPE sipring_%s%s %s\n", name, suffix, help, name,
		suffix, is_gauge ? "gauge" : "counter");
}

static void write_field(FILE *out, const struct sipring_stats *stats, unsigned n, unsigned index)
{
	struct json_field field;
	char help[80];
	json_stats_field(&stats[0], index, &field);
	for (unsigned i = 0; i < N_LABELLED; i++)
		if (!strncmp(field.name, labelled[i].prefix, strlen(labelled[i].prefix)))
			return;
	snprintf(help, sizeof(help), "%s of struct sipring_stats.", field.name);
	head(out, field.name, field.is_gauge ? "" : "_total", field.is_gauge, help);
	for (unsigned i = 0; i < n; i++) {
		json_stats_field(&stats[i], index, &field);
		fprintf(out, "sipring_%s%s{worker=\"%u\"} %" PRIu64 "\n", field.name,
			field.is_gauge ? "" : "_total", i, field.value);
	}
}

/* Fields of one prefix are one metric; what is behind it is the label. */
static void write_labelled(FILE *out, const struct sipring_stats *stats, unsigned n,
	const struct labelled *group)
{
	const char *suffix = group->is_gauge ? "" : "_total";
	struct json_field field;
	head(out, group->name, suffix, group->is_gauge, group->help);
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; json_stats_field(&stats[i], j, &field); j++)
			if (!strncmp(field.name, group->prefix, strlen(group->prefix)))
				fprintf(out, "sipring_%s%s{worker=\"%u\",%s=\"%s\"} %" PRIu64 "\n",
					group->name, suffix, i, group->label,
					field.name + strlen(group->prefix), field.value);
}

static void write_one(FILE *out, const char *name, const char *help, uint64_t value)
{
	head(out, name, "_total", false, help);
	fprintf(out, "sipring_%s_total %" PRIu64 "\n", name, value);
}

static void write_answers(FILE *out, const struct board *board)
{
	struct serve_counts counts;
	board_counts(board, &counts);
	write_one(out, "serve_requests", "Requests that were received.", counts.requests);
	write_one(out, "serve_answered", "Answers that the engine accepted.", counts.answered);
	write_one(out, "serve_acks", "ACKs, which are never answered.", counts.acks);
	write_one(out, "serve_silent", "Requests left unanswered on purpose.", counts.silent);
	write_one(out, "serve_responses", "Responses that were received.", counts.responses);
	write_one(out, "serve_unanswerable", "Requests without a possible answer.",
		counts.unanswerable);
	write_one(out, "serve_refused_full", "Answers refused: a queue was full.",
		counts.refused_full);
	write_one(out, "serve_refused_draining", "Answers refused: it was ending.",
		counts.refused_draining);
	write_one(out, "serve_refused", "Answers refused: the association was gone.",
		counts.refused);
}

static void write_workers(FILE *out, const struct serve_status *status)
{
	const struct supervisor *supervisor = status->supervisor;
	struct sipring_choice choice;
	board_choice(status->board, 0, &choice);
	head(out, "build_info", "", true, "Version, provider and io, as labels.");
	fprintf(out, "sipring_build_info{version=\"%s\",provider=\"%s\",io=\"%s\"} 1\n",
		sipring_version(), choice.provider, choice.io);
	head(out, "worker_up", "", true, "Whether the worker's process runs.");
	for (unsigned i = 0; i < status->board->n_slots; i++)
		fprintf(out, "sipring_worker_up{worker=\"%u\"} %d\n", i,
			supervisor->workers[i].pid > 0);
	head(out, "worker_crashes", "_total", false, "Times that the worker's process crashed.");
	for (unsigned i = 0; i < status->board->n_slots; i++)
		fprintf(out, "sipring_worker_crashes_total{worker=\"%u\"} %u\n", i,
			supervisor->workers[i].n_crashes);
}

static char *text(void *user)
{
	const struct serve_status *status = user;
	struct sipring_stats stats[SUPERVISOR_WORKERS_MAX];
	struct json_field field;
	unsigned n = status->board->n_slots;
	char *written = NULL;
	size_t size;
	FILE *out = open_memstream(&written, &size);
	if (!out)
		return NULL;
	for (unsigned i = 0; i < n; i++)
		sipring_stats_of(status->sipring, (int)i, &stats[i]);
	write_workers(out, status);
	for (unsigned i = 0; json_stats_field(&stats[0], i, &field); i++)
		write_field(out, stats, n, i);
	for (unsigned i = 0; i < N_LABELLED; i++)
		write_labelled(out, stats, n, &labelled[i]);
	write_answers(out, status->board);
	return fclose(out) == 0 ? written : NULL;
}

int serve_metrics_open(struct serve_status *status)
{
	struct sipring_error error;
	status->metrics = (struct metrics){.listen_fd = -1, .loop_fd = -1};
	if (!status->options->metrics_at)
		return 0;
	status->metrics.supervisor = status->supervisor;
	status->metrics.at = status->options->metrics_at;
	status->metrics.text = text;
	status->metrics.user = status;
	if (metrics_open(&status->metrics, &error) == 0)
		return 0;
	terminal_error("%s", error.text);
	return error.code;
}
