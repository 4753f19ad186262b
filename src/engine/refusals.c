/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buckets of eight words, a cache line each, picked by the peer's hash. A word: 31 more bits of the
 * hash, whether it is full or dead, and until when, in ticks of 16 ms. One store changes a word, so
 * nobody sees half of one; two workers who note peers in the same word lose one of the two, which
 * costs no more than being late with a refusal. 42 bits tell peers apart, by a secret hash.
 */
#include "engine/refusals.h"

#include "net/address.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/random.h>

#define BUCKETS 2048
#define WAYS 8
#define TICK_MS 16

struct sipring_refusals {
	uint64_t seed[2];
	_Alignas(64) _Atomic uint64_t words[BUCKETS][WAYS];
};

static uint32_t word_until(uint64_t word)
{
	return (uint32_t)word;
}

static uint32_t word_mark(uint64_t word)
{
	return (uint32_t)(word >> 33);
}

static bool word_is_full(uint64_t word)
{
	return word >> 32 & 1;
}

static uint64_t word_pack(uint32_t mark, bool is_full, uint32_t until)
{
	return (uint64_t)mark << 33 | (uint64_t)is_full << 32 | until;
}

size_t sipring_refusals_footprint(void)
{
	return sizeof(struct sipring_refusals);
}

int sipring_refusals_init(struct sipring_refusals *refusals)
{
	return getrandom(refusals->seed, sizeof refusals->seed, 0) < 0 ? -errno : 0;
}

/* The peer's mark, never 0, and its bucket. */
static uint32_t place(const struct sipring_refusals *refusals, const union sipring_address *peer,
	unsigned *bucket)
{
	uint64_t hash = sipring_address_hash(peer, refusals->seed);
	uint32_t mark = (uint32_t)(hash >> 33);

	*bucket = (unsigned)(hash % BUCKETS);
	return mark ? mark : 1;
}

/* Its own word; or one that is free, or over; or the one that is over first. */
static _Atomic uint64_t *word_for(struct sipring_refusals *refusals, unsigned bucket, uint32_t mark,
	uint32_t now)
{
	_Atomic uint64_t *best = NULL;
	int32_t best_left = INT32_MAX;

	for (unsigned i = 0; i < WAYS; i++) {
		_Atomic uint64_t *word = &refusals->words[bucket][i];
		uint64_t value = atomic_load_explicit(word, memory_order_relaxed);
		int32_t left = value ? (int32_t)(word_until(value) - now) : INT32_MIN;

		if (word_mark(value) == mark)
			return word;
		if (!best || left < best_left) {
			best = word;
			best_left = left;
		}
	}
	return best;
}

void sipring_refusals_note(struct sipring_refusals *refusals, const union sipring_address *peer,
	bool is_full, uint64_t now_ms, uint64_t until_ms)
{
	unsigned bucket;
	uint32_t mark = place(refusals, peer, &bucket);

	atomic_store_explicit(word_for(refusals, bucket, mark, (uint32_t)(now_ms / TICK_MS)),
		word_pack(mark, is_full, (uint32_t)(until_ms / TICK_MS)), memory_order_relaxed);
}

void sipring_refusals_clear(struct sipring_refusals *refusals, const union sipring_address *peer)
{
	unsigned bucket;
	uint32_t mark = place(refusals, peer, &bucket);

	for (unsigned i = 0; i < WAYS; i++) {
		_Atomic uint64_t *word = &refusals->words[bucket][i];

		if (word_mark(atomic_load_explicit(word, memory_order_relaxed)) == mark)
			atomic_store_explicit(word, 0, memory_order_relaxed);
	}
}

int sipring_refusals_check(const struct sipring_refusals *refusals,
	const union sipring_address *peer, uint64_t now_ms)
{
	unsigned bucket;
	uint32_t mark = place(refusals, peer, &bucket), now = (uint32_t)(now_ms / TICK_MS);

	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t word =
			atomic_load_explicit(&refusals->words[bucket][i], memory_order_relaxed);

		if (word_mark(word) == mark && (int32_t)(word_until(word) - now) > 0)
			return word_is_full(word) ? -ENOBUFS : -EHOSTDOWN;
	}
	return 0;
}
