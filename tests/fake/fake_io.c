/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The io over sockets in memory: sets up, keeps sockets and sends, hands out events. What happens
 * in a turn is in fake_turn.c. Every buffer is its own allocation, freed when the next turn starts,
 * so that an address checker sees who reads too far or too late.
 */
#include "fake_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fake *fake_self(struct sipring_io *io)
{
	fake_insist(io->ops == &fake_io);
	return SIPRING_CONTAINER(io, struct fake, io);
}

void fake_insist(bool holds)
{
	if (!holds)
		abort();
}

static int fake_open(struct sipring_io **io, const struct sipring_io_config *config,
	struct sipring_error *error)
{
	struct fake *fake = calloc(1, sizeof *fake);

	if (!fake || config->n_buffers > FAKE_BUFFERS_MAX) {
		free(fake);
		return sipring_error_set(error, -ENOMEM, "the fake holds %d buffers at the most",
			FAKE_BUFFERS_MAX);
	}
	fake->io.ops = &fake_io;
	fake->n_buffers = config->n_buffers;
	fake->payload_size = config->buffer_size - 16;
	fake->random = 1;
	sipring_list_init(&fake->outbox);
	fake_net_open(&fake->net);
	*io = &fake->io;
	return 0;
}

void fake_give_buffers_back(struct fake *fake)
{
	while (fake->n_used)
		free(fake->buffers[--fake->n_used].memory);
}

static void fake_keep(struct sipring_io *io, const char *data)
{
	struct fake *fake = fake_self(io);
	uint32_t i = 0;

	while (i < fake->n_used && fake->buffers[i].data != data)
		i++;
	fake_insist(i < fake->n_used);
	fake->kept[fake->n_kept++] = fake->buffers[i];
	fake->buffers[i] = fake->buffers[--fake->n_used];
}

static void fake_give_back(struct sipring_io *io, const char *data)
{
	struct fake *fake = fake_self(io);
	uint32_t i = 0;

	while (i < fake->n_kept && fake->kept[i].data != data)
		i++;
	fake_insist(i < fake->n_kept);
	free(fake->kept[i].memory);
	fake->kept[i] = fake->kept[--fake->n_kept];
}

static void fake_close(struct sipring_io *io)
{
	struct fake *fake = fake_self(io);

	fake_give_buffers_back(fake);
	while (fake->n_kept)
		free(fake->kept[--fake->n_kept].memory);
	fake_net_close(&fake->net);
	free(fake);
}

struct fake_slot *fake_slot_of(struct fake *fake, const struct sipring_io_socket *socket)
{
	for (unsigned i = 0; i < FAKE_ENDS_MAX; i++)
		if (fake->slots[i].socket == socket)
			return &fake->slots[i];
	abort();
}

static void fake_add(struct sipring_io *io, struct sipring_io_socket *socket)
{
	struct fake *fake = fake_self(io);

	switch (socket->state) {
	case SIPRING_IO_IDLE:
		*fake_slot_of(fake, NULL) = (struct fake_slot){.socket = socket};
		socket->stalled = false;
		socket->n_queued = 0;
		socket->n_in_flight = 0;
		socket->wants = 0;
		socket->under_way = 0;
		break;
	case SIPRING_IO_ENDED:
		break;
	case SIPRING_IO_OPEN:
	case SIPRING_IO_REMOVING:
		abort();
	}
	socket->state = SIPRING_IO_OPEN;
}

static void fake_remove(struct sipring_io *io, struct sipring_io_socket *socket)
{
	struct fake *fake = fake_self(io);
	struct fake_slot *slot = fake_slot_of(fake, socket);

	switch (socket->state) {
	case SIPRING_IO_OPEN:
	case SIPRING_IO_ENDED:
		break;
	case SIPRING_IO_IDLE:
	case SIPRING_IO_REMOVING:
		abort();
	}
	socket->state = SIPRING_IO_REMOVING;
	slot->close_in = fake_chance(fake, fake->habits.late) ? 1 + fake_below(fake, 3) : 0;
}

static void fake_send(struct sipring_io *io, struct sipring_io_send *send)
{
	fake_insist(send->n_parts > 0 && send->n_parts <= SIPRING_IO_SEND_PARTS_MAX);
	fake_insist(send->socket->state != SIPRING_IO_IDLE);
	send->socket->n_queued++;
	sipring_list_append(&fake_self(io)->outbox, &send->link);
}

static void fake_await_writable(struct sipring_io *io, struct sipring_io_socket *socket)
{
	struct fake_slot *slot = fake_slot_of(fake_self(io), socket);

	if (socket->state != SIPRING_IO_REMOVING)
		slot->awaits_writable = true;
}

/* What was reaped before its socket was given up; but who was accepted thinks that he is. */
static bool concerns_nobody(const struct sipring_io_event *event)
{
	switch (event->type) {
	case SIPRING_IO_SENT:
	case SIPRING_IO_CLOSED:
	case SIPRING_IO_ACCEPTED:
		return false;
	case SIPRING_IO_RECEIVED:
	case SIPRING_IO_WRITABLE:
	case SIPRING_IO_READABLE:
	case SIPRING_IO_OVER:
		break;
	}
	switch (event->socket->state) {
	case SIPRING_IO_OPEN:
	case SIPRING_IO_ENDED:
		return false;
	case SIPRING_IO_IDLE:
	case SIPRING_IO_REMOVING:
		break;
	}
	return true;
}

static bool fake_next(struct sipring_io *io, struct sipring_io_event *event)
{
	struct fake *fake = fake_self(io);

	while (fake->next_event < fake->n_events) {
		*event = fake->events[fake->next_event++];
		if (!concerns_nobody(event))
			return true;
	}
	return false;
}

/* It has nothing to poll by: whatever is to come, comes in a turn. */
static bool fake_pending(const struct sipring_io *io)
{
	const struct fake *fake = SIPRING_CONTAINER(io, const struct fake, io);

	for (unsigned i = 0; i < FAKE_ENDS_MAX; i++)
		if (fake->slots[i].socket && fake->slots[i].socket->state == SIPRING_IO_REMOVING)
			return true;
	return !sipring_list_empty(&fake->outbox);
}

static int fake_pollable(struct sipring_io *io)
{
	fake_insist(fake_self(io) != NULL);
	return -EOPNOTSUPP;
}

const struct sipring_io_ops fake_io = {
	.name = "fake",
	.open = fake_open,
	.close = fake_close,
	.add = fake_add,
	.remove = fake_remove,
	.send = fake_send,
	.await_writable = fake_await_writable,
	.turn = fake_turn,
	.next = fake_next,
	.keep = fake_keep,
	.give_back = fake_give_back,
	.pending = fake_pending,
	.pollable = fake_pollable,
};

void fake_io_set(struct sipring_io *io, uint64_t seed, const struct fake_io_habits *habits)
{
	struct fake *fake = fake_self(io);

	fake->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	fake->habits = *habits;
}

struct fake_net *fake_io_net(struct sipring_io *io)
{
	return &fake_self(io)->net;
}

uint64_t fake_io_clock_ns(struct sipring_io *io)
{
	return fake_self(io)->clock_ns;
}

void fake_io_fail_send(struct sipring_io *io, int fd, unsigned nth, int error)
{
	struct fake_end *end = fake_net_end(fake_io_net(io), fd);

	fake_insist(nth > 0 && error > 0);
	end->fail_send_in = nth;
	end->fail_send_error = error;
}

void fake_io_fail_accept(struct sipring_io *io, int fd, int error)
{
	fake_net_end(fake_io_net(io), fd)->fail_accept_error = error;
}

void fake_io_end_receive(struct sipring_io *io, int fd, int error)
{
	struct fake_end *end = fake_net_end(fake_io_net(io), fd);

	end->error = error;
	end->finished = true;
}
