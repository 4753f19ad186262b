/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The writer: what it appends, at every capacity, and which header lines may be handed to it.
 */
#include "sip/writer.h"

#include "sip_edge.h"

#include <errno.h>

static int write_all(char *out, size_t capacity)
{
	struct sipring_writer writer = {.out = out, .capacity = capacity};

	sipring_writer_text(&writer, "a");
	sipring_writer_span(&writer, (struct sipring_span){NULL, 0});
	sipring_writer_number(&writer, 0);
	sipring_writer_number(&writer, UINT64_MAX);
	sipring_writer_fill(&writer, '-', 3);
	sipring_writer_header(&writer, "N", span_of("v"));
	return sipring_writer_result(&writer);
}

Test(sip_writer, every_capacity)
{
	static const char wanted[] = "a018446744073709551615---N: v\r\n";
	char out[64];

	cr_assert_eq(write_all(out, sizeof out), sizeof wanted - 1);
	cr_assert_eq(memcmp(out, wanted, sizeof wanted - 1), 0);
	for (size_t capacity = 0; capacity < sizeof wanted - 1; capacity++) {
		memset(out, '!', sizeof out);
		cr_assert_eq(write_all(out, capacity), -ENOBUFS);
		for (size_t i = capacity; i < sizeof out; i++)
			cr_assert_eq(out[i], '!');
	}
}

Test(sip_writer, lines)
{
	static const char *const good[] = {"", "a: b\r\n", "a: b\r\n c\r\nd: \r\n",
		"a \t:\r\n\tb\r\n \r\n"};
	static const char *const bad[] = {"a", "a: b", "\r\n", "a: b\r\n\r\n", "a\rb\r\n",
		"a\nb\r\n", "a: b\r", "a: b\n", "ab\r\n", " a: b\r\n", ": b\r\n", "a b: c\r\n",
		"a: b\r\nc\r\n"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		cr_assert(sipring_writer_are_lines(edge_span(good[i])), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_not(sipring_writer_are_lines(edge_span(bad[i])), "%s", bad[i]);
	cr_assert(sipring_writer_are_lines((struct sipring_span){NULL, 0}));
	cr_assert_not(sipring_writer_are_lines((struct sipring_span){"a\0\r\n", 4}));
}
