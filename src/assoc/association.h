/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One association as the engine sees it, and its state machine. No I/O: every event's function
 * returns what the engine has to do, as a set of actions.
 */
#pragma once

#include "assoc/queue.h"
#include "assoc/reassembly.h"
#include "base/hash.h"
#include "base/wheel.h"

enum sipring_association_state {
	SIPRING_ASSOCIATION_CONNECTING, /* waits for UP; sends wait */
	SIPRING_ASSOCIATION_UP,
	SIPRING_ASSOCIATION_ENDING,   /* the peer shuts down: no new sends, the queue may go */
	SIPRING_ASSOCIATION_DRAINING, /* we want to end: the queue first */
	SIPRING_ASSOCIATION_SHUT,     /* SHUTDOWN was asked for; waits for the peer */
	SIPRING_ASSOCIATION_CLOSING,  /* given up; waits for CLOSED */
};

#define SIPRING_ASSOCIATION_STATES (SIPRING_ASSOCIATION_CLOSING + 1)

enum sipring_association_action {
	SIPRING_ASSOCIATION_TELL_UP = 1,
	SIPRING_ASSOCIATION_TELL_DOWN = 2,
	SIPRING_ASSOCIATION_FLUSH = 4,    /* what waits may go */
	SIPRING_ASSOCIATION_SHUTDOWN = 8, /* provider's shutdown */
	SIPRING_ASSOCIATION_ABORT = 16,   /* provider's abort; also frees a lost conn */
	SIPRING_ASSOCIATION_FAIL = 32,    /* what waits gets its outcome */
	SIPRING_ASSOCIATION_FREE = 64,
};

struct sipring_association {
	struct sipring_hash_node by_peer; /* where listed */
	struct sipring_sctp_conn *conn;   /* NULL: the engine waits until it can have one */
	union sipring_address peer;
	struct sipring_queue queue;
	struct sipring_reassembly partial;
	struct sipring_timer timer; /* what it means depends on the state */
	struct sipring_list routes; /* the engine's, which wait for this to stand */
	struct sipring_list paths;  /* the table's: further addresses, while it is listed */
	uint32_t *n_in_state;       /* the table's: how many are in each state; NULL: in no table */
	struct sipring_list flush;  /* in the worker's list of those with something to send */
	uint64_t claim;             /* by which all workers know that it is here; 0: none */
	uint64_t end_by_ms;         /* DRAINING, SHUT: then it is aborted */
	uint64_t active_ms;         /* when the last message went or came */
	enum sipring_association_state state;
	uint32_t n_pieces_kept; /* the engine's: received, and not acted on yet */
	uint8_t listener;       /* the engine's: by which it came, or from which it left */
	bool inbound;
	bool from_listener; /* the engine's: it leaves from the listener's addresses */
	bool admitted;      /* the engine's: counted among those that peers began */
	bool listed;        /* found by its peer's address */
	bool unclaimed;     /* another worker has one to this peer: try again */
	bool stood;         /* was UP once */
	bool heard;         /* the engine's: a message came */
	bool blocked;       /* its socket took no more: waits for WRITABLE */
	bool was_full;      /* a send was rejected: tell when there is room */
};

void sipring_association_init(struct sipring_association *association, bool inbound);

/* Whether a new send may join the queue. */
bool sipring_association_takes_sends(const struct sipring_association *association);
/* Whether what waits may be handed to the provider. */
bool sipring_association_may_flush(const struct sipring_association *association);

/* The events; each returns a set of enum sipring_association_action. */
unsigned sipring_association_up(struct sipring_association *association);
unsigned sipring_association_ending(struct sipring_association *association);
unsigned sipring_association_lost(struct sipring_association *association);
unsigned sipring_association_closed(struct sipring_association *association);
/* All results are in and nothing waits. */
unsigned sipring_association_flushed(struct sipring_association *association);
/* The host's wishes. */
unsigned sipring_association_end(struct sipring_association *association);
unsigned sipring_association_abort(struct sipring_association *association);

const char *sipring_association_state_name(enum sipring_association_state state);
