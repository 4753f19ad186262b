/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The look-up of a header's name, inline because it is made for every header of every message. The
 * tables are in header.c; SIPRING_HEADER_LIST is where the names stand.
 */
#pragma once

#include <sipring/sip.h>

#include "base/name.h"

#define SIPRING_HEADER_SLOTS 512u
#define SIPRING_HEADER_SHIFT (64 - 9)
#define SIPRING_HEADER_FACTOR 0x4e0b741ce51b8d23u /* one of which no two names fall together */

/* Half a cache line each, so that a look-up touches one and follows no pointer. */
struct sipring_header_row {
	char name[30]; /* NULs behind it */
	uint8_t size;
	uint8_t id;
};

/* Behind the rows of the names those of the compact forms, by their letter. */
#define SIPRING_HEADER_COMPACT_ROW(letter) (SIPRING_HEADER_COUNT + (letter) - 'a')

struct sipring_header_table {
	struct sipring_header_row rows[SIPRING_HEADER_COMPACT_ROW('z') + 1];
	uint16_t rows_at[SIPRING_HEADER_SLOTS]; /* in bytes, so that nothing is multiplied */
} __attribute__((aligned(64)));

_Static_assert(SIPRING_NAME_ENDLESS > sizeof(((struct sipring_header_row *)0)->name),
	"no name has the size of one without an end");

extern const struct sipring_header_table sipring_header_table;

/* No two names have the same first sixteen characters. */
static inline unsigned sipring_header_slot(const struct sipring_name *name)
{
	return (unsigned)((name->words[0] + name->words[1] * 2) * SIPRING_HEADER_FACTOR >>
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
	const struct sipring_header_table *table = &sipring_header_table;
	const void *at = (const char *)table + table->rows_at[sipring_header_slot(name)];
	const struct sipring_header_row *row = at;

	return row->size == name->size && sipring_name_is(name, row->name) ? row : NULL;
}
