/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One name-addr or addr-spec with its header parameters (RFC 3261 20.10 and 25.1): From, To,
 * Contact, Route and all headers of their form. The URI is cut out, not taken apart; it must look
 * like one (a scheme and a colon), since without brackets nothing else tells it from garbage. After
 * a refusal *name_addr means nothing.
 */
#include <sipring/sip.h>

#include "sip/text.h"

#include <assert.h>

/* Has the text from begin to end, where *seek stands, a scheme and a colon? */
static inline bool has_scheme(struct sipring_seek *seek, const char *begin, const char *end)
{
	struct sipring_stop colon;

	if (sipring_text_is_sip(sipring_text_span(begin, end)))
		return true;
	colon = sipring_text_run(seek, SIPRING_TEXT_TOKEN);
	return colon.c == ':' && colon.at + 1 < end && sipring_text_is(*begin, SIPRING_TEXT_ALPHA);
}

/* "*" is how a Contact says all (RFC 3261 10.2.2). */
static inline bool is_uri(struct sipring_seek *seek, const char *begin, const char *end)
{
	return has_scheme(seek, begin, end) || (end - begin == 1 && *begin == '*');
}

/* "<" addr-spec ">"; *seek stands at '<', and '>' is its mark. The place after it, or NULL. */
static inline const char *read_bracketed(struct sipring_name_addr *name_addr,
	struct sipring_seek *seek, const char *at)
{
	const char *close = sipring_seek_mark(seek, at);

	sipring_seek_pass(seek);
	if (!close || !is_uri(seek, at + 1, close))
		return NULL;
	name_addr->uri = sipring_text_span(at + 1, close);
	sipring_seek_to(seek, close + 1);
	return close + 1;
}

/*
 * What does not begin with '"': words and a bracket, or a bare addr-spec, which ends before the
 * first ';', ',' or white space (RFC 3261 20: brackets are needed where a URI has more).
 */
static __attribute__((noinline)) const char *read_unquoted(struct sipring_name_addr *name_addr,
	const char *begin, const char *end)
{
	const char *stop = begin;
	struct sipring_seek seek;

	while (stop < end && *stop != '<' && *stop != ';' && *stop != ',' && *stop != '"')
		stop++;
	if (stop < end && *stop == '"')
		return NULL;
	sipring_seek_begin(&seek, stop < end && *stop == '<' ? stop : begin, end, '>');
	if (stop < end && *stop == '<') {
		name_addr->display = sipring_text_trim(sipring_text_span(begin, stop));
		return read_bracketed(name_addr, &seek, stop);
	}
	name_addr->uri = sipring_text_trim(sipring_text_span(begin, stop));
	end = sipring_text_end(name_addr->uri);
	for (const char *at = begin; at < end; at++)
		if (sipring_text_is(*at, SIPRING_TEXT_LWS))
			return NULL;
	return is_uri(&seek, begin, end) ? end : NULL;
}

/* *seek stands at at. Returns the place behind the address, or NULL. */
static inline const char *read_address(struct sipring_name_addr *name_addr,
	struct sipring_seek *seek, const char *at)
{
	const char *begin = at;
	const char *end = seek->end;

	if (at == end)
		return NULL;
	if (*at == '"') {
		at = sipring_text_pass_quoted(seek).at;
		if (!at)
			return NULL;
		name_addr->display = sipring_text_span(begin, at);
		at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);
		sipring_seek_to(seek, at);
		return at < end && *at == '<' ? read_bracketed(name_addr, seek, at) : NULL;
	}
	if (*at == '<')
		return read_bracketed(name_addr, seek, at);
	at = read_unquoted(name_addr, at, end);
	if (at)
		sipring_seek_to(seek, at);
	return at;
}

int sipring_name_addr_parse(struct sipring_name_addr *name_addr, struct sipring_span value)
{
	const char *end = sipring_text_end(value);
	struct sipring_span name, param;
	struct sipring_seek seek;
	struct sipring_stop stop;
	const char *begin;

	assert(name_addr);
	if (!value.size)
		return SIPRING_PARSE_BAD_NAME_ADDR;
	memset(name_addr, 0, sizeof *name_addr);
	begin = sipring_text_skip_space(value.data, end);
	sipring_seek_begin(&seek, begin, end, '>');
	stop.at = read_address(name_addr, &seek, begin);
	if (!stop.at)
		return SIPRING_PARSE_BAD_NAME_ADDR;
	name_addr->text = sipring_text_span(begin, stop.at);
	stop.c = stop.at < end ? *stop.at : 0;
	stop = sipring_text_pass_space(&seek, stop);
	if (stop.c == ';')
		name_addr->params.data = stop.at + 1;
	while (stop.c == ';') {
		sipring_seek_pass(&seek);
		stop = sipring_text_parameter(&seek, stop.at + 1, SIPRING_TEXT_TOKEN, &name,
			&param);
		if (!stop.at)
			return SIPRING_PARSE_BAD_NAME_ADDR;
		if (!name_addr->tag.data && sipring_text_is_name(name, "tag", 3) && param.size)
			name_addr->tag = param;
		begin = param.data ? param.data + param.size : name.data + name.size;
		name_addr->text.size = (size_t)(begin - name_addr->text.data);
	}
	if (name_addr->params.data)
		name_addr->params.size = (size_t)(name_addr->text.data + name_addr->text.size -
			name_addr->params.data);
	if (stop.at == end)
		return 0;
	if (stop.c != ',')
		return SIPRING_PARSE_BAD_NAME_ADDR;
	name_addr->rest = sipring_text_span(stop.at + 1, end);
	return 0;
}
