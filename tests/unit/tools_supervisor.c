/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The supervisor over processes that do nothing but end as they are told to: who is started again
 * and how often, what the others notice of it, and what all of it ends with.
 */
#include "tools/supervisor.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORKERS 3

struct world {
	_Atomic unsigned n_starts[WORKERS], n_hangups[WORKERS];
	_Atomic unsigned wish;
	unsigned n_crashes[WORKERS]; /* how often a worker kills itself before it stays */
	int status[WORKERS];         /* what it ends with when it is to */
	struct supervisor *supervisor;
	unsigned n_ended;
	unsigned end_after; /* ended processes; then an end is wished for */
};

static volatile sig_atomic_t n_hangups;

static void on_signal(int number)
{
	n_hangups = n_hangups + (number == SIGHUP);
}

static int work(void *user, unsigned index)
{
	struct world *world = user;
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t all, none;

	if (atomic_fetch_add(&world->n_starts[index], 1) < world->n_crashes[index])
		raise(SIGKILL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigemptyset(&none);
	while (!atomic_load(&world->wish))
		sigsuspend(&none);
	atomic_store(&world->n_hangups[index], (unsigned)n_hangups);
	_exit(world->status[index]);
}

static void wish(void *user, enum supervisor_wish what)
{
	atomic_store(&((struct world *)user)->wish, what);
}

static void ended(void *user, unsigned index, pid_t pid)
{
	struct world *world = user;

	cr_expect_lt(index, WORKERS);
	cr_expect_gt(pid, 0);
	world->n_ended++;
}

static uint64_t beat(void *user, uint64_t now_ns)
{
	struct world *world = user;
	unsigned n_running = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		n_running += atomic_load(&world->n_starts[i]) > world->n_crashes[i] ||
			world->supervisor->workers[i].is_over;
	if (world->n_ended >= world->end_after && n_running == WORKERS)
		supervisor_wish(world->supervisor, SUPERVISOR_WISH_DRAIN);
	return now_ns + 10000000;
}

static struct world *open_world(void)
{
	struct world *world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(world, MAP_FAILED);
	return world;
}

static int run(struct world *world, struct supervisor *supervisor, unsigned restarts_max)
{
	const struct supervisor_plan plan = {.n_workers = WORKERS,
		.restarts_max = restarts_max,
		.window_ns = 60000000000,
		.work = work,
		.wish = wish,
		.ended = ended,
		.beat = beat,
		.user = world};
	int status;

	world->supervisor = supervisor;
	cr_assert_eq(supervisor_open(supervisor, &plan), 0);
	supervisor_stood(supervisor);
	status = supervisor_run(supervisor);
	supervisor_close(supervisor);
	return status;
}

Test(supervisor, pauses_double_up_to_a_limit)
{
	cr_expect_eq(supervisor_pause_ns(1), 100000000);
	cr_expect_eq(supervisor_pause_ns(2), 200000000);
	cr_expect_eq(supervisor_pause_ns(4), 800000000);
	cr_expect_eq(supervisor_pause_ns(99), 10000000000);
}

Test(supervisor, starts_again_who_crashed, .timeout = 60)
{
	struct world *world = open_world();
	struct supervisor supervisor;

	world->n_crashes[1] = 2;
	world->end_after = 2;
	cr_expect_eq(run(world, &supervisor, 5), 0);
	cr_expect_eq(world->n_starts[0], 1, "nobody else");
	cr_expect_eq(world->n_starts[1], 3);
	cr_expect_eq(world->n_starts[2], 1);
	cr_expect_eq(world->n_ended, 5);
}

Test(supervisor, gives_up_who_crashes_too_often, .timeout = 60)
{
	struct world *world = open_world();
	struct supervisor supervisor;

	world->n_crashes[2] = 50;
	world->end_after = 3;
	cr_expect_eq(run(world, &supervisor, 2), 1, "it counts as failed");
	cr_expect_eq(world->n_starts[2], 3, "two restarts");
	cr_expect_eq(world->n_starts[0], 1);
	cr_expect_eq(world->n_ended, 5, "the others went on to the end");
}

Test(supervisor, ends_with_the_worst_status, .timeout = 60)
{
	struct world *world = open_world();
	struct supervisor supervisor;

	world->status[0] = 1;
	world->status[1] = 3;
	cr_expect_eq(run(world, &supervisor, 2), 3);
	cr_expect_eq(world->n_ended, 3);
}

Test(supervisor, gives_all_up_where_one_never_stood, .timeout = 60)
{
	struct world *world = open_world();
	struct supervisor supervisor;
	const struct supervisor_plan plan = {.n_workers = WORKERS,
		.restarts_max = 5,
		.window_ns = 60000000000,
		.work = work,
		.wish = wish,
		.ended = ended,
		.user = world};

	world->n_crashes[0] = 1;
	cr_assert_eq(supervisor_open(&supervisor, &plan), 0);
	cr_expect_eq(supervisor_run(&supervisor), 1);
	cr_expect_eq(world->n_starts[0], 1);
	cr_expect_eq(world->wish, SUPERVISOR_WISH_END);
	supervisor_close(&supervisor);
}

static bool reload(void *user)
{
	return ((struct world *)user)->supervisor != NULL;
}

static uint64_t hang_up(void *user, uint64_t now_ns)
{
	struct world *world = user;

	if (world->n_ended++ == 20) /* some turns of the loop later all are waiting */
		raise(SIGHUP);
	if (world->n_ended == 60)
		supervisor_wish(world->supervisor, SUPERVISOR_WISH_DRAIN);
	return now_ns + 20000000;
}

Test(supervisor, hands_on_that_settings_are_to_be_read, .timeout = 60)
{
	struct world *world = open_world();
	struct supervisor supervisor;
	const struct supervisor_plan plan = {.n_workers = WORKERS,
		.window_ns = 60000000000,
		.work = work,
		.wish = wish,
		.ended = ended,
		.reload = reload,
		.beat = hang_up,
		.user = world};

	world->supervisor = &supervisor;
	cr_assert_eq(supervisor_open(&supervisor, &plan), 0);
	supervisor_stood(&supervisor);
	cr_expect_eq(supervisor_run(&supervisor), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		cr_expect_eq(world->n_hangups[i], 1);
	supervisor_close(&supervisor);
}
