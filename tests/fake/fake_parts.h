/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the fake io: its object, shared by fake_io.c and fake_turn.c and by nobody else. */
#pragma once

#include "fake_io.h"

#define FAKE_EVENTS_MAX 48 /* few, so that turns leave something over */
#define FAKE_BUFFERS_MAX 64

struct fake_slot {
	struct sipring_io_socket *socket; /* NULL: free */
	bool awaits_writable;
	bool failed;           /* the last send on it failed or was not tried */
	uint64_t held_in;      /* the turn in which its sends stay under way */
	uint64_t tolerated_in; /* the turn in which a failure does not stop those that follow */
	uint64_t close_in;     /* passes until it is closed */
};

struct fake_buffer {
	void *memory;
	const char *data; /* where the event's data begins in it */
};

struct fake {
	struct sipring_io io;
	struct fake_net net;
	struct fake_io_habits habits;
	uint64_t random;
	uint64_t clock_ns;
	uint64_t n_passes; /* a turn that waits makes several */
	size_t payload_size;
	uint32_t n_buffers;
	struct fake_slot slots[FAKE_ENDS_MAX];
	struct sipring_list outbox;
	struct fake_buffer buffers[FAKE_BUFFERS_MAX]; /* of the turn */
	struct fake_buffer kept[FAKE_BUFFERS_MAX];
	uint32_t n_used;
	uint32_t n_kept;
	struct sipring_io_event events[FAKE_EVENTS_MAX];
	unsigned n_events;
	unsigned next_event;
};

struct fake *fake_self(struct sipring_io *io);
/* Holds in release builds too: misuse of the fake, or a bug in it, must not pass. */
void fake_insist(bool holds);
struct fake_slot *fake_slot_of(struct fake *fake, const struct sipring_io_socket *socket);
void fake_give_buffers_back(struct fake *fake);
int fake_turn(struct sipring_io *io, int64_t timeout_ns);

/* From 0 to limit - 1 (xorshift64*). */
static inline uint64_t fake_below(struct fake *fake, uint64_t limit)
{
	fake->random ^= fake->random >> 12;
	fake->random ^= fake->random << 25;
	fake->random ^= fake->random >> 27;
	return (fake->random * UINT64_C(2685821657736338717) >> 11) % limit;
}

static inline bool fake_chance(struct fake *fake, unsigned percent)
{
	return percent && fake_below(fake, 100) < percent;
}
