/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A place is one atomic word: the generation, the pid (0: nobody's) and when the process started,
 * in ticks since boot, the low 32 bits of it, for a pid alone could be another process's by now.
 * Taking a place and giving it up are one step each, and nobody who is killed leaves one in
 * between. The generation grows with each taking, so an id that is met in shared memory means the
 * process that wrote it and not the next one in its place; 1,023 takings later it would, long after
 * everyone who met the id has asked about it.
 */
#include "engine/members.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INDEX_BITS 10
#define GENERATION_MASK ((1u << (SIPRING_MEMBERS_ID_BITS - INDEX_BITS)) - 1)

#define PID_LIMIT (1 << 22) /* the kernel's own */

_Static_assert(SIPRING_MEMBERS_MAX == 1 << INDEX_BITS, "every index fits an id");

enum process {
	PROCESS_ENDED,
	PROCESS_RUNS,
	PROCESS_UNKNOWN, /* /proc does not tell */
};

static uint32_t word_generation(uint64_t word)
{
	return (uint32_t)(word >> 54);
}

static pid_t word_pid(uint64_t word)
{
	return (pid_t)(word >> 32 & (PID_LIMIT - 1));
}

static uint64_t word_pack(uint32_t generation, pid_t pid, uint64_t started)
{
	assert(generation <= GENERATION_MASK && pid >= 0 && pid < PID_LIMIT);
	return (uint64_t)generation << 54 | (uint64_t)pid << 32 | (uint32_t)started;
}

/* State and start of a process from /proc/PID/stat; what its name has in it is passed by. */
static enum process process_look(pid_t pid, uint64_t *started)
{
	char text[1024], *rest;
	ssize_t size;
	int fd;

	snprintf(text, sizeof text, "/proc/%d/stat", (int)pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kill(pid, 0) < 0 && errno == ESRCH ? PROCESS_ENDED : PROCESS_UNKNOWN;
	size = read(fd, text, sizeof text - 1);
	close(fd);
	if (size <= 0)
		return size < 0 && errno == ESRCH ? PROCESS_ENDED : PROCESS_UNKNOWN;
	text[size] = 0;
	rest = strrchr(text, ')');
	if (!rest || rest[1] != ' ')
		return PROCESS_UNKNOWN;
	if (strchr("ZXx", rest[2]))
		return PROCESS_ENDED;
	rest += 2;
	for (int field = 3; field < 22; field++) { /* proc(5): 3 is the state, 22 starttime */
		rest = strchr(rest, ' ');
		if (!rest)
			return PROCESS_UNKNOWN;
		rest++;
	}
	*started = strtoull(rest, NULL, 10);
	return PROCESS_RUNS;
}

static uint64_t member_word(const struct sipring_members *members, uint32_t id)
{
	/* acquire: who sees that a process is gone sees everything that it wrote */
	return atomic_load_explicit(&members->words[id & (SIPRING_MEMBERS_MAX - 1)],
		memory_order_acquire);
}

static bool member_is(uint64_t word, uint32_t id)
{
	assert(id && id >> SIPRING_MEMBERS_ID_BITS == 0);
	return word_pid(word) && word_generation(word) == id >> INDEX_BITS;
}

uint32_t sipring_members_join(struct sipring_members *members)
{
	pid_t pid = getpid();
	uint64_t started = 0; /* stays 0, and the pid has to do, where /proc does not tell */

	process_look(pid, &started);
	for (uint32_t i = 0; i < SIPRING_MEMBERS_MAX; i++) {
		uint64_t word = member_word(members, i);
		uint32_t generation = (word_generation(word) + 1) & GENERATION_MASK;

		if (word_pid(word))
			continue;
		generation = generation ? generation : 1;
		/* acquire: what was buried here is over; release: the burial goes on from here */
		if (atomic_compare_exchange_strong_explicit(&members->words[i], &word,
			    word_pack(generation, pid, started), memory_order_acq_rel,
			    memory_order_relaxed))
			return generation << INDEX_BITS | i;
	}
	return 0;
}

void sipring_members_bury(struct sipring_members *members, uint32_t id)
{
	uint64_t word = member_word(members, id);

	if (!member_is(word, id))
		return;
	/* release: pairs with the acquire of member_word. Where it fails another was faster. */
	atomic_compare_exchange_strong_explicit(&members->words[id & (SIPRING_MEMBERS_MAX - 1)],
		&word, word_pack(word_generation(word), 0, 0), memory_order_release,
		memory_order_relaxed);
}

bool sipring_members_gone(const struct sipring_members *members, uint32_t id)
{
	return !member_is(member_word(members, id), id);
}

bool sipring_members_probe(struct sipring_members *members, uint32_t id)
{
	uint64_t word = member_word(members, id);
	uint64_t started = 0;

	if (!member_is(word, id))
		return true;
	switch (process_look(word_pid(word), &started)) {
	case PROCESS_UNKNOWN:
		return false;
	case PROCESS_RUNS:
		if (!(uint32_t)word || (uint32_t)word == (uint32_t)started)
			return false;
		break;
	case PROCESS_ENDED:
		break;
	}
	sipring_members_bury(members, id);
	return true;
}

uint32_t sipring_members_find(const struct sipring_members *members, pid_t pid)
{
	assert(pid > 0);
	for (uint32_t i = 0; i < SIPRING_MEMBERS_MAX; i++) {
		uint64_t word = member_word(members, i);

		if (word_pid(word) == pid)
			return word_generation(word) << INDEX_BITS | i;
	}
	return 0;
}
