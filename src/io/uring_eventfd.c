/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The eventfd that a host polls while it does not turn: a ring with DEFER_TASKRUN is not seen by
 * epoll itself. The kernel signals it for deferred work and for completions; a turn reads it before
 * it enters, so that whatever comes later signals again. Some kernels (6.12 of Debian) signal for
 * deferred work only once per registration: there it is registered anew in every turn. Invariant:
 * between turns the eventfd is readable, or nothing waits and the next thing to come will signal.
 */
#include "io/uring.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Deferred work that no enter has run yet, by the flag that the ring is set up with. */
static bool has_deferred_work(struct io_uring *ring)
{
	return io_uring_smp_load_acquire(ring->sq.kflags) & IORING_SQ_TASKRUN;
}

/* One thing to do, by way of the ring: whether the eventfd told of it. */
static bool is_told(struct io_uring *ring, int event_fd, int source)
{
	eventfd_t ignored;
	bool told;

	if (eventfd_write(source, 1) < 0)
		return false;
	told = eventfd_read(event_fd, &ignored) == 0;
	io_uring_get_events(ring);
	io_uring_cq_advance(ring, io_uring_cq_ready(ring));
	(void)eventfd_read(source, &ignored);
	(void)eventfd_read(event_fd, &ignored);
	return told;
}

/* Tries on a ring of its own whether the kernel tells a second time. */
static bool is_told_once_only(unsigned setup_flags)
{
	int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int source = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct io_uring ring;
	bool once_only = true; /* the careful answer, where it cannot be tried */

	if (event_fd < 0 || source < 0 || io_uring_queue_init(4, &ring, setup_flags) < 0)
		goto out;
	if (io_uring_register_eventfd(&ring, event_fd) == 0) {
		io_uring_prep_poll_multishot(io_uring_get_sqe(&ring), source, POLLIN);
		io_uring_submit(&ring);
		once_only = !is_told(&ring, event_fd, source) || !is_told(&ring, event_fd, source);
	}
	io_uring_queue_exit(&ring);
out:
	if (event_fd >= 0)
		close(event_fd);
	if (source >= 0)
		close(source);
	return once_only;
}

int sipring_uring_eventfd_open(struct uring *uring)
{
	unsigned deferring = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	int r;

	uring->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (uring->event_fd < 0)
		return -errno;
	r = io_uring_register_eventfd(&uring->ring, uring->event_fd);
	if (r < 0) {
		sipring_uring_eventfd_close(uring);
		return r;
	}
	uring->told_once_only =
		(uring->ring.flags & IORING_SETUP_DEFER_TASKRUN) && is_told_once_only(deferring);
	/* What waits already was signalled to nobody. */
	(void)eventfd_write(uring->event_fd, 1);
	return uring->event_fd;
}

void sipring_uring_eventfd_close(struct uring *uring)
{
	if (uring->event_fd >= 0)
		close(uring->event_fd);
	uring->event_fd = -1;
}

void sipring_uring_eventfd_before(struct uring *uring)
{
	eventfd_t ignored;

	uring->io.counters.n_system_calls++;
	(void)eventfd_read(uring->event_fd, &ignored);
}

void sipring_uring_eventfd_after(struct uring *uring)
{
	if (uring->told_once_only) {
		uring->io.counters.n_system_calls += 2;
		io_uring_unregister_eventfd(&uring->ring);
		io_uring_register_eventfd(&uring->ring, uring->event_fd);
	}
	/*
	 * What came before the registration was signalled to nobody, be it deferred work still or
	 * completed by now: in 6.1 both calls run deferred work first.
	 */
	if (!uring->leftover && !io_uring_cq_ready(&uring->ring) &&
		!(uring->told_once_only && has_deferred_work(&uring->ring)))
		return;
	uring->io.counters.n_system_calls++;
	(void)eventfd_write(uring->event_fd, 1);
}
