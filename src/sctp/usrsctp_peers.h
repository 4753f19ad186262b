/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is at the other end of the wire: one entry for each pair of a network address and an SCTP
 * port there, found by that pair or by its index. The stack knows an entry by its index alone.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "net/address.h"

/* Entries beyond one for each association: for those who have sent a packet, and no more yet. */
#define SIPRING_USRSCTP_PEERS_SPARE 16384

struct sipring_usrsctp_peer {
	struct sipring_hash_node node;
	struct sipring_list link;      /* among the idle, least recently met first */
	union sipring_address address; /* where its packets come from, and go to */
	uint16_t port;                 /* its SCTP port, network byte order */
	bool met;                      /* address and port are set, and in the table */
	uint32_t n_users;              /* associations; 0: idle, may be made another's */
};

struct sipring_usrsctp_peers {
	struct sipring_usrsctp_peer *all;
	uint32_t n_all;
	uint64_t seed[2];
	struct sipring_hash table;
	struct sipring_list idle;
};

/* Room for n entries. Returns 0 or -errno. */
int sipring_usrsctp_peers_open(struct sipring_usrsctp_peers *peers, uint32_t n);
void sipring_usrsctp_peers_close(struct sipring_usrsctp_peers *peers);
size_t sipring_usrsctp_peers_footprint(uint32_t n);

/* The entry of this pair; NULL when there is none. port in network byte order. */
struct sipring_usrsctp_peer *sipring_usrsctp_peers_find(struct sipring_usrsctp_peers *peers,
	const union sipring_address *address, uint16_t port);
/* The same, made where there is none from the idle one met longest ago; NULL: none is idle. */
struct sipring_usrsctp_peer *sipring_usrsctp_peers_meet(struct sipring_usrsctp_peers *peers,
	const union sipring_address *address, uint16_t port);

/* An association begins, or is over. What is held stays, with its index. */
void sipring_usrsctp_peers_hold(struct sipring_usrsctp_peers *peers,
	struct sipring_usrsctp_peer *peer);
void sipring_usrsctp_peers_release(struct sipring_usrsctp_peers *peers,
	struct sipring_usrsctp_peer *peer);

/* The peer is at another address now (RFC 6951 5.4); whoever was met there and is idle goes. */
void sipring_usrsctp_peers_move(struct sipring_usrsctp_peers *peers,
	struct sipring_usrsctp_peer *peer, const union sipring_address *address);

static inline uint32_t sipring_usrsctp_peers_index(const struct sipring_usrsctp_peers *peers,
	const struct sipring_usrsctp_peer *peer)
{
	return (uint32_t)(peer - peers->all);
}

/* The entry with this index if it was met, else NULL. */
struct sipring_usrsctp_peer *sipring_usrsctp_peers_at(struct sipring_usrsctp_peers *peers,
	uint32_t index);
