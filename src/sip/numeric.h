/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 and IPv6 addresses as text. What inet_pton(3) says of them, but for one thing: RFC 3261's
 * own grammar has three colons before an IPv4 tail where two are right; what was written by it is
 * understood (RFC 5118 4.10). An IPv6 address has no brackets here and no zone, which would be
 * looked up among our interfaces: no URI may ask for that (RFC 4291 2.2, RFC 5954 4.1).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* *octets: in host order. */
bool sipring_numeric_ipv4(uint32_t *octets, const char *at, const char *end);

/* groups: in network order. */
bool sipring_numeric_ipv6(uint16_t groups[8], const char *at, const char *end);

/* The same without the value, which most of those who ask do not want: faster. */
bool sipring_numeric_is_ipv6(const char *at, const char *end);
