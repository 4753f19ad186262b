/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way from a host to its addresses (RFC 3263 4), one address at a time, the best first. A walk
 * is a value of its owner; it asks through a function, waits where that has no answer yet, and goes
 * on from there. No I/O.
 */
#pragma once

#include "base/list.h"
#include "base/log.h"
#include "dns/answer.h"

#include <sipring/sip.h>

#define SIPRING_DNS_WAITERS_MAX 2

/* Whom a walk asks. */
struct sipring_dns_source {
	/*
	 * The answer, valid until the next call; or NULL, and the waiter is in the list of those
	 * who are to be told; or NULL and *error, -errno: it cannot be asked.
	 */
	const struct sipring_dns_answer *(*look_up)(void *user, const char *name,
		enum sipring_dns_type type, struct sipring_list *waiter, int *error);
	void *user;
	uint64_t *random;              /* the chance of SRV weights, not 0 */
	const struct sipring_log *log; /* NULL: the way is not told */
};

enum sipring_dns_stage {
	SIPRING_DNS_STAGE_HOSTS,
	SIPRING_DNS_STAGE_NAPTR,
	SIPRING_DNS_STAGE_SRV,
	SIPRING_DNS_STAGE_ADDRESS,
};

struct sipring_dns_walk {
	/* One for each question that may be on its way at the same time; the owner's to unlink. */
	struct sipring_list waiters[SIPRING_DNS_WAITERS_MAX];

	/* The walk's own. */
	char host[SIPRING_DNS_NAME_MAX];
	uint16_t default_port;
	enum sipring_transport transport;
	bool is_transport_named;
	enum sipring_dns_stage stage;
	bool has_naptr;
	struct sipring_dns_answer services; /* names of SRV records, and which is next */
	unsigned next_service;
	struct sipring_dns_answer targets; /* hosts with ports, and which is next */
	unsigned next_target;
	union sipring_address
		addresses[2 * SIPRING_DNS_RECORDS_MAX]; /* of the target, IPv6 first */
	unsigned n_addresses;
	unsigned next_address;
	unsigned known; /* which of the target's questions are answered, a bit each */
	int error;      /* why the last way led nowhere */
};

/*
 * Begins at a target of sipring_uri_target. transport is what its requests go by: the target's own,
 * or the wanted one where it names none. Returns 0, or -ENAMETOOLONG.
 */
int sipring_dns_walk_begin(struct sipring_dns_walk *walk, const struct sipring_target *target,
	enum sipring_transport transport);

enum sipring_dns_step {
	SIPRING_DNS_STEP_ADDRESS, /* *address, with its port: the next to try */
	SIPRING_DNS_STEP_WAIT,    /* call again when a waiter was told */
};

/*
 * Goes on: a step, or -errno when there are no more addresses, which says why the last attempt
 * found none: -ENOENT no such name, -ENODATA it has no address, -EPROTONOSUPPORT it does not offer
 * this transport, and what look_up gave for those that nobody knows.
 */
int sipring_dns_walk_next(struct sipring_dns_walk *walk, const struct sipring_dns_source *source,
	union sipring_address *address);
