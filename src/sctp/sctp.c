/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The choice of provider, made once at open by trying. Nothing outside this file asks which
 * provider is in use.
 */
#include "sctp/sctp.h"
#include "sctp/usrsctp.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

int sipring_sctp_choose(struct sipring_sctp **sctp, enum sipring_sctp_wanted wanted,
	const struct sipring_sctp_config *config, struct sipring_io *io, char *reason,
	size_t reason_size, struct sipring_error *error)
{
	struct sipring_error kernel = {0}, user = {0};
	int r;

	assert(config->associations_max > 0);
	snprintf(reason, reason_size, "asked for");
	if (wanted == SIPRING_SCTP_KERNEL)
		return sipring_sctp_kernel.open(sctp, config, io, error);
	if (wanted == SIPRING_SCTP_USRSCTP)
		return sipring_sctp_usrsctp.open(sctp, config, io, error);
	r = sipring_sctp_kernel.open(sctp, config, io, &kernel);
	if (r == 0) {
		snprintf(reason, reason_size, "the kernel has SCTP");
		return 0;
	}
	if (r != -EPROTONOSUPPORT)
		return sipring_error_set(error, r, "%s", kernel.text);
	r = sipring_sctp_usrsctp.open(sctp, config, io, &user);
	if (r < 0 && r != -ENOTSUP)
		return sipring_error_set(error, r, "%s", user.text);
	if (r < 0)
		return sipring_error_set(error, r,
			"no SCTP: the kernel has none (modprobe sctp), and sipring was built "
			"without usrsctp (Debian package libusrsctp-dev, meson -Dusrsctp=enabled)");
	snprintf(reason, reason_size, "%s", kernel.text);
	return 0;
}

size_t sipring_sctp_footprint(enum sipring_sctp_wanted wanted,
	const struct sipring_sctp_config *config)
{
	size_t kernel = sipring_kernel_footprint(config);
	size_t user = sipring_usrsctp_footprint(config);

	switch (wanted) {
	case SIPRING_SCTP_KERNEL:
		return kernel;
	case SIPRING_SCTP_USRSCTP:
		return user;
	case SIPRING_SCTP_AUTO:
		break;
	}
	return kernel > user ? kernel : user;
}
