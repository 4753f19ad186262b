/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the spare listeners: what lies in the region, for those who ask (spares.c) and for the
 * workers (spares_worker.c).
 *
 * A number is FREE, WANTED from the moment on that somebody asks for it, and LEAVING from the one
 * on that somebody gives it up or that a worker could not bind it. Once every worker has bound it
 * it stands: then only sipring_unlisten ends it, and a worker that is begun anew and cannot bind it
 * tries again, while the others serve. All of that, and binding, is done under the lock by which
 * listen() is for one at a time; who asks waits without it.
 *
 *   FREE -> WANTED         sipring_listen
 *   WANTED -> LEAVING      sipring_unlisten; before it stands also a worker that could not bind it,
 *                          and sipring_listen whose time is over
 *   LEAVING -> WANTED      sipring_listen, when no worker that lives has anything of it
 */
#pragma once

#include "engine/spares.h"
#include "engine/worker.h"

#include <stdatomic.h>

#define SPARE_SETTINGS_MAX 256

enum spare_state { SPARE_FREE, SPARE_WANTED, SPARE_LEAVING };

/* All of it is written under the lock. The masks have a bit for the place of each worker. */
struct spare {
	_Atomic uint32_t state; /* enum spare_state */
	uint32_t generation;    /* grows with each FREE or LEAVING -> WANTED */
	bool stands;            /* every worker has had it bound */
	uint64_t end_ms;        /* until then somebody waits for it to stand */
	uint64_t bound;         /* workers whose socket listens */
	uint64_t held;          /* workers that have anything of it */
	char listener[CONFIG_LISTENER_TEXT_MAX];
	char settings[SPARE_SETTINGS_MAX];
	struct sipring_error why; /* of the worker that could not bind it, before it stood */
	int error;                /* counts where it is LEAVING */
};

struct sipring_spares {
	_Atomic uint32_t n_wishes; /* grows with each, so that workers see that there is one */
	uint64_t draining;         /* workers that end, and bind nothing more; under the lock */
	struct spare spares[CONFIG_LISTENERS_MAX];
};

static inline enum spare_state spare_state(const struct spare *spare)
{
	/* acquire: with what is asked for */
	return (enum spare_state)atomic_load_explicit(&spare->state, memory_order_acquire);
}

static inline unsigned spares_first(const struct sipring *sipring)
{
	return sipring->config.n_listeners;
}

static inline unsigned spares_end(const struct sipring *sipring)
{
	return sipring->config.n_listeners + (unsigned)sipring->config.spare_listeners;
}

/* The workers that live. */
uint64_t sipring_spares_living(const struct sipring_share *share);
/* Under the lock: the workers are to see this state. */
void sipring_spares_wish(struct sipring_share *share, struct spare *spare, enum spare_state state);
/* Under the lock: whether it stands, and a worker listens. */
bool sipring_spares_stand(const struct sipring_share *share, struct spare *spare);
/* The settings that hold for a listener, config's and its own. 0, or -errno with a text. */
int sipring_spares_settle(const struct sipring_config *config, const char *listener,
	const char *settings, struct sipring_config *one, struct sipring_error *error);
