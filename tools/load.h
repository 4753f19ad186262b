/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of `sipring load` and what they share. */
#pragma once

#include "tools/client.h"
#include "tools/histogram.h"
#include "tools/load_message.h"
#include "tools/load_slots.h"

#include <sipring/sipring.h>
#include <stdbool.h>
#include <stdint.h>

#define LOAD_STATUS_MAX 700

struct load_options {
	uint64_t window, rate, peers;
	uint64_t duration_ns, count; /* 0: no such limit */
	uint64_t timeout_ns, interval_ns;
	uint64_t size;
	const char *method;
	const char *json;
	const char *uri; /* as typed */
};

/* How requests ended; the sum of the endings is sent once none is outstanding. */
struct load_counts {
	uint64_t sent;                               /* requests that the library accepted */
	uint64_t answered;                           /* a final answer in time */
	uint64_t lost;                               /* no final answer in time */
	uint64_t failed[SIPRING_OUTCOME_CLOSED + 1]; /* by outcome: never handed to SCTP */
	uint64_t failed_association; /* handed to SCTP, then the association ended */
	uint64_t failed_returned;    /* handed to SCTP, then given back */
	uint64_t unsent;             /* open loop: due, but the run ended before they could go */
	uint64_t acks, acks_failed;
	uint64_t provisional;
	uint64_t duplicate; /* final answers to requests already answered */
	uint64_t late;      /* final answers to requests already given up */
	uint64_t stray;     /* responses to nothing of ours */
	uint64_t requests;  /* received: not answered */
	uint64_t statuses[LOAD_STATUS_MAX];
};

struct load_peer {
	uint32_t association;
	bool is_up;
	bool is_down;    /* ended or never came to be */
	bool is_blocked; /* refused a send for want of room; WRITABLE ends it */
};

/* One run. */
struct load {
	const struct load_options *options;
	struct client client;
	struct client_target target;
	struct load_message message;
	struct load_slots slots;
	struct load_counts counts;
	struct histogram latency;          /* of the finished intervals */
	struct histogram interval_latency; /* of the running one */
	struct load_peer *peers;
	uint32_t *peer_of; /* hash of association id to 1 + index of its peer */
	uint32_t peer_of_mask;
	uint32_t n_up, n_down, n_blocked, next_peer;
	int peer_error;     /* -errno why the last peer went */
	bool is_unresolved; /* peer_error is for sipring_unresolved_text */
	uint64_t random;    /* of the names of this run's requests */
	bool is_sending;
	bool is_over;              /* the run has ended: associations may go */
	int fatal;                 /* -errno: the run cannot go on */
	uint64_t begin_ns, end_ns; /* of sending; end_ns UINT64_MAX: no such limit */
	uint64_t done_ns;          /* when the last request ended */
	struct sipring_stats stats_begin, stats_end;
};

/* load_peers.c */
int load_peers_connect(struct load *load, struct sipring_error *error);
void load_peers_event(struct load *load, const struct sipring_event *event);
int64_t load_peers_pick(struct load *load, uint32_t slot);
void load_peers_block(struct load *load, uint32_t peer);

/* load_run.c */
void load_run_callbacks(struct load *load, struct sipring_callbacks *callbacks);
void load_run(struct load *load);
uint64_t load_run_failed(const struct load_counts *counts);
uint64_t load_run_due(const struct load *load, uint64_t now_ns);

/* load_report.c */
struct load_progress {
	uint64_t last_ns;
	uint64_t sent, answered;
};
void load_report_start(const struct load *load);
void load_report_progress(struct load *load, struct load_progress *progress, uint64_t now_ns);
void load_report_end(const struct load *load);
int load_report_json(const struct load *load, const char *path);
