/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Associations without a conn yet. SCTP has at most one association between two endpoints, and it
 * may have one that is not ours: the peer's own, which waits to be accepted, here or by another
 * worker, or the last one, which is about to end. A connect is refused then, and the association
 * waits instead, its sends with it: it takes the peer's conn when that is accepted, goes to the
 * worker that accepted it, or connects as soon as it can, within connect_timeout_ms. Invariant:
 * one that waits is CONNECTING, has no conn and no claim.
 */
#include "engine/worker.h"

#include <assert.h>
#include <errno.h>

#define RETRY_MS 10

static void rest(struct sipring_worker *worker, struct sipring_association *association)
{
	uint64_t at_ms = worker->now_ms + RETRY_MS;

	if (at_ms > association->end_by_ms)
		at_ms = association->end_by_ms;
	sipring_wheel_start(&worker->wheel, &association->timer, at_ms);
}

void sipring_await_begin(struct sipring_worker *worker, struct sipring_association *association)
{
	assert(association->state == SIPRING_ASSOCIATION_CONNECTING && !association->conn);
	sipring_claim_yield(worker, association);
	worker->stats.awaited++;
	worker->n_awaited++;
	association->end_by_ms =
		worker->now_ms + (uint64_t)worker->sipring->config.connect_timeout_ms;
	rest(worker, association);
}

/* It has a conn, or is about to be freed. */
void sipring_await_end(struct sipring_worker *worker, struct sipring_association *association)
{
	assert(worker->n_awaited > 0);
	worker->n_awaited--;
	association->end_by_ms = 0;
	sipring_wheel_stop(&worker->wheel, &association->timer);
}

/* Another worker has the association: what waits here goes there. */
static void hand_over(struct sipring_worker *worker, struct sipring_association *association,
	unsigned place)
{
	struct sipring_outgoing *message;

	while ((message = sipring_queue_drop(&association->queue)))
		sipring_outbound_hand_on(worker, message, place, &association->peer);
	sipring_lifecycle_apply(worker, association, sipring_association_abort(association),
		-EXDEV);
}

void sipring_await_retry(struct sipring_worker *worker, struct sipring_association *association)
{
	const struct sipring_share *share = worker->party.share;
	unsigned place = share ? sipring_share_owner(share, &association->peer) : 0;
	int r;

	if (share && place < share->n_places && place != worker->party.place) {
		hand_over(worker, association, place);
		return;
	}
	if (worker->now_ms >= association->end_by_ms) {
		sipring_lifecycle_apply(worker, association, sipring_association_abort(association),
			-ETIMEDOUT);
		return;
	}
	r = sipring_lifecycle_begin(worker, association);
	if (r == 0) {
		sipring_await_end(worker, association);
		sipring_claim_again(worker, association);
		sipring_lifecycle_time(worker, association);
	} else if (r == SIPRING_SCTP_EXISTS) {
		rest(worker, association);
	} else {
		sipring_lifecycle_apply(worker, association, sipring_association_abort(association),
			r);
	}
}

struct sipring_association *sipring_await_adopt(struct sipring_worker *worker,
	struct sipring_sctp_conn *conn)
{
	union sipring_address addresses[SIPRING_ADDRESS_SET_MAX];
	struct sipring_association *association = NULL;
	unsigned n;

	if (!worker->n_awaited)
		return NULL;
	n = worker->sctp->ops->addresses(worker->sctp, conn, addresses, SIPRING_ADDRESS_SET_MAX);
	for (unsigned i = 0; i < n && !association; i++) {
		association = sipring_table_find_peer(&worker->table, &addresses[i]);
		if (association && association->conn)
			association = NULL;
	}
	if (!association)
		return NULL;
	sipring_await_end(worker, association);
	/* It is the peer's from here on, and known by the address that it came from. */
	sipring_table_unlist(&worker->table, association);
	association->peer = conn->remote;
	association->inbound = true;
	return association;
}
