/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The io contract: receiving and accepting. Each file of the suite is compiled once per io, with
 * CONTRACT_IO as its table; what is checked of every event everywhere is in io_world.c.
 */
#include "io_world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static void write_numbered(struct world *world, int far, size_t size, unsigned tag)
{
	char bytes[8192];

	world_fill(bytes, size, tag);
	cr_assert_eq(io_sockets_write(world->io, far, bytes, size), (ssize_t)size);
}

Test(io_receive, tells_data_and_size)
{
	static const size_t sizes[] = {1, 2, 63, 64, 65, 500, 900};
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		write_numbered(&world, far, sizes[i], i);
		world_until(&world, &subject->n_messages, i + 1);
		world_check(&subject->messages[i], sizes[i], i);
		cr_assert_not(subject->messages[i].flags & MSG_TRUNC);
		cr_assert_eq(subject->messages[i].name.size, 0);
	}
	cr_assert_eq(world.io->counters.n_sent, 0);
	cr_assert_geq(world.io->counters.n_received, 7);
	world_close(&world);
	world_forget(subject);
}

Test(io_receive, a_full_buffer_and_one_byte_more)
{
	struct world world;
	struct subject *subject;
	size_t room;
	int far;

	world_open(&world, NULL);
	room = sipring_io_payload_max(&world.config, 0, 0);
	subject = world_add_pair(&world, &far);
	write_numbered(&world, far, room, 1);
	write_numbered(&world, far, room + 1, 2);
	write_numbered(&world, far, 3 * room, 3);
	write_numbered(&world, far, 5, 4);
	world_until(&world, &subject->n_messages, 4);
	world_check(&subject->messages[0], room, 1);
	cr_assert_not(subject->messages[0].flags & MSG_TRUNC);
	if (io_sockets_come_in_pieces()) {
		world_check(&subject->messages[1], room + 1, 2);
		world_check(&subject->messages[2], 3 * room, 3);
		cr_assert(subject->messages[2].flags & MSG_EOR);
	} else {
		for (unsigned i = 1; i < 3; i++) {
			cr_assert_eq(subject->messages[i].size, room);
			cr_assert(subject->messages[i].flags & MSG_TRUNC);
		}
	}
	world_check(&subject->messages[3], 5, 4);
	cr_assert_not(subject->messages[3].flags & MSG_TRUNC);
	world_close(&world);
	world_forget(subject);
}

Test(io_receive, keeps_order_per_socket)
{
	enum { N_SOCKETS = 5, N = 40 };
	struct subject *subjects[N_SOCKETS];
	struct world world;
	int far[N_SOCKETS];

	world_open(&world, NULL);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		subjects[s] = world_add_pair(&world, &far[s]);
	for (unsigned i = 0; i < N; i++) {
		for (unsigned s = 0; s < N_SOCKETS; s++)
			write_numbered(&world, far[s], 1 + (i * 7 + s) % 90, i * 10 + s);
		if (i % 8 == 7)
			world_turn(&world, 0);
	}
	for (unsigned s = 0; s < N_SOCKETS; s++) {
		world_until(&world, &subjects[s]->n_messages, N);
		for (unsigned i = 0; i < N; i++)
			world_check(&subjects[s]->messages[i], 1 + (i * 7 + s) % 90, i * 10 + s);
	}
	world_idle(&world);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		cr_assert_eq(subjects[s]->n_messages, N);
	world_close(&world);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		world_forget(subjects[s]);
}

Test(io_receive, many_in_one_turn)
{
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	world_turn(&world, 0);
	for (unsigned i = 0; i < 10; i++)
		write_numbered(&world, far, 20, i);
	world_turn(&world, -1);
	if (CONTRACT_MOOD == IO_SOCKETS_CALM && !io_sockets_come_in_pieces())
		cr_assert_eq(subject->n_messages, 10);
	world_until(&world, &subject->n_messages, 10);
	world_close(&world);
	world_forget(subject);
}

Test(io_receive, more_messages_than_buffers)
{
	enum { N_SOCKETS = 3, N = 12 };
	struct sipring_io_config tight = {.n_buffers = 4, .buffer_size = 512, .n_sends = 8};
	struct subject *subjects[N_SOCKETS];
	struct world world;
	int far[N_SOCKETS];

	world_open(&world, &tight);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		subjects[s] = world_add_pair(&world, &far[s]);
	world_turn(&world, 0);
	for (unsigned i = 0; i < N; i++)
		for (unsigned s = 0; s < N_SOCKETS; s++)
			write_numbered(&world, far[s], 50, i * 10 + s);
	world_turn(&world, -1);
	cr_assert_leq(world.n_events_of_turn, 4, "a buffer was used twice");
	for (unsigned s = 0; s < N_SOCKETS; s++) {
		world_until(&world, &subjects[s]->n_messages, N);
		for (unsigned i = 0; i < N; i++)
			world_check(&subjects[s]->messages[i], 50, i * 10 + s);
		cr_assert_eq(subjects[s]->n_over, 0);
	}
	cr_assert_gt(world.io->counters.n_no_buffers, 0);
	cr_assert_geq(world.io->counters.n_received, (uint64_t)N_SOCKETS * N);
	world_close(&world);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		world_forget(subjects[s]);
}

Test(io_receive, a_datagram_has_name_and_control)
{
	struct io_sockets_name to, from;
	struct world world;
	struct subject *subject;
	int far;
	char bytes[300];

	world_open(&world, NULL);
	subject = world_add_datagram(&world, &to);
	far = io_sockets_datagram(world.io, &from);
	for (unsigned i = 0; i < 20; i++) {
		world_fill(bytes, sizeof bytes, i);
		cr_assert_eq(io_sockets_write_to(world.io, far, &to, bytes, 10 * i + 1),
			(ssize_t)(10 * i + 1));
		world_until(&world, &subject->n_messages, i + 1);
		world_check(&subject->messages[i], 10 * i + 1, i);
		cr_assert(subject->messages[i].control_is_right);
		cr_assert_eq(subject->messages[i].name.size, from.size);
		cr_assert_eq(memcmp(&subject->messages[i].name.address, &from.address, from.size),
			0);
	}
	io_sockets_close(world.io, far);
	world_close(&world);
	world_forget(subject);
}

Test(io_receive, an_empty_datagram_is_a_message)
{
	struct io_sockets_name to, from;
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_datagram(&world, &to);
	far = io_sockets_datagram(world.io, &from);
	for (unsigned i = 0; i < 6; i++)
		cr_assert_eq(io_sockets_write_to(world.io, far, &to, "after", i % 2 ? 5 : 0),
			i % 2 ? 5 : 0);
	world_until(&world, &subject->n_messages, 6);
	for (unsigned i = 0; i < 6; i++) {
		cr_assert_eq(subject->messages[i].size, i % 2 ? 5 : 0);
		cr_assert_eq(subject->messages[i].name.size, from.size);
		cr_assert(subject->messages[i].control_is_right);
	}
	cr_assert_eq(subject->n_over, 0);
	cr_assert_eq(subject->socket.state, SIPRING_IO_OPEN);
	io_sockets_close(world.io, far);
	world_close(&world);
	world_forget(subject);
}

Test(io_receive, a_datagram_longer_than_a_buffer_is_cut)
{
	struct io_sockets_name to, from;
	struct world world;
	struct subject *subject;
	size_t room;
	int far;
	char bytes[3000];

	world_open(&world, NULL);
	subject = world_add_datagram(&world, &to);
	room = sipring_io_payload_max(&world.config, subject->socket.name_size,
		subject->socket.control_size);
	far = io_sockets_datagram(world.io, &from);
	world_fill(bytes, sizeof bytes, 1);
	cr_assert_gt(io_sockets_write_to(world.io, far, &to, bytes, room), 0);
	cr_assert_gt(io_sockets_write_to(world.io, far, &to, bytes, room + 1), 0);
	cr_assert_gt(io_sockets_write_to(world.io, far, &to, bytes, 10), 0);
	world_until(&world, &subject->n_messages, 3);
	world_check(&subject->messages[0], room, 1);
	world_check(&subject->messages[1], room, 1);
	world_check(&subject->messages[2], 10, 1);
	cr_assert_not(subject->messages[0].flags & MSG_TRUNC);
	cr_assert(subject->messages[1].flags & MSG_TRUNC);
	cr_assert_not(subject->messages[2].flags & MSG_TRUNC);
	io_sockets_close(world.io, far);
	world_close(&world);
	world_forget(subject);
}

Test(io_receive, a_peer_that_closes_is_over_after_its_last_message)
{
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	write_numbered(&world, far, 100, 1);
	write_numbered(&world, far, 100, 2);
	io_sockets_close(world.io, far);
	world_until(&world, &subject->n_over, 1);
	cr_assert_eq(subject->over_result, 0);
	cr_assert_eq(subject->n_messages, 2);
	world_check(&subject->messages[1], 100, 2);
	cr_assert_eq(world.io->counters.n_received >= 2, true);
	world_idle(&world); /* an ended socket stays quiet */
	cr_assert_eq(subject->n_over, 1);
	cr_assert_eq(subject->socket.state, SIPRING_IO_ENDED);
	world_close(&world);
	world_forget(subject);
}

Test(io_receive, a_peer_that_resets_is_over_with_the_error)
{
	struct world world;
	struct subject *subject;
	struct posted *posted;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	posted = world_send(subject, "unread", 6);
	world_until(&world, &subject->n_sent, 1);
	cr_assert_eq(posted->result, 6);
	io_sockets_close(world.io, far);
	world_until(&world, &subject->n_over, 1);
	cr_assert_eq(subject->over_result, -ECONNRESET);
	world_idle(&world);
	cr_assert_eq(subject->n_over, 1);
	world_close(&world);
	world_forget(subject);
}

Test(io_receive, a_listener_accepts_all_and_they_work)
{
	enum { N = 40 };
	struct subject listener = {0}, accepted[N] = {0};
	struct world world;
	int far[N];

	world_open(&world, NULL);
	world_add(&world, &listener, SIPRING_IO_LISTENER, io_sockets_listener(world.io));
	world_turn(&world, 0);
	for (unsigned i = 0; i < N; i++) {
		far[i] = io_sockets_connect(world.io, listener.fd);
		write_numbered(&world, far[i], 30, i);
	}
	world_until(&world, &listener.n_accepted, N);
	cr_assert_eq(world.io->counters.n_accepted, N);
	for (unsigned i = 0; i < N; i++)
		world_add(&world, &accepted[i], SIPRING_IO_ASSOCIATED, listener.accepted[i]);
	for (unsigned i = 0; i < N; i++) {
		world_until(&world, &accepted[i].n_messages, 1);
		world_check(&accepted[i].messages[0], 30, i);
		io_sockets_close(world.io, far[i]);
		world_until(&world, &accepted[i].n_over, 1);
		world_remove(&accepted[i]);
		world_until(&world, &accepted[i].n_closed, 1);
	}
	cr_assert_eq(listener.n_accepted, N);
	world_close(&world);
}
