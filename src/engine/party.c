/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was handed over with a cookie, or by order of another, is in `handed` until its outcome is
 * known; its handle is the cookie that the worker sees, so an outcome that is told twice, by a
 * worker and by the sweep for the dead, counts once. There are never more of them than an outcome
 * mailbox holds in one half; what has no cookie is told in the other half, where there is room.
 */
#include "engine/party.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

struct handed {
	uint32_t reader; /* the member who was to send it */
	uint32_t origin; /* the member who wants to know; 0: this party */
	uint32_t cookie; /* his */
};

struct told {
	int32_t outcome;
	int32_t error;
};

size_t sipring_party_footprint(uint32_t handed_max)
{
	return sipring_pool_footprint(handed_max, sizeof(struct handed));
}

int sipring_party_join(struct sipring_party *party, struct sipring_share *share, unsigned first,
	unsigned n)
{
	int r;

	*party = (struct sipring_party){0};
	r = sipring_pool_open(&party->handed, share->handed_max, sizeof(struct handed));
	if (r < 0)
		return r;
	party->member = sipring_members_join(share->members);
	r = party->member ? sipring_share_take(share, first, n, party->member) : -EUSERS;
	if (r < 0) {
		if (party->member)
			sipring_members_bury(share->members, party->member);
		sipring_pool_close(&party->handed);
		return r;
	}
	party->share = share;
	party->place = (unsigned)r;
	return 0;
}

void sipring_party_leave(struct sipring_party *party)
{
	if (!party->share)
		return;
	sipring_members_bury(party->share->members, party->member);
	for (unsigned i = 0; i < party->share->n_places; i++)
		sipring_share_wake(party->share, i);
	sipring_pool_close(&party->handed);
	party->share = NULL;
}

/* others: mail->n_others addresses, not read where there are none. */
static int push(struct sipring_party *party, struct sipring_mailbox *mailbox, unsigned place,
	const struct sipring_mail *mail, const void *bytes, const union sipring_address *others)
{
	uint32_t others_size = mail->n_others * (uint32_t)sizeof *others;
	struct sipring_mailbox_slot slot;
	int r = sipring_mailbox_reserve(mailbox, party->member, mail->size + others_size, &slot);

	if (r)
		return r == SIPRING_MAILBOX_FULL ? -ENOBUFS : r;
	*slot.mail = *mail;
	memcpy(slot.bytes, bytes, mail->size);
	if (others)
		memcpy(slot.bytes + mail->size, others, others_size);
	r = sipring_mailbox_commit(mailbox, &slot);
	if (r == SIPRING_MAILBOX_WAKE)
		sipring_share_wake(party->share, place);
	return r < 0 ? r : 0;
}

static int note_full(struct sipring_party *party, unsigned place)
{
	party->full_places |= (uint64_t)1 << place;
	atomic_store_explicit(&party->share->places[place].starving, 1, memory_order_relaxed);
	return -ENOBUFS;
}

int sipring_party_hand(struct sipring_party *party, unsigned place, const struct sipring_send *send,
	const union sipring_address *peer, uint32_t origin)
{
	struct sipring_share *share = party->share;
	struct sipring_mail mail = {
		.association = send->association,
		.sender = origin ? origin : party->member,
		.reader = sipring_share_taker(share, place),
		.cookie = send->cookie,
		.ppid = send->ppid,
		.size = (uint32_t)send->size,
		.stream = send->stream,
		.flags = send->flags,
		.listener = send->listener,
		.n_others = send->to && send->n_to > 1 ? send->n_to - 1 : 0,
	};
	struct handed *handed = NULL;
	int r;

	if (!mail.reader)
		return -EHOSTDOWN;
	if (peer)
		mail.peer = *peer;
	if (send->cookie) {
		handed = sipring_pool_take(&party->handed);
		if (!handed)
			return note_full(party, place);
		*handed = (struct handed){mail.reader, origin, send->cookie};
		mail.cookie = sipring_pool_handle(&party->handed, handed);
		mail.sender = party->member;
	}
	r = push(party, sipring_share_sends(share, place), place, &mail, send->data,
		mail.n_others ? send->to + 1 : NULL);
	if (r < 0 && handed)
		sipring_pool_give(&party->handed, handed);
	if (r == -ENOBUFS && origin != SIPRING_PARTY_UNASKED)
		return note_full(party, place);
	party->n_handed += r == 0;
	return r;
}

void sipring_party_tell(struct sipring_party *party, uint32_t origin, uint32_t cookie,
	enum sipring_outcome outcome, int error)
{
	unsigned place = origin == SIPRING_PARTY_UNASKED
		? party->share->n_places
		: sipring_share_place(party->share, origin);
	struct told told = {outcome, error};
	struct sipring_mail mail = {.sender = party->member,
		.reader = origin,
		.cookie = cookie,
		.size = sizeof told};
	struct sipring_mailbox *mailbox;

	if (place == party->share->n_places) { /* gone, and with him who wanted to know */
		party->n_untold += origin == SIPRING_PARTY_UNASKED;
		return;
	}
	mailbox = sipring_share_outcomes(party->share, place);
	if ((!cookie && !sipring_mailbox_has_room(mailbox)) ||
		push(party, mailbox, place, &mail, &told, NULL) < 0)
		party->n_untold++;
}

/* Ends what was handed over: true when this party's host is the one to be told. */
static bool end(struct sipring_party *party, struct handed *handed,
	struct sipring_party_outcome *outcome)
{
	uint32_t origin = handed->origin;

	outcome->cookie = handed->cookie;
	sipring_pool_give(&party->handed, handed);
	if (!origin)
		return true;
	sipring_party_tell(party, origin, outcome->cookie, outcome->outcome, outcome->error);
	return false;
}

bool sipring_party_give_up(struct sipring_party *party, uint32_t index,
	struct sipring_party_outcome *outcome)
{
	struct handed *handed = sipring_pool_at(&party->handed, index);

	return handed && end(party, handed, outcome);
}

static bool next_told(struct sipring_party *party, struct sipring_party_outcome *outcome)
{
	struct sipring_mailbox *mailbox = sipring_share_outcomes(party->share, party->place);
	struct sipring_mail *mail;
	char *bytes;

	while (sipring_mailbox_next(mailbox, party->share->members, &mail, &bytes) ==
		SIPRING_MAILBOX_MAIL) {
		uint32_t cookie = mail->cookie;
		bool is_mine = mail->reader == party->member;
		struct handed *handed;
		struct told told;

		memcpy(&told, bytes, sizeof told);
		sipring_mailbox_release(mailbox);
		outcome->outcome = (enum sipring_outcome)told.outcome;
		outcome->error = told.error;
		outcome->cookie = 0;
		if (is_mine && !cookie)
			return true;
		handed = is_mine ? sipring_pool_find(&party->handed, cookie) : NULL;
		if (handed && end(party, handed, outcome))
			return true;
	}
	return false;
}

/*
 * What the dead will never tell. Nothing that they told is overtaken: their burial is seen first,
 * and the mailbox is empty after that.
 */
static bool next_lost(struct sipring_party *party, struct sipring_party_outcome *outcome)
{
	while (party->swept < party->handed.n_items) {
		struct handed *handed = sipring_pool_at(&party->handed, party->swept++);

		if (!handed || !sipring_members_gone(party->share->members, handed->reader))
			continue;
		if (next_told(party, outcome)) {
			party->swept--;
			return true;
		}
		handed = sipring_pool_at(&party->handed, party->swept - 1);
		if (!handed || !sipring_members_gone(party->share->members, handed->reader))
			continue;
		outcome->outcome = SIPRING_OUTCOME_LOST;
		outcome->error = -EHOSTDOWN;
		if (end(party, handed, outcome))
			return true;
	}
	return false;
}

/* Who is gone is seen at last here, one worker a tick, where nobody buries. */
static void probe_next(struct sipring_party *party)
{
	uint32_t member;

	party->probed = (party->probed + 1) % party->share->n_workers;
	member = sipring_share_taker(party->share, party->probed);
	if (member && member != party->member)
		sipring_members_probe(party->share->members, member);
}

static void probe_in_the_way(struct sipring_party *party)
{
	sipring_mailbox_probe(sipring_share_outcomes(party->share, party->place),
		party->share->members);
	if (party->place < party->share->n_workers)
		sipring_mailbox_probe(sipring_share_sends(party->share, party->place),
			party->share->members);
}

bool sipring_party_outcome(struct sipring_party *party, uint64_t now_ms,
	struct sipring_party_outcome *outcome)
{
	if (next_told(party, outcome))
		return true;
	if (now_ms >= party->tick_at_ms) {
		party->tick_at_ms = now_ms + SIPRING_PARTY_TICK_MS;
		party->swept = 0;
		probe_in_the_way(party);
		if (sipring_pool_used(&party->handed))
			probe_next(party);
	}
	return sipring_pool_used(&party->handed) && next_lost(party, outcome);
}

bool sipring_party_has_room(struct sipring_party *party)
{
	struct sipring_share *share = party->share;

	if (!party->full_places || sipring_pool_used(&party->handed) > party->handed.n_items / 2)
		return false;
	for (unsigned i = 0; i < share->n_workers; i++) {
		if (!(party->full_places >> i & 1) ||
			!sipring_mailbox_has_room(sipring_share_sends(share, i)))
			continue;
		party->full_places &= ~((uint64_t)1 << i);
		return true;
	}
	return false;
}

bool sipring_party_mail(struct sipring_party *party, struct sipring_mail **mail, char **bytes)
{
	struct sipring_mailbox *mailbox = sipring_share_sends(party->share, party->place);

	while (sipring_mailbox_next(mailbox, party->share->members, mail, bytes) ==
		SIPRING_MAILBOX_MAIL) {
		if ((*mail)->reader == party->member)
			return true;
		/* It was for the one before, who is gone. */
		sipring_party_tell(party, (*mail)->sender, (*mail)->cookie, SIPRING_OUTCOME_LOST,
			-EHOSTDOWN);
		sipring_mailbox_release(mailbox);
	}
	return false;
}

void sipring_party_release(struct sipring_party *party)
{
	struct sipring_mailbox *mailbox = sipring_share_sends(party->share, party->place);
	struct sipring_place *place = &party->share->places[party->place];

	sipring_mailbox_release(mailbox);
	if (!atomic_load_explicit(&place->starving, memory_order_relaxed) ||
		!sipring_mailbox_has_room(mailbox))
		return;
	atomic_store_explicit(&place->starving, 0, memory_order_relaxed);
	for (unsigned i = 0; i < party->share->n_places; i++)
		if (i != party->place)
			sipring_share_wake(party->share, i);
}

bool sipring_party_sleep(struct sipring_party *party)
{
	const struct sipring_share *share = party->share;
	bool may =
		sipring_mailbox_sleep(sipring_share_outcomes(share, party->place), share->members);

	if (may && party->place < share->n_workers)
		may = sipring_mailbox_sleep(sipring_share_sends(share, party->place),
			share->members);
	if (!may)
		sipring_party_awake(party);
	return may;
}

void sipring_party_awake(struct sipring_party *party)
{
	sipring_mailbox_awake(sipring_share_outcomes(party->share, party->place));
	if (party->place < party->share->n_workers)
		sipring_mailbox_awake(sipring_share_sends(party->share, party->place));
}
