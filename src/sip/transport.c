/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport table: all that differs between transports, in one const place (RFC 3261 18 and
 * 19.1.1, RFC 3263 4.1, RFC 4168 3 and 5, RFC 7118). Nobody else may spell a transport's name.
 */
#include <sipring/sip.h>

#include "sip/text.h"

#include <assert.h>

static const struct sipring_transport_info table[SIPRING_TRANSPORT_COUNT] = {
	[SIPRING_TRANSPORT_UNKNOWN] = {"", "", "", "", 0, false, false, SIPRING_TRANSPORT_UNKNOWN},
	[SIPRING_TRANSPORT_UDP] = {"UDP", "udp", "_sip._udp", "SIP+D2U", 5060, false, false,
		SIPRING_TRANSPORT_UNKNOWN},
	[SIPRING_TRANSPORT_TCP] = {"TCP", "tcp", "_sip._tcp", "SIP+D2T", 5060, true, false,
		SIPRING_TRANSPORT_TLS},
	[SIPRING_TRANSPORT_TLS] = {"TLS", "tls", "_sips._tcp", "SIPS+D2T", 5061, true, true,
		SIPRING_TRANSPORT_TLS},
	[SIPRING_TRANSPORT_SCTP] = {"SCTP", "sctp", "_sip._sctp", "SIP+D2S", 5060, true, false,
		SIPRING_TRANSPORT_TLS_SCTP},
	[SIPRING_TRANSPORT_TLS_SCTP] = {"TLS-SCTP", "tls-sctp", "_sips._sctp", "SIPS+D2S", 5061,
		true, true, SIPRING_TRANSPORT_TLS_SCTP},
	[SIPRING_TRANSPORT_WS] = {"WS", "ws", "_sip._ws", "SIP+D2W", 80, true, false,
		SIPRING_TRANSPORT_WSS},
	[SIPRING_TRANSPORT_WSS] = {"WSS", "wss", "_sips._ws", "SIPS+D2W", 443, true, true,
		SIPRING_TRANSPORT_WSS},
};

const struct sipring_transport_info *sipring_transport_info(enum sipring_transport transport)
{
	assert(transport < SIPRING_TRANSPORT_COUNT);
	return &table[transport < SIPRING_TRANSPORT_COUNT ? transport : 0];
}

/* With constant sizes a comparison is a load or two, not a call. */
#define IS(word) sipring_text_matches(word, name.data, sizeof word - 1)

/* Via tokens and URI values are the same words in two cases. */
static enum sipring_transport find(struct sipring_span name)
{
	switch (name.size) {
	case 2:
		return IS("ws") ? SIPRING_TRANSPORT_WS : SIPRING_TRANSPORT_UNKNOWN;
	case 3:
		if (IS("udp"))
			return SIPRING_TRANSPORT_UDP;
		if (IS("tcp"))
			return SIPRING_TRANSPORT_TCP;
		if (IS("tls"))
			return SIPRING_TRANSPORT_TLS;
		return IS("wss") ? SIPRING_TRANSPORT_WSS : SIPRING_TRANSPORT_UNKNOWN;
	case 4:
		return IS("sctp") ? SIPRING_TRANSPORT_SCTP : SIPRING_TRANSPORT_UNKNOWN;
	case 8:
		return IS("tls-sctp") ? SIPRING_TRANSPORT_TLS_SCTP : SIPRING_TRANSPORT_UNKNOWN;
	default:
		return SIPRING_TRANSPORT_UNKNOWN;
	}
}

enum sipring_transport sipring_transport_find(struct sipring_span via_token)
{
	return find(via_token);
}

enum sipring_transport sipring_transport_find_param(struct sipring_span value)
{
	return find(value);
}
