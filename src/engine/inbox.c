/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slots, and a ring of cells that holds the order of those put in. A slot has one word of state:
 * what it is, whose, and a generation that grows with each filling:
 *
 *    FREE -> FILLING (a worker's) -> TAKEN (a taker's) -> FREE
 *
 * A filled slot is put in by one exchange of the cell at the tail, from "empty in this lap" to the
 * slot's number and generation; it is taken by one exchange of its state, FILLING to TAKEN, while
 * its cell is at the head. Those two decide. Everything else (emptying the cell, moving head and
 * tail on) is done by whoever comes across it undone. Therefore, whoever is killed wherever:
 *
 *    while he fills: the slot is FILLING and in no cell. It is freed, and the message is lost
 *    behind the exchange of the cell: the message is in, and is taken as any other
 *    behind the exchange of the state: the slot is TAKEN by one who is gone. It is freed, and the
 *      message has failed: what he did with it nobody knows, so nobody else gets it
 *
 * Only the cell at the head is taken from, so at most one cell belongs to a slot that is taken; and
 * there are twice as many cells as slots, so the tail never meets the head. Cells carry their lap,
 * and positions are 64 bits: what a process that was stopped comes back with is never current.
 *
 * Which slots are free is known by their states. The bits that a worker looks for one by are a
 * hint: who finds one wrong puts it right, and what a killed one left wrong is put right by
 * recover. The lowest free slot is taken first, so that memory never needed is never touched.
 *
 * Orders of memory: the exchange of a cell and the look at one are seq_cst for the sake of sleepers
 * (takers.c); the others have their reason beside them.
 */
#include "engine/inbox_parts.h"

#include "io/io.h"

#include <errno.h>

static uint64_t line_up(uint64_t size)
{
	return (size + LINE - 1) & ~(uint64_t)(LINE - 1);
}

/* Fills in where everything is; returns the size of it all. */
static uint64_t lay_out(struct sipring_inbox *inbox, const struct sipring_inbox_shape *shape)
{
	uint64_t at = sizeof *inbox;

	inbox->n_slots = 0;
	inbox->n_cells = 2;
	for (unsigned i = 0; i < SIPRING_INBOX_CLASSES; i++) {
		inbox->classes[i].first = inbox->n_slots;
		inbox->classes[i].count = shape->counts[i];
		inbox->classes[i].size = shape->sizes[i];
		inbox->classes[i].stride = (uint32_t)line_up(shape->sizes[i] + SIPRING_IO_TAIL);
		inbox->n_slots += shape->counts[i];
	}
	while (inbox->n_cells < 2 * inbox->n_slots)
		inbox->n_cells *= 2;
	inbox->headers_at = at;
	at += (uint64_t)inbox->n_slots * sizeof(struct header);
	inbox->cells_at = at;
	at = line_up(at + (uint64_t)inbox->n_cells * sizeof(uint64_t));
	for (unsigned i = 0; i < SIPRING_INBOX_CLASSES; i++) {
		inbox->classes[i].free_at = at;
		at = line_up(at + ((uint64_t)shape->counts[i] + 63) / 64 * sizeof(uint64_t));
	}
	for (unsigned i = 0; i < SIPRING_INBOX_CLASSES; i++) {
		inbox->classes[i].bytes_at = at;
		at += (uint64_t)shape->counts[i] * inbox->classes[i].stride;
	}
	return at;
}

size_t sipring_inbox_footprint(const struct sipring_inbox_shape *shape)
{
	struct sipring_inbox inbox;
	uint64_t n_slots = 0;

	for (unsigned i = 0; i < SIPRING_INBOX_CLASSES; i++) {
		n_slots += shape->counts[i];
		if (!shape->sizes[i] || shape->sizes[i] > UINT32_MAX / 2)
			return SIZE_MAX;
	}
	if (!n_slots || n_slots >= SIPRING_INBOX_SLOTS_MAX)
		return SIZE_MAX;
	return lay_out(&inbox, shape);
}

void sipring_inbox_init(struct sipring_inbox *inbox, const struct sipring_inbox_shape *shape)
{
	lay_out(inbox, shape);
	/* relaxed: nobody shares it yet */
	for (unsigned i = 0; i < SIPRING_INBOX_CLASSES; i++)
		for (uint32_t j = 0; j < shape->counts[i]; j++)
			atomic_fetch_or_explicit(class_free(inbox, &inbox->classes[i], j),
				(uint64_t)1 << j % 64, memory_order_relaxed);
}

unsigned sipring_inbox_class(const struct sipring_inbox *inbox, size_t size)
{
	unsigned i = 0;

	while (i < SIPRING_INBOX_CLASSES &&
		(size > inbox->classes[i].size || !inbox->classes[i].count))
		i++;
	return i;
}

void sipring_inbox_fill_slot(const struct sipring_inbox *inbox, uint32_t index, uint64_t state,
	struct sipring_inbox_slot *slot)
{
	const struct class *class = inbox_class_of(inbox, index);

	slot->index = index;
	slot->state = state;
	slot->entry = &inbox_header(inbox, index)->entry;
	slot->bytes =
		inbox_at(inbox, class->bytes_at + (uint64_t)(index - class->first) * class->stride);
}

/* The state says free already; now those who look for a slot may find it. */
void sipring_inbox_show_slot(struct sipring_inbox *inbox, uint32_t index)
{
	const struct class *class = inbox_class_of(inbox, index);
	uint32_t i = index - class->first;

	/* seq_cst: see slot_hide */
	atomic_fetch_or_explicit(class_free(inbox, class, i), (uint64_t)1 << i % 64,
		memory_order_seq_cst);
}

/*
 * The slot's bit says free and its state does not, or did not. Who frees a slot stores its state
 * and then sets the bit; here the bit is cleared and then the state is looked at. All of it is
 * seq_cst, so one of the two sees the other, and a free slot never stays hidden.
 */
static void slot_hide(struct sipring_inbox *inbox, uint32_t index)
{
	const struct class *class = inbox_class_of(inbox, index);
	uint32_t i = index - class->first;

	atomic_fetch_and_explicit(class_free(inbox, class, i), ~((uint64_t)1 << i % 64),
		memory_order_seq_cst);
	if (state_kind(atomic_load_explicit(&inbox_header(inbox, index)->state,
		    memory_order_seq_cst)) == FREE)
		sipring_inbox_show_slot(inbox, index);
}

static bool slot_grab(struct sipring_inbox *inbox, uint32_t index, uint32_t member,
	struct sipring_inbox_slot *slot)
{
	struct header *header = inbox_header(inbox, index);
	/* acquire, here and in the exchange: the last taker is done with the bytes */
	uint64_t state = atomic_load_explicit(&header->state, memory_order_acquire);
	uint64_t mine = state_pack(FILLING, member, state_generation(state) + 1);
	bool grabbed = state_kind(state) == FREE &&
		atomic_compare_exchange_strong_explicit(&header->state, &state, mine,
			memory_order_acq_rel, memory_order_relaxed);

	/* The bit goes either way. */
	slot_hide(inbox, index);
	if (grabbed)
		sipring_inbox_fill_slot(inbox, index, mine, slot);
	return grabbed;
}

int sipring_inbox_reserve(struct sipring_inbox *inbox, uint32_t member, size_t size,
	unsigned classes_end, struct sipring_inbox_slot *slot)
{
	assert(member && classes_end <= SIPRING_INBOX_CLASSES);
	for (unsigned c = sipring_inbox_class(inbox, size); c < classes_end; c++) {
		const struct class *class = &inbox->classes[c];

		for (uint32_t i = 0; i < class->count; i += 64) {
			/* seq_cst: who waits for room said so, and then looks here (split.c) */
			uint64_t bits = atomic_load_explicit(class_free(inbox, class, i),
				memory_order_seq_cst);

			for (; bits; bits &= bits - 1)
				if (slot_grab(inbox,
					    class->first + i + (uint32_t)__builtin_ctzll(bits),
					    member, slot))
					return SIPRING_INBOX_DONE;
		}
	}
	return SIPRING_INBOX_FULL;
}

/* From a state that was seen; false where it has changed. */
bool sipring_inbox_free_slot(struct sipring_inbox *inbox, uint32_t index, uint64_t state)
{
	/* seq_cst: see slot_hide; release is in it: the bytes are not looked at any more */
	if (!atomic_compare_exchange_strong_explicit(&inbox_header(inbox, index)->state, &state,
		    state_pack(FREE, 0, state_generation(state)), memory_order_seq_cst,
		    memory_order_relaxed))
		return false;
	sipring_inbox_show_slot(inbox, index);
	return true;
}

int sipring_inbox_give(struct sipring_inbox *inbox, const struct sipring_inbox_slot *slot)
{
	assert(state_kind(slot->state) == TAKEN);
	return sipring_inbox_free_slot(inbox, slot->index, slot->state) ? 0 : -ESTALE;
}

void sipring_inbox_fail(struct sipring_inbox *inbox)
{
	atomic_fetch_add_explicit(&inbox->n_failed, 1, memory_order_relaxed);
}

uint64_t sipring_inbox_waiting(const struct sipring_inbox *inbox)
{
	uint64_t head = atomic_load_explicit(&inbox->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&inbox->tail, memory_order_relaxed);

	return tail > head ? tail - head : 0;
}

void sipring_inbox_count(const struct sipring_inbox *inbox, struct sipring_inbox_counts *counts)
{
	/* relaxed: a glance; head first, so that it is not ahead of the tail */
	counts->taken = atomic_load_explicit(&inbox->head, memory_order_relaxed);
	counts->put = atomic_load_explicit(&inbox->tail, memory_order_relaxed);
	counts->failed = atomic_load_explicit(&inbox->n_failed, memory_order_relaxed);
	counts->lost = atomic_load_explicit(&inbox->n_lost, memory_order_relaxed);
}
