/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel counts of processes while the client measures: the servers', and its own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROBE_PROCESSES_MAX 64

enum probe_mode {
	PROBE_COST,    /* only what costs nothing while it is measured */
	PROBE_CALLS,   /* system calls too, by their tracepoint */
	PROBE_SAMPLES, /* user and kernel too, by samples of the processor's clock */
};

struct probe_count {
	uint64_t run_ns; /* on the processor */
	uint64_t switches;
	uint64_t wakes; /* of the switches, those that it slept after: each sleep ends by a wake */
	uint64_t system_calls;
	uint64_t user_samples, kernel_samples;
};

/* The kernel's SCTP, whole system. */
struct probe_packets {
	uint64_t out, in, out_data, out_control;
};

struct probe;

/* pids: of the servers; the own process comes first by itself. Ends the process on a failure. */
struct probe *probe_open(enum probe_mode mode, const pid_t *pids, unsigned n_pids);
void probe_begin(struct probe *probe);
void probe_end(struct probe *probe);

/* What happened between the two, of process i (0: ours). */
struct probe_count probe_count(const struct probe *probe, unsigned i);
struct probe_packets probe_packets(const struct probe *probe);
