/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets for the contract suite, the same for an io over the kernel and for the fake. What is made
 * here is given to an io, or driven by hand as the far side of one that was. Functions abort the
 * test where the making fails; results are bytes or -errno.
 */
#pragma once

#include "io/io.h"

#include <stddef.h>
#include <sys/types.h>

/* The io under test. */
extern const struct sipring_io_ops CONTRACT_IO;

struct io_sockets_name {
	struct sockaddr_storage address;
	socklen_t size;
};

/*
 * Called on an io that was just opened. The fake then goes by that seed, and when restless cuts
 * messages, delays sends and runs out of buffers now and then; when fickle it refuses sends too.
 */
enum io_sockets_mood { IO_SOCKETS_CALM, IO_SOCKETS_RESTLESS, IO_SOCKETS_FICKLE };
void io_sockets_begin(struct sipring_io *io, uint64_t seed, enum io_sockets_mood mood);

/* Two joined ends that keep messages apart; what each may still hold unread is small. */
void io_sockets_pair(struct sipring_io *io, int fds[2]);
int io_sockets_listener(struct sipring_io *io);
/* A far end, connected to that listener. */
int io_sockets_connect(struct sipring_io *io, int listener);
/* A datagram socket that tells one control message with each datagram. */
int io_sockets_datagram(struct sipring_io *io, struct io_sockets_name *name);
#define IO_SOCKETS_CONTROL_SIZE 64
/* Whether the control of a datagram is what was asked for, and whole. */
bool io_sockets_control_is_right(const struct sipring_io_event *event);
/* A name of the right family to which nothing can be sent. */
struct io_sockets_name io_sockets_bad_name(void);
/* Something to poll; raised it is readable until lowered. */
int io_sockets_event(struct sipring_io *io);
void io_sockets_raise(struct sipring_io *io, int fd);
void io_sockets_lower(struct sipring_io *io, int fd);

/* By hand, without waiting. */
ssize_t io_sockets_write(struct sipring_io *io, int fd, const void *data, size_t size);
ssize_t io_sockets_write_to(struct sipring_io *io, int fd, const struct io_sockets_name *name,
	const void *data, size_t size);
ssize_t io_sockets_read(struct sipring_io *io, int fd, void *data, size_t size);
/* The far side finds the end; ECONNRESET where something was unread here. */
void io_sockets_close(struct sipring_io *io, int fd);
bool io_sockets_is_open(struct sipring_io *io, int fd);
/* How many sockets there are, to see that none is lost. */
unsigned io_sockets_n_open(struct sipring_io *io);
/* Time as the io under test keeps it. */
uint64_t io_sockets_clock_ns(struct sipring_io *io);
/* Waits a moment for what the kernel does on its own; the fake needs none. */
void io_sockets_settle(void);
/* Bytes of the longest message that a pair takes at all. */
size_t io_sockets_message_max(void);
/* What is longer than a buffer comes in pieces on a pair, rather than cut. */
bool io_sockets_come_in_pieces(void);
