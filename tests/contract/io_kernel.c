/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The io contract, what only an io over a kernel can be asked: threads that wake it, an fd for a
 * host's own event loop, errors that the network reports, descriptors and memory left behind, and
 * whether the system calls it counts are those it makes (a tracer counts them).
 */
#include "io_world.h"

#include "system_calls.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* There where the build checks addresses: finds what nothing points at any more. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void *raise_later(void *fd)
{
	usleep(20000);
	cr_assert_eq(eventfd_write(*(int *)fd, 1), 0);
	return NULL;
}

Test(io_kernel, another_thread_ends_an_endless_wait, .timeout = 60)
{
	struct subject subject = {0};
	struct world world;
	pthread_t thread;

	world_open(&world, NULL);
	world_add(&world, &subject, SIPRING_IO_POLLED, io_sockets_event(world.io));
	world_turn(&world, 0);
	for (unsigned i = 0; i < 5; i++) {
		cr_assert_eq(pthread_create(&thread, NULL, raise_later, &subject.fd), 0);
		subject.n_readable = 0;
		while (!subject.n_readable)
			world_turn(&world, -1);
		cr_assert_eq(pthread_join(thread, NULL), 0);
		io_sockets_lower(world.io, subject.fd);
		world_turn(&world, 0);
	}
	world_close(&world);
	close(subject.fd);
}

static bool polls_readable(int fd, int timeout_ms)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};

	return poll(&one, 1, timeout_ms) == 1 && (one.revents & POLLIN);
}

/* As a host does it: sleeps in its own poll, and turns without waiting when that says so. */
static void host_until(struct world *world, int pollable, const unsigned *counter, unsigned n)
{
	for (unsigned i = 0; *counter < n; i++) {
		cr_assert_lt(i, 10000);
		cr_assert(polls_readable(pollable, 10000), "%u of %u, and the fd stays silent",
			*counter, n);
		world_turn(world, 0);
	}
}

Test(io_kernel, the_pollable_fd_tells_of_events)
{
	struct world world;
	struct subject *subject;
	int pollable, far;

	world_open(&world, NULL);
	pollable = world.io->ops->pollable(world.io);
	cr_assert_geq(pollable, 0);
	cr_assert_eq(world.io->ops->pollable(world.io), pollable);
	subject = world_add_pair(&world, &far);
	world_turn(&world, 0);
	world_idle(&world);
	cr_assert_not(polls_readable(pollable, 0));
	for (unsigned i = 0; i < 20; i++) {
		cr_assert_eq(io_sockets_write(world.io, far, "x", 1), 1);
		host_until(&world, pollable, &subject->n_messages, i + 1);
	}
	/* Signals may come late (6.12), but none without end: a host must be able to sleep. */
	for (unsigned i = 0; polls_readable(pollable, 50); i++) {
		cr_assert_lt(i, 10, "readable with nothing there");
		world_turn(&world, 0);
		cr_assert_eq(world.n_events_of_turn, 0);
	}
	io_sockets_close(world.io, far);
	host_until(&world, pollable, &subject->n_over, 1);
	world_close(&world);
	world_forget(subject);
}

/* More than a turn takes: the fd must stay readable until the last is taken. */
Test(io_kernel, the_pollable_fd_tells_of_what_a_turn_left)
{
	enum { N_SOCKETS = 40, N = 160 };
	struct sipring_io_config large = {.n_buffers = 8192, .buffer_size = 256, .n_sends = 64};
	struct subject *subjects[N_SOCKETS];
	struct io_sockets_name names[N_SOCKETS], from;
	struct world world;
	int pollable, far;

	world_open(&world, &large);
	pollable = world.io->ops->pollable(world.io);
	far = io_sockets_datagram(world.io, &from);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		subjects[s] = world_add_datagram(&world, &names[s]);
	world_turn(&world, 0);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		for (unsigned i = 0; i < N; i++)
			cr_assert_eq(io_sockets_write_to(world.io, far, &names[s], "datagram", 8),
				8);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		host_until(&world, pollable, &subjects[s]->n_messages, N);
	close(far);
	world_close(&world);
	for (unsigned s = 0; s < N_SOCKETS; s++) {
		close(subjects[s]->fd);
		world_forget(subjects[s]);
	}
}

/* Sends queued beyond one turn's queue, driven by the host's poll alone. */
Test(io_kernel, the_pollable_fd_tells_of_sends_left_over)
{
	struct world world;
	struct subject *subject;
	struct io_sockets_name own, to;
	int pollable, far;

	world_open(&world, NULL);
	pollable = world.io->ops->pollable(world.io);
	subject = world_add_datagram(&world, &own);
	far = io_sockets_datagram(world.io, &to);
	for (unsigned i = 0; i < 100; i++)
		world_post(&(struct post){.subject = subject, .data = "x", .size = 1, .name = &to});
	world_turn(&world, 0);
	host_until(&world, pollable, &subject->n_sent, 100);
	close(far);
	world_close(&world);
	close(subject->fd);
	world_forget(subject);
}

/* A datagram socket that is connected hears of ICMP errors; it goes on. */
Test(io_kernel, an_icmp_error_does_not_end_a_datagram_socket)
{
	struct io_sockets_name own, gone;
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_datagram(&world, &own);
	far = io_sockets_datagram(world.io, &gone);
	cr_assert_eq(connect(subject->fd, (struct sockaddr *)&gone.address, gone.size), 0);
	close(far);
	world_turn(&world, 0);
	for (unsigned i = 0; i < 6; i++) {
		world_send(subject, "to nobody", 9);
		world_until(&world, &subject->n_sent, i + 1);
		world_idle(&world);
	}
	cr_assert_eq(subject->n_over, 0);
	cr_assert_not(subject->socket.stalled);
	far = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(far, (struct sockaddr *)&gone.address, gone.size), 0);
	cr_assert_eq(io_sockets_write_to(world.io, far, &own, "alive", 5), 5);
	world_until(&world, &subject->n_messages, 1);
	close(far);
	world_close(&world);
	close(subject->fd);
	world_forget(subject);
}

/* Out of descriptors: the listener is over, and goes on when it is added again. */
Test(io_kernel, a_listener_survives_running_out_of_descriptors)
{
	struct subject listener = {0};
	struct rlimit limit, none;
	struct world world;
	int far[3];

	world_open(&world, NULL);
	world_add(&world, &listener, SIPRING_IO_LISTENER, io_sockets_listener(world.io));
	for (unsigned i = 0; i < 3; i++)
		far[i] = io_sockets_connect(world.io, listener.fd);
	/* Before the first turn: io_uring looks at the limit when it starts to accept. */
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (unsigned i = 0; i < 100 && !listener.n_over; i++)
		world_turn(&world, 10000000);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_assert_eq(listener.n_over, 1);
	cr_assert_eq(listener.over_result, -EMFILE);
	world_add(&world, &listener, SIPRING_IO_LISTENER, listener.fd);
	world_until(&world, &listener.n_accepted, 3);
	for (unsigned i = 0; i < 3; i++) {
		close(listener.accepted[i]);
		close(far[i]);
	}
	world_remove(&listener);
	world_until(&world, &listener.n_closed, 1);
	world_close(&world);
}

static void close_in_the_middle(unsigned when)
{
	struct subject *listener = calloc(1, sizeof *listener), *subject;
	struct sipring_io_event event;
	struct world world;
	int far, connected[8];

	world_open(&world, NULL);
	if (when % 2)
		(void)world.io->ops->pollable(world.io);
	world_add(&world, listener, SIPRING_IO_LISTENER, io_sockets_listener(world.io));
	subject = world_add_pair(&world, &far);
	world_turn(&world, 0);
	for (unsigned i = 0; i < 8; i++)
		connected[i] = io_sockets_connect(world.io, listener->fd);
	cr_assert_eq(io_sockets_write(world.io, far, "x", 1), 1);
	world_send(subject, "y", 1);
	/* Accepted, received and sent, in part or not told at all. */
	if (when > 1)
		cr_assert_eq(world.io->ops->turn(world.io, 0), 0);
	for (unsigned i = 3; i < when; i++)
		if (world.io->ops->next(world.io, &event) && event.type == SIPRING_IO_ACCEPTED)
			close(event.result);
	world_close(&world);
	close(listener->fd);
	close(subject->fd);
	close(far);
	for (unsigned i = 0; i < 8; i++)
		close(connected[i]);
	world_forget(subject);
	world_forget(listener);
}

Test(io_kernel, close_leaves_nothing_behind)
{
	unsigned n_before;

	close_in_the_middle(0);
	n_before = io_sockets_n_open(NULL);
	for (unsigned when = 0; when < 8; when++) {
		close_in_the_middle(when);
		cr_assert_eq(io_sockets_n_open(NULL), n_before, "descriptors left, case %u", when);
	}
	if (__lsan_do_recoverable_leak_check)
		cr_assert_eq(__lsan_do_recoverable_leak_check(), 0, "memory left");
}

/* What runs under the tracer makes no calls but those of the io and, named apart, its own. */
static void turns_with_traffic(struct sipring_io *io, struct sipring_io_socket *socket, int far,
	unsigned n_sends, struct sipring_io_send *sends)
{
	struct sipring_io_event event;

	for (unsigned i = 0; i < 10; i++)
		(void)syscall(SYS_sendto, far, "some message", 12, MSG_DONTWAIT, NULL, 0);
	for (unsigned i = 0; i < n_sends; i++)
		io->ops->send(io, &sends[i]);
	io->ops->turn(io, 0);
	while (io->ops->next(io, &event))
		system_calls_note(event.type);
	(void)socket;
}

#define N_ROUNDS 8
#define N_SENDS 10

static struct {
	struct sipring_io *io;
	struct sipring_io_socket socket;
	struct sipring_io_send sends[N_SENDS];
	struct iovec part;
	int far;
	uint64_t n_counted;
	uint64_t n_turns;
	bool chained;
	bool pollable;
} traced;

static void prepare_traced(void)
{
	static const struct sipring_io_config config = {.n_buffers = 64,
		.buffer_size = 512,
		.n_sends = 64};
	static char bytes[10];
	struct sipring_error error;
	int fds[2];

	if (CONTRACT_IO.open(&traced.io, &config, &error) < 0)
		_exit(9);
	if (traced.pollable)
		(void)traced.io->ops->pollable(traced.io);
	io_sockets_pair(traced.io, fds);
	traced.far = fds[1];
	traced.socket.fd = fds[0];
	traced.socket.kind = SIPRING_IO_ASSOCIATED;
	traced.part = (struct iovec){bytes, sizeof bytes};
	for (unsigned i = 0; i < N_SENDS; i++)
		traced.sends[i] = (struct sipring_io_send){.socket = &traced.socket,
			.parts = &traced.part,
			.n_parts = 1,
			.flags = traced.chained ? SIPRING_IO_CHAINED : 0};
	traced.io->ops->add(traced.io, &traced.socket);
	traced.io->ops->turn(traced.io, 0);
}

static void run_traced(void)
{
	uint64_t n_calls = traced.io->counters.n_system_calls;
	uint64_t n_turns = traced.io->counters.n_turns;

	for (unsigned i = 0; i < N_ROUNDS; i++)
		turns_with_traffic(traced.io, &traced.socket, traced.far, i % 3 ? N_SENDS / 3 : 0,
			traced.sends + i % 3);
	traced.n_counted = traced.io->counters.n_system_calls - n_calls;
	traced.n_turns = traced.io->counters.n_turns - n_turns;
}

static void run_removal(void)
{
	struct sipring_io_event event;
	uint64_t n_calls = traced.io->counters.n_system_calls;

	traced.io->ops->remove(traced.io, &traced.socket);
	for (bool closed = false; !closed;) {
		while (traced.io->ops->next(traced.io, &event))
			closed |= event.type == SIPRING_IO_CLOSED;
		traced.io->ops->turn(traced.io, 0);
	}
	traced.n_counted = traced.io->counters.n_system_calls - n_calls;
}

static void prepare_listener(void)
{
	static const struct sipring_io_config config = {.n_buffers = 8,
		.buffer_size = 512,
		.n_sends = 8};
	struct sipring_error error;

	if (CONTRACT_IO.open(&traced.io, &config, &error) < 0)
		_exit(9);
	traced.socket.fd = io_sockets_listener(traced.io);
	traced.socket.kind = SIPRING_IO_LISTENER;
	traced.io->ops->add(traced.io, &traced.socket);
	traced.io->ops->turn(traced.io, 0);
	for (unsigned i = 0; i < 6; i++)
		(void)io_sockets_connect(traced.io, traced.socket.fd);
}

/* What was accepted is closed unseen; each of these closes is a call too. */
static void run_listener_removal(void)
{
	uint64_t n_calls = traced.io->counters.n_system_calls;

	traced.io->ops->turn(traced.io, 0);
	run_removal();
	traced.n_counted = traced.io->counters.n_system_calls - n_calls;
}

static uint64_t report_counted(void)
{
	return traced.n_counted;
}

static void check_honest(void (*prepare)(void), void (*run)(void), unsigned n_own)
{
	struct system_calls calls;

	if (!system_calls_trace(&calls, prepare, run, report_counted))
		cr_skip_test("tracing (ptrace) is not allowed here");
	cr_assert_gt(calls.n, n_own);
	cr_assert_eq(calls.n - n_own, calls.reported, "%lu made, %lu counted", calls.n - n_own,
		calls.reported);
}

Test(io_kernel, system_calls_are_counted_as_they_are)
{
	check_honest(prepare_traced, run_traced, 10 * N_ROUNDS);
}

Test(io_kernel, system_calls_are_counted_when_the_host_polls_too)
{
	traced.pollable = true;
	check_honest(prepare_traced, run_traced, 10 * N_ROUNDS);
}

Test(io_kernel, system_calls_of_a_removal_are_counted_too)
{
	check_honest(prepare_traced, run_removal, 0);
	check_honest(prepare_listener, run_listener_removal, 0);
}

/* The figure that all is built for: N receives and M sends, one system call. */
Test(io_kernel, a_turn_of_io_uring_is_one_system_call)
{
	struct system_calls calls;

	if (strcmp(CONTRACT_IO.name, "io_uring") != 0)
		cr_skip_test("epoll makes a call per message; that is what io_uring is for");
	for (unsigned chained = 0; chained < 2; chained++) {
		traced.chained = chained;
		if (!system_calls_trace(&calls, prepare_traced, run_traced, report_counted))
			cr_skip_test("tracing (ptrace) is not allowed here");
		cr_assert_eq(calls.n_of[SYS_io_uring_enter], N_ROUNDS);
		cr_assert_eq(calls.n, N_ROUNDS + 10 * N_ROUNDS);
		cr_assert_eq(calls.noted[SIPRING_IO_RECEIVED], 10 * N_ROUNDS);
		cr_assert_eq(calls.noted[SIPRING_IO_SENT], N_SENDS / 3 * (N_ROUNDS * 2 / 3));
	}
}
