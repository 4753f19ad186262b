/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Method names and their numbers. One const table of static strings; a name is looked up by its
 * size and first letter and compared once. Method names are case-sensitive (RFC 3261 7.1).
 */
#include <sipring/sip.h>

#include <assert.h>
#include <string.h>

static const char *const names[SIPRING_METHOD_COUNT] = {
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

/* With constant sizes a comparison is a load or two, not a call. */
#define PICK(method)                                                               \
	(!memcmp(name.data, #method, sizeof #method - 1) ? SIPRING_METHOD_##method \
							 : SIPRING_METHOD_OTHER)

enum sipring_method sipring_method_find(struct sipring_span name)
{
	switch (name.size) {
	case 3:
		return *name.data == 'A' ? PICK(ACK) : PICK(BYE);
	case 4:
		return PICK(INFO);
	case 5:
		return *name.data == 'P' ? PICK(PRACK) : PICK(REFER);
	case 6:
		switch (*name.data) {
		case 'I':
			return PICK(INVITE);
		case 'C':
			return PICK(CANCEL);
		case 'N':
			return PICK(NOTIFY);
		default:
			return PICK(UPDATE);
		}
	case 7:
		switch (*name.data) {
		case 'O':
			return PICK(OPTIONS);
		case 'P':
			return PICK(PUBLISH);
		default:
			return PICK(MESSAGE);
		}
	case 8:
		return PICK(REGISTER);
	case 9:
		return PICK(SUBSCRIBE);
	default:
		return SIPRING_METHOD_OTHER;
	}
}

const char *sipring_method_name(enum sipring_method method)
{
	assert(method < SIPRING_METHOD_COUNT);
	return method < SIPRING_METHOD_COUNT ? names[method] : "";
}
