/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door at which strangers knock: INITs, COOKIE ECHOs and what cannot be anybody's packet. The
 * io only polls its socket; it is read here, by one call a turn in which somebody knocks, and no
 * more than a few packets of it, after all that came for associations. So a flood costs a turn
 * little, and what it overflows is a queue that no association's packet is in. Invariant: between
 * turns nothing that was read is left.
 */
#include "sctp/usrsctp_strangers.h"

#include "base/memory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

size_t sipring_usrsctp_strangers_footprint(const struct sipring_sctp_config *config)
{
	return SIPRING_USRSCTP_STRANGERS_A_TURN * (size_t)config->io->buffer_size;
}

int sipring_usrsctp_strangers_open(struct sipring_usrsctp_strangers *strangers, int fd,
	const struct sipring_sctp_config *config, struct sipring_io *io, void *owner)
{
	strangers->buffers = sipring_memory_map(sipring_usrsctp_strangers_footprint(config));
	if (!strangers->buffers) {
		close(fd);
		return -ENOMEM;
	}
	strangers->buffer_size = config->io->buffer_size;
	strangers->socket = (struct sipring_io_socket){
		.fd = fd,
		.kind = SIPRING_IO_POLLED,
		.owner = owner,
	};
	sipring_list_init(&strangers->socket.link);
	io->ops->add(io, &strangers->socket);
	return 0;
}

void sipring_usrsctp_strangers_close(struct sipring_usrsctp_strangers *strangers)
{
	if (strangers->buffers)
		sipring_memory_unmap(strangers->buffers,
			SIPRING_USRSCTP_STRANGERS_A_TURN * strangers->buffer_size);
	strangers->buffers = NULL;
}

static void read_some(struct sipring_usrsctp_strangers *strangers, struct sipring_io *io)
{
	int n;

	for (unsigned i = 0; i < SIPRING_USRSCTP_STRANGERS_A_TURN; i++) {
		strangers->parts[i] =
			(struct iovec){strangers->buffers + i * strangers->buffer_size,
				strangers->buffer_size - SIPRING_IO_TAIL};
		strangers->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &strangers->names[i],
			.msg_namelen = sizeof strangers->names[i],
			.msg_iov = &strangers->parts[i],
			.msg_iovlen = 1,
		};
	}
	io->counters.n_system_calls++;
	/* A failure is told again by the poll, or was one packet's (ICMP). */
	n = recvmmsg(strangers->socket.fd, strangers->headers, SIPRING_USRSCTP_STRANGERS_A_TURN,
		MSG_DONTWAIT, NULL);
	strangers->n = n > 0 ? (unsigned)n : 0;
	strangers->next = 0;
	io->counters.n_received += strangers->n;
}

bool sipring_usrsctp_strangers_next(struct sipring_usrsctp_strangers *strangers,
	struct sipring_io *io, struct sipring_io_event *event)
{
	const struct mmsghdr *header;

	if (strangers->knock && strangers->socket.state == SIPRING_IO_OPEN)
		read_some(strangers, io);
	strangers->knock = false;
	if (strangers->next == strangers->n)
		return false;
	header = &strangers->headers[strangers->next];
	*event = (struct sipring_io_event){
		.type = SIPRING_IO_RECEIVED,
		.socket = &strangers->socket,
		.data = strangers->parts[strangers->next].iov_base,
		.size = header->msg_len,
		.flags = header->msg_hdr.msg_flags,
		.name = &strangers->names[strangers->next],
		.name_size = header->msg_hdr.msg_namelen,
	};
	strangers->next++;
	return true;
}
