/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Setting up a ring, and telling why it cannot be. The wanted flags degrade one by one:
 * DEFER_TASKRUN (kernel 6.1) to COOP_TASKRUN (5.19). SINGLE_ISSUER (6.0) is the floor: a kernel
 * that refuses it has no multishot recvmsg either, so the caller takes epoll there. Every refusal
 * names its remedy.
 */
#include "io/uring.h"
#include "io/uring_findings.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct degree {
	const char *name;
	unsigned flags;
};

static const struct degree degrees[] = {
	{"single issuer, deferred task work",
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			IORING_SETUP_TASKRUN_FLAG},
	{"single issuer, cooperative task work",
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN},
};

#define N_DEGREES (sizeof degrees / sizeof degrees[0])

static int setting_of_kernel(void)
{
	char text[16] = "";
	int fd = open("/proc/sys/kernel/io_uring_disabled", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	return n > 0 ? atoi(text) : 0;
}

int sipring_uring_ring_refused(int code, struct sipring_error *error)
{
	struct utsname kernel;
	int disabled = setting_of_kernel();

	uname(&kernel);
	switch (code) {
	case -EPERM:
	case -EACCES:
		if (disabled)
			return sipring_error_set(error, code,
				"io_uring is forbidden by kernel.io_uring_disabled=%d; remedy: "
				"sysctl kernel.io_uring_disabled=0",
				disabled);
		return sipring_error_set(error, code,
			"io_uring is forbidden to this process, most likely by the container's "
			"seccomp profile; remedy: allow io_uring_setup, io_uring_enter and "
			"io_uring_register in it");
	case -ENOSYS:
		return sipring_error_set(error, code,
			"kernel %s offers no io_uring here; remedy: a kernel with CONFIG_IO_URING, "
			"or a seccomp profile that allows io_uring_setup",
			kernel.release);
	case -EINVAL:
		return sipring_error_set(error, code,
			"io_uring of kernel %s is too old; remedy: kernel 6.0 or newer",
			kernel.release);
	case -ENOMEM:
		return sipring_error_set(error, code,
			"no locked memory left for an io_uring; remedy: raise RLIMIT_MEMLOCK");
	default:
		return sipring_error_set(error, code, "io_uring cannot be set up: %s",
			strerror(-code));
	}
}

static int set_up(struct io_uring *ring, const struct degree *degree, uint32_t n_submissions,
	uint32_t n_completions)
{
	struct io_uring_params parameters = {
		.flags = degree->flags | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE |
			IORING_SETUP_CLAMP,
		.cq_entries = n_completions,
	};

	return io_uring_queue_init_params(n_submissions, ring, &parameters);
}

int sipring_uring_ring_open(struct io_uring *ring, uint32_t n_submissions, uint32_t n_completions,
	struct sipring_error *error)
{
	int r = -EINVAL;

	assert(n_submissions > 0 && n_completions >= n_submissions);
	for (size_t i = 0; i < N_DEGREES && r == -EINVAL; i++)
		r = set_up(ring, &degrees[i], n_submissions, n_completions);
	if (r < 0)
		return sipring_uring_ring_refused(r, error);
	return 0;
}

void sipring_uring_findings(sipring_uring_found found, void *user)
{
	struct sipring_error error;
	struct io_uring ring;
	char name[64];
	int r;

	for (size_t i = 0; i < N_DEGREES; i++) {
		r = set_up(&ring, &degrees[i], 8, 16);
		if (r == 0)
			io_uring_queue_exit(&ring);
		snprintf(name, sizeof name, "io_uring.%s",
			degrees[i].flags & IORING_SETUP_DEFER_TASKRUN ? "defer_taskrun"
								      : "coop_taskrun");
		found(user, name, r == 0, r == 0 ? degrees[i].name : strerror(-r), NULL);
	}
	r = sipring_uring_ring_open(&ring, 8, 16, &error);
	if (r == 0) {
		found(user, "io_uring", 1, "may be used", NULL);
		io_uring_queue_exit(&ring);
	} else {
		found(user, "io_uring", 0, strerror(-r), error.text);
	}
}
