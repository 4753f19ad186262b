/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One side of an SCTP conversation over the provider's table, and a peer process that answers by
 * what a message begins with. Two processes, because a user-space stack is one per process. The
 * provider and the io under test are chosen when this is compiled: CONTRACT_PROVIDER, CONTRACT_IO.
 */
#pragma once

#include "sctp/sctp.h"

#include <sys/types.h>

#define SIDE_LOG_MAX 4096

/* What a peer does with a message, by its first byte; every other one is let pass. */
enum {
	PEER_ECHO = 'E',     /* sends it back: same stream, PPID and order */
	PEER_SHUTDOWN = 'Q', /* ends the association in order */
	PEER_ABORT = 'A',    /* ends it at once */
	PEER_SLEEP = 'S',    /* reads nothing for a second */
	PEER_DEAFEN = 'D',   /* stops listening, then echoes */
	PEER_AGAIN = 'R',    /* stops listening, listens again, and then echoes */
};

struct side_event {
	enum sipring_sctp_event_type type;
	struct sipring_sctp_conn *conn;
	int result;
	unsigned listener;
};

struct side {
	struct sipring_sctp_conn *is_again_for; /* who waits for PEER_AGAIN; NULL: nobody */
	struct sipring_io_config io_config;
	struct sipring_sctp_config config;
	struct sipring_io *io;
	struct sipring_sctp *sctp;
	struct side_event log[SIDE_LOG_MAX]; /* every event but DATA and SENT, in order */
	unsigned n_log;
	char *message; /* the message that is coming, or came last */
	size_t size;
	bool whole; /* it ended */
	uint16_t stream;
	uint32_t ppid;
	bool unordered;
	unsigned n_messages; /* whole ones */
	unsigned n_pieces;
	unsigned n_queued; /* sends without SENT yet */
	unsigned n_sent, n_again, n_refused;
	uint32_t returned_context;
	/* Called for each whole message, and for each event; NULL allowed. */
	void (*whole_message)(struct side *side, struct sipring_sctp_conn *conn);
	void (*event)(struct side *side, const struct sipring_sctp_event *event);
};

struct peer {
	pid_t process;
	union sipring_address address; /* where it listens */
	uint16_t encaps_port;
};

/* encaps_peer_port matters to user space alone. associations_max 0: plenty. */
void side_open(struct side *side, uint16_t encaps_peer_port, uint32_t associations_max);
void side_close(struct side *side);
struct sipring_sctp_conn *side_connect(struct side *side, const union sipring_address *to);
void side_send(struct side *side, struct sipring_sctp_conn *conn, const void *data, size_t size,
	uint16_t stream, uint32_t ppid, unsigned flags);
/* One turn, of at most timeout_ms. */
void side_turn(struct side *side, int timeout_ms);
/* Turns until *count reaches at_least, or fails the test after ten seconds. */
void side_until(struct side *side, const unsigned *count, unsigned at_least, const char *what);
/* The first logged event of this type from index on, -1 when there is none. */
int side_find(const struct side *side, enum sipring_sctp_event_type type, unsigned from);
/* Turns until an event of this type is logged, from index on; its index. */
unsigned side_await(struct side *side, enum sipring_sctp_event_type type, unsigned from);

/* Starts the peer process; it listens when this returns. */
struct peer peer_start(uint32_t associations_max);
void peer_stop(struct peer *peer);
/* A side that is connected to a peer. */
struct sipring_sctp_conn *side_meet(struct side *side, const struct peer *peer);
