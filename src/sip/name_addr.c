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

/* Has [at, end) a scheme and a colon? "*" is how a Contact says all (RFC 3261 10.2.2). */
static bool is_uri(struct sipring_seek *seek, const char *at, const char *end)
{
	const char *colon = sipring_text_run(seek, at, SIPRING_TEXT_TOKEN);

	if (colon + 1 < end && *colon == ':')
		return sipring_text_is(*at, SIPRING_TEXT_ALPHA);
	return end - at == 1 && *at == '*';
}

/* "<" addr-spec ">" at at; '>' is the mark of *seek. Returns the place after it, or NULL. */
static const char *read_bracketed(struct sipring_name_addr *name_addr, struct sipring_seek *seek,
	const char *at)
{
	const char *close = sipring_seek_mark(seek, at);

	if (close == seek->end || !is_uri(seek, at + 1, close))
		return NULL;
	name_addr->uri = sipring_text_span(at + 1, close);
	return close + 1;
}

/*
 * What does not begin with '"': words and a bracket, or a bare addr-spec, which ends before the
 * first ';', ',' or white space (RFC 3261 20: brackets are needed where a URI has more).
 */
static const char *read_unquoted(struct sipring_name_addr *name_addr, struct sipring_seek *seek,
	const char *at)
{
	const char *begin = at;
	const char *end = seek->end;
	const char *stop = sipring_seek_break(seek, at);

	while (stop < end && *stop != '<' && *stop != ';' && *stop != ',' && *stop != '"')
		stop = sipring_seek_break(seek, stop + 1);
	if (stop < end && *stop == '"')
		return NULL;
	if (stop < end && *stop == '<') {
		if (stop > begin)
			name_addr->display = sipring_text_trim(sipring_text_span(begin, stop));
		return read_bracketed(name_addr, seek, stop);
	}
	name_addr->uri = sipring_text_trim(sipring_text_span(begin, stop));
	end = sipring_text_end(name_addr->uri);
	for (at = begin; at < end; at++)
		if (sipring_text_is(*at, SIPRING_TEXT_LWS))
			return NULL;
	return is_uri(seek, begin, end) ? end : NULL;
}

static const char *read_address(struct sipring_name_addr *name_addr, struct sipring_seek *seek,
	const char *at)
{
	const char *begin = at;
	const char *end = seek->end;

	if (at == end)
		return NULL;
	if (*at == '<')
		return read_bracketed(name_addr, seek, at);
	if (*at != '"')
		return read_unquoted(name_addr, seek, at);
	at = sipring_text_skip_quoted(at, end);
	if (!at)
		return NULL;
	name_addr->display = sipring_text_span(begin, at);
	at = sipring_text_skip(at, end, SIPRING_TEXT_LWS);
	return at < end && *at == '<' ? read_bracketed(name_addr, seek, at) : NULL;
}

int sipring_name_addr_parse(struct sipring_name_addr *name_addr, struct sipring_span value)
{
	const char *end = sipring_text_end(value);
	struct sipring_span name, param;
	struct sipring_seek seek;
	const char *begin, *at;

	assert(name_addr);
	if (!value.size)
		return SIPRING_PARSE_BAD_NAME_ADDR;
	memset(name_addr, 0, sizeof *name_addr);
	begin = sipring_text_skip_space(value.data, end);
	sipring_seek_begin(&seek, begin, end, '>');
	at = read_address(name_addr, &seek, begin);
	if (!at)
		return SIPRING_PARSE_BAD_NAME_ADDR;
	name_addr->text = sipring_text_span(begin, at);
	at = sipring_text_skip_space(at, end);
	if (at < end && *at == ';')
		name_addr->params.data = at + 1;
	while (at < end && *at == ';') {
		at++;
		if (!sipring_text_parameter(&at, &seek, SIPRING_TEXT_TOKEN, &name, &param))
			return SIPRING_PARSE_BAD_NAME_ADDR;
		if (!name_addr->tag.data && sipring_text_is_name(name, "tag", 3) && param.size)
			name_addr->tag = param;
		begin = param.data ? param.data + param.size : name.data + name.size;
		name_addr->text.size = (size_t)(begin - name_addr->text.data);
	}
	if (name_addr->params.data)
		name_addr->params.size = (size_t)(name_addr->text.data + name_addr->text.size -
			name_addr->params.data);
	if (at == end)
		return 0;
	if (*at != ',')
		return SIPRING_PARSE_BAD_NAME_ADDR;
	name_addr->rest = sipring_text_span(at + 1, end);
	return 0;
}
