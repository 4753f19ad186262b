/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was received is copied into a slot of its listener's inbox. Where none is free it stays in
 * its receive buffer, or in its slot of reassembly, and waits in order; those of a size wait for
 * that size, so that one long message does not hold up the short ones. So buffers run out,
 * receiving pauses, and SCTP holds the peers back: nothing is dropped for want of room.
 *
 * Where messages that wait have all the slots of reassembly, pieces are kept in their buffers as
 * they came, and acted on again once a slot is free. Of an association one piece is followed by all
 * that comes later, so that its order stays.
 *
 * Invariant: a thing kept is in one list and has one buffer or slot; as many can be kept as there
 * are of these.
 */
#include "engine/worker.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define UNTOLD_MAX 16 /* messages put in without a look at who sleeps */

struct sipring_kept {
	struct sipring_list link;
	struct sipring_receive_info info;
	uint64_t received_ns;
	char *data;
	uint32_t size;
	uint8_t listener;
	bool in_slot;
	bool end; /* of a piece: it is its message's last */
};

static uint32_t kept_max(const struct sipring_config *config)
{
	struct sipring_io_config io;
	struct sipring_sctp_config sctp;

	sipring_config_lower(config, &io, &sctp, NULL);
	return io.n_buffers + (uint32_t)config->reassembly_slots;
}

size_t sipring_handoff_footprint(const struct sipring_config *config)
{
	return sipring_split_is_wanted(config)
		? sipring_pool_footprint(kept_max(config), sizeof(struct sipring_kept))
		: 0;
}

int sipring_handoff_open(struct sipring_worker *worker)
{
	struct sipring_handoff *handoff = &worker->handoff;
	struct sipring_split *split = worker->sipring->split;
	int r;

	if (!split)
		return 0;
	for (unsigned i = 0; i < CONFIG_LISTENERS_MAX; i++)
		for (unsigned j = 0; j < SIPRING_INBOX_CLASSES; j++)
			sipring_list_init(&handoff->waiting[i][j]);
	sipring_list_init(&handoff->pieces);
	r = sipring_pool_open(&handoff->pool, kept_max(&worker->sipring->config),
		sizeof(struct sipring_kept));
	if (r < 0)
		return r;
	handoff->split = split;
	/* Of who had the place before, and of what he did not tell. */
	sipring_split_recover(split);
	handoff->told_for = (1u << split->n_inboxes) - 1;
	return 0;
}

void sipring_handoff_close(struct sipring_worker *worker)
{
	struct sipring_handoff *handoff = &worker->handoff;

	if (!handoff->split)
		return;
	if (handoff->n_waiting + handoff->n_pieces)
		sipring_log_write(&worker->log, SIPRING_LOG_WARNING,
			"%u messages are lost for which the takers had no room; drain the worker "
			"before it is closed, or raise inbox_small, inbox_medium, inbox_large",
			handoff->n_waiting + handoff->n_pieces);
	sipring_pool_close(&handoff->pool);
}

/* A class in which messages wait is not for smaller ones. */
static unsigned classes_end(const struct sipring_handoff *handoff, unsigned listener,
	unsigned class)
{
	for (class ++; class < SIPRING_INBOX_CLASSES; class ++)
		if (!sipring_list_empty(&handoff->waiting[listener][class]))
			break;
	return class;
}

/* A turn may be long: takers begin with what it brings before it is over. */
static void tell_now_and_then(struct sipring_handoff *handoff, unsigned listener)
{
	bool is_first = !(handoff->told_for >> listener & 1);

	handoff->told_for |= 1u << listener;
	if (!is_first && ++handoff->n_untold < UNTOLD_MAX)
		return;
	handoff->n_untold = 0;
	sipring_split_tell(handoff->split, listener, sipring_clock_ns() / 1000000);
}

/* False where there is no room. */
static bool put(struct sipring_worker *worker, const struct sipring_kept *message, unsigned class)
{
	struct sipring_handoff *handoff = &worker->handoff;
	struct sipring_inbox *inbox = handoff->split->inboxes[message->listener];
	struct sipring_inbox_slot slot;

	if (sipring_inbox_reserve(inbox, worker->party.member, message->size,
		    classes_end(handoff, message->listener, class), &slot))
		return false;
	memcpy(slot.bytes, message->data, message->size);
	slot.bytes[message->size] = '\0';
	*slot.entry = (struct sipring_inbox_entry){
		.info = message->info,
		.received_ns = message->received_ns,
		.size = message->size,
	};
	sipring_inbox_put(inbox, &slot);
	tell_now_and_then(handoff, message->listener);
	return true;
}

/* The copy of what is to be kept; what it lies in is held from here on. */
static struct sipring_kept *keep(struct sipring_worker *worker, const struct sipring_kept *what)
{
	struct sipring_handoff *handoff = &worker->handoff;
	struct sipring_kept *kept = handoff->replayed;

	if (kept && kept->data == what->data) {
		handoff->replayed = NULL;
	} else {
		kept = sipring_pool_take(&handoff->pool);
		if (!what->in_slot)
			worker->sctp->ops->keep(worker->sctp, what->data);
	}
	assert(kept);
	*kept = *what;
	sipring_list_init(&kept->link);
	return kept;
}

static void let_go(struct sipring_worker *worker, struct sipring_kept *kept)
{
	sipring_list_unlink(&kept->link);
	if (kept->in_slot)
		sipring_pool_give(&worker->slots, kept->data);
	else
		worker->sctp->ops->give_back(worker->sctp, kept->data);
	sipring_pool_give(&worker->handoff.pool, kept);
}

bool sipring_handoff_put(struct sipring_worker *worker, struct sipring_association *association,
	const struct sipring_receive_info *info, char *data, size_t size, bool in_slot)
{
	struct sipring_handoff *handoff = &worker->handoff;
	struct sipring_kept message = {
		.info = *info,
		.received_ns = worker->now_ns,
		.data = data,
		.size = (uint32_t)size,
		.listener = association->listener,
		.in_slot = in_slot,
	};
	unsigned class = sipring_inbox_class(handoff->split->inboxes[message.listener], size);
	struct sipring_list *waiting = &handoff->waiting[message.listener][class];

	assert(class < SIPRING_INBOX_CLASSES);
	if (sipring_list_empty(waiting) && put(worker, &message, class))
		return false;
	sipring_list_append(waiting, &keep(worker, &message)->link);
	handoff->n_waiting++;
	handoff->n_in_slots += in_slot;
	worker->stats.inbox_full++;
	return true;
}

bool sipring_handoff_wants_piece(const struct sipring_worker *worker,
	const struct sipring_association *association, const struct sipring_sctp_event *event)
{
	const struct sipring_handoff *handoff = &worker->handoff;
	bool is_whole = event->end && sipring_reassembly_idle(&association->partial);

	if (handoff->replayed)
		return false;
	if (association->n_pieces_kept)
		return true;
	return handoff->n_in_slots && !is_whole && !association->partial.slot &&
		sipring_pool_used(&worker->slots) == worker->slots.n_items;
}

void sipring_handoff_keep_piece(struct sipring_worker *worker,
	struct sipring_association *association, const struct sipring_sctp_event *event)
{
	struct sipring_kept piece = {
		.info = {.association = sipring_table_id(&worker->table, association),
			.ppid = event->ppid,
			.stream = event->stream,
			.unordered = event->unordered},
		.received_ns = worker->now_ns,
		.data = event->data,
		.size = (uint32_t)event->size,
		.end = event->end,
	};

	sipring_list_append(&worker->handoff.pieces, &keep(worker, &piece)->link);
	association->n_pieces_kept++;
	worker->handoff.n_pieces++;
}

bool sipring_handoff_forget(struct sipring_worker *worker, struct sipring_association *association)
{
	struct sipring_handoff *handoff = &worker->handoff;
	uint32_t id = sipring_table_id(&worker->table, association);
	struct sipring_list *node, *before;

	if (!association->n_pieces_kept)
		return true;
	for (node = handoff->pieces.previous; node != &handoff->pieces; node = before) {
		struct sipring_kept *kept = SIPRING_CONTAINER(node, struct sipring_kept, link);

		before = node->previous;
		if (kept->info.association != id)
			continue;
		if (kept->end)
			return false;
		association->n_pieces_kept--;
		handoff->n_pieces--;
		let_go(worker, kept);
	}
	return true;
}

static void put_waiting(struct sipring_worker *worker, struct sipring_list *waiting, unsigned class)
{
	struct sipring_handoff *handoff = &worker->handoff;

	while (!sipring_list_empty(waiting)) {
		struct sipring_kept *kept =
			SIPRING_CONTAINER(waiting->next, struct sipring_kept, link);

		if (!put(worker, kept, class))
			return;
		handoff->n_waiting--;
		handoff->n_in_slots -= kept->in_slot;
		let_go(worker, kept);
	}
}

/* The largest first: others may take their slots when they have what they need. */
static void put_all(struct sipring_worker *worker)
{
	struct sipring_handoff *handoff = &worker->handoff;

	for (unsigned i = 0; handoff->n_waiting && i < handoff->split->n_inboxes; i++)
		for (unsigned j = SIPRING_INBOX_CLASSES; j-- > 0;)
			put_waiting(worker, &handoff->waiting[i][j], j);
}

/*
 * Each piece needs one slot at most, or becomes a message that is kept in its place. Where there is
 * no slot and no message that waits has one, waiting would not help: partial messages have them
 * all, and the ends of these may need the buffers. It is then as without takers: no slot, no
 * association.
 */
static void replay(struct sipring_worker *worker)
{
	struct sipring_handoff *handoff = &worker->handoff;

	while (!sipring_list_empty(&handoff->pieces) &&
		(!handoff->n_in_slots ||
			sipring_pool_used(&worker->slots) < worker->slots.n_items)) {
		struct sipring_kept *kept =
			SIPRING_CONTAINER(handoff->pieces.next, struct sipring_kept, link);
		struct sipring_association *association =
			sipring_table_find(&worker->table, kept->info.association);

		sipring_list_unlink(&kept->link);
		handoff->n_pieces--;
		handoff->replayed = kept;
		if (association && association->state != SIPRING_ASSOCIATION_CLOSING) {
			association->n_pieces_kept--;
			sipring_inbound_received(worker, association,
				&(struct sipring_sctp_event){
					.type = SIPRING_SCTP_DATA,
					.conn = association->conn,
					.data = kept->data,
					.size = kept->size,
					.end = kept->end,
					.unordered = kept->info.unordered,
					.stream = kept->info.stream,
					.ppid = kept->info.ppid,
				});
		} else {
			worker->stats.abandoned += kept->end;
		}
		if (handoff->replayed)
			let_go(worker, kept);
		handoff->replayed = NULL;
	}
}

/* Whoever gives a slot back from here on wakes this worker; what was given before is used. */
static void wait_for_room(struct sipring_worker *worker)
{
	struct sipring_handoff *handoff = &worker->handoff;

	for (unsigned i = 0; i < handoff->split->n_inboxes; i++)
		for (unsigned j = 0; j < SIPRING_INBOX_CLASSES; j++)
			if (!sipring_list_empty(&handoff->waiting[i][j])) {
				sipring_split_want_room(handoff->split, i, worker->party.place);
				break;
			}
	put_all(worker);
}

static void look_after(struct sipring_worker *worker)
{
	struct sipring_handoff *handoff = &worker->handoff;

	if (worker->now_ms < handoff->look_at_ms)
		return;
	sipring_split_look(handoff->split, worker->now_ms);
	handoff->look_at_ms = worker->now_ms + SIPRING_SPLIT_LOOK_MS;
	if (worker->now_ms < handoff->bury_at_ms)
		return;
	sipring_split_bury(handoff->split);
	handoff->bury_at_ms = worker->now_ms + SIPRING_SPLIT_BURY_MS;
}

void sipring_handoff_fail(struct sipring_worker *worker, unsigned listener)
{
	if (worker->handoff.split)
		sipring_split_fail(worker->handoff.split, listener, worker->party.member);
}

bool sipring_handoff_clear(struct sipring_worker *worker, unsigned listener)
{
	struct sipring_handoff *handoff = &worker->handoff;

	if (!handoff->split)
		return true;
	if (!sipring_split_clear(handoff->split, listener, worker->party.member))
		return false;
	for (unsigned i = 0; i < SIPRING_INBOX_CLASSES; i++)
		if (!sipring_list_empty(&handoff->waiting[listener][i]))
			return false;
	return true;
}

void sipring_handoff_run(struct sipring_worker *worker)
{
	struct sipring_handoff *handoff = &worker->handoff;

	if (!handoff->split)
		return;
	if (handoff->n_waiting) {
		put_all(worker);
		wait_for_room(worker);
	}
	replay(worker);
	while (handoff->told_for) {
		unsigned listener = (unsigned)__builtin_ctz(handoff->told_for);

		handoff->told_for &= handoff->told_for - 1;
		sipring_split_tell(handoff->split, listener, worker->now_ms);
	}
	look_after(worker);
	worker->stats.inbox_waiting = handoff->n_waiting + handoff->n_pieces;
}

uint64_t sipring_handoff_idle_ms(const struct sipring_worker *worker, uint64_t now_ms)
{
	const struct sipring_handoff *handoff = &worker->handoff;
	uint64_t idle_ms;

	if (!handoff->split)
		return UINT64_MAX;
	if (handoff->told_for)
		return 0;
	idle_ms = handoff->bury_at_ms > now_ms ? handoff->bury_at_ms - now_ms : 1;
	if (handoff->n_waiting && idle_ms > SIPRING_SPLIT_ROOM_MS)
		idle_ms = SIPRING_SPLIT_ROOM_MS;
	if (idle_ms > SIPRING_SPLIT_LOOK_MS && sipring_split_is_awaited(handoff->split))
		idle_ms = SIPRING_SPLIT_LOOK_MS;
	return idle_ms;
}
