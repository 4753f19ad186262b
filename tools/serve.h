/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside `sipring serve`: what it was asked for, and its worker. */
#pragma once

#include "tools/answer.h"
#include "tools/board.h"
#include "tools/metrics.h"
#include "tools/options.h"
#include "tools/settings_file.h"
#include "tools/status.h"

#define SERVE_LISTENERS_MAX 16
#define SERVE_ANSWERS_MAX 32

struct serve_takeover;

struct serve_options {
	const char *listeners[SERVE_LISTENERS_MAX];
	unsigned n_listeners;
	const char
		*answers[SERVE_ANSWERS_MAX]; /* of the command line: they come after the file's */
	unsigned n_answers;
	const char *config;
	struct settings_file *file; /* what it says; NULL: nobody has asked */
	struct answer_policy policy;
	uint64_t interval_ns;
	uint64_t drain_timeout_ns;
	const char *stats_json;
	const char *ready_file;
	const char *status_path;
	const char *metrics_at;
	const char *workers; /* as the setting */
	uint64_t restarts_max;
	uint64_t restart_window_ns;
	uint16_t sctp_port;
	int verbosity;
	uint64_t drain_quiet_ns;
	const char *take_over;
	struct serve_takeover *takeover; /* NULL: nobody's place is taken */
	const struct options *common;
	unsigned n_named; /* of the listeners, those that the command line named */
};

/* serve.c: what the file says, where the command line says nothing. 0, or -errno with a text. */
int serve_take_file(struct serve_options *own, struct options *options, struct settings_file *file,
	struct sipring_error *error);
/*
 * serve_reload.c: reads the file again, for the sipring of this process, its worker (or NULL), and
 * the answers. Tells what changed where it is to. False: a mistake, which was told.
 */
bool serve_reload(const struct serve_options *own, struct sipring *sipring,
	struct sipring_worker *worker, struct answer_policy *policy, bool tells);

/* serve.c: adds a listener, with what the file has for it alone. 0, or -errno with a text. */
int serve_listen(const struct serve_options *own, unsigned index, struct sipring_config *config,
	struct sipring_error *error);

/* serve.c: the line "ready", and the file. 0, or -errno that was told. */
int serve_say_ready(const struct serve_options *options);

/* serve_worker.c */
struct serve_worker {
	const struct serve_options *options;
	struct sipring *sipring;
	struct sipring_worker *worker;
	struct answer_policy policy;
	struct serve_counts *counts;
	struct board *board; /* NULL: nobody supervises it */
	struct board_look look;
	uint32_t n_handed_over; /* the question that was answered last */
	unsigned next_listener; /* of those that are handed over */
	bool is_hung_up;
	unsigned index;
	char answer[65536];
};

/* 0, or the exit status: the mistake was told. */
int serve_worker_open(struct serve_worker *server);
/*
 * Turns until a signal, or the supervisor, ended it: 0, 1 where it was cut short, or -errno of the
 * engine. beat may be NULL; it does what is due and returns when it wants to be called again.
 */
int serve_worker_run(struct serve_worker *server, uint64_t (*beat)(void *user, uint64_t now_ns),
	void *user);
void serve_worker_close(struct serve_worker *server);

/* serve_crew.c: several of them, supervised, in processes of their own; the exit status. */
int serve_crew(const struct serve_options *options, struct sipring *sipring, unsigned n_workers);

/* serve_status.c: what the supervisor tells those who ask. */
struct serve_status {
	struct status status;
	struct metrics metrics;
	const struct serve_options *options;
	const struct sipring *sipring;
	struct board *board;
	struct supervisor *supervisor;
	uint64_t began_ns;
	struct {
		int fd; /* of the instance that takes over; -1: nobody */
		uint32_t question;
		unsigned n_done; /* workers who have sent all they listen by */
	} handover;
};

/* Where a socket was asked for: 0, or -errno that was told. */
int serve_status_open(struct serve_status *status);
void serve_status_close(struct serve_status *status);

/* serve_metrics.c: the same for Prometheus; 0, or -errno that was told. */
int serve_metrics_open(struct serve_status *status);

/* serve_handover.c: another instance takes this one's place. */
void serve_handover_open(struct serve_status *status);
void serve_handover_close(struct serve_status *status);
/* Whether that is what is asked; the fd is taken then. */
bool serve_handover_begin(struct serve_status *status, const char *question, int fd);
/* A worker's, between turns: true when there is more to be handed over, and it comes again soon. */
bool serve_handover_answer(struct serve_worker *server);

/* serve_takeover.c: this one takes the place of another. */
struct serve_takeover {
	const char *path;
	int fd; /* to the other's supervisor; -1: it is over */
	struct serve_taken *taken;
	unsigned n_taken;
};

/* What the other one listens by; 0, or -errno that was told. */
int serve_takeover_ask(struct serve_takeover *takeover, const char *path);
/* Gives it to the workers to come; likewise. */
int serve_takeover_inherit(struct serve_takeover *takeover, struct sipring *sipring,
	unsigned n_workers);
/* They are ready: the other drains. */
void serve_takeover_finish(struct serve_takeover *takeover);
void serve_takeover_close(struct serve_takeover *takeover);
