/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the kernel provider: its objects, shared by the files kernel*.c and by nobody else. */
#pragma once

#include "base/pool.h"
#include "sctp/sctp.h"

#include <netinet/sctp.h>

#define KERNEL_LISTENERS_MAX 16
#define KERNEL_EVENTS_MAX 4 /* one io event makes two SCTP events at the most */

enum kernel_conn_state {
	KERNEL_CONNECTING, /* neither UP nor LOST was told */
	KERNEL_UP,
	KERNEL_LOST,    /* LOST was told, or will be when it has parted; waits for abort */
	KERNEL_CLOSING, /* given up; waits for the io's CLOSED */
};

struct kernel_conn {
	struct sipring_sctp_conn conn;
	struct sipring_io_socket socket;
	enum kernel_conn_state state;
	bool in_notification; /* a notification came in pieces: the rest is skipped */
	bool loss_noted;      /* a notification said so, but not why: an error will follow */
	uint64_t heard_in;    /* the turn of the io that brought something last, while it parts */
	int lost_result;      /* of LOST, while it parts */
	struct sipring_list parting; /* in one of the kernel's lists */
	int send_error;              /* the error that a send was told, and nobody else will be */
};

struct kernel_listener {
	struct sipring_io_socket socket;
	unsigned tag;
	uint64_t resume_at_ms; /* after a failed accept; 0: not resting */
	bool is_handed;        /* another process has the socket, too */
	bool is_closed;        /* CLOSED came */
	int left_fd;           /* of one that was handed out and stopped: what was left to accept */
};

struct kernel {
	struct sipring_sctp sctp;
	const struct sipring_sctp_config *config;
	struct sipring_io *io;
	struct sipring_pool conns;
	struct kernel_listener listeners[KERNEL_LISTENERS_MAX];
	unsigned n_listeners;
	unsigned n_left; /* of them, those that stopped and have a left_fd */
	struct sipring_sctp_event events[KERNEL_EVENTS_MAX];
	unsigned n_events;
	unsigned next_event;
	struct sipring_list parting; /* conns that wait until the io has nothing more for them */
	struct sipring_list parted;  /* those whose sockets are read to the end now */
	struct kernel_conn *spent;   /* CLOSED was handed out: freed at the next call of next */
	union sipring_address path;
	uint64_t now_ms;
	bool is_ticked; /* and nothing came in since */
};

/* A socket with all options set and bound to local (NULL: not bound); its fd or -errno. */
int sipring_kernel_socket_open(const struct sipring_sctp_config *config, sa_family_t family,
	const struct sipring_address_set *local, struct sipring_error *error);
/* AF_INET6 if any of the addresses needs it; such a socket takes IPv4 addresses too. */
sa_family_t sipring_kernel_socket_family(const union sipring_address *addresses, unsigned n);
/*
 * Whether a listener may have these addresses: -EADDRINUSE with a text when another socket listens
 * on them, or is bound to them by a program that does not share. Listeners share their port with
 * connects, so that binding them would not tell.
 */
int sipring_kernel_socket_claim(const struct sipring_sctp_config *config,
	const struct sipring_address_set *local, struct sipring_error *error);
/* Begins to connect, without waiting: 0, SIPRING_SCTP_EXISTS or -errno. */
int sipring_kernel_socket_connect(int fd, const union sipring_address *remote, unsigned n_remote);
/* Whether this kernel speaks SCTP: 0 or -errno with a text that names the remedy. */
int sipring_kernel_socket_probe(struct sipring_error *error);
/* kernel.c: ACCEPTED, or it is refused. */
void sipring_kernel_accepted(struct kernel *kernel, const struct kernel_listener *listener, int fd);

/* kernel_listeners.c: as struct sipring_sctp_ops has them. */
int sipring_kernel_listeners_listen(struct sipring_sctp *sctp,
	const struct sipring_address_set *local, unsigned tag, struct sipring_error *error);
int sipring_kernel_listeners_listening(struct sipring_sctp *sctp, unsigned tag);
int sipring_kernel_listeners_take_over(struct sipring_sctp *sctp, int fd, unsigned tag,
	struct sipring_error *error);
void sipring_kernel_listeners_stop(struct sipring_sctp *sctp, unsigned tag);
bool sipring_kernel_listeners_stand(const struct sipring_sctp *sctp, unsigned tag);
int sipring_kernel_listeners_retune(struct sipring_sctp *sctp, struct sipring_error *error);
/* An event of a listener's socket. */
void sipring_kernel_listeners_input(struct kernel *kernel, struct kernel_listener *listener,
	const struct sipring_io_event *io);
/* One that was left when accepting stopped, where there is one: ACCEPTED. */
void sipring_kernel_listeners_rest(struct kernel *kernel);
/* Milliseconds until it is to be called again, or UINT64_MAX. */
uint64_t sipring_kernel_listeners_tick(struct kernel *kernel);
void sipring_kernel_listeners_close(struct kernel *kernel);
/* kernel_parting.c: it was lost; LOST is told once what SCTP gives back has been. */
void sipring_kernel_parting_begin(struct kernel *kernel, struct kernel_conn *conn);
/* 0 when a turn is to follow at once, else UINT64_MAX. */
uint64_t sipring_kernel_parting_tick(struct kernel *kernel);
/* After a tick: RETURNED as often as there is, then LOST. */
bool sipring_kernel_parting_next(struct kernel *kernel, struct sipring_sctp_event *event);

/* Closing the socket will send ABORT. */
void sipring_kernel_socket_abort_on_close(int fd);
void sipring_kernel_socket_release_held(int fd);
/* The address of either side, IPv4-mapped ones as IPv4; AF_UNSPEC where the kernel has none. */
void sipring_kernel_socket_addresses(int fd, union sipring_address *remote,
	union sipring_address *local);
/* An IPv4 address that came as an IPv6 one is made IPv4. */
void sipring_kernel_socket_unmap(union sipring_address *address);
/* kernel_paths.c: as struct sipring_sctp_ops has them. */
unsigned sipring_kernel_paths_addresses(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn,
	union sipring_address *addresses, unsigned max);
int sipring_kernel_paths_path(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn,
	const union sipring_address *address, struct sipring_sctp_path_info *info);
int sipring_kernel_paths_set_primary(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn,
	const union sipring_address *address);

/* The pending error, negative, which is thereby told; -ENODATA where there is none. */
int sipring_kernel_socket_error(int fd);

/* All options of a socket that is to be bound or connected; 0, or -errno with a text. */
int sipring_kernel_options_set(int fd, const struct sipring_sctp_config *config,
	struct sipring_error *error);
int sipring_kernel_options_freebind(int fd, const struct sipring_sctp_config *config);
/* Of a socket that is to be connected: SCTP in UDP where that is asked for (RFC 6951). */
int sipring_kernel_options_encapsulate(int fd, const struct sipring_sctp_config *config);
/*
 * Tries all options on a socket that is closed again: 0, or -errno with a text that names the
 * setting that this kernel does not take. The sizes of buffers that it gives are told in the log.
 */
int sipring_kernel_options_check(const struct sipring_sctp_config *config,
	struct sipring_error *error);

/* Turns one received notification into the event it means; false where it means none. */
bool sipring_kernel_events_notification(struct kernel *kernel, struct kernel_conn *conn,
	const struct sipring_io_event *io, struct sipring_sctp_event *event);
/* Reads SCTP_RCVINFO into a DATA event. */
void sipring_kernel_events_data(const struct sipring_io_event *io,
	struct sipring_sctp_event *event);
/* Fills send->io, with control messages only where the socket's defaults do not do. */
void sipring_kernel_events_send(struct kernel_conn *conn, struct sipring_sctp_send *send);

/* kernel_status.c: as the table's. */
bool sipring_kernel_status(struct sipring_sctp *sctp, const struct sipring_sctp_conn *conn,
	struct sipring_sctp_status *status);
