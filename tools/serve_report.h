/* SPDX-License-Identifier: BSD-2-Clause */
/* What `sipring serve` tells. */
#pragma once

#include <sipring/sipring.h>
#include <stdint.h>

/* What the server itself counts; the engine counts the rest. */
struct serve_counts {
	uint64_t requests;
	uint64_t answered;         /* answers that the engine accepted */
	uint64_t acks;             /* never answered */
	uint64_t silent;           /* left unanswered by --answer METHOD=none */
	uint64_t responses;        /* received, not answered */
	uint64_t unanswerable;     /* no response could be built: too long, or broken headers */
	uint64_t refused_full;     /* answers not accepted: a queue was full */
	uint64_t refused_draining; /* answers not accepted: it was ending already */
	uint64_t refused;          /* answers not accepted: the association was gone */
};

/* All that is told at the end. */
struct serve_figures {
	struct serve_counts counts;
	struct sipring_stats engine;
	struct sipring_choice choice;
	const struct sipring *sipring; /* NULL where there is one worker, unsupervised */
	unsigned n_workers;
};

struct serve_report {
	uint64_t last_ns, next_ns, interval_ns;
	struct sipring_stats last;
};

struct serve_options;
struct cJSON;

void serve_counts_add(struct serve_counts *sum, const struct serve_counts *counts);
void serve_report_start(const struct sipring_choice *choice, const struct serve_options *options,
	unsigned n_workers);
void serve_report_begin(struct serve_report *report, const struct sipring_stats *now,
	uint64_t interval_ns);
void serve_report_progress(struct serve_report *report, const struct sipring_stats *now,
	uint64_t now_ns);
void serve_report_add_counts(struct cJSON *object, const struct serve_counts *counts);
void serve_report_end(const struct serve_figures *figures);
int serve_report_json(const struct serve_figures *figures, const char *path);
