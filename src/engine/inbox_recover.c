/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What those who are gone had in hand: found by the owner in a slot's state, freed by an exchange
 * of it, so that of several who do this at a time one counts it. Slow, and after a death only.
 */
#include "engine/inbox_parts.h"

static bool slot_is_in(const struct sipring_inbox *inbox, uint32_t index, uint64_t state)
{
	for (uint32_t i = 0; i < inbox->n_cells; i++)
		/* acquire: not before its filler was seen to be gone */
		if (cell_is_of(atomic_load_explicit(inbox_cell(inbox, i), memory_order_acquire),
			    index, state))
			return true;
	return false;
}

/* What those who are gone had put in is nobody's, so that nobody asks about it again. */
static void recover_put(struct sipring_inbox *inbox, const struct sipring_members *members)
{
	for (uint32_t i = 0; i < inbox->n_cells; i++) {
		uint64_t cell = atomic_load_explicit(inbox_cell(inbox, i), memory_order_acquire);
		uint32_t slot = (uint32_t)(cell & CELL_SLOT_MASK);
		_Atomic uint64_t *state = &inbox_header(inbox, cell & CELL_FULL ? slot : 0)->state;
		uint64_t seen = atomic_load_explicit(state, memory_order_acquire);

		if (!cell_is_of(cell, slot, seen) || state_kind(seen) != FILLING ||
			!state_owner(seen) || !sipring_members_gone(members, state_owner(seen)))
			continue;
		/* release: goes on from what was acquired */
		atomic_compare_exchange_strong_explicit(state, &seen,
			state_pack(FILLING, 0, state_generation(seen)), memory_order_acq_rel,
			memory_order_relaxed);
	}
}

void sipring_inbox_recover(struct sipring_inbox *inbox, const struct sipring_members *members)
{
	recover_put(inbox, members);
	for (uint32_t i = 0; i < inbox->n_slots; i++) {
		uint64_t state =
			atomic_load_explicit(&inbox_header(inbox, i)->state, memory_order_acquire);

		if (state_kind(state) == FREE) {
			sipring_inbox_show_slot(inbox, i);
			continue;
		}
		if (!state_owner(state) || !sipring_members_gone(members, state_owner(state)))
			continue;
		if (state_kind(state) == FILLING && slot_is_in(inbox, i, state))
			continue;
		if (sipring_inbox_free_slot(inbox, i, state))
			atomic_fetch_add_explicit(state_kind(state) == TAKEN ? &inbox->n_failed
									     : &inbox->n_lost,
				1, memory_order_relaxed);
	}
}
