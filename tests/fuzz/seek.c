/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the search for words' ends. Each body is held against the scalar one, which is the
 * definition, from every place of the text to an unmapped page; the steps from block to block are
 * held against a walk byte by byte. The first byte is the mark, the rest is the text.
 */
#include "base/seek.h"
#include "fuzz.h"

#include <string.h>

#define TEXT_MAX 512u

static void check_bodies(const char *text, size_t size, char mark)
{
	const struct sipring_seek_body *scalar = sipring_seek_bodies;

	while (strcmp(scalar->name, "scalar"))
		scalar++;
	for (size_t at = 0; at <= size; at++) {
		struct sipring_seek_masks wanted = scalar->masks(text + at, size - at, mark);

		for (const struct sipring_seek_body *body = sipring_seek_bodies; body->name;
			body++) {
			struct sipring_seek_masks got;

			if (!body->is_supported())
				continue;
			got = body->masks(text + at, size - at, mark);
			FUZZ_CHECK(got.breaks == wanted.breaks && got.marks == wanted.marks);
		}
	}
}

static bool is_word(char c)
{
	return c && strchr("0123456789-.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c);
}

static const char *break_from(const char *at, const char *end)
{
	while (at < end && is_word(*at))
		at++;
	return at;
}

/* From break to break, and by jumps of every size. */
static void check_steps(const char *text, size_t size, char mark)
{
	const char *end = text + size;
	struct sipring_seek seek;

	for (size_t jump = 0; jump <= size; jump++) {
		const char *at = text;

		sipring_seek_begin(&seek, text, end, mark);
		while (at < end) {
			struct sipring_stop stop;

			FUZZ_CHECK(sipring_seek_mark(&seek, at) ==
				memchr(at, mark, (size_t)(end - at)));
			stop = sipring_seek_stop(&seek);
			FUZZ_CHECK(stop.at == break_from(at, end));
			FUZZ_CHECK(stop.c == (stop.at < end ? *stop.at : 0));
			sipring_seek_pass(&seek);
			at = stop.at + (stop.at < end);
			if (jump && (size_t)(end - at) > jump)
				at += jump;
			sipring_seek_to(&seek, at);
		}
		FUZZ_CHECK(sipring_seek_stop(&seek).at == end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size || size > TEXT_MAX)
		return 0;
	text = fuzz_edge(size - 1);
	memcpy(text, data + 1, size - 1);
	check_bodies(text, size - 1, (char)*data);
	check_steps(text, size - 1, (char)*data);
	return 0;
}
