/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The io contract: sending. One SENT per send, order per socket, what a failed send does to those
 * behind it, and how a stalled socket goes on.
 */
#include "io_world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define LONGEST 65536

static char bytes[2 * LONGEST];

static void check_far(struct world *world, int far, size_t size, unsigned tag)
{
	char expected[4096], read[4096];

	cr_assert_eq(io_sockets_read(world->io, far, read, sizeof read), (ssize_t)size,
		"message %u", tag);
	world_fill(expected, size, tag);
	cr_assert_eq(memcmp(read, expected, size), 0, "bytes of message %u", tag);
}

static struct posted *send_numbered(struct subject *subject, size_t size, unsigned tag,
	uint32_t flags)
{
	world_fill(bytes, size, tag);
	return world_post(
		&(struct post){.subject = subject, .data = bytes, .size = size, .flags = flags});
}

static void check_nothing_more(struct world *world, int far)
{
	char read[4096];

	cr_assert_eq(io_sockets_read(world->io, far, read, sizeof read), -EAGAIN);
}

Test(io_send, results_are_bytes_and_nothing_goes_before_the_turn)
{
	struct world world;
	struct subject *subject;
	struct posted *posted[4];
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	for (unsigned i = 0; i < 4; i++)
		posted[i] = send_numbered(subject, 10 + i, i, 0);
	check_nothing_more(&world, far);
	world_until(&world, &subject->n_sent, 4);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(posted[i]->result, (int)(10 + i));
		cr_assert_eq(posted[i]->place, i);
		check_far(&world, far, 10 + i, i);
	}
	cr_assert_eq(world.io->counters.n_sent, 4);
	check_nothing_more(&world, far);
	world_idle(&world);
	cr_assert_eq(subject->n_sent, 4);
	world_close(&world);
	world_forget(subject);
}

Test(io_send, parts_are_one_message)
{
	struct world world;
	struct subject *subject;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	for (unsigned n = 1; n <= SIPRING_IO_SEND_PARTS_MAX; n++) {
		world_fill(bytes, 200, n);
		world_post(&(
			struct post){.subject = subject, .data = bytes, .size = 200, .n_parts = n});
		world_until(&world, &subject->n_sent, n);
		check_far(&world, far, 200, n);
	}
	world_close(&world);
	world_forget(subject);
}

Test(io_send, past_the_submission_queue_all_go_in_order)
{
	enum { N_SOCKETS = 3, N = 30 }; /* the queue takes 8 */
	static const uint32_t flags[] = {0, SIPRING_IO_CHAINED, SIPRING_IO_CHAINED};
	struct subject *subjects[N_SOCKETS];
	struct posted *posted[N_SOCKETS][N];
	struct world world;
	int far[N_SOCKETS];

	world_open(&world, NULL);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		subjects[s] = world_add_pair(&world, &far[s]);
	for (unsigned i = 0; i < N; i++)
		for (unsigned s = 0; s < N_SOCKETS; s++)
			posted[s][i] = send_numbered(subjects[s], 1 + i, i * 10 + s, flags[s]);
	for (unsigned s = 0; s < N_SOCKETS; s++) {
		world_until(&world, &subjects[s]->n_sent, N);
		for (unsigned i = 0; i < N; i++) {
			cr_assert_eq(posted[s][i]->result, (int)(1 + i));
			cr_assert_eq(posted[s][i]->place, i);
			check_far(&world, far[s], 1 + i, i * 10 + s);
		}
	}
	world_close(&world);
	for (unsigned s = 0; s < N_SOCKETS; s++)
		world_forget(subjects[s]);
}

static void turn_and_read(struct world *world, struct subject *const subjects[2], const int far[2],
	unsigned n_read[2])
{
	world_turn(world, 0);
	for (unsigned s = 0; s < 2; s++)
		while (n_read[s] < subjects[s]->n_sent)
			check_far(world, far[s], 8, n_read[s]++);
}

/* Chained and unchained sends mixed, on two sockets that alternate, new ones in every turn. */
Test(io_send, order_holds_whatever_is_chained)
{
	enum { N = 400, N_EACH_TURN = 13 };
	struct sipring_io_config wide = {.n_buffers = 16, .buffer_size = 512, .n_sends = 32};
	struct subject *subjects[2];
	struct posted *posted[2][N];
	struct world world;
	unsigned n_read[2] = {0}, n_turns = 0;
	int far[2];

	world_open(&world, &wide);
	for (unsigned s = 0; s < 2; s++)
		subjects[s] = world_add_pair(&world, &far[s]);
	for (unsigned i = 0; i < N; i++) {
		for (unsigned s = 0; s < 2; s++)
			posted[s][i] = send_numbered(subjects[s], 8, i,
				(i * 5 + i / 7 + s) % 3 ? SIPRING_IO_CHAINED : 0);
		if (i % N_EACH_TURN == 0)
			turn_and_read(&world, subjects, far, n_read);
	}
	while (n_read[0] < N || n_read[1] < N) {
		turn_and_read(&world, subjects, far, n_read);
		cr_assert_lt(n_turns++, 100000);
	}
	for (unsigned s = 0; s < 2; s++)
		for (unsigned i = 0; i < N; i++) {
			cr_assert_eq(posted[s][i]->result, 8);
			cr_assert_eq(posted[s][i]->place, i);
		}
	world_close(&world);
	for (unsigned s = 0; s < 2; s++)
		world_forget(subjects[s]);
}

/* The usual batch: one run per socket, each a chain. It goes whole in one turn. */
Test(io_send, a_chain_goes_in_one_turn)
{
	enum { N = 10 };
	struct sipring_io_config wide = {.n_buffers = 16, .buffer_size = 512, .n_sends = 64};
	struct subject *subjects[2];
	struct world world;
	unsigned n_read[2] = {0};
	int far[2];

	world_open(&world, &wide);
	for (unsigned s = 0; s < 2; s++) {
		subjects[s] = world_add_pair(&world, &far[s]);
		for (unsigned i = 0; i < N; i++)
			send_numbered(subjects[s], 8, i, SIPRING_IO_CHAINED);
	}
	turn_and_read(&world, subjects, far, n_read);
	if (CONTRACT_MOOD == IO_SOCKETS_CALM)
		cr_assert_eq(n_read[0] + n_read[1], 2 * N);
	while (n_read[0] < N || n_read[1] < N)
		turn_and_read(&world, subjects, far, n_read);
	world_close(&world);
	for (unsigned s = 0; s < 2; s++)
		world_forget(subjects[s]);
}

Test(io_send, what_is_chained_is_not_tried_after_a_failure)
{
	struct world world;
	struct subject *subject, *other;
	struct posted *first, *failing, *chained[20];
	int far, far_of_other;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	other = world_add_pair(&world, &far_of_other);
	first = send_numbered(subject, 10, 1, 0);
	failing = send_numbered(subject, 4 * LONGEST / 2, 2, SIPRING_IO_CHAINED);
	for (unsigned i = 0; i < 20; i++) {
		chained[i] = send_numbered(subject, 10, 3 + i, SIPRING_IO_CHAINED);
		send_numbered(other, 10, i, SIPRING_IO_CHAINED);
	}
	world_until(&world, &subject->n_sent, 22);
	world_until(&world, &other->n_sent, 20);
	cr_assert_eq(first->result, 10);
	cr_assert_eq(failing->result, -EMSGSIZE);
	for (unsigned i = 0; i < 20; i++) {
		cr_assert_eq(chained[i]->result, -ECANCELED);
		check_far(&world, far_of_other, 10, i);
	}
	check_far(&world, far, 10, 1);
	check_nothing_more(&world, far);
	cr_assert(subject->socket.stalled);
	cr_assert_not(other->socket.stalled);
	world_close(&world);
	world_forget(subject);
	world_forget(other);
}

/* Success ends no wait, but is told all the same; a failure is told at once. */
Test(io_send, quiet_ones_are_told_and_those_that_fail_end_the_wait)
{
	struct world world;
	struct subject *subject;
	struct posted *posted[3], *failing;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	for (unsigned i = 0; i < 3; i++)
		posted[i] = send_numbered(subject, 10 + i, i, SIPRING_IO_QUIET);
	world_until(&world, &subject->n_sent, 3);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(posted[i]->result, (int)(10 + i));
		cr_assert_eq(posted[i]->place, i);
		check_far(&world, far, 10 + i, i);
	}
	failing = send_numbered(subject, 4 * LONGEST / 2, 3, SIPRING_IO_QUIET);
	for (unsigned n_turns = 0; subject->n_sent < 4; n_turns++) {
		cr_assert_lt(n_turns, 100);
		world_turn(&world, -1);
	}
	cr_assert_eq(failing->result, -EMSGSIZE);
	check_nothing_more(&world, far);
	world_close(&world);
	world_forget(subject);
}

/* Sends until the far side, which does not read, holds all it can. */
static unsigned fill_up(struct world *world, struct subject *subject, size_t size)
{
	unsigned n = 0;
	struct posted *posted;

	do {
		posted = send_numbered(subject, size, n, 0);
		world_until(world, &subject->n_sent, subject->n_sent + 1);
		n++;
		cr_assert_lt(n, 1000);
	} while (posted->result == (int)size);
	cr_assert_eq(posted->result, -EAGAIN);
	return n - 1;
}

Test(io_send, a_full_socket_stalls_and_goes_on_when_writable)
{
	struct world world;
	struct subject *subject;
	struct posted *posted[5];
	unsigned n_went, n_sent;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	n_went = fill_up(&world, subject, 1000);
	cr_assert_gt(n_went, 2);
	cr_assert(subject->socket.stalled);
	world_idle(&world);
	cr_assert_eq(subject->n_writable, 0, "WRITABLE was not asked for");
	for (unsigned i = 0; i < n_went; i++)
		check_far(&world, far, 1000, i);
	/* There is room now, but nothing is tried until WRITABLE was told. */
	n_sent = subject->n_sent;
	for (unsigned i = 0; i < 5; i++)
		posted[i] = send_numbered(subject, 10, i, 0);
	world_until(&world, &subject->n_sent, n_sent + 5);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(posted[i]->result, -ECANCELED);
	check_nothing_more(&world, far);
	world.io->ops->await_writable(world.io, &subject->socket);
	world_until(&world, &subject->n_writable, 1);
	cr_assert_not(subject->socket.stalled);
	for (unsigned i = 0; i < 5; i++)
		posted[i] = send_numbered(subject, 10, i, 0);
	world_until(&world, &subject->n_sent, n_sent + 10);
	for (unsigned i = 0; i < 5; i++) {
		cr_assert_eq(posted[i]->result, 10);
		check_far(&world, far, 10, i);
	}
	world_idle(&world);
	cr_assert_eq(subject->n_writable, 1, "WRITABLE comes once");
	world_close(&world);
	world_forget(subject);
}

Test(io_send, writable_waits_until_there_is_room)
{
	struct world world;
	struct subject *subject;
	unsigned n_went;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	n_went = fill_up(&world, subject, 1000);
	world.io->ops->await_writable(world.io, &subject->socket);
	world.io->ops->await_writable(world.io, &subject->socket);
	world_idle(&world);
	cr_assert_eq(subject->n_writable, 0);
	for (unsigned i = 0; i < n_went; i++)
		check_far(&world, far, 1000, i);
	world_until(&world, &subject->n_writable, 1);
	world_idle(&world);
	cr_assert_eq(subject->n_writable, 1);
	world_close(&world);
	world_forget(subject);
}

/* The end of receiving must not lose the wish to hear of room. */
Test(io_send, writable_comes_after_over_too)
{
	struct world world;
	struct subject *subject;
	struct posted *posted;
	unsigned n_went;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	n_went = fill_up(&world, subject, 1000);
	world.io->ops->await_writable(world.io, &subject->socket);
	io_sockets_write(world.io, far, "", 0); /* an empty message reads as the end */
	world_until(&world, &subject->n_over, 1);
	cr_assert_eq(subject->over_result, 0);
	cr_assert_eq(subject->n_writable, 0);
	for (unsigned i = 0; i < n_went; i++)
		check_far(&world, far, 1000, i);
	world_until(&world, &subject->n_writable, 1);
	posted = send_numbered(subject, 10, 7, 0);
	world_until(&world, &subject->n_sent, n_went + 2);
	cr_assert_eq(posted->result, 10, "sends still go on an ended socket");
	check_far(&world, far, 10, 7);
	world_close(&world);
	world_forget(subject);
}

/* A queue longer than a turn takes: what a failure cancels must stay cancelled once writable. */
Test(io_send, no_gap_opens_behind_a_failure)
{
	enum { N = 60 };
	struct io_sockets_name own, to;
	struct world world;
	struct subject *subject, *busy;
	struct posted *posted[N], *again;
	bool failed = false;
	int far, far_of_busy;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	busy = world_add_datagram(&world, &own);
	far_of_busy = io_sockets_datagram(world.io, &to);
	posted[0] = send_numbered(subject, 2 * LONGEST, 0, 0);
	for (unsigned i = 1; i < N; i++) {
		for (unsigned b = 0; b < 4; b++)
			world_post(&(struct post){.subject = busy,
				.data = "busy",
				.size = 4,
				.name = &to});
		posted[i] = send_numbered(subject, 5, i, SIPRING_IO_CHAINED);
	}
	world_until(&world, &subject->n_sent, 1);
	world.io->ops->await_writable(world.io, &subject->socket);
	world_until(&world, &subject->n_sent, N);
	for (unsigned i = 0; i < N; i++) {
		failed |= posted[i]->result < 0;
		cr_assert_eq(posted[i]->result < 0, failed, "message %u went", i);
	}
	check_nothing_more(&world, far);
	world_until(&world, &subject->n_writable, 1);
	again = send_numbered(subject, 5, 1, 0);
	world_until(&world, &subject->n_sent, N + 1);
	cr_assert_eq(again->result, 5);
	world_until(&world, &busy->n_sent, 4 * (N - 1));
	io_sockets_close(world.io, far_of_busy);
	world_close(&world);
	world_forget(subject);
	world_forget(busy);
}

Test(io_send, a_bad_destination_concerns_no_other)
{
	enum { N = 30 };
	struct io_sockets_name own, to, bad = io_sockets_bad_name();
	struct world world;
	struct subject *subject;
	struct posted *posted[N];
	int far;

	world_open(&world, NULL);
	subject = world_add_datagram(&world, &own);
	far = io_sockets_datagram(world.io, &to);
	for (unsigned i = 0; i < N; i++) {
		size_t size = i % 5 == 3 ? 65508 : 20; /* longer than a datagram can be */

		world_fill(bytes, size, i);
		posted[i] = world_post(&(struct post){.subject = subject,
			.data = bytes,
			.size = size,
			.name = i % 5 == 1 ? &bad : &to});
	}
	world_until(&world, &subject->n_sent, N);
	cr_assert_not(subject->socket.stalled);
	for (unsigned i = 0; i < N; i++) {
		int expected = i % 5 == 1 ? -EINVAL : i % 5 == 3 ? -EMSGSIZE : 20;

		cr_assert_eq(posted[i]->result, expected, "%u: %d", i, posted[i]->result);
		if (expected > 0)
			check_far(&world, far, 20, i);
	}
	cr_assert_eq(subject->n_over, 0);
	io_sockets_close(world.io, far);
	world_close(&world);
	world_forget(subject);
}

Test(io_send, to_a_peer_that_is_gone_fails)
{
	struct world world;
	struct subject *subject;
	struct posted *posted;
	int far;

	world_open(&world, NULL);
	subject = world_add_pair(&world, &far);
	io_sockets_close(world.io, far);
	world_until(&world, &subject->n_over, 1);
	posted = send_numbered(subject, 10, 1, 0);
	world_until(&world, &subject->n_sent, 1);
	cr_assert_eq(posted->result, -EPIPE);
	world_close(&world);
	world_forget(subject);
}
