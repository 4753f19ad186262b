/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Header names: each of the list in every case, each compact form, and near misses. A name that the
 * hash does not know is reported with the slot that it needs.
 */
#include "sip/header.h"

#include "random.h"
#include "sip_edge.h"

#include <ctype.h>
#include <stdio.h>

struct row {
	enum sipring_header_id id;
	const char *name;
	char compact;
};

#define ROW(id, name, compact) {SIPRING_HEADER_##id, name, compact},
static const struct row rows[] = {SIPRING_HEADER_LIST(ROW)};
#define N_ROWS (sizeof rows / sizeof *rows)

static void respell(char *out, const char *name, int (*spell)(int))
{
	while (*name)
		*out++ = (char)spell((unsigned char)*name++);
	*out = 0;
}

static unsigned slot_of(const char *text)
{
	struct sipring_name name = sipring_name_of(text, strlen(text));

	return sipring_header_slot(&name);
}

Test(sip_header, every_name_in_every_case)
{
	char text[64];

	cr_assert_eq(N_ROWS, SIPRING_HEADER_COUNT - 1);
	for (size_t i = 0; i < N_ROWS; i++) {
		cr_assert_eq(sipring_header_find(edge_span(rows[i].name)), rows[i].id,
			"%s needs slot %u", rows[i].name, slot_of(rows[i].name));
		respell(text, rows[i].name, tolower);
		cr_assert_eq(sipring_header_find(edge_span(text)), rows[i].id, "%s", text);
		respell(text, rows[i].name, toupper);
		cr_assert_eq(sipring_header_find(edge_span(text)), rows[i].id, "%s", text);
		cr_assert_str_eq(sipring_header_name(rows[i].id), rows[i].name);
		cr_assert_eq(sipring_header_compact(rows[i].id), rows[i].compact);
	}
}

Test(sip_header, every_compact_form)
{
	unsigned n_compact = 0;

	for (int c = 0; c < 256; c++) {
		char text[2] = {(char)c, 0};
		enum sipring_header_id wanted = SIPRING_HEADER_OTHER;

		for (size_t i = 0; i < N_ROWS; i++)
			if (rows[i].compact && isalpha(c) && tolower(c) == rows[i].compact)
				wanted = rows[i].id;
		n_compact += wanted != SIPRING_HEADER_OTHER;
		cr_assert_eq(sipring_header_find((struct sipring_span){text, 1}), wanted, "%d", c);
	}
	cr_assert_eq(n_compact, 2 * 20);
}

/* What the look-up of a line's name says must not rest on the hash: names made to fall together. */
Test(sip_header, names_of_one_slot)
{
	unsigned n_tried = 0;
	uint64_t state = 4;
	char text[64];

	for (size_t i = 0; i < N_ROWS; i++) {
		size_t size = strlen(rows[i].name);

		for (int tries = 0; tries < 4000; tries++) {
			for (size_t at = 0; at < size; at++)
				text[at] = (char)('a' + random_below(&state, 26));
			text[size] = 0;
			if (slot_of(text) != slot_of(rows[i].name) ||
				!strcasecmp(text, rows[i].name))
				continue;
			n_tried++;
			struct sipring_name name = sipring_name_of(text, size);

			cr_assert_null(sipring_header_look_up(&name), "%s for %s", text,
				rows[i].name);
		}
	}
	cr_assert_gt(n_tried, 100);
}

/* The name before a colon, as the one whose size is known, and no further than sixteen bytes. */
Test(sip_header, names_before_a_colon)
{
	char text[SIPRING_NAME_SIZE + 1] = "Abcd-Efgh-Ijkl-M";

	for (size_t size = 0; size <= SIPRING_NAME_SIZE; size++) {
		char line[SIPRING_NAME_SIZE];
		struct sipring_name read, known = sipring_name_of(text, size);

		memcpy(line, text, sizeof line);
		if (size < sizeof line)
			line[size] = ':';
		read = sipring_name_read(edge_copy(line, sizeof line));
		cr_assert_eq(read.size, size < sizeof line ? size : SIPRING_NAME_ENDLESS);
		cr_assert_eq(read.words[0], known.words[0], "%zu", size);
		cr_assert_eq(read.words[1], known.words[1], "%zu", size);
	}
}

/* One bit wrong, one byte more, one byte less: no other name may pass for a known one. */
Test(sip_header, near_misses)
{
	char text[64];

	for (size_t i = 0; i < N_ROWS; i++) {
		size_t size = strlen(rows[i].name);

		for (size_t at = 0; at < size; at++)
			for (int bit = 0; bit < 8; bit++) {
				memcpy(text, rows[i].name, size + 1);
				text[at] ^= (char)(1 << bit);
				if (!strcasecmp(text, rows[i].name))
					continue;
				cr_assert_neq(sipring_header_find(edge_span(text)), rows[i].id,
					"%s bit %d of %zu", rows[i].name, bit, at);
			}
		snprintf(text, sizeof text, "%sx", rows[i].name);
		cr_assert_neq(sipring_header_find(edge_span(text)), rows[i].id);
		text[size - 1] = 0; /* "T" is "To" again */
		cr_assert(size == 2 || sipring_header_find(edge_span(text)) != rows[i].id);
	}
	memset(text, ' ', sizeof text);
	for (size_t size = 0; size <= sizeof text; size++)
		cr_assert_eq(sipring_header_find((struct sipring_span){text, size}),
			SIPRING_HEADER_OTHER);
	cr_assert_eq(sipring_header_find(span_of("")), SIPRING_HEADER_OTHER);
	cr_assert_eq(sipring_header_find((struct sipring_span){NULL, 0}), SIPRING_HEADER_OTHER);
	cr_assert_str_empty(sipring_header_name(SIPRING_HEADER_OTHER));
}
