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
#define SIPRING_BRIDGE_LISTENER_TEXT_MAX 512

/* A listener that somebody has waited for in vain. */
struct sipring_bridge_late {
	uint64_t at_ms; /* when all of its time was over */
	char listener[SIPRING_BRIDGE_LISTENER_TEXT_MAX];
	struct sipring_error why;
};

/* Listeners that come while the host runs; times are of CLOCK_MONOTONIC. */
struct sipring_bridge_guests {
	pthread_mutex_t lock;
	uint64_t asked_ms[SIPRING_BRIDGE_LISTENERS_MAX];
	_Atomic uint32_t attended; /* by their numbers, since they were asked for anew */
	struct sipring_bridge_late late[SIPRING_BRIDGE_LISTENERS_MAX];
	unsigned next_late; /* the one that is written next */
};

struct sipring_bridge_shared {
	_Atomic uint32_t n_running; /* engines that came to run */
	_Atomic uint32_t n_ended;   /* of those that began, the ones that do not run any more */
	_Atomic uint64_t n_dead, n_full, n_other; /* sends refused, by reason */
	struct sipring_bridge_guests guests;
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
/* Once a second, in an engine: those that came and that nobody wants any more end. Never waits. */
void sipring_bridge_guests_sweep(struct sipring_bridge *bridge);
