/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake's sockets for the contract suite: see fake/fake_net.h. Nothing is ever waited for.
 */
#include "io_sockets.h"

#include "fake/fake_io.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

void io_sockets_begin(struct sipring_io *io, uint64_t seed, enum io_sockets_mood mood)
{
	static const struct fake_io_habits habits[] = {
		[IO_SOCKETS_CALM] = {0},
		[IO_SOCKETS_RESTLESS] = {.pieces = 30, .late = 30, .no_buffers = 10},
		[IO_SOCKETS_FICKLE] = {.pieces = 30, .late = 30, .no_buffers = 10, .again = 5},
	};

	fake_io_set(io, seed, &habits[mood]);
}

void io_sockets_pair(struct sipring_io *io, int fds[2])
{
	fake_net_pair(fake_io_net(io), fds);
}

int io_sockets_listener(struct sipring_io *io)
{
	return fake_net_listener(fake_io_net(io));
}

int io_sockets_connect(struct sipring_io *io, int listener)
{
	int fd = fake_net_connect(fake_io_net(io), listener);

	cr_assert_geq(fd, 0);
	return fd;
}

int io_sockets_datagram(struct sipring_io *io, struct io_sockets_name *name)
{
	int fd = fake_net_datagram(fake_io_net(io));
	struct sockaddr_in address = fake_net_name(fd);

	name->size = sizeof address;
	memcpy(&name->address, &address, sizeof address);
	return fd;
}

bool io_sockets_control_is_right(const struct sipring_io_event *event)
{
	struct msghdr header = {.msg_control = event->control,
		.msg_controllen = event->control_size};
	const struct cmsghdr *control = CMSG_FIRSTHDR(&header);

	return control && control->cmsg_level == FAKE_IO_CONTROL_LEVEL &&
		control->cmsg_type == FAKE_IO_CONTROL_TYPE &&
		event->control_size == CMSG_SPACE(sizeof(int));
}

struct io_sockets_name io_sockets_bad_name(void)
{
	struct sockaddr_in nowhere = {.sin_family = AF_INET};
	struct io_sockets_name name = {.size = sizeof nowhere};

	memcpy(&name.address, &nowhere, sizeof nowhere);
	return name;
}

int io_sockets_event(struct sipring_io *io)
{
	return fake_net_event(fake_io_net(io));
}

void io_sockets_raise(struct sipring_io *io, int fd)
{
	fake_net_end(fake_io_net(io), fd)->raised = true;
}

void io_sockets_lower(struct sipring_io *io, int fd)
{
	fake_net_end(fake_io_net(io), fd)->raised = false;
}

ssize_t io_sockets_write(struct sipring_io *io, int fd, const void *data, size_t size)
{
	struct iovec part = {(void *)(uintptr_t)data, size};

	return fake_net_send(fake_io_net(io), fd, &part, 1, NULL);
}

ssize_t io_sockets_write_to(struct sipring_io *io, int fd, const struct io_sockets_name *name,
	const void *data, size_t size)
{
	struct iovec part = {(void *)(uintptr_t)data, size};
	struct sockaddr_in address;

	memcpy(&address, &name->address, sizeof address);
	return fake_net_send(fake_io_net(io), fd, &part, 1, &address);
}

ssize_t io_sockets_read(struct sipring_io *io, int fd, void *data, size_t size)
{
	struct fake_message *message;
	int r = fake_net_peek(fake_io_net(io), fd, &message);

	if (r <= 0)
		return r;
	if (message->size < size)
		size = message->size;
	memcpy(data, message->bytes, size);
	fake_net_drop(fake_io_net(io), fd);
	return (ssize_t)size;
}

void io_sockets_close(struct sipring_io *io, int fd)
{
	fake_net_close_fd(fake_io_net(io), fd);
}

bool io_sockets_is_open(struct sipring_io *io, int fd)
{
	return fake_net_is_open(fake_io_net(io), fd);
}

unsigned io_sockets_n_open(struct sipring_io *io)
{
	return fake_net_n_open(fake_io_net(io));
}

uint64_t io_sockets_clock_ns(struct sipring_io *io)
{
	return fake_io_clock_ns(io);
}

void io_sockets_settle(void)
{
}

size_t io_sockets_message_max(void)
{
	return FAKE_CAPACITY;
}

bool io_sockets_come_in_pieces(void)
{
	return true;
}
