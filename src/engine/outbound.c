/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outbound path: an accepted send is copied once, waits in its association's queue, is handed
 * to the provider with its batch at the start of a turn, and leaves with exactly one outcome.
 * Invariant: accepted == sent + failed + waiting, in messages; sipring_outbound_outcome is the
 * only place where a message ends.
 */
#include "base/clock.h"
#include "base/trace.h"
#include "engine/worker.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static void count_outcome(struct sipring_stats *stats, const struct sipring_outgoing *message,
	enum sipring_outcome outcome)
{
	switch (outcome) {
	case SIPRING_OUTCOME_SENT:
		stats->sent++;
		stats->sent_bytes += message->send.size;
		break;
	case SIPRING_OUTCOME_CONNECT_FAILED:
		stats->failed_connect++;
		break;
	case SIPRING_OUTCOME_LOST:
		stats->failed_lost++;
		break;
	case SIPRING_OUTCOME_TIMED_OUT:
		stats->failed_timeout++;
		break;
	case SIPRING_OUTCOME_REFUSED:
		stats->failed_refused++;
		break;
	case SIPRING_OUTCOME_UNRESOLVED:
		stats->failed_unresolved++;
		break;
	case SIPRING_OUTCOME_CLOSED:
		stats->failed_closed++;
		break;
	}
}

static void tell_unasked(struct sipring_worker *worker, const struct sipring_outgoing *message,
	enum sipring_outcome outcome, int error)
{
	const struct sipring_association *association =
		sipring_table_find(&worker->table, message->association);

	sipring_lifecycle_tell(worker,
		&(struct sipring_event){
			.type = SIPRING_EVENT_FAILED,
			.association = message->association,
			.address = association ? &association->peer : NULL,
			.outcome = outcome,
			.error = error,
			.data = message->bytes.iov_base,
			.size = message->send.size,
		});
}

void sipring_outbound_outcome(struct sipring_worker *worker, struct sipring_outgoing *message,
	enum sipring_outcome outcome, int error)
{
	uint32_t cookie = message->cookie, origin = message->origin;

	SIPRING_TRACE(outcome, cookie, outcome, error);
	assert(worker->stats.queue_messages > 0);
	worker->stats.queue_messages--;
	worker->stats.queue_bytes -= message->send.size;
	count_outcome(&worker->stats, message, outcome);
	if (origin == SIPRING_PARTY_UNASKED && outcome != SIPRING_OUTCOME_SENT)
		tell_unasked(worker, message, outcome, error);
	sipring_send_pool_give(&worker->sends, message);
	if ((!cookie && outcome == SIPRING_OUTCOME_SENT) || origin == SIPRING_PARTY_UNASKED)
		return;
	if (origin)
		sipring_party_tell(&worker->party, origin, cookie, outcome, error);
	else if (worker->callbacks.outcome)
		worker->callbacks.outcome(worker->callbacks.user, cookie, outcome, error);
}

void sipring_outbound_hand_on(struct sipring_worker *worker, struct sipring_outgoing *message,
	unsigned place, const union sipring_address *to)
{
	struct sipring_send send = {
		.data = message->bytes.iov_base,
		.size = message->send.size,
		.cookie = message->cookie,
		.ppid = message->send.ppid,
		.stream = message->send.stream,
		.flags = message->send.flags & SIPRING_SCTP_UNORDERED ? SIPRING_SEND_UNORDERED
								      : SIPRING_SEND_ORDERED,
	};
	int r = sipring_party_hand(&worker->party, place, &send, to, message->origin);

	if (r < 0) {
		sipring_outbound_outcome(worker, message, SIPRING_OUTCOME_REFUSED, r);
		return;
	}
	worker->stats.handed++;
	worker->stats.queue_messages--;
	worker->stats.queue_bytes -= message->send.size;
	sipring_send_pool_give(&worker->sends, message);
}

void sipring_outbound_fail(struct sipring_worker *worker, struct sipring_association *association,
	enum sipring_outcome outcome, int error)
{
	struct sipring_outgoing *message;

	if (outcome == SIPRING_OUTCOME_CLOSED)
		sipring_queue_recall(&association->queue);
	while ((message = sipring_queue_drop(&association->queue)))
		sipring_outbound_outcome(worker, message, outcome, error);
}

void sipring_outbound_ready(struct sipring_worker *worker, struct sipring_association *association)
{
	if (sipring_association_may_flush(association) && sipring_list_empty(&association->flush))
		sipring_list_append(&worker->flush, &association->flush);
}

/* Streams are known once the association stands; a send may have been accepted before. */
static bool stream_exists(const struct sipring_association *association,
	const struct sipring_outgoing *message)
{
	return message->send.stream == 0 || !association->conn ||
		!association->conn->n_streams_out ||
		message->send.stream < association->conn->n_streams_out;
}

/*
 * Does nobody wait for any of this batch to be handed over, so that no turn need end for it? All or
 * none, so that results come in order.
 */
static bool is_quiet(const struct sipring_worker *worker, struct sipring_association *association)
{
	struct sipring_list *submitted = &association->queue.submitted;

	if (association->state != SIPRING_ASSOCIATION_UP || association->was_full ||
		worker->starved || worker->draining ||
		!sipring_list_empty(&association->queue.waiting))
		return false;
	for (struct sipring_list *node = submitted->next; node != submitted; node = node->next) {
		const struct sipring_outgoing *message =
			SIPRING_CONTAINER(node, struct sipring_outgoing, link);

		if (message->cookie ||
			(message->origin && message->origin != SIPRING_PARTY_UNASKED))
			return false;
	}
	return true;
}

static void flush_one(struct sipring_worker *worker, struct sipring_association *association)
{
	const struct sipring_config *config = &worker->sipring->config;
	struct sipring_list *node, *next;
	uint16_t quiet;

	if (!sipring_association_may_flush(association))
		return;
	sipring_queue_submit(&association->queue, (uint32_t)config->batch_max, config->bundling);
	quiet = is_quiet(worker, association) ? SIPRING_SCTP_QUIET : 0;
	for (node = association->queue.submitted.next; node != &association->queue.submitted;
		node = next) {
		struct sipring_outgoing *message =
			SIPRING_CONTAINER(node, struct sipring_outgoing, link);

		next = node->next;
		message->send.conn = association->conn;
		message->send.flags =
			(uint16_t)((message->send.flags & ~SIPRING_SCTP_QUIET) | quiet);
		worker->sctp->ops->send(worker->sctp, &message->send);
	}
}

void sipring_outbound_flush(struct sipring_worker *worker)
{
	struct sipring_list *node;

	while ((node = sipring_list_pop(&worker->flush)))
		flush_one(worker, SIPRING_CONTAINER(node, struct sipring_association, flush));
}

/* There is room again for a host that was told there was none. */
void sipring_outbound_tell_room(struct sipring_worker *worker,
	struct sipring_association *association)
{
	const struct sipring_config *config = &worker->sipring->config;

	if (!association->was_full || !sipring_association_takes_sends(association) ||
		association->queue.n_messages > (uint32_t)config->queue_messages / 2 ||
		association->queue.n_bytes > (uint32_t)config->queue_bytes / 2 ||
		!sipring_send_pool_has_share(&worker->sends, &association->queue))
		return;
	association->was_full = false;
	if (worker->party.share)
		sipring_refusals_clear(worker->party.share->refusals, &association->peer);
	sipring_lifecycle_tell(worker,
		&(struct sipring_event){
			.type = SIPRING_EVENT_WRITABLE,
			.association = sipring_table_id(&worker->table, association),
			.address = &association->peer,
		});
}

void sipring_outbound_empty(struct sipring_worker *worker, struct sipring_association *association)
{
	struct sipring_queue *queue = &association->queue;

	if (queue->n_messages || association->state == SIPRING_ASSOCIATION_CLOSING)
		return;
	if (queue->holding)
		worker->sctp->ops->release(worker->sctp, association->conn);
	queue->holding = false;
	sipring_lifecycle_apply(worker, association, sipring_association_flushed(association), 0);
}

/* Rare, so it may look at all of them. */
void sipring_outbound_tell_starved(struct sipring_worker *worker)
{
	if (!worker->starved || !sipring_send_pool_has_room(&worker->sends))
		return;
	worker->starved = false;
	for (uint32_t i = 0; i < worker->table.associations.n_items; i++) {
		struct sipring_association *association = sipring_table_at(&worker->table, i);

		if (association)
			sipring_outbound_tell_room(worker, association);
	}
}

/* All results of a batch are in. */
static void batch_done(struct sipring_worker *worker, struct sipring_association *association)
{
	struct sipring_queue *queue = &association->queue;

	worker->stats.batches++;
	if (association->state == SIPRING_ASSOCIATION_CLOSING) {
		sipring_outbound_fail(worker, association,
			association->stood ? SIPRING_OUTCOME_LOST : SIPRING_OUTCOME_CONNECT_FAILED,
			-ECONNRESET);
		return;
	}
	if (queue->failing) {
		association->blocked = true;
		worker->stats.blocked++;
		worker->sctp->ops->await_writable(worker->sctp, association->conn);
	}
	sipring_outbound_empty(worker, association);
	sipring_outbound_ready(worker, association);
	sipring_lifecycle_time(worker, association);
	sipring_outbound_tell_room(worker, association);
}

/* Not the message was refused: there is no association any more, and LOST follows. */
static bool is_gone(int result)
{
	return result == -EPIPE || result == -ECONNRESET || result == -ECONNABORTED ||
		result == -ETIMEDOUT || result == -ENOTCONN || result == -ESHUTDOWN;
}

void sipring_outbound_settle(struct sipring_worker *worker, struct sipring_association *association,
	struct sipring_outgoing *message, int result)
{
	switch (sipring_queue_settle(&association->queue, message, result)) {
	case SIPRING_QUEUE_SENT:
		association->active_ms = worker->now_ms;
		sipring_outbound_outcome(worker, message, SIPRING_OUTCOME_SENT, 0);
		break;
	case SIPRING_QUEUE_AGAIN:
		break;
	case SIPRING_QUEUE_REFUSED:
		sipring_outbound_outcome(worker, message,
			association->state == SIPRING_ASSOCIATION_CLOSING || is_gone(result)
				? SIPRING_OUTCOME_LOST
				: SIPRING_OUTCOME_REFUSED,
			result);
		break;
	}
	if (association->queue.n_submitted == 0)
		batch_done(worker, association);
}

static int check_send(const struct sipring_worker *worker, const struct sipring_send *send)
{
	if (worker->draining && !send->association)
		return -ESHUTDOWN;
	if (send->size == 0 || !send->data)
		return -EINVAL;
	if (send->size > (size_t)worker->sipring->config.message_max)
		return -EMSGSIZE;
	if (send->n_to > SIPRING_ADDRESS_SET_MAX)
		return -E2BIG;
	return 0;
}

static void fill(struct sipring_worker *worker, struct sipring_outgoing *message,
	const struct sipring_send *send, uint32_t origin,
	const struct sipring_association *association)
{
	bool unordered = sipring_manner_of(worker, association).unordered;

	if (send->flags & (SIPRING_SEND_ORDERED | SIPRING_SEND_UNORDERED))
		unordered = !(send->flags & SIPRING_SEND_ORDERED);
	memcpy(message->bytes.iov_base, send->data, send->size);
	message->cookie = send->cookie;
	message->origin = origin;
	message->association = 0;
	message->deadline_ms = worker->now_ms + (uint64_t)worker->sipring->config.send_timeout_ms;
	message->send = (struct sipring_sctp_send){
		.parts = &message->bytes,
		.n_parts = 1,
		.size = (uint32_t)send->size,
		.ppid = send->ppid,
		.context = origin ? 0 : send->cookie,
		.stream = send->stream,
		.flags = unordered ? SIPRING_SCTP_UNORDERED : 0,
		.owner = message,
	};
}

/* There is no room for now: somebody is to be told when there is. */
static int refuse_full(struct sipring_worker *worker, const struct sipring_destination *place)
{
	if (place->association)
		place->association->was_full = true;
	else
		place->route->was_full = true;
	worker->stats.rejected_full++;
	return -ENOBUFS;
}

static int join(struct sipring_worker *worker, const struct sipring_destination *place,
	const struct sipring_send *send, uint32_t origin)
{
	const struct sipring_config *config = &worker->sipring->config;
	struct sipring_queue *queue =
		place->association ? &place->association->queue : &place->route->queue;
	struct sipring_outgoing *message =
		sipring_send_pool_take(&worker->sends, (uint32_t)send->size, queue);

	if (!message) {
		worker->starved |= queue->n_messages == 0; /* else its own progress will tell */
		return refuse_full(worker, place);
	}
	fill(worker, message, send, origin, place->association);
	if (place->association)
		message->association = sipring_table_id(&worker->table, place->association);
	if (place->association && !stream_exists(place->association, message)) {
		sipring_send_pool_give(&worker->sends, message);
		return -EINVAL;
	}
	if (sipring_queue_put(queue, message, (uint32_t)config->queue_messages,
		    (uint32_t)config->queue_bytes)) {
		sipring_send_pool_give(&worker->sends, message);
		return refuse_full(worker, place);
	}
	worker->stats.accepted++;
	worker->stats.queue_messages++;
	worker->stats.queue_bytes += send->size;
	return 0;
}

int sipring_send(struct sipring_worker *worker, const struct sipring_send *send)
{
	if (!worker->in_turn)
		worker->now_ms = sipring_clock_ns() / 1000000;
	return sipring_outbound_accept(worker, send, 0);
}

int sipring_outbound_accept(struct sipring_worker *worker, const struct sipring_send *send,
	uint32_t origin)
{
	struct sipring_destination place = {0};
	int r = check_send(worker, send);

	if (r == 0)
		r = sipring_destination_find(worker, send, origin != 0, &place);
	if (r == 0 && place.is_elsewhere)
		return sipring_post_hand(worker, place.elsewhere, send,
			place.to.sa.sa_family == AF_UNSPEC ? NULL : &place.to, origin);
	if (r == 0)
		r = join(worker, &place, send, origin);
	if (r < 0)
		return r;
	SIPRING_TRACE(send, send->cookie, send->data, send->size);
	if (place.route) {
		sipring_route_time(worker, place.route);
		return 0;
	}
	sipring_outbound_ready(worker, place.association);
	sipring_lifecycle_time(worker, place.association);
	return 0;
}
