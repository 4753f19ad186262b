/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The addresses of one multihomed endpoint: a few hosts, IPv4 and IPv6 mixed, all with one port.
 * The first is the primary one.
 */
#pragma once

#include "net/address.h"

#define SIPRING_ADDRESS_SET_MAX 8

struct sipring_address_set {
	union sipring_address addresses[SIPRING_ADDRESS_SET_MAX];
	unsigned n_addresses;
};

/*
 * Reads a listener: "sctp:HOST", "sctp:HOST:PORT", "sctp:(HOST,HOST,…)" or "sctp:(HOST,…):PORT",
 * where an IPv6 host stands in brackets, inside the parentheses too; "*" is the IPv6 wildcard,
 * which takes IPv4 as well; a wildcard stands alone. default_port applies where no port is named.
 * Returns 0 or -EINVAL/-ERANGE/-E2BIG with a text that names the mistake; the set is then empty.
 */
int sipring_address_set_parse_listener(struct sipring_address_set *set, const char *text,
	uint16_t default_port, struct sipring_error *error);

/*
 * Adds one, whose port is that of the set; returns 0, 1 when its host was there already, or -E2BIG
 * when the set is full.
 */
int sipring_address_set_add(struct sipring_address_set *set, const union sipring_address *address);

/* "(a,b):port", or "a:port" for one; cut at size. Returns text. */
char *sipring_address_set_print(const struct sipring_address_set *set, char *text, size_t size);
