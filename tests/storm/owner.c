/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The owner table with several at it: concurrent claims of the same peers, lookups while all
 * around changes, writers killed in the middle and what is left of the table after them.
 *
 * usage: owner [threads]     (only what ThreadSanitizer can follow)
 */
#include "engine/owner.h"
#include "storm/shared.h"

#include "unit/random.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define WORKERS 4
#define PEERS 10000u
#define TOGETHER 50u
#define STABLE 64u /* peers that stay where they are while others come and go */
#define BUSY 512u  /* those others: few, so that the same places are used again and again */
#define KILLING_MS 2000
#define TURNS 200000u

struct world {
	struct sipring_members members;
	_Atomic uint32_t ready;
	_Atomic bool over;
	uint32_t winners[WORKERS][PEERS]; /* as each worker was told */
	bool mine[WORKERS][PEERS];
	_Atomic uint64_t n_turns, n_wrong;
};

static struct world *world;
static struct sipring_owner_table *table;
static uint32_t me;

static void open_world(uint32_t n_peers)
{
	world = shared_map(sizeof *world);
	table = shared_map(sipring_owner_footprint(n_peers, 2 * n_peers));
	if (sipring_owner_init(table, n_peers, 2 * n_peers))
		abort();
	me = sipring_members_join(&world->members);
}

static void close_world(uint32_t n_peers)
{
	sipring_memory_unmap(world, sizeof *world);
	sipring_memory_unmap(table, sipring_owner_footprint(n_peers, 2 * n_peers));
}

static void addresses_of(uint32_t peer, union sipring_address addresses[2])
{
	memset(addresses, 0, 2 * sizeof *addresses);
	addresses[0].v4.sin_family = AF_INET;
	addresses[0].v4.sin_addr.s_addr = peer;
	addresses[1].v6.sin6_family = AF_INET6;
	addresses[1].v6.sin6_addr.s6_addr32[3] = peer;
}

/* All in the same order, and wait for each other now and then, so that they meet at the peers. */
static void claim_all(unsigned worker)
{
	uint32_t id = sipring_members_join(&world->members);
	uint64_t seed = worker + 1;

	for (uint32_t i = 0; i < PEERS; i++) {
		union sipring_address addresses[3];
		struct sipring_owner owner;
		bool turned = worker & 1;

		if (i % TOGETHER == 0) {
			atomic_fetch_add(&world->ready, 1);
			while (atomic_load(&world->ready) < WORKERS * (i / TOGETHER + 1))
				sched_yield();
		}
		if (random_below(&seed, 2))
			sched_yield();
		addresses_of(i, addresses);
		addresses[2] = addresses[0];
		world->mine[worker][i] =
			sipring_owner_claim(table, &world->members, id, addresses + turned, 2,
				&owner) == SIPRING_OWNER_MINE;
		world->winners[worker][i] = owner.worker;
		if (world->mine[worker][i] && owner.worker != id)
			atomic_fetch_add(&world->n_wrong, 1);
	}
	/* Stays until all have claimed: the peers of the dead would be anybody's. */
	atomic_fetch_add(&world->ready, 1);
	while (!atomic_load(&world->over))
		usleep(1000);
}

static void concurrent_claims(void)
{
	pid_t pids[WORKERS];
	uint32_t n_wrong = 0, n_won[WORKERS] = {0};
	bool met = true;

	open_world(PEERS);
	for (unsigned i = 0; i < WORKERS; i++)
		pids[i] = shared_start(claim_all, i);
	while (atomic_load(&world->ready) < WORKERS * (PEERS / TOGETHER + 1))
		usleep(1000);
	for (uint32_t i = 0; i < PEERS; i++) {
		union sipring_address addresses[2];
		struct sipring_owner owner = {0};
		unsigned n_mine = 0;

		addresses_of(i, addresses);
		for (unsigned j = 0; j < 2; j++)
			if (!sipring_owner_find(table, &world->members, &addresses[j], &owner) ||
				owner.worker != world->winners[0][i])
				n_wrong++;
		for (unsigned j = 0; j < WORKERS; j++) {
			n_mine += world->mine[j][i];
			n_won[j] += world->mine[j][i];
			n_wrong += world->winners[j][i] != world->winners[0][i];
		}
		n_wrong += n_mine != 1;
	}
	shared_point(!n_wrong && !world->n_wrong && sipring_owner_count(table) == PEERS,
		"4 processes, 10,000 peers: one owner each, and all know him");
	for (unsigned j = 0; j < WORKERS; j++)
		met = met && n_won[j];
	shared_point(met, "each of the 4 came first somewhere");
	printf("# won: %u %u %u %u\n", n_won[0], n_won[1], n_won[2], n_won[3]);
	atomic_store(&world->over, true);
	for (unsigned i = 0; i < WORKERS; i++)
		waitpid(pids[i], NULL, 0);
	for (unsigned i = 0; i < PEERS; i++)
		sipring_members_bury(&world->members, world->winners[0][i]);
	shared_point(sipring_owner_clean(table, &world->members, me) == PEERS &&
			sipring_owner_count(table) == 0,
		"their ends free all of it in one call");
	close_world(PEERS);
}

/* The association tells its peer, so that an answer put together of two is seen. */
static uint32_t association_of(uint32_t peer, uint32_t version)
{
	return peer << 16 | (version & 0xffff);
}

static void one_change(uint32_t id, uint64_t *seed)
{
	uint32_t peer = STABLE + (uint32_t)random_below(seed, BUSY);
	union sipring_address addresses[2];
	struct sipring_owner owner;

	addresses_of(peer, addresses);
	if (sipring_owner_find(table, &world->members, &addresses[1], &owner) &&
		owner.association && owner.association >> 16 != peer)
		atomic_fetch_add(&world->n_wrong, 1);
	if (sipring_owner_claim(table, &world->members, id, addresses, 1, &owner) ==
		SIPRING_OWNER_MINE)
		sipring_owner_set(table, &world->members, id, owner.handle,
			association_of(peer, (uint32_t)random_next(seed)));
	else if (owner.worker == id && random_below(seed, 2))
		sipring_owner_release(table, &world->members, id, owner.handle);
	else if (owner.worker == id)
		sipring_owner_add(table, &world->members, id, owner.handle, &addresses[1]);
	atomic_fetch_add_explicit(&world->n_turns, 1, memory_order_relaxed);
}

static void change_until_killed(unsigned number)
{
	uint32_t id = sipring_members_join(&world->members);
	uint64_t seed = number + 1;

	for (;;)
		one_change(id, &seed);
}

static void *change_in_thread(void *argument)
{
	uint64_t seed = *(unsigned *)argument + 1;
	uint32_t id = sipring_members_join(&world->members);

	for (uint32_t i = 0; i < TURNS; i++)
		one_change(id, &seed);
	return NULL;
}

static void claim_stable(void)
{
	for (uint32_t i = 0; i < STABLE; i++) {
		union sipring_address addresses[2];
		struct sipring_owner owner;

		addresses_of(i, addresses);
		sipring_owner_claim(table, &world->members, me, addresses, 2, &owner);
		sipring_owner_set(table, &world->members, me, owner.handle, association_of(i, 1));
	}
}

/* How many of those that never change are not found as they are, by either address. */
static uint32_t look_at_stable(void)
{
	uint32_t n_wrong = 0;

	for (uint32_t i = 0; i < STABLE; i++) {
		union sipring_address addresses[2];
		struct sipring_owner owner;

		addresses_of(i, addresses);
		for (unsigned j = 0; j < 2; j++)
			if (!sipring_owner_find(table, &world->members, &addresses[j], &owner) ||
				owner.worker != me || owner.association != association_of(i, 1))
				n_wrong++;
	}
	return n_wrong;
}

/* All the room that there is can be had: nothing leaked. */
static bool fills_up(uint32_t n_peers)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i <= n_peers; i++) {
		union sipring_address addresses[2];
		struct sipring_owner owner;

		addresses_of(0x10000 + i, addresses);
		if (sipring_owner_claim(table, &world->members, me, addresses, 2, &owner) !=
			SIPRING_OWNER_MINE)
			break;
		n++;
	}
	return n == n_peers - STABLE && sipring_owner_count(table) == n_peers;
}

static void killed_workers(void)
{
	uint32_t n_peers = STABLE + BUSY, n_killed = 0;
	uint32_t n_repairs;
	uint64_t n_looks = 0, n_wrong = 0, end_ms, kill_ms = 0;
	pid_t pids[WORKERS];

	open_world(n_peers);
	claim_stable();
	for (unsigned i = 0; i < WORKERS; i++)
		pids[i] = shared_start(change_until_killed, i);
	end_ms = shared_now_ms() + KILLING_MS;
	while (shared_now_ms() < end_ms) {
		unsigned i = n_killed % WORKERS;

		n_wrong += look_at_stable();
		n_looks++;
		if (shared_now_ms() < kill_ms)
			continue;
		/* Every second one is found out by who waits for him. */
		shared_kill(&world->members, pids[i], n_killed & 4);
		if (!(n_killed & 4))
			sipring_owner_clean(table, &world->members, me);
		pids[i] = shared_start(change_until_killed, WORKERS + n_killed++);
		kill_ms = shared_now_ms() + 3;
	}
	for (unsigned i = 0; i < WORKERS; i++)
		shared_kill(&world->members, pids[i], true);
	for (uint32_t i = 0; i < SIPRING_MEMBERS_MAX; i++) /* who was left to be found out */
		if (world->members.words[i])
			sipring_members_probe(&world->members,
				(uint32_t)(world->members.words[i] >> 54) << 10 | i);
	sipring_owner_clean(table, &world->members, me);
	shared_point(!n_wrong && !world->n_wrong, "killed workers: lookups never miss nor mix");
	shared_point(!look_at_stable() && sipring_owner_count(table) == STABLE,
		"killed workers: what they had is cleared, and nothing else");
	n_repairs = sipring_owner_repairs(table);
	shared_point(fills_up(n_peers), "killed workers: no place is lost");
	shared_point(n_repairs > 0, "killed workers: some in the middle of a change");
	printf("# %u killed, %u in the middle, %lu changes, %lu lookups\n", n_killed, n_repairs,
		(unsigned long)world->n_turns, (unsigned long)n_looks * 2 * STABLE);
	close_world(n_peers);
}

static void threads(void)
{
	uint32_t n_peers = STABLE + BUSY, n_wrong = 0;
	unsigned numbers[WORKERS];
	pthread_t workers[WORKERS];

	open_world(n_peers);
	claim_stable();
	for (unsigned i = 0; i < WORKERS; i++) {
		numbers[i] = i;
		pthread_create(&workers[i], NULL, change_in_thread, &numbers[i]);
	}
	while (atomic_load(&world->n_turns) < WORKERS * (uint64_t)TURNS)
		n_wrong += look_at_stable();
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	shared_point(!n_wrong && !world->n_wrong, "threads: lookups never miss nor mix");
	close_world(n_peers);
}

int main(int argc, char **argv)
{
	threads();
	if (argc > 1 && strcmp(argv[1], "threads") == 0)
		return shared_plan();
	concurrent_claims();
	killed_workers();
	return shared_plan();
}
