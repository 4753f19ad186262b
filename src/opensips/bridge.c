/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of a bridge before the fork: settings, what is shared, the rehearsal. See bridge.h.
 */
#include "opensips/bridge_parts.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The one bridge whose forks are followed; a host has one. */
static struct sipring_bridge *followed;

/* What a process has of its own is not its child's. Nothing is closed: it is still the parent's. */
static void forget(void)
{
	if (!followed)
		return;
	followed->sender = NULL;
	followed->taker = NULL;
	followed->worker = NULL;
	followed->is_stopped = false;
}

struct sipring_bridge *sipring_bridge_new(void)
{
	struct sipring_bridge *bridge = calloc(1, sizeof *bridge);

	if (!bridge)
		return NULL;
	bridge->config = sipring_config_new();
	bridge->shared = mmap(NULL, sizeof *bridge->shared, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!bridge->config || bridge->shared == MAP_FAILED ||
		sipring_bridge_guests_open(bridge) < 0) {
		sipring_bridge_free(bridge);
		return NULL;
	}
	return bridge;
}

void sipring_bridge_free(struct sipring_bridge *bridge)
{
	if (!bridge)
		return;
	sipring_bridge_leave(bridge);
	sipring_sender_close(bridge->sender);
	if (followed == bridge)
		followed = NULL;
	sipring_close(bridge->sipring);
	sipring_config_free(bridge->config);
	if (bridge->shared && bridge->shared != MAP_FAILED)
		munmap(bridge->shared, sizeof *bridge->shared);
	free(bridge);
}

int sipring_bridge_set(struct sipring_bridge *bridge, const char *name, const char *value,
	struct sipring_error *error)
{
	return sipring_config_set(bridge->config, name, value, error);
}

int64_t sipring_bridge_number(const struct sipring_bridge *bridge, const char *name)
{
	char text[24];

	return sipring_config_get(bridge->config, name, text, sizeof text) < 0 ? 0 : atoll(text);
}

static int set_number(struct sipring_bridge *bridge, const char *name, unsigned value,
	struct sipring_error *error)
{
	char text[16];

	snprintf(text, sizeof text, "%u", value);
	return sipring_config_set(bridge->config, name, text, error);
}

int sipring_bridge_listen(struct sipring_bridge *bridge, const char *listener, unsigned n_takers,
	struct sipring_error *error)
{
	int r = sipring_config_listen(bridge->config, listener, error);

	if (r < 0)
		return r;
	bridge->n_takers += n_takers;
	return (int)bridge->n_listeners++;
}

int sipring_bridge_spare(struct sipring_bridge *bridge, unsigned n_listeners, unsigned n_takers,
	struct sipring_error *error)
{
	bridge->n_takers += n_takers;
	return set_number(bridge, "spare_listeners", n_listeners, error);
}

int sipring_bridge_listener_set(struct sipring_bridge *bridge, unsigned listener, const char *name,
	const char *value, struct sipring_error *error)
{
	return sipring_config_listener_set(bridge->config, listener, name, value, error);
}

static void keep_choice(struct sipring_bridge *bridge, const struct sipring_worker *worker)
{
	struct sipring_choice choice;

	sipring_worker_choice(worker, &choice);
	snprintf(bridge->provider_reason, sizeof bridge->provider_reason, "%s",
		choice.provider_reason);
	snprintf(bridge->io_reason, sizeof bridge->io_reason, "%s", choice.io_reason);
	bridge->choice = (struct sipring_choice){
		.provider = choice.provider,
		.provider_reason = bridge->provider_reason,
		.io = choice.io,
		.io_reason = bridge->io_reason,
	};
}

/* One engine is opened, so that all that can go wrong goes wrong now. */
static int rehearse(struct sipring_bridge *bridge, struct sipring_error *error)
{
	struct sipring_callbacks nothing = {0};
	struct sipring_worker *worker;
	int r = sipring_worker_open(&worker, bridge->sipring, &nothing, error);

	if (r < 0)
		return r;
	keep_choice(bridge, worker);
	sipring_worker_close(worker);
	return 0;
}

int sipring_bridge_open(struct sipring_bridge *bridge, unsigned n_engines, unsigned n_senders,
	struct sipring_error *error)
{
	int r;

	if (n_engines == 0 || n_engines > SIPRING_BRIDGE_ENGINES_MAX)
		return sipring_error_set(error, -ERANGE, "%u I/O workers; 1 to %d are possible",
			n_engines, SIPRING_BRIDGE_ENGINES_MAX);
	if (bridge->n_listeners == 0)
		return sipring_error_set(error, -EINVAL, "no SCTP listener is defined");
	r = set_number(bridge, "workers", n_engines, error);
	if (r == 0)
		r = set_number(bridge, "senders", n_senders, error);
	if (r == 0)
		r = set_number(bridge, "takers", bridge->n_takers, error);
	if (r == 0)
		r = sipring_open(&bridge->sipring, bridge->config, error);
	if (r < 0)
		return r;
	bridge->n_engines = n_engines;
	r = rehearse(bridge, error);
	if (r == 0 && !followed)
		r = -pthread_atfork(NULL, NULL, forget);
	if (r < 0) {
		sipring_close(bridge->sipring);
		bridge->sipring = NULL;
		return r;
	}
	followed = bridge;
	return 0;
}

void sipring_bridge_choice(const struct sipring_bridge *bridge, struct sipring_choice *choice)
{
	*choice = bridge->choice;
}
