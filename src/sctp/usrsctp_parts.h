/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the user-space provider share, and nobody else sees. */
#pragma once

#include "base/hash.h"
#include "base/pool.h"
#include "sctp/usrsctp_packets.h"
#include "sctp/usrsctp_peers.h"

#define SIPRING_USRSCTP_LISTENERS_MAX 16
#define SIPRING_USRSCTP_KEPT_MAX 8 /* pieces that somebody keeps, where somebody does */

struct socket; /* the stack's */

enum sipring_usrsctp_state {
	SIPRING_USRSCTP_CONNECTING, /* our INIT is on its way */
	SIPRING_USRSCTP_UP,
	SIPRING_USRSCTP_SHUTTING, /* we shut down; the peer may still send */
	SIPRING_USRSCTP_LOST,     /* gone in the stack; the upper layer knows */
	SIPRING_USRSCTP_ENDED,    /* waits to be told CLOSED */
};

struct sipring_usrsctp_conn {
	struct sipring_sctp_conn base;
	enum sipring_usrsctp_state state;
	struct socket *socket; /* its own; NULL once the stack has forgotten the association */
	struct sipring_usrsctp_peer *peer; /* held */
	struct sipring_list ready;         /* among those to be looked at, or the ended */
	struct sipring_list *wakes;        /* the list that its wake-ups put it in */
	struct sipring_hash_node by_tag;   /* from UP on */
	uint32_t tag;                      /* our verification tag; 0: not in the table */
	uint16_t port;                     /* our SCTP port, host byte order */
	bool port_picked;                  /* and free again after this conn */
	uint16_t n_in_a_row;               /* pieces read since it was its turn */
	bool up_due;                       /* accepted; UP is still to be told */
	bool lost_due;                     /* shut down before UP: LOST is still to be told */
	bool stalled;                      /* a send failed: no other is tried until WRITABLE */
	bool full;                         /* since then no packet has come in for it */
	bool awaits_writable;
	bool nodelay;   /* the socket sends at once */
	bool skipping;  /* in the middle of a notification that is not read */
	bool held_back; /* in the list of those that may have something to read */
};

struct sipring_usrsctp_listener {
	struct socket *socket;
	const struct sipring_sctp_config *config;
	unsigned tag;
	uint16_t port; /* SCTP, network byte order */
	bool accepts;
	struct sipring_address_set local;
};

struct sipring_usrsctp {
	struct sipring_sctp base;
	const struct sipring_sctp_config *config;
	struct sipring_usrsctp_packets packets;
	struct sipring_usrsctp_peers peers;
	struct sipring_pool conns;
	struct sipring_hash by_tag;
	struct sipring_list ready;     /* conns */
	struct sipring_list ended;     /* conns */
	struct sipring_list sent;      /* sends with their result */
	struct sipring_list held_back; /* conns that are not read while all pieces are kept */
	struct sipring_usrsctp_listener listeners[SIPRING_USRSCTP_LISTENERS_MAX];
	unsigned n_listeners;
	bool listeners_ready;               /* one of them may have something to read */
	struct sipring_usrsctp_conn *spent; /* told CLOSED; free at the next event */
	char *memory;                       /* read buffer and scratch in one */
	size_t memory_size;
	char *piece;                           /* what was read last */
	char *spare[SIPRING_USRSCTP_KEPT_MAX]; /* pieces to go on with when that one is kept */
	unsigned n_spare;
	char *scratch; /* message_max bytes: a message of several parts made one */
	uint64_t ticked_ms;
	uint64_t ticked_packets; /* in and out, then */
	bool busy;               /* packets came or went between the last two */
	uint32_t swept;          /* the next conn to sweep */
	uint16_t next_port;      /* host byte order */
	uint8_t ports[8192];     /* a bit per SCTP port (host byte order): is it ours */
};

#define SIPRING_USRSCTP_PIECE_SIZE 65536

/* usrsctp_stack.c: the one instance of the stack that a process can have. */
int sipring_usrsctp_stack_open(struct sipring_usrsctp *us, struct sipring_error *error);
void sipring_usrsctp_stack_close(struct sipring_usrsctp *us);
/* A packet from this peer: its source port is overwritten with the peer's name. */
void sipring_usrsctp_stack_input(struct sipring_usrsctp *us, struct sipring_usrsctp_peer *peer,
	char *data, size_t size);
void sipring_usrsctp_stack_timers(uint32_t elapsed_ms);

/* usrsctp_socket.c: the stack's sockets and their options. */
/* A listening socket on this port (network byte order). 0 or -errno. */
int sipring_usrsctp_socket_listen(struct sipring_usrsctp *us, uint16_t port,
	const struct sipring_sctp_config *config, struct socket **so);
/* No new associations; those it has go on. */
void sipring_usrsctp_socket_stop(struct socket *listener);
/* A socket of its own on a free port that it picks (network byte order). */
int sipring_usrsctp_socket_free_port(struct sipring_usrsctp *us, struct socket **so,
	uint16_t *port);
int sipring_usrsctp_socket_connect(struct sipring_usrsctp *us, struct socket *so,
	const struct sipring_usrsctp_peer *peer);
/* From a listener's port, on a socket of its own. -EISCONN: there is one to this peer already. */
int sipring_usrsctp_socket_connect_from(struct sipring_usrsctp *us,
	const struct sipring_usrsctp_listener *from, const struct sipring_usrsctp_peer *peer,
	struct socket **so);
/* An association of a listener gets a socket of its own. NULL: it is gone already. */
struct socket *sipring_usrsctp_socket_peel(const struct sipring_usrsctp_listener *listener,
	uint32_t association);
/* The conn's socket is set up and from here on wakes the conn. */
void sipring_usrsctp_socket_attach(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn,
	struct socket *so);
/* Packets as large as the way to the peer allows. */
void sipring_usrsctp_socket_fit(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn);
/* Sends ABORT; what was not acknowledged is to be received then. 0 or -errno. */
int sipring_usrsctp_socket_abort(struct socket *so);
/* An association that nobody wants. */
void sipring_usrsctp_socket_refuse(struct socket *listener, uint32_t association);
/* Aborts what is still connected. */
void sipring_usrsctp_socket_close(struct socket *so);
uint32_t sipring_usrsctp_socket_tag(struct socket *so);

/* usrsctp_send.c */
void sipring_usrsctp_send_one(struct sipring_sctp *sctp, struct sipring_sctp_send *send);
void sipring_usrsctp_send_await(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn);
void sipring_usrsctp_send_release(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn);
/* Does the conn take sends again; asked only when a WRITABLE is awaited. */
bool sipring_usrsctp_send_writable(struct sipring_usrsctp_conn *conn);

/* usrsctp_events.c */
bool sipring_usrsctp_events_next(struct sipring_sctp *sctp, struct sipring_sctp_event *event);
void sipring_usrsctp_events_keep(struct sipring_sctp *sctp, const char *data);
void sipring_usrsctp_events_give_back(struct sipring_sctp *sctp, const char *data);
/* The conn is to be looked at by next. */
void sipring_usrsctp_events_wake(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn);
/* CLOSED is to be told; before it what the stack gives back, where it was aborted. */
void sipring_usrsctp_events_abort(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn);
void sipring_usrsctp_events_end(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn);

/* usrsctp_conn.c: making a conn and looking for one. */
struct sipring_usrsctp_conn *sipring_usrsctp_conn_make(struct sipring_usrsctp *us,
	struct sipring_usrsctp_peer *peer);
/* The stack has let the association go, or shall at once: it is aborted if it still is. */
void sipring_usrsctp_conn_drop(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn);
void sipring_usrsctp_conn_free(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn);
void sipring_usrsctp_conn_set_tag(struct sipring_usrsctp *us, struct sipring_usrsctp_conn *conn);
/* The one with this verification tag of ours (host byte order). */
struct sipring_usrsctp_conn *sipring_usrsctp_conn_by_tag(struct sipring_usrsctp *us, uint32_t tag);

static inline bool sipring_usrsctp_port_is_ours(const struct sipring_usrsctp *us, uint16_t port)
{
	return us->ports[port / 8] >> port % 8 & 1;
}

static inline void sipring_usrsctp_port_mark(struct sipring_usrsctp *us, uint16_t port, bool ours)
{
	if (ours)
		us->ports[port / 8] |= (uint8_t)(1u << port % 8);
	else
		us->ports[port / 8] &= (uint8_t) ~(1u << port % 8);
}

/* Whether this stack has what is asked for: 0, or -errno with a text that names the setting. */
int sipring_usrsctp_options_check(const struct sipring_sctp_config *config,
	struct sipring_error *error);
int sipring_usrsctp_options_set(struct socket *so, const struct sipring_sctp_config *config);

/* usrsctp_listeners.c: as the table's. */
int sipring_usrsctp_listeners_listen(struct sipring_sctp *sctp,
	const struct sipring_address_set *local, unsigned tag, struct sipring_error *error);
int sipring_usrsctp_listeners_listening(struct sipring_sctp *sctp, unsigned tag);
int sipring_usrsctp_listeners_take_over(struct sipring_sctp *sctp, int fd, unsigned tag,
	struct sipring_error *error);
void sipring_usrsctp_listeners_stop(struct sipring_sctp *sctp, unsigned tag);
bool sipring_usrsctp_listeners_stand(const struct sipring_sctp *sctp, unsigned tag);
int sipring_usrsctp_listeners_retune(struct sipring_sctp *sctp, struct sipring_error *error);
/* The one of the port, or NULL. */
struct sipring_usrsctp_listener *sipring_usrsctp_listeners_find(struct sipring_usrsctp *us,
	const struct sipring_address_set *local);

/* usrsctp_paths.c: as the table's. */
unsigned sipring_usrsctp_paths_addresses(struct sipring_sctp *sctp, struct sipring_sctp_conn *base,
	union sipring_address *addresses, unsigned max);
int sipring_usrsctp_paths_path(struct sipring_sctp *sctp, struct sipring_sctp_conn *base,
	const union sipring_address *address, struct sipring_sctp_path_info *info);
int sipring_usrsctp_paths_set_primary(struct sipring_sctp *sctp, struct sipring_sctp_conn *base,
	const union sipring_address *address);

/* usrsctp_status.c: as the table's. */
bool sipring_usrsctp_status(struct sipring_sctp *sctp, const struct sipring_sctp_conn *conn,
	struct sipring_sctp_status *status);
