/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the engine and a host that forks, as the OpenSIPS core does: engine processes do all I/O,
 * the host's own processes take messages and may block, and every process sends. Knows nothing of
 * the host's headers.
 *
 *   before the first fork: new, set and listen as often as wanted, open
 *   in an engine process:  run; it returns after stop
 *   in a SIP worker:       attend; read whenever its descriptor polls readable
 *   in any process:        send; never waits
 *
 * A bridge belongs to the process that opened it and is inherited by fork: each process has its own
 * place as a taker, and its own as a sender, which it takes with its first send. One thread in each
 * process; stop alone may be called from a signal handler.
 */
#pragma once

#include <sipring/sipring.h>

#include <stdbool.h>

struct sipring_bridge;

/* NULL: no memory. Freed by the processes' end; free it where open failed. */
struct sipring_bridge *sipring_bridge_new(void);
void sipring_bridge_free(struct sipring_bridge *bridge);

/* A setting of sipring.h by its name. 0 or -errno, with a text. */
int sipring_bridge_set(struct sipring_bridge *bridge, const char *name, const char *value,
	struct sipring_error *error);
/* What a setting that is a number is now; 0 for none of that name. */
int64_t sipring_bridge_number(const struct sipring_bridge *bridge, const char *name);
/*
 * Adds a listener ("sctp:192.0.2.1:5060", "sctp:(a,b):5060") whose messages up to n_takers
 * processes will take at a time. Its number, from 0, or -errno with a text.
 */
int sipring_bridge_listen(struct sipring_bridge *bridge, const char *listener, unsigned n_takers,
	struct sipring_error *error);
/* A setting of sipring.h for one listener alone, as sipring_config_listener_set. */
int sipring_bridge_listener_set(struct sipring_bridge *bridge, unsigned listener, const char *name,
	const char *value, struct sipring_error *error);
/*
 * Maps what the processes share, for n_engines of them that run and n_senders that send. Then opens
 * an engine and closes it again, so that what would keep one from running (no kernel SCTP, an
 * address in use) is told now, and not after the fork. 0, or -errno with a text; nothing is left
 * open then.
 */
int sipring_bridge_open(struct sipring_bridge *bridge, unsigned n_engines, unsigned n_senders,
	struct sipring_error *error);
/*
 * Before open: up to n_listeners may come while the host runs, whose messages up to n_takers
 * processes take. 0, or -errno with a text.
 */
int sipring_bridge_spare(struct sipring_bridge *bridge, unsigned n_listeners, unsigned n_takers,
	struct sipring_error *error);
/* What the rehearsal of open chose; the strings are the bridge's. */
void sipring_bridge_choice(const struct sipring_bridge *bridge, struct sipring_choice *choice);

/*
 * Does the I/O until stop, then ends in order: SHUTDOWN to every peer, ABORT to those who have not
 * answered within end_ms. Of callbacks event and log are used: event tells UP, DOWN, RESTART, PATH,
 * RETURNED, and FAILED for each message that was accepted from any process and did not go. They
 * must not block. 0, or -errno with a text.
 */
int sipring_bridge_run(struct sipring_bridge *bridge, const struct sipring_callbacks *callbacks,
	uint32_t end_ms, struct sipring_error *error);
/* Ends run. Async-signal-safe; without effect in a process that does not run. */
void sipring_bridge_stop(struct sipring_bridge *bridge);
/*
 * Waits until every engine runs, for a process that is about to serve. 0; -ETIMEDOUT after
 * timeout_ms; -ECHILD: an engine ended meanwhile, and has said why.
 */
int sipring_bridge_await(const struct sipring_bridge *bridge, uint32_t timeout_ms);

/*
 * A listener that comes while the host runs, as sipring_listen, for any process but an engine's:
 * asks the engines and waits until they have bound it, which they do at once. Its number, or -errno
 * with a text. It stays while somebody attends, and for two seconds after somebody asked for it, or
 * a minute where nobody has attended yet.
 */
int sipring_bridge_come(struct sipring_bridge *bridge, const char *listener, const char *settings,
	struct sipring_error *error);

/*
 * Takes a listener's messages from here on, and may do so for several. Of the process's place: a
 * descriptor to poll, never to be read or closed, the same for all; -errno with a text.
 */
int sipring_bridge_attend(struct sipring_bridge *bridge, unsigned listener,
	struct sipring_error *error);
/* Takes this one's messages no longer. */
void sipring_bridge_forsake(struct sipring_bridge *bridge, unsigned listener);
/* Gives the place back; what is not handled yet counts as failed. The process may attend again. */
void sipring_bridge_leave(struct sipring_bridge *bridge);

/*
 * One whole SIP message, and the listener that it came by. buffer[size] is NUL, the buffer is
 * writable and has 64 readable bytes behind it; it ends with the call, as info does, which may take
 * as long as it likes.
 */
typedef void sipring_bridge_handle(void *user, unsigned listener, char *buffer, size_t size,
	const struct sipring_receive_info *info);

/*
 * Takes a message, if one is there, hands it over, and gives it back after. Returns how many were
 * handled: 0 where the descriptor was readable for nothing.
 */
int sipring_bridge_read(struct sipring_bridge *bridge, sipring_bridge_handle *handle, void *user);

/*
 * Hands a message to the engine: copied, on its way when this returns, never waited for. Of send
 * the bridge uses data, size, association, to, listener, ppid, stream and flags. 0, and FAILED may
 * tell later; or -errno as sipring_sender_send, -EUSERS where more processes send than open was
 * told. Then it did not go and nothing else is told.
 */
int sipring_bridge_send(struct sipring_bridge *bridge, const struct sipring_send *send);
/* Ends an association in order, or at once. 0, and DOWN tells; or -errno. */
int sipring_bridge_disconnect(struct sipring_bridge *bridge, uint32_t association, bool abort);

/* Sends that sipring_bridge_send refused, in whatever process. */
struct sipring_bridge_refused {
	uint64_t n_dead;  /* -EHOSTDOWN: the peer is known not to answer */
	uint64_t n_full;  /* -ENOBUFS: a queue or mailbox was full */
	uint64_t n_other; /* too long, nobody connected, no place for a sender … */
};

void sipring_bridge_refused(const struct sipring_bridge *bridge,
	struct sipring_bridge_refused *refused);

/*
 * Sums over the engines, a tenth of a second old at most; and what became of the messages of a
 * listener, or of all (SIPRING_LISTENERS_ALL), those that have gone included.
 */
void sipring_bridge_stats(const struct sipring_bridge *bridge, struct sipring_stats *stats);
void sipring_bridge_taken(const struct sipring_bridge *bridge, int listener,
	struct sipring_taker_stats *stats);
