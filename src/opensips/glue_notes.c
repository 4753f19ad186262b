/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From engine processes to SIP workers: notes of what happened, for the script's events and for
 * traces. A worker does with them what may take its time, so that neither a subscriber nor a
 * collector of traces holds up an engine.
 *
 * The pipe by which the core hands jobs to workers is one for all, and who writes to it when it is
 * full waits. So there are fewer notes than it has room for, each in one of these states: free, or
 * taken, from the engine that writes it to the worker that is done with it. One for which there is
 * no place is counted, and told to the log.
 */
#include "opensips/glue.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#define NOTES 1024 /* half of the jobs that a pipe of 64 KB has room for */

struct place {
	atomic_bool is_taken;
	struct sipring_glue_note note;
};

static struct {
	_Atomic uint64_t n_lost;
	struct place places[NOTES];
} * notes;

bool sipring_glue_notes_open(void)
{
	notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		0);
	if (notes == MAP_FAILED)
		notes = NULL;
	return notes;
}

/* In a SIP worker. */
static void act(__attribute__((unused)) int from, void *param)
{
	struct place *place = param;
	struct sipring_glue_note note = place->note;

	atomic_store_explicit(&place->is_taken, false, memory_order_release);
	if (note.event != EVI_ERROR)
		sipring_glue_events_raise(&note);
	if (note.is_traced)
		sipring_glue_trace_send(&note);
}

/* Searched from where the last one was, for those before it are the longest away. */
static struct place *take(void)
{
	static unsigned next;

	for (unsigned i = 0; i < NOTES; i++) {
		struct place *place = &notes->places[next++ % NOTES];

		if (!atomic_exchange_explicit(&place->is_taken, true, memory_order_acquire))
			return place;
	}
	return NULL;
}

static void lose(void)
{
	static time_t last;
	time_t now = time(NULL);
	uint64_t n_lost = atomic_fetch_add(&notes->n_lost, 1) + 1;

	if (now != last)
		LM_WARN("SIP workers are behind with the events of SCTP: %llu were not told\n",
			(unsigned long long)n_lost);
	last = now;
}

void sipring_glue_notes_hand(const struct sipring_glue_note *note)
{
	struct place *place = take();

	if (!place) {
		lose();
		return;
	}
	place->note = *note;
	if (ipc_dispatch_rpc(act, place) < 0) {
		atomic_store_explicit(&place->is_taken, false, memory_order_release);
		lose();
	}
}

uint64_t sipring_glue_notes_lost(void)
{
	return notes ? atomic_load(&notes->n_lost) : 0;
}
