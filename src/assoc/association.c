/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of an association: CONNECTING -> UP -> (ENDING | DRAINING -> SHUT) -> CLOSING -> gone.
 * Each event's function lists every state and has no default, so that a new state cannot be
 * forgotten. Invariant: TELL_UP at most once, TELL_DOWN exactly once, FREE only from CLOSED.
 */
#include "assoc/association.h"

#include <assert.h>

enum {
	GIVE_UP = SIPRING_ASSOCIATION_TELL_DOWN | SIPRING_ASSOCIATION_ABORT |
		SIPRING_ASSOCIATION_FAIL,
};

static void enter(struct sipring_association *association, enum sipring_association_state state)
{
	if (association->n_in_state) {
		assert(association->n_in_state[association->state] > 0);
		association->n_in_state[association->state]--;
		association->n_in_state[state]++;
	}
	association->state = state;
}

void sipring_association_init(struct sipring_association *association, bool inbound)
{
	*association = (struct sipring_association){.state = SIPRING_ASSOCIATION_CONNECTING,
		.inbound = inbound};
	sipring_queue_init(&association->queue);
	sipring_timer_init(&association->timer);
	sipring_list_init(&association->routes);
	sipring_list_init(&association->paths);
	sipring_list_init(&association->flush);
}

bool sipring_association_takes_sends(const struct sipring_association *association)
{
	switch (association->state) {
	case SIPRING_ASSOCIATION_CONNECTING:
	case SIPRING_ASSOCIATION_UP:
		return true;
	case SIPRING_ASSOCIATION_ENDING:
	case SIPRING_ASSOCIATION_DRAINING:
	case SIPRING_ASSOCIATION_SHUT:
	case SIPRING_ASSOCIATION_CLOSING:
		return false;
	}
	return false;
}

bool sipring_association_may_flush(const struct sipring_association *association)
{
	switch (association->state) {
	case SIPRING_ASSOCIATION_UP:
	case SIPRING_ASSOCIATION_ENDING:
	case SIPRING_ASSOCIATION_DRAINING:
		return !association->blocked && sipring_queue_ready(&association->queue);
	case SIPRING_ASSOCIATION_CONNECTING:
	case SIPRING_ASSOCIATION_SHUT:
	case SIPRING_ASSOCIATION_CLOSING:
		return false;
	}
	return false;
}

unsigned sipring_association_up(struct sipring_association *association)
{
	switch (association->state) {
	case SIPRING_ASSOCIATION_CONNECTING:
		enter(association, SIPRING_ASSOCIATION_UP);
		association->stood = true;
		return SIPRING_ASSOCIATION_TELL_UP | SIPRING_ASSOCIATION_FLUSH;
	case SIPRING_ASSOCIATION_UP:
	case SIPRING_ASSOCIATION_ENDING:
	case SIPRING_ASSOCIATION_DRAINING:
	case SIPRING_ASSOCIATION_SHUT:
	case SIPRING_ASSOCIATION_CLOSING:
		return 0;
	}
	return 0;
}

unsigned sipring_association_ending(struct sipring_association *association)
{
	switch (association->state) {
	case SIPRING_ASSOCIATION_CONNECTING:
	case SIPRING_ASSOCIATION_UP:
		enter(association, SIPRING_ASSOCIATION_ENDING);
		return SIPRING_ASSOCIATION_FLUSH;
	case SIPRING_ASSOCIATION_ENDING:
	case SIPRING_ASSOCIATION_DRAINING:
	case SIPRING_ASSOCIATION_SHUT:
	case SIPRING_ASSOCIATION_CLOSING:
		return 0;
	}
	return 0;
}

unsigned sipring_association_lost(struct sipring_association *association)
{
	switch (association->state) {
	case SIPRING_ASSOCIATION_CONNECTING:
	case SIPRING_ASSOCIATION_UP:
	case SIPRING_ASSOCIATION_ENDING:
	case SIPRING_ASSOCIATION_DRAINING:
	case SIPRING_ASSOCIATION_SHUT:
		enter(association, SIPRING_ASSOCIATION_CLOSING);
		return GIVE_UP;
	case SIPRING_ASSOCIATION_CLOSING:
		return 0;
	}
	return 0;
}

unsigned sipring_association_closed(struct sipring_association *association)
{
	switch (association->state) {
	case SIPRING_ASSOCIATION_CLOSING:
		return SIPRING_ASSOCIATION_FREE;
	case SIPRING_ASSOCIATION_CONNECTING:
	case SIPRING_ASSOCIATION_UP:
	case SIPRING_ASSOCIATION_ENDING:
	case SIPRING_ASSOCIATION_DRAINING:
	case SIPRING_ASSOCIATION_SHUT:
		/* Nobody gave it up; but the conn is gone, and so is the association. */
		enter(association, SIPRING_ASSOCIATION_CLOSING);
		return SIPRING_ASSOCIATION_TELL_DOWN | SIPRING_ASSOCIATION_FAIL |
			SIPRING_ASSOCIATION_FREE;
	}
	return 0;
}

unsigned sipring_association_flushed(struct sipring_association *association)
{
	switch (association->state) {
	case SIPRING_ASSOCIATION_DRAINING:
		enter(association, SIPRING_ASSOCIATION_SHUT);
		return SIPRING_ASSOCIATION_SHUTDOWN;
	case SIPRING_ASSOCIATION_CONNECTING:
	case SIPRING_ASSOCIATION_UP:
	case SIPRING_ASSOCIATION_ENDING:
	case SIPRING_ASSOCIATION_SHUT:
	case SIPRING_ASSOCIATION_CLOSING:
		return 0;
	}
	return 0;
}

unsigned sipring_association_end(struct sipring_association *association)
{
	switch (association->state) {
	case SIPRING_ASSOCIATION_UP:
		enter(association, SIPRING_ASSOCIATION_DRAINING);
		return association->queue.n_messages ? SIPRING_ASSOCIATION_FLUSH
						     : sipring_association_flushed(association);
	case SIPRING_ASSOCIATION_CONNECTING:
		enter(association, SIPRING_ASSOCIATION_CLOSING);
		return GIVE_UP;
	case SIPRING_ASSOCIATION_ENDING:
	case SIPRING_ASSOCIATION_DRAINING:
	case SIPRING_ASSOCIATION_SHUT:
	case SIPRING_ASSOCIATION_CLOSING:
		return 0;
	}
	return 0;
}

unsigned sipring_association_abort(struct sipring_association *association)
{
	return sipring_association_lost(association);
}

const char *sipring_association_state_name(enum sipring_association_state state)
{
	switch (state) {
	case SIPRING_ASSOCIATION_CONNECTING:
		return "connecting";
	case SIPRING_ASSOCIATION_UP:
		return "up";
	case SIPRING_ASSOCIATION_ENDING:
		return "ending";
	case SIPRING_ASSOCIATION_DRAINING:
		return "draining";
	case SIPRING_ASSOCIATION_SHUT:
		return "shut";
	case SIPRING_ASSOCIATION_CLOSING:
		return "closing";
	}
	return "?";
}
