/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this machine can do, found by trying: the same set-up calls that a worker makes, undone at
 * once. It keeps nothing.
 */
#include "base/crc32c.h"
#include "engine/worker.h"
#include "io/uring_findings.h"

#include <assert.h>
#include <string.h>

struct probe {
	void (*found)(void *user, const struct sipring_finding *finding);
	void *user;
};

static void report(const struct probe *probe, const char *name, enum sipring_finding_state state,
	const char *value, const char *remedy)
{
	struct sipring_finding finding = {name, state, value, remedy};

	probe->found(probe->user, &finding);
}

static void uring_found(void *user, const char *name, int good, const char *value,
	const char *remedy)
{
	report(user, name, good ? SIPRING_FINDING_GOOD : SIPRING_FINDING_NOTE, value, remedy);
}

static void probe_provider(const struct probe *probe, const char *name,
	const struct sipring_sctp_ops *provider, struct sipring_io *io)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_sctp_config sctp_config;
	struct sipring_io_config io_config;
	struct sipring_error error = {0};
	struct sipring_sctp *sctp;

	if (!config)
		return;
	config->encaps_port = 0;
	config->associations_max = 16;
	sipring_config_lower(config, &io_config, &sctp_config, NULL);
	if (provider->open(&sctp, &sctp_config, io, &error) == 0) {
		report(probe, name, SIPRING_FINDING_GOOD, "may be used", NULL);
		sctp->ops->close(sctp);
	} else {
		report(probe, name, SIPRING_FINDING_NOTE, strerror(-error.code), error.text);
	}
	sipring_config_free(config);
}

void sipring_probe(void (*found)(void *user, const struct sipring_finding *finding), void *user)
{
	struct sipring_io_config config = {.n_buffers = 16, .buffer_size = 4096, .n_sends = 16};
	struct probe probe = {found, user};
	struct sipring_io *io;
	struct sipring_error error;
	char reason[WORKER_REASON_MAX];

	assert(found);
	sipring_uring_findings(uring_found, &probe);
	if (sipring_io_choose(&io, SIPRING_IO_EPOLL, &config, reason, sizeof reason, &error) < 0) {
		report(&probe, "epoll", SIPRING_FINDING_BAD, strerror(-error.code), error.text);
		return;
	}
	report(&probe, "epoll", SIPRING_FINDING_GOOD, "may be used", NULL);
	probe_provider(&probe, "kernel_sctp", &sipring_sctp_kernel, io);
	probe_provider(&probe, "usrsctp", &sipring_sctp_usrsctp, io);
	report(&probe, "crc32c", SIPRING_FINDING_GOOD, sipring_crc32c_name(), NULL);
	io->ops->close(io);
}
