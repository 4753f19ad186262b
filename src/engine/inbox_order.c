/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of cells that holds the order of what was put in: see inbox.c. A position counts from
 * the beginning of time. A cell at or behind the tail is empty in the lap of its position; between
 * head and tail it is full; before the head it is empty in the next lap. Both head and tail may lag
 * behind what the cells say, by one, and whoever finds that moves them on.
 */
#include "engine/inbox_parts.h"

void sipring_inbox_put(struct sipring_inbox *inbox, const struct sipring_inbox_slot *slot)
{
	assert(state_kind(slot->state) == FILLING);
	for (;;) {
		uint64_t tail = atomic_load_explicit(&inbox->tail, memory_order_acquire);
		uint64_t lap = inbox_lap(inbox, tail), seen = cell_empty(lap);

		/*
		 * release: the bytes and the entry come with the cell. A cell that was not empty
		 * has been filled in this lap, and its filler has not moved the tail yet.
		 */
		if (atomic_compare_exchange_strong_explicit(inbox_cell(inbox, tail), &seen,
			    cell_full(lap, slot->index, slot->state), memory_order_seq_cst,
			    memory_order_acquire)) {
			atomic_compare_exchange_strong_explicit(&inbox->tail, &tail, tail + 1,
				memory_order_release, memory_order_relaxed);
			return;
		}
		atomic_compare_exchange_strong_explicit(&inbox->tail, &tail, tail + 1,
			memory_order_release, memory_order_relaxed);
	}
}

/* The first message that nobody has taken: its cell, and its slot's state. */
struct first {
	uint64_t cell;
	uint64_t state;
	uint64_t position;
};

static void inbox_pass(struct sipring_inbox *inbox, uint64_t head, uint64_t cell)
{
	uint64_t lap = inbox_lap(inbox, head);

	/* release, both: they are passed by because of a state that was seen */
	if (cell_in_lap(cell, lap))
		atomic_compare_exchange_strong_explicit(inbox_cell(inbox, head), &cell,
			cell_empty(lap + 1), memory_order_release, memory_order_relaxed);
	atomic_compare_exchange_strong_explicit(&inbox->head, &head, head + 1, memory_order_release,
		memory_order_relaxed);
}

static bool inbox_first(struct sipring_inbox *inbox, struct first *first)
{
	for (;;) {
		/* acquire: what is before head was passed */
		uint64_t head = atomic_load_explicit(&inbox->head, memory_order_acquire);
		_Atomic uint64_t *at = inbox_cell(inbox, head);
		/* seq_cst: see takers.c; acquire is in it, for the bytes */
		uint64_t cell = atomic_load_explicit(at, memory_order_seq_cst);
		uint32_t slot = (uint32_t)(cell & CELL_SLOT_MASK);

		if (cell == cell_empty(inbox_lap(inbox, head)))
			return false;
		if (cell_in_lap(cell, inbox_lap(inbox, head))) {
			/* acquire: the cell is looked at again after it, so they belong together */
			first->state = atomic_load_explicit(&inbox_header(inbox, slot)->state,
				memory_order_acquire);
			if (atomic_load_explicit(at, memory_order_relaxed) != cell)
				continue;
			first->cell = cell;
			first->position = head;
			if (cell_is_of(cell, slot, first->state) &&
				state_kind(first->state) == FILLING)
				return true;
		}
		inbox_pass(inbox, head, cell);
	}
}

int sipring_inbox_take(struct sipring_inbox *inbox, uint32_t member,
	struct sipring_inbox_slot *slot)
{
	struct first first;

	assert(member);
	while (inbox_first(inbox, &first)) {
		uint32_t index = (uint32_t)(first.cell & CELL_SLOT_MASK);
		uint64_t mine = state_pack(TAKEN, member, state_generation(first.state));

		/* acquire: with the cell's, the bytes; where it fails another has it */
		if (!atomic_compare_exchange_strong_explicit(&inbox_header(inbox, index)->state,
			    &first.state, mine, memory_order_acq_rel, memory_order_relaxed))
			continue;
		inbox_pass(inbox, first.position, first.cell);
		sipring_inbox_fill_slot(inbox, index, mine, slot);
		return SIPRING_INBOX_DONE;
	}
	return SIPRING_INBOX_EMPTY;
}

bool sipring_inbox_has(struct sipring_inbox *inbox)
{
	struct first first;

	return inbox_first(inbox, &first);
}
