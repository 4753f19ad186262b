/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One via-parm (RFC 3261 20.42 and 25.1, RFC 3581): sent-protocol, sent-by and parameters, as spans
 * of the caller's bytes. White space, folding too, may stand around every separator. A result is
 * whole or not at all: after a refusal *via means nothing.
 */
#include <sipring/sip.h>

#include "sip/host.h"
#include "sip/text.h"

#include <assert.h>

#define TTL_MAX 255u

/* Takes one '/' and the white space around it. */
static const char *skip_slash(const char *at, const char *end)
{
	at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);
	if (at == end || *at != '/')
		return NULL;
	return sipring_text_skip(at + 1, end, SIPRING_TEXT_LWS);
}

/* "SIP" SLASH "2.0" SLASH, the way nobody writes it. Returns the place after it, or NULL. */
static const char *skip_protocol_slowly(const char *at, const char *end)
{
	const char *begin = at;

	at = sipring_text_skip(at, end, SIPRING_TEXT_TOKEN);
	if (!sipring_text_is_name(sipring_text_span(begin, at), "sip", 3))
		return NULL;
	at = skip_slash(at, end);
	if (!at)
		return NULL;
	begin = at;
	at = sipring_text_skip(at, end, SIPRING_TEXT_TOKEN);
	if (!sipring_text_is_name(sipring_text_span(begin, at), "2.0", 3))
		return NULL;
	return skip_slash(at, end);
}

/* A transport and the white space behind it. Returns the place after them, or NULL. */
static const char *read_transport(struct sipring_via *via, const char *begin, const char *end)
{
	const char *at = memchr(begin, ' ', (size_t)(end - begin));

	via->transport_token = sipring_text_span(begin, at ? at : begin);
	via->transport = (uint8_t)sipring_transport_find(via->transport_token);
	if (via->transport != SIPRING_TRANSPORT_UNKNOWN)
		return sipring_text_skip_space(at + 1, end);
	at = sipring_text_skip(begin, end, SIPRING_TEXT_TOKEN);
	via->transport_token = sipring_text_span(begin, at);
	via->transport = (uint8_t)sipring_transport_find(via->transport_token);
	if (at == end || !sipring_text_is(*at, SIPRING_TEXT_LWS)) /* begin has none */
		return NULL;
	return sipring_text_skip(at, end, SIPRING_TEXT_LWS);
}

/* The sent-protocol and the white space behind it. Returns the place after them, or NULL. */
static inline const char *read_protocol(struct sipring_via *via, const char *at, const char *end)
{
	static const char usual[] = "SIP/2.0/SCTP ";

	if (end - at >= (ptrdiff_t)sizeof usual && !memcmp(at, usual, sizeof usual - 1)) {
		via->transport = SIPRING_TRANSPORT_SCTP;
		via->transport_token = (struct sipring_span){at + 8, 4};
		return sipring_text_skip_space(at + sizeof usual - 1, end);
	}
	if (end - at > 8 && !memcmp(at, usual, 8))
		at = sipring_text_skip_space(at + 8, end);
	else
		at = skip_protocol_slowly(at, end);
	return at ? read_transport(via, at, end) : NULL;
}

static void keep_first(struct sipring_span *kept, struct sipring_span value)
{
	if (!kept->data)
		*kept = value;
}

/* Keeps a parameter that has a member, the first of each. False if its value cannot be. */
static bool keep(struct sipring_via *via, struct sipring_span name, struct sipring_span value)
{
	const char *at = value.data;
	const char *end = sipring_text_end(value);
	uint32_t number;

	switch (name.size) {
	case 3:
		if (!sipring_text_is_name(name, "ttl", 3))
			return true;
		if (!at || !sipring_text_number(&at, end, TTL_MAX, &number) || at != end)
			return false;
		if (via->ttl < 0)
			via->ttl = (int16_t)number;
		return true;
	case 5:
		if (sipring_text_is_name(name, "maddr", 5)) {
			keep_first(&via->maddr, value);
			return value.size > 0;
		}
		if (!sipring_text_is_name(name, "rport", 5))
			return true;
		number = 0;
		if (at && (!sipring_text_number(&at, end, SIPRING_PORT_MAX, &number) || at != end))
			return false;
		if (!via->has_rport)
			via->rport = (uint16_t)number;
		via->has_rport = true;
		return true;
	case 6:
		if (!sipring_text_is_name(name, "branch", 6))
			return true;
		keep_first(&via->branch, value);
		return value.size > 0;
	case 8:
		if (!sipring_text_is_name(name, "received", 8))
			return true;
		keep_first(&via->received, value);
		return value.size > 0;
	default:
		return true;
	}
}

int sipring_via_parse(struct sipring_via *via, struct sipring_span value)
{
	const char *end = sipring_text_end(value);
	struct sipring_span name, param;
	struct sipring_seek seek;
	struct sipring_stop stop;
	const char *begin, *host;

	assert(via);
	if (!value.size)
		return SIPRING_PARSE_BAD_VIA;
	memset(via, 0, sizeof *via);
	via->ttl = -1;
	begin = sipring_text_skip_space(value.data, end);
	host = read_protocol(via, begin, end);
	if (!host)
		return SIPRING_PARSE_BAD_VIA;
	sipring_seek_begin(&seek, host, end, 0);
	stop = sipring_host_read(&via->host, &via->port, host, &seek, SIPRING_TEXT_LWS);
	if (!stop.at || (*via->host.data == '[' && !sipring_host_kind_of(via->host)))
		return SIPRING_PARSE_BAD_VIA;
	via->text = sipring_text_span(begin, stop.at);
	stop = sipring_text_pass_space(&seek, stop);
	if (stop.c == ';')
		via->params.data = stop.at + 1;
	while (stop.c == ';') {
		sipring_seek_pass(&seek);
		stop = sipring_text_parameter(&seek, stop.at + 1, SIPRING_TEXT_TOKEN, &name,
			&param);
		if (!stop.at || !keep(via, name, param))
			return SIPRING_PARSE_BAD_VIA;
		begin = param.data ? param.data + param.size : name.data + name.size;
		via->text.size = (size_t)(begin - via->text.data);
	}
	if (via->params.data)
		via->params.size = (size_t)(via->text.data + via->text.size - via->params.data);
	if (stop.at == end)
		return 0;
	if (stop.c != ',')
		return SIPRING_PARSE_BAD_VIA;
	via->rest = sipring_text_span(stop.at + 1, end);
	return 0;
}
