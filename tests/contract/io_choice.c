/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The choice of io where io_uring is refused. A forked child puts a seccomp filter on itself that
 * answers io_uring_setup with a chosen errno, as container profiles (EPERM) and kernels built
 * without it (ENOSYS) do, and reports what sipring_io_choose made of it.
 */
#include "io/io.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct outcome {
	int result;
	int error_code;
	char name[16];
	char reason[256];
	char text[256];
	char logged[256];
	bool turns; /* what was opened works */
};

static struct sipring_io_config wanted_config = {.n_buffers = 8, .buffer_size = 512, .n_sends = 8};

static void keep_line(void *user, int level, const char *line)
{
	(void)level;
	snprintf(user, sizeof((struct outcome *)NULL)->logged, "%s", line);
}

static void forbid(int nr, int answer)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			SECCOMP_RET_ERRNO | ((unsigned)answer & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof code[0], code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(3);
}

static void choose(enum sipring_io_wanted wanted, struct outcome *outcome)
{
	struct sipring_log log = {keep_line, outcome->logged};
	struct sipring_io_config config = wanted_config;
	struct sipring_error error = {0};
	struct sipring_io *io = NULL;

	config.log = &log;
	outcome->result = sipring_io_choose(&io, wanted, &config, outcome->reason,
		sizeof outcome->reason, &error);
	outcome->error_code = error.code;
	snprintf(outcome->text, sizeof outcome->text, "%s", error.text);
	if (outcome->result < 0)
		return;
	snprintf(outcome->name, sizeof outcome->name, "%s", io->ops->name);
	outcome->turns = io->ops->turn(io, 1) == 0;
	io->ops->close(io);
}

/* What a child finds that first does `before`. */
static struct outcome choose_after(void (*before)(int), int argument, enum sipring_io_wanted wanted)
{
	struct outcome outcome = {0};
	int ends[2], status;
	pid_t child;

	cr_assert_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		if (before)
			before(argument);
		choose(wanted, &outcome);
		_exit(write(ends[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 4);
	}
	cr_assert_gt(child, 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
	cr_assert_eq(read(ends[0], &outcome, sizeof outcome), sizeof outcome);
	close(ends[0]);
	close(ends[1]);
	return outcome;
}

static void forbid_io_uring(int answer)
{
	forbid(SYS_io_uring_setup, answer);
}

static void forbid_register(int answer)
{
	forbid(SYS_io_uring_register, answer);
}

static void limit_files(int n)
{
	struct rlimit limit = {(rlim_t)n, (rlim_t)n};

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		_exit(3);
}

/* More than there are addresses for. */
static void want_too_much(int unused)
{
	(void)unused;
	wanted_config.n_buffers = 32768;
	wanted_config.buffer_size = 0xfffff000;
}

Test(io_choice, auto_takes_io_uring_where_it_is_allowed)
{
	struct outcome found = choose_after(NULL, 0, SIPRING_IO_AUTO);

	cr_assert_eq(found.result, 0);
	cr_assert_str_eq(found.name, "io_uring");
	cr_assert_str_neq(found.reason, "");
	cr_assert_str_eq(found.logged, "");
	cr_assert(found.turns);
}

Test(io_choice, what_was_asked_for_is_taken)
{
	struct outcome found = choose_after(NULL, 0, SIPRING_IO_EPOLL);

	cr_assert_eq(found.result, 0);
	cr_assert_str_eq(found.name, "epoll");
	cr_assert_not_null(strstr(found.reason, "asked for"));
	cr_assert(found.turns);
	found = choose_after(NULL, 0, SIPRING_IO_URING);
	cr_assert_eq(found.result, 0);
	cr_assert_str_eq(found.name, "io_uring");
	cr_assert_not_null(strstr(found.reason, "asked for"));
}

Test(io_choice, auto_falls_back_and_names_the_remedy)
{
	static const int answers[] = {EPERM, EACCES, ENOSYS};

	for (unsigned i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct outcome found = choose_after(forbid_io_uring, answers[i], SIPRING_IO_AUTO);

		cr_assert_eq(found.result, 0, "%s", found.text);
		cr_assert_str_eq(found.name, "epoll");
		cr_assert(found.turns);
		cr_assert_not_null(strstr(found.reason, "remedy"), "%s", found.reason);
		cr_assert_not_null(strstr(found.reason, "seccomp"), "%s", found.reason);
		cr_assert_not_null(strstr(found.reason, "io_uring_setup"), "%s", found.reason);
		cr_assert_not_null(strstr(found.logged, "remedy"), "%s", found.logged);
	}
}

Test(io_choice, an_old_kernel_is_told_apart)
{
	struct outcome found = choose_after(forbid_io_uring, EINVAL, SIPRING_IO_AUTO);

	cr_assert_eq(found.result, 0);
	cr_assert_str_eq(found.name, "epoll");
	cr_assert_not_null(strstr(found.reason, "kernel 6.0"), "%s", found.reason);
}

Test(io_choice, half_a_permission_is_none)
{
	struct outcome found = choose_after(forbid_register, EPERM, SIPRING_IO_AUTO);

	cr_assert_eq(found.result, 0, "%s", found.text);
	cr_assert_str_eq(found.name, "epoll");
	cr_assert_not_null(strstr(found.reason, "seccomp"), "%s", found.reason);
	found = choose_after(forbid_register, EPERM, SIPRING_IO_URING);
	cr_assert_eq(found.result, -EPERM);
	cr_assert_not_null(strstr(found.text, "seccomp"), "%s", found.text);
}

Test(io_choice, io_uring_asked_for_by_name_is_a_clear_error)
{
	static const int answers[] = {EPERM, ENOSYS, EINVAL, ENOMEM};

	for (unsigned i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct outcome found = choose_after(forbid_io_uring, answers[i], SIPRING_IO_URING);

		cr_assert_eq(found.result, -answers[i]);
		cr_assert_eq(found.error_code, -answers[i]);
		cr_assert_not_null(strstr(found.text, "io_uring"), "%s", found.text);
		cr_assert_not_null(strstr(found.text, "remedy"), "%s", found.text);
	}
}

Test(io_choice, epoll_needs_nothing_of_io_uring)
{
	struct outcome found = choose_after(forbid_io_uring, EPERM, SIPRING_IO_EPOLL);

	cr_assert_eq(found.result, 0);
	cr_assert_str_eq(found.name, "epoll");
	cr_assert_str_eq(found.logged, "");
}

Test(io_choice, no_locked_memory_falls_back)
{
	struct outcome found = choose_after(forbid_io_uring, ENOMEM, SIPRING_IO_AUTO);

	cr_assert_eq(found.result, 0);
	cr_assert_str_eq(found.name, "epoll");
	cr_assert_not_null(strstr(found.reason, "RLIMIT_MEMLOCK"), "%s", found.reason);
}

/* No descriptor is left: epoll would need one too, and another remedy is needed. */
Test(io_choice, no_descriptors_is_an_error)
{
	static const enum sipring_io_wanted all[] = {SIPRING_IO_AUTO, SIPRING_IO_URING,
		SIPRING_IO_EPOLL};

	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct outcome found = choose_after(limit_files, 0, all[i]);

		cr_assert_eq(found.result, -EMFILE, "%d: %s", found.result, found.name);
		cr_assert_eq(found.error_code, -EMFILE);
		cr_assert_not_null(strstr(found.text, strerror(EMFILE)), "%s", found.text);
	}
}

Test(io_choice, no_memory_to_map_is_an_error)
{
	static const enum sipring_io_wanted all[] = {SIPRING_IO_AUTO, SIPRING_IO_URING,
		SIPRING_IO_EPOLL};

	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct outcome found = choose_after(want_too_much, 0, all[i]);

		cr_assert_eq(found.result, -ENOMEM, "%d: %s", found.result, found.text);
		cr_assert_str_neq(found.text, "");
	}
}

Test(io_choice, the_footprint_is_what_the_buffers_take)
{
	cr_assert_geq(sipring_io_footprint(&wanted_config), 8 * 512);
	cr_assert_lt(sipring_io_footprint(&wanted_config), 8 * 512 + 4096);
}
