/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker: opening, the turn, closing. A turn hands over what was queued, waits, reaps, all in
 * one system call, and only then acts: provider events first, timers after them. Every callback to
 * the host is made from here, directly or below. Invariant: between turns nothing reaped is left
 * unread, and each association with something to send is in the flush list or waits for the kernel.
 */
#include "engine/worker.h"
#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

static int open_memory(struct sipring_worker *worker, struct sipring_error *error)
{
	const struct sipring_config *config = &worker->sipring->config;
	int r = sipring_table_open(&worker->table, (uint32_t)config->associations_max,
		(uint32_t)config->paths_max);

	if (r == 0)
		r = sipring_pool_open(&worker->slots, (uint32_t)config->reassembly_slots,
			sipring_reassembly_slot_size((size_t)config->message_max));
	if (r == 0)
		r = sipring_send_pool_open(&worker->sends, config);
	if (r == 0)
		r = sipring_shunned_open(&worker->shunned, (uint32_t)config->reconnect_peers);
	worker->scratch = malloc((size_t)config->message_max);
	if (r == 0 && !worker->scratch)
		r = -ENOMEM;
	if (getrandom(worker->tag_secret, sizeof worker->tag_secret, 0) < 0)
		r = -errno;
	if (r < 0)
		return sipring_error_set(error, r,
			"cannot map the worker's memory: %s; `sipring doctor --budget` sums it up",
			strerror(-r));
	return 0;
}

static int open_handoff(struct sipring_worker *worker, struct sipring_error *error)
{
	int r = sipring_handoff_open(worker);

	if (r < 0)
		return sipring_error_set(error, r,
			"cannot map the memory for what takers have no room for: %s", strerror(-r));
	return 0;
}

static int open_wake(struct sipring_worker *worker, struct sipring_error *error)
{
	if (worker->wake_fd < 0)
		worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->wake_fd < 0)
		return sipring_error_set(error, -errno, "cannot open an eventfd: %s",
			strerror(errno));
	worker->wake.fd = worker->wake_fd;
	worker->wake.kind = SIPRING_IO_EVENTFD;
	worker->io->ops->add(worker->io, &worker->wake);
	return 0;
}

static int open_names(struct sipring_worker *worker, struct sipring_error *error)
{
	struct sipring_dns_config config;
	int r;

	sipring_config_lower_dns(&worker->sipring->config, &config, &worker->log);
	r = sipring_dns_open(&worker->dns, &config, worker->io);
	if (r == 0)
		r = sipring_route_open(worker);
	if (r < 0)
		return sipring_error_set(error, r, "cannot map the memory for names: %s",
			strerror(-r));
	return 0;
}

/*
 * One worker after the other: sockets that share a port must not be made to listen at the same time
 * on older kernels. Only the first worker makes sure that the port is nobody else's.
 */
static int open_listeners(struct sipring_worker *worker, struct sipring_error *error)
{
	const struct sipring *sipring = worker->sipring;
	struct sipring_share *share = worker->party.share;
	int r = 0;

	if (share)
		sipring_share_lock(share);
	worker->sctp_config.is_shared = share && sipring_share_listens(share, worker->party.place);
	for (unsigned i = 0; r == 0 && i < sipring->config.n_listeners; i++) {
		int fd = sipring_inherit_take(worker->sipring, worker->party.place, i);

		r = fd >= 0
			? worker->sctp->ops->take_over(worker->sctp, fd, i, error)
			: worker->sctp->ops->listen(worker->sctp, &worker->listeners[i], i, error);
	}
	if (share && r == 0)
		sipring_share_set_listening(share, worker->party.place, worker->party.member);
	if (share)
		sipring_share_unlock(share);
	return r;
}

static int open_admission(struct sipring_worker *worker, struct sipring_error *error)
{
	int r = sipring_admission_open(&worker->admission, &worker->sipring->config,
		worker->party.share, worker->party.place);

	if (r == 0)
		return 0;
	return sipring_error_set(error, r,
		"no memory to count associations by address: %s; lower associations_max",
		strerror(-r));
}

static int open_parts(struct sipring_worker *worker, struct sipring_error *error)
{
	const struct sipring *sipring = worker->sipring;
	int r = open_memory(worker, error);

	if (r == 0)
		r = sipring_post_open(worker, error);
	if (r == 0)
		sipring_spares_open(worker);
	if (r == 0)
		r = open_admission(worker, error);
	if (r == 0)
		r = open_handoff(worker, error);
	if (r == 0)
		r = sipring_io_choose(&worker->io, (enum sipring_io_wanted)sipring->config.io,
			&worker->io_config, worker->io_reason, sizeof worker->io_reason, error);
	if (r == 0)
		r = open_wake(worker, error);
	if (r == 0)
		r = sipring_sctp_choose(&worker->sctp,
			(enum sipring_sctp_wanted)sipring->config.provider, &worker->sctp_config,
			worker->io, worker->provider_reason, sizeof worker->provider_reason, error);
	if (r == 0)
		r = open_names(worker, error);
	return r == 0 ? open_listeners(worker, error) : r;
}

int sipring_worker_lower(struct sipring_worker *worker, const struct sipring_config *config,
	struct sipring_io_config *io, struct sipring_sctp_config *common,
	struct sipring_sctp_config *listeners)
{
	struct sipring_config *one = malloc(sizeof *one);
	struct sipring_io_config ignored;

	if (!one)
		return -ENOMEM;
	sipring_config_lower(config, io, common, &worker->log);
	common->io = &worker->io_config;
	for (unsigned i = 0; i < config->n_listeners; i++) {
		sipring_config_of_listener(config, i, one);
		sipring_config_lower(one, &ignored, &listeners[i], &worker->log);
		listeners[i].io = &worker->io_config;
	}
	free(one);
	return 0;
}

int sipring_worker_open(struct sipring_worker **out, struct sipring *sipring,
	const struct sipring_callbacks *callbacks, struct sipring_error *error)
{
	struct sipring_worker *worker;
	int r;

	if (!callbacks->dispatch && !sipring->split)
		return sipring_error_set(error, -EINVAL,
			"the callback dispatch must be set, or the setting takers");
	worker = calloc(1, sizeof *worker);
	if (!worker)
		return sipring_error_set(error, -ENOMEM, "no memory for a worker");
	worker->sipring = sipring;
	worker->callbacks = *callbacks;
	worker->log = (struct sipring_log){callbacks->log, callbacks->user};
	worker->wake_fd = -1;
	worker->now_ms = sipring_clock_ns() / 1000000;
	sipring_list_init(&worker->flush);
	sipring_wheel_init(&worker->wheel, worker->now_ms);
	r = sipring_worker_lower(worker, &sipring->config, &worker->io_config, &worker->sctp_config,
		worker->sctp_listeners);
	if (r < 0) {
		free(worker);
		return sipring_error_set(error, r, "no memory for a worker");
	}
	worker->sctp_config.of_listeners = worker->sctp_listeners;
	memcpy(worker->listeners, sipring->listeners, sizeof worker->listeners);
	sipring_set_manners(worker);
	r = open_parts(worker, error);
	if (r == 0)
		sipring_stats_open(worker);
	if (r < 0) {
		sipring_worker_close(worker);
		return r;
	}
	*out = worker;
	return 0;
}

/* Before provider and io go: what an outcome's callback tries then is refused. */
static void give_up_everything(struct sipring_worker *worker)
{
	worker->draining = true;
	for (uint32_t i = 0; i < worker->table.associations.n_items; i++) {
		struct sipring_association *association = sipring_table_at(&worker->table, i);

		if (!association)
			continue;
		sipring_claim_drop(worker, association);
		sipring_route_lost(worker, association, -ECONNABORTED);
		(void)sipring_association_lost(association);
	}
}

static void fail_everything(struct sipring_worker *worker)
{
	for (uint32_t i = 0; i < worker->table.associations.n_items; i++) {
		struct sipring_association *association = sipring_table_at(&worker->table, i);

		if (association)
			sipring_outbound_fail(worker, association, SIPRING_OUTCOME_CLOSED, 0);
	}
}

void sipring_worker_close(struct sipring_worker *worker)
{
	if (!worker)
		return;
	give_up_everything(worker);
	sipring_handoff_close(worker);
	sipring_stats_keep(worker);
	if (worker->sctp)
		worker->sctp->ops->close(worker->sctp);
	if (worker->io)
		worker->io->ops->close(worker->io);
	worker->sctp = NULL;
	worker->io = NULL;
	sipring_route_fail(worker, SIPRING_OUTCOME_CLOSED, 0);
	fail_everything(worker);
	sipring_stats_close(worker);
	sipring_spares_close(worker);
	sipring_post_close(worker);
	sipring_route_close(worker);
	sipring_dns_close(worker->dns);
	if (worker->wake_fd >= 0)
		close(worker->wake_fd);
	free(worker->scratch);
	sipring_shunned_close(&worker->shunned);
	sipring_admission_close(&worker->admission);
	sipring_send_pool_close(&worker->sends);
	sipring_pool_close(&worker->slots);
	sipring_table_close(&worker->table);
	free(worker);
}

static void act(struct sipring_worker *worker)
{
	struct sipring_sctp_event event;

	while (worker->sctp->ops->next(worker->sctp, &event))
		sipring_inbound_act(worker, &event);
}

static void tell_time(struct sipring_worker *worker)
{
	struct sipring_timer *timer;

	while ((timer = sipring_wheel_expire(&worker->wheel, worker->now_ms)))
		sipring_lifecycle_timer(worker, timer);
}

/* After the flush: a stack in user space may have results of sends already, or timers due. */
static void tick(struct sipring_worker *worker)
{
	uint64_t again_ms = worker->sctp->ops->tick(worker->sctp, worker->now_ms);

	worker->tick_at_ms = again_ms == UINT64_MAX ? UINT64_MAX : worker->now_ms + again_ms;
	act(worker);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Until a timer is due; what only a turn's call does is not looked at. */
static int64_t timers_idle_ns(struct sipring_worker *worker, uint64_t now_ms)
{
	uint64_t idle_ms = sipring_wheel_idle_ms(&worker->wheel, now_ms);

	idle_ms = least(idle_ms, sipring_post_idle_ms(worker));
	idle_ms = least(idle_ms, sipring_route_idle_ms(worker, now_ms));
	idle_ms = least(idle_ms, sipring_handoff_idle_ms(worker, now_ms));
	idle_ms = least(idle_ms, sipring_stats_idle_ms(worker, now_ms));
	idle_ms = least(idle_ms, sipring_spares_idle_ms(worker, now_ms));
	if (worker->tick_at_ms != UINT64_MAX)
		idle_ms = least(idle_ms,
			worker->tick_at_ms > now_ms ? worker->tick_at_ms - now_ms : 0);
	if (!sipring_list_empty(&worker->flush))
		return 0;
	return idle_ms > INT64_MAX / 1000000 ? -1 : (int64_t)idle_ms * 1000000;
}

int64_t sipring_worker_idle_ns(struct sipring_worker *worker)
{
	uint64_t now_ms = worker->in_turn ? worker->now_ms : sipring_clock_ns() / 1000000;

	return worker->io->ops->pending(worker->io) ? 0 : timers_idle_ns(worker, now_ms);
}

int sipring_worker_turn(struct sipring_worker *worker, int64_t timeout_ns)
{
	struct sipring_io_event event;
	int64_t idle_ns;
	int r;

	worker->now_ms = sipring_clock_ns() / 1000000;
	worker->in_turn = true;
	sipring_post_run(worker);
	sipring_route_run(worker);
	sipring_outbound_flush(worker);
	tick(worker);
	idle_ns = timers_idle_ns(worker, worker->now_ms);
	if (timeout_ns < 0 || (idle_ns >= 0 && idle_ns < timeout_ns))
		timeout_ns = idle_ns;
	r = worker->io->ops->turn(worker->io, timeout_ns);
	worker->now_ns = sipring_clock_ns();
	worker->now_ms = worker->now_ns / 1000000;
	while (worker->io->ops->next(worker->io, &event)) {
		if (event.socket == &worker->wake) {
			worker->stats.wakes++;
			continue;
		}
		if (sipring_dns_input(worker->dns, &event, worker->now_ms))
			continue;
		worker->sctp->ops->input(worker->sctp, &event);
		act(worker);
	}
	tell_time(worker);
	sipring_route_run(worker);
	sipring_handoff_run(worker);
	tick(worker);
	sipring_outbound_tell_starved(worker);
	sipring_spares_run(worker);
	sipring_post_run(worker);
	sipring_stats_publish(worker);
	(void)sipring_post_idle_ms(worker); /* whoever pushes between turns has to wake */
	worker->in_turn = false;
	return r;
}

int sipring_worker_pollable(struct sipring_worker *worker)
{
	return worker->io->ops->pollable(worker->io);
}

void sipring_worker_wake(struct sipring_worker *worker)
{
	uint64_t one = 1;
	ssize_t n = write(worker->wake_fd, &one, sizeof one);

	(void)n; /* nobody reads the counter, and nobody fills it: it takes 2^64 wakes */
}

void sipring_worker_choice(const struct sipring_worker *worker, struct sipring_choice *choice)
{
	*choice = (struct sipring_choice){
		.provider = worker->sctp ? worker->sctp->ops->name : "closed",
		.provider_reason = worker->provider_reason,
		.io = worker->io ? worker->io->ops->name : "closed",
		.io_reason = worker->io_reason,
	};
}
