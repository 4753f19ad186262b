/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Associations as the worker keeps them: begun by a send or a connect, carried by the state machine
 * (assoc/association.c), whose actions are carried out here, ended by drain, disconnect, time or
 * loss. An association is freed only once its conn is gone. Each has one timer, whose meaning
 * follows from its state: the connect's limit; the first waiting message's, or the end of an idle
 * one; or the end's.
 */
#include "base/clock.h"
#include "engine/worker.h"

#include <assert.h>
#include <errno.h>

#define END_TIMEOUT_MS 10000 /* from SHUTDOWN to ABORT when a peer does not answer it */
#define FIRST_WORD_MS 4000   /* RFC 4960 15: a first packet that was lost comes again after 3 s */

void sipring_lifecycle_tell(struct sipring_worker *worker, const struct sipring_event *event)
{
	if (worker->callbacks.event)
		worker->callbacks.event(worker->callbacks.user, event);
}

/* Whether an association to this peer can leave from a listener's addresses. */
static bool suits(const struct sipring_address_set *listener, const union sipring_address *to)
{
	for (unsigned i = 0; i < listener->n_addresses; i++) {
		const union sipring_address *own = &listener->addresses[i];

		if (own->sa.sa_family == to->sa.sa_family ||
			(own->sa.sa_family == AF_INET6 && sipring_address_is_wildcard(own)))
			return true;
	}
	return false;
}

/* The first listener whose address and port a connect to this peer may leave from; NULL: any. */
static const struct sipring_address_set *listener_for(const struct sipring_worker *worker,
	const union sipring_address *to)
{
	for (unsigned i = 0; i < worker->sipring->config.n_listeners; i++)
		if (suits(&worker->listeners[i], to))
			return &worker->listeners[i];
	return NULL;
}

/* 0 or -errno: whether a connect may leave from the listener it asks for. */
static int check_wish(const struct sipring_worker *worker,
	const struct sipring_lifecycle_wish *wish)
{
	if (worker->draining)
		return -ESHUTDOWN;
	if (!wish->listener)
		return 0;
	if (wish->listener > CONFIG_LISTENERS_MAX ||
		!worker->listeners[wish->listener - 1].n_addresses)
		return -EINVAL;
	return suits(&worker->listeners[wish->listener - 1], wish->to) ? 0 : -EAFNOSUPPORT;
}

/* Additional ones leave from any port; of the others the listener is known. */
int sipring_lifecycle_begin(struct sipring_worker *worker, struct sipring_association *association)
{
	union sipring_address remote[SIPRING_ADDRESS_SET_MAX];
	struct sipring_sctp_connect what = {
		.remote = remote,
		.n_remote = sipring_table_addresses(association, remote, SIPRING_ADDRESS_SET_MAX),
		.local = association->from_listener ? &worker->listeners[association->listener]
						    : NULL,
		.tag = association->listener,
		.owner = association,
	};

	return worker->sctp->ops->connect(worker->sctp, &what, &association->conn);
}

struct sipring_association *sipring_lifecycle_connect(struct sipring_worker *worker,
	const struct sipring_lifecycle_wish *wish, int *result)
{
	struct sipring_association *association;
	const struct sipring_address_set *local = NULL;
	const union sipring_address *to = wish->to;

	assert(sipring_address_port(to) != 0);
	*result = check_wish(worker, wish);
	if (*result < 0)
		return NULL;
	if (!worker->in_turn)
		worker->now_ms = sipring_clock_ns() / 1000000;
	if (sipring_shunned_holds(&worker->shunned, to, worker->now_ms)) {
		worker->stats.shunned++;
		*result = -EHOSTDOWN;
		return NULL;
	}
	association = sipring_table_add(&worker->table, to, false, !wish->is_additional);
	if (!association) {
		*result = -ENFILE;
		return NULL;
	}
	for (unsigned i = 1; i < wish->n_to && association->listed; i++)
		(void)sipring_table_add_path(&worker->table, association, &to[i]);
	switch (sipring_claim_take(worker, association)) {
	case SIPRING_OWNER_MINE:
		break;
	case SIPRING_OWNER_THEIRS:
		*result = -EXDEV;
		sipring_table_remove(&worker->table, association);
		return NULL;
	case SIPRING_OWNER_FULL:
		*result = -ENFILE;
		sipring_table_remove(&worker->table, association);
		return NULL;
	}
	if (!wish->is_additional)
		local = wish->listener ? &worker->listeners[wish->listener - 1]
				       : listener_for(worker, to);
	association->from_listener = local != NULL;
	if (local)
		association->listener = (uint8_t)(local - worker->listeners);
	*result = sipring_lifecycle_begin(worker, association);
	if (*result < 0) {
		worker->stats.associations_failed++;
		sipring_claim_drop(worker, association);
		sipring_table_remove(&worker->table, association);
		return NULL;
	}
	worker->now_ms = sipring_clock_ns() / 1000000;
	if (*result == SIPRING_SCTP_EXISTS)
		sipring_await_begin(worker, association);
	else
		sipring_lifecycle_time(worker, association);
	*result = 0;
	return association;
}

/*
 * Who came lately has something to say, and if nothing was heard of it, it is on its way again: the
 * first packet of an association may be lost, by Linux more than others (docs/KERNEL.md).
 */
static uint64_t quiet_end_ms(const struct sipring_worker *worker,
	const struct sipring_association *association)
{
	bool is_unheard = association->inbound && !association->heard;
	uint64_t at_ms = association->active_ms + worker->drain_quiet_ms;

	if (is_unheard && worker->drain_quiet_ms < FIRST_WORD_MS)
		at_ms = association->active_ms + FIRST_WORD_MS;
	return at_ms < worker->drain_quiet_by_ms ? at_ms : worker->drain_quiet_by_ms;
}

/* When it has been idle for long enough, if nothing goes or comes until then. */
static uint64_t idle_end_ms(const struct sipring_worker *worker,
	const struct sipring_association *association)
{
	uint64_t autoclose_ms = sipring_manner_of(worker, association).autoclose_ms;

	if (worker->draining)
		return quiet_end_ms(worker, association);
	return autoclose_ms ? association->active_ms + autoclose_ms : UINT64_MAX;
}

/*
 * Idle for autoclose: what was sent is acknowledged or lost, and what is owed was answered. While
 * draining for less, and then there is a time past which it does not matter.
 */
static bool is_idle(const struct sipring_worker *worker,
	const struct sipring_association *association)
{
	bool is_late = worker->draining && worker->drain_quiet_by_ms <= worker->now_ms;

	return association->state == SIPRING_ASSOCIATION_UP &&
		(association->queue.n_messages == 0 || is_late) &&
		idle_end_ms(worker, association) <= worker->now_ms;
}

/* A timer that is early looks again: no message moves it, only what is due before it. */
static uint64_t next_look_ms(const struct sipring_worker *worker,
	const struct sipring_association *association)
{
	uint64_t at_ms = sipring_queue_deadline_ms(&association->queue);
	uint64_t idle_ms = idle_end_ms(worker, association);

	if (idle_ms <= worker->now_ms) /* but the provider still has what is to go */
		idle_ms = worker->now_ms + (worker->draining ? 10 : 1000);
	if (idle_ms < at_ms)
		at_ms = idle_ms;
	if (!sipring_list_empty(&association->timer.link) && association->timer.at_ms <= at_ms)
		at_ms = association->timer.at_ms;
	return at_ms;
}

void sipring_lifecycle_time(struct sipring_worker *worker, struct sipring_association *association)
{
	uint64_t at_ms = UINT64_MAX;

	switch (association->state) {
	case SIPRING_ASSOCIATION_CONNECTING:
		if (association->timer.at_ms && !sipring_list_empty(&association->timer.link))
			return;
		at_ms = worker->now_ms + (uint64_t)worker->sipring->config.connect_timeout_ms;
		break;
	case SIPRING_ASSOCIATION_UP:
		at_ms = next_look_ms(worker, association);
		break;
	case SIPRING_ASSOCIATION_ENDING:
	case SIPRING_ASSOCIATION_DRAINING:
	case SIPRING_ASSOCIATION_SHUT:
		if (!association->end_by_ms)
			association->end_by_ms = worker->draining ? worker->drain_by_ms
								  : worker->now_ms + END_TIMEOUT_MS;
		at_ms = association->end_by_ms;
		break;
	case SIPRING_ASSOCIATION_CLOSING:
		break;
	}
	if (at_ms == UINT64_MAX)
		sipring_wheel_stop(&worker->wheel, &association->timer);
	else if (sipring_list_empty(&association->timer.link) || association->timer.at_ms != at_ms)
		sipring_wheel_start(&worker->wheel, &association->timer, at_ms);
}

void sipring_lifecycle_timer(struct sipring_worker *worker, struct sipring_timer *timer)
{
	struct sipring_association *association =
		SIPRING_CONTAINER(timer, struct sipring_association, timer);
	struct sipring_outgoing *message;

	switch (association->state) {
	case SIPRING_ASSOCIATION_CONNECTING:
	case SIPRING_ASSOCIATION_ENDING:
	case SIPRING_ASSOCIATION_DRAINING:
	case SIPRING_ASSOCIATION_SHUT:
		if (!association->conn)
			sipring_await_retry(worker, association);
		else
			sipring_lifecycle_apply(worker, association,
				sipring_association_abort(association), -ETIMEDOUT);
		break;
	case SIPRING_ASSOCIATION_UP:
		while (association->state == SIPRING_ASSOCIATION_UP &&
			(message = sipring_queue_expire(&association->queue, worker->now_ms)))
			sipring_outbound_outcome(worker, message, SIPRING_OUTCOME_TIMED_OUT,
				-ETIMEDOUT);
		if (is_idle(worker, association)) {
			worker->stats.associations_idle += !worker->draining;
			sipring_lifecycle_apply(worker, association,
				sipring_association_end(association), 0);
			break;
		}
		sipring_lifecycle_time(worker, association);
		if (association->queue.n_submitted == 0)
			sipring_outbound_empty(worker, association);
		sipring_outbound_tell_room(worker, association);
		break;
	case SIPRING_ASSOCIATION_CLOSING:
		break;
	}
}

/* It never stood, and that was no wish of ours: the peer is left alone for a while. */
static void shun(struct sipring_worker *worker, const struct sipring_association *association,
	int error)
{
	const struct sipring_config *config = &worker->sipring->config;

	if (association->stood || association->inbound || !error || error == -ECONNABORTED ||
		error == -ESHUTDOWN || error == -EXDEV)
		return;
	sipring_shunned_failed(&worker->shunned, &association->peer, worker->now_ms,
		(uint32_t)config->reconnect_min_ms, (uint32_t)config->reconnect_max_ms);
}

/* As hosts count them. */
static uint8_t listener_of(const struct sipring_association *association)
{
	bool has_one = association->inbound || association->from_listener;

	return has_one ? (uint8_t)(association->listener + 1) : 0;
}

static void tell_up(struct sipring_worker *worker, struct sipring_association *association)
{
	worker->stats.associations_up++;
	association->active_ms = worker->now_ms;
	sipring_shunned_forget(&worker->shunned, &association->peer);
	if (!association->inbound)
		sipring_paths_learn(worker, association);
	sipring_lifecycle_tell(worker,
		&(struct sipring_event){
			.type = SIPRING_EVENT_UP,
			.association = sipring_table_id(&worker->table, association),
			.address = &association->peer,
			.inbound = association->inbound,
			.listener = listener_of(association),
		});
}

static void tell_down(struct sipring_worker *worker, struct sipring_association *association,
	int error)
{
	if (association->stood)
		worker->stats.associations_down++;
	else
		worker->stats.associations_failed++;
	sipring_lifecycle_tell(worker,
		&(struct sipring_event){
			.type = SIPRING_EVENT_DOWN,
			.association = sipring_table_id(&worker->table, association),
			.address = &association->peer,
			.error = error,
			.inbound = association->inbound,
			.listener = listener_of(association),
		});
}

static void release(struct sipring_worker *worker, struct sipring_association *association)
{
	assert(sipring_list_empty(&association->routes));
	if (!association->conn)
		sipring_await_end(worker, association);
	sipring_outbound_fail(worker, association, SIPRING_OUTCOME_LOST, -ECONNRESET);
	sipring_reassembly_drop(&association->partial, &worker->slots);
	sipring_list_unlink(&association->flush);
	sipring_wheel_stop(&worker->wheel, &association->timer);
	sipring_claim_drop(worker, association);
	if (association->admitted)
		sipring_admission_leave(&worker->admission, &association->peer);
	sipring_table_remove(&worker->table, association);
}

/* The order matters: a host told of the end may send at once, and must find a new association. */
void sipring_lifecycle_apply(struct sipring_worker *worker, struct sipring_association *association,
	unsigned actions, int error)
{
	worker->n_applied++;
	if (actions & SIPRING_ASSOCIATION_TELL_DOWN)
		shun(worker, association, error);
	if (!sipring_association_takes_sends(association))
		sipring_claim_drop(worker, association);
	if (actions & (SIPRING_ASSOCIATION_ABORT | SIPRING_ASSOCIATION_TELL_DOWN))
		sipring_route_lost(worker, association, error ? error : -ECONNRESET);
	if (actions & SIPRING_ASSOCIATION_ABORT && association->conn)
		worker->sctp->ops->abort(worker->sctp, association->conn);
	else if (actions & SIPRING_ASSOCIATION_ABORT) /* nobody will say that it is gone */
		actions |= SIPRING_ASSOCIATION_FREE;
	if (actions & SIPRING_ASSOCIATION_SHUTDOWN)
		worker->sctp->ops->shutdown(worker->sctp, association->conn);
	if (actions & SIPRING_ASSOCIATION_FAIL)
		sipring_outbound_fail(worker, association,
			association->stood ? SIPRING_OUTCOME_LOST : SIPRING_OUTCOME_CONNECT_FAILED,
			error ? error : -ECONNRESET);
	if (actions & SIPRING_ASSOCIATION_TELL_UP) {
		tell_up(worker, association);
		sipring_route_up(worker, association);
	}
	if (actions & SIPRING_ASSOCIATION_TELL_DOWN)
		tell_down(worker, association, error);
	if (actions & SIPRING_ASSOCIATION_FREE) {
		release(worker, association);
		return;
	}
	if (actions & SIPRING_ASSOCIATION_FLUSH)
		sipring_outbound_ready(worker, association);
	sipring_lifecycle_time(worker, association);
}

/*
 * It is in use, or its peer believes so: it is ended when it no longer is. Of a quiet end its timer
 * judges that: what came since the last turn is not read yet.
 */
static bool may_stay(const struct sipring_worker *worker,
	const struct sipring_association *association)
{
	if (association->state == SIPRING_ASSOCIATION_UP)
		return worker->drain_quiet_ms || !is_idle(worker, association);
	return worker->drain_quiet_ms && association->state == SIPRING_ASSOCIATION_CONNECTING &&
		association->inbound && association->conn;
}

void sipring_worker_drain(struct sipring_worker *worker, uint32_t deadline_ms)
{
	sipring_worker_drain_quietly(worker, 0, deadline_ms);
}

void sipring_worker_drain_quietly(struct sipring_worker *worker, uint32_t quiet_ms,
	uint32_t deadline_ms)
{
	if (!worker->sctp) /* from an outcome's callback while it closes */
		return;
	worker->now_ms = sipring_clock_ns() / 1000000;
	worker->draining = true;
	worker->drain_by_ms = worker->now_ms + deadline_ms;
	worker->drain_quiet_ms = quiet_ms;
	worker->drain_quiet_by_ms = worker->now_ms + (quiet_ms ? deadline_ms / 2 : 0);
	sipring_spares_drain(worker);
	worker->sctp->ops->stop_listening(worker->sctp, SIPRING_SCTP_ALL);
	sipring_route_fail(worker, SIPRING_OUTCOME_CONNECT_FAILED, -ESHUTDOWN);
	for (uint32_t i = 0; i < worker->table.associations.n_items; i++) {
		struct sipring_association *association = sipring_table_at(&worker->table, i);

		if (!association)
			continue;
		if (may_stay(worker, association)) {
			sipring_lifecycle_time(worker, association);
			continue;
		}
		association->end_by_ms = worker->drain_by_ms;
		sipring_lifecycle_apply(worker, association, sipring_association_end(association),
			-ESHUTDOWN);
	}
}

bool sipring_worker_drained(const struct sipring_worker *worker)
{
	return worker->draining && sipring_table_count(&worker->table) == 0 &&
		!(worker->sctp &&
			worker->sctp->ops->is_listening(worker->sctp, SIPRING_SCTP_ALL)) &&
		sipring_pool_used(&worker->routes.pool) == 0 &&
		(!worker->stats.inbox_waiting || worker->now_ms >= worker->drain_by_ms);
}

int sipring_disconnect(struct sipring_worker *worker, uint32_t id, bool abort)
{
	struct sipring_association *association = sipring_table_find(&worker->table, id);

	if (!association || association->state == SIPRING_ASSOCIATION_CLOSING)
		return -ENOTCONN;
	worker->now_ms = sipring_clock_ns() / 1000000;
	sipring_lifecycle_apply(worker, association,
		abort ? sipring_association_abort(association)
		      : sipring_association_end(association),
		abort ? -ECONNABORTED : 0);
	return 0;
}
