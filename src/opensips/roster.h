/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is connected: one entry for each association that stands, in memory that engine processes
 * write and every process reads. Knows nothing of the host's headers.
 */
#pragma once

#include <sipring/sipring.h>

struct sipring_roster;

/* What a reader sees of an association. A value. */
struct sipring_roster_entry {
	uint32_t association;
	union sipring_address peer;
	uint64_t since_s; /* seconds since 1970 when it came to stand */
	uint32_t n_restarts;
	bool inbound;
};

/* Room for n associations; NULL: no memory. Before the first fork; never freed. */
struct sipring_roster *sipring_roster_new(unsigned n);
/* An engine's event, in the engine's process: UP, DOWN and RESTART count, others do not. */
void sipring_roster_note(struct sipring_roster *roster, const struct sipring_event *event);
/* Whether it stands. Any process. */
bool sipring_roster_has(struct sipring_roster *roster, uint32_t association);
/* Calls each once for every association that stands. Any process. */
void sipring_roster_walk(struct sipring_roster *roster,
	void (*each)(void *user, const struct sipring_roster_entry *entry), void *user);
