/* SPDX-License-Identifier: BSD-2-Clause */
/* What others may ask of the user-space provider besides its table of operations. */
#pragma once

#include "sctp/sctp.h"

/* What its open maps, in bytes; the stack's own allocations (per association) not counted. */
size_t sipring_usrsctp_footprint(const struct sipring_sctp_config *config);

/* As sipring_sctp_share, where this provider it is. */
int sipring_usrsctp_share(const struct sipring_sctp_config *config, unsigned n, uint32_t multiplier,
	struct sipring_sctp_doors *doors, struct sipring_error *error);

/* The UDP port that its packets leave from, host byte order; 0 where there is none (raw IP). */
uint16_t sipring_usrsctp_port(const struct sipring_sctp *sctp);
