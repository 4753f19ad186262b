/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deny_uring EPERM|ENOSYS PROGRAM [ARGUMENT…]: runs a program for which io_uring_setup fails with
 * that error, as it does under the seccomp profiles of containers (EPERM) and where the kernel was
 * built without it (ENOSYS). Exit status 125 when it cannot.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CANNOT 125

static int deny(unsigned short number, unsigned error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	int r;

	if (argc < 3 || (strcmp(argv[1], "EPERM") != 0 && strcmp(argv[1], "ENOSYS") != 0)) {
		fprintf(stderr, "usage: deny_uring EPERM|ENOSYS PROGRAM [ARGUMENT…]\n");
		return CANNOT;
	}
	r = deny(SYS_io_uring_setup, strcmp(argv[1], "EPERM") == 0 ? EPERM : ENOSYS);
	if (r < 0) {
		fprintf(stderr, "deny_uring: no seccomp filter: %s\n", strerror(-r));
		return CANNOT;
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "deny_uring: %s: %s\n", argv[2], strerror(errno));
	return CANNOT;
}
