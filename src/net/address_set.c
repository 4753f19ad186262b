/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small array kept free of doubles, and the reader of listener texts. The caller owns the set;
 * after a failed parse it is empty. A set holds one port and either one wildcard or no wildcard;
 * what reads a configuration says in its error text which piece is wrong and what would be right.
 */
#include "net/address_set.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A span as an argument of "%.*s"; a wrong text may be long. */
#define SHOW_MAX 64
#define SHOW(begin, end) ((end) - (begin) < SHOW_MAX ? (int)((end) - (begin)) : SHOW_MAX), (begin)

int sipring_address_set_add(struct sipring_address_set *set, const union sipring_address *address)
{
	assert(set->n_addresses <= SIPRING_ADDRESS_SET_MAX);
	assert(address->sa.sa_family == AF_INET || address->sa.sa_family == AF_INET6);
	for (unsigned i = 0; i < set->n_addresses; i++) {
		if (sipring_address_same_host(&set->addresses[i], address))
			return 1;
	}
	if (set->n_addresses == SIPRING_ADDRESS_SET_MAX)
		return -E2BIG;
	set->addresses[set->n_addresses++] = *address;
	return 0;
}

/* One host without a port, from begin to end. */
static int set_parse_host(struct sipring_address_set *set, const char *begin, const char *end,
	struct sipring_error *error)
{
	union sipring_address address;
	int code;

	assert(begin <= end);
	if (end - begin == 1 && *begin == '*') {
		memset(&address, 0, sizeof address);
		address.v6.sin6_family = AF_INET6;
	} else {
		if (begin == end)
			return sipring_error_set(error, -EINVAL, "a host is missing");
		if (*begin != '[' && memchr(begin, ':', (size_t)(end - begin)))
			return sipring_error_set(error, -EINVAL,
				"'%.*s': an IPv6 host stands in brackets, a port after all hosts",
				SHOW(begin, end));
		if (sipring_address_parse(&address, begin, (size_t)(end - begin)) < 0 ||
			sipring_address_port(&address))
			return sipring_error_set(error, -EINVAL,
				"'%.*s' is no numeric address; a listener needs one",
				SHOW(begin, end));
	}
	if (set->n_addresses &&
		(sipring_address_is_wildcard(&address) ||
			sipring_address_is_wildcard(&set->addresses[0])))
		return sipring_error_set(error, -EINVAL,
			"a wildcard stands alone: it has every address of this machine already");
	code = sipring_address_set_add(set, &address);
	if (code == 1)
		return sipring_error_set(error, -EINVAL, "'%.*s' is named twice", SHOW(begin, end));
	if (code < 0)
		return sipring_error_set(error, code, "more than %u addresses in one listener",
			SIPRING_ADDRESS_SET_MAX);
	return 0;
}

/* "(HOST,HOST,…)" at text; *rest is what follows the parenthesis. */
static int set_parse_hosts(struct sipring_address_set *set, const char *text, const char **rest,
	struct sipring_error *error)
{
	const char *close = strchr(text, ')');
	const char *begin = text + 1;

	assert(*text == '(');
	if (!close)
		return sipring_error_set(error, -EINVAL, "'(' without ')'");
	for (;;) {
		const char *comma = memchr(begin, ',', (size_t)(close - begin));
		const char *end = comma ? comma : close;
		int code = set_parse_host(set, begin, end, error);

		if (code < 0)
			return code;
		if (!comma)
			break;
		begin = comma + 1;
	}
	*rest = close + 1;
	return 0;
}

/* "" or ":PORT". */
static int set_parse_port(const char *text, uint16_t *port, struct sipring_error *error)
{
	uint32_t value = 0;

	if (!*text)
		return 0;
	if (*text != ':')
		return sipring_error_set(error, -EINVAL, "':PORT' expected where '%.*s' stands",
			SHOW_MAX, text);
	text++;
	if (!*text || text[strspn(text, "0123456789")])
		return sipring_error_set(error, -EINVAL,
			"port '%.*s' is not a number from 1 to 65535", SHOW_MAX, text);
	for (const char *digit = text; *digit && value <= UINT16_MAX; digit++)
		value = value * 10 + (uint32_t)(*digit - '0');
	if (!value || value > UINT16_MAX)
		return sipring_error_set(error, -ERANGE, "port %.*s is not from 1 to 65535",
			SHOW_MAX, text);
	*port = (uint16_t)value;
	return 0;
}

static int set_parse(struct sipring_address_set *set, const char *text, uint16_t default_port,
	struct sipring_error *error)
{
	uint16_t port = default_port;
	const char *rest = NULL;
	int code;

	if (strncasecmp(text, "sctp:", 5) != 0)
		return sipring_error_set(error, -EINVAL,
			"listener '%.*s' does not begin with \"sctp:\"", SHOW_MAX, text);
	text += 5;
	if (*text == '(') {
		code = set_parse_hosts(set, text, &rest, error);
	} else {
		const char *close = *text == '[' ? strchr(text, ']') : NULL;

		if (close) {
			rest = close + 1;
		} else {
			rest = strrchr(text, ':');
			if (!rest)
				rest = text + strlen(text);
		}
		code = set_parse_host(set, text, rest, error);
	}
	if (code < 0)
		return code;
	code = set_parse_port(rest, &port, error);
	if (code < 0)
		return code;
	for (unsigned i = 0; i < set->n_addresses; i++)
		sipring_address_set_port(&set->addresses[i], port);
	return 0;
}

int sipring_address_set_parse_listener(struct sipring_address_set *set, const char *text,
	uint16_t default_port, struct sipring_error *error)
{
	int code;

	memset(set, 0, sizeof *set);
	code = set_parse(set, text, default_port, error);
	if (code < 0)
		memset(set, 0, sizeof *set);
	assert(code < 0 || set->n_addresses);
	return code;
}

char *sipring_address_set_print(const struct sipring_address_set *set, char *text, size_t size)
{
	char host[SIPRING_ADDRESS_TEXT_MAX];
	size_t used = 0;
	uint16_t port;

	assert(size);
	*text = 0;
	if (!set->n_addresses)
		return text;
	port = sipring_address_port(&set->addresses[0]);
	if (set->n_addresses == 1) {
		snprintf(text, size, "%s", sipring_address_print(&set->addresses[0], host));
		return text;
	}
	for (unsigned i = 0; i < set->n_addresses && used < size; i++) {
		bool v6 = set->addresses[i].sa.sa_family == AF_INET6;

		sipring_address_print_host(&set->addresses[i], host);
		used += (size_t)snprintf(text + used, size - used, "%c%s%s%s", i ? ',' : '(',
			v6 ? "[" : "", host, v6 ? "]" : "");
	}
	if (used < size)
		used += (size_t)snprintf(text + used, size - used, ")");
	if (used < size && port)
		snprintf(text + used, size - used, ":%u", port);
	return text;
}
