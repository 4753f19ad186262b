/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The value types that every public header of sipring shares: a span of bytes, a socket address
 * and an error with its text. Nothing here allocates; every value may be copied freely.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what libsipring exports; everything else in the library is hidden. */
#define SIPRING_PUBLIC __attribute__((visibility("default")))

/*
 * A run of bytes inside memory that somebody else owns. Not NUL-terminated. It lives as long as
 * that memory; an absent value has data NULL and size 0, an empty one has data set and size 0.
 */
struct sipring_span {
	const char *data;
	size_t size; /* bytes */
};

/*
 * An IPv4 or IPv6 socket address; sa.sa_family tells which (AF_UNSPEC: none). Ports are in network
 * byte order, as in struct sockaddr_in. A value: copying it copies the address.
 */
union sipring_address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Room for any address in text with its port: "[ipv6%scope]:65535" and the NUL. */
#define SIPRING_ADDRESS_TEXT_MAX 72

/*
 * What went wrong and what the operator can do about it. code is a negative errno value; text is
 * one line of English, always NUL-terminated, that names the remedy where there is one. Filled
 * only by a call that failed; pass NULL where the text is not wanted.
 */
struct sipring_error {
	int code;
	char text[252];
};

#ifdef __cplusplus
}
#endif
