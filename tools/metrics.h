/* SPDX-License-Identifier: BSD-2-Clause */
/* Statistics for Prometheus, over HTTP; part of a supervisor's loop. */
#pragma once

#include "tools/supervisor.h"

#include <sipring/types.h>

struct MHD_Daemon;

struct metrics {
	struct supervisor *supervisor;
	const char *at; /* "127.0.0.1:9100", "[::1]:9100" */
	/* The text, of the heap; NULL: no memory. */
	char *(*text)(void *user);
	void *user;
	struct MHD_Daemon *daemon;
	int listen_fd, loop_fd;
};

/* supervisor, at, text and user are set. 0, or -errno with a text. */
int metrics_open(struct metrics *metrics, struct sipring_error *error);
void metrics_close(struct metrics *metrics);
/* What is due; returns when it wants to be called again. */
uint64_t metrics_run(struct metrics *metrics, uint64_t now_ns);
/* In a worker's process: the port is not its. */
void metrics_forget(struct metrics *metrics);
