/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds the io to what is promised of every event: the tail behind received bytes may be written, a
 * send gets one SENT and is not looked at afterwards (its memory is gone), given-up sockets tell
 * nothing but SENT and one CLOSED, which comes last and with the fd closed, OVER comes once, and
 * queries between turns find nothing new.
 */
#include "io_world.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_NS UINT64_C(20000000000)
#define TURNS_MAX 20000

struct sending {
	struct sipring_io_send send;
	struct posted *posted;
	struct iovec parts[SIPRING_IO_SEND_PARTS_MAX];
	struct io_sockets_name name;
	char bytes[];
};

void world_open(struct world *world, const struct sipring_io_config *config)
{
	static const struct sipring_io_config small = {.n_buffers = 16,
		.buffer_size = 1024,
		.n_sends = 8};
	struct sipring_error error = {0};

	memset(world, 0, sizeof *world);
	world->config = config ? *config : small;
	cr_assert_eq(CONTRACT_IO.open(&world->io, &world->config, &error), 0, "%s", error.text);
	cr_assert_eq(world->io->ops, &CONTRACT_IO);
	io_sockets_begin(world->io, 1, CONTRACT_MOOD);
}

void world_close(struct world *world)
{
	struct posted *posted = world->posted;

	world->io->ops->close(world->io);
	while (posted) {
		struct posted *next = posted->next;

		free(posted->sending);
		free(posted);
		posted = next;
	}
	memset(world, 0, sizeof *world);
}

void world_add(struct world *world, struct subject *subject, enum sipring_io_kind kind, int fd)
{
	if (subject->socket.state == SIPRING_IO_IDLE) {
		subject->socket.fd = fd;
		subject->socket.kind = kind;
		subject->socket.owner = subject;
		subject->world = world;
		subject->fd = fd;
		subject->given_up = false;
		subject->n_closed = 0;
	}
	subject->n_over = 0;
	world->io->ops->add(world->io, &subject->socket);
}

static struct subject *new_subject(void)
{
	struct subject *subject = calloc(1, sizeof *subject);

	cr_assert_not_null(subject);
	return subject;
}

struct subject *world_add_pair(struct world *world, int *far)
{
	struct subject *subject = new_subject();
	int fds[2];

	io_sockets_pair(world->io, fds);
	*far = fds[1];
	world_add(world, subject, SIPRING_IO_ASSOCIATED, fds[0]);
	return subject;
}

struct subject *world_add_datagram(struct world *world, struct io_sockets_name *name)
{
	struct subject *subject = new_subject();
	int fd = io_sockets_datagram(world->io, name);

	subject->socket.name_size = (uint16_t)name->size;
	subject->socket.control_size = IO_SOCKETS_CONTROL_SIZE;
	world_add(world, subject, SIPRING_IO_DATAGRAM, fd);
	return subject;
}

void world_remove(struct subject *subject)
{
	subject->given_up = true;
	subject->world->io->ops->remove(subject->world->io, &subject->socket);
}

void world_forget(struct subject *subject)
{
	for (unsigned i = 0; i < subject->n_messages + subject->in_piece; i++)
		free(subject->messages[i].bytes);
	free(subject->messages);
	free(subject);
}

struct posted *world_post(const struct post *post)
{
	struct world *world = post->subject->world;
	unsigned n_parts = post->n_parts ? post->n_parts : 1;
	struct sending *sending = calloc(1, sizeof *sending + post->size);
	struct posted *posted = calloc(1, sizeof *posted);
	size_t at = 0;

	cr_assert(sending && posted);
	memcpy(sending->bytes, post->data, post->size);
	for (unsigned i = 0; i < n_parts; i++) {
		size_t size = i + 1 < n_parts ? post->size / n_parts : post->size - at;

		sending->parts[i] = (struct iovec){sending->bytes + at, size};
		at += size;
	}
	sending->send.socket = &post->subject->socket;
	sending->send.parts = sending->parts;
	sending->send.n_parts = n_parts;
	sending->send.flags = post->flags;
	sending->send.owner = sending;
	if (post->name) {
		sending->name = *post->name;
		sending->send.name = &sending->name.address;
		sending->send.name_size = sending->name.size;
	}
	sending->posted = posted;
	posted->sending = sending;
	posted->subject = post->subject;
	posted->next = world->posted;
	world->posted = posted;
	post->subject->n_pending++;
	world->io->ops->send(world->io, &sending->send);
	cr_assert_eq(posted->sending, sending, "SENT came from inside send()");
	return posted;
}

struct posted *world_send(struct subject *subject, const void *data, size_t size)
{
	return world_post(&(struct post){.subject = subject, .data = data, .size = size});
}

static void note_received(struct subject *subject, const struct sipring_io_event *event)
{
	const struct sipring_io_config *config = &subject->world->config;
	size_t n = subject->n_messages;
	struct world_message *message;

	cr_assert_leq(event->size,
		sipring_io_payload_max(config, subject->socket.name_size,
			subject->socket.control_size));
	if (!subject->in_piece) {
		subject->messages = realloc(subject->messages, (n + 1) * sizeof *message);
		cr_assert_not_null(subject->messages);
		memset(&subject->messages[n], 0, sizeof *message);
	}
	message = &subject->messages[n];
	message->bytes = realloc(message->bytes, message->size + event->size + 1);
	memcpy(message->bytes + message->size, event->data, event->size);
	/* Writable, the tail too, and not over anybody else's bytes: others are checked later. */
	memset(event->data, 0xee, event->size + SIPRING_IO_TAIL);
	message->size += event->size;
	message->flags = event->flags;
	cr_assert_leq(event->name_size, subject->socket.name_size);
	message->name.size = event->name_size;
	if (event->name_size)
		memcpy(&message->name.address, event->name, event->name_size);
	message->control_is_right = io_sockets_control_is_right(event);
	subject->in_piece = io_sockets_come_in_pieces() &&
		subject->socket.kind == SIPRING_IO_ASSOCIATED && !(event->flags & MSG_EOR);
	if (!subject->in_piece)
		subject->n_messages++;
}

static void note_sent(struct subject *subject, const struct sipring_io_event *event)
{
	struct sending *sending = event->send->owner;
	struct posted *posted = sending->posted;

	cr_assert_eq(posted->sending, sending, "SENT came twice");
	cr_assert_eq(event->send->result, event->result);
	cr_assert_eq(posted->subject, subject);
	posted->sending = NULL;
	posted->result = event->result;
	posted->place = subject->n_sent++;
	cr_assert_gt(subject->n_pending, 0);
	subject->n_pending--;
	memset(sending, 0x55, sizeof *sending);
	free(sending);
}

static void note_closed(struct subject *subject)
{
	cr_assert_eq(subject->n_closed, 0, "CLOSED came twice");
	cr_assert(subject->given_up);
	cr_assert_eq(subject->n_pending, 0, "CLOSED came before SENT");
	cr_assert_eq(subject->socket.state, SIPRING_IO_IDLE);
	cr_assert_eq(subject->socket.fd, -1);
	if (!subject->world->numbers_return)
		cr_assert_not(io_sockets_is_open(subject->world->io, subject->fd));
	subject->n_closed++;
}

static void note(struct world *world, const struct sipring_io_event *event)
{
	struct subject *subject = event->socket->owner;

	cr_assert_eq(subject->world, world);
	cr_assert_eq(subject->n_closed, 0, "event %d after CLOSED", event->type);
	if (subject->given_up)
		cr_assert(event->type == SIPRING_IO_SENT || event->type == SIPRING_IO_CLOSED ||
				event->type == SIPRING_IO_ACCEPTED,
			"event %d after remove", event->type);
	switch (event->type) {
	case SIPRING_IO_ACCEPTED:
		cr_assert_eq(subject->socket.kind, SIPRING_IO_LISTENER);
		cr_assert(io_sockets_is_open(world->io, event->result));
		cr_assert_lt(subject->n_accepted, 256);
		subject->accepted[subject->n_accepted++] = event->result;
		break;
	case SIPRING_IO_RECEIVED:
		cr_assert_eq(subject->n_over, 0);
		note_received(subject, event);
		break;
	case SIPRING_IO_SENT:
		note_sent(subject, event);
		break;
	case SIPRING_IO_WRITABLE:
		subject->n_writable++;
		break;
	case SIPRING_IO_READABLE:
		cr_assert(subject->socket.kind == SIPRING_IO_POLLED ||
			subject->socket.kind == SIPRING_IO_EVENTFD);
		subject->n_readable++;
		break;
	case SIPRING_IO_OVER:
		cr_assert_eq(subject->n_over, 0, "OVER came twice");
		cr_assert_eq(subject->socket.state, SIPRING_IO_ENDED);
		subject->n_over++;
		subject->over_result = event->result;
		break;
	case SIPRING_IO_CLOSED:
		note_closed(subject);
		break;
	}
	if (subject->act)
		subject->act(subject, event);
}

void world_turn(struct world *world, int64_t timeout_ns)
{
	struct sipring_io_event event;
	int r = world->io->ops->turn(world->io, timeout_ns);

	cr_assert_eq(r, 0, "turn: %s", strerror(-r));
	world->n_events_of_turn = 0;
	while (world->io->ops->next(world->io, &event)) {
		world->n_events++;
		world->n_events_of_turn++;
		note(world, &event);
	}
	cr_assert_not(world->io->ops->next(world->io, &event), "more after the turn's last");
}

void world_until(struct world *world, const unsigned *counter, unsigned n)
{
	uint64_t end_ns = sipring_clock_ns() + PATIENCE_NS;

	for (unsigned i = 0; *counter < n; i++) {
		cr_assert(i < TURNS_MAX && sipring_clock_ns() < end_ns, "%u of %u came in %u turns",
			*counter, n, i);
		world_turn(world, 10000000);
	}
}

void world_idle(struct world *world)
{
	for (unsigned i = 0; i < 5; i++)
		world_turn(world, 2000000);
}

void world_fill(char *bytes, size_t size, unsigned tag)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(tag * 31 + i * 7 + (i >> 8));
}

void world_check(const struct world_message *message, size_t size, unsigned tag)
{
	char *expected = malloc(size + 1);

	cr_assert_eq(message->size, size, "message %u: %zu bytes for %zu", tag, message->size,
		size);
	world_fill(expected, size, tag);
	cr_assert_eq(memcmp(message->bytes, expected, size), 0, "bytes of message %u", tag);
	free(expected);
}
