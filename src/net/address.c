/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pure functions on the caller's address. Text is taken apart here (brackets, scope, port) and the
 * host goes through inet_pton, so only numeric forms pass and no name is ever asked for; the one
 * look outside is the number of an interface that a link-local scope names. What is not part of an
 * address (flow label, padding) is zero after parsing and plays no part in comparing or hashing.
 */
#include "net/address.h"

#include "base/hash.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX 65535u

_Static_assert(INET6_ADDRSTRLEN + 1 + IF_NAMESIZE + 2 + 6 <= SIPRING_ADDRESS_TEXT_MAX,
	"any address with scope, brackets and port fits its text");

/* Decimal digits only. Returns 0, -EINVAL, or -ERANGE for 0 and what is over limit. */
static int address_number(uint32_t *number, const char *text, size_t size, uint32_t limit)
{
	uint64_t value = 0;

	if (!size)
		return -EINVAL;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		if (value <= limit)
			value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (!value || value > limit)
		return -ERANGE;
	*number = (uint32_t)value;
	return 0;
}

/* inet_pton for a span; true when all of it is one address. */
static bool address_pton(int family, void *binary, const char *text, size_t size)
{
	char copy[INET6_ADDRSTRLEN];

	assert(family == AF_INET || family == AF_INET6);
	if (!size || size >= sizeof copy || memchr(text, 0, size))
		return false;
	memcpy(copy, text, size);
	copy[size] = 0;
	return inet_pton(family, copy, binary) == 1;
}

/* The number of the interface that is named, or numbered, by a scope; 0 for none such. */
static uint32_t address_scope(const char *text, size_t size)
{
	char name[IF_NAMESIZE];
	uint32_t number = 0;

	if (!size || size >= sizeof name || memchr(text, 0, size))
		return 0;
	if (address_number(&number, text, size, UINT32_MAX) == 0)
		return number;
	memcpy(name, text, size);
	name[size] = 0;
	return if_nametoindex(name);
}

static int address_parse_v6(union sipring_address *address, const char *text, size_t size)
{
	const char *percent = memchr(text, '%', size);
	size_t host_size = percent ? (size_t)(percent - text) : size;

	address->v6.sin6_family = AF_INET6;
	if (!address_pton(AF_INET6, &address->v6.sin6_addr, text, host_size))
		return -EINVAL;
	if (!percent)
		return 0;
	if (!IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr))
		return -EINVAL;
	address->v6.sin6_scope_id = address_scope(percent + 1, size - host_size - 1);
	return address->v6.sin6_scope_id ? 0 : -EINVAL;
}

static int address_parse_v4(union sipring_address *address, const char *text, size_t size)
{
	address->v4.sin_family = AF_INET;
	return address_pton(AF_INET, &address->v4.sin_addr, text, size) ? 0 : -EINVAL;
}

/* The host alone; colon is set to where ":port" begins, or to NULL. */
static int address_parse_host(union sipring_address *address, const char *text, size_t size,
	const char **colon)
{
	const char *end = text + size;
	const char *close;

	*colon = NULL;
	if (size && *text == '[') {
		close = memchr(text, ']', size);
		if (!close)
			return -EINVAL;
		if (close + 1 < end)
			*colon = close + 1;
		return address_parse_v6(address, text + 1, (size_t)(close - text - 1));
	}
	*colon = memchr(text, ':', size);
	if (!*colon)
		return address_parse_v4(address, text, size);
	if (!memchr(*colon + 1, ':', (size_t)(end - *colon - 1)))
		return address_parse_v4(address, text, (size_t)(*colon - text));
	*colon = NULL;
	return address_parse_v6(address, text, size);
}

int sipring_address_parse(union sipring_address *address, const char *text, size_t size)
{
	union sipring_address parsed;
	const char *colon;
	uint32_t port = 0;
	int code;

	assert(text || !size);
	memset(&parsed, 0, sizeof parsed);
	if (!size)
		return -EINVAL;
	code = address_parse_host(&parsed, text, size, &colon);
	if (code < 0)
		return code;
	if (colon) {
		if (*colon != ':')
			return -EINVAL;
		code = address_number(&port, colon + 1, (size_t)(text + size - colon - 1),
			PORT_MAX);
		if (code < 0)
			return code;
		sipring_address_set_port(&parsed, (uint16_t)port);
	}
	*address = parsed;
	return 0;
}

char *sipring_address_print_host(const union sipring_address *address,
	char text[SIPRING_ADDRESS_TEXT_MAX])
{
	char name[IF_NAMESIZE];
	size_t used;

	if (address->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address->v4.sin_addr, text, SIPRING_ADDRESS_TEXT_MAX);
	} else if (address->sa.sa_family == AF_INET6) {
		uint32_t scope = address->v6.sin6_scope_id;

		inet_ntop(AF_INET6, &address->v6.sin6_addr, text, SIPRING_ADDRESS_TEXT_MAX);
		used = strlen(text);
		if (scope && if_indextoname(scope, name))
			snprintf(text + used, SIPRING_ADDRESS_TEXT_MAX - used, "%%%s", name);
		else if (scope)
			snprintf(text + used, SIPRING_ADDRESS_TEXT_MAX - used, "%%%u", scope);
	} else {
		snprintf(text, SIPRING_ADDRESS_TEXT_MAX, "(none)");
	}
	return text;
}

char *sipring_address_print(const union sipring_address *address,
	char text[SIPRING_ADDRESS_TEXT_MAX])
{
	char host[SIPRING_ADDRESS_TEXT_MAX];
	uint16_t port = sipring_address_port(address);

	sipring_address_print_host(address, host);
	if (!port)
		memcpy(text, host, strlen(host) + 1);
	else if (address->sa.sa_family == AF_INET6)
		snprintf(text, SIPRING_ADDRESS_TEXT_MAX, "[%.62s]:%u", host, port);
	else
		snprintf(text, SIPRING_ADDRESS_TEXT_MAX, "%.15s:%u", host, port);
	return text;
}

uint16_t sipring_address_port(const union sipring_address *address)
{
	if (address->sa.sa_family == AF_INET)
		return ntohs(address->v4.sin_port);
	if (address->sa.sa_family == AF_INET6)
		return ntohs(address->v6.sin6_port);
	return 0;
}

void sipring_address_set_port(union sipring_address *address, uint16_t port)
{
	assert(address->sa.sa_family == AF_INET || address->sa.sa_family == AF_INET6);
	if (address->sa.sa_family == AF_INET)
		address->v4.sin_port = htons(port);
	else
		address->v6.sin6_port = htons(port);
}

socklen_t sipring_address_size(const union sipring_address *address)
{
	if (address->sa.sa_family == AF_INET)
		return sizeof address->v4;
	if (address->sa.sa_family == AF_INET6)
		return sizeof address->v6;
	return 0;
}

bool sipring_address_same_host(const union sipring_address *a, const union sipring_address *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	if (a->sa.sa_family == AF_INET6)
		return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr) &&
			a->v6.sin6_scope_id == b->v6.sin6_scope_id;
	return true;
}

bool sipring_address_equal(const union sipring_address *a, const union sipring_address *b)
{
	return sipring_address_same_host(a, b) &&
		sipring_address_port(a) == sipring_address_port(b);
}

bool sipring_address_is_wildcard(const union sipring_address *address)
{
	if (address->sa.sa_family == AF_INET)
		return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
	if (address->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
	return false;
}

uint64_t sipring_address_hash(const union sipring_address *address, const uint64_t seed[2])
{
	struct {
		uint16_t family;
		uint16_t port;
		uint32_t scope;
		struct in6_addr host;
	} key = {.family = address->sa.sa_family, .port = sipring_address_port(address)};

	_Static_assert(sizeof key == 24, "no padding is hashed");
	if (address->sa.sa_family == AF_INET) {
		memcpy(&key.host, &address->v4.sin_addr, sizeof address->v4.sin_addr);
	} else if (address->sa.sa_family == AF_INET6) {
		key.host = address->v6.sin6_addr;
		key.scope = address->v6.sin6_scope_id;
	}
	return sipring_hash_bytes(seed, &key, sizeof key);
}
