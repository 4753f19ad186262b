/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What senders are told at once: which peers workers lately found dead, or their queues full. In
 * shared memory, a word for each peer, written by whichever worker and read by any sender, without
 * a lock. Where more are noted than it holds, some are forgotten: then a send is accepted and fails
 * later.
 */
#pragma once

#include <sipring/types.h>

#include <stdbool.h>

struct sipring_refusals;

size_t sipring_refusals_footprint(void);
/* On zeroed memory of that size, before anyone shares it. 0 or -errno. */
int sipring_refusals_init(struct sipring_refusals *refusals);

/* Sends to this peer are refused with -EHOSTDOWN, or -ENOBUFS where it is full, until then. */
void sipring_refusals_note(struct sipring_refusals *refusals, const union sipring_address *peer,
	bool is_full, uint64_t now_ms, uint64_t until_ms);
/* They go again. */
void sipring_refusals_clear(struct sipring_refusals *refusals, const union sipring_address *peer);
/* 0, -EHOSTDOWN or -ENOBUFS. The peer with its port, as for the others. */
int sipring_refusals_check(const struct sipring_refusals *refusals,
	const union sipring_address *peer, uint64_t now_ms);
