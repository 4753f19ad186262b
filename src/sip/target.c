/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a URI to where its requests go (RFC 3263 4.1 and 4.2), as far as that needs no DNS. Pure;
 * what the transports differ in comes from the transport table alone.
 */
#include <sipring/sip.h>

#include "net/address.h"
#include "sip/host.h"
#include "sip/text.h"

#include <assert.h>

/* Returns 0 or SIPRING_PARSE_UNKNOWN_TRANSPORT. */
static int choose_transport(struct sipring_target *target, const struct sipring_uri *uri)
{
	bool is_secure = uri->scheme == SIPRING_URI_SIPS;
	enum sipring_transport transport =
		is_secure ? SIPRING_TRANSPORT_TLS : SIPRING_TRANSPORT_UDP;

	if (uri->transport.data) {
		transport = sipring_transport_find_param(uri->transport);
		if (is_secure)
			transport = sipring_transport_info(transport)->over_tls;
		if (transport == SIPRING_TRANSPORT_UNKNOWN)
			return SIPRING_PARSE_UNKNOWN_TRANSPORT;
		target->is_transport_named = true;
	}
	target->transport = transport;
	return 0;
}

static uint16_t choose_port(enum sipring_transport transport, uint16_t default_port)
{
	if (transport == SIPRING_TRANSPORT_SCTP && default_port)
		return default_port;
	return sipring_transport_info(transport)->default_port;
}

int sipring_uri_target(const struct sipring_uri *uri, uint16_t default_port,
	struct sipring_target *target)
{
	union sipring_address none = {.sa.sa_family = AF_UNSPEC};
	int result;

	assert(uri && target);
	memset(target, 0, sizeof *target);
	target->address = none;
	if (uri->scheme != SIPRING_URI_SIP && uri->scheme != SIPRING_URI_SIPS)
		return SIPRING_PARSE_NO_TARGET;
	result = choose_transport(target, uri);
	if (result)
		return result;
	target->host = uri->maddr.data ? uri->maddr : uri->host;
	target->host_kind = sipring_host_classify(target->host, &target->address);
	if (target->host_kind == SIPRING_HOST_NONE)
		return SIPRING_PARSE_BAD_HOST;
	target->is_port_named = uri->port != 0;
	target->port = uri->port ? uri->port : choose_port(target->transport, default_port);
	if (target->host_kind != SIPRING_HOST_NAME)
		sipring_address_set_port(&target->address, target->port);
	return 0;
}
