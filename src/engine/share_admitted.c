/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What workers know of each other's associations that peers began. Each writes what is its own; who
 * wants another one adds it to its own first and reads the others' then, so that of two who want
 * the last one none has it at worst. What a worker counted goes with it.
 */
#include "engine/share.h"

#include "engine/tally.h"
#include "net/address.h"

#include <assert.h>
#include <stdatomic.h>

void sipring_share_set_admitted(struct sipring_share *share, unsigned place, uint32_t n)
{
	/* seq_cst: who sets its own and reads the others' is seen by one who does the same */
	atomic_store_explicit(&share->places[place].n_admitted, n, memory_order_seq_cst);
}

uint32_t sipring_share_admitted(const struct sipring_share *share)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < share->n_workers; i++)
		if (sipring_share_taker(share, i))
			n += atomic_load_explicit(&share->places[i].n_admitted,
				memory_order_seq_cst);
	return n;
}

_Atomic uint64_t *sipring_share_full_at(struct sipring_share *share)
{
	return share->full_at;
}

struct sipring_tally *sipring_share_tally(const struct sipring_share *share, unsigned place)
{
	assert(share->tallies && place < share->n_workers);
	return (void *)(share->tallies + place * share->tallies_stride);
}

const uint64_t *sipring_share_host_seed(const struct sipring_share *share)
{
	return share->host_seed;
}

uint32_t sipring_share_tallied(const struct sipring_share *share, uint64_t key, unsigned but_for)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < share->n_workers; i++)
		if (i != but_for && sipring_share_taker(share, i))
			n += sipring_tally_count(sipring_share_tally(share, i), key);
	return n;
}
