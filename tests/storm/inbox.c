/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inbox with several putting in and several taking: threads, processes, processes that are
 * killed anywhere. Each message says who put it in and which of his it is, and has bytes that
 * follow from both, so what is lost, doubled or torn is seen. Takers sleep as takers do, and one
 * who sleeps beside a message is seen too.
 *
 * usage: inbox [threads]     (only what ThreadSanitizer can follow)
 */
#include "engine/inbox.h"
#include "engine/takers.h"
#include "storm/shared.h"
#include "unit/random.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#define WORKERS 3
#define TAKERS 5
#define MESSAGES 15000u /* of each worker, where nobody is killed */
#define LIVES 4096u     /* of workers and of takers, where they are */
#define KILLING_MS 2500
#define PATIENCE_MS 1000

static const struct sipring_inbox_shape shape = {{40, 10, 4}, {600, 5000, 65535}};

struct world {
	struct sipring_members members;
	struct sipring_takers takers;
	_Atomic uint32_t put[LIVES];   /* what each worker knows to be in */
	_Atomic uint32_t taken[LIVES]; /* of each worker's, what takers knew they had */
	_Atomic uint64_t n_bad, n_given, n_late;
	_Atomic bool over;
};

/* Which messages of a worker's first ones were seen, how often. */
static _Atomic uint8_t (*seen)[MESSAGES];
static struct world *world;
static struct sipring_inbox *inbox;
static int fds[TAKERS];
static pid_t *pids;

static void open_world(void)
{
	world = shared_map(sizeof *world);
	seen = shared_map(LIVES * sizeof *seen);
	inbox = shared_map(sipring_inbox_footprint(&shape));
	sipring_inbox_init(inbox, &shape);
	for (unsigned i = 0; i < TAKERS; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK);
}

static void close_world(void)
{
	sipring_memory_unmap(world, sizeof *world);
	sipring_memory_unmap(seen, LIVES * sizeof *seen);
	sipring_memory_unmap(inbox, sipring_inbox_footprint(&shape));
	for (unsigned i = 0; i < TAKERS; i++)
		close(fds[i]);
}

static uint32_t size_of(uint32_t worker, uint32_t number)
{
	return 1 + (worker * 7919 + number * 104729) % (number % 16 ? 900 : 9000);
}

static void wake_one(void)
{
	int place;

	if (!sipring_inbox_has(inbox))
		return;
	place = sipring_takers_pick(&world->takers, TAKERS, 0, shared_now_ms());
	if (place >= 0 && eventfd_write(fds[place], 1) < 0)
		abort();
}

static void put_one(uint32_t id, uint32_t worker, uint32_t number)
{
	uint32_t size = size_of(worker, number);
	struct sipring_inbox_slot slot;

	while (sipring_inbox_reserve(inbox, id, size, SIPRING_INBOX_CLASSES, &slot)) {
		if (atomic_load(&world->over)) /* nobody takes any more: it has failed */
			return;
		sched_yield();
	}
	memset(slot.bytes, (int)(worker + number), size / 2);
	if (number % 8 == 0)
		sched_yield(); /* in the middle */
	memset(slot.bytes + size / 2, (int)(worker + number), size - size / 2);
	slot.entry->info.association = worker;
	slot.entry->info.ppid = number;
	slot.entry->size = size;
	sipring_inbox_put(inbox, &slot);
	if (number % 8 == 4)
		sched_yield();
	wake_one();
}

static void put_all(unsigned worker)
{
	uint32_t id = sipring_members_join(&world->members);

	/* Takers fall asleep now and then, and before the last message, behind which none wakes. */
	for (uint32_t i = 0; i < MESSAGES; i++) {
		if (i % 500 == 0 || i + 1 == MESSAGES)
			usleep(i + 1 == MESSAGES ? 50000 : 3000);
		put_one(id, worker, i);
	}
}

static void put_until_killed(unsigned life)
{
	uint32_t id = sipring_members_join(&world->members);

	for (uint32_t i = 0;; i++) {
		put_one(id, life, i);
		atomic_store(&world->put[life], i + 1);
	}
}

static bool whole(const struct sipring_inbox_slot *slot)
{
	uint32_t worker = slot->entry->info.association, number = slot->entry->info.ppid;
	uint32_t size = slot->entry->size;

	if (worker >= LIVES || size != size_of(worker, number))
		return false;
	for (uint32_t i = 0; i < size; i++)
		if (slot->bytes[i] != (char)(worker + number))
			return false;
	return true;
}

static void handle(const struct sipring_inbox_slot *slot)
{
	uint32_t worker = slot->entry->info.association, number = slot->entry->info.ppid;

	if (!whole(slot)) {
		atomic_fetch_add(&world->n_bad, 1);
		return;
	}
	if (number < MESSAGES)
		atomic_fetch_add(&seen[worker][number], 1);
	atomic_fetch_add(&world->taken[worker], 1);
}

static uint64_t count_taken(void)
{
	struct sipring_inbox_counts counts;

	sipring_inbox_count(inbox, &counts);
	return counts.taken;
}

/* A message is there, and for as long as he sleeps nobody comes for it. */
static bool is_forgotten(unsigned place)
{
	struct pollfd pollfd = {.fd = fds[place], .events = POLLIN};
	uint64_t n_taken = count_taken();

	return sipring_inbox_has(inbox) && poll(&pollfd, 1, PATIENCE_MS) == 0 &&
		count_taken() == n_taken && !atomic_load(&world->over);
}

/* False when it is over. A message that is forgotten meanwhile had no wake. */
static bool sleep_some(unsigned place, int timeout_ms)
{
	struct pollfd pollfd = {.fd = fds[place], .events = POLLIN};
	eventfd_t ignored;

	(void)eventfd_read(fds[place], &ignored);
	sipring_takers_sleep(&world->takers, place);
	if (sipring_inbox_has(inbox)) {
		sipring_takers_awake(&world->takers, place);
		return true;
	}
	if (poll(&pollfd, 1, timeout_ms) == 0) {
		if (atomic_load(&world->over))
			return false;
		if (timeout_ms == PATIENCE_MS && is_forgotten(place))
			atomic_fetch_add(&world->n_late, 1);
	}
	sipring_takers_awake(&world->takers, place);
	return true;
}

static void take(unsigned number, int timeout_ms)
{
	uint32_t id = sipring_members_join(&world->members);
	int place;
	uint64_t seed = number + 1;

	while ((place = sipring_takers_join(&world->takers, TAKERS, &world->members, id, 1)) < 0)
		usleep(1000);
	for (;;) {
		struct sipring_inbox_slot slots[4];
		unsigned n = 0, wanted = 1 + (unsigned)random_below(&seed, 4);

		while (n < wanted && !sipring_inbox_take(inbox, id, &slots[n]))
			n++;
		if (n)
			wake_one();
		else if (!sleep_some((unsigned)place, timeout_ms))
			return;
		if (n && random_below(&seed, 50) == 0)
			usleep((useconds_t)random_below(&seed, 2000));
		for (unsigned i = 0; i < n; i++) {
			handle(&slots[i]);
			if (sipring_inbox_give(inbox, &slots[i]) < 0)
				atomic_fetch_add(&world->n_bad, 1);
			atomic_fetch_add(&world->n_given, 1);
		}
	}
}

static void take_all(unsigned number)
{
	take(number, PATIENCE_MS);
}

/* Sleeps short: wakes are lost with those who were about to give them. */
static void take_until_killed(unsigned number)
{
	take(number, 5);
}

static void *put_all_in_thread(void *argument)
{
	put_all(*(unsigned *)argument);
	return NULL;
}

static void *take_all_in_thread(void *argument)
{
	take_all(*(unsigned *)argument);
	return NULL;
}

static void nobody_is_killed(const char *kind)
{
	uint64_t n_wakes = sipring_takers_wakes(&world->takers);
	struct sipring_inbox_counts counts;
	unsigned n_wrong = 0;
	char name[100];

	sipring_inbox_count(inbox, &counts);
	for (unsigned i = 0; i < WORKERS; i++)
		for (uint32_t j = 0; j < MESSAGES; j++)
			n_wrong += seen[i][j] != 1;
	snprintf(name, sizeof name, "%s: each message once and whole", kind);
	shared_point(!n_wrong && !world->n_bad && world->n_given == WORKERS * MESSAGES, name);
	snprintf(name, sizeof name, "%s: the counters say so", kind);
	shared_point(counts.put == WORKERS * MESSAGES && counts.taken == counts.put &&
			!counts.failed && !counts.lost,
		name);
	snprintf(name, sizeof name, "%s: nobody sleeps beside a message", kind);
	shared_point(!world->n_late && n_wakes > 0, name);
	snprintf(name, sizeof name, "%s: at most 1.1 wakes a message", kind);
	shared_point(n_wakes * 10 <= counts.put * 11, name);
	printf("# %lu messages, %lu wakes\n", (unsigned long)counts.put, (unsigned long)n_wakes);
}

static void await_all(void)
{
	uint64_t end_ms = shared_now_ms() + 60000;

	while (atomic_load(&world->n_given) < WORKERS * MESSAGES && shared_now_ms() < end_ms)
		usleep(10000);
	atomic_store(&world->over, true);
}

static void threads(void)
{
	pthread_t handles[WORKERS + TAKERS];
	unsigned numbers[WORKERS + TAKERS];

	open_world();
	for (unsigned i = 0; i < WORKERS + TAKERS; i++) {
		numbers[i] = i;
		pthread_create(&handles[i], NULL,
			i < WORKERS ? put_all_in_thread : take_all_in_thread, &numbers[i]);
	}
	await_all();
	for (unsigned i = 0; i < WORKERS + TAKERS; i++)
		pthread_join(handles[i], NULL);
	nobody_is_killed("threads");
	close_world();
}

static void processes(void)
{
	pid_t children[WORKERS + TAKERS];

	open_world();
	for (unsigned i = 0; i < WORKERS + TAKERS; i++)
		children[i] = shared_start(i < WORKERS ? put_all : take_all, i);
	await_all();
	for (unsigned i = 0; i < WORKERS + TAKERS; i++)
		waitpid(children[i], NULL, 0);
	nobody_is_killed("processes");
	close_world();
}

static unsigned kill_one(unsigned i, unsigned n_lives)
{
	bool is_worker = i < WORKERS;

	shared_kill(&world->members, pids[i], true);
	sipring_inbox_recover(inbox, &world->members);
	pids[i] = shared_start(is_worker ? put_until_killed : take_until_killed, n_lives);
	return n_lives + 1;
}

/* What the dead had in hand is free again: all of the slots are there. */
static bool all_are_free(void)
{
	uint32_t id = sipring_members_join(&world->members), n = 0;
	struct sipring_inbox_slot slot;

	while (!sipring_inbox_reserve(inbox, id, 1, SIPRING_INBOX_CLASSES, &slot))
		n++;
	return n == shape.counts[0] + shape.counts[1] + shape.counts[2];
}

static void some_are_killed(bool workers, bool takers)
{
	const char *who = !workers ? "takers" : takers ? "workers and takers" : "workers";
	uint64_t n_put = 0, n_taken = 0, end_ms = shared_now_ms() + KILLING_MS;
	unsigned n_lives = 0, first = workers ? 0 : WORKERS, n_wrong = 0;
	unsigned last = takers ? WORKERS + TAKERS : WORKERS;
	struct sipring_inbox_counts counts;
	struct sipring_inbox_slot slot;
	uint32_t id;
	char name[120];

	open_world();
	pids = calloc(WORKERS + TAKERS, sizeof *pids);
	for (unsigned i = 0; i < WORKERS + TAKERS; i++)
		pids[i] =
			shared_start(i < WORKERS ? put_until_killed : take_until_killed, n_lives++);
	while (shared_now_ms() < end_ms && n_lives < LIVES) {
		usleep(2000);
		n_lives = kill_one(first + n_lives % (last - first), n_lives);
	}
	for (unsigned i = 0; i < WORKERS + TAKERS; i++)
		shared_kill(&world->members, pids[i], true);
	sipring_inbox_recover(inbox, &world->members);
	id = sipring_members_join(&world->members);
	while (!sipring_inbox_take(inbox, id, &slot)) {
		handle(&slot);
		sipring_inbox_give(inbox, &slot);
	}
	sipring_inbox_count(inbox, &counts);
	for (unsigned i = 0; i < n_lives; i++) {
		n_put += world->put[i];
		n_taken += world->taken[i];
		/* One may be in that its worker did not note. */
		n_wrong += world->taken[i] > world->put[i] + 1;
		for (uint32_t j = 0; j < MESSAGES && j <= world->put[i]; j++)
			n_wrong += seen[i][j] > 1;
	}
	snprintf(name, sizeof name, "killed %s: whole, and none twice", who);
	shared_point(!n_wrong && !world->n_bad, name);
	snprintf(name, sizeof name, "killed %s: what was put in is taken, or failed in a hand",
		who);
	shared_point(counts.put >= n_put && counts.put <= n_put + n_lives &&
			n_taken <= counts.put && n_taken + counts.failed >= counts.put,
		name);
	snprintf(name, sizeof name, "killed %s: some in the middle", who);
	shared_point((!workers || counts.lost) && (!takers || counts.failed), name);
	snprintf(name, sizeof name, "killed %s: no slot is lost", who);
	shared_point(all_are_free(), name);
	printf("# %u lives, %lu put in, %lu taken, %lu failed, %lu lost\n", n_lives,
		(unsigned long)counts.put, (unsigned long)n_taken, (unsigned long)counts.failed,
		(unsigned long)counts.lost);
	free(pids);
	close_world();
}

int main(int argc, char **argv)
{
	threads();
	if (argc > 1 && strcmp(argv[1], "threads") == 0)
		return shared_plan();
	processes();
	some_are_killed(true, false);
	some_are_killed(false, true);
	some_are_killed(true, true);
	return shared_plan();
}
