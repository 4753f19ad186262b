/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Associations that stand, in a table in shared memory. An entry belongs to the engine process that
 * has the association: it takes a free one by an exchange, writes it, and gives it free at the end.
 * Readers copy an entry and look whether it was the same before and after; they hold up nobody. An
 * association for which there is no room is not shown; the table is as large as the engines let it
 * be full.
 *
 * An entry is searched from its id's own place on. Free ones in between do not end the search, so
 * that nothing has to be moved when one goes.
 *
 * Invariant: a version is odd while its entry is written; id 0 is a free entry.
 */
#include "opensips/roster.h"

#include <assert.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

struct place {
	_Atomic uint32_t id;
	_Atomic uint32_t version;
	struct sipring_roster_entry entry;
};

struct sipring_roster {
	unsigned n;
	struct place places[];
};

struct sipring_roster *sipring_roster_new(unsigned n)
{
	struct sipring_roster *roster = mmap(NULL, sizeof *roster + n * sizeof(struct place),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert(n);
	if (roster == MAP_FAILED)
		return NULL;
	roster->n = n;
	return roster;
}

static struct place *find(struct sipring_roster *roster, uint32_t wanted, uint32_t from)
{
	for (unsigned i = 0; i < roster->n; i++) {
		struct place *place = &roster->places[(from + i) % roster->n];

		if (atomic_load_explicit(&place->id, memory_order_relaxed) == wanted)
			return place;
	}
	return NULL;
}

static void begin_write(struct place *place)
{
	atomic_fetch_add_explicit(&place->version, 1, memory_order_relaxed);
	/* release fence: who sees what is written now sees the version before it */
	atomic_thread_fence(memory_order_release);
}

static void end_write(struct place *place)
{
	atomic_fetch_add_explicit(&place->version, 1, memory_order_release);
	assert(atomic_load_explicit(&place->version, memory_order_relaxed) % 2 == 0);
}

static void note_up(struct sipring_roster *roster, const struct sipring_event *event)
{
	struct place *place;
	uint32_t free_id;

	do {
		free_id = 0;
		place = find(roster, 0, event->association);
		if (!place)
			return;
		/* Another engine may want the same one. */
	} while (!atomic_compare_exchange_strong_explicit(&place->id, &free_id, event->association,
		memory_order_relaxed, memory_order_relaxed));
	begin_write(place);
	place->entry = (struct sipring_roster_entry){
		.association = event->association,
		.since_s = (uint64_t)time(NULL),
		.inbound = event->inbound,
	};
	if (event->address)
		place->entry.peer = *event->address;
	end_write(place);
}

void sipring_roster_note(struct sipring_roster *roster, const struct sipring_event *event)
{
	struct place *place;

	assert(event->association || event->type != SIPRING_EVENT_UP);
	if (event->type == SIPRING_EVENT_UP) {
		note_up(roster, event);
		return;
	}
	if ((event->type != SIPRING_EVENT_DOWN && event->type != SIPRING_EVENT_RESTART) ||
		!event->association)
		return;
	place = find(roster, event->association, event->association);
	if (!place)
		return;
	begin_write(place);
	if (event->type == SIPRING_EVENT_RESTART)
		place->entry.n_restarts++;
	else
		place->entry.association = 0;
	end_write(place);
	if (event->type == SIPRING_EVENT_DOWN)
		atomic_store_explicit(&place->id, 0, memory_order_release);
}

bool sipring_roster_has(struct sipring_roster *roster, uint32_t association)
{
	return association && find(roster, association, association);
}

void sipring_roster_walk(struct sipring_roster *roster,
	void (*each)(void *user, const struct sipring_roster_entry *entry), void *user)
{
	for (unsigned i = 0; i < roster->n; i++) {
		struct place *place = &roster->places[i];
		uint32_t before = atomic_load_explicit(&place->version, memory_order_acquire);
		struct sipring_roster_entry entry = place->entry;

		atomic_thread_fence(memory_order_acquire);
		if (before % 2 || !entry.association ||
			before != atomic_load_explicit(&place->version, memory_order_relaxed))
			continue;
		each(user, &entry);
	}
}
