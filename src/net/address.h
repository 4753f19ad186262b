/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The address value: IPv4 or IPv6 with a port. Text in, text out, order and hash; names are never
 * resolved here. An IPv4-mapped IPv6 address is kept as it is, and compares equal to nothing else.
 */
#pragma once

#include <sipring/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads "192.0.2.1", "192.0.2.1:5060", "2001:db8::1", "[2001:db8::1]", "[fe80::1%eth0]:5060". The
 * port is 0 where none is named. Returns 0, -EINVAL for anything else (host names included), or
 * -ERANGE for a port that is 0 or over 65535 in the text.
 */
int sipring_address_parse(union sipring_address *address, const char *text, size_t size);

/* Writes the text with brackets and port where the port is not 0; returns text. */
char *sipring_address_print(const union sipring_address *address,
	char text[SIPRING_ADDRESS_TEXT_MAX]);
/* The same without the port and without brackets. */
char *sipring_address_print_host(const union sipring_address *address,
	char text[SIPRING_ADDRESS_TEXT_MAX]);

/* Host byte order. */
uint16_t sipring_address_port(const union sipring_address *address);
void sipring_address_set_port(union sipring_address *address, uint16_t port);

/* Bytes of the socket address: what bind(), connect() and sendmsg() take; 0 for AF_UNSPEC. */
socklen_t sipring_address_size(const union sipring_address *address);

bool sipring_address_equal(const union sipring_address *a, const union sipring_address *b);
bool sipring_address_same_host(const union sipring_address *a, const union sipring_address *b);
bool sipring_address_is_wildcard(const union sipring_address *address);
uint64_t sipring_address_hash(const union sipring_address *address, const uint64_t seed[2]);
