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
#include <string.h>

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

int sipring_sctp_share(enum sipring_sctp_wanted wanted, const struct sipring_sctp_config *config,
	unsigned n, uint32_t multiplier, struct sipring_sctp_doors *doors,
	struct sipring_error *error)
{
	for (unsigned i = 0; i < n; i++)
		doors[i] = (struct sipring_sctp_doors){-1, -1};
	if (wanted == SIPRING_SCTP_KERNEL ||
		(wanted == SIPRING_SCTP_AUTO && sipring_kernel_has_sctp()))
		return 0;
	if (config->encapsulation == SIPRING_SCTP_ENCAPSULATION_RAW)
		return sipring_error_set(error, -EINVAL,
			"encapsulation=raw is for one worker: every worker would get every packet; "
			"set workers=1 or encapsulation=udp");
	return sipring_usrsctp_share(config, n, multiplier, doors, error);
}

/* The kernel does the same sum in a filter: see usrsctp_encapsulation.c. */
unsigned sipring_sctp_pick(const union sipring_address *peer, unsigned n, uint32_t multiplier)
{
	const unsigned char *bytes = peer->v6.sin6_addr.s6_addr;
	uint32_t mixed = 0, word;

	if (peer->sa.sa_family == AF_INET) {
		mixed = ntohl(peer->v4.sin_addr.s_addr);
	} else {
		for (unsigned i = 0; i < 4; i++) {
			memcpy(&word, bytes + 4 * i, sizeof word);
			mixed ^= ntohl(word);
		}
	}
	return ((mixed ^ sipring_address_port(peer)) * multiplier >> 16) % n;
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
