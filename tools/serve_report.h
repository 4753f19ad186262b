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

struct serve_report {
	uint64_t last_ns;
	struct sipring_stats last;
};

void serve_report_start(struct sipring_worker *worker, const char *const *listeners,
	unsigned n_listeners, uint16_t sctp_port);
void serve_report_begin(struct serve_report *report, struct sipring_worker *worker);
void serve_report_progress(struct serve_report *report, struct sipring_worker *worker,
	uint64_t now_ns);
void serve_report_end(struct sipring_worker *worker, const struct serve_counts *counts);
int serve_report_json(struct sipring_worker *worker, const struct serve_counts *counts,
	const char *path);
