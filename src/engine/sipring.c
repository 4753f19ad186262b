/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part that workers share: the settings, checked as a whole and copied, and the listeners with
 * their ports resolved. It opens nothing; it outlives its workers.
 */
#include "engine/worker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RECEIVE_BUFFERS_LEAST 16
#define AUTOCLOSE_LEAST 32  /* seconds, 64 * T1: what a transaction may take */
#define SNDBUF_LEAST 131072 /* bytes: twice the largest message, eight times the longest run */

const char *sipring_version(void)
{
	return SIPRING_VERSION;
}

static int check_rto(const struct sipring_config *config, struct sipring_error *error)
{
	const struct {
		const char *less_name, *more_name;
		int64_t less, more;
	} pairs[] = {
		{"rto_min", "rto_initial", config->rto_min, config->rto_initial},
		{"rto_initial", "rto_max", config->rto_initial, config->rto_max},
		{"rto_min", "rto_max", config->rto_min, config->rto_max},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (pairs[i].more && pairs[i].less > pairs[i].more)
			return sipring_error_set(error, -EINVAL, "%s (%lld) is above %s (%lld)",
				pairs[i].less_name, (long long)pairs[i].less, pairs[i].more_name,
				(long long)pairs[i].more);
	return 0;
}

static int check_one(const struct sipring_config *config, struct sipring_error *error)
{
	if (config->queue_bytes < config->message_max)
		return sipring_error_set(error, -EINVAL,
			"queue_bytes (%lld) must hold a message of message_max (%lld) bytes",
			(long long)config->queue_bytes, (long long)config->message_max);
	/* A run of messages marked "more to come" must not fill it: see assoc/queue.c. */
	if (config->so_sndbuf && config->so_sndbuf < SNDBUF_LEAST)
		return sipring_error_set(error, -EINVAL,
			"so_sndbuf (%lld) must be 0 or at least %d", (long long)config->so_sndbuf,
			SNDBUF_LEAST);
	if (config->receive_buffers && config->receive_buffers < RECEIVE_BUFFERS_LEAST)
		return sipring_error_set(error, -EINVAL,
			"receive_buffers (%lld) must be 0, to go by associations_max, or at least "
			"%d",
			(long long)config->receive_buffers, RECEIVE_BUFFERS_LEAST);
	if (config->reconnect_min_ms > config->reconnect_max_ms)
		return sipring_error_set(error, -EINVAL,
			"reconnect_min_ms (%lld) is above reconnect_max_ms (%lld)",
			(long long)config->reconnect_min_ms, (long long)config->reconnect_max_ms);
	if (config->autoclose && config->autoclose < AUTOCLOSE_LEAST)
		return sipring_error_set(error, -EINVAL,
			"autoclose (%lld) must be 0, for never, or at least %d: an answer may take "
			"as long (RFC 4168 5.1)",
			(long long)config->autoclose, AUTOCLOSE_LEAST);
	if (config->tos % 4)
		return sipring_error_set(error, -EINVAL,
			"tos (%lld) must be a multiple of 4: its lower two bits are ECN's",
			(long long)config->tos);
	if (config->asconf == SIPRING_SCTP_ON && config->auth != SIPRING_SCTP_ON)
		return sipring_error_set(error, -EINVAL,
			"asconf=on needs auth=on (RFC 5061 4.1: such chunks are authenticated)");
	if (config->n_listeners + config->spare_listeners > CONFIG_LISTENERS_MAX)
		return sipring_error_set(error, -EINVAL,
			"%u listeners and spare_listeners (%lld) are more than the %d that there "
			"may be",
			config->n_listeners, (long long)config->spare_listeners,
			CONFIG_LISTENERS_MAX);
	if (config->associations_max > sipring_share_associations_max(config))
		return sipring_error_set(error, -EINVAL,
			"associations_max (%lld) is above what each of %lld workers may have, %lld",
			(long long)config->associations_max, (long long)config->workers,
			(long long)sipring_share_associations_max(config));
	return check_rto(config, error);
}

int sipring_check(const struct sipring_config *config, struct sipring_error *error)
{
	struct sipring_config *one;
	int r = check_one(config, error);

	/* What came by no listener would lie among the first one's. */
	if (r == 0 && config->n_listeners == 0 && config->spare_listeners && config->takers)
		r = sipring_error_set(error, -EINVAL,
			"spare_listeners (%lld) with takers need a listener that is there from the "
			"start",
			(long long)config->spare_listeners);
	if (r < 0 || config->n_listeners == 0)
		return r;
	one = malloc(sizeof *one);
	if (!one)
		return sipring_error_set(error, -ENOMEM, "no memory");
	for (unsigned i = 0; r == 0 && i < config->n_listeners; i++) {
		struct sipring_error why = {0};

		sipring_config_of_listener(config, i, one);
		r = check_one(one, &why);
		if (r < 0)
			sipring_error_set(error, r, "listener %s: %s", config->listeners[i],
				why.text);
	}
	free(one);
	return r;
}

static int64_t own_or_common(const struct sipring_config *config, unsigned listener,
	const char *name)
{
	char text[32];

	sipring_config_listener_get(config, listener, name, text, sizeof text);
	return strtoll(text, NULL, 10);
}

void sipring_set_manners(struct sipring_worker *worker)
{
	const struct sipring_config *config = &worker->sipring->config;
	char text[8];

	for (unsigned i = 0; i < config->n_listeners; i++) {
		sipring_config_listener_get(config, i, "unordered", text, sizeof text);
		worker->manners[i] = (struct sipring_manner){
			.autoclose_ms = (uint64_t)own_or_common(config, i, "autoclose") * 1000,
			.unordered = strcmp(text, "on") == 0,
		};
	}
}

struct sipring_manner sipring_manner_of(const struct sipring_worker *worker,
	const struct sipring_association *association)
{
	const struct sipring_config *config = &worker->sipring->config;

	if (association && (association->inbound || association->from_listener))
		return worker->manners[association->listener];
	return (struct sipring_manner){
		.autoclose_ms = (uint64_t)config->autoclose * 1000,
		.unordered = config->unordered,
	};
}

int sipring_open(struct sipring **out, const struct sipring_config *config,
	struct sipring_error *error)
{
	struct sipring *sipring;
	int r = sipring_check(config, error);

	if (r < 0)
		return r;
	sipring = calloc(1, sizeof *sipring);
	if (!sipring)
		return sipring_error_set(error, -ENOMEM, "no memory");
	sipring->config = *config;
	for (unsigned i = 0; i < config->n_listeners; i++) {
		r = sipring_address_set_parse_listener(&sipring->listeners[i], config->listeners[i],
			(uint16_t)config->sctp_port, error);
		if (r < 0) {
			free(sipring);
			return r;
		}
	}
	assert(r == 0);
	if (sipring_share_is_wanted(config))
		r = sipring_share_open(&sipring->share, config, error);
	if (r == 0 && sipring_split_is_wanted(config)) {
		r = sipring_split_open(&sipring->split, sipring->share, config);
		if (r < 0)
			sipring_error_set(error, r,
				"cannot map what takers share: %s; `sipring doctor --budget` sums "
				"it up",
				strerror(-r));
	}
	if (r == 0) {
		r = sipring_stats_map(sipring);
		if (r < 0)
			sipring_error_set(error, r, "cannot map the statistics: %s", strerror(-r));
	}
	if (r < 0) {
		sipring_close(sipring);
		return r;
	}
	*out = sipring;
	return 0;
}

void sipring_ended(struct sipring *sipring, pid_t pid)
{
	if (sipring->share)
		sipring_share_bury(sipring->share, pid);
	if (sipring->split)
		sipring_split_bury(sipring->split);
	for (int64_t i = 0; i < sipring->config.workers; i++)
		sipring_figures_ended(&sipring->figures[i], pid);
}

void sipring_close(struct sipring *sipring)
{
	if (sipring) {
		sipring_inherit_end(sipring);
		sipring_split_close(sipring->split);
		sipring_share_close(sipring->share);
		sipring_stats_unmap(sipring);
	}
	free(sipring);
}
