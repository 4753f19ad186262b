/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The io contract: turns. What is polled, how long a turn waits, and what it leaves for the next.
 */
#include "io_world.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)

Test(io_turn, a_polled_fd_is_readable_while_it_has_something)
{
	struct subject subject = {0};
	struct world world;

	world_open(&world, NULL);
	world_add(&world, &subject, SIPRING_IO_POLLED, io_sockets_event(world.io));
	world_idle(&world);
	cr_assert_eq(subject.n_readable, 0);
	io_sockets_raise(world.io, subject.fd);
	world_until(&world, &subject.n_readable, 1);
	world_until(&world, &subject.n_readable, 2); /* level, not edge */
	world_until(&world, &subject.n_readable, 5);
	io_sockets_lower(world.io, subject.fd);
	world_turn(&world, 0); /* one may be on its way still */
	subject.n_readable = 0;
	world_idle(&world);
	cr_assert_eq(subject.n_readable, 0);
	io_sockets_raise(world.io, subject.fd);
	world_until(&world, &subject.n_readable, 1);
	world_remove(&subject);
	world_until(&world, &subject.n_closed, 1);
	world_close(&world);
}

Test(io_turn, an_eventfd_that_nobody_reads_tells_of_each_write)
{
	struct subject subject = {0};
	struct world world;

	world_open(&world, NULL);
	world_add(&world, &subject, SIPRING_IO_EVENTFD, io_sockets_event(world.io));
	world_idle(&world);
	cr_assert_eq(subject.n_readable, 0);
	for (unsigned i = 1; i <= 100; i++) {
		io_sockets_raise(world.io, subject.fd);
		world_until(&world, &subject.n_readable, i);
		cr_assert_eq(subject.n_readable, i);
	}
	world_idle(&world);
	cr_assert_eq(subject.n_readable, 100, "it told of what was told already");
	/* Of several at once it tells at least once. */
	io_sockets_raise(world.io, subject.fd);
	io_sockets_raise(world.io, subject.fd);
	world_until(&world, &subject.n_readable, 101);
	world_idle(&world);
	cr_assert_leq(subject.n_readable, 102);
	world_remove(&subject);
	world_until(&world, &subject.n_closed, 1);
	world_close(&world);
}

/* Its owner may want to write to a polled fd: a connection that is being made, a full pipe. */
Test(io_turn, a_polled_fd_tells_once_when_it_takes_something)
{
	struct subject subject = {0};
	struct world world;

	world_open(&world, NULL);
	world_add(&world, &subject, SIPRING_IO_POLLED, io_sockets_event(world.io));
	world_idle(&world);
	cr_assert_eq(subject.n_writable, 0, "it was not asked for");
	world.io->ops->await_writable(world.io, &subject.socket);
	world_until(&world, &subject.n_writable, 1);
	world_idle(&world);
	cr_assert_eq(subject.n_writable, 1);
	cr_assert_eq(subject.n_readable, 0);
	/* Asked for while it has something to read too: both are told. */
	io_sockets_raise(world.io, subject.fd);
	world.io->ops->await_writable(world.io, &subject.socket);
	world_until(&world, &subject.n_writable, 2);
	world_until(&world, &subject.n_readable, 2);
	/* Asked for and given up at once. */
	world.io->ops->await_writable(world.io, &subject.socket);
	world_remove(&subject);
	world_until(&world, &subject.n_closed, 1);
	world_close(&world);
}

Test(io_turn, waits_as_long_as_asked_and_no_less)
{
	static const uint64_t waits_ns[] = {0, 1, 500000, 3 * MS, 40 * MS};
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	world_turn(&world, 0);
	for (unsigned i = 0; i < sizeof waits_ns / sizeof waits_ns[0]; i++) {
		uint64_t began_ns = io_sockets_clock_ns(world.io);

		world_turn(&world, (int64_t)waits_ns[i]);
		cr_assert_geq(io_sockets_clock_ns(world.io) - began_ns, waits_ns[i]);
		cr_assert_eq(world.n_events_of_turn, 0);
	}
	cr_assert_eq(world.io->counters.n_turns, 6);
	world_close(&world);
	world_forget(subject);
}

/* Turns that ended before their time leave nothing behind that ends a later one too soon. */
Test(io_turn, waits_no_less_after_waits_that_were_cut_short)
{
	static const int64_t waits_ms[] = {500, 3, 250, 20, 60, 2};
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	for (unsigned i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
		uint64_t began_ns;

		cr_assert_eq(io_sockets_write(world.io, far, "x", 1), 1);
		world_turn(&world, waits_ms[i] * (int64_t)MS);
		world_until(&world, &subject->n_messages, i + 1);
		began_ns = io_sockets_clock_ns(world.io);
		world_turn(&world, 30 * (int64_t)MS);
		cr_assert_geq(io_sockets_clock_ns(world.io) - began_ns, 30 * MS);
		cr_assert_eq(world.n_events_of_turn, 0);
	}
	world_remove(subject);
	world_until(&world, &subject->n_closed, 1);
	world_close(&world);
	world_forget(subject);
}

/* With an hour to wait, a turn that returns at all did not wait for it. */
Test(io_turn, does_not_wait_where_something_is_there, .timeout = 60)
{
	const int64_t hour_ns = INT64_C(3600) * 1000 * 1000000;
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	cr_assert_eq(io_sockets_write(world.io, far, "x", 1), 1);
	world_turn(&world, hour_ns);
	cr_assert_eq(subject->n_messages, 1, "received");
	world_send(subject, "y", 1);
	world_turn(&world, hour_ns);
	cr_assert_eq(subject->n_sent, 1, "sent");
	world_send(subject, "z", 1);
	world_turn(&world, -1);
	cr_assert_eq(subject->n_sent, 2, "sent, without end");
	world_remove(subject);
	while (!subject->n_closed)
		world_turn(&world, hour_ns);
	world_close(&world);
	world_forget(subject);
}

/* More sends than the queue takes, and more sockets to start: no turn waits with some left. */
Test(io_turn, does_not_wait_with_something_left_over, .timeout = 60)
{
	enum { N = 50 };
	struct subject *subjects[N];
	struct world world;
	int far[N];

	world_open(&world, NULL);
	for (unsigned i = 0; i < N; i++) {
		subjects[i] = world_add_pair(&world, &far[i]);
		world_send(subjects[i], "x", 1);
		world_send(subjects[i], "y", 1);
		cr_assert_eq(io_sockets_write(world.io, far[i], "z", 1), 1);
	}
	for (unsigned i = 0; i < N; i++)
		while (subjects[i]->n_sent < 2 || subjects[i]->n_messages < 1)
			world_turn(&world, -1);
	for (unsigned i = 0; i < N; i++)
		world_remove(subjects[i]);
	for (unsigned i = 0; i < N; i++)
		while (!subjects[i]->n_closed)
			world_turn(&world, -1);
	world_close(&world);
	for (unsigned i = 0; i < N; i++)
		world_forget(subjects[i]);
}

/* Only the last of many sockets has something: all are started before anything is waited for. */
Test(io_turn, does_not_wait_before_all_are_started, .timeout = 60)
{
	enum { N = 50 };
	struct subject *subjects[N];
	struct world world;
	int far[N];

	world_open(&world, NULL);
	for (unsigned i = 0; i < N; i++)
		subjects[i] = world_add_pair(&world, &far[i]);
	cr_assert_eq(io_sockets_write(world.io, far[N - 1], "z", 1), 1);
	while (!subjects[N - 1]->n_messages)
		world_turn(&world, -1);
	world_close(&world);
	for (unsigned i = 0; i < N; i++)
		world_forget(subjects[i]);
}

/* More events than one turn hands out. */
Test(io_turn, the_rest_comes_next_time)
{
	enum { N_SOCKETS = 60, N = 20 };
	struct sipring_io_config large = {.n_buffers = 64, .buffer_size = 256, .n_sends = 2048};
	struct subject *subjects[N_SOCKETS];
	struct world world;
	int far[N_SOCKETS];
	unsigned n_turns = 0, n_whole = 0;

	world_open(&world, &large);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		subjects[s] = world_add_pair(&world, &far[s]);
	world_turn(&world, 0);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		for (unsigned i = 0; i < N; i++) {
			world_send(subjects[s], "sent", 4);
			cr_assert_eq(io_sockets_write(world.io, far[s], "read", 4), 4);
		}
	while (n_whole < N_SOCKETS) {
		world_turn(&world, -1);
		n_turns++;
		n_whole = 0;
		for (unsigned s = 0; s < N_SOCKETS; s++)
			n_whole += subjects[s]->n_sent == N && subjects[s]->n_messages == N;
	}
	cr_assert_gt(n_turns, 1);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		for (unsigned i = 0; i < N; i++)
			cr_assert_eq(memcmp(subjects[s]->messages[i].bytes, "read", 4), 0);
	world_close(&world);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		world_forget(subjects[s]);
}

/* A host that polls goes by this for what it queued: it must neither sleep on it nor spin. */
Test(io_turn, pending_tells_what_only_a_turn_does)
{
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	cr_assert_not(world.io->ops->pending(world.io));
	subject = world_add_pair(&world, &far);
	world_turn(&world, 0);
	cr_assert_not(world.io->ops->pending(world.io), "armed and quiet");
	for (unsigned i = 1; i <= 30; i++)
		world_send(subject, "x", 1);
	cr_assert(world.io->ops->pending(world.io), "sends are queued");
	for (unsigned i = 0; world.io->ops->pending(world.io); i++) {
		cr_assert_lt(i, 1000);
		world_turn(&world, 0);
	}
	world_until(&world, &subject->n_sent, 30);
	world_send(subject, "x", 1);
	world_remove(subject);
	cr_assert(world.io->ops->pending(world.io), "a send is to be cancelled");
	world_until(&world, &subject->n_closed, 1);
	cr_assert_not(world.io->ops->pending(world.io), "all is told");
	world_close(&world);
	world_forget(subject);
}
