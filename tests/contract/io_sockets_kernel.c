/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's sockets for the contract suite: AF_UNIX SOCK_SEQPACKET for what keeps messages and
 * is connected, UDP over loopback for datagrams, eventfds for what is polled. Far ends are
 * nonblocking; those meant for the io are blocking, as it asks.
 */
#include "io_sockets.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#define BUFFER 16384 /* bytes, SO_SNDBUF of a pair's ends */

void io_sockets_begin(struct sipring_io *io, uint64_t seed, enum io_sockets_mood mood)
{
	(void)io;
	(void)seed;
	(void)mood;
}

static void shrink(int fd)
{
	int size = BUFFER;

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
}

void io_sockets_pair(struct sipring_io *io, int fds[2])
{
	(void)io;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	shrink(fds[0]);
	shrink(fds[1]);
}

/* Bound without a name: the kernel gives one of its own (autobind). */
int io_sockets_listener(struct sipring_io *io)
{
	struct sockaddr_un any = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)io;
	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&any, sizeof any.sun_family), 0);
	cr_assert_eq(listen(fd, 64), 0);
	return fd;
}

int io_sockets_connect(struct sipring_io *io, int listener)
{
	struct sockaddr_un name;
	socklen_t size = sizeof name;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)io;
	cr_assert_geq(fd, 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&name, &size), 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&name, size), 0, "connect: %s",
		strerror(errno));
	shrink(fd);
	return fd;
}

int io_sockets_datagram(struct sipring_io *io, struct io_sockets_name *name)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	(void)io;
	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
	cr_assert_eq(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
	name->size = sizeof name->address;
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&name->address, &name->size), 0);
	return fd;
}

bool io_sockets_control_is_right(const struct sipring_io_event *event)
{
	struct msghdr header = {.msg_control = event->control,
		.msg_controllen = event->control_size};
	const struct cmsghdr *control = CMSG_FIRSTHDR(&header);
	struct in_pktinfo info;

	if (!control || control->cmsg_level != IPPROTO_IP || control->cmsg_type != IP_PKTINFO ||
		control->cmsg_len != CMSG_LEN(sizeof info) ||
		event->control_size != CMSG_SPACE(sizeof info))
		return false;
	memcpy(&info, CMSG_DATA(control), sizeof info);
	return info.ipi_addr.s_addr == htonl(INADDR_LOOPBACK);
}

struct io_sockets_name io_sockets_bad_name(void)
{
	struct sockaddr_in nowhere = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct io_sockets_name name = {.size = sizeof nowhere};

	memcpy(&name.address, &nowhere, sizeof nowhere); /* port 0: EINVAL */
	return name;
}

int io_sockets_event(struct sipring_io *io)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	(void)io;
	cr_assert_geq(fd, 0);
	return fd;
}

void io_sockets_raise(struct sipring_io *io, int fd)
{
	(void)io;
	cr_assert_eq(eventfd_write(fd, 1), 0);
}

void io_sockets_lower(struct sipring_io *io, int fd)
{
	eventfd_t value;

	(void)io;
	cr_assert_eq(eventfd_read(fd, &value), 0);
}

ssize_t io_sockets_write(struct sipring_io *io, int fd, const void *data, size_t size)
{
	ssize_t n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	(void)io;
	return n < 0 ? -errno : n;
}

ssize_t io_sockets_write_to(struct sipring_io *io, int fd, const struct io_sockets_name *name,
	const void *data, size_t size)
{
	ssize_t n = sendto(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL,
		(const struct sockaddr *)&name->address, name->size);

	(void)io;
	return n < 0 ? -errno : n;
}

ssize_t io_sockets_read(struct sipring_io *io, int fd, void *data, size_t size)
{
	ssize_t n = recv(fd, data, size, MSG_DONTWAIT);

	(void)io;
	return n < 0 ? -errno : n;
}

void io_sockets_close(struct sipring_io *io, int fd)
{
	(void)io;
	cr_assert_eq(close(fd), 0);
}

bool io_sockets_is_open(struct sipring_io *io, int fd)
{
	(void)io;
	return fcntl(fd, F_GETFD) >= 0;
}

unsigned io_sockets_n_open(struct sipring_io *io)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned n = 0;

	(void)io;
	cr_assert_not_null(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

uint64_t io_sockets_clock_ns(struct sipring_io *io)
{
	(void)io;
	return sipring_clock_ns();
}

void io_sockets_settle(void)
{
	usleep(2000);
}

size_t io_sockets_message_max(void)
{
	return BUFFER; /* the kernel doubles what was asked for, and needs some of it */
}

bool io_sockets_come_in_pieces(void)
{
	return false;
}
