/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Method names and their numbers. One const table of static strings; a name is looked up by its
 * size and compared once or twice. Method names are case-sensitive (RFC 3261 7.1).
 */
#include <sipring/sip.h>

#include <assert.h>
#include <string.h>

#define NAME_MAX_SIZE 9

static const char names[SIPRING_METHOD_COUNT][NAME_MAX_SIZE + 1] = {
	[SIPRING_METHOD_OTHER] = "",
	[SIPRING_METHOD_INVITE] = "INVITE",
	[SIPRING_METHOD_ACK] = "ACK",
	[SIPRING_METHOD_BYE] = "BYE",
	[SIPRING_METHOD_CANCEL] = "CANCEL",
	[SIPRING_METHOD_OPTIONS] = "OPTIONS",
	[SIPRING_METHOD_REGISTER] = "REGISTER",
	[SIPRING_METHOD_PRACK] = "PRACK",
	[SIPRING_METHOD_SUBSCRIBE] = "SUBSCRIBE",
	[SIPRING_METHOD_NOTIFY] = "NOTIFY",
	[SIPRING_METHOD_PUBLISH] = "PUBLISH",
	[SIPRING_METHOD_INFO] = "INFO",
	[SIPRING_METHOD_REFER] = "REFER",
	[SIPRING_METHOD_MESSAGE] = "MESSAGE",
	[SIPRING_METHOD_UPDATE] = "UPDATE",
};

static enum sipring_method pick(struct sipring_span name, enum sipring_method method)
{
	if (method && !memcmp(names[method], name.data, name.size) && !names[method][name.size])
		return method;
	return SIPRING_METHOD_OTHER;
}

/* Names of one size differ in their first or second letter. */
enum sipring_method sipring_method_find(struct sipring_span name)
{
	if (name.size < 3 || name.size > NAME_MAX_SIZE)
		return SIPRING_METHOD_OTHER;
	switch (name.data[0]) {
	case 'I':
		return pick(name, name.size == 4 ? SIPRING_METHOD_INFO : SIPRING_METHOD_INVITE);
	case 'A':
		return pick(name, SIPRING_METHOD_ACK);
	case 'B':
		return pick(name, SIPRING_METHOD_BYE);
	case 'C':
		return pick(name, SIPRING_METHOD_CANCEL);
	case 'O':
		return pick(name, SIPRING_METHOD_OPTIONS);
	case 'R':
		return pick(name, name.size == 5 ? SIPRING_METHOD_REFER : SIPRING_METHOD_REGISTER);
	case 'P':
		return pick(name, name.size == 5 ? SIPRING_METHOD_PRACK : SIPRING_METHOD_PUBLISH);
	case 'S':
		return pick(name, SIPRING_METHOD_SUBSCRIBE);
	case 'N':
		return pick(name, SIPRING_METHOD_NOTIFY);
	case 'M':
		return pick(name, SIPRING_METHOD_MESSAGE);
	case 'U':
		return pick(name, SIPRING_METHOD_UPDATE);
	default:
		return SIPRING_METHOD_OTHER;
	}
}

const char *sipring_method_name(enum sipring_method method)
{
	assert(method < SIPRING_METHOD_COUNT);
	return method < SIPRING_METHOD_COUNT ? names[method] : "";
}
