/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The choice of io, made once at open by trying. Nothing outside this file asks which io is in use.
 */
#include "io/io.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

/* Refusals of io_uring as such (seccomp profiles, old kernels): epoll serves there. */
static bool is_refusal(int code)
{
	return code == -EPERM || code == -EACCES || code == -ENOSYS || code == -EINVAL ||
		code == -ENOMEM;
}

int sipring_io_choose(struct sipring_io **io, enum sipring_io_wanted wanted,
	const struct sipring_io_config *config, char *reason, size_t reason_size,
	struct sipring_error *error)
{
	struct sipring_error why = {0};
	int r;

	assert(config->n_buffers && config->n_sends);
	if (wanted == SIPRING_IO_EPOLL) {
		snprintf(reason, reason_size, "asked for");
		return sipring_io_epoll.open(io, config, error);
	}
	r = sipring_io_uring.open(io, config, &why);
	if (r == 0) {
		snprintf(reason, reason_size, "%s",
			wanted == SIPRING_IO_AUTO ? "the kernel allows it" : "asked for");
		return 0;
	}
	if (wanted == SIPRING_IO_URING || !is_refusal(r))
		return sipring_error_set(error, r, "%s", why.text);
	snprintf(reason, reason_size, "%s", why.text);
	sipring_log_write(config->log, SIPRING_LOG_WARNING, "io: epoll, because %s", why.text);
	return sipring_io_epoll.open(io, config, error);
}

size_t sipring_io_footprint(const struct sipring_io_config *config)
{
	return (size_t)config->n_buffers * (config->buffer_size + 16);
}
