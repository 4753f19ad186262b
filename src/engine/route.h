/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names on their way to an association. A route is looked up, then connects to one address after
 * another until an association stands; messages to the name wait in its queue meanwhile, within
 * the bounds of an association's.
 */
#pragma once

#include "assoc/queue.h"
#include "base/hash.h"
#include "base/pool.h"
#include "base/wheel.h"
#include "dns/walk.h"

#define ROUTE_PASSED_MAX 8
#define ROUTE_AVOIDED_MAX 32

struct sipring_route {
	struct sipring_hash_node by_name; /* where listed: sends to the same name join it */
	struct sipring_list link;         /* of those that can go on, or of an association's */
	struct sipring_timer timer;       /* of the first message that waits */
	struct sipring_queue queue;
	struct sipring_dns_walk walk;
	union sipring_address passed[ROUTE_PASSED_MAX]; /* failed lately: tried last */
	unsigned n_passed;
	unsigned next_passed;
	uint32_t n_tried;
	int error; /* -errno of the last address that was tried */
	uint16_t port;
	bool is_listed;
	bool is_connect; /* a host's wish; cookie is its */
	bool is_additional;
	bool was_full; /* a send was rejected: tell when there is room */
	bool is_over;  /* its outcomes are being told */
	uint32_t cookie;
};

/* An address to which no association came to stand. */
struct sipring_avoided {
	union sipring_address address;
	uint64_t until_ms;
};

struct sipring_routes {
	struct sipring_pool pool;
	struct sipring_hash by_name;
	struct sipring_list due; /* can go on */
	struct sipring_wheel wheel;
	struct sipring_avoided avoided[ROUTE_AVOIDED_MAX];
	unsigned next_avoided;
	uint64_t random; /* of SRV weights */
	uint64_t tick_at_ms;
	struct sipring_dns_walk walk; /* scratch of a send that finds all it needs */
};

/* Whether requests to this target go over SCTP without TLS, or may. */
static inline bool sipring_route_is_ours(const struct sipring_target *target)
{
	return target->transport ==
		(target->is_transport_named ? SIPRING_TRANSPORT_SCTP : SIPRING_TRANSPORT_UDP);
}
