/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts that fuzz targets share: checks, comparisons, and choices drawn from the input. Nothing
 * depends on what ran before, so that an input that fails once fails always.
 */
#include "fuzz.h"

#include "unit/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u

void fuzz_fail(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

void fuzz_begin(struct fuzz_input *input, const uint8_t *data, size_t size)
{
	const uint8_t *divider = size ? memchr(data, FUZZ_DIVIDER, size) : NULL;

	input->text.data = (const char *)data;
	input->text.size = divider ? (size_t)(divider - data) : size;
	input->choices = divider ? divider + 1 : NULL;
	input->end = data + size;
	input->state = 0xcbf29ce484222325; /* FNV-1a */
	for (size_t i = 0; i < input->text.size; i++)
		input->state = (input->state ^ data[i]) * 0x100000001b3;
	if (!input->state)
		input->state = 1;
}

uint32_t fuzz_choose(struct fuzz_input *input, uint32_t limit)
{
	uint32_t choice = 0;

	if (!input->choices)
		return (uint32_t)random_below(&input->state, limit);
	for (uint32_t range = 1; range < limit && input->choices < input->end; range <<= 8)
		choice = choice << 8 | *input->choices++;
	return choice % limit;
}

struct sipring_span fuzz_text(struct fuzz_input *input, char *out, size_t size_max)
{
	static const char signs[] = "a1 \t:;,<>\"\\=@[]%?/*-.\r\n\0\377";
	size_t size = fuzz_choose(input, (uint32_t)size_max + 1);
	size_t from;

	for (size_t i = 0; i < size; i++) {
		if (input->choices)
			out[i] = (char)fuzz_choose(input, 256);
		else
			out[i] = signs[fuzz_choose(input, sizeof signs - 1)];
	}
	/* Half of the drawn ones: what stands somewhere in the input. */
	if (!input->choices && input->text.size > size && fuzz_choose(input, 2)) {
		from = random_below(&input->state, input->text.size - size);
		if (size)
			memcpy(out, input->text.data + from, size);
	}
	return (struct sipring_span){out, size};
}

bool fuzz_is_line(struct sipring_span text)
{
	return !text.size ||
		(!memchr(text.data, '\r', text.size) && !memchr(text.data, '\n', text.size) &&
			!memchr(text.data, 0, text.size));
}

bool fuzz_is_equal(struct sipring_span a, struct sipring_span b)
{
	return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

bool fuzz_is_same(struct sipring_span a, struct sipring_span b)
{
	return !a.data == !b.data && fuzz_is_equal(a, b);
}

bool fuzz_is_inside(struct sipring_span span, struct sipring_span whole)
{
	uintptr_t at = (uintptr_t)span.data, begin = (uintptr_t)whole.data;

	if (!span.data)
		return !span.size;
	return at >= begin && at - begin <= whole.size && span.size <= whole.size - (at - begin);
}

char *fuzz_edge(size_t size)
{
	static char *end;

	if (!end) {
		char *room = mmap(NULL, FUZZ_EDGE_MAX + PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		FUZZ_CHECK(room != MAP_FAILED);
		end = room + FUZZ_EDGE_MAX;
		FUZZ_CHECK(!mprotect(end, PAGE, PROT_NONE));
	}
	FUZZ_CHECK(size <= FUZZ_EDGE_MAX);
	return end - size;
}
