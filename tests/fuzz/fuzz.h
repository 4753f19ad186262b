/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every fuzz target is made of: the entry that libFuzzer and the replay call, a check that
 * ends the program, and the choices that a target makes, drawn from its input. An input is text
 * and, after the first byte 0xff, the choices; without that byte they are drawn from a hash of the
 * text, so that plain messages are good seeds.
 */
#pragma once

#include <sipring/sip.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_DIVIDER 0xff

/* Runs one input. data may be exactly as long as its memory; it is not changed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                      \
	do {                                                       \
		if (!(condition))                                  \
			fuzz_fail(#condition, __FILE__, __LINE__); \
	} while (0)

/* Says which check failed and aborts. */
void fuzz_fail(const char *condition, const char *file, int line) __attribute__((noreturn));

struct fuzz_input {
	struct sipring_span text;
	const uint8_t *choices, *end; /* what was given; NULL: drawn from the state */
	uint64_t state;
};

/* Divides an input; text keeps its place in memory, so that its ends stay where they were. */
void fuzz_begin(struct fuzz_input *input, const uint8_t *data, size_t size);
/* From 0 to limit - 1, limit at most 2^16; 0 when the given choices have run out. */
uint32_t fuzz_choose(struct fuzz_input *input, uint32_t limit);
/*
 * Text of at most size_max bytes into out: from the choices, or pieces of the input's text and of
 * SIP's signs where they are drawn. It may hold anything.
 */
struct sipring_span fuzz_text(struct fuzz_input *input, char *out, size_t size_max);

/* Memory of this size that ends at an unmapped page, the same each time; at most FUZZ_EDGE_MAX. */
#define FUZZ_EDGE_MAX 65536u
char *fuzz_edge(size_t size);

/* Is it without CR, LF and NUL? The definition that the library's own check is held against. */
bool fuzz_is_line(struct sipring_span text);
/* Same bytes, and absent like absent. */
bool fuzz_is_same(struct sipring_span a, struct sipring_span b);
/* Same bytes; an absent one is empty. */
bool fuzz_is_equal(struct sipring_span a, struct sipring_span b);
/* Absent, or all of it within the other. */
bool fuzz_is_inside(struct sipring_span span, struct sipring_span whole);
