/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processes that take part in a region, by numbers that go stale with them. Whatever is left
 * half done in shared memory carries the number of who was doing it; this table tells whether he
 * still lives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An id is generation << 10 | index, generation from 1: 20 bits, never 0. */
#define SIPRING_MEMBERS_MAX 1024
#define SIPRING_MEMBERS_ID_BITS 20

/* Lies in a region, zeroed. A word is 10 bits of generation, 22 of pid, 32 of start. */
struct sipring_members {
	_Atomic uint64_t words[SIPRING_MEMBERS_MAX];
};

/*
 * The calling process takes part: its id, of which its threads may all make use, or 0 when there
 * is no place. A process that was forked joins for itself.
 */
uint32_t sipring_members_join(struct sipring_members *members);

/*
 * From here on the id is gone. Called by the process itself when no call of its threads on anything
 * shared is under way, or by who saw it end (waitpid). Never for a process that may still write.
 */
void sipring_members_bury(struct sipring_members *members, uint32_t id);

/* One load: whether it was buried. */
bool sipring_members_gone(const struct sipring_members *members, uint32_t id);

/* Asks the kernel, a few system calls; buries who has ended, zombies too. Whether it is gone. */
bool sipring_members_probe(struct sipring_members *members, uint32_t id);

/* The id of a process, 0 for none: for a parent that waited for it. */
uint32_t sipring_members_find(const struct sipring_members *members, pid_t pid);
