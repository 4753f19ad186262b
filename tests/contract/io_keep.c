/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The io contract: received bytes that somebody keeps. They stay as they are whatever else comes,
 * and when all buffers are kept, what comes waits in its socket, costs no turn, and nothing of it
 * is lost. Messages have one byte, so that no io cuts them.
 */
#include "io_world.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <string.h>

#define BUFFERS 16 /* as world_open has it */
#define PAUSE_NS 30000000

static struct {
	char *data[BUFFERS];
	unsigned n;
	unsigned wanted;
} kept;

static void mark(char *data, unsigned number)
{
	memset(data, (int)(number + 1), 1 + SIPRING_IO_TAIL);
}

static void keep_some(struct subject *subject, const struct sipring_io_event *event)
{
	struct sipring_io *io = subject->world->io;

	if (event->type != SIPRING_IO_RECEIVED || kept.n >= kept.wanted)
		return;
	io->ops->keep(io, event->data);
	mark(event->data, kept.n);
	kept.data[kept.n++] = event->data;
}

static void check_kept(void)
{
	for (unsigned i = 0; i < kept.n; i++)
		for (unsigned j = 0; j < 1 + SIPRING_IO_TAIL; j++)
			cr_assert_eq(kept.data[i][j], (char)(i + 1), "kept buffer %u", i);
}

static void give_back(struct world *world, unsigned n)
{
	while (n-- > 0)
		world->io->ops->give_back(world->io, kept.data[--kept.n]);
}

static void write_some(struct world *world, int far, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		char byte = (char)i;

		cr_assert_eq(io_sockets_write(world->io, far, &byte, 1), 1);
	}
}

/* Each message once and in order. */
static void check_order(const struct subject *subject, unsigned n)
{
	cr_assert_eq(subject->n_messages, n);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(subject->messages[i].bytes[0], (char)i, "message %u", i);
}

static struct subject *open_keeping(struct world *world, unsigned n, int *far)
{
	struct subject *subject;

	memset(&kept, 0, sizeof kept);
	kept.wanted = n;
	world_open(world, NULL);
	subject = world_add_pair(world, far);
	subject->act = keep_some;
	return subject;
}

Test(io_keep, what_is_kept_stays_while_others_come_and_go)
{
	struct world world;
	int far;
	struct subject *subject = open_keeping(&world, BUFFERS - 1, &far);

	for (unsigned i = 0; i < 10; i++) {
		write_some(&world, far, 10 * i, 10);
		world_until(&world, &subject->n_messages, 10 * (i + 1));
		check_kept();
	}
	cr_assert_eq(kept.n, BUFFERS - 1);
	give_back(&world, kept.n);
	kept.wanted = 0;
	for (unsigned i = 10; i < 20; i++) {
		write_some(&world, far, 10 * i, 10);
		world_until(&world, &subject->n_messages, 10 * (i + 1));
	}
	check_order(subject, 200);
	world_close(&world);
	world_forget(subject);
}

static uint64_t now_ns(struct world *world)
{
	return io_sockets_clock_ns(world->io);
}

Test(io_keep, with_all_kept_what_comes_waits)
{
	struct world world;
	struct subject *subject, *other;
	uint64_t began_ns;
	int far, far_of_other;

	subject = open_keeping(&world, BUFFERS, &far);
	other = world_add_pair(&world, &far_of_other);
	other->act = keep_some;
	write_some(&world, far, 0, 40);
	world_until(&world, &kept.n, BUFFERS);
	write_some(&world, far_of_other, 0, 5);
	for (unsigned i = 0; i < 5; i++)
		world_turn(&world, 0);
	/* Sends go on, and a turn that waits does wait. */
	world_send(subject, "x", 1);
	world_until(&world, &subject->n_sent, 1);
	world_turn(&world, 0);
	world_turn(&world, 0);
	began_ns = now_ns(&world);
	world_turn(&world, PAUSE_NS);
	cr_assert_geq(now_ns(&world) - began_ns, PAUSE_NS / 2, "a turn ended for nothing");
	cr_assert_eq(world.n_events_of_turn, 0);
	cr_assert_not(world.io->ops->pending(world.io));
	check_order(subject, BUFFERS);
	cr_assert_eq(other->n_messages, 0);
	check_kept();
	/* One by one: what is given back is taken by the next message, and kept again. */
	for (unsigned i = 0; i < 5; i++) {
		unsigned n = subject->n_messages + other->n_messages;

		give_back(&world, 1);
		for (unsigned j = 0; j < 20 && subject->n_messages + other->n_messages == n; j++)
			world_turn(&world, 10000000);
		cr_assert_eq(kept.n, BUFFERS);
		check_kept();
	}
	kept.wanted = 0;
	give_back(&world, kept.n);
	world_until(&world, &subject->n_messages, 40);
	world_until(&world, &other->n_messages, 5);
	world_idle(&world);
	check_order(subject, 40);
	check_order(other, 5);
	world_close(&world);
	world_forget(subject);
	world_forget(other);
}

/* More of them wait than buffers come back: none is passed over for ever. */
Test(io_keep, many_sockets_go_on_with_one_buffer)
{
	enum { N = 30 };
	struct world world;
	struct subject *subject, *others[N];
	int far, far_of_other[N];

	subject = open_keeping(&world, BUFFERS, &far);
	write_some(&world, far, 0, BUFFERS);
	world_until(&world, &kept.n, BUFFERS);
	for (unsigned i = 0; i < N; i++) {
		others[i] = world_add_pair(&world, &far_of_other[i]);
		write_some(&world, far_of_other[i], 0, 5);
	}
	for (unsigned i = 0; i < 3; i++)
		world_turn(&world, 0);
	for (unsigned i = 0; i < N; i++)
		cr_assert_eq(others[i]->n_messages, 0);
	kept.wanted = 0;
	give_back(&world, 1);
	for (unsigned i = 0; i < N; i++)
		world_until(&world, &others[i]->n_messages, 5);
	check_kept();
	write_some(&world, far, BUFFERS, 5);
	world_until(&world, &subject->n_messages, BUFFERS + 5);
	world_close(&world);
	for (unsigned i = 0; i < N; i++)
		world_forget(others[i]);
	world_forget(subject);
}

Test(io_keep, a_socket_is_given_up_while_all_are_kept)
{
	struct world world;
	struct subject *subject, *other;
	int far, far_of_other;

	subject = open_keeping(&world, BUFFERS, &far);
	other = world_add_pair(&world, &far_of_other);
	write_some(&world, far, 0, 40);
	write_some(&world, far_of_other, 0, 5);
	world_until(&world, &kept.n, BUFFERS);
	for (unsigned i = 0; i < 5; i++)
		world_turn(&world, 0);
	world_remove(subject);
	world_until(&world, &subject->n_closed, 1);
	check_kept();
	kept.wanted = 0;
	give_back(&world, kept.n);
	world_until(&world, &other->n_messages, 5);
	world_idle(&world);
	world_close(&world);
	world_forget(subject);
	world_forget(other);
}

Test(io_keep, closes_with_some_kept)
{
	struct world world;
	int far;
	struct subject *subject = open_keeping(&world, 3, &far);

	write_some(&world, far, 0, 10);
	world_until(&world, &subject->n_messages, 10);
	world_close(&world);
	world_forget(subject);
}
