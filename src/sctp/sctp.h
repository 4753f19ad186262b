/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What SCTP means, whoever speaks it: the kernel, or a stack inside this worker. A provider turns
 * io events into SCTP events, and sends into io sends. It belongs to one worker and its thread.
 *
 * A conn is the provider's side of one association. It is made by connect, or comes with ACCEPTED;
 * it is gone with CLOSED, which always comes last. owner is the upper layer's and is never read
 * here. What an event points at lives until the next call of next, or where it is kept, until it is
 * given back.
 */
#pragma once

#include "io/io.h"
#include "net/address_set.h"

struct sipring_sctp;

struct sipring_sctp_config;

struct sipring_sctp_conn {
	void *owner;
	const struct sipring_sctp_config *config; /* its listener's, or the common one */
	union sipring_address remote;             /* the peer's primary address and SCTP port */
	union sipring_address local;
	uint16_t n_streams_out; /* known from UP on; 0 before */
	uint16_t n_streams_in;
};

enum sipring_sctp_send_flags {
	SIPRING_SCTP_UNORDERED = 1, /* RFC 4168 5: the default for SIP */
	SIPRING_SCTP_MORE = 2,      /* another send to this conn is in the same batch */
	SIPRING_SCTP_QUIET = 4,     /* SENT with 0 may wait until something else is told */
};

struct sipring_sctp_send {
	/* Set by the owner; stays, with the bytes, until SENT. */
	struct sipring_sctp_conn *conn;
	struct iovec *parts;
	uint32_t n_parts;
	uint32_t size;    /* bytes in all parts */
	uint32_t ppid;    /* host byte order */
	uint32_t context; /* comes back in RETURNED (RFC 6458 5.3.4) */
	uint16_t stream;
	uint16_t flags; /* enum sipring_sctp_send_flags */
	void *owner;    /* for the owner alone */

	/* The provider's own. */
	struct sipring_io_send io;
	_Alignas(8) char control[48];
	struct sipring_list link;
};

enum sipring_sctp_event_type {
	SIPRING_SCTP_ACCEPTED,  /* conn, listener: a peer's association; UP follows */
	SIPRING_SCTP_UP,        /* established; streams are known */
	SIPRING_SCTP_RESTARTED, /* the peer began anew (RFC 9260 5.2): a partial message is void */
	SIPRING_SCTP_DATA,      /* data, size, end, stream, ppid, unordered */
	SIPRING_SCTP_ABANDONED, /* the partial message will never be whole: forget its pieces */
	SIPRING_SCTP_SENT, /* send, result: 0 handed over; -EAGAIN buffer full, keep it and await
				  writable; -ECANCELED not tried; other: failed for good */
	SIPRING_SCTP_WRITABLE, /* after await_writable */
	SIPRING_SCTP_RETURNED, /* context, size, result: taken by SENT, never acknowledged */
	SIPRING_SCTP_PATH,     /* address, path: a peer's address changed its state */
	SIPRING_SCTP_ENDING,   /* the peer shuts down: no new sends; what is queued may still go */
	SIPRING_SCTP_LOST,     /* result: -errno why (-ECONNRESET aborted, -ETIMEDOUT, -ECONNREFUSED
				  cannot connect, 0 shut down in order); nothing goes any more */
	SIPRING_SCTP_CLOSED,   /* conn is gone with this; pending sends have all had SENT */
};

enum sipring_sctp_path { SIPRING_SCTP_PATH_UP, SIPRING_SCTP_PATH_DOWN, SIPRING_SCTP_PATH_OTHER };

struct sipring_sctp_event {
	enum sipring_sctp_event_type type;
	struct sipring_sctp_conn *conn;
	int result;
	unsigned listener; /* ACCEPTED: the tag given to listen */
	struct sipring_sctp_send *send;
	char *data;  /* writable, SIPRING_IO_TAIL bytes behind data + size too */
	size_t size; /* bytes */
	bool end;    /* this piece is the last of its message (MSG_EOR) */
	bool unordered;
	uint16_t stream;
	uint32_t ppid;                        /* host byte order */
	uint32_t context;                     /* RETURNED */
	const union sipring_address *address; /* PATH */
	enum sipring_sctp_path path;
};

/* The way to one of a peer's addresses. */
struct sipring_sctp_path_info {
	bool usable;
	uint32_t srtt_ms; /* 0: not measured yet */
	uint32_t rto_ms;
	uint32_t cwnd; /* bytes */
	uint32_t mtu;  /* bytes */
};

enum sipring_sctp_encapsulation {
	SIPRING_SCTP_ENCAPSULATION_AUTO, /* UDP, the choice that needs no privilege */
	SIPRING_SCTP_ENCAPSULATION_UDP,  /* RFC 6951 */
	SIPRING_SCTP_ENCAPSULATION_RAW,  /* IP protocol 132 itself: CAP_NET_RAW, no kernel SCTP */
};

enum sipring_sctp_feature { SIPRING_SCTP_SYSTEM, SIPRING_SCTP_OFF, SIPRING_SCTP_ON };

/* What operators tune, of every association. 0 leaves each as the system or the stack has it. */
struct sipring_sctp_knobs {
	uint32_t rto_initial_ms, rto_min_ms, rto_max_ms;
	uint32_t association_retransmissions; /* after so many losses an association is lost */
	uint32_t path_retransmissions;        /* and a path is down */
	int32_t heartbeat_ms;                 /* -1: no heartbeats */
	uint32_t sack_delay_ms;
	uint32_t sack_packets; /* a SACK at the latest after so many */
	uint32_t burst;        /* packets */
	uint32_t lifetime_ms;  /* a message not acknowledged by then is given up (RFC 3758) */
	uint8_t tos;           /* of the IP header, its lower two bits being ECN's */
	bool freebind;         /* listeners may have addresses that the machine has not yet */
	bool nagle;            /* a small message waits for the SACK of the one before */
	enum sipring_sctp_feature auth;
	enum sipring_sctp_feature asconf;
};

/* What packets come in by in user space: two UDP sockets on one port; -1 where there is none. */
struct sipring_sctp_doors {
	int peers;     /* packets that an association may be waiting for */
	int strangers; /* those that begin one, and what cannot be any */
};

struct sipring_sctp_config {
	uint32_t associations_max;
	uint32_t message_max;     /* bytes of one message, both ways */
	uint32_t send_buffer;     /* bytes, SO_SNDBUF per association; 0: the system's default */
	uint32_t receive_buffer;  /* bytes, SO_RCVBUF per association; 0: the system's default */
	uint16_t streams_out;     /* asked for */
	uint16_t streams_in_max;  /* granted */
	uint32_t init_attempts;   /* INITs sent before a connect fails */
	uint32_t init_timeout_ms; /* the longest wait between two of them */
	bool is_shared;           /* siblings listen on the same addresses */
	bool unordered;           /* sends without a control message of their own go so */
	bool keeps;               /* keep is going to be called */
	struct sipring_sctp_knobs knobs;
	/*
	 * By tag, those of listeners, and of what comes by them and leaves from them, in buffers,
	 * streams, INITs, order and knobs; NULL: they have this one. They stay as long as it does.
	 */
	const struct sipring_sctp_config *of_listeners;
	enum sipring_sctp_encapsulation encapsulation;
	int32_t encaps_port;                    /* user space: own UDP port; 0: any free one */
	const struct sipring_sctp_doors *doors; /* user space: instead; stay the owner's. Or NULL */
	uint16_t encaps_peer_port;              /* UDP port of peers that we connect to */
	const struct sipring_io_config *io;
	const struct sipring_log *log;
};

struct sipring_sctp_connect {
	const union sipring_address *remote; /* one or more, the same port in all */
	unsigned n_remote;
	const struct sipring_address_set
		*local; /* a listener's own; NULL: any address, a free port */
	unsigned tag;   /* the listener's */
	void *owner;    /* for conn->owner, before any event */
};

static inline const struct sipring_sctp_config *sipring_sctp_config_of(
	const struct sipring_sctp_config *config, unsigned tag)
{
	return config->of_listeners ? &config->of_listeners[tag] : config;
}

#define SIPRING_SCTP_EXISTS 1
#define SIPRING_SCTP_ALL UINT32_MAX /* listeners */

/* Counts since open. */
struct sipring_sctp_counters {
	uint64_t n_notifications;
	uint64_t n_packets_in; /* user space only: what the encapsulation carried */
	uint64_t n_packets_out;
	uint64_t n_packets_bad;    /* checksum wrong, too short, of nobody */
	uint64_t n_packets_unsent; /* no room or refused by the socket: SCTP sends them again */
	uint64_t n_refused;        /* associations past associations_max */
};

/* How an association does; of its paths the primary one. */
struct sipring_sctp_status {
	union sipring_address primary;
	uint32_t rtt_ms, rto_ms;
	uint32_t window; /* of congestion, bytes */
	uint32_t mtu;
	uint32_t peer_window;      /* bytes that the peer has room for */
	uint32_t n_unacknowledged; /* chunks under way */
	uint32_t n_pending;        /* chunks that the peer has sent and nobody has read */
	bool is_active;
};

struct sipring_sctp_ops {
	const char *name;
	/* Keeps config and io; both outlive it. 0, or -errno with a text that names the remedy. */
	int (*open)(struct sipring_sctp **sctp, const struct sipring_sctp_config *config,
		struct sipring_io *io, struct sipring_error *error);
	/* Ends at once, before the io: what is still connected is aborted, without events. */
	void (*close)(struct sipring_sctp *sctp);
	int (*listen)(struct sipring_sctp *sctp, const struct sipring_address_set *local,
		unsigned tag, struct sipring_error *error);
	/*
	 * For a process that is to take this one's place: the socket that listens for a tag. Its
	 * fd stays the provider's. -ENOENT, or -EOPNOTSUPP: associations do not come by sockets.
	 */
	int (*listening)(struct sipring_sctp *sctp, unsigned tag);
	/* As listen, by such a socket; its fd is the provider's from here on, whatever comes. */
	int (*take_over)(struct sipring_sctp *sctp, int fd, unsigned tag,
		struct sipring_error *error);
	/*
	 * No new inbound associations of a tag, or of all, from here on, but for what is_listening
	 * is true for. A single tag may be listened for again when it is not.
	 */
	void (*stop_listening)(struct sipring_sctp *sctp, unsigned tag);
	/* Whether ACCEPTED may still come. */
	bool (*is_listening)(const struct sipring_sctp *sctp, unsigned tag);
	/*
	 * Begins; UP or LOST follows: 0 and *conn. Or at once, and no event comes: EXISTS (there is
	 * an association between the two, to be accepted or about to end), or -errno.
	 */
	int (*connect)(struct sipring_sctp *sctp, const struct sipring_sctp_connect *what,
		struct sipring_sctp_conn **conn);
	/* In order per conn. SENT follows always, from a later turn at the earliest. */
	void (*send)(struct sipring_sctp *sctp, struct sipring_sctp_send *send);
	void (*await_writable)(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn);
	/* Lets go what sends marked MORE still hold back, where no further send will. */
	void (*release)(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn);
	/* In order (SHUTDOWN, RFC 9260 9.2): LOST and CLOSED follow. */
	void (*shutdown)(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn);
	/* At once (ABORT, 9.1): CLOSED follows, not LOST. Also frees a conn after LOST. */
	void (*abort)(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn);
	/* The peer's, of a conn that stands, the primary one first; how many, up to max, from 1. */
	unsigned (*addresses)(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn,
		union sipring_address *addresses, unsigned max);
	/* One of these: 0, or -errno, where it is none of them -EINVAL. */
	int (*path)(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn,
		const union sipring_address *address, struct sipring_sctp_path_info *info);
	/* From now on sends go there, while they can (RFC 6458 8.1.9). 0 or -errno, likewise. */
	int (*set_primary)(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn,
		const union sipring_address *address);
	/* Takes one io event of a socket that is the provider's. Then read next until false. */
	void (*input)(struct sipring_sctp *sctp, const struct sipring_io_event *event);
	bool (*next)(struct sipring_sctp *sctp, struct sipring_sctp_event *event);
	/*
	 * The data of the DATA that next told last stays until it is given back. As many may be
	 * kept as there is room for; then no DATA is told, and SCTP holds the peers back. Read next
	 * until false after giving back.
	 */
	void (*keep)(struct sipring_sctp *sctp, const char *data);
	void (*give_back)(struct sipring_sctp *sctp, const char *data);
	/* Runs the stack's own timers; returns the ms after which it wants to be called again, or
	 * UINT64_MAX. Read next until false afterwards. */
	uint64_t (*tick)(struct sipring_sctp *sctp, uint64_t now_ms);
	/*
	 * The config's knobs have changed: listeners get those of the sockets that they have, and
	 * what begins from now on has the new ones. 0, or -errno with a text that names a setting.
	 */
	int (*retune)(struct sipring_sctp *sctp, struct sipring_error *error);
	/* False where the association does not stand. A system call, for those who look. */
	bool (*status)(struct sipring_sctp *sctp, const struct sipring_sctp_conn *conn,
		struct sipring_sctp_status *status);
};

/* What every provider starts with. */
struct sipring_sctp {
	const struct sipring_sctp_ops *ops;
	struct sipring_sctp_counters counters;
};

/* NULL-named stand-ins where an option was not built: their open fails and says so. */
extern const struct sipring_sctp_ops sipring_sctp_kernel;
extern const struct sipring_sctp_ops sipring_sctp_usrsctp;

enum sipring_sctp_wanted { SIPRING_SCTP_AUTO, SIPRING_SCTP_KERNEL, SIPRING_SCTP_USRSCTP };

/* Opens the wanted provider: AUTO is the kernel's where it has SCTP, else user space. */
int sipring_sctp_choose(struct sipring_sctp **sctp, enum sipring_sctp_wanted wanted,
	const struct sipring_sctp_config *config, struct sipring_io *io, char *reason,
	size_t reason_size, struct sipring_error *error);

/*
 * For n workers, 2 or more, that are to share what packets come in by: opens that, before they are
 * forked. doors, of which there are n, stay -1 where the provider needs none; else they are to be
 * given to the workers, each its own, and sipring_sctp_pick says whose a peer's packets are. 0, or
 * -errno with a text.
 */
int sipring_sctp_share(enum sipring_sctp_wanted wanted, const struct sipring_sctp_config *config,
	unsigned n, uint32_t multiplier, struct sipring_sctp_doors *doors,
	struct sipring_error *error);
unsigned sipring_sctp_pick(const union sipring_address *peer, unsigned n, uint32_t multiplier);

/* What the provider maps at open, in bytes, for the memory budget; of AUTO the larger one. */
size_t sipring_sctp_footprint(enum sipring_sctp_wanted wanted,
	const struct sipring_sctp_config *config);
/* Whether the kernel has SCTP for this process. */
bool sipring_kernel_has_sctp(void);
size_t sipring_kernel_footprint(const struct sipring_sctp_config *config);
