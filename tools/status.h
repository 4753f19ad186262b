/* SPDX-License-Identifier: BSD-2-Clause */
/* A UNIX socket at which a word is asked and JSON is the answer; part of a supervisor's loop. */
#pragma once

#include "tools/supervisor.h"

#include <sipring/types.h>

#define STATUS_CLIENTS_MAX 8
#define STATUS_QUESTION_MAX 32
#define STATUS_PATIENCE_NS 2000000000u

struct status;

struct status_client {
	struct status *status;
	int fd; /* -1: free */
	char question[STATUS_QUESTION_MAX];
	unsigned n_read;
	bool waits;        /* for its answer */
	uint32_t ticket;   /* for whoever answers; 0 at first */
	char *answer;      /* owned */
	size_t size, sent; /* bytes */
	uint64_t until_ns;
};

struct status {
	struct supervisor *supervisor;
	const char *path;
	int fd;
	struct status_client clients[STATUS_CLIENTS_MAX];
	/*
	 * The answer, of the heap; NULL: not yet, and it is asked for again when something is new,
	 * the last time with is_late, which has to do.
	 */
	char *(*answer)(void *user, const char *question, uint32_t *ticket, bool is_late);
	/* Whether the question is no question: the fd is not the status's any more then. */
	bool (*adopt)(void *user, const char *question, int fd);
	void *user;
};

/* status has supervisor, path, answer and user set. 0, or -errno with a text. */
int status_open(struct status *status, struct sipring_error *error);
void status_close(struct status *status);
/* Something is new, or time has gone by: returns when to come again. */
uint64_t status_run(struct status *status, uint64_t now_ns);
bool status_is_awaited(const struct status *status);
