/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands where the user-space provider would be, in a build without libusrsctp. It has one mode:
 * open fails and names the remedy. It owns nothing; no other operation can ever be reached.
 */
#include "sctp/usrsctp.h"

#include <errno.h>

static int absent_open(struct sipring_sctp **sctp, const struct sipring_sctp_config *config,
	struct sipring_io *io, struct sipring_error *error)
{
	(void)sctp;
	(void)config;
	(void)io;
	return sipring_error_set(error, -ENOTSUP,
		"built without user-space SCTP: install the Debian package libusrsctp-dev and "
		"build again with meson -Dusrsctp=enabled");
}

int sipring_usrsctp_share(const struct sipring_sctp_config *config, unsigned n, uint32_t multiplier,
	struct sipring_sctp_doors *doors, struct sipring_error *error)
{
	(void)n;
	(void)multiplier;
	(void)doors;
	return absent_open(NULL, config, NULL, error);
}

size_t sipring_usrsctp_footprint(const struct sipring_sctp_config *config)
{
	(void)config;
	return 0;
}

uint16_t sipring_usrsctp_port(const struct sipring_sctp *sctp)
{
	(void)sctp;
	return 0;
}

const struct sipring_sctp_ops sipring_sctp_usrsctp = {.name = NULL, .open = absent_open};
