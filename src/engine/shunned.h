/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers that did not answer a connect, and for how long they are left alone: a pause that doubles
 * with each further failure, up to a limit. Fixed memory: where more peers fail than it holds, the
 * one that failed longest ago is forgotten.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "base/pool.h"
#include "engine/refusals.h"
#include "net/address.h"

struct sipring_shunned {
	struct sipring_pool peers;
	struct sipring_hash by_host; /* the port does not matter to it */
	struct sipring_list by_age;  /* who failed longest ago first */
	uint64_t seed[2];
	struct sipring_refusals *refusals; /* told of all of it; NULL: nobody else sends */
};

/* 0 or -errno. */
int sipring_shunned_open(struct sipring_shunned *shunned, uint32_t n_peers);
void sipring_shunned_close(struct sipring_shunned *shunned);
size_t sipring_shunned_footprint(uint32_t n_peers);

/* A connect failed: the pause begins, or what it was last time doubled, up to pause_max_ms. */
void sipring_shunned_failed(struct sipring_shunned *shunned, const union sipring_address *peer,
	uint64_t now_ms, uint32_t pause_ms, uint32_t pause_max_ms);
/* Whether a connect is to be left, for now. */
bool sipring_shunned_holds(const struct sipring_shunned *shunned, const union sipring_address *peer,
	uint64_t now_ms);
/* Somebody at this address is alive, on whatever port: all of them are forgotten. */
void sipring_shunned_forget(struct sipring_shunned *shunned, const union sipring_address *peer);
