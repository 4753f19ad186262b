/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The io contract over a long random run: sockets come and go, send and receive, stall and go on,
 * against a naive model. The model knows, per socket, what was written to it and what it sent; at
 * the end nothing may be missing, doubled, out of order or changed. Seeds are fixed; a failure
 * names its own.
 */
#include "io_world.h"

#include "unit/random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define N_PLACES 10
#define N_STEPS 3000
#define SIZE_MAX_SOAK 700

/* A message carries its number, and bytes that follow from it. */
struct place {
	struct subject *subject; /* NULL: nobody there */
	int far;
	unsigned n_written;    /* to the far end, by hand */
	unsigned n_posted;     /* through the io */
	unsigned n_arrived;    /* at the far end */
	struct posted **posts; /* by number */
	bool awaits;
	unsigned n_writable_before;
	bool far_closed;
};

struct soak {
	struct world world;
	struct place places[N_PLACES];
	uint64_t random;
	uint64_t seed;
	unsigned long n_checked;
};

static size_t size_of(unsigned number)
{
	return 4 + number * 37 % (SIZE_MAX_SOAK - 4);
}

static void fill(char *bytes, unsigned number)
{
	world_fill(bytes, size_of(number), number);
	memcpy(bytes, &number, 4);
}

static void settle_in(struct soak *soak, struct place *place)
{
	memset(place, 0, sizeof *place);
	place->subject = world_add_pair(&soak->world, &place->far);
	place->posts = calloc(N_STEPS * 4, sizeof *place->posts);
}

/* What the far end reads is what was posted and not refused, in order. */
static void read_far(struct soak *soak, struct place *place, unsigned n_max)
{
	char read[SIZE_MAX_SOAK], expected[SIZE_MAX_SOAK];
	unsigned number;

	while (n_max-- && !place->far_closed) {
		ssize_t n = io_sockets_read(soak->world.io, place->far, read, sizeof read);

		if (n == -ECONNRESET)
			continue; /* told once; what came before can be read still */
		if (n <= 0)
			return;
		memcpy(&number, read, 4);
		cr_assert_lt(number, place->n_posted, "seed %lu", soak->seed);
		cr_assert_geq(number, place->n_arrived, "seed %lu: twice, or late", soak->seed);
		for (unsigned i = place->n_arrived; i < number; i++)
			cr_assert(!place->posts[i]->sending && place->posts[i]->result < 0,
				"seed %lu: message %u is missing", soak->seed, i);
		fill(expected, number);
		cr_assert_eq((size_t)n, size_of(number));
		cr_assert_eq(memcmp(read, expected, (size_t)n), 0, "seed %lu", soak->seed);
		place->n_arrived = number + 1;
		soak->n_checked++;
	}
}

static void check_received(struct soak *soak, struct place *place)
{
	const struct subject *subject = place->subject;
	char expected[SIZE_MAX_SOAK];

	cr_assert_leq(subject->n_messages, place->n_written);
	for (unsigned i = 0; i < subject->n_messages; i++) {
		fill(expected, i);
		cr_assert_eq(subject->messages[i].size, size_of(i), "seed %lu", soak->seed);
		cr_assert_eq(memcmp(subject->messages[i].bytes, expected, size_of(i)), 0,
			"seed %lu: message %u", soak->seed, i);
		soak->n_checked++;
	}
}

static void leave(struct soak *soak, struct place *place)
{
	unsigned n_received = place->subject->n_messages;

	world_remove(place->subject);
	world_until(&soak->world, &place->subject->n_closed, 1);
	cr_assert_eq(place->subject->n_messages, n_received);
	for (unsigned i = 0; i < place->n_posted; i++)
		cr_assert_null(place->posts[i]->sending);
	read_far(soak, place, UINT32_MAX);
	for (unsigned i = place->n_arrived; i < place->n_posted && !place->far_closed; i++)
		cr_assert_lt(place->posts[i]->result, 0, "seed %lu: %u", soak->seed, i);
	check_received(soak, place);
	if (!place->far_closed)
		io_sockets_close(soak->world.io, place->far);
	world_forget(place->subject);
	free(place->posts);
	memset(place, 0, sizeof *place);
}

static void post(struct soak *soak, struct place *place)
{
	char bytes[SIZE_MAX_SOAK];
	unsigned number = place->n_posted++;

	fill(bytes, number);
	place->posts[number] = world_post(&(struct post){.subject = place->subject,
		.data = bytes,
		.size = size_of(number),
		.flags = random_below(&soak->random, 2) ? SIPRING_IO_CHAINED : 0,
		.n_parts = 1 + (unsigned)random_below(&soak->random, 3)});
}

static void keep_going(struct soak *soak, struct place *place)
{
	if (place->awaits && place->subject->n_writable > place->n_writable_before)
		place->awaits = false;
	if (place->subject->socket.stalled && !place->awaits) {
		place->awaits = true;
		place->n_writable_before = place->subject->n_writable;
		soak->world.io->ops->await_writable(soak->world.io, &place->subject->socket);
	}
}

static void write_far(struct soak *soak, struct place *place)
{
	char bytes[SIZE_MAX_SOAK];

	if (place->far_closed)
		return;
	fill(bytes, place->n_written);
	if (io_sockets_write(soak->world.io, place->far, bytes, size_of(place->n_written)) > 0)
		place->n_written++;
}

static void step(struct soak *soak)
{
	struct place *place = &soak->places[random_below(&soak->random, N_PLACES)];
	uint64_t what = random_below(&soak->random, 100);

	if (!place->subject) {
		settle_in(soak, place);
	} else if (what < 30) {
		for (uint64_t n = random_below(&soak->random, 5); n; n--)
			post(soak, place);
	} else if (what < 55) {
		for (uint64_t n = random_below(&soak->random, 5); n; n--)
			write_far(soak, place);
	} else if (what < 70) {
		read_far(soak, place, (unsigned)random_below(&soak->random, 20));
	} else if (what < 95) {
		world_turn(&soak->world, 0);
		for (unsigned i = 0; i < N_PLACES; i++)
			if (soak->places[i].subject)
				keep_going(soak, &soak->places[i]);
	} else if (what < 97 && !place->far_closed) {
		read_far(soak, place, UINT32_MAX);
		io_sockets_close(soak->world.io, place->far);
		place->far_closed = true;
	} else {
		leave(soak, place);
	}
}

/* All that is on its way arrives: then what was written equals what was received. */
static void finish(struct soak *soak)
{
	for (unsigned p = 0; p < N_PLACES; p++) {
		struct place *place = &soak->places[p];

		if (!place->subject)
			continue;
		world_until(&soak->world, &place->subject->n_sent, place->n_posted);
		if (!place->subject->n_over)
			world_until(&soak->world, &place->subject->n_messages, place->n_written);
		leave(soak, place);
	}
}

static void run(uint64_t seed)
{
	struct sipring_io_config config = {.n_buffers = 8, .buffer_size = 1024, .n_sends = 16};
	struct soak soak = {.random = seed * 2654435761u + 1, .seed = seed};
	unsigned n_before;

	world_open(&soak.world, &config);
	io_sockets_begin(soak.world.io, seed,
		CONTRACT_MOOD == IO_SOCKETS_CALM ? IO_SOCKETS_CALM : IO_SOCKETS_FICKLE);
	soak.world.numbers_return = true;
	n_before = io_sockets_n_open(soak.world.io);
	for (unsigned i = 0; i < N_STEPS; i++)
		step(&soak);
	finish(&soak);
	cr_assert_gt(soak.n_checked, 1000, "too little happened: %lu", soak.n_checked);
	cr_assert_eq(io_sockets_n_open(soak.world.io), n_before, "seed %lu: sockets lost", seed);
	world_close(&soak.world);
}

Test(io_soak, first_seeds, .timeout = 300)
{
	for (uint64_t seed = 1; seed <= 8; seed++)
		run(seed);
}

Test(io_soak, more_seeds, .timeout = 300)
{
	for (uint64_t seed = 1001; seed <= 1008; seed++)
		run(seed);
}
