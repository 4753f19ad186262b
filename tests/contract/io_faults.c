/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults that the fake io produces on demand. They keep the contract as the real ones would, so
 * that code above can be tested against them.
 */
#include "io_world.h"

#include "fake/fake_io.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(io_faults, the_nth_send_fails)
{
	struct world world;
	struct subject *subject;
	struct posted *posted[6];
	char read[10];
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	fake_io_fail_send(world.io, subject->fd, 3, ECONNRESET);
	for (unsigned i = 0; i < 6; i++)
		posted[i] = world_post(&(struct post){.subject = subject,
			.data = "x",
			.size = 1,
			.flags = SIPRING_IO_CHAINED});
	world_until(&world, &subject->n_sent, 6);
	for (unsigned i = 0; i < 6; i++)
		cr_assert_eq(posted[i]->result, i < 2 ? 1 : i == 2 ? -ECONNRESET : -ECANCELED);
	world.io->ops->await_writable(world.io, &subject->socket);
	world_until(&world, &subject->n_writable, 1);
	posted[0] = world_send(subject, "y", 1);
	world_until(&world, &subject->n_sent, 7);
	cr_assert_eq(posted[0]->result, 1, "it fails once");
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(io_sockets_read(world.io, far, read, sizeof read), 1);
	cr_assert_eq(io_sockets_read(world.io, far, read, sizeof read), -EAGAIN);
	world_close(&world);
	world_forget(subject);
}

Test(io_faults, a_failed_accept_ends_the_listener_until_it_is_added_again)
{
	struct subject listener = {0};
	struct world world;

	world_open(&world, NULL);
	world_add(&world, &listener, SIPRING_IO_LISTENER, io_sockets_listener(world.io));
	fake_io_fail_accept(world.io, listener.fd, EMFILE);
	for (unsigned i = 0; i < 3; i++)
		(void)io_sockets_connect(world.io, listener.fd);
	world_until(&world, &listener.n_over, 1);
	cr_assert_eq(listener.over_result, -EMFILE);
	world_idle(&world);
	cr_assert_eq(listener.n_accepted, 0);
	world_add(&world, &listener, SIPRING_IO_LISTENER, listener.fd);
	world_until(&world, &listener.n_accepted, 3);
	world_close(&world);
}

Test(io_faults, a_receive_ends)
{
	static const int errors[] = {0, ETIMEDOUT, ECONNRESET};

	for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		struct world world;
		struct subject *subject;
		struct posted *posted;
		int far;

		world_open(&world, NULL);
		subject = world_add_pair(&world, &far);
		fake_io_end_receive(world.io, subject->fd, errors[i]);
		world_until(&world, &subject->n_over, 1);
		cr_assert_eq(subject->over_result, -errors[i]);
		posted = world_send(subject, "x", 1);
		world_until(&world, &subject->n_sent, 1);
		cr_assert_eq(posted->result, 1);
		world_close(&world);
		world_forget(subject);
	}
}

/* One line for each event of a run of pairs that talk: the same for the same seed only. */
static void record(uint64_t seed, char *line, size_t size)
{
	struct subject *subjects[4];
	struct world world;
	size_t n = 0;
	int far[4];

	memset(line, 0, size);
	world_open(&world, NULL);
	io_sockets_begin(world.io, seed, IO_SOCKETS_FICKLE);
	for (unsigned s = 0; s < 4; s++)
		subjects[s] = world_add_pair(&world, &far[s]);
	for (unsigned i = 0; i < 40; i++) {
		world_send(subjects[i % 4], "some bytes", 10);
		cr_assert_eq(io_sockets_write(world.io, far[i * 3 % 4], "other bytes", 11), 11);
		world_turn(&world, 0);
		for (unsigned s = 0; s < 4; s++) {
			line[n++] = (char)('a' + subjects[s]->n_sent % 26);
			line[n++] = (char)('a' + subjects[s]->n_messages % 26);
			cr_assert_lt(n, size);
		}
	}
	world_close(&world);
	for (unsigned s = 0; s < 4; s++)
		world_forget(subjects[s]);
}

Test(io_faults, equal_seeds_give_equal_runs)
{
	char one[512], same[512], other[512];

	record(7, one, sizeof one);
	record(7, same, sizeof same);
	record(8, other, sizeof other);
	cr_assert_str_eq(one, same);
	cr_assert_str_neq(one, other);
}

Test(io_faults, every_habit_shows)
{
	static const struct fake_io_habits habits[] = {{.pieces = 90}, {.late = 90}, {.again = 90},
		{.no_buffers = 90}};

	for (unsigned h = 0; h < 4; h++) {
		struct world world;
		struct subject *subject;
		struct posted *posted;
		int far;

		world_open(&world, NULL);
		fake_io_set(world.io, 3, &habits[h]);
		subject = world_add_pair(&world, &far);
		for (unsigned i = 0; i < 10; i++)
			cr_assert_eq(io_sockets_write(world.io, far, "long enough", 11), 11);
		posted = world_send(subject, "x", 1);
		world_turn(&world, 0);
		if (habits[h].late)
			cr_assert_not_null(posted->sending);
		world_until(&world, &subject->n_messages, 10);
		world_until(&world, &subject->n_sent, 1);
		cr_assert_eq(posted->result, habits[h].again ? -EAGAIN : 1);
		if (habits[h].pieces)
			cr_assert_gt(world.io->counters.n_received, 10);
		else
			cr_assert_eq(world.io->counters.n_received, 10);
		cr_assert_eq(world.io->counters.n_no_buffers > 0, habits[h].no_buffers > 0);
		cr_assert_eq(world.io->counters.n_system_calls, 0);
		world_close(&world);
		world_forget(subject);
	}
}
