/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What src/io/uring*.c relies on in every kernel, whatever the protocol. Each test names the
 * promise that stands on it; should one fail on a new kernel, that promise is to be looked at.
 */
#include "ring.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

static struct ring ring;

static void open_pair(int fds[2])
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
}

static bool polls_readable(int fd, int limit_ms)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};

	return poll(&one, 1, limit_ms) == 1;
}

/* uring_pollable: hosts are given an eventfd, because the ring's own fd stays silent. */
Test(kernel_uring, a_deferred_ring_is_told_by_its_eventfd)
{
	int fds[2], event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	ring_open(&ring, 8);
	open_pair(fds);
	cr_assert_eq(io_uring_register_eventfd(&ring.ring, event), 0);
	ring_receive(&ring, fds[0]);
	cr_assert_not(polls_readable(event, 50));
	cr_assert_eq(send(fds[1], "x", 1, 0), 1);
	cr_assert(polls_readable(event, RING_WAIT_MS));
	cr_assert_eq(ring_next(&ring).size, 1);
	ring_close(&ring);
}

/*
 * sipring_uring_eventfd_after: a ring tells its eventfd of every deferred work where that is
 * registered anew each time. (Debian's 6.12 tells once per registration, 6.1 and 6.18 always.)
 */
Test(kernel_uring, an_eventfd_registered_anew_is_told_again)
{
	int fds[2], event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	eventfd_t value;

	ring_open(&ring, 8);
	open_pair(fds);
	cr_assert_eq(io_uring_register_eventfd(&ring.ring, event), 0);
	ring_receive(&ring, fds[0]);
	for (int i = 0; i < 8; i++) {
		cr_assert_eq(send(fds[1], "x", 1, 0), 1);
		cr_assert(polls_readable(event, RING_WAIT_MS), "round %d", i);
		cr_assert_eq(eventfd_read(event, &value), 0);
		cr_assert_eq(ring_next(&ring).size, 1);
		cr_assert_eq(io_uring_unregister_eventfd(&ring.ring), 0);
		(void)eventfd_read(event, &value);
		cr_assert_eq(io_uring_register_eventfd(&ring.ring, event), 0);
	}
	ring_close(&ring);
}

/* has_deferred_work(): what came while no eventfd was registered shows in the ring's flags. */
Test(kernel_uring, deferred_work_shows_in_the_flags)
{
	struct io_uring other;
	struct io_uring_sqe *sqe;
	char byte;
	int fds[2];

	cr_assert_eq(io_uring_queue_init(8, &other,
			     IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
				     IORING_SETUP_TASKRUN_FLAG),
		0);
	open_pair(fds);
	sqe = io_uring_get_sqe(&other);
	io_uring_prep_poll_multishot(sqe, fds[0], POLLIN);
	cr_assert_eq(io_uring_submit_and_get_events(&other), 1);
	for (int i = 0; i < 5; i++) {
		cr_assert_not(*other.sq.kflags & IORING_SQ_TASKRUN);
		cr_assert_eq(send(fds[1], "x", 1, 0), 1);
		cr_assert(*other.sq.kflags & IORING_SQ_TASKRUN);
		io_uring_get_events(&other);
		cr_assert_eq(io_uring_cq_ready(&other), 1);
		io_uring_cq_advance(&other, 1);
		cr_assert_eq(recv(fds[0], &byte, 1, MSG_DONTWAIT), 1);
	}
	io_uring_queue_exit(&other);
}

static void *enter_from_elsewhere(void *result)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring.ring);

	io_uring_prep_nop(sqe);
	*(int *)result = io_uring_submit(&ring.ring);
	return NULL;
}

/* A worker owns its ring: SINGLE_ISSUER makes the kernel hold us to it. */
Test(kernel_uring, a_single_issuer_ring_refuses_other_threads)
{
	pthread_t thread;
	int result = 0;

	ring_open(&ring, 8);
	cr_assert_eq(pthread_create(&thread, NULL, enter_from_elsewhere, &result), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(result, -EEXIST);
	ring_close(&ring);
}

/* received(): out of buffers is a pause. Nothing may be lost between its end and its new start. */
Test(kernel_uring, a_multishot_receive_ends_at_enobufs_and_starts_again)
{
	enum { N_BUFFERS = 4, N = 30 };
	int fds[2], held[N_BUFFERS], n_held = 0, n = 0, n_ends = 0;

	ring_open(&ring, N_BUFFERS);
	open_pair(fds);
	for (char i = 0; i < N; i++)
		cr_assert_eq(send(fds[1], &i, 1, 0), 1);
	ring_receive(&ring, fds[0]);
	while (n < N) {
		struct ring_found found = ring_next(&ring);

		if (found.buffer >= 0) {
			cr_assert_eq(found.size, 1);
			cr_assert_eq(found.data[0], n++);
			held[n_held++] = found.buffer;
		}
		if (found.flags & IORING_CQE_F_MORE)
			continue;
		cr_assert_eq(found.result, -ENOBUFS);
		n_ends++;
		while (n_held)
			ring_give_back(&ring, held[--n_held]);
		ring_receive(&ring, fds[0]);
	}
	cr_assert_geq(n_ends, N / N_BUFFERS - 1);
	ring_close(&ring);
}

/* uring_remove: one cancel by fd ends all that a socket has under way. */
Test(kernel_uring, a_cancel_by_fd_ends_receive_and_poll)
{
	bool receive_ended = false, poll_ended = false, cancelled = false;
	struct io_uring_sqe *sqe;
	char bytes[1000] = {0};
	int fds[2];

	ring_open(&ring, 8);
	open_pair(fds);
	while (send(fds[0], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		continue;
	ring_receive(&ring, fds[0]);
	sqe = io_uring_get_sqe(&ring.ring);
	io_uring_prep_poll_add(sqe, fds[0], POLLOUT);
	io_uring_sqe_set_data64(sqe, 2);
	cr_assert_eq(io_uring_submit_and_get_events(&ring.ring), 1);
	sqe = io_uring_get_sqe(&ring.ring);
	io_uring_prep_cancel_fd(sqe, fds[0], IORING_ASYNC_CANCEL_ALL);
	io_uring_sqe_set_data64(sqe, 3);
	cr_assert_eq(io_uring_submit_and_get_events(&ring.ring), 1);
	for (int i = 0; i < 3; i++) {
		struct ring_found found = ring_next(&ring);

		cr_assert_not(found.flags & IORING_CQE_F_MORE);
		if (found.tag == 3) {
			cr_assert_eq(found.result, 2);
			cancelled = true;
			continue;
		}
		cr_assert_eq(found.result, -ECANCELED);
		receive_ended |= found.tag == RING_RECEIVE;
		poll_ended |= found.tag == 2;
	}
	cr_assert(receive_ended && poll_ended && cancelled);
	ring_close(&ring);
}

/* Why cancel and not close: a close alone ends nothing while a receive is under way. */
Test(kernel_uring, closing_an_fd_leaves_its_receive_under_way)
{
	struct ring_found found;
	int fds[2];
	char byte;

	ring_open(&ring, 8);
	open_pair(fds);
	ring_receive(&ring, fds[0]);
	cr_assert_eq(close(fds[0]), 0);
	cr_assert_not(ring_find(&ring, &found, 100));
	cr_assert_eq(recv(fds[1], &byte, 1, MSG_DONTWAIT), -1);
	cr_assert_eq(errno, EAGAIN, "the far side does not see it closed");
	ring_close(&ring);
}

static void queue_send(int fd, const char *byte, unsigned flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring.ring);

	io_uring_prep_send(sqe, fd, byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	sqe->flags |= flags;
	io_uring_sqe_set_data64(sqe, 4);
}

/* enter(): a turn with links waits for as many completions as it has sends, and so is one call. */
Test(kernel_uring, a_chain_is_done_in_one_call_when_that_many_are_waited_for)
{
	enum { N = 40 };
	char bytes[N], read;
	int fds[2];

	ring_open(&ring, 8);
	open_pair(fds);
	for (char i = 0; i < N; i++) {
		bytes[(int)i] = i;
		queue_send(fds[1], &bytes[(int)i], i + 1 < N ? IOSQE_IO_LINK : 0);
	}
	cr_assert_eq(io_uring_submit_and_wait(&ring.ring, N), N);
	cr_assert_eq(io_uring_cq_ready(&ring.ring), N);
	for (char i = 0; i < N; i++) {
		cr_assert_eq(ring_next(&ring).result, 1);
		cr_assert_eq(recv(fds[0], &read, 1, MSG_DONTWAIT), 1);
		cr_assert_eq(read, i);
	}
	ring_close(&ring);
}

/* is_followed(): links run late, so what goes to the same socket after one has to be a link too. */
Test(kernel_uring, what_is_no_link_overtakes_links)
{
	static const char bytes[] = "abc";
	char read[3];
	int fds[2];

	ring_open(&ring, 8);
	open_pair(fds);
	queue_send(fds[1], &bytes[0], IOSQE_IO_LINK);
	queue_send(fds[1], &bytes[1], 0);
	queue_send(fds[1], &bytes[2], 0);
	cr_assert_eq(io_uring_submit_and_wait(&ring.ring, 3), 3);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(recv(fds[0], &read[i], 1, MSG_DONTWAIT), 1);
	/* Should this come as "abc" one day, chains need no care any more. */
	cr_assert_eq(memcmp(read, "acb", 3), 0);
	ring_close(&ring);
}

/* SIPRING_IO_CHAINED: a link whose forerunner failed is not tried, nor those behind it. */
Test(kernel_uring, a_failed_link_cancels_the_rest)
{
	char bytes[5] = {0};
	int fds[2];

	ring_open(&ring, 8);
	open_pair(fds);
	close(fds[0]);
	for (int i = 0; i < 5; i++)
		queue_send(fds[1], &bytes[i], i < 4 ? IOSQE_IO_LINK : 0);
	cr_assert_eq(io_uring_submit_and_wait(&ring.ring, 5), 5);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(ring_next(&ring).result, i ? -ECANCELED : -EPIPE);
	ring_close(&ring);
}

/* prepare_send(): with MSG_DONTWAIT a full socket is told at once, on a blocking fd. */
Test(kernel_uring, a_send_without_waiting_completes_in_its_submission)
{
	char bytes[1000] = {0};
	int fds[2];

	ring_open(&ring, 8);
	open_pair(fds);
	while (send(fds[1], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		continue;
	queue_send(fds[1], bytes, 0);
	cr_assert_eq(io_uring_submit(&ring.ring), 1);
	cr_assert_eq(io_uring_cq_ready(&ring.ring), 1);
	cr_assert_eq(ring_next(&ring).result, -EAGAIN);
	ring_close(&ring);
}

/* A raised limit of open files counts for a listener when its accept is started again. */
Test(kernel_uring, an_accept_keeps_the_limit_of_files_it_was_started_with)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct rlimit limit, none;
	socklen_t size = sizeof name;
	struct io_uring_sqe *sqe;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int far = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	ring_open(&ring, 8);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof name.sun_family), 0);
	cr_assert_eq(listen(fd, 5), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	cr_assert_eq(connect(far, (struct sockaddr *)&name, size), 0);
	sqe = io_uring_get_sqe(&ring.ring);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_eq(io_uring_submit_and_get_events(&ring.ring), 1);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_assert_eq(ring_next(&ring).result, -EMFILE);
	ring_close(&ring);
}

/* epoll_add on a listener: ready means "was ready"; only O_NONBLOCK keeps accept from waiting. */
Test(kernel_uring, a_nonblocking_listener_accepts_until_eagain_over_epoll)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct epoll_event interest = {.events = EPOLLIN}, found;
	socklen_t size = sizeof name;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int far = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int set = epoll_create1(EPOLL_CLOEXEC);

	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof name.sun_family), 0);
	cr_assert_eq(listen(fd, 5), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	cr_assert_eq(epoll_ctl(set, EPOLL_CTL_ADD, fd, &interest), 0);
	cr_assert_eq(epoll_wait(set, &found, 1, 0), 0);
	cr_assert_eq(connect(far, (struct sockaddr *)&name, size), 0);
	cr_assert_eq(epoll_wait(set, &found, 1, RING_WAIT_MS), 1);
	cr_assert_geq(accept4(fd, NULL, NULL, SOCK_CLOEXEC), 0);
	cr_assert_eq(accept4(fd, NULL, NULL, SOCK_CLOEXEC), -1);
	cr_assert_eq(errno, EAGAIN);
	cr_assert_eq(epoll_wait(set, &found, 1, 0), 0);
}
