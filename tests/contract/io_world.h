/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker's place in the contract suite: opens the io under test, turns it, and keeps all events
 * per socket. What holds for every event whatever the case is checked here, once: see io_world.c.
 */
#pragma once

#include "io_sockets.h"

struct world;

struct world_message {
	char *bytes;
	size_t size;
	int flags; /* those of the last piece */
	bool control_is_right;
	struct io_sockets_name name;
};

/* A socket in the io, with all that was heard of it. */
struct subject {
	struct sipring_io_socket socket;
	struct world *world;
	struct world_message *messages;
	unsigned n_messages; /* whole ones */
	bool in_piece;       /* one more has begun */
	int accepted[256];
	unsigned n_accepted;
	unsigned n_sent;
	unsigned n_writable;
	unsigned n_readable;
	unsigned n_over;
	unsigned n_closed;
	int over_result;
	unsigned n_pending; /* sends without SENT */
	bool given_up;
	int fd; /* it had; the io sets socket.fd to -1 */
	/* Called inside the handling of each event of it, after it was kept. May be NULL. */
	void (*act)(struct subject *subject, const struct sipring_io_event *event);
};

/* A send; what it points at is freed the moment SENT comes. */
struct posted {
	struct posted *next;
	struct subject *subject;
	struct sending *sending; /* NULL: SENT came */
	int result;
	unsigned place; /* how many SENT came before on its socket */
};

struct post {
	struct subject *subject;
	const void *data;
	size_t size;
	uint32_t flags;
	const struct io_sockets_name *name;
	unsigned n_parts; /* 0: one */
};

struct world {
	struct sipring_io *io;
	struct sipring_io_config config;
	struct posted *posted; /* all, the newest first */
	unsigned n_events;
	unsigned n_events_of_turn;
	bool numbers_return; /* new fds are made all the time: a closed one may be another's */
};

/* With few buffers and a short queue where config is NULL. */
void world_open(struct world *world, const struct sipring_io_config *config);
void world_close(struct world *world);

void world_add(struct world *world, struct subject *subject, enum sipring_io_kind kind, int fd);
/* A new subject that is one end of a pair; the other end is driven by hand. */
struct subject *world_add_pair(struct world *world, int *far);
struct subject *world_add_datagram(struct world *world, struct io_sockets_name *name);
void world_remove(struct subject *subject);
/* Frees what it kept, and it. */
void world_forget(struct subject *subject);

struct posted *world_post(const struct post *post);
struct posted *world_send(struct subject *subject, const void *data, size_t size);

/* One turn, and all its events. */
void world_turn(struct world *world, int64_t timeout_ns);
/* Turns until the counter is at least n; fails the test when that does not come about. */
void world_until(struct world *world, const unsigned *counter, unsigned n);
/* Turns some more, to find what should not come. */
void world_idle(struct world *world);

/* Fills size bytes that tell which message they are, and checks them. */
void world_fill(char *bytes, size_t size, unsigned tag);
void world_check(const struct world_message *message, size_t size, unsigned tag);
