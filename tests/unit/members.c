/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who takes part: ids that go stale with their process, the ends that are noticed (also of zombies
 * and of processes whose pid is another's now), the table when it is full.
 */
#include "engine/members.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sipring_members *open_members(void)
{
	struct sipring_members *members = sipring_memory_map_shared(sizeof *members);

	cr_assert(members);
	return members;
}

/* A process that joins and waits to be killed. */
static pid_t start(struct sipring_members *members)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		sipring_members_join(members);
		for (;;)
			pause();
	}
	while (!sipring_members_find(members, pid))
		usleep(1000);
	return pid;
}

Test(members, ids_go_stale)
{
	struct sipring_members *members = open_members();
	uint32_t first = sipring_members_join(members), second = sipring_members_join(members);
	uint32_t third;

	cr_assert(first && second && first != second);
	cr_expect(first >> SIPRING_MEMBERS_ID_BITS == 0);
	cr_expect_not(sipring_members_gone(members, first));
	cr_expect_not(sipring_members_probe(members, first));
	sipring_members_bury(members, first);
	cr_expect(sipring_members_gone(members, first));
	cr_expect(sipring_members_probe(members, first));
	third = sipring_members_join(members);
	cr_expect_neq(third, first, "the same place, another id");
	cr_expect(sipring_members_gone(members, first));
	sipring_members_bury(members, first);
	cr_expect_not(sipring_members_gone(members, third), "an old id buries nobody");
	cr_expect_not(sipring_members_gone(members, second));
}

Test(members, generations_come_round_without_an_id_0)
{
	struct sipring_members *members = open_members();

	for (unsigned i = 0; i < 3000; i++) {
		uint32_t id = sipring_members_join(members);

		cr_assert_neq(id, 0);
		cr_assert_not(sipring_members_gone(members, id));
		sipring_members_bury(members, id);
	}
}

Test(members, a_killed_process_is_gone)
{
	struct sipring_members *members = open_members();
	pid_t pid = start(members);
	uint32_t id = sipring_members_find(members, pid);

	cr_expect_not(sipring_members_probe(members, id));
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT);
	cr_expect_not(sipring_members_gone(members, id), "nobody has asked");
	cr_expect(sipring_members_probe(members, id), "a zombie has ended");
	cr_expect(sipring_members_gone(members, id));
	waitpid(pid, NULL, 0);

	pid = start(members);
	id = sipring_members_find(members, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_expect(sipring_members_probe(members, id));
	cr_expect_eq(sipring_members_find(members, pid), 0);
}

Test(members, a_pid_that_is_another_s_now)
{
	struct sipring_members *members = open_members();
	uint32_t id = sipring_members_join(members);

	/* As if a process had joined with this pid and started a tick before this one did. */
	members->words[0]--;
	cr_expect_not(sipring_members_gone(members, id));
	cr_expect(sipring_members_probe(members, id));
}

Test(members, full)
{
	struct sipring_members *members = open_members();
	uint32_t last = 0;

	for (unsigned i = 0; i < SIPRING_MEMBERS_MAX; i++)
		cr_assert_neq(last = sipring_members_join(members), 0);
	cr_expect_eq(sipring_members_join(members), 0);
	sipring_members_bury(members, last);
	cr_expect_neq(sipring_members_join(members), 0);
}
