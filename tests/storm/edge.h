/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine under storm: one worker in a process of its own that answers 200 to every request. An
 * association whose request has a Call-ID that begins with "flood" is sent to without an end, so
 * much as is accepted.
 */
#pragma once

#include <sipring/sipring.h>
#include <stdatomic.h>
#include <sys/types.h>

#define EDGE_FLOODED_MAX 16

/* In memory that all see. */
struct edge {
	_Atomic bool ready, end, ended;
	_Atomic bool drain;           /* ends in order instead */
	_Atomic uint64_t memory;      /* of the process before it opened anything, host_resident */
	_Atomic uint64_t budget;      /* bytes, as it is printed */
	_Atomic uint64_t n_allocated; /* calls of malloc and its like, where they are counted */
	_Atomic uint64_t n_no_room;   /* answers that were refused */
	_Atomic uint64_t n_flooded, n_flood, n_flood_full, n_flood_writable;
	struct sipring_stats stats; /* of some milliseconds ago */
};

/* Forks. pairs: settings; it listens at port 0. Returns when it is ready. */
pid_t edge_start(struct edge *edge, const char *const *pairs);
/* Waits until it has ended; its last statistics are in edge->stats then. */
void edge_stop(struct edge *edge, pid_t pid);
