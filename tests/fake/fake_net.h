/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that exist in memory only: pairs that keep messages, listeners that can be connected to,
 * datagram sockets with addresses, and things to poll. An fd here is a number far above those of
 * the process, so that handing one to a system call fails. Nothing here knows of an io.
 */
#pragma once

#include "base/list.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define FAKE_ENDS_MAX 512
#define FAKE_FD_FIRST 1000000
#define FAKE_BACKLOG_MAX 64
#define FAKE_CAPACITY 8192 /* bytes that an inbox takes, where nothing else was said */
#define FAKE_DATAGRAM_MAX 65507

enum fake_end_kind { FAKE_UNUSED, FAKE_PAIR, FAKE_DATAGRAM, FAKE_LISTENER, FAKE_EVENT };

struct fake_message {
	struct sipring_list link;
	size_t size;
	size_t n_read; /* bytes of it that were delivered in pieces already */
	int from;      /* fd */
	char bytes[];
};

struct fake_end {
	enum fake_end_kind kind;
	int peer;      /* fd of the other end of a pair, -1 when that was closed */
	int error;     /* told by the next receive, once; 0: none */
	bool finished; /* nothing more will be received: the inbox is the rest */
	struct sipring_list inbox;
	size_t inbox_size;             /* bytes */
	size_t capacity;               /* bytes */
	int backlog[FAKE_BACKLOG_MAX]; /* fds that wait to be accepted */
	unsigned n_backlog;
	bool raised; /* an event has something to read */

	/* Faults on demand. */
	unsigned fail_send_in; /* the how manyth send from now fails; 0: none */
	int fail_send_error;
	int fail_accept_error; /* the next accept fails with it; 0: none */
};

struct fake_net {
	struct fake_end ends[FAKE_ENDS_MAX];
};

void fake_net_open(struct fake_net *net);
void fake_net_close(struct fake_net *net);

/* New sockets; a listener's other calls go by its fd. All abort when FAKE_ENDS_MAX are in use. */
void fake_net_pair(struct fake_net *net, int fds[2]);
int fake_net_listener(struct fake_net *net);
int fake_net_connect(struct fake_net *net, int listener); /* the connecting end, or -errno */
int fake_net_datagram(struct fake_net *net);
int fake_net_event(struct fake_net *net);
struct sockaddr_in fake_net_name(int fd);

/* The end behind an open fd; aborts on any other number. */
struct fake_end *fake_net_end(struct fake_net *net, int fd);
bool fake_net_is_open(const struct fake_net *net, int fd);
unsigned fake_net_n_open(const struct fake_net *net);

/* Bytes taken, or -errno. name: destination of a datagram, else NULL. */
int fake_net_send(struct fake_net *net, int fd, const struct iovec *parts, unsigned n_parts,
	const struct sockaddr_in *name);
/* Whether taking or accepting would find something: a message, an end, an error, a peer. */
bool fake_net_readable(const struct fake_net *net, int fd);
bool fake_net_writable(struct fake_net *net, int fd);
/*
 * 1 and the first message of the inbox, which stays there until fake_net_drop; 0 at the end;
 * -EAGAIN for nothing now; -errno once where there is an error.
 */
int fake_net_peek(struct fake_net *net, int fd, struct fake_message **message);
void fake_net_drop(struct fake_net *net, int fd);
int fake_net_accept(struct fake_net *net, int fd); /* fd or -errno */
/* The peer finds the end of what was sent, or an error where it left something unread. */
void fake_net_close_fd(struct fake_net *net, int fd);
