/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking name servers, and remembering what they said: a cache with c-ares behind it, whose sockets
 * are polled by the worker's io. One belongs to one worker and its thread. Nothing here blocks, but
 * for reading /etc/hosts; no call makes a callback. Memory is mapped at open; what c-ares allocates
 * while a question is on its way comes from the heap.
 */
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "dns/answer.h"
#include "io/io.h"

#define SIPRING_DNS_SERVERS_MAX 8

struct sipring_dns_config {
	const char *servers;       /* "192.0.2.53, [2001:db8::53]:5353"; "": /etc/resolv.conf */
	uint32_t timeout_ms;       /* for the first try of a server; it doubles with each round */
	uint32_t n_tries;          /* rounds over the servers */
	uint32_t n_entries;        /* of the cache, and so of questions on their way */
	uint32_t ttl_max;          /* seconds */
	uint32_t negative_ttl_max; /* seconds */
	const struct sipring_log *log;
};

struct sipring_dns_counters {
	uint64_t n_asked;  /* questions put to name servers */
	uint64_t n_known;  /* questions that the cache answered */
	uint64_t n_failed; /* questions that nobody answered */
};

struct sipring_dns;

/* Checks a list of servers: 0, or -EINVAL, -E2BIG with a text. */
int sipring_dns_check_servers(const char *servers, struct sipring_error *error);

/*
 * Maps memory; c-ares is opened by the first question to a server, and again after all servers
 * failed, since /etc/resolv.conf may have changed. 0 or -errno.
 */
int sipring_dns_open(struct sipring_dns **dns, const struct sipring_dns_config *config,
	struct sipring_io *io);
/* After the io was closed. Waiters are forgotten. NULL is allowed. */
void sipring_dns_close(struct sipring_dns *dns);
size_t sipring_dns_footprint(const struct sipring_dns_config *config);

/*
 * The answer, valid until the next call; or NULL, and the waiter is in the list of those who are to
 * be told; or NULL and *error: -ENFILE when too many questions are on their way.
 */
const struct sipring_dns_answer *sipring_dns_look_up(struct sipring_dns *dns, const char *name,
	enum sipring_dns_type type, struct sipring_list *waiter, uint64_t now_ms, int *error);

/* The answer if it is in the cache, valid until the next call; else NULL, and nobody is asked. */
const struct sipring_dns_answer *sipring_dns_known(struct sipring_dns *dns, const char *name,
	enum sipring_dns_type type, uint64_t now_ms);

/* The next waiter whose question was answered, taken out; NULL when there are no more. */
struct sipring_list *sipring_dns_answered(struct sipring_dns *dns);

/* Takes an io event if it is of a socket here; false if not. */
bool sipring_dns_input(struct sipring_dns *dns, const struct sipring_io_event *event,
	uint64_t now_ms);

/* Runs the timers of questions. */
void sipring_dns_tick(struct sipring_dns *dns, uint64_t now_ms);
/* The ms after which it wants its tick, 0 while somebody is to be told; or UINT64_MAX. */
uint64_t sipring_dns_idle_ms(const struct sipring_dns *dns);

const struct sipring_dns_counters *sipring_dns_counters(const struct sipring_dns *dns);
