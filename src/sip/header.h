/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The look-up of a header's name, inline because it is made for every header of every message. The
 * tables are in header.c; SIPRING_HEADER_LIST is where the names stand.
 */
#pragma once

#include <sipring/sip.h>

#include "base/name.h"

#define SIPRING_HEADER_SLOTS 1024u
#define SIPRING_HEADER_SHIFT (64 - 10)
#define SIPRING_HEADER_FACTOR 0xdebce607d862ff17u /* one of which no two names fall together */

/* Half a cache line each, so that a look-up touches one and follows no pointer. */
struct sipring_header_row {
	char name[30]; /* NULs behind it */
	uint8_t size;
	uint8_t id;
};

extern const struct sipring_header_row sipring_header_rows[];
extern const uint8_t sipring_header_slots[SIPRING_HEADER_SLOTS];

static inline unsigned sipring_header_slot(const struct sipring_name *name)
{
	return (unsigned)(((name->words[0] ^ name->words[1] * 3) + name->size) *
			SIPRING_HEADER_FACTOR >>
		SIPRING_HEADER_SHIFT);
}

/*
 * The row of a name, compact forms too, by its first sixteen characters and its size: that of a
 * longer one is still to be held against the rest, and a CR passes for a '-'. NULL: the name has no
 * number.
 */
static inline const struct sipring_header_row *sipring_header_look_up(
	const struct sipring_name *name)
{
	const struct sipring_header_row *row =
		&sipring_header_rows[sipring_header_slots[sipring_header_slot(name)]];

	return row->size == name->size && sipring_name_is(name, row->name) ? row : NULL;
}
