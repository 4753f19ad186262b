/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings that change while workers run. Those of the table are read whenever they are needed, or
 * are options of sockets that associations begin with; all others have sized memory, bound sockets
 * or chosen code by now. A knob that goes back to 0 (the system's own value) would need a socket
 * that never had another one, so that waits for a restart, too.
 *
 * Invariant: the settings of a sipring fit together, before and after, and a call that failed has
 * changed nothing.
 */
#include "engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX CONFIG_SERVERS_TEXT_MAX

static const struct live {
	const char *name;
	bool is_knob; /* an option of sockets, where 0 is the system's value */
} table[] = {
	{"autoclose", false},
	{"batch_max", false},
	{"bundling", false},
	{"connect_timeout_ms", false},
	{"queue_bytes", false},
	{"queue_messages", false},
	{"reconnect_max_ms", false},
	{"reconnect_min_ms", false},
	{"send_timeout_ms", false},
	{"init_max_attempts", false},
	{"init_max_timeo", false},
	{"nodelay", false},
	{"asocmaxrxt", true},
	{"hbinterval", true},
	{"max_burst", true},
	{"pathmaxrxt", true},
	{"rto_initial", true},
	{"rto_max", true},
	{"rto_min", true},
	{"sack_delay", true},
	{"sack_freq", true},
	{"send_ttl", true},
	{"tos", true},
};

static bool can_change(const char *name, const char *after)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strcmp(table[i].name, name) == 0)
			return !table[i].is_knob || strcmp(after, "0") != 0;
	return false;
}

/* Every setting that differs goes to visit; what it returns not 0 ends that. */
static int each_difference(const struct sipring_config *before, const struct sipring_config *after,
	int (*visit)(void *user, const struct sipring_setting_change *change), void *user)
{
	const struct sipring_setting *setting;
	char old[VALUE_MAX], new[VALUE_MAX];
	int r = 0;

	for (unsigned i = 0; r == 0 && (setting = sipring_config_setting(i)); i++) {
		struct sipring_setting_change change = {.name = setting->name,
			.before = old,
			.after = new};

		sipring_config_get(before, setting->name, old, sizeof old);
		sipring_config_get(after, setting->name, new, sizeof new);
		if (strcmp(old, new) == 0)
			continue;
		change.applied = can_change(setting->name, new);
		r = visit(user, &change);
	}
	for (unsigned i = 0; r == 0 && i < before->n_listeners + after->n_listeners; i++) {
		const char *was = i < before->n_listeners ? before->listeners[i] : "none";
		const char *is = i < after->n_listeners ? after->listeners[i] : "none";

		if (strcmp(was, is) != 0)
			r = visit(user, &(struct sipring_setting_change){"listen", was, is, false});
	}
	return r;
}

/* The one that has the same text; n_listeners: none has. */
static unsigned find_listener(const struct sipring_config *config, const char *text)
{
	unsigned i = 0;

	while (i < config->n_listeners && strcmp(config->listeners[i], text) != 0)
		i++;
	return i;
}

static void tell_own(const struct sipring_config *config, unsigned listener, const char *name,
	char *text, size_t size)
{
	if (sipring_config_listener_has(config, listener, name))
		sipring_config_listener_get(config, listener, name, text, size);
	else
		snprintf(text, size, "%s", "as for all");
}

/* What a listener has of its own, likewise; what can change is taken where that is wished. */
static void each_own_difference(const struct sipring_config *before,
	const struct sipring_config *after, struct sipring_config *into,
	void (*changed)(void *user, const struct sipring_setting_change *change), void *user)
{
	const struct sipring_setting *setting;
	char old[VALUE_MAX], new[VALUE_MAX], is[VALUE_MAX], name[128 + CONFIG_LISTENER_TEXT_MAX];

	for (unsigned i = 0; i < before->n_listeners; i++) {
		unsigned its = find_listener(after, before->listeners[i]);

		for (unsigned j = 0;
			its < after->n_listeners && (setting = sipring_config_setting(j)); j++) {
			struct sipring_setting_change change = {name, old, new, false};

			if (!setting->of_listener)
				continue;
			tell_own(before, i, setting->name, old, sizeof old);
			tell_own(after, its, setting->name, new, sizeof new);
			if (strcmp(old, new) == 0)
				continue;
			sipring_config_listener_get(after, its, setting->name, is, sizeof is);
			change.applied = can_change(setting->name, is);
			if (into && change.applied)
				sipring_config_own_copy(into, i, after, its, setting->name);
			snprintf(name, sizeof name, "%s of %s", setting->name,
				before->listeners[i]);
			if (changed)
				changed(user, &change);
		}
	}
}

static int take(void *user, const struct sipring_setting_change *change)
{
	return change->applied ? sipring_config_set(user, change->name, change->after, NULL) : 0;
}

struct telling {
	void (*changed)(void *user, const struct sipring_setting_change *change);
	void *user;
};

static int tell(void *user, const struct sipring_setting_change *change)
{
	const struct telling *telling = user;

	telling->changed(telling->user, change);
	return 0;
}

static void take_knobs(struct sipring_sctp_config *into, const struct sipring_sctp_config *from)
{
	into->knobs = from->knobs;
	into->init_attempts = from->init_attempts;
	into->init_timeout_ms = from->init_timeout_ms;
}

/*
 * What associations begin with; the worker's sockets that listen get it as well. The manners of
 * spare listeners are left in manners.
 */
static int retune(struct sipring_worker *worker, const struct sipring_config *config,
	struct sipring_manner *manners, struct sipring_error *error)
{
	struct sipring_sctp_config before[1 + CONFIG_LISTENERS_MAX];
	struct sipring_sctp_config after[1 + CONFIG_LISTENERS_MAX];
	struct sipring_io_config ignored;
	int r = sipring_worker_lower(worker, config, &ignored, &after[0], &after[1]);

	if (r < 0)
		return sipring_error_set(error, r, "no memory");
	r = sipring_spares_lower(worker, config, &after[1], manners, error);
	if (r < 0)
		return r;
	before[0] = worker->sctp_config;
	memcpy(&before[1], worker->sctp_listeners, sizeof worker->sctp_listeners);
	take_knobs(&worker->sctp_config, &after[0]);
	for (unsigned i = 0; i < CONFIG_LISTENERS_MAX; i++)
		if (i < config->n_listeners || worker->spares.held >> i & 1)
			take_knobs(&worker->sctp_listeners[i], &after[1 + i]);
	r = worker->sctp->ops->retune(worker->sctp, error);
	if (r == 0)
		return 0;
	worker->sctp_config = before[0];
	memcpy(worker->sctp_listeners, &before[1], sizeof worker->sctp_listeners);
	(void)worker->sctp->ops->retune(worker->sctp, NULL);
	return r;
}

static void tell_all(const struct sipring_config *before, const struct sipring_config *config,
	struct telling *telling)
{
	each_difference(before, config, tell, telling);
	each_own_difference(before, config, NULL, telling->changed, telling->user);
}

int sipring_reload(struct sipring *sipring, struct sipring_worker *worker,
	const struct sipring_config *config,
	void (*changed)(void *user, const struct sipring_setting_change *change), void *user,
	struct sipring_error *error)
{
	struct telling telling = {changed, user};
	struct sipring_config before = sipring->config, after = sipring->config;
	struct sipring_manner manners[CONFIG_LISTENERS_MAX];
	int r = each_difference(&before, config, take, &after);

	if (worker)
		memcpy(manners, worker->manners, sizeof manners);
	each_own_difference(&before, config, &after, NULL, NULL);
	if (r == 0)
		r = sipring_check(&after, error);
	if (r == 0)
		r = sipring_spares_check(sipring, &after, error);
	if (r == 0 && worker)
		r = retune(worker, &after, manners, error);
	if (r < 0)
		return r;
	sipring->config = after;
	if (worker) {
		memcpy(worker->manners, manners, sizeof manners);
		sipring_set_manners(worker);
	}
	if (changed)
		tell_all(&before, config, &telling);
	return 0;
}
