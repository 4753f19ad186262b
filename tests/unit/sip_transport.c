/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport table: its rows as the RFCs have them, and the ways into it.
 */
#include "sip_edge.h"

Test(sip_transport, rows)
{
	static const struct {
		const char *token, *value, *srv, *naptr;
		unsigned port;
		bool reliable, secure;
	} rows[] = {
		{"UDP", "udp", "_sip._udp", "SIP+D2U", 5060, false, false},
		{"TCP", "tcp", "_sip._tcp", "SIP+D2T", 5060, true, false},
		{"TLS", "tls", "_sips._tcp", "SIPS+D2T", 5061, true, true},
		{"SCTP", "sctp", "_sip._sctp", "SIP+D2S", 5060, true, false},
		{"TLS-SCTP", "tls-sctp", "_sips._sctp", "SIPS+D2S", 5061, true, true},
		{"WS", "ws", "_sip._ws", "SIP+D2W", 80, true, false},
		{"WSS", "wss", "_sips._ws", "SIPS+D2W", 443, true, true},
	};

	cr_assert_eq(sizeof rows / sizeof *rows, SIPRING_TRANSPORT_COUNT - 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum sipring_transport transport = sipring_transport_find(edge_span(rows[i].token));
		const struct sipring_transport_info *info = sipring_transport_info(transport);

		cr_assert_eq(transport, i + 1);
		cr_assert_eq(sipring_transport_find_param(edge_span(rows[i].value)), transport);
		cr_assert_eq(sipring_transport_find(edge_span(rows[i].value)), transport);
		cr_assert_str_eq(info->via_token, rows[i].token);
		cr_assert_str_eq(info->uri_value, rows[i].value);
		cr_assert_str_eq(info->srv_label, rows[i].srv);
		cr_assert_str_eq(info->naptr_service, rows[i].naptr);
		cr_assert_eq(info->default_port, rows[i].port);
		cr_assert_eq(info->reliable, rows[i].reliable);
		cr_assert_eq(info->secure, rows[i].secure);
		if (info->over_tls != SIPRING_TRANSPORT_UNKNOWN)
			cr_assert(sipring_transport_info(info->over_tls)->secure);
	}
	cr_assert_eq(sipring_transport_find(span_of("DCCP")), SIPRING_TRANSPORT_UNKNOWN);
	cr_assert_eq(sipring_transport_find(span_of("")), SIPRING_TRANSPORT_UNKNOWN);
	cr_assert_eq(sipring_transport_info(SIPRING_TRANSPORT_UNKNOWN)->default_port, 0);
}
