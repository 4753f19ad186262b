/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One process forks the victims, kills them with requests under way, and forks others. It opens no
 * engine itself.
 */
#include "victims.h"

#include "crowd.h"
#include "shared.h"

#define VICTIMS 16

static struct victims *victims;

/* Until it is killed. */
static void be_victim(unsigned rate)
{
	struct crowd crowd;

	crowd_open(&crowd, VICTIMS, (const char *const[]){"autoclose", "0", NULL});
	crowd_connect(&crowd, VICTIMS, 20);
	crowd.rate = rate;
	crowd.window_each = 8;
	for (;;) {
		uint64_t n_before = crowd.n_answered;

		crowd_run(&crowd, 100);
		atomic_fetch_add(&victims->n_answered, crowd.n_answered - n_before);
	}
}

/* So long, or where the machine is slow until some have been served. */
static void live(unsigned ms)
{
	uint64_t begun_ms = shared_now_ms(), n_before = atomic_load(&victims->n_answered);

	while (atomic_load(&victims->rate) &&
		(shared_now_ms() < begun_ms + ms ||
			(atomic_load(&victims->n_answered) == n_before &&
				shared_now_ms() < begun_ms + 20000)))
		usleep(20000);
}

static void be_killer(unsigned every_ms)
{
	while (!atomic_load(&victims->end)) {
		uint32_t rate = atomic_load(&victims->rate);
		pid_t victim;

		usleep(20000);
		if (!rate)
			continue;
		victim = shared_start(be_victim, rate);
		live(every_ms);
		kill(victim, SIGKILL);
		waitpid(victim, NULL, 0);
		atomic_fetch_add(&victims->n_killed, 1);
	}
}

pid_t victims_start(struct victims *shared, unsigned every_ms)
{
	victims = shared;
	return shared_start(be_killer, every_ms);
}

void victims_stop(struct victims *shared, pid_t killer)
{
	atomic_store(&shared->end, true);
	waitpid(killer, NULL, 0);
}
