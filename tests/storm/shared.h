/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of what lies in shared memory: TAP, processes that are killed, a clock, a seed.
 */
#pragma once

#include "base/memory.h"
#include "engine/members.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned shared_n_points, shared_n_failed;

/* One point of TAP. */
static inline void shared_point(bool good, const char *name)
{
	shared_n_points++;
	shared_n_failed += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", shared_n_points, name);
	fflush(stdout);
}

static inline int shared_plan(void)
{
	printf("1..%u\n", shared_n_points);
	return shared_n_failed ? 1 : 0;
}

static inline void *shared_map(size_t size)
{
	void *memory = sipring_memory_map_shared(size);

	if (!memory) {
		printf("Bail out! no shared memory\n");
		exit(1);
	}
	return memory;
}

static inline uint64_t shared_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A process that runs body(argument); killed with its parent, so that none is left over. */
static inline pid_t shared_start(void (*body)(unsigned argument), unsigned argument)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body(argument);
		_exit(0);
	}
	return pid;
}

/* kill -9, and when it is over, buries its member; or leaves that to who comes across it. */
static inline void shared_kill(struct sipring_members *members, pid_t pid, bool bury)
{
	uint32_t id = sipring_members_find(members, pid);

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (bury && id)
		sipring_members_bury(members, id);
}
