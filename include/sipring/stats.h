/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What workers count, and associations as they are. Part of sipring.h, which includes this.
 */
#pragma once

#include <sipring/sipring.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Counts since the worker was opened; gauges are marked. accepted == sent + failed + handed +
 * queue_messages at any time, where failed is the sum of the failed_ ones.
 */
struct sipring_stats {
	uint64_t turns;
	uint64_t system_calls;       /* to move messages; not those that make or end associations */
	uint64_t received_messages;  /* whole SIP messages dispatched, or put in for takers */
	uint64_t received_bytes;     /* of these */
	uint64_t received_pieces;    /* pieces and datagrams the io brought */
	uint64_t reassembled;        /* messages that came in more than one piece */
	uint64_t keepalives;         /* CRLF only: absorbed */
	uint64_t malformed;          /* not dispatched */
	uint64_t malformed_answered; /* of these, requests answered 400 */
	/* The malformed ones by what sipring_message_parse says of them. */
	uint64_t malformed_start_line;
	uint64_t malformed_version;
	uint64_t malformed_unterminated;
	uint64_t malformed_header;
	uint64_t malformed_bare_cr;
	uint64_t malformed_too_many_headers;
	uint64_t malformed_missing_header;
	uint64_t malformed_duplicate_header;
	uint64_t malformed_cseq;
	uint64_t malformed_cseq_method;
	uint64_t malformed_content_length;
	uint64_t malformed_body_too_short;
	uint64_t too_long;      /* messages over message_max, discarded whole */
	uint64_t abandoned;     /* partial messages whose end never came */
	uint64_t no_reassembly; /* associations aborted because no reassembly slot was free */
	uint64_t accepted;      /* sends accepted, those of others included */
	uint64_t handed;        /* of these, handed to the worker that has the association */
	uint64_t mail;          /* sends that others handed to this one */
	uint64_t untold; /* failures of sends without a cookie that their senders were not told */
	uint64_t sent;   /* outcome SENT */
	uint64_t sent_bytes;
	uint64_t failed_connect;
	uint64_t failed_lost;
	uint64_t failed_timeout;
	uint64_t failed_refused;
	uint64_t failed_unresolved;
	uint64_t failed_closed;
	uint64_t failed_killed;             /* they waited at a worker that was killed */
	uint64_t batches;                   /* of sends, each of one association */
	uint64_t returned;                  /* of the sent ones, given back by SCTP */
	uint64_t rejected_full;             /* sends not accepted: a queue was full */
	uint64_t blocked;                   /* times an association's socket took no more */
	uint64_t associations_up;           /* came to stand */
	uint64_t associations_down;         /* ended after standing */
	uint64_t associations_failed;       /* never stood */
	uint64_t associations_idle;         /* of those that ended: for autoclose */
	uint64_t associations_refused;      /* that peers began: for whatever reason */
	uint64_t associations_refused_all;  /* of these: max_assocs or associations_max stood */
	uint64_t associations_refused_addr; /* of these: max_assocs_per_addr stood */
	uint64_t associations_refused_rate; /* of these: accept_rate was reached */
	uint64_t awaited; /* connects that waited for SCTP to be done with another */
	uint64_t shunned; /* connects not begun: one to this peer failed lately */
	uint64_t restarts;
	uint64_t path_changes;
	uint64_t paths_unlisted; /* addresses of peers that sends do not find: paths_max stood */
	uint64_t notifications;
	uint64_t no_buffers; /* receives paused for want of a buffer */
	uint64_t packets_in; /* user-space SCTP only */
	uint64_t packets_out;
	uint64_t packets_bad;
	uint64_t packets_unsent;
	uint64_t dns_questions; /* put to name servers */
	uint64_t dns_known;     /* answered by the cache */
	uint64_t dns_failed;    /* answered by nobody */
	uint64_t inbox_full;    /* messages that waited where they lay: takers had no room */
	uint64_t wakes;
	uint64_t starts;                /* times that a worker was opened */
	uint64_t associations;          /* gauge: standing, connecting or ending */
	uint64_t associations_standing; /* gauge */
	/* Gauges: those by their state, as in struct sipring_association_info. */
	uint64_t state_connecting;
	uint64_t state_up;
	uint64_t state_ending;
	uint64_t state_draining;
	uint64_t state_shut;
	uint64_t state_closing;
	uint64_t names;          /* gauge: being looked up or connected to */
	uint64_t inbox_waiting;  /* gauge: waiting where they lie for room with the takers */
	uint64_t queue_messages; /* gauge */
	uint64_t queue_bytes;    /* gauge */
	uint64_t workers;        /* gauge: 1, and 0 once it has ended */
};

/* Fills stats. The worker's thread; others get a glance that may be torn between fields. */
SIPRING_PUBLIC void sipring_worker_stats(const struct sipring_worker *worker,
	struct sipring_stats *stats);

/* Every worker, for sipring_stats_of. */
#define SIPRING_WORKERS_ALL (-1)

/*
 * The counts of all workers that were opened in one place (from 0, below the setting `workers`) one
 * after another, or of all places, as they were published last: at most a tenth of a second after
 * they came about, and at the end. Counts never go back; of a worker that was killed the last tenth
 * of a second is missing, and once sipring_ended was told what it had in its queues is failed.
 * Whole, and without waiting for anyone; any thread, and any process that has the sipring by a
 * fork. -EINVAL where there is no such place.
 */
SIPRING_PUBLIC int sipring_stats_of(const struct sipring *sipring, int place,
	struct sipring_stats *stats);

/* An association as it is. A value. */
struct sipring_association_info {
	uint32_t association;
	char state[12]; /* "connecting", "up", "ending", "draining", "shut", "closing" */
	bool inbound;
	bool measured; /* what follows the queue is known: it stands */
	bool primary_active;
	union sipring_address peer;
	uint32_t queue_messages;
	uint32_t queue_bytes;
	union sipring_address primary; /* the path that is sent on */
	uint32_t rtt_ms, rto_ms;       /* of this path */
	uint32_t cwnd;                 /* bytes, of this path */
	uint32_t mtu;                  /* bytes, of this path */
	uint32_t peer_window;          /* bytes that the peer has room for */
	uint32_t unacknowledged;       /* chunks */
	uint32_t pending; /* chunks that were received and wait for more, or to be read */
};

/*
 * Up to n associations of the worker, from the cursor on, which is 0 first and UINT32_MAX after the
 * last; how many. Looks at a bounded number of places, so that it may bring none and not be at the
 * end. One system call for each with the kernel's SCTP. The worker's thread.
 */
SIPRING_PUBLIC unsigned sipring_worker_associations(struct sipring_worker *worker, uint32_t *cursor,
	struct sipring_association_info *infos, unsigned n);

#ifdef __cplusplus
}
#endif
