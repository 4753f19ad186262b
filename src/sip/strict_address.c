/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that are addresses, Vias among them, and parameters by the letter of RFC 3261 25.1, where
 * their parsers take more. Pure; a value is walked once.
 */
#include "sip/strict_form.h"

#include "sip/host.h"
#include "sip/strict.h"
#include "sip/text.h"

/* token, quoted-string or host; of received also an IPv6address, which has no brackets. */
static bool is_parameter(struct sipring_span name, struct sipring_span value)
{
	const char *end = sipring_text_end(value);

	if (!value.data || *value.data == '"' ||
		sipring_text_skip(value.data, end, SIPRING_TEXT_TOKEN) == end)
		return true;
	if (*value.data == '[')
		return sipring_host_classify(value, NULL) == SIPRING_HOST_IPV6;
	if (!sipring_text_is_name(name, "received", 8))
		return false;
	for (const char *at = value.data; at < end; at++)
		if (*at != ':' && !sipring_text_is(*at, SIPRING_TEXT_HOST))
			return false;
	return true;
}

bool sipring_strict_are_parameters(struct sipring_span params)
{
	const char *at = params.data;
	const char *end = sipring_text_end(params);
	struct sipring_span name, value;
	struct sipring_stop stop;
	struct sipring_seek seek;

	if (!at)
		return true;
	sipring_seek_begin(&seek, at, end, 0);
	for (;;) {
		stop = sipring_text_parameter(&seek, at, SIPRING_TEXT_TOKEN, &name, &value);
		if (!stop.at || !is_parameter(name, value))
			return false;
		if (stop.c != ';')
			return stop.at == end;
		sipring_seek_pass(&seek);
		at = stop.at + 1;
	}
}

bool sipring_strict_is_number(struct sipring_span value, uint32_t max)
{
	const char *at = value.data;
	const char *end = sipring_text_end(value);
	uint32_t number;

	return sipring_text_number(&at, end, max, &number) && at == end;
}

/* A Contact's q and expires have grammars of their own. */
static bool are_contact_parameters(struct sipring_span params)
{
	struct sipring_span value;

	if (sipring_param_find(params, "expires", &value) &&
		!sipring_strict_is_number(value, UINT32_MAX))
		return false;
	if (!sipring_param_find(params, "q", &value))
		return true;
	if (!value.size || value.size > 5 || (*value.data != '0' && *value.data != '1') ||
		(value.size > 1 && value.data[1] != '.'))
		return false;
	for (size_t i = 2; i < value.size; i++)
		if (!sipring_text_is(value.data[i], SIPRING_TEXT_DIGIT) ||
			(*value.data == '1' && value.data[i] != '0'))
			return false;
	return true;
}

/* The branch may be one of RFC 2543, but one that begins with the magic cookie goes on. */
enum sipring_parse_result sipring_strict_vias(struct sipring_span value, const char **at)
{
	struct sipring_via via;

	do {
		*at = sipring_text_skip(value.data, sipring_text_end(value), SIPRING_TEXT_LWS);
		if (sipring_via_parse(&via, value) || !sipring_strict_are_parameters(via.params))
			return SIPRING_PARSE_BAD_VIA;
		*at = via.host.data;
		if (!sipring_strict_is_host(via.host))
			return SIPRING_PARSE_BAD_HOST;
		*at = via.branch.data;
		if (via.branch.size == 7 && !memcmp(via.branch.data, "z9hG4bK", 7))
			return SIPRING_PARSE_BAD_VIA;
		value = via.rest;
	} while (value.data);
	return SIPRING_PARSE_ACCEPTED;
}

/* quoted-string or words. */
static bool is_display(struct sipring_span display)
{
	const char *end = sipring_text_end(display);

	return !display.size || *display.data == '"' ||
		sipring_text_skip(display.data, end, SIPRING_TEXT_TOKEN | SIPRING_TEXT_LWS) == end;
}

/* Without brackets a URI has no comma, no question mark and no semicolon (RFC 3261 20). */
static bool is_in_brackets(const struct sipring_name_addr *address)
{
	return address->uri.data > address->text.data && address->uri.data[-1] == '<';
}

static enum sipring_parse_result check_address(const struct sipring_name_addr *address,
	enum strict_form form, const char **at)
{
	struct sipring_uri uri;

	if (!is_display(address->display) || !sipring_strict_are_parameters(address->params) ||
		(form == FORM_CONTACT && !are_contact_parameters(address->params)))
		return SIPRING_PARSE_BAD_NAME_ADDR;
	if (!is_in_brackets(address) &&
		(form == FORM_ROUTE || memchr(address->uri.data, '?', address->uri.size)))
		return SIPRING_PARSE_BAD_NAME_ADDR;
	*at = address->uri.data;
	return sipring_strict_uri(&uri, address->uri);
}

enum sipring_parse_result sipring_strict_addresses(struct sipring_span value, enum strict_form form,
	const char **at)
{
	struct sipring_name_addr address;
	enum sipring_parse_result result;

	if (form == FORM_CONTACT && value.size == 1 && *value.data == '*')
		return SIPRING_PARSE_ACCEPTED;
	do {
		*at = sipring_text_skip(value.data, sipring_text_end(value), SIPRING_TEXT_LWS);
		if (sipring_name_addr_parse(&address, value))
			return SIPRING_PARSE_BAD_NAME_ADDR;
		result = check_address(&address, form, at);
		if (result)
			return result;
		value = address.rest;
		*at = value.data;
		if (value.data && form == FORM_ADDRESS)
			return SIPRING_PARSE_BAD_NAME_ADDR;
	} while (value.data);
	return SIPRING_PARSE_ACCEPTED;
}
