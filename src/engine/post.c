/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker's post: sends that others hand to it join its queues like those of its own host, and it
 * is told the outcomes of those that it handed to others. Nothing here is on the way of a message
 * whose association is the worker's own. Invariant: between turns the worker sleeps, for its
 * mailboxes; who pushes wakes it.
 */
#include "engine/worker.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define MAIL_A_TURN 1024
#define FULL_MS 64 /* how long senders are told that a peer's queue is full, if not longer */

int sipring_post_open(struct sipring_worker *worker, struct sipring_error *error)
{
	struct sipring_share *share = worker->sipring->share;
	int r;

	if (!share)
		return 0;
	r = sipring_party_join(&worker->party, share, 0, share->n_workers);
	if (r == -EUSERS)
		return sipring_error_set(error, r,
			"all %u workers are running already; the setting `workers` allows more",
			share->n_workers);
	if (r < 0)
		return sipring_error_set(error, r, "cannot map the worker's post: %s",
			strerror(-r));
	sipring_pool_mark(&worker->table.associations,
		sipring_share_mark(share, worker->party.place),
		share->places[worker->party.place].life);
	if (share->is_steered)
		worker->sctp_config.doors = &share->doors[worker->party.place];
	worker->wake_fd = share->wake_fds[worker->party.place];
	worker->shunned.refusals = share->refusals;
	return 0;
}

static void tell(struct sipring_worker *worker, const struct sipring_party_outcome *outcome)
{
	if (worker->callbacks.outcome &&
		(outcome->cookie || outcome->outcome != SIPRING_OUTCOME_SENT))
		worker->callbacks.outcome(worker->callbacks.user, outcome->cookie, outcome->outcome,
			outcome->error);
}

void sipring_post_tell(struct sipring_worker *worker, uint32_t origin, uint32_t cookie,
	const struct sipring_event *failed)
{
	if (origin == SIPRING_PARTY_UNASKED)
		sipring_lifecycle_tell(worker, failed);
	else
		sipring_party_tell(&worker->party, origin, cookie, failed->outcome, failed->error);
}

/* What was handed to this worker does not go. */
static void refuse(struct sipring_worker *worker, const struct sipring_mail *mail,
	const char *bytes, enum sipring_outcome outcome, int error)
{
	sipring_post_tell(worker, mail->sender, mail->cookie,
		&(struct sipring_event){
			.type = SIPRING_EVENT_FAILED,
			.association = mail->association,
			.address = mail->peer.sa.sa_family == AF_UNSPEC ? NULL : &mail->peer,
			.outcome = outcome,
			.error = error,
			.data = bytes,
			.size = mail->size,
		});
}

void sipring_post_close(struct sipring_worker *worker)
{
	struct sipring_party *party = &worker->party;
	struct sipring_mail *mail;
	char *bytes;

	if (!party->share)
		return;
	while (sipring_party_mail(party, &mail, &bytes)) {
		if (!(mail->flags & (SIPRING_MAIL_SHUTDOWN | SIPRING_MAIL_ABORT)))
			refuse(worker, mail, bytes, SIPRING_OUTCOME_CLOSED, 0);
		sipring_party_release(party);
	}
	for (uint32_t i = 0; i < party->handed.n_items; i++) {
		struct sipring_party_outcome outcome = {.outcome = SIPRING_OUTCOME_CLOSED};

		if (sipring_party_give_up(party, i, &outcome))
			tell(worker, &outcome);
	}
	sipring_party_leave(party);
	worker->wake_fd = -1; /* it is the place's */
}

static enum sipring_outcome outcome_of(int error)
{
	if (error == -ESHUTDOWN)
		return SIPRING_OUTCOME_CLOSED;
	return error == -ENOTCONN || error == -ENOBUFS || error == -EINVAL || error == -EMSGSIZE
		? SIPRING_OUTCOME_REFUSED
		: SIPRING_OUTCOME_CONNECT_FAILED;
}

/* All addresses of the peer, its first one as the mail has it. */
static void unpack_peers(struct sipring_send *send, const struct sipring_mail *mail,
	const char *bytes, union sipring_address peers[SIPRING_ADDRESS_SET_MAX])
{
	assert(mail->n_others < SIPRING_ADDRESS_SET_MAX);
	peers[0] = mail->peer;
	memcpy(&peers[1], bytes + mail->size, mail->n_others * sizeof *peers);
	send->to = peers;
	send->n_to = mail->n_others + 1;
}

static void take_one(struct sipring_worker *worker, const struct sipring_mail *mail,
	const char *bytes)
{
	struct sipring_send send = {
		.data = bytes,
		.size = mail->size,
		.association = mail->association,
		.to = mail->peer.sa.sa_family == AF_UNSPEC ? NULL : &mail->peer,
		.cookie = mail->cookie,
		.ppid = mail->ppid,
		.stream = mail->stream,
		.flags = mail->flags,
		.listener = mail->listener,
	};
	union sipring_address peers[SIPRING_ADDRESS_SET_MAX];
	int r;

	if (mail->flags & (SIPRING_MAIL_SHUTDOWN | SIPRING_MAIL_ABORT)) {
		sipring_disconnect(worker, mail->association, mail->flags & SIPRING_MAIL_ABORT);
		return;
	}
	if (mail->n_others)
		unpack_peers(&send, mail, bytes, peers);
	worker->stats.mail++;
	r = sipring_outbound_accept(worker, &send, mail->sender);
	if (r == -ENOBUFS && send.to)
		sipring_refusals_note(worker->party.share->refusals, send.to, true, worker->now_ms,
			worker->now_ms + FULL_MS);
	if (r < 0)
		refuse(worker, mail, bytes, outcome_of(r), r);
}

static void take_mail(struct sipring_worker *worker)
{
	struct sipring_party *party = &worker->party;
	struct sipring_mail *mail;
	char *bytes;

	for (unsigned i = 0; i < MAIL_A_TURN && sipring_party_mail(party, &mail, &bytes); i++) {
		take_one(worker, mail, bytes);
		sipring_party_release(party);
	}
}

void sipring_post_run(struct sipring_worker *worker)
{
	struct sipring_party *party = &worker->party;
	struct sipring_party_outcome outcome;

	if (!party->share)
		return;
	sipring_party_awake(party);
	take_mail(worker);
	while (party->share && sipring_party_outcome(party, worker->now_ms, &outcome))
		tell(worker, &outcome);
	while (sipring_party_has_room(party))
		sipring_lifecycle_tell(worker,
			&(struct sipring_event){.type = SIPRING_EVENT_WRITABLE});
	if (worker->now_ms >= worker->retry_at_ms) {
		worker->retry_at_ms = worker->now_ms + SIPRING_PARTY_TICK_MS;
		sipring_claim_retry(worker);
	}
	worker->stats.untold = party->n_untold;
}

uint64_t sipring_post_idle_ms(struct sipring_worker *worker)
{
	if (!worker->party.share)
		return UINT64_MAX;
	return sipring_party_sleep(&worker->party) ? SIPRING_PARTY_TICK_MS : 0;
}

int sipring_post_hand(struct sipring_worker *worker, unsigned place,
	const struct sipring_send *send, const union sipring_address *peer, uint32_t origin)
{
	int r = sipring_party_hand(&worker->party, place, send, peer, origin);

	if (r == 0) {
		worker->stats.accepted++;
		worker->stats.handed++;
	} else if (r == -ENOBUFS) {
		worker->stats.rejected_full++;
	}
	return r;
}
