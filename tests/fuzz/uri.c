/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: URIs, each alone, then as a pair, and the text as a host. The input is one URI, an
 * LF and the other; without an LF it is compared with itself.
 */
#include "fuzz.h"
#include "sip/host.h"
#include "view.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool parse(struct sipring_uri *uri, struct sipring_span text)
{
	int result = sipring_uri_parse(uri, text);

	FUZZ_CHECK(!result || result == SIPRING_PARSE_BAD_URI || result == SIPRING_PARSE_BAD_HOST);
	if (result)
		return false;
	view_check_uri(uri, text);
	return true;
}

/* Exactly enough room is enough, one byte less is not; what has no '%' stays as it is. */
static void check_unescape(struct sipring_span text)
{
	char *out = malloc(text.size + 1);
	char *tight;
	int size;

	FUZZ_CHECK(out);
	size = sipring_uri_unescape(out, text.size, text);
	FUZZ_CHECK(size >= 0 && (size_t)size <= text.size);
	if (!text.size || !memchr(text.data, '%', text.size))
		FUZZ_CHECK(fuzz_is_equal(text, (struct sipring_span){out, (size_t)size}));
	if (size) {
		tight = malloc((size_t)size);
		FUZZ_CHECK(tight);
		FUZZ_CHECK(sipring_uri_unescape(tight, (size_t)size, text) == size);
		FUZZ_CHECK(!memcmp(tight, out, (size_t)size));
		FUZZ_CHECK(sipring_uri_unescape(tight, (size_t)size - 1, text) == -ENOBUFS);
		free(tight);
	}
	free(out);
}

/* Numeric hosts by the C library; three colons are what RFC 5118 4.10 wants understood. */
static void check_host(struct sipring_span host)
{
	union sipring_address address;
	unsigned char wanted[16];
	char text[80];
	size_t size = host.size < sizeof text ? host.size : sizeof text - 1;
	bool is_bracketed = size > 1 && *host.data == '[' && host.data[size - 1] == ']';

	host.size = size;
	if (!size || memchr(host.data, 0, size) || memchr(host.data, '%', size))
		return;
	memcpy(text, host.data + is_bracketed, size - 2 * is_bracketed);
	text[size - 2 * is_bracketed] = 0;
	switch (sipring_host_classify(host, &address)) {
	case SIPRING_HOST_IPV4:
		FUZZ_CHECK(inet_pton(AF_INET, text, wanted) == 1);
		FUZZ_CHECK(!memcmp(wanted, &address.v4.sin_addr, 4) && !address.v4.sin_port);
		break;
	case SIPRING_HOST_IPV6:
		if (strstr(text, ":::"))
			break;
		FUZZ_CHECK(is_bracketed && inet_pton(AF_INET6, text, wanted) == 1);
		FUZZ_CHECK(!memcmp(wanted, &address.v6.sin6_addr, 16) && !address.v6.sin6_port);
		break;
	case SIPRING_HOST_NAME:
	case SIPRING_HOST_NONE:
		FUZZ_CHECK(is_bracketed || inet_pton(AF_INET, text, wanted) != 1);
		FUZZ_CHECK(!is_bracketed || inet_pton(AF_INET6, text, wanted) != 1);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sipring_span whole = {(const char *)data, size};
	const char *divider = size ? memchr(data, '\n', size) : NULL;
	struct sipring_span one = whole, other = whole;
	struct sipring_uri a, b;

	if (divider) {
		one.size = (size_t)(divider - whole.data);
		other.data = divider + 1;
		other.size = size - one.size - 1;
	}
	check_unescape(one);
	check_host(one);
	if (!parse(&a, one) || !parse(&b, other))
		return 0;
	FUZZ_CHECK(sipring_uri_is_equivalent(&a, &b) == sipring_uri_is_equivalent(&b, &a));
	if (fuzz_is_equal(one, other))
		FUZZ_CHECK(sipring_uri_is_equivalent(&a, &b));
	return 0;
}
