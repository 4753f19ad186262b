/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of parsers: input that ends where an unmapped page begins, or begins where one ends, so
 * that one byte read too far ends the test; and spans from literals.
 */
#pragma once

#include <sipring/sip.h>

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EDGE_SIZE_MAX (256u * 1024u)

/* A copy of the bytes that ends at an unmapped page; the next call overwrites it. */
static inline const char *edge_copy(const char *data, size_t size)
{
	static char *end;

	cr_assert_leq(size, EDGE_SIZE_MAX);
	if (!end) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);
		char *room = mmap(NULL, EDGE_SIZE_MAX + page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		cr_assert_neq(room, MAP_FAILED);
		end = room + EDGE_SIZE_MAX;
		cr_assert_eq(mprotect(end, page, PROT_NONE), 0);
	}
	if (size)
		memcpy(end - size, data, size);
	return end - size;
}

/* A copy of the bytes that begins right after an unmapped page; likewise. */
static inline const char *edge_copy_after(const char *data, size_t size)
{
	static char *begin;

	cr_assert_leq(size, EDGE_SIZE_MAX);
	if (!begin) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);
		char *room = mmap(NULL, EDGE_SIZE_MAX + page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		cr_assert_neq(room, MAP_FAILED);
		cr_assert_eq(mprotect(room, page, PROT_NONE), 0);
		begin = room + page;
	}
	if (size)
		memcpy(begin, data, size);
	return begin;
}

static inline struct sipring_span edge_span(const char *text)
{
	size_t size = strlen(text);

	return (struct sipring_span){edge_copy(text, size), size};
}

static inline struct sipring_span span_of(const char *text)
{
	return (struct sipring_span){text, text ? strlen(text) : 0};
}

/* NULL stands for an absent span. */
static inline bool span_is(struct sipring_span span, const char *text)
{
	if (!text)
		return !span.data;
	return span.data && span.size == strlen(text) && !memcmp(span.data, text, span.size);
}

#define cr_assert_span(span, text)                                                   \
	cr_assert(span_is(span, text), "got \"%.*s\", not \"%s\"", (int)(span).size, \
		(span).data ? (span).data : "", (text) ? (text) : "(absent)")
