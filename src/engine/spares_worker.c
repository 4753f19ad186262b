/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listeners that come and go, in a worker. Of one that is about to end the worker has something
 * until its socket is closed, the associations that came by it are over, and no message of it waits
 * for a taker. Messages for which no taker is there any more count as failed, so that the next one
 * who gets the number does not find them.
 */
#include "engine/spares_parts.h"

#include <errno.h>
#include <stdlib.h>

#define LOOK_MS 20 /* at what is about to end */

static uint64_t bit_of(const struct sipring_worker *worker)
{
	return (uint64_t)1 << worker->party.place;
}

/* Under the lock. */
static int bind_it(struct sipring_worker *worker, unsigned number, const struct spare *spare,
	struct sipring_error *error)
{
	struct sipring_sctp_config *sctp = &worker->sctp_listeners[number];
	struct sipring_config *one = malloc(sizeof *one);
	struct sipring_io_config ignored;
	int r;

	if (!one)
		return sipring_error_set(error, -ENOMEM, "no memory");
	r = sipring_spares_settle(worker->sipring, spare->listener, spare->settings, one, error);
	if (r == 0)
		r = sipring_address_set_parse_listener(&worker->listeners[number], spare->listener,
			(uint16_t)one->sctp_port, error);
	if (r == 0) {
		sipring_config_lower(one, &ignored, sctp, &worker->log);
		sctp->io = &worker->io_config;
		worker->manners[number] = (struct sipring_manner){
			.autoclose_ms = (uint64_t)one->autoclose * 1000,
			.unordered = one->unordered,
		};
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

static void enter(struct sipring_worker *worker, unsigned number, struct spare *spare)
{
	struct sipring_error why = {0};
	int r;

	sipring_share_lock(worker->party.share);
	if (spare_state(spare) == SPARE_WANTED) {
		r = bind_it(worker, number, spare, &why);
		if (r < 0 && !spare->failed) {
			spare->error = r;
			spare->why = why;
		}
		*(r < 0 ? &spare->failed : &spare->bound) |= bit_of(worker);
		spare->held |= r < 0 ? 0 : bit_of(worker);
		worker->spares.bound |= (r < 0 ? 0u : 1u) << number;
	}
	sipring_share_unlock(worker->party.share);
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

static void leave(struct sipring_worker *worker, unsigned number, struct spare *spare)
{
	bool is_bound, is_held;

	if (!(worker->spares.leaving >> number & 1))
		begin_to_leave(worker, number);
	is_bound = worker->sctp->ops->is_listening(worker->sctp, number);
	/* Also while peers still send: what nobody takes must not fill the receive buffers. */
	is_held = !sipring_handoff_clear(worker, number);
	is_held = is_held || is_bound || has_associations(worker, number);
	sipring_share_lock(worker->party.share);
	if (!is_bound)
		spare->bound &= ~bit_of(worker);
	if (!is_held) {
		spare->held &= ~bit_of(worker);
		worker->spares.bound &= ~(1u << number);
		worker->spares.leaving &= ~(1u << number);
	}
	sipring_share_unlock(worker->party.share);
}

void sipring_spares_run(struct sipring_worker *worker)
{
	struct sipring_spares *spares = worker->party.share ? worker->party.share->spares : NULL;
	uint32_t n_wishes;

	if (!spares)
		return;
	/* acquire: what was wished is seen with its number */
	n_wishes = atomic_load_explicit(&spares->n_wishes, memory_order_acquire);
	if ((n_wishes == worker->spares.n_wishes && !worker->spares.leaving) || worker->draining)
		return;
	worker->spares.n_wishes = n_wishes;
	for (unsigned i = spares_first(worker->sipring); i < spares_end(worker->sipring); i++) {
		struct spare *spare = &spares->spares[i];
		bool is_bound = worker->spares.bound >> i & 1;

		switch (spare_state(spare)) {
		case SPARE_FREE:
			break;
		case SPARE_WANTED:
			if (!is_bound)
				enter(worker, i, spare);
			break;
		case SPARE_LEAVING:
			if (is_bound)
				leave(worker, i, spare);
			break;
		}
	}
}

uint64_t sipring_spares_idle_ms(const struct sipring_worker *worker)
{
	return worker->spares.leaving && !worker->draining ? LOOK_MS : UINT64_MAX;
}

static void forget(struct sipring_worker *worker)
{
	struct sipring_share *share = worker->party.share;

	if (!share || !share->spares)
		return;
	sipring_share_lock(share);
	for (unsigned i = 0; i < CONFIG_LISTENERS_MAX; i++) {
		struct spare *spare = &share->spares->spares[i];

		spare->bound &= ~bit_of(worker);
		spare->held &= ~bit_of(worker);
		spare->failed &= ~bit_of(worker);
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
