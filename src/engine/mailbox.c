/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of cells, and beside it one word of state per cell. A position counts cells from the
 * beginning of time, modulo 2^32; its cell is position % n_cells. A message takes a run of cells,
 * which begins anew at cell 0 where it would not fit behind its position; the cells before are
 * then part of the run, and of no use.
 *
 * A reservation is one word: position, cells, owner. The tail is the last reservation made, and
 * making the next is one exchange of the tail. What stands in the tail only would be lost by the
 * next exchange, so before it, whoever makes it copies the tail into the state of its position
 * (mailbox_describe): "helping". Therefore every reservation behind head is known with its length
 * and its owner at every instant, whoever is killed wherever:
 *
 *    killed before the exchange of the tail: nothing has happened
 *    after it, before the commit: the reader finds a reservation without a commit. Its owner is
 *      buried or probed, and then the reader passes by its cells. While the owner lives, he waits:
 *      a stopped process (SIGSTOP) holds up a mailbox, and says so by its becoming full
 *    after the commit: the message is whole, and is read
 *
 * The state words are apart from the bytes, which come from the network and could look like one.
 * They only grow: older than its position means not described yet. A reader who passes a run moves
 * the state of each of its cells up to its lap, so that no cell is ever half of 2^32 behind.
 *
 * Only the reader moves head. Invariant: head <= tail's end <= head + n_cells.
 */
#include "engine/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define CELL 128u /* bytes; with it a run of the largest message and its padding fits its 11 bits */
#define LINE 64

#define COMMITTED ((uint64_t)1 << 63)
#define CELLS_BITS 11
#define CELLS_MAX ((1u << CELLS_BITS) - 1)
#define OWNER_SHIFT (32 + CELLS_BITS)

_Static_assert(OWNER_SHIFT + SIPRING_MEMBERS_ID_BITS == 63, "a reservation is one word");
_Static_assert(2 * ((sizeof(struct sipring_mail) + SIPRING_MAILBOX_SIZE_MAX) / CELL + 1) <=
		CELLS_MAX,
	"every run can be told");
_Static_assert(sizeof(struct sipring_mail) <= CELL, "the header lies in one cell");

struct sipring_mailbox {
	uint32_t n_cells; /* a power of two; written before anyone shares it */
	uint32_t cells_at;
	_Alignas(LINE) _Atomic uint64_t tail; /* the writers' line */
	_Alignas(LINE) _Atomic uint32_t head; /* the reader's line */
	_Atomic uint32_t sleeping;
	_Atomic uint64_t n_abandoned;
	_Alignas(LINE) _Atomic uint64_t states[];
};

static uint32_t word_position(uint64_t word)
{
	return (uint32_t)word;
}

static uint32_t word_cells(uint64_t word)
{
	return (uint32_t)(word >> 32) & CELLS_MAX;
}

static uint32_t word_owner(uint64_t word)
{
	return (uint32_t)(word >> OWNER_SHIFT) & ((1u << SIPRING_MEMBERS_ID_BITS) - 1);
}

static uint64_t word_pack(uint32_t position, uint32_t n_cells, uint32_t owner)
{
	assert(n_cells <= CELLS_MAX && owner >> SIPRING_MEMBERS_ID_BITS == 0);
	return (uint64_t)owner << OWNER_SHIFT | (uint64_t)n_cells << 32 | position;
}

static uint32_t cells_for(uint32_t size)
{
	return (uint32_t)((sizeof(struct sipring_mail) + size + CELL - 1) / CELL);
}

static uint32_t mailbox_cells(uint32_t n_bytes)
{
	uint32_t n_cells = 8;

	while (n_cells < 1u << 20 && n_cells * CELL < n_bytes)
		n_cells *= 2;
	return n_cells;
}

static size_t mailbox_cells_at(uint32_t n_cells)
{
	size_t size = sizeof(struct sipring_mailbox) + n_cells * sizeof(uint64_t);

	return (size + CELL - 1) & ~(size_t)(CELL - 1);
}

static _Atomic uint64_t *mailbox_state(struct sipring_mailbox *mailbox, uint32_t position)
{
	return &mailbox->states[position & (mailbox->n_cells - 1)];
}

/* Where the message of a run begins: at its position, or where it did not fit there, at cell 0. */
static struct sipring_mail *mailbox_mail(struct sipring_mailbox *mailbox, uint64_t word)
{
	uint32_t index = word_position(word) & (mailbox->n_cells - 1);

	if (word_cells(word) > mailbox->n_cells - index)
		index = 0;
	return (void *)((char *)mailbox + mailbox->cells_at + (size_t)index * CELL);
}

size_t sipring_mailbox_footprint(uint32_t n_bytes)
{
	uint32_t n_cells = mailbox_cells(n_bytes);

	return mailbox_cells_at(n_cells) + (size_t)n_cells * CELL;
}

void sipring_mailbox_init(struct sipring_mailbox *mailbox, uint32_t n_bytes)
{
	uint32_t n_cells = mailbox_cells(n_bytes);

	mailbox->n_cells = n_cells;
	mailbox->cells_at = (uint32_t)mailbox_cells_at(n_cells);
	/* relaxed: nobody shares it yet. A lap older than the first one: not described. */
	for (uint32_t i = 0; i < n_cells; i++)
		atomic_store_explicit(&mailbox->states[i], word_pack(i - n_cells, 0, 0),
			memory_order_relaxed);
}

/* Copies a reservation from the tail into its state, unless somebody did. */
static void mailbox_describe(struct sipring_mailbox *mailbox, uint64_t word)
{
	_Atomic uint64_t *state = mailbox_state(mailbox, word_position(word));
	/* acquire: pairs with the release of who described, committed or passed it */
	uint64_t seen = atomic_load_explicit(state, memory_order_acquire);

	if (!word_cells(word)) /* nothing was ever reserved */
		return;
	if ((int32_t)(word_position(seen) - word_position(word)) >= 0)
		return;
	/*
	 * release: whoever goes on from this state sees what was seen here. Where it fails, another
	 * has described it: states only grow, so nothing else can have happened to it.
	 */
	atomic_compare_exchange_strong_explicit(state, &seen, word, memory_order_acq_rel,
		memory_order_relaxed);
}

int sipring_mailbox_reserve(struct sipring_mailbox *mailbox, uint32_t sender, uint32_t size,
	struct sipring_mailbox_slot *slot)
{
	uint32_t n_cells = cells_for(size);
	uint64_t tail, word;

	assert(sender);
	if (!size)
		return -EINVAL;
	if (size > SIPRING_MAILBOX_SIZE_MAX || n_cells > mailbox->n_cells / 2)
		return -EMSGSIZE;
	do {
		/*
		 * acquire, both: the reader is done with the cells before head; and head is loaded
		 * first, so that it is never ahead of the tail that it is held against.
		 */
		uint32_t head = atomic_load_explicit(&mailbox->head, memory_order_acquire);
		uint32_t begin, room, run = n_cells;

		tail = atomic_load_explicit(&mailbox->tail, memory_order_acquire);
		begin = word_position(tail) + word_cells(tail);
		room = mailbox->n_cells - (begin & (mailbox->n_cells - 1));
		if (n_cells > room)
			run += room;
		if (begin - head + run > mailbox->n_cells)
			return SIPRING_MAILBOX_FULL;
		mailbox_describe(mailbox, tail);
		word = word_pack(begin, run, sender);
		/*
		 * seq_cst: see sipring_mailbox_sleep. Release is in it: who sees this tail
		 * sees the one before it described.
		 */
	} while (!atomic_compare_exchange_weak_explicit(&mailbox->tail, &tail, word,
		memory_order_seq_cst, memory_order_relaxed));
	slot->reservation = word;
	slot->mail = mailbox_mail(mailbox, word);
	slot->bytes = (char *)(slot->mail + 1);
	return 0;
}

int sipring_mailbox_commit(struct sipring_mailbox *mailbox, const struct sipring_mailbox_slot *slot)
{
	uint64_t word = slot->reservation;

	mailbox_describe(mailbox, word);
	/* seq_cst: see sipring_mailbox_sleep. Release is in it: the bytes come with the word. */
	if (!atomic_compare_exchange_strong_explicit(mailbox_state(mailbox, word_position(word)),
		    &word, word | COMMITTED, memory_order_seq_cst, memory_order_relaxed))
		return -ESTALE;
	if (atomic_load_explicit(&mailbox->sleeping, memory_order_seq_cst) &&
		atomic_exchange_explicit(&mailbox->sleeping, 0, memory_order_relaxed))
		return SIPRING_MAILBOX_WAKE;
	return SIPRING_MAILBOX_PUSHED;
}

int sipring_mailbox_push(struct sipring_mailbox *mailbox, const struct sipring_mail *mail,
	const void *bytes)
{
	struct sipring_mailbox_slot slot;
	int r = sipring_mailbox_reserve(mailbox, mail->sender, mail->size, &slot);

	if (r)
		return r;
	*slot.mail = *mail;
	memcpy(slot.bytes, bytes, mail->size);
	return sipring_mailbox_commit(mailbox, &slot);
}

/* The state at head, committed or not; 0 when nothing is reserved there. */
static uint64_t mailbox_first(struct sipring_mailbox *mailbox)
{
	/* relaxed: the reader alone writes it */
	uint32_t head = atomic_load_explicit(&mailbox->head, memory_order_relaxed);
	/* seq_cst, both: see sipring_mailbox_sleep. Acquire is in it: the state, and the bytes. */
	uint64_t tail = atomic_load_explicit(&mailbox->tail, memory_order_seq_cst);
	uint64_t state;

	if (word_position(tail) + word_cells(tail) == head)
		return 0;
	if (word_position(tail) == head)
		mailbox_describe(mailbox, tail);
	state = atomic_load_explicit(mailbox_state(mailbox, head), memory_order_seq_cst);
	assert(word_position(state) == head && word_cells(state));
	return state;
}

/* Gives the run at head back to the writers. */
static void mailbox_pass(struct sipring_mailbox *mailbox, uint64_t state)
{
	uint32_t head = word_position(state), end = head + word_cells(state);

	assert(head == atomic_load_explicit(&mailbox->head, memory_order_relaxed));
	/* relaxed: they are seen with head. The first has its position; a successor may need it. */
	for (uint32_t i = head + 1; i != end; i++)
		atomic_store_explicit(mailbox_state(mailbox, i), word_pack(i, 0, 0),
			memory_order_relaxed);
	/* release: the bytes were read before a writer gets at them */
	atomic_store_explicit(&mailbox->head, end, memory_order_release);
}

/* A reservation that will never be committed: its owner is gone, or was when a reader was here. */
static bool mailbox_abandoned(uint64_t state, const struct sipring_members *members)
{
	assert(!(state & COMMITTED));
	return !word_owner(state) || sipring_members_gone(members, word_owner(state));
}

int sipring_mailbox_next(struct sipring_mailbox *mailbox, const struct sipring_members *members,
	struct sipring_mail **mail, char **bytes)
{
	uint64_t state;

	while ((state = mailbox_first(mailbox)) != 0) {
		if (state & COMMITTED) {
			*mail = mailbox_mail(mailbox, state);
			*bytes = (char *)(*mail + 1);
			assert((*mail)->size <= SIPRING_MAILBOX_SIZE_MAX);
			return SIPRING_MAILBOX_MAIL;
		}
		if (!mailbox_abandoned(state, members))
			return SIPRING_MAILBOX_PENDING;
		/*
		 * Nobody's from here on. Where this fails he has committed before he went, and it
		 * is read. relaxed: only the word itself matters.
		 */
		if (!atomic_compare_exchange_strong_explicit(
			    mailbox_state(mailbox, word_position(state)), &state,
			    word_pack(word_position(state), word_cells(state), 0),
			    memory_order_relaxed, memory_order_relaxed))
			continue;
		mailbox_pass(mailbox, state);
		atomic_fetch_add_explicit(&mailbox->n_abandoned, 1, memory_order_relaxed);
	}
	return SIPRING_MAILBOX_EMPTY;
}

void sipring_mailbox_release(struct sipring_mailbox *mailbox)
{
	uint64_t state = mailbox_first(mailbox);

	assert(state & COMMITTED);
	mailbox_pass(mailbox, state);
}

/*
 * Reader and writer each write one word and then read the other's: sleeping, then tail and state;
 * tail and state, then sleeping. All of these are seq_cst, so there is one order of them, and in it
 * one of the two comes second and sees the other's. Relying on a fence would do as well, but
 * ThreadSanitizer does not know fences.
 */
bool sipring_mailbox_sleep(struct sipring_mailbox *mailbox, const struct sipring_members *members)
{
	uint64_t state;

	atomic_store_explicit(&mailbox->sleeping, 1, memory_order_seq_cst);
	state = mailbox_first(mailbox);
	if (!state)
		return true;
	if (!(state & COMMITTED) && !mailbox_abandoned(state, members))
		return true;
	sipring_mailbox_awake(mailbox);
	return false;
}

void sipring_mailbox_awake(struct sipring_mailbox *mailbox)
{
	/* relaxed: a writer who sees it late wakes once too often */
	atomic_store_explicit(&mailbox->sleeping, 0, memory_order_relaxed);
}

bool sipring_mailbox_probe(struct sipring_mailbox *mailbox, struct sipring_members *members)
{
	uint64_t state = mailbox_first(mailbox);

	if (!state || state & COMMITTED)
		return false;
	return !word_owner(state) || sipring_members_probe(members, word_owner(state));
}

bool sipring_mailbox_has_room(const struct sipring_mailbox *mailbox)
{
	/* acquire: the tail is not older than the head, so that less room is seen than there is */
	uint32_t head = atomic_load_explicit(&mailbox->head, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(&mailbox->tail, memory_order_relaxed);

	return word_position(tail) + word_cells(tail) - head <= mailbox->n_cells / 2;
}

uint64_t sipring_mailbox_abandoned(const struct sipring_mailbox *mailbox)
{
	return atomic_load_explicit(&mailbox->n_abandoned, memory_order_relaxed);
}
