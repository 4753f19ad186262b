/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The io contract: the life of a socket. Giving it up in every situation ends with CLOSED, after
 * which its memory is the owner's: here it is overwritten and freed at once.
 */
#include "io_world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char bytes[200];

/* To the CLOSED, then nothing of it may be touched: a checker of addresses sees who does. */
static void close_and_free(struct world *world, struct subject *subject)
{
	world_until(world, &subject->n_closed, 1);
	world_idle(world);
	cr_assert_eq(subject->n_closed, 1);
	memset(&subject->socket, 0x55, sizeof subject->socket);
	world_forget(subject);
	world_idle(world);
}

Test(io_life, remove_before_any_turn)
{
	struct world world;
	struct subject *subject;
	char read[10];
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	world_remove(subject);
	close_and_free(&world, subject);
	cr_assert_eq(io_sockets_read(world.io, far, read, sizeof read), 0, "the far side sees it");
	world_close(&world);
}

Test(io_life, remove_with_a_receive_in_flight)
{
	struct world world;
	struct subject *subject;
	char read[10];
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	world_turn(&world, 0);
	world_turn(&world, 0);
	world_remove(subject);
	close_and_free(&world, subject);
	cr_assert_eq(io_sockets_read(world.io, far, read, sizeof read), 0);
	world_close(&world);
}

Test(io_life, remove_with_messages_unread)
{
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	world_turn(&world, 0);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(io_sockets_write(world.io, far, bytes, 100), 100);
	world_remove(subject);
	close_and_free(&world, subject);
	world_close(&world);
}

Test(io_life, remove_with_sends_queued)
{
	enum { N = 30 };
	struct world world;
	struct subject *subject;
	struct posted *posted[N];
	char read[200];
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	world_turn(&world, 0);
	for (unsigned i = 0; i < N; i++)
		posted[i] = world_send(subject, bytes, 100);
	world_remove(subject);
	world_until(&world, &subject->n_closed, 1);
	for (unsigned i = 0; i < N; i++) {
		cr_assert_eq(posted[i]->result, -ECANCELED);
		cr_assert_eq(posted[i]->place, i);
	}
	cr_assert_eq(io_sockets_read(world.io, far, read, sizeof read), 0, "none of them went");
	close_and_free(&world, subject);
	world_close(&world);
}

/* Some went with a turn, some were left over by it. */
Test(io_life, remove_with_sends_half_gone)
{
	enum { N = 30 };
	struct world world;
	struct subject *subject;
	struct posted *posted[N];
	bool cancelled = false;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	for (unsigned i = 0; i < N; i++)
		posted[i] = world_post(&(struct post){.subject = subject,
			.data = bytes,
			.size = 100,
			.flags = SIPRING_IO_CHAINED});
	world_turn(&world, 0);
	world_remove(subject);
	world_until(&world, &subject->n_closed, 1);
	for (unsigned i = 0; i < N; i++) {
		cancelled |= posted[i]->result == -ECANCELED;
		cr_assert_eq(posted[i]->result, cancelled ? -ECANCELED : 100);
		cr_assert_eq(posted[i]->place, i);
	}
	close_and_free(&world, subject);
	world_close(&world);
}

Test(io_life, remove_while_writable_is_awaited)
{
	struct world world;
	struct subject *subject;
	struct posted *posted;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	do {
		posted = world_send(subject, bytes, 200);
		world_until(&world, &subject->n_sent, subject->n_sent + 1);
	} while (posted->result > 0);
	world.io->ops->await_writable(world.io, &subject->socket);
	world_turn(&world, 0);
	world_turn(&world, 0);
	world_remove(subject);
	close_and_free(&world, subject);
	world_close(&world);
}

static void remove_at_first(struct subject *subject, const struct sipring_io_event *event)
{
	(void)event;
	if (!subject->given_up)
		world_remove(subject);
}

static void remove_at_third(struct subject *subject, const struct sipring_io_event *event)
{
	(void)event;
	if (!subject->given_up && subject->n_messages + subject->n_sent >= 3)
		world_remove(subject);
}

Test(io_life, remove_inside_the_handling_of_its_events)
{
	static void (*const acts[])(struct subject *,
		const struct sipring_io_event *) = {remove_at_first, remove_at_third};

	for (unsigned a = 0; a < 2; a++) {
		struct world world;
		struct subject *subject;
		int far;

		world_open(&world, NULL);
		subject = world_add_pair(&world, &far);
		subject->act = acts[a];
		world_turn(&world, 0);
		for (unsigned i = 0; i < 8; i++)
			cr_assert_eq(io_sockets_write(world.io, far, bytes, 100), 100);
		for (unsigned i = 0; i < 20; i++)
			world_send(subject, bytes, 50);
		world_until(&world, &subject->n_closed, 1);
		cr_assert_eq(subject->n_sent, 20);
		close_and_free(&world, subject);
		world_close(&world);
	}
}

Test(io_life, remove_at_over)
{
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	subject->act = remove_at_first;
	io_sockets_close(world.io, far);
	close_and_free(&world, subject);
	world_close(&world);
}

/* The memory of a closed socket is taken for the next, many times, in the same place. */
Test(io_life, the_same_memory_again)
{
	struct world world;
	struct subject *subject = calloc(1, sizeof *subject);
	unsigned n_before = 0, n_messages = 0;

	world_open(&world, NULL);
	for (unsigned i = 0; i < 50; i++) {
		int fds[2];

		io_sockets_pair(world.io, fds);
		world_add(&world, subject, SIPRING_IO_ASSOCIATED, fds[0]);
		cr_assert_eq(io_sockets_write(world.io, fds[1], bytes, 100), 100);
		world_send(subject, bytes, 10);
		if (i % 3) {
			world_until(&world, &subject->n_messages, n_messages + 1);
			n_messages = subject->n_messages;
		} else if (i % 2) {
			world_turn(&world, 0);
		}
		world_remove(subject);
		world_until(&world, &subject->n_closed, 1);
		n_messages = subject->n_messages;
		io_sockets_close(world.io, fds[1]);
		if (i == 0)
			n_before = io_sockets_n_open(world.io);
	}
	cr_assert_eq(subject->n_sent, 50);
	cr_assert_eq(io_sockets_n_open(world.io), n_before, "sockets were lost");
	world_close(&world);
	world_forget(subject);
}

Test(io_life, an_ended_socket_can_be_started_again)
{
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	for (unsigned i = 0; i < 5; i++) {
		cr_assert_eq(io_sockets_write(world.io, far, "", 0), 0);
		world_until(&world, &subject->n_over, 1);
		cr_assert_eq(subject->over_result, 0);
		world_add(&world, subject, SIPRING_IO_ASSOCIATED, subject->fd);
		cr_assert_eq(io_sockets_write(world.io, far, bytes, 100), 100);
		world_until(&world, &subject->n_messages, i + 1);
	}
	world_remove(subject);
	close_and_free(&world, subject);
	world_close(&world);
}

Test(io_life, what_cannot_be_received_from_is_over)
{
	static const enum sipring_io_kind kinds[] = {SIPRING_IO_LISTENER, SIPRING_IO_ASSOCIATED,
		SIPRING_IO_DATAGRAM, SIPRING_IO_POLLED, SIPRING_IO_EVENTFD};
	struct io_sockets_name name;
	struct world world;

	world_open(&world, NULL);
	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct subject *subject = calloc(1, sizeof *subject);
		int fd = io_sockets_datagram(world.io, &name);

		io_sockets_close(world.io, fd);
		world_add(&world, subject, kinds[i], fd);
		world_until(&world, &subject->n_over, 1);
		cr_assert_eq(subject->over_result, -EBADF, "kind %u: %d", i, subject->over_result);
		world_idle(&world);
		cr_assert_eq(subject->n_over, 1);
		world_remove(subject);
		close_and_free(&world, subject);
	}
	world_close(&world);
}

/* A datagram socket's errors concern one peer; but one that cannot receive at all must not spin. */
Test(io_life, the_wrong_kind_of_fd_is_over)
{
	static const enum sipring_io_kind kinds[] = {SIPRING_IO_LISTENER, SIPRING_IO_ASSOCIATED,
		SIPRING_IO_DATAGRAM};
	struct world world;

	world_open(&world, NULL);
	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct subject *subject = calloc(1, sizeof *subject);
		int fd = io_sockets_event(world.io);

		io_sockets_raise(world.io, fd);
		world_add(&world, subject, kinds[i], fd);
		world_until(&world, &subject->n_over, 1);
		cr_assert_lt(subject->over_result, 0);
		world_remove(subject);
		close_and_free(&world, subject);
	}
	world_close(&world);
}

Test(io_life, remove_of_an_add_that_failed_and_told_nothing_yet)
{
	struct world world;
	struct subject *subject = calloc(1, sizeof *subject);
	int fd;
	struct io_sockets_name name;

	world_open(&world, NULL);
	fd = io_sockets_datagram(world.io, &name);
	io_sockets_close(world.io, fd);
	world_add(&world, subject, SIPRING_IO_DATAGRAM, fd);
	world_remove(subject);
	close_and_free(&world, subject);
	world_close(&world);
}

static void remove_listener_at_first(struct subject *subject, const struct sipring_io_event *event)
{
	if (event->type == SIPRING_IO_ACCEPTED && !subject->given_up)
		world_remove(subject);
}

/* What was accepted is told until CLOSED; of what waits for that the far side sees the end. */
Test(io_life, a_removed_listener_loses_no_fd)
{
	enum { N = 20 };

	for (unsigned round = 0; round < 3; round++) {
		struct subject *listener = calloc(1, sizeof *listener);
		struct world world;
		unsigned n_before;
		int far[N];
		char read[10];

		world_open(&world, NULL);
		world_add(&world, listener, SIPRING_IO_LISTENER, io_sockets_listener(world.io));
		world_turn(&world, 0);
		n_before = io_sockets_n_open(world.io);
		for (unsigned i = 0; i < N; i++)
			far[i] = io_sockets_connect(world.io, listener->fd);
		if (round == 0)
			world_remove(listener);
		else
			listener->act = remove_listener_at_first;
		if (round == 2)
			world_turn(&world, -1);
		world_until(&world, &listener->n_closed, 1);
		world_idle(&world);
		for (unsigned i = 0; i < listener->n_accepted; i++)
			io_sockets_close(world.io, listener->accepted[i]);
		cr_assert_geq(listener->n_accepted, round ? 1 : 0);
		for (unsigned i = 0; i < N; i++) {
			ssize_t r = io_sockets_read(world.io, far[i], read, sizeof read);

			cr_assert(r == 0 || r == -ECONNRESET, "%u: %zd", i, r);
			io_sockets_close(world.io, far[i]);
		}
		cr_assert_eq(io_sockets_n_open(world.io), n_before - 1);
		close_and_free(&world, listener);
		world_close(&world);
	}
}

Test(io_life, close_with_everything_open)
{
	struct subject listener = {0}, polled = {0};
	struct subject *pairs[4], *datagram;
	struct io_sockets_name name;
	struct world world;
	int far[4];

	world_open(&world, NULL);
	world_add(&world, &listener, SIPRING_IO_LISTENER, io_sockets_listener(world.io));
	world_add(&world, &polled, SIPRING_IO_POLLED, io_sockets_event(world.io));
	datagram = world_add_datagram(&world, &name);
	for (unsigned i = 0; i < 4; i++)
		pairs[i] = world_add_pair(&world, &far[i]);
	world_turn(&world, 0);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(io_sockets_write(world.io, far[i], bytes, 100), 100);
		world_send(pairs[i], bytes, 100);
		(void)io_sockets_connect(world.io, listener.fd);
	}
	world_turn(&world, 0);
	for (unsigned i = 0; i < 4; i++) {
		world_send(pairs[i], bytes, 100);
		cr_assert_eq(io_sockets_write(world.io, far[i], bytes, 100), 100);
	}
	world_remove(pairs[0]);
	world_close(&world);
	for (unsigned i = 0; i < 4; i++)
		world_forget(pairs[i]);
	world_forget(datagram);
}
