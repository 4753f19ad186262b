/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parser's own look at a message: which values are cached in it, and headers without a call.
 * Only src/sip reads or writes these members.
 */
#pragma once

#include <sipring/sip.h>

/* Bits of struct sipring_message::cached and ::usable. */
enum sipring_view_value {
	SIPRING_VIEW_VIA = 1,
	SIPRING_VIEW_FROM = 2,
	SIPRING_VIEW_TO = 4,
	SIPRING_VIEW_CONTACT = 8,
	SIPRING_VIEW_ROUTE = 16,
};

static inline const struct sipring_header *sipring_view_header(
	const struct sipring_message *message, enum sipring_header_id id)
{
	return message->first[id] ? &message->headers[message->first[id] - 1] : NULL;
}

/* The next header from this one on with an id that is not OTHER. */
static inline const struct sipring_header *sipring_view_next(const struct sipring_message *message,
	const struct sipring_header *from, enum sipring_header_id id)
{
	const struct sipring_header *end = message->headers + message->n_headers;

	while (from < end && from->id != id)
		from++;
	return from < end ? from : NULL;
}
