/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes that do the same work, started again when they crash. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SUPERVISOR_WORKERS_MAX 64
#define SUPERVISOR_CRASHES_MAX 100
#define SUPERVISOR_SOURCES_MAX 16

enum supervisor_wish {
	SUPERVISOR_WISH_RUN,
	SUPERVISOR_WISH_DRAIN, /* an end in order */
	SUPERVISOR_WISH_END,   /* at once */
};

/* What is supervised. user is handed to all of it. */
struct supervisor_plan {
	unsigned n_workers;
	unsigned restarts_max; /* of one worker within the window; 0: none */
	uint64_t window_ns;
	uint64_t drain_timeout_ns; /* some seconds past this a worker that still runs is killed */
	/* In the new process: what it exits with. Signals are blocked until it watches them. */
	int (*work)(void *user, unsigned index);
	/* Stored where workers see it; each that runs gets a SIGTERM after that. */
	void (*wish)(void *user, enum supervisor_wish wish);
	/* A worker's process has ended and was waited for. */
	void (*ended)(void *user, unsigned index, pid_t pid);
	/* SIGHUP came: whether it goes on to the workers. NULL: it is as SIGTERM. */
	bool (*reload)(void *user);
	/* Whatever is due; returns when it wants to be called again, on the clock of number.h. */
	uint64_t (*beat)(void *user, uint64_t now_ns);
	void *user;
};

/* Something else that the loop waits for. */
struct supervisor_source {
	int fd;
	short events;   /* of poll */
	bool is_shared; /* workers keep it open */
	void (*ready)(void *user, short events);
	void *user;
};

struct supervisor_worker {
	pid_t pid;    /* 0: does not run */
	bool is_over; /* nor will it */
	int status;   /* what it exited with, once it is over */
	uint64_t restart_at_ns;
	unsigned n_crashes; /* ever */
	unsigned n_starts;
	uint64_t crashed_at_ns[SUPERVISOR_CRASHES_MAX]; /* a ring */
};

struct supervisor {
	const struct supervisor_plan *plan;
	struct supervisor_worker workers[SUPERVISOR_WORKERS_MAX];
	struct supervisor_source sources[SUPERVISOR_SOURCES_MAX];
	unsigned n_sources;
	enum supervisor_wish wish;
	uint64_t kill_at_ns;
	bool has_stood; /* all were ready once: from here on who fails is started again */
	int signal_fd;
};

/* Nothing is started yet: sources may be added. 0 or -errno. */
int supervisor_open(struct supervisor *supervisor, const struct supervisor_plan *plan);
/* False when there are too many. */
bool supervisor_add(struct supervisor *supervisor, const struct supervisor_source *source);
void supervisor_remove(struct supervisor *supervisor, int fd);
/* Starts the workers, ends when all are over; returns the worst exit status. */
int supervisor_run(struct supervisor *supervisor);
/* All are ready. */
void supervisor_stood(struct supervisor *supervisor);
/* To every worker that runs. */
void supervisor_signal(const struct supervisor *supervisor, int number);
void supervisor_wish(struct supervisor *supervisor, enum supervisor_wish wish);
void supervisor_close(struct supervisor *supervisor);

/* The pause before a worker is started again that crashed n times lately, from 1. */
uint64_t supervisor_pause_ns(unsigned n_crashes);
