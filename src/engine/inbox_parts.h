/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the inbox: its words and where they lie, for the files inbox*.c and nobody else. */
#pragma once

#include "engine/inbox.h"

#include <assert.h>
#include <stdatomic.h>

#define LINE 64

enum kind { FREE, FILLING, TAKEN };

#define KIND_BITS 2
#define GENERATION_SHIFT (KIND_BITS + SIPRING_MEMBERS_ID_BITS)

/* A cell: full (1 bit), lap (24), generation of the slot (19), slot (20). */
#define CELL_FULL ((uint64_t)1 << 63)
#define LAP_SHIFT 39
#define LAP_MASK 0xffffffu
#define CELL_GENERATION_SHIFT 20
#define CELL_GENERATION_MASK 0x7ffffu
#define CELL_SLOT_MASK 0xfffffu

struct header {
	_Alignas(LINE) _Atomic uint64_t state;
	struct sipring_inbox_entry entry;
};

struct class
{
	uint32_t first; /* slot */
	uint32_t count;
	uint32_t size;     /* bytes of message */
	uint32_t stride;   /* bytes from slot to slot */
	uint64_t bytes_at; /* all of these are offsets from the inbox */
	uint64_t free_at;
};

struct sipring_inbox {
	struct class classes[SIPRING_INBOX_CLASSES]; /* written before anyone shares it */
	uint32_t n_slots;
	uint32_t n_cells; /* a power of two */
	uint64_t headers_at;
	uint64_t cells_at;
	_Alignas(LINE) _Atomic uint64_t tail;
	_Alignas(LINE) _Atomic uint64_t head;
	_Alignas(LINE) _Atomic uint64_t n_failed;
	_Atomic uint64_t n_lost;
};

_Static_assert(SIPRING_INBOX_SLOTS_MAX - 1 <= CELL_SLOT_MASK, "every slot has a number");

static inline enum kind state_kind(uint64_t state)
{
	return (enum kind)(state & ((1u << KIND_BITS) - 1));
}

static inline uint32_t state_owner(uint64_t state)
{
	return (uint32_t)(state >> KIND_BITS) & ((1u << SIPRING_MEMBERS_ID_BITS) - 1);
}

static inline uint64_t state_generation(uint64_t state)
{
	return state >> GENERATION_SHIFT;
}

static inline uint64_t state_pack(enum kind kind, uint32_t owner, uint64_t generation)
{
	return generation << GENERATION_SHIFT | (uint64_t)owner << KIND_BITS | kind;
}

static inline uint64_t cell_empty(uint64_t lap)
{
	return (lap & LAP_MASK) << LAP_SHIFT;
}

static inline uint64_t cell_full(uint64_t lap, uint32_t slot, uint64_t state)
{
	return CELL_FULL | cell_empty(lap) |
		(state_generation(state) & CELL_GENERATION_MASK) << CELL_GENERATION_SHIFT | slot;
}

static inline bool cell_is_of(uint64_t cell, uint32_t slot, uint64_t state)
{
	return cell & CELL_FULL && (cell & CELL_SLOT_MASK) == slot &&
		(cell >> CELL_GENERATION_SHIFT & CELL_GENERATION_MASK) ==
		(state_generation(state) & CELL_GENERATION_MASK);
}

static inline bool cell_in_lap(uint64_t cell, uint64_t lap)
{
	return (cell >> LAP_SHIFT & LAP_MASK) == (lap & LAP_MASK);
}

static inline void *inbox_at(const struct sipring_inbox *inbox, uint64_t offset)
{
	return (char *)(uintptr_t)inbox + offset;
}

static inline struct header *inbox_header(const struct sipring_inbox *inbox, uint32_t slot)
{
	assert(slot < inbox->n_slots);
	return (struct header *)inbox_at(inbox, inbox->headers_at) + slot;
}

static inline _Atomic uint64_t *inbox_cell(const struct sipring_inbox *inbox, uint64_t position)
{
	return (_Atomic uint64_t *)inbox_at(inbox, inbox->cells_at) +
		(position & (inbox->n_cells - 1));
}

static inline uint64_t inbox_lap(const struct sipring_inbox *inbox, uint64_t position)
{
	return position / inbox->n_cells;
}

static inline _Atomic uint64_t *class_free(const struct sipring_inbox *inbox,
	const struct class *class, uint32_t i)
{
	return (_Atomic uint64_t *)inbox_at(inbox, class->free_at) + i / 64;
}

static inline const struct class *inbox_class_of(const struct sipring_inbox *inbox, uint32_t slot)
{
	const struct class *class = inbox->classes;

	while (slot - class->first >= class->count)
		class ++;
	return class;
}

/* From a state that was seen to free; false where it has changed. */
bool sipring_inbox_free_slot(struct sipring_inbox *inbox, uint32_t index, uint64_t state);
/* The state of a slot says free already; now those who look for one may find it. */
void sipring_inbox_show_slot(struct sipring_inbox *inbox, uint32_t index);
/* A slot as its holder, whose state this is, sees it. */
void sipring_inbox_fill_slot(const struct sipring_inbox *inbox, uint32_t index, uint64_t state,
	struct sipring_inbox_slot *slot);
