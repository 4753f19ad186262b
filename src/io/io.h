/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages through sockets, many per system call. One io belongs to one worker and is used by its
 * thread alone. A turn submits what was queued, waits, and reaps; what it reaped is then read as
 * plain values with next. Nothing acts while reaping, and no call here makes a callback.
 *
 * Sockets and sends are the caller's memory. A socket is the io's from add until CLOSED; a send is
 * the io's from send until SENT. What an event points at lives until the next turn, or where it is
 * kept, until it is given back.
 */
#pragma once

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Readable (and writable) bytes behind every received payload: parsers may over-read so far. */
#define SIPRING_IO_TAIL 64

enum sipring_io_kind {
	SIPRING_IO_LISTENER,   /* accepts: ACCEPTED events */
	SIPRING_IO_ASSOCIATED, /* one peer; receiving nothing means that it ended */
	SIPRING_IO_DATAGRAM,   /* many peers; a datagram may be empty */
	SIPRING_IO_POLLED,     /* the owner reads it: READABLE events while it has something */
	SIPRING_IO_EVENTFD, /* nobody reads it: READABLE after each write, or once after several */
};

enum sipring_io_socket_state {
	SIPRING_IO_IDLE,     /* not the io's */
	SIPRING_IO_OPEN,     /* receiving, accepting or polled */
	SIPRING_IO_ENDED,    /* the receive side is over; sends may still go */
	SIPRING_IO_REMOVING, /* cancelled; waits for what is in flight */
};

struct sipring_io_socket {
	/* Set by the owner before add. */
	int fd; /* blocking; the io closes it before CLOSED */
	enum sipring_io_kind kind;
	uint16_t name_size;    /* bytes of source address wanted with each message, or 0 */
	uint16_t control_size; /* bytes of control wanted with each message, or 0 */
	void *owner;           /* for the owner alone */

	/* The io's own, from add until CLOSED. */
	enum sipring_io_socket_state state;
	bool stalled;         /* a send failed: later ones are not tried until WRITABLE */
	uint8_t wants;        /* operations to start in the next turn, a bit each */
	uint8_t under_way;    /* operations the kernel has that receive or poll, a bit each */
	uint32_t n_in_flight; /* operations the kernel has, sends included */
	uint32_t n_queued;    /* sends that no turn has tried yet */
	uint32_t n_sends;     /* sends the kernel has */
	uint32_t n_linked;    /* those of them that it starts after others */
	uint64_t held_in;     /* the turn in which a send had to wait, and so all behind it */
	struct msghdr shape;  /* what a multishot receive reserves */
	struct sipring_list link;
};

enum sipring_io_send_flags {
	SIPRING_IO_MORE = 1, /* more follows at once: MSG_MORE */
	/* Not to be tried when the one before it on its socket failed; for associated sockets. */
	SIPRING_IO_CHAINED = 2,
	/* Success alone is no reason to end a turn's wait: SENT comes with what does, and last. */
	SIPRING_IO_QUIET = 4,
};

#define SIPRING_IO_SEND_PARTS_MAX 36

struct sipring_io_send {
	/* Set by the owner; all it points at stays until SENT. */
	struct sipring_io_socket *socket;
	struct iovec *parts;
	uint32_t n_parts; /* at most SIPRING_IO_SEND_PARTS_MAX */
	uint32_t flags;   /* enum sipring_io_send_flags */
	const void *name; /* destination, or NULL on an associated socket */
	socklen_t name_size;
	void *control; /* control messages, or NULL */
	size_t control_size;
	void *owner; /* for the owner alone */

	/* The io's own. */
	struct sipring_list link;
	struct msghdr header;
	bool linked; /* the kernel starts it when the one before it is done */
	bool quiet;  /* it completes only if it fails */
	int result;  /* in SENT: bytes taken, or -errno; -ECANCELED: not tried */
};

enum sipring_io_event_type {
	SIPRING_IO_ACCEPTED, /* result: the new socket's fd, the receiver's from now on */
	SIPRING_IO_RECEIVED, /* data, size, flags, control, name */
	SIPRING_IO_SENT,     /* send, result */
	SIPRING_IO_WRITABLE, /* the socket takes sends again */
	SIPRING_IO_READABLE, /* a polled fd has something */
	SIPRING_IO_OVER,     /* nothing more will be received; result: -errno, or 0 for an end */
	SIPRING_IO_CLOSED,   /* fd closed, nothing in flight: the socket's memory is the owner's */
};

struct sipring_io_event {
	enum sipring_io_event_type type;
	int result;
	struct sipring_io_socket *socket;
	struct sipring_io_send *send;
	char *data;  /* writable, and SIPRING_IO_TAIL bytes behind data + size too */
	size_t size; /* bytes */
	int flags;   /* msg_flags: MSG_EOR, MSG_NOTIFICATION, MSG_TRUNC */
	void *control;
	size_t control_size; /* bytes that are there, not what was asked for */
	const void *name;
	socklen_t name_size;
};

/* Counts since open; read by the owner of the io, or by others as a racy glance. */
struct sipring_io_counters {
	uint64_t n_turns;
	uint64_t n_system_calls; /* every one the io made on its way, set-up aside */
	uint64_t n_received;     /* pieces, datagrams */
	uint64_t n_sent;
	uint64_t n_accepted;
	uint64_t n_no_buffers; /* a receive paused because all buffers were in use */
	uint64_t n_restarted;  /* multishot operations that had to be armed again */
	uint64_t n_overflows;  /* times the kernel had to keep completions for us */
};

struct sipring_io_config {
	uint32_t n_buffers;   /* receive buffers, a power of two up to 32768 */
	uint32_t buffer_size; /* bytes each: name, control, payload and the tail share it */
	uint32_t n_sends;     /* sends that one system call can take, a power of two */
	const struct sipring_log *log;
};

struct sipring_io;

struct sipring_io_ops {
	const char *name;
	/* 0, or -errno with a text that names the remedy. */
	int (*open)(struct sipring_io **io, const struct sipring_io_config *config,
		struct sipring_error *error);
	/*
	 * Ends at once, without events: sends still in it are forgotten, sockets still in it are
	 * their owner's again, open as they are. Touches neither, so their memory may be gone.
	 */
	void (*close)(struct sipring_io *io);
	/* Takes over an idle socket, or starts one again that is ENDED. Failures come as OVER. */
	void (*add)(struct sipring_io *io, struct sipring_io_socket *socket);
	/*
	 * Gives it up: queued sends end as -ECANCELED, then CLOSED comes. Until then a listener
	 * tells what it had accepted when it was given up.
	 */
	void (*remove)(struct sipring_io *io, struct sipring_io_socket *socket);
	/* Queues; per socket in order; SENT always follows, after a turn. */
	void (*send)(struct sipring_io *io, struct sipring_io_send *send);
	/* WRITABLE comes once when the socket takes sends; needed after any failed send. */
	void (*await_writable)(struct sipring_io *io, struct sipring_io_socket *socket);
	/*
	 * Submits, waits up to timeout_ns (0: not at all; negative: until something comes) unless
	 * something is there, reaps. First gives back the last turn's buffers. 0 or -errno.
	 */
	int (*turn)(struct sipring_io *io, int64_t timeout_ns);
	/* The next reaped event; false when the turn's are all read. */
	bool (*next)(struct sipring_io *io, struct sipring_io_event *event);
	/*
	 * The data of the RECEIVED that next told last stays beyond the next turn, until it is
	 * given back. While all buffers are kept nothing is received: what comes waits in the
	 * sockets, whose peers are held back by that, and no turn ends for it.
	 */
	void (*keep)(struct sipring_io *io, const char *data);
	void (*give_back)(struct sipring_io *io, const char *data);
	/* Whether something is to be done that only a turn does and pollable does not tell. */
	bool (*pending)(const struct sipring_io *io);
	/*
	 * An fd that polls readable when a turn would find something that came from outside or was
	 * left by the last turn; what the owner queues since, its own turn has to start. -errno
	 * when there is none.
	 */
	int (*pollable)(struct sipring_io *io);
};

/* What every io starts with. */
struct sipring_io {
	const struct sipring_io_ops *ops;
	struct sipring_io_counters counters;
};

extern const struct sipring_io_ops sipring_io_uring;
extern const struct sipring_io_ops sipring_io_epoll;

enum sipring_io_wanted { SIPRING_IO_AUTO, SIPRING_IO_URING, SIPRING_IO_EPOLL };

/*
 * Opens the wanted io. AUTO takes io_uring, and where the kernel forbids or lacks it, epoll: reason
 * then tells why and what the remedy is. Returns 0 or -errno with a text.
 */
int sipring_io_choose(struct sipring_io **io, enum sipring_io_wanted wanted,
	const struct sipring_io_config *config, char *reason, size_t reason_size,
	struct sipring_error *error);

/* One that the io does not read, but tells of. */
static inline bool sipring_io_is_polled(const struct sipring_io_socket *socket)
{
	return socket->kind == SIPRING_IO_POLLED || socket->kind == SIPRING_IO_EVENTFD;
}

/* What sipring_io_choose will map for receiving, in bytes: the figure for the memory budget. */
size_t sipring_io_footprint(const struct sipring_io_config *config);

/* The payload that one receive buffer holds, in bytes. */
static inline size_t sipring_io_payload_max(const struct sipring_io_config *config,
	size_t name_size, size_t control_size)
{
	return config->buffer_size - 16 - name_size - control_size - SIPRING_IO_TAIL;
}
