/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring: SIP over SCTP (RFC 4168), many messages per system call.
 *
 * Order of use: make a config, set what differs from the defaults, open a sipring with it, open a
 * worker, call its turn for ever. The library starts no thread, forks nothing, reads no environment
 * variable and never exits. Callbacks are made from sipring_worker_turn, sipring_worker_drain,
 * sipring_worker_close and sipring_disconnect alone, never while receiving; they may call anything
 * here but turn and close.
 *
 * A worker and all that takes one is for one thread, the one that opened it; the exceptions say so.
 * Handlers that may block have processes of their own, the takers (sipring/taker.h); the
 * worker then does nothing but I/O.
 *
 * Needs Linux; io_uring from 6.1 on is used where it may be, epoll where not. docs/KERNEL.md has
 * the details.
 */
#pragma once

#include <sipring/sip.h>
#include <sipring/types.h>

#include <stdbool.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0": the version of the library that runs, which may be newer than this header. */
SIPRING_PUBLIC const char *sipring_version(void);

/* ---- Settings -------------------------------------------------------------------------------- */

/* A set of settings, each with a name, all in text, as from a command line or a script. */
struct sipring_config;

/* One setting as the manual tells it. The strings are constants of the library. */
struct sipring_setting {
	const char *name;   /* as sipring_config_set takes it: "sctp_port" */
	const char *values; /* what is allowed: "1 to 65535", "auto|io_uring|epoll" */
	const char *default_value;
	const char *help; /* one line */
	bool of_listener; /* sipring_config_listener_set takes it, too */
};

/* Defaults everywhere; NULL when there is no memory. The caller's until sipring_config_free. */
SIPRING_PUBLIC struct sipring_config *sipring_config_new(void);
SIPRING_PUBLIC void sipring_config_free(struct sipring_config *config);

/*
 * Sets one. Returns 0, -ENOENT for a name that is not known, -EINVAL or -ERANGE for a value that
 * does not do; error then says what does. Nothing is changed by a call that failed.
 */
SIPRING_PUBLIC int sipring_config_set(struct sipring_config *config, const char *name,
	const char *value, struct sipring_error *error);

/*
 * The value of one, as sipring_config_set would take it, into text of size bytes, cut short and
 * NUL-terminated as by snprintf. Returns its length, or -ENOENT.
 */
SIPRING_PUBLIC int sipring_config_get(const struct sipring_config *config, const char *name,
	char *text, size_t size);

/*
 * Adds a listener: "sctp:192.0.2.1", "sctp:[2001:db8::1]:5070", "sctp:(192.0.2.1,198.51.100.1)",
 * "sctp:*". Where no port is named, sctp_port as it stands at sipring_open applies. 0, or -EINVAL,
 * -ERANGE, -E2BIG with the mistake named.
 */
SIPRING_PUBLIC int sipring_config_listen(struct sipring_config *config, const char *listener,
	struct sipring_error *error);

/*
 * Sets one for a listener alone, from 0 in the order of sipring_config_listen: for what comes by it
 * and leaves from it. Those that are not set so are the common ones, whatever these are at
 * sipring_open. As sipring_config_set; -EINVAL also for a setting that is for all, -ENOENT for a
 * listener that is not there.
 */
SIPRING_PUBLIC int sipring_config_listener_set(struct sipring_config *config, unsigned listener,
	const char *name, const char *value, struct sipring_error *error);
/* What holds for a listener, as sipring_config_get; and whether that is its own. */
SIPRING_PUBLIC int sipring_config_listener_get(const struct sipring_config *config,
	unsigned listener, const char *name, char *text, size_t size);
SIPRING_PUBLIC bool sipring_config_listener_has(const struct sipring_config *config,
	unsigned listener, const char *name);

/* The settings there are, index from 0; NULL past the last. */
SIPRING_PUBLIC const struct sipring_setting *sipring_config_setting(unsigned index);

/* ---- What this machine can do ---------------------------------------------------------------- */

enum sipring_finding_state { SIPRING_FINDING_GOOD, SIPRING_FINDING_NOTE, SIPRING_FINDING_BAD };

/* One thing that was looked at. The strings live for the call. */
struct sipring_finding {
	const char *name; /* "kernel_sctp", "io_uring.defer_taskrun" */
	enum sipring_finding_state state;
	const char *value;  /* what was found, one line */
	const char *remedy; /* what to do about it; NULL where nothing needs doing */
};

/* Looks, opens nothing that stays. Any thread. */
SIPRING_PUBLIC void sipring_probe(void (*found)(void *user, const struct sipring_finding *finding),
	void *user);

/* One consumer of memory. count items of size bytes; total may add their book-keeping. */
struct sipring_budget_line {
	const char *name;
	const char *setting; /* which settings decide it */
	uint64_t count;
	uint64_t size;  /* bytes */
	uint64_t total; /* bytes */
};

/*
 * The memory one worker maps at open, a line per consumer; returns their sum in bytes. It is
 * address space: what was never touched is not resident. Kernel socket buffers are listed, not
 * summed: they are a bound. Any thread.
 */
SIPRING_PUBLIC uint64_t sipring_budget(const struct sipring_config *config,
	void (*line)(void *user, const struct sipring_budget_line *line), void *user);

/* ---- Messages -------------------------------------------------------------------------------- */

/* Where a message came from. A value. */
struct sipring_receive_info {
	union sipring_address source;      /* the peer's primary address and its SCTP port */
	union sipring_address destination; /* ours */
	uint32_t association;              /* the id by which a reply finds its association */
	uint32_t ppid;                     /* host byte order; RFC 4168 5 sends 0, takes any */
	uint16_t stream;
	bool unordered;
};

enum sipring_send_flags {
	SIPRING_SEND_ORDERED = 1,   /* whatever the setting `unordered` says */
	SIPRING_SEND_UNORDERED = 2, /* likewise */
	/*
	 * A sender's: it will not ask how the send ended, and need not run for its sake. Where it
	 * fails the worker's host gets FAILED. The cookie must be 0.
	 */
	SIPRING_SEND_UNASKED = 4,
};

struct sipring_send {
	const char *data; /* copied before the call returns */
	size_t size;      /* bytes, 1 to the setting message_max */
	/*
	 * Where to: the association, if it is still there; else the address, by which an
	 * association is found or made; else the target of a URI. One of them must be given (0,
	 * NULL: not given). Port 0 in the address, or a port that the target's URI did not name,
	 * means sctp_port.
	 */
	uint32_t association;
	const union sipring_address *to;
	/*
	 * Of sipring_uri_target, whose bytes may go when the call returns. A name is looked up by
	 * RFC 3263 while the message waits: each send draws among equal targets by their weights,
	 * and goes to the next where no association can be made. What belongs to a request that
	 * went by name (CANCEL, ACK of a refusal) goes by the association that it went by.
	 */
	const struct sipring_target *target;
	uint32_t cookie; /* comes back with the outcome; 0: success need not be told */
	uint32_t ppid;   /* host byte order */
	uint16_t stream;
	uint8_t flags; /* enum sipring_send_flags */
	/*
	 * The listener, from 1 in the config's order, whose addresses and port an association is
	 * made from where none stands; 0: the first of the address's family. Not of a name.
	 */
	uint8_t listener;
	/*
	 * How many addresses stand at to, 1 to 8; 0: one. More are of one multihomed peer, with one
	 * port: an association that has any of them is the one, a new one is told all.
	 */
	uint32_t n_to;
};

/* How an accepted send ended. Exactly one for each. */
enum sipring_outcome {
	SIPRING_OUTCOME_SENT,           /* handed to SCTP */
	SIPRING_OUTCOME_CONNECT_FAILED, /* the association could not be made */
	SIPRING_OUTCOME_LOST,           /* the association ended before it went */
	SIPRING_OUTCOME_TIMED_OUT,      /* it waited longer than the setting send_timeout_ms */
	SIPRING_OUTCOME_REFUSED,        /* SCTP did not take it: error says why */
	SIPRING_OUTCOME_UNRESOLVED,     /* its name led nowhere: sipring_unresolved_text(error) */
	SIPRING_OUTCOME_CLOSED,         /* the worker was closed before it went */
};

/* Why a name led nowhere, for the error of UNRESOLVED and CONNECTED: a line of English, static. */
SIPRING_PUBLIC const char *sipring_unresolved_text(int error);

/* ---- Events ---------------------------------------------------------------------------------- */

enum sipring_event_type {
	SIPRING_EVENT_UP,       /* an association stands; inbound tells whose wish it was */
	SIPRING_EVENT_DOWN,     /* it ended, or never came to be: error (0: in order) */
	SIPRING_EVENT_RESTART,  /* the peer began anew on the same association */
	SIPRING_EVENT_PATH,     /* a peer's address came or went: address, usable */
	SIPRING_EVENT_RETURNED, /* sent, then given back by SCTP unacknowledged: cookie, error */
	SIPRING_EVENT_WRITABLE, /* a send was refused with -ENOBUFS before: there is room again */
	/* A connect to a target came to its end: cookie; association, or 0 and error. */
	SIPRING_EVENT_CONNECTED,
	/* A sender's send that was UNASKED did not go: outcome, error, address, data. */
	SIPRING_EVENT_FAILED,
};

struct sipring_event {
	enum sipring_event_type type;
	uint32_t association;
	const union sipring_address *address; /* the peer's; PATH: the path's */
	uint32_t cookie;
	int error; /* -errno, or 0 */
	bool inbound;
	bool usable;
	bool unresolved; /* CONNECTED: error is for sipring_unresolved_text */
	/* UP, DOWN: the listener, from 1, by which it came or from which it left; 0: none */
	uint8_t listener;
	enum sipring_outcome outcome; /* FAILED */
	const char *data;             /* FAILED: the message, for the call; size in bytes */
	size_t size;
};

struct sipring_callbacks {
	/*
	 * One whole SIP message. buffer[size] is NUL, the buffer is writable and has 64 readable
	 * bytes behind it; message is the view on it. Both end with the call. Sends made here leave
	 * together, with the one system call that the next turn begins with.
	 */
	void (*dispatch)(void *user, char *buffer, size_t size, struct sipring_message *message,
		const struct sipring_receive_info *info);
	/* NULL allowed. Called for every failure, and for SENT where the cookie is not 0. */
	void (*outcome)(void *user, uint32_t cookie, enum sipring_outcome outcome, int error);
	void (*event)(void *user, const struct sipring_event *event); /* NULL allowed */
	/* NULL allowed. level: 0 error, 1 warning, 2 information, 3 debugging. No newline. */
	void (*log)(void *user, int level, const char *line);
	void *user; /* handed to all of the above */
};

/* ---- The engine ------------------------------------------------------------------------------ */

struct sipring;
struct sipring_worker;
struct sipring_sender;

/*
 * Checks the settings as a whole and keeps a copy; with more than one of `workers`, or `senders`,
 * maps what they share, which takes a fork along. 0, or -errno with a text. Closed by
 * sipring_close after the last worker, in each process that has it.
 */
SIPRING_PUBLIC int sipring_open(struct sipring **sipring, const struct sipring_config *config,
	struct sipring_error *error);
SIPRING_PUBLIC void sipring_close(struct sipring *sipring);

/*
 * A listener that comes while workers run, as many at a time as the setting spare_listeners allows:
 * as sipring_config_listen has it, with settings of its own ("tos=184 autoclose=60", NULL: none)
 * beside those of all. Every worker binds it between two turns; that is waited for, at most
 * timeout_ms. Its number, the next one after those of the config and the same for every process;
 * one that stands already is found by its text, and stays as it is, whatever comes of that: a
 * worker that is begun anew binds it by itself, and where it cannot logs a warning and tries again
 * every second. -EUSERS when all of them have come and none is about to end, -EADDRINUSE and others
 * as sipring_worker_open has them, -ETIMEDOUT, or -ECANCELED when somebody else gave it up
 * meanwhile, with a text; no worker has it then, unless the text says that it stands.
 *
 * From any thread of any process that has the sipring, but for one whose turns it would wait for.
 * Workers that are opened later bind it with their first turn, and who takes another instance's
 * place does not get it.
 */
SIPRING_PUBLIC int sipring_listen(struct sipring *sipring, const char *listener,
	const char *settings, uint32_t timeout_ms, struct sipring_error *error);
/*
 * It ends, by its number: nobody new may come, and the associations that came by it or left from it
 * end in order, within ten seconds; DOWN tells of each. Does not wait; 0, or -ENOENT. The number is
 * another's when all of that is over and, where there are takers, none of them serves it by its
 * number: each has to forsake it (sipring_taker_serve), but for those who serve all.
 */
SIPRING_PUBLIC int sipring_unlisten(struct sipring *sipring, unsigned listener);

/* A setting that differs. The strings live for the call. */
struct sipring_setting_change {
	const char *name; /* of a setting; "listen": of the listeners, one after another */
	const char *before, *after;
	bool applied; /* false: it needs a restart */
};

/*
 * Takes from config what can be changed while workers run: time-outs, bounds of queues, and the
 * knobs of SCTP, which are those of associations that begin from now on. It is for this process:
 * of several each calls it, with its worker (NULL: it has none), from the worker's thread and not
 * from a callback; of threads that share a sipring one at a time, while the others make no call.
 * changed (NULL allowed) is told of each difference, also of those that need a restart. 0, or
 * -errno with a text, and then nothing is changed.
 */
SIPRING_PUBLIC int sipring_reload(struct sipring *sipring, struct sipring_worker *worker,
	const struct sipring_config *config,
	void (*changed)(void *user, const struct sipring_setting_change *change), void *user,
	struct sipring_error *error);

/*
 * A process that had workers or senders of this sipring open has ended: for who waited for it, and
 * only then. Others learn at once what became of their sends to it, and its places are free. Where
 * nobody says so it is found out within seconds. Any thread.
 */
SIPRING_PUBLIC void sipring_ended(struct sipring *sipring, pid_t pid);

/*
 * Maps the worker's memory, chooses io and provider, binds the listeners. 0, or -errno with a text
 * that names the remedy; nothing is left open then. callbacks is copied; dispatch must be set
 * unless there are takers (the setting), who get the messages instead. Of several workers each is
 * opened by the thread that runs it, in any order and also in the place of one whose process died;
 * -EUSERS when there are `workers` of them.
 */
SIPRING_PUBLIC int sipring_worker_open(struct sipring_worker **worker, struct sipring *sipring,
	const struct sipring_callbacks *callbacks, struct sipring_error *error);

/*
 * A process may take the place of another without a moment in which nobody accepts: it gets the
 * sockets that listen from the other's workers, has as many, and when these are open the other one
 * drains. Not with user-space SCTP, where all associations are one process's.
 *
 * The fd of the socket by which a worker accepts at a listener, from 0 in the config's order, and
 * the listener as sipring_inherit takes it. The fd stays the worker's. -ENOENT past the last,
 * -ENOBUFS where text is too small, -EOPNOTSUPP in user space. The worker's thread.
 */
SIPRING_PUBLIC int sipring_worker_listener(struct sipring_worker *worker, unsigned index,
	char *text, size_t size);
/*
 * Before workers are opened: what the worker in a place (from 0) is to accept by, in the stead of a
 * socket of its own. 0, and fd is the sipring's; 1 where it has no such listener, or -errno with a
 * text, and fd stays the caller's.
 */
SIPRING_PUBLIC int sipring_inherit(struct sipring *sipring, unsigned place, const char *listener,
	int fd, struct sipring_error *error);
/*
 * Closes what no worker of this process has taken: of forked ones each calls it when its worker is
 * open, and their parent when all are.
 */
SIPRING_PUBLIC void sipring_inherit_end(struct sipring *sipring);

/*
 * At once: associations are aborted, every send still queued gets its outcome. For an end in order
 * drain first.
 */
SIPRING_PUBLIC void sipring_worker_close(struct sipring_worker *worker);

/*
 * One turn: sends what is queued and waits, in one system call, up to timeout_ns nanoseconds
 * (0: not at all, negative: no bound) for something to come; then makes the callbacks. Work per
 * turn is bounded. Returns 0, or -errno when the worker cannot go on.
 */
SIPRING_PUBLIC int sipring_worker_turn(struct sipring_worker *worker, int64_t timeout_ns);

/*
 * An fd that polls readable when a turn would find something to do, for a host with an event loop
 * of its own; call turn with timeout 0 then, and at least every sipring_worker_idle_ns:
 * nanoseconds, 0 while something is queued, -1 where no time matters. The fd is the worker's;
 * never read it. -errno when there is none.
 */
SIPRING_PUBLIC int sipring_worker_pollable(struct sipring_worker *worker);
SIPRING_PUBLIC int64_t sipring_worker_idle_ns(struct sipring_worker *worker);

/* Ends a waiting turn. Any thread, and signal handlers. */
SIPRING_PUBLIC void sipring_worker_wake(struct sipring_worker *worker);

/*
 * Begins the end: no new associations, queues are flushed, associations are shut down in order;
 * past the deadline what is left is aborted. Go on with turns until drained is true.
 */
SIPRING_PUBLIC void sipring_worker_drain(struct sipring_worker *worker, uint32_t deadline_ms);
/*
 * The same with regard to what is under way: an association goes on being served until no message
 * came or went for quiet_ms, for half of the time to the deadline at most, and is shut down then.
 * At a SHUTDOWN the peer can no longer be answered: this way its requests have been. One that was
 * accepted at the last moment is served, too. A peer that came and was not heard yet has 4 s where
 * quiet_ms is less, but not 0: its first packet may have been lost, and comes again.
 */
SIPRING_PUBLIC void sipring_worker_drain_quietly(struct sipring_worker *worker, uint32_t quiet_ms,
	uint32_t deadline_ms);
SIPRING_PUBLIC bool sipring_worker_drained(const struct sipring_worker *worker);

/*
 * Accepts a send: 0, and one outcome will follow. Or refuses it, and none will: -EMSGSIZE, -EINVAL
 * (no bytes, or a stream that the association has not), -EAFNOSUPPORT (an address that is no IP
 * address), -EDESTADDRREQ (neither association nor address nor target), -ENOTCONN (the association
 * is gone and nothing else was given), -ENOBUFS (a queue is full: WRITABLE will tell, without an
 * association where it was another worker's, and of a name that is being looked up the outcomes
 * will), -EHOSTDOWN (a connect to this peer failed lately: it is left alone for reconnect_min_ms,
 * twice that after the next, until it is heard of; or, of several workers, the one that has it is
 * gone), -ESHUTDOWN (draining), -ENFILE (no room for another association, or name),
 * -E2BIG (more than 8 addresses; -EINVAL where their ports differ), -EPROTONOSUPPORT (a target of
 * another transport), -ENAMETOOLONG, or what the socket calls of connecting said.
 */
SIPRING_PUBLIC int sipring_send(struct sipring_worker *worker, const struct sipring_send *send);

struct sipring_connect {
	const union sipring_address *to; /* port 0: sctp_port */
	/* Or this, as in struct sipring_send; CONNECTED follows then, with the cookie. */
	const struct sipring_target *target;
	uint32_t cookie;
	/* Another association, from a port of its own, even where one to this peer stands. */
	bool additional;
	uint32_t n_to; /* addresses at to, as in struct sipring_send */
};

/*
 * Finds or begins an association and gives its id; UP or DOWN follows for one that is new. Returns
 * 1 when it stood already, 0 when it is new, or -errno as sipring_send; -EXDEV: another worker has
 * it, or is to have it, and a send to the address is the way to it. To a target the id is not known
 * yet, 0, and CONNECTED brings it.
 */
SIPRING_PUBLIC int sipring_connect(struct sipring_worker *worker,
	const struct sipring_connect *connect, uint32_t *association);

/* Ends one: in order, after its queue is flushed, or at once. -ENOTCONN when it is gone. */
SIPRING_PUBLIC int sipring_disconnect(struct sipring_worker *worker, uint32_t association,
	bool abort);

/* The way to one of a peer's addresses. */
struct sipring_path {
	union sipring_address address;
	uint32_t srtt_ms; /* smoothed round trip; 0: not measured yet */
	uint32_t rto_ms;
	uint32_t cwnd; /* bytes */
	uint32_t mtu;  /* bytes */
	bool usable;
	bool primary; /* packets take it while it is usable */
};

/*
 * The ways to the peer of an association that stands, the primary one first: how many were filled
 * in, up to n (1 or more); -ENOTCONN when it is gone or does not stand yet. System calls; not for
 * each message.
 */
SIPRING_PUBLIC int sipring_paths(struct sipring_worker *worker, uint32_t association,
	struct sipring_path *paths, unsigned n);
/*
 * Makes one of the peer's addresses (port 0: the peer's) the primary one (RFC 6458 8.1.9). 0,
 * -ENOTCONN, -EAFNOSUPPORT, -EINVAL for an address that the peer has not.
 */
SIPRING_PUBLIC int sipring_set_primary(struct sipring_worker *worker, uint32_t association,
	const union sipring_address *address);

/* ---- Senders --------------------------------------------------------------------------------- */

/*
 * A thread or process that is no worker, and sends. It is for one thread; a process that was forked
 * opens its own. Of callbacks outcome, event (WRITABLE only) and log are used; they are made from
 * run and close. 0, -EUSERS when there are `senders` of them, or -errno.
 */
SIPRING_PUBLIC int sipring_sender_open(struct sipring_sender **sender, struct sipring *sipring,
	const struct sipring_callbacks *callbacks, struct sipring_error *error);
/* Sends go on; of those with a cookie that are not told yet the outcome is CLOSED. */
SIPRING_PUBLIC void sipring_sender_close(struct sipring_sender *sender);

/*
 * As sipring_send, to associations of any worker; never waits. A target must have a numeric host
 * (-EAFNOSUPPORT). One outcome follows where there is a cookie. Without one failures alone are
 * told, and those that a worker had in hand when it was killed are not. UNASKED ones are never told
 * here.
 */
SIPRING_PUBLIC int sipring_sender_send(struct sipring_sender *sender,
	const struct sipring_send *send);

/*
 * As sipring_disconnect, of any worker's; the worker's host is told by DOWN. -ENOTCONN where no
 * worker has it, -ENOBUFS where its mailbox is full.
 */
SIPRING_PUBLIC int sipring_sender_disconnect(struct sipring_sender *sender, uint32_t association,
	bool abort);

/*
 * Makes the callbacks that are due. Returns the nanoseconds after which it is to be called again at
 * the latest, -1 for no limit; before that where the fd polls readable. The fd is the sender's;
 * never read it.
 */
SIPRING_PUBLIC int64_t sipring_sender_run(struct sipring_sender *sender);
SIPRING_PUBLIC int sipring_sender_pollable(struct sipring_sender *sender);

/* What was chosen at open, and why. The strings are the worker's. */
struct sipring_choice {
	const char *provider; /* "kernel", "usrsctp" */
	const char *provider_reason;
	const char *io; /* "io_uring", "epoll" */
	const char *io_reason;
};

SIPRING_PUBLIC void sipring_worker_choice(const struct sipring_worker *worker,
	struct sipring_choice *choice);

#ifdef __cplusplus
}
#endif

#include <sipring/stats.h>
#include <sipring/taker.h>
