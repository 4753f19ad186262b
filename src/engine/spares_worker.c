/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listeners that come and go, in a worker. Of one that is about to end the worker has something
 * until its socket is closed, the associations that came by it are over, and no message of it waits
 * for a taker. Messages for which no taker is there any more count as failed, so that the next one
 * who gets the number does not find them.
 *
 * Every worker looks once a second also where nothing was wished: for what one who was killed in
 * the middle has not told, and for what could not be bound.
 */
#include "engine/spares_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAVING_LOOK_MS 5 /* until then messages that nobody takes fill receive buffers */
#define LOOK_MS 1000

static uint64_t bit_of(const struct sipring_worker *worker)
{
	return (uint64_t)1 << worker->party.place;
}

/* The settings of one, in the engine's terms. */
static int lower(struct sipring_worker *worker, const struct sipring_config *config,
	const struct spare *spare, struct sipring_config *one, struct sipring_sctp_config *sctp,
	struct sipring_manner *manner, struct sipring_error *error)
{
	struct sipring_io_config ignored;
	int r = sipring_spares_settle(config, spare->listener, spare->settings, one, error);

	if (r < 0)
		return r;
	sipring_config_lower(one, &ignored, sctp, &worker->log);
	sctp->io = &worker->io_config;
	*manner = (struct sipring_manner){
		.autoclose_ms = (uint64_t)one->autoclose * 1000,
		.unordered = one->unordered,
	};
	return 0;
}

/* Under the lock. */
static int bind_it(struct sipring_worker *worker, unsigned number, const struct spare *spare,
	struct sipring_error *error)
{
	struct sipring_config *one = malloc(sizeof *one);
	int r;

	if (!one)
		return sipring_error_set(error, -ENOMEM, "no memory");
	r = lower(worker, &worker->sipring->config, spare, one, &worker->sctp_listeners[number],
		&worker->manners[number], error);
	if (r == 0)
		r = sipring_address_set_parse_listener(&worker->listeners[number], spare->listener,
			(uint16_t)one->sctp_port, error);
	if (r == 0) {
		worker->sctp_config.is_shared =
			spare->bound & sipring_spares_living(worker->party.share);
		r = worker->sctp->ops->listen(worker->sctp, &worker->listeners[number], number,
			error);
	}
	if (r < 0)
		worker->listeners[number].n_addresses = 0;
	free(one);
	return r;
}

/* Under the lock. */
static void bound(struct sipring_worker *worker, unsigned number, struct spare *spare)
{
	spare->bound |= bit_of(worker);
	spare->held |= bit_of(worker);
	worker->spares.held |= 1u << number;
	worker->spares.listening |= 1u << number;
	worker->spares.failing &= ~(1u << number);
	(void)sipring_spares_stand(worker->party.share, spare);
}

/* Under the lock; where it stands the worker tries again. */
static void fail(struct sipring_worker *worker, struct spare *spare, int error,
	const struct sipring_error *why)
{
	if (spare->stands)
		return;
	spare->error = error;
	spare->why = *why;
	sipring_spares_wish(worker->party.share, spare, SPARE_LEAVING);
}

static void tell_of_failure(struct sipring_worker *worker, unsigned number,
	const struct sipring_error *why)
{
	if (!(worker->spares.failing >> number & 1))
		sipring_log_write(&worker->log, SIPRING_LOG_WARNING,
			"listener %u is not bound by this worker, which tries again every second: "
			"%s",
			number, why->text);
	worker->spares.failing |= 1u << number;
}

static void enter(struct sipring_worker *worker, unsigned number, struct spare *spare)
{
	struct sipring_share *share = worker->party.share;
	struct sipring_error why = {0};
	bool is_retried = false;
	int r;

	sipring_share_lock(share);
	if (spare_state(spare) == SPARE_WANTED) {
		/* What is left of another that had this number, whose workers were killed. */
		if (!spare->stands && !(spare->held & sipring_spares_living(share)))
			sipring_handoff_fail(worker, number);
		r = bind_it(worker, number, spare, &why);
		if (r < 0)
			fail(worker, spare, r, &why);
		else
			bound(worker, number, spare);
		is_retried = r < 0 && spare->stands;
	}
	sipring_share_unlock(share);
	if (is_retried)
		tell_of_failure(worker, number, &why);
}

static bool is_of(const struct sipring_association *association, unsigned number)
{
	return association && association->listener == number &&
		(association->inbound || association->from_listener);
}

static void begin_to_leave(struct sipring_worker *worker, unsigned number)
{
	worker->spares.leaving |= 1u << number;
	worker->listeners[number].n_addresses = 0;
	worker->sctp->ops->stop_listening(worker->sctp, number);
	for (uint32_t i = 0; i < worker->table.associations.n_items; i++) {
		struct sipring_association *association = sipring_table_at(&worker->table, i);

		if (is_of(association, number) && association->state != SIPRING_ASSOCIATION_CLOSING)
			sipring_lifecycle_apply(worker, association,
				sipring_association_end(association), -ESHUTDOWN);
	}
}

static bool has_associations(const struct sipring_worker *worker, unsigned number)
{
	for (uint32_t i = 0; i < worker->table.associations.n_items; i++)
		if (is_of(sipring_table_at(&worker->table, i), number))
			return true;
	return false;
}

/* What the region says of this worker is true again. */
static void tell(struct sipring_worker *worker, unsigned number, struct spare *spare, bool is_bound,
	bool is_held)
{
	struct sipring_spares_done *done = &worker->spares;
	uint32_t bit = 1u << number;

	if (!(done->listening & bit) == !is_bound && is_held)
		return;
	sipring_share_lock(worker->party.share);
	if (!is_bound)
		spare->bound &= ~bit_of(worker);
	if (!is_held)
		spare->held &= ~bit_of(worker);
	sipring_share_unlock(worker->party.share);
	done->listening &= is_bound ? ~0u : ~bit;
	done->held &= is_held ? ~0u : ~bit;
	done->leaving &= is_held ? ~0u : ~bit;
}

static void leave(struct sipring_worker *worker, unsigned number, struct spare *spare)
{
	bool is_bound, is_held;

	if (!(worker->spares.leaving >> number & 1))
		begin_to_leave(worker, number);
	is_bound = worker->sctp->ops->is_listening(worker->sctp, number);
	/* Also while peers still send: what nobody takes must not fill the receive buffers. */
	is_held = !sipring_handoff_clear(worker, number);
	is_held = is_held || is_bound || has_associations(worker, number);
	tell(worker, number, spare, is_bound, is_held);
}

static void look_at(struct sipring_worker *worker, unsigned number, struct spare *spare)
{
	bool is_held = worker->spares.held >> number & 1;

	switch (spare_state(spare)) {
	case SPARE_FREE:
		break;
	case SPARE_WANTED:
		if (!is_held && !worker->draining)
			enter(worker, number, spare);
		else if (is_held && worker->draining)
			tell(worker, number, spare,
				worker->sctp->ops->is_listening(worker->sctp, number), true);
		break;
	case SPARE_LEAVING:
		worker->spares.failing &= ~(1u << number);
		if (is_held)
			leave(worker, number, spare);
		break;
	}
}

/* Of a worker that was killed nobody else may find out: each looks after the next one. */
static void look_after_another(struct sipring_worker *worker)
{
	struct sipring_share *share = worker->party.share;
	unsigned next = worker->spares.next_probed++ % share->n_workers;
	uint32_t member = sipring_share_taker(share, next);

	if (next != worker->party.place && member)
		(void)sipring_members_probe(share->members, member);
}

void sipring_spares_run(struct sipring_worker *worker)
{
	struct sipring_spares *spares = worker->party.share ? worker->party.share->spares : NULL;
	struct sipring_spares_done *done = &worker->spares;
	uint32_t n_wishes;

	if (!spares)
		return;
	/* acquire: what was wished is seen with its number */
	n_wishes = atomic_load_explicit(&spares->n_wishes, memory_order_acquire);
	if (n_wishes == done->n_wishes && worker->now_ms < done->next_ms)
		return;
	if (worker->now_ms >= done->next_ms)
		look_after_another(worker);
	done->n_wishes = n_wishes;
	for (unsigned i = spares_first(worker->sipring); i < spares_end(worker->sipring); i++)
		look_at(worker, i, &spares->spares[i]);
	done->next_ms = worker->now_ms + (done->leaving ? LEAVING_LOOK_MS : LOOK_MS);
}

uint64_t sipring_spares_idle_ms(const struct sipring_worker *worker, uint64_t now_ms)
{
	uint64_t next_ms = worker->spares.next_ms;

	if (!worker->party.share || !worker->party.share->spares)
		return UINT64_MAX;
	return next_ms > now_ms ? next_ms - now_ms : 0;
}

void sipring_spares_drain(struct sipring_worker *worker)
{
	struct sipring_share *share = worker->party.share;

	if (!share || !share->spares)
		return;
	sipring_share_lock(share);
	share->spares->draining |= bit_of(worker);
	sipring_share_unlock(share);
	worker->spares.next_ms = 0;
}

int sipring_spares_lower(struct sipring_worker *worker, const struct sipring_config *config,
	struct sipring_sctp_config *listeners, struct sipring_manner *manners,
	struct sipring_error *error)
{
	struct sipring_config *one;
	int r = 0;

	if (!worker->spares.held)
		return 0;
	one = malloc(sizeof *one);
	if (!one)
		return sipring_error_set(error, -ENOMEM, "no memory");
	/* Without the lock: nobody writes to it before this worker has let it go. */
	for (uint32_t rest = worker->spares.held; r == 0 && rest; rest &= rest - 1) {
		unsigned i = (unsigned)__builtin_ctz(rest);
		const struct spare *spare = &worker->party.share->spares->spares[i];

		if (spare_state(spare) == SPARE_WANTED)
			r = lower(worker, config, spare, one, &listeners[i], &manners[i], error);
		else
			listeners[i] = worker->sctp_listeners[i];
	}
	free(one);
	return r;
}

static void forget(struct sipring_worker *worker)
{
	struct sipring_share *share = worker->party.share;

	if (!share || !share->spares)
		return;
	sipring_share_lock(share);
	share->spares->draining &= ~bit_of(worker);
	for (unsigned i = 0; i < CONFIG_LISTENERS_MAX; i++) {
		share->spares->spares[i].bound &= ~bit_of(worker);
		share->spares->spares[i].held &= ~bit_of(worker);
	}
	sipring_share_unlock(share);
}

void sipring_spares_open(struct sipring_worker *worker)
{
	forget(worker);
}

void sipring_spares_close(struct sipring_worker *worker)
{
	forget(worker);
}
