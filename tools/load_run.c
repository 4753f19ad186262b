/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run of a load. Closed loop: a request goes for every one that ended, so that the window is
 * always full. Open loop: request k is due at begin + k / rate whatever the answers do, and its
 * latency counts from then, so that a server that stalls is not spared the requests it held up.
 * After the duration nothing new falls due; what is due still goes, and the run waits for what is
 * outstanding, at most the timeout. Every request accepted ends in exactly one counter; answers
 * are matched by slot and generation, repeated and foreign ones only counted.
 */
#include "tools/load.h"
#include "tools/number.h"
#include "tools/signals.h"
#include "tools/terminal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* When request k of an open loop is due; rounded up, so that load_run_due counts it then. */
static uint64_t due_ns(const struct load *load, uint64_t k)
{
	uint64_t rate = load->options->rate;
	uint64_t part = k % rate * 1000000000;
	return load->begin_ns + k / rate * 1000000000 + (part + rate - 1) / rate;
}

/* How many requests should have been sent by now. */
uint64_t load_run_due(const struct load *load, uint64_t now_ns)
{
	const struct load_options *options = load->options;
	uint64_t due = UINT64_MAX, until_ns = now_ns < load->end_ns ? now_ns : load->end_ns;
	if (options->rate) {
		uint64_t elapsed_ns = until_ns - load->begin_ns;
		uint64_t part = elapsed_ns % 1000000000 * options->rate;
		due = elapsed_ns / 1000000000 * options->rate;
		/* Request 0 is due at once; what would be due at the very end is not. */
		due += until_ns < load->end_ns ? part / 1000000000 + 1
					       : (part + 999999999) / 1000000000;
	} else if (now_ns >= load->end_ns) {
		due = load->counts.sent;
	}
	return options->count && due > options->count ? options->count : due;
}

uint64_t load_run_failed(const struct load_counts *counts)
{
	uint64_t sum = counts->failed_association + counts->failed_returned + counts->unsent;
	for (unsigned i = 0; i <= SIPRING_OUTCOME_CLOSED; i++)
		sum += counts->failed[i];
	return sum;
}

/* Sends the next request. 0, or -EAGAIN (later), or -errno, which ends the run. */
static int send_next(struct load *load, uint64_t now_ns)
{
	const struct load_options *options = load->options;
	uint64_t begun_ns = options->rate ? due_ns(load, load->counts.sent) : now_ns;
	int64_t peer = load_peers_pick(load, load->slots.free);
	if (peer < 0)
		return (int)peer;
	uint32_t index = load_slots_take(&load->slots, begun_ns, now_ns);
	if (index == LOAD_SLOTS_NONE)
		return -EAGAIN;
	struct load_slot *slot = &load->slots.slots[index];
	slot->peer = (uint32_t)peer;
	load_message_patch(&load->message, index, slot->generation);
	struct sipring_send send = {.data = load->message.text,
		.size = load->message.size,
		.association = load->peers[peer].association,
		.cookie = load_slots_cookie(&load->slots, index)};
	int result = sipring_send(load->client.worker, &send);
	if (result == 0) {
		load->counts.sent++;
		return 0;
	}
	load_slots_cancel(&load->slots, index);
	if (result != -ENOBUFS && result != -ENOTCONN)
		return result;
	load_peers_block(load, (uint32_t)peer); /* of -ENOTCONN, DOWN is about to come */
	return -EAGAIN;
}

/* Sends what may go now. */
static void fill(struct load *load, uint64_t now_ns)
{
	if (!load->is_sending || load->slots.free == LOAD_SLOTS_NONE)
		return;
	uint64_t due = load_run_due(load, now_ns);
	int result = 0;
	while (result == 0 && load->counts.sent < due && load->slots.free != LOAD_SLOTS_NONE)
		result = send_next(load, now_ns);
	if (result == -ENOTCONN)
		load->is_sending = false;
	else if (result < 0 && result != -EAGAIN)
		load->fatal = result;
}

static void send_ack(struct load *load, const struct sipring_message *answer, uint32_t association)
{
	char text[4096];
	int size = load_message_ack(&load->message, answer, text, sizeof(text));
	struct sipring_send send = {.data = text,
		.size = size > 0 ? (size_t)size : 0,
		.association = association};
	if (size > 0 && sipring_send(load->client.worker, &send) == 0)
		load->counts.acks++;
	else
		load->counts.acks_failed++;
}

static void take_answer(struct load *load, uint32_t index, uint16_t status)
{
	uint64_t now_ns = number_clock_ns();
	uint64_t begun_ns = load->slots.slots[index].begun_ns;
	load->counts.answered++;
	load->counts.statuses[status]++;
	histogram_add(&load->interval_latency, now_ns > begun_ns ? now_ns - begun_ns : 0);
	load_slots_end(&load->slots, index, true);
	load->done_ns = now_ns;
	fill(load, now_ns);
}

static void on_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	struct load *load = user;
	uint32_t index, generation;
	(void)buffer, (void)size;
	if (message->flags & SIPRING_MESSAGE_REQUEST) {
		load->counts.requests++;
		return;
	}
	if (load_message_match(&load->message, message, &index, &generation) < 0) {
		load->counts.stray++;
		return;
	}
	enum load_slots_match match = load_slots_find(&load->slots, index, generation);
	if (message->status < 200) {
		load->counts.provisional++;
		return;
	}
	if (message->method == SIPRING_METHOD_INVITE && match != LOAD_SLOTS_STRAY)
		send_ack(load, message, info->association);
	switch (match) {
	case LOAD_SLOTS_OURS:
		take_answer(load, index, message->status);
		break;
	case LOAD_SLOTS_DUPLICATE:
		load->counts.duplicate++;
		break;
	case LOAD_SLOTS_LATE:
		load->counts.late++;
		break;
	case LOAD_SLOTS_STRAY:
		load->counts.stray++;
		break;
	}
}

static void fail_cookie(struct load *load, uint32_t cookie, uint64_t *counter)
{
	uint32_t index = load_slots_of_cookie(&load->slots, cookie);
	if (index == LOAD_SLOTS_NONE)
		return;
	load_slots_end(&load->slots, index, false);
	(*counter)++;
	load->done_ns = number_clock_ns();
}

static void on_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	struct load *load = user;
	(void)error;
	if (outcome == SIPRING_OUTCOME_SENT)
		return;
	if (cookie == 0)
		load->counts.acks_failed++;
	else
		fail_cookie(load, cookie, &load->counts.failed[outcome]);
}

static void on_event(void *user, const struct sipring_event *event)
{
	struct load *load = user;
	if (event->type == SIPRING_EVENT_RETURNED)
		fail_cookie(load, event->cookie, &load->counts.failed_returned);
	else
		load_peers_event(load, event);
}

void load_run_callbacks(struct load *load, struct sipring_callbacks *callbacks)
{
	*callbacks = (struct sipring_callbacks){.dispatch = on_message,
		.outcome = on_outcome,
		.event = on_event,
		.log = terminal_log,
		.user = load};
}

static void expire(struct load *load, uint64_t now_ns)
{
	struct load_slots *slots = &load->slots;
	while (slots->oldest != LOAD_SLOTS_NONE &&
		now_ns - slots->slots[slots->oldest].sent_ns >= load->options->timeout_ns) {
		load_slots_end(slots, slots->oldest, false);
		load->counts.lost++;
		load->done_ns = now_ns;
	}
}

/* When the loop must look again, whatever comes. */
static uint64_t next_ns(const struct load *load, uint64_t now_ns, uint64_t progress_ns)
{
	const struct load_slots *slots = &load->slots;
	uint64_t next = progress_ns;
	if (slots->oldest != LOAD_SLOTS_NONE) {
		uint64_t expiry = slots->slots[slots->oldest].sent_ns + load->options->timeout_ns;
		next = expiry < next ? expiry : next;
	}
	if (!load->is_sending)
		return next;
	if (now_ns < load->end_ns && load->end_ns < next)
		next = load->end_ns;
	if (load->options->rate && slots->free != LOAD_SLOTS_NONE) {
		uint64_t due = due_ns(load, load->counts.sent);
		/* A request that is overdue waits for room, not for its time. */
		due = due > now_ns ? due : now_ns + 1000000;
		next = due < next ? due : next;
	}
	return next;
}

/* Nothing more will fall due, and all that was due has gone or will not go. */
static bool is_all_sent(const struct load *load, uint64_t now_ns)
{
	const struct load_options *options = load->options;
	if (options->count && load->counts.sent >= options->count)
		return true;
	if (now_ns < load->end_ns)
		return false;
	return load->counts.sent >= load_run_due(load, now_ns) ||
		now_ns - load->end_ns >= options->timeout_ns;
}

static void finish(struct load *load, uint64_t end_ns)
{
	if (load->options->rate && load->end_ns != UINT64_MAX) {
		uint64_t due = load_run_due(load, end_ns);
		if (due > load->counts.sent)
			load->counts.unsent = due - load->counts.sent;
	}
	while (load->slots.oldest != LOAD_SLOTS_NONE) {
		load_slots_end(&load->slots, load->slots.oldest, false);
		load->counts.lost++;
		load->done_ns = end_ns;
	}
	histogram_merge(&load->latency, &load->interval_latency);
	sipring_worker_stats(load->client.worker, &load->stats_end);
}

/* Runs to the end; fatal tells whether the engine gave up. */
void load_run(struct load *load)
{
	const struct load_options *options = load->options;
	struct load_progress progress = {0};
	uint64_t now_ns = number_clock_ns(), progress_ns = now_ns + options->interval_ns;
	load->begin_ns = load->done_ns = progress.last_ns = now_ns;
	load->end_ns = options->duration_ns ? now_ns + options->duration_ns : UINT64_MAX;
	load->is_sending = true;
	sipring_worker_stats(load->client.worker, &load->stats_begin);
	for (;;) {
		fill(load, now_ns);
		if (load->is_sending && is_all_sent(load, now_ns))
			load->is_sending = false;
		if (load->fatal || (!load->is_sending && load->slots.n_used == 0))
			break;
		if (signals_count() >= 2)
			break;
		if (signals_count() == 1 && load->is_sending) {
			load->is_sending = false;
			load->end_ns = now_ns < load->end_ns ? now_ns : load->end_ns;
		}
		uint64_t until_ns = next_ns(load, now_ns, progress_ns);
		int result = sipring_worker_turn(load->client.worker,
			until_ns > now_ns ? (int64_t)(until_ns - now_ns) : 0);
		if (result < 0)
			load->fatal = result;
		now_ns = number_clock_ns();
		expire(load, now_ns);
		if (now_ns >= progress_ns) {
			load_report_progress(load, &progress, now_ns);
			progress_ns = now_ns + options->interval_ns;
		}
	}
	finish(load, now_ns);
	load->is_over = true;
}
