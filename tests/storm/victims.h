/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers of an edge that are killed in the middle of it, and others in their place, again and again.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* In memory that all see. */
struct victims {
	_Atomic uint64_t n_answered;
	_Atomic uint32_t rate; /* requests a second; 0: none are to be */
	_Atomic uint32_t n_killed;
	_Atomic bool end;
};

/* Forks who kills; before the caller has a stack of user space, which goes through no fork. */
pid_t victims_start(struct victims *victims, unsigned every_ms);
void victims_stop(struct victims *victims, pid_t killer);
