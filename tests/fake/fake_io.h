/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An io without a kernel, over the sockets of fake_net.h: the contract of io/io.h and no more than
 * that. A seed decides what a kernel decides for us: which socket is served first, how long a send
 * or a close is under way, whether what follows a failed send is still tried, how a message is cut.
 * Equal seeds and equal calls give equal events. It makes no system call.
 *
 * Its clock is its own: a turn with nothing to find moves it by the timeout and returns. A turn
 * that would wait for ever aborts. It has no pollable fd.
 */
#pragma once

#include "fake_net.h"
#include "io/io.h"

/* How often, of a hundred occasions. All 0 where nothing is set: then only the order is random. */
struct fake_io_habits {
	unsigned pieces;     /* a message on a pair comes in pieces, MSG_EOR at the last */
	unsigned late;       /* a send stays under way for a turn, a close likewise */
	unsigned again;      /* a send on a pair is refused with EAGAIN though there is room */
	unsigned no_buffers; /* a receive pauses as if all buffers were in use */
};

/* Where control was asked for, each message has one: the sender's fd, an int. */
#define FAKE_IO_CONTROL_LEVEL 0x5150
#define FAKE_IO_CONTROL_TYPE 1

extern const struct sipring_io_ops fake_io;

void fake_io_set(struct sipring_io *io, uint64_t seed, const struct fake_io_habits *habits);

/* The sockets of this io: made, driven by hand and looked into with fake_net_*. */
struct fake_net *fake_io_net(struct sipring_io *io);

uint64_t fake_io_clock_ns(struct sipring_io *io);

/* The nth send from now on fd (1 is the next) fails with -error. */
void fake_io_fail_send(struct sipring_io *io, int fd, unsigned nth, int error);
/* The next accept on fd fails with -error. */
void fake_io_fail_accept(struct sipring_io *io, int fd, int error);
/* Receiving on fd ends with -error, or where error is 0 in order, after what is there. */
void fake_io_end_receive(struct sipring_io *io, int fd, int error);
