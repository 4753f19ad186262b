/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The search for words' ends: what a word is made of, that every body makes the same masks at every
 * length and where the input ends at an unmapped page, and the steps from block to block.
 */
#include "base/seek.h"

#include "random.h"
#include "sip_edge.h"

static const struct sipring_seek_body *scalar(void)
{
	const struct sipring_seek_body *body = sipring_seek_bodies;

	while (strcmp(body->name, "scalar"))
		body++;
	return body;
}

static void compare_bodies(const char *text, size_t size, char mark)
{
	struct sipring_seek_masks wanted = scalar()->masks(text, size, mark);

	for (const struct sipring_seek_body *body = sipring_seek_bodies; body->name; body++) {
		struct sipring_seek_masks got;

		if (!body->is_supported())
			continue;
		got = body->masks(text, size, mark);
		cr_assert_eq(got.breaks, wanted.breaks, "%s, %zu bytes", body->name, size);
		cr_assert_eq(got.marks, wanted.marks, "%s, %zu bytes", body->name, size);
	}
}

Test(seek, words)
{
	for (int c = 0; c < 256; c++) {
		char text = (char)c;
		struct sipring_seek_masks masks = scalar()->masks(&text, 1, '@');
		bool is_word = c &&
			strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			       "0123456789-.",
				c);

		cr_assert_eq(masks.breaks, is_word ? 0 : 1, "%d", c);
		cr_assert_eq(masks.marks, c == '@' ? 1 : 0, "%d", c);
	}
}

Test(seek, bodies_agree)
{
	uint64_t state = 20261124;
	char text[200];

	for (int round = 0; round < 20000; round++) {
		size_t size = random_below(&state, sizeof text);

		for (size_t i = 0; i < size; i++)
			text[i] = random_below(&state, 4) ? 'n' : (char)random_below(&state, 256);
		compare_bodies(edge_copy(text, size), size, (char)random_below(&state, 256));
	}
}

Test(seek, steps_over_blocks)
{
	char text[300];

	memset(text, 'w', sizeof text);
	for (size_t at = 0; at <= sizeof text; at++) {
		const char *found = at < sizeof text ? text + at : NULL;
		struct sipring_seek seek;
		struct sipring_stop stop;

		if (found)
			text[at] = '@';
		for (size_t from = 0; from <= at; from += 1 + at / 7) {
			sipring_seek_begin(&seek, text, text + sizeof text, '@');
			sipring_seek_to(&seek, text + from);
			if (from < sizeof text)
				cr_assert_eq(sipring_seek_mark(&seek, text + from), found);
			stop = sipring_seek_stop(&seek);
			cr_assert_eq(stop.at, text + at);
			cr_assert_eq(stop.c, found ? '@' : 0);
		}
		sipring_seek_pass(&seek);
		stop = sipring_seek_stop(&seek);
		cr_assert_eq(stop.at, text + sizeof text, "and no further");
		cr_assert_eq(stop.c, 0);
		if (found)
			text[at] = 'w';
	}
}
