/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tracer. Child and tracer share a page for what the child has to say; the child marks where
 * its run begins and ends by a call of getppid, which is not counted.
 */
#include "system_calls.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

static struct system_calls *shared;

void system_calls_note(unsigned what)
{
	shared->noted[what]++;
}

static void be_traced(void (*prepare)(void), void (*run)(void), uint64_t (*report)(void))
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(7);
	prepare();
	raise(SIGSTOP);
	syscall(SYS_getppid);
	run();
	syscall(SYS_getppid);
	shared->reported = report();
	_exit(0);
}

/* At the entry of a call: counts it where run has begun and not ended. */
static void count(pid_t child, unsigned *n_marks)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof info, &info) <= 0)
		return;
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	if (info.entry.nr == SYS_getppid) {
		(*n_marks)++;
	} else if (*n_marks == 1) {
		shared->n++;
		if (info.entry.nr < SYSTEM_CALLS_MAX)
			shared->n_of[info.entry.nr]++;
	}
}

static bool follow(pid_t child)
{
	unsigned n_marks = 0;
	int status;

	cr_assert_eq(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 7)
		return false;
	cr_assert(WIFSTOPPED(status), "status %#x", status);
	cr_assert_eq(ptrace(PTRACE_SETOPTIONS, child, NULL,
			     (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)),
		0);
	for (;;) {
		cr_assert_eq(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		cr_assert_eq(waitpid(child, &status, 0), child);
		if (WIFEXITED(status))
			break;
		cr_assert(WIFSTOPPED(status), "status %#x", status);
		cr_assert_eq(WSTOPSIG(status), SIGTRAP | 0x80);
		count(child, &n_marks);
	}
	cr_assert_eq(WEXITSTATUS(status), 0);
	cr_assert_eq(n_marks, 2);
	return true;
}

bool system_calls_trace(struct system_calls *calls, void (*prepare)(void), void (*run)(void),
	uint64_t (*report)(void))
{
	pid_t child;
	bool traced;

	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		0);
	cr_assert_neq(shared, MAP_FAILED);
	child = fork();
	if (child == 0)
		be_traced(prepare, run, report);
	cr_assert_gt(child, 0);
	traced = follow(child);
	*calls = *shared;
	munmap(shared, sizeof *shared);
	return traced;
}
