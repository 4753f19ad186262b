/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the bridge. What lies in `shared` belongs to all processes; all else is a process's own,
 * as the fork left it.
 */
#pragma once

#include "base/error.h"
#include "opensips/bridge.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define SIPRING_BRIDGE_ENGINES_MAX 64
#define SIPRING_BRIDGE_LISTENERS_MAX 16 /* the engine's bound */

struct sipring_bridge_shared {
	_Atomic uint32_t n_running; /* engines that came to run */
	_Atomic uint32_t n_ended;   /* of those that began, the ones that do not run any more */
	_Atomic uint64_t n_dead, n_full, n_other; /* sends refused, by reason */
	pthread_mutex_t guests;                   /* of who asks for listeners, and what follows */
	uint32_t came;                            /* listeners that came at run time, a bit each */
	uint64_t asked_ms[SIPRING_BRIDGE_LISTENERS_MAX]; /* for them, CLOCK_MONOTONIC */
};

struct sipring_bridge {
	struct sipring_config *config;
	struct sipring *sipring;
	struct sipring_bridge_shared *shared;
	struct sipring_choice choice;
	char provider_reason[256], io_reason[256];
	unsigned n_listeners;
	unsigned n_takers;
	unsigned n_engines;
	struct sipring_worker *worker; /* of a process that runs an engine */
	struct sipring_taker *taker;   /* of one that attends */
	struct sipring_sender *sender; /* of one that has sent */
	volatile sig_atomic_t is_stopped;
};

/* bridge_guests.c: what it needs of the shared memory. 0 or -errno. */
int sipring_bridge_guests_open(struct sipring_bridge *bridge);
