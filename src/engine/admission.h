/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a peer may begin an association: how many peers have begun, how many those at one
 * address, and how fast. Where workers share, these are of all of them together. Fixed memory; what
 * is refused costs nothing that lasts.
 */
#pragma once

#include "engine/config.h"

struct sipring_admission {
	/* By the hash of a host; NULL: no limit. In the region, where workers share. */
	struct sipring_tally *by_host;
	size_t by_host_size; /* mapped here; 0: in the region */
	uint64_t seed[2];
	/*
	 * When there is full credit again, if nobody comes until then: milliseconds times the rate,
	 * so that a thousand are one association. It may be several workers'.
	 */
	_Atomic uint64_t *full_at;
	_Atomic uint64_t own_full_at;
	uint64_t credit_max;         /* thousandths of an association that may come at once */
	struct sipring_share *share; /* NULL: it is for this worker alone */
	unsigned place;
	uint32_t rate; /* a second; 0: no limit */
	uint32_t n_admitted;
	uint32_t n_admitted_max;  /* of all; 0: no limit */
	uint32_t per_address_max; /* 0: no limit */
};

enum sipring_admission_answer {
	SIPRING_ADMISSION_GRANTED,
	SIPRING_ADMISSION_ALL,     /* too many, all in all */
	SIPRING_ADMISSION_ADDRESS, /* too many of this address */
	SIPRING_ADMISSION_RATE,    /* too many at a time */
};

/* share: NULL, or what the worker in that place shares with others. 0 or -errno. */
int sipring_admission_open(struct sipring_admission *admission, const struct sipring_config *config,
	struct sipring_share *share, unsigned place);
void sipring_admission_close(struct sipring_admission *admission);
/* What is mapped at open, in bytes, by a worker that shares nothing. */
size_t sipring_admission_footprint(const struct sipring_config *config);

/* GRANTED: it is counted until it leaves, by the same address. */
enum sipring_admission_answer sipring_admission_enter(struct sipring_admission *admission,
	const union sipring_address *peer, uint64_t now_ms);
void sipring_admission_leave(struct sipring_admission *admission,
	const union sipring_address *peer);
