/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts the system calls that a piece of code makes, from outside: it runs in a forked child that
 * is traced, between two calls that nobody else makes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SYSTEM_CALLS_MAX 600
#define SYSTEM_CALLS_NOTES_MAX 16

struct system_calls {
	uint64_t n;                             /* in run, by the tracer's count */
	uint64_t n_of[SYSTEM_CALLS_MAX];        /* by number */
	uint64_t reported;                      /* what report returned after run */
	uint64_t noted[SYSTEM_CALLS_NOTES_MAX]; /* how often run noted each */
};

/* Runs prepare and run in a child; false where tracing is not allowed. */
bool system_calls_trace(struct system_calls *calls, void (*prepare)(void), void (*run)(void),
	uint64_t (*report)(void));

/* For run: keeps a number without a system call. */
void system_calls_note(unsigned what);
