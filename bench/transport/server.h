/* SPDX-License-Identifier: BSD-2-Clause */
/* What the baselines share: options, processes, the reply, the end. Nothing of the message path. */
#pragma once

#include "message.h"

#include <netinet/in.h>
#include <signal.h>

struct server_options {
	struct sockaddr_in address;
	unsigned processes; /* that share the socket, where the program can */
	unsigned batch;     /* messages per system call at most, where the program can */
	size_t reply_size;
	bool asks; /* whether there is something, before each receive, where the program can */
};

extern volatile sig_atomic_t server_is_over;

/* Reads the command line into options that hold the defaults; ends the process on a mistake. */
void server_start(int argc, char **argv, struct server_options *options, struct message *reply);

/* Says "ready" on standard output: peers may come. */
void server_ready(void);

/* Forks the other processes that share what is open; returns in each. */
void server_fork(const struct server_options *options);

_Noreturn void server_fail(const char *what);
