/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two ends of an SCTP association over loopback, made with the very options that sipring sets
 * (sipring_kernel_socket_open), for tests that ask the kernel what it does with them. Blocking
 * sockets; waiting is bounded, and what must come and does not fails the test.
 */
#pragma once

#include "sctp/kernel.h"

#include <stdbool.h>

#define SCTP_WAIT_MS 10000

struct sctp_pair {
	int listener;
	union sipring_address address; /* the listener's */
	int near;                      /* connected */
	int far;                       /* accepted */
};

/* Something received: a message, a piece of one or a notification. */
struct sctp_piece {
	ssize_t size; /* bytes, or -errno */
	int flags;
	struct sctp_rcvinfo info;
	bool has_info;
	union {
		char bytes[16384];
		union sctp_notification note;
	};
};

/* Defaults of the tests: 5 streams each way, small buffers, unordered. */
struct sipring_sctp_config sctp_pair_config(void);

/* NULL for the defaults. After open both ends have read their COMM_UP. */
void sctp_pair_open(struct sctp_pair *pair, const struct sipring_sctp_config *config);
void sctp_pair_close(struct sctp_pair *pair);
/* A listener alone, on a port of its own. */
int sctp_pair_listen(const struct sipring_sctp_config *config, union sipring_address *address);
/* A socket that connects; NULL local: any port. */
int sctp_pair_connect(const struct sipring_sctp_config *config, const union sipring_address *to,
	const struct sipring_address_set *local);

/* The next thing that comes; limit_ms without anything gives -EAGAIN. */
void sctp_take(int fd, struct sctp_piece *piece, int limit_ms);
/* The next message, past notifications; it must come. */
void sctp_take_data(int fd, struct sctp_piece *piece);
/* The next notification of that type, past anything else; it must come. */
void sctp_take_note(int fd, struct sctp_piece *piece, uint16_t type);

/* Bytes or -errno; info may be NULL. */
ssize_t sctp_pair_send(int fd, const void *bytes, size_t size, const struct sctp_sndinfo *info,
	int flags);
bool sctp_polls(int fd, short events, int limit_ms);
