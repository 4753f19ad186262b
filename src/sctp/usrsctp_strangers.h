/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The strangers' door: packets that no association is waiting for (usrsctp_encapsulation.c), a
 * bounded number of them in a turn.
 */
#pragma once

#include "net/address.h"
#include "sctp/sctp.h"

#define SIPRING_USRSCTP_STRANGERS_A_TURN 16

struct sipring_usrsctp_strangers {
	struct sipring_io_socket socket; /* IDLE where there is no such door */
	bool knock;                      /* somebody is there */
	unsigned n, next;                /* read, and given out of those */
	size_t buffer_size;
	char *buffers;
	struct mmsghdr headers[SIPRING_USRSCTP_STRANGERS_A_TURN];
	struct iovec parts[SIPRING_USRSCTP_STRANGERS_A_TURN];
	union sipring_address names[SIPRING_USRSCTP_STRANGERS_A_TURN];
};

/* Takes the fd, also when it fails, and gives it to the io. 0 or -errno. */
int sipring_usrsctp_strangers_open(struct sipring_usrsctp_strangers *strangers, int fd,
	const struct sipring_sctp_config *config, struct sipring_io *io, void *owner);
/* After the io has told CLOSED. */
void sipring_usrsctp_strangers_close(struct sipring_usrsctp_strangers *strangers);
size_t sipring_usrsctp_strangers_footprint(const struct sipring_sctp_config *config);

/* The next packet, as if the io had received it; false when the turn's are all given out. */
bool sipring_usrsctp_strangers_next(struct sipring_usrsctp_strangers *strangers,
	struct sipring_io *io, struct sipring_io_event *event);
