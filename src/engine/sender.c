/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread or process that is no worker and sends: it hands everything to the workers and is told
 * how it ended. It owns a place among the senders while it is open.
 */
#include "base/clock.h"
#include "engine/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

struct sipring_sender {
	struct sipring *sipring;
	struct sipring_callbacks callbacks;
	struct sipring_party party;
};

static int explain(const struct sipring *sipring, int r, struct sipring_error *error)
{
	if (r == -EUSERS)
		return sipring_error_set(error, r,
			"all %lld senders are open already; the setting `senders` allows more",
			(long long)sipring->config.senders);
	return sipring_error_set(error, r, "cannot map a sender's memory: %s", strerror(-r));
}

int sipring_sender_open(struct sipring_sender **out, struct sipring *sipring,
	const struct sipring_callbacks *callbacks, struct sipring_error *error)
{
	struct sipring_share *share = sipring->share;
	struct sipring_sender *sender;
	int r;

	if (!share || share->n_places == share->n_workers)
		return explain(sipring, -EUSERS, error);
	sender = calloc(1, sizeof *sender);
	if (!sender)
		return explain(sipring, -ENOMEM, error);
	sender->sipring = sipring;
	sender->callbacks = *callbacks;
	r = sipring_party_join(&sender->party, share, share->n_workers,
		share->n_places - share->n_workers);
	if (r < 0) {
		free(sender);
		return explain(sipring, r, error);
	}
	(void)sipring_party_sleep(&sender->party);
	*out = sender;
	return 0;
}

static void tell(const struct sipring_sender *sender, const struct sipring_party_outcome *outcome)
{
	if (sender->callbacks.outcome &&
		(outcome->cookie || outcome->outcome != SIPRING_OUTCOME_SENT))
		sender->callbacks.outcome(sender->callbacks.user, outcome->cookie, outcome->outcome,
			outcome->error);
}

void sipring_sender_close(struct sipring_sender *sender)
{
	if (!sender)
		return;
	for (uint32_t i = 0; i < sender->party.handed.n_items; i++) {
		struct sipring_party_outcome outcome = {.outcome = SIPRING_OUTCOME_CLOSED};

		if (sipring_party_give_up(&sender->party, i, &outcome))
			tell(sender, &outcome);
	}
	sipring_party_leave(&sender->party);
	free(sender);
}

static int find_by_peer(const struct sipring_sender *sender, const struct sipring_send *send,
	unsigned *place, const union sipring_address *to)
{
	const struct sipring_share *share = sender->party.share;
	struct sipring_address_set peers = {.addresses = {*to}, .n_addresses = 1};

	if (send->to && send->n_to > 1) {
		int r = sipring_destination_name_peers(sender->sipring, send->to, send->n_to,
			&peers);

		if (r < 0)
			return r;
	}
	*place = sipring_destination_pick(share, peers.addresses, peers.n_addresses, false);
	return *place < share->n_workers ? 0 : -EHOSTDOWN;
}

/* Where to: the worker's place, and the address if one is given. 0 or -errno. */
static int find_place(const struct sipring_sender *sender, const struct sipring_send *send,
	unsigned *place, union sipring_address *to)
{
	const struct sipring_share *share = sender->party.share;

	if (!send->association && !send->to && !send->target)
		return -EDESTADDRREQ;
	if (send->to || send->target) {
		int r = sipring_destination_name_peer(sender->sipring, send, to);

		if (r < 0)
			return r;
	}
	*place = send->association ? sipring_share_marked(share, send->association)
				   : share->n_places;
	if (*place < share->n_workers && sipring_share_taker(share, *place))
		return 0;
	if (to->sa.sa_family == AF_UNSPEC)
		return -ENOTCONN;
	return find_by_peer(sender, send, place, to);
}

int sipring_sender_send(struct sipring_sender *sender, const struct sipring_send *send)
{
	union sipring_address to = {.sa.sa_family = AF_UNSPEC};
	bool is_unasked = send->flags & SIPRING_SEND_UNASKED;
	unsigned place;
	int r;

	if (send->size == 0 || !send->data || (is_unasked && send->cookie))
		return -EINVAL;
	if (send->size > (size_t)sender->sipring->config.message_max)
		return -EMSGSIZE;
	if (send->n_to > SIPRING_ADDRESS_SET_MAX)
		return -E2BIG;
	r = find_place(sender, send, &place, &to);
	if (r == 0 && to.sa.sa_family != AF_UNSPEC && !send->association)
		r = sipring_refusals_check(sender->party.share->refusals, &to,
			sipring_clock_ns() / 1000000);
	if (r < 0)
		return r;
	return sipring_party_hand(&sender->party, place, send,
		to.sa.sa_family == AF_UNSPEC ? NULL : &to, is_unasked ? SIPRING_PARTY_UNASKED : 0);
}

int sipring_sender_disconnect(struct sipring_sender *sender, uint32_t association, bool abort)
{
	const struct sipring_share *share = sender->party.share;
	unsigned place = sipring_share_marked(share, association);
	struct sipring_send wish = {
		.data = "",
		.size = 1,
		.association = association,
		.flags = abort ? SIPRING_MAIL_ABORT : SIPRING_MAIL_SHUTDOWN,
	};

	if (place >= share->n_workers || !sipring_share_taker(share, place))
		return -ENOTCONN;
	return sipring_party_hand(&sender->party, place, &wish, NULL, SIPRING_PARTY_UNASKED);
}

int sipring_sender_pollable(struct sipring_sender *sender)
{
	return sender->party.share->wake_fds[sender->party.place];
}

int64_t sipring_sender_run(struct sipring_sender *sender)
{
	struct sipring_party *party = &sender->party;
	struct sipring_party_outcome outcome;
	eventfd_t ignored;

	(void)eventfd_read(sipring_sender_pollable(sender), &ignored);
	sipring_party_awake(party);
	while (sipring_party_outcome(party, sipring_clock_ns() / 1000000, &outcome))
		tell(sender, &outcome);
	while (sipring_party_has_room(party))
		if (sender->callbacks.event)
			sender->callbacks.event(sender->callbacks.user,
				&(struct sipring_event){.type = SIPRING_EVENT_WRITABLE});
	if (!sipring_party_sleep(party))
		return 0;
	return sipring_pool_used(&party->handed) || party->full_places
		? (int64_t)SIPRING_PARTY_TICK_MS * 1000000
		: -1;
}
