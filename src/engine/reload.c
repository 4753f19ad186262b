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

/* What associations begin with; the worker's sockets that listen get it as well. */
static int retune(struct sipring_worker *worker, const struct sipring_config *config,
	struct sipring_error *error)
{
	struct sipring_sctp_config before = worker->sctp_config, after;
	struct sipring_io_config io;
	int r;

	sipring_config_lower(config, &io, &after, &worker->log);
	worker->sctp_config.knobs = after.knobs;
	worker->sctp_config.init_attempts = after.init_attempts;
	worker->sctp_config.init_timeout_ms = after.init_timeout_ms;
	r = worker->sctp->ops->retune(worker->sctp, error);
	if (r == 0)
		return 0;
	worker->sctp_config = before;
	(void)worker->sctp->ops->retune(worker->sctp, NULL);
	return r;
}

int sipring_reload(struct sipring *sipring, struct sipring_worker *worker,
	const struct sipring_config *config,
	void (*changed)(void *user, const struct sipring_setting_change *change), void *user,
	struct sipring_error *error)
{
	struct sipring_config before = sipring->config, after = sipring->config;
	struct telling telling = {changed, user};
	int r = each_difference(&before, config, take, &after);

	if (r == 0)
		r = sipring_check(&after, error);
	if (r == 0 && worker)
		r = retune(worker, &after, error);
	if (r < 0)
		return r;
	sipring->config = after;
	if (changed)
		each_difference(&before, config, tell, &telling);
	return 0;
}
