/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inbound path: what the provider says, acted on one event at a time after reaping is over. A
 * whole message is parsed and dispatched where it lies; a partial one waits in its association's
 * slot for its end. What is no SIP message is never dispatched: counted, and where RFC 3261 wants
 * it, answered. Where there are takers, it goes to them instead (handoff.c). Invariant: a message
 * is dispatched once, and only while its association is known.
 */
#include "base/trace.h"
#include "engine/worker.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void answer_refused(struct sipring_worker *worker, const struct sipring_receive_info *info)
{
	struct sipring_message *message = &worker->message;
	struct sipring_reply reply = {.status = message->answer_status, .source = &info->source};
	char tag[SIPRING_TAG_SIZE], warning[128];
	int size;

	sipring_reply_tag(tag, message, worker->tag_secret);
	reply.to_tag = (struct sipring_span){tag, sizeof tag};
	size = snprintf(warning, sizeof warning, "Warning: 399 sipring \"%s at byte %zu\"\r\n",
		sipring_parse_reason_text(message->result), message->result_offset);
	reply.headers = (struct sipring_span){warning, (size_t)size};
	size = sipring_reply_write(worker->scratch, (size_t)worker->sipring->config.message_max,
		message, &reply);
	if (size < 0)
		return;
	if (sipring_send(worker,
		    &(struct sipring_send){
			    .data = worker->scratch,
			    .size = (size_t)size,
			    .association = info->association,
		    }) == 0)
		worker->stats.malformed_answered++;
}

/* Whether the data is still needed: where takers have no room for it. */
static bool dispatch(struct sipring_worker *worker, struct sipring_association *association,
	const struct sipring_sctp_event *event, char *data, size_t size)
{
	struct sipring_receive_info info = {
		.source = association->peer,
		.destination = association->conn->local,
		.association = sipring_table_id(&worker->table, association),
		.ppid = event->ppid,
		.stream = event->stream,
		.unordered = event->unordered,
	};
	int r;

	data[size] = '\0';
	r = sipring_message_parse(&worker->message, data, size);
	if (r == SIPRING_PARSE_ACCEPTED) {
		SIPRING_TRACE(dispatch, info.association, data, size);
		worker->stats.received_messages++;
		worker->stats.received_bytes += size;
		if (worker->handoff.split)
			return sipring_handoff_put(worker, association, &info, data, size,
				data != event->data);
		worker->callbacks.dispatch(worker->callbacks.user, data, size, &worker->message,
			&info);
	} else if (r == SIPRING_PARSE_EMPTY) {
		worker->stats.keepalives++;
	} else {
		worker->stats.malformed++;
		sipring_stats_malformed(&worker->stats, r);
		if (worker->message.answer_status)
			answer_refused(worker, &info);
	}
	return false;
}

void sipring_inbound_received(struct sipring_worker *worker,
	struct sipring_association *association, const struct sipring_sctp_event *event)
{
	struct sipring_reassembly *partial = &association->partial;
	size_t size_max = (size_t)worker->sipring->config.message_max;

	SIPRING_TRACE(receive, association, event->data, event->size);
	if (sipring_handoff_wants_piece(worker, association, event)) {
		sipring_handoff_keep_piece(worker, association, event);
		return;
	}
	if (event->end && sipring_reassembly_idle(partial) && event->size <= size_max) {
		dispatch(worker, association, event, event->data, event->size);
		return;
	}
	switch (sipring_reassembly_add(partial, &worker->slots, event->data, event->size,
		event->end, size_max)) {
	case SIPRING_REASSEMBLY_PARTIAL:
		break;
	case SIPRING_REASSEMBLY_WHOLE: {
		struct sipring_reassembly whole = *partial;

		/* The callback may end the association: the slot must not go with it. */
		*partial = (struct sipring_reassembly){0};
		worker->stats.reassembled++;
		if (!dispatch(worker, association, event, whole.slot, whole.size))
			sipring_reassembly_drop(&whole, &worker->slots);
		break;
	}
	case SIPRING_REASSEMBLY_TOO_LONG:
		worker->stats.too_long++;
		break;
	case SIPRING_REASSEMBLY_NO_SLOT:
		worker->stats.no_reassembly++;
		sipring_lifecycle_apply(worker, association, sipring_association_abort(association),
			-ENOBUFS);
		break;
	}
}

/* Whether a peer may begin another association; where not, it is counted why. */
static bool admit(struct sipring_worker *worker, const union sipring_address *peer)
{
	switch (sipring_admission_enter(&worker->admission, peer, worker->now_ms)) {
	case SIPRING_ADMISSION_GRANTED:
		return true;
	case SIPRING_ADMISSION_ALL:
		worker->stats.associations_refused_all++;
		return false;
	case SIPRING_ADMISSION_ADDRESS:
		worker->stats.associations_refused_addr++;
		return false;
	case SIPRING_ADMISSION_RATE:
		worker->stats.associations_refused_rate++;
		return false;
	}
	return false;
}

static struct sipring_association *add_inbound(struct sipring_worker *worker,
	struct sipring_sctp_conn *conn, unsigned listener)
{
	bool is_leaving = worker->spares.leaving >> listener & 1;
	struct sipring_association *association;

	/* Of a quiet end: it was accepted just before there was nobody to accept. */
	if (is_leaving || (worker->draining && !worker->drain_quiet_ms) ||
		!admit(worker, &conn->remote))
		return NULL;
	association = sipring_await_adopt(worker, conn);
	if (!association)
		association = sipring_table_add(&worker->table, &conn->remote, true, false);
	if (association) {
		association->admitted = true;
		return association;
	}
	sipring_admission_leave(&worker->admission, &conn->remote);
	worker->stats.associations_refused_all++;
	return NULL;
}

static void accepted(struct sipring_worker *worker, struct sipring_sctp_conn *conn,
	unsigned listener)
{
	struct sipring_association *association = add_inbound(worker, conn, listener);

	if (!association) {
		worker->stats.associations_refused++;
		worker->sctp->ops->abort(worker->sctp, conn);
		return;
	}
	association->conn = conn;
	association->listener = (uint8_t)listener;
	conn->owner = association;
	sipring_claim_inbound(worker, association);
	sipring_lifecycle_time(worker, association);
}

static void abandon(struct sipring_worker *worker, struct sipring_association *association)
{
	if (!sipring_reassembly_idle(&association->partial))
		worker->stats.abandoned++;
	if (sipring_handoff_forget(worker, association))
		sipring_reassembly_drop(&association->partial, &worker->slots);
}

static void tell(struct sipring_worker *worker, struct sipring_association *association,
	enum sipring_event_type type, const struct sipring_sctp_event *event)
{
	sipring_lifecycle_tell(worker,
		&(struct sipring_event){
			.type = type,
			.association = sipring_table_id(&worker->table, association),
			.address = event->address ? event->address : &association->peer,
			.cookie = event->context,
			.error = event->result,
			.inbound = association->inbound,
			.usable = event->path == SIPRING_SCTP_PATH_UP,
		});
}

/* Events that only inform; the state machine has no part in them. */
static void note(struct sipring_worker *worker, struct sipring_association *association,
	const struct sipring_sctp_event *event)
{
	switch (event->type) {
	case SIPRING_SCTP_RESTARTED:
		worker->stats.restarts++;
		abandon(worker, association);
		sipring_paths_learn(worker, association);
		tell(worker, association, SIPRING_EVENT_RESTART, event);
		break;
	case SIPRING_SCTP_ABANDONED:
		abandon(worker, association);
		break;
	case SIPRING_SCTP_RETURNED:
		worker->stats.returned++;
		tell(worker, association, SIPRING_EVENT_RETURNED, event);
		break;
	case SIPRING_SCTP_PATH:
		worker->stats.path_changes++;
		if (event->path != SIPRING_SCTP_PATH_OTHER)
			tell(worker, association, SIPRING_EVENT_PATH, event);
		else /* it may be one more address */
			sipring_paths_learn(worker, association);
		break;
	case SIPRING_SCTP_WRITABLE:
		association->blocked = false;
		sipring_outbound_ready(worker, association);
		break;
	default:
		assert(!"sipring_inbound_act handles the rest");
	}
}

/* A quiet drain waits longer for one that was not heard. */
static void hear(struct sipring_worker *worker, struct sipring_association *association)
{
	association->active_ms = worker->now_ms;
	if (association->heard)
		return;
	association->heard = true;
	if (worker->draining)
		sipring_lifecycle_time(worker, association);
}

void sipring_inbound_act(struct sipring_worker *worker, const struct sipring_sctp_event *event)
{
	struct sipring_association *association = event->conn->owner;

	if (event->type == SIPRING_SCTP_ACCEPTED) {
		accepted(worker, event->conn, event->listener);
		return;
	}
	if (!association) /* refused when it was accepted */
		return;
	switch (event->type) {
	case SIPRING_SCTP_SENT:
		sipring_outbound_settle(worker, association, event->send->owner, event->result);
		break;
	case SIPRING_SCTP_CLOSED:
		sipring_lifecycle_apply(worker, association,
			sipring_association_closed(association), event->result);
		break;
	case SIPRING_SCTP_UP:
		sipring_lifecycle_apply(worker, association, sipring_association_up(association),
			0);
		break;
	case SIPRING_SCTP_ENDING:
		sipring_lifecycle_apply(worker, association,
			sipring_association_ending(association), 0);
		break;
	case SIPRING_SCTP_LOST:
		abandon(worker, association);
		sipring_lifecycle_apply(worker, association, sipring_association_lost(association),
			event->result);
		break;
	case SIPRING_SCTP_DATA:
		hear(worker, association);
		if (association->state != SIPRING_ASSOCIATION_CLOSING)
			sipring_inbound_received(worker, association, event);
		break;
	case SIPRING_SCTP_ACCEPTED:
	case SIPRING_SCTP_RESTARTED:
	case SIPRING_SCTP_ABANDONED:
	case SIPRING_SCTP_WRITABLE:
	case SIPRING_SCTP_RETURNED:
	case SIPRING_SCTP_PATH:
		note(worker, association, event);
		break;
	}
}
