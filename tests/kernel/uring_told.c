/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring_uring_eventfd_after: what comes just while the eventfd is registered anew is told, too.
 * Registering runs deferred work in some kernels (6.1), so that a completion is there of which the
 * eventfd was never signalled.
 */
#include "io/uring.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static bool is_readable(int fd)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};

	return poll(&wanted, 1, 0) == 1;
}

Test(kernel_uring_told, what_comes_while_the_eventfd_is_registered_anew)
{
	struct sipring_io_config config = {.n_buffers = 16, .buffer_size = 1024, .n_sends = 16};
	struct sipring_io_socket socket = {.kind = SIPRING_IO_POLLED};
	struct sipring_io_event event;
	struct sipring_io *io;
	struct uring *uring;
	eventfd_t ignored;
	int fds[2];

	cr_assert_eq(sipring_io_uring.open(&io, &config, NULL), 0);
	uring = SIPRING_CONTAINER(io, struct uring, io);
	cr_assert_eq(pipe(fds), 0);
	socket.fd = fds[0];
	io->ops->add(io, &socket);
	cr_assert_geq(io->ops->pollable(io), 0);
	uring->told_once_only = true;
	cr_assert_eq(io->ops->turn(io, 0), 0);
	cr_assert_not(io->ops->next(io, &event));
	/* Half of a registration: the turn's own calls do the rest. */
	io_uring_unregister_eventfd(&uring->ring);
	cr_assert_eq(write(fds[1], "x", 1), 1);
	(void)eventfd_read(uring->event_fd, &ignored);
	cr_assert_not(is_readable(uring->event_fd));
	sipring_uring_eventfd_after(uring);
	cr_expect(is_readable(uring->event_fd), "nobody told");
	cr_assert_eq(io->ops->turn(io, 0), 0);
	cr_assert(io->ops->next(io, &event));
	cr_expect_eq(event.type, SIPRING_IO_READABLE);
	io->ops->close(io);
	close(fds[0]);
	close(fds[1]);
}
