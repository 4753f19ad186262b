/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often each key is there: counted by one worker, read by all of them while it counts. It lies
 * in memory without pointers, private or shared. Keys are hashes with a secret seed, 64 bits of
 * them, so that two hosts are not taken for one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sipring_tally;

/* For n keys at a time, in bytes. */
size_t sipring_tally_footprint(uint32_t n_keys);
/* Empties it: at first, and when another worker takes it over. */
void sipring_tally_init(struct sipring_tally *tally, uint32_t n_keys);

/* One more; returns how many there are now, or 0 where there is no room for another key. */
uint32_t sipring_tally_add(struct sipring_tally *tally, uint64_t key);
/* One less of those that were added. */
void sipring_tally_drop(struct sipring_tally *tally, uint64_t key);
/* By any thread or process. */
uint32_t sipring_tally_count(const struct sipring_tally *tally, uint64_t key);
