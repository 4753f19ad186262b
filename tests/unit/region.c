/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared region: its sections by name and size, their distance, what is refused, that a fork
 * shares it, and that writing past a section's end is noticed.
 */
#include "engine/region.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct sipring_region_line lines[] = {{"first", 1}, {"second", 100}, {"third", 64}};

Test(region, sections_by_name_and_size)
{
	struct sipring_region region;
	char *first, *second, *third;

	cr_assert_eq(sipring_region_open(&region, lines, 3), 0);
	cr_expect_eq(region.size, sipring_region_footprint(lines, 3));
	first = sipring_region_section(&region, "first", 1);
	second = sipring_region_section(&region, "second", 100);
	third = sipring_region_section(&region, "third", 64);
	cr_assert(first && second && third);
	cr_expect_eq((uintptr_t)first % 64, 0);
	cr_expect_eq((uintptr_t)second % 64, 0);
	cr_expect(first + 1 < second && second + 100 < third);
	cr_expect_leq(third + 64, region.base + region.size);
	for (unsigned i = 0; i < 100; i++)
		cr_expect_eq(second[i], 0, "zeroed");
	cr_expect_null(sipring_region_section(&region, "second", 101), "another size");
	cr_expect_null(sipring_region_section(&region, "fourth", 64));
	memset(second, 0xff, 100);
	cr_expect_eq(sipring_region_section(&region, "third", 64), third);
	sipring_region_close(&region);
	cr_expect_null(region.base);
	sipring_region_close(&region);
}

Test(region, refuses_what_is_no_sum)
{
	static const struct sipring_region_line twice[] = {{"a", 1}, {"a", 1}};
	static const struct sipring_region_line empty[] = {{"a", 0}};
	static const struct sipring_region_line vast[] = {{"a", PTRDIFF_MAX}, {"b", 64}};
	static const struct sipring_region_line longest[] = {{"a name of 24 bytes, here", 1}};
	struct sipring_region region;

	cr_expect_eq(sipring_region_open(&region, twice, 2), -EINVAL);
	cr_expect_eq(sipring_region_open(&region, empty, 1), -EINVAL);
	cr_expect_eq(sipring_region_open(&region, vast, 2), -EINVAL);
	cr_expect_eq(sipring_region_open(&region, longest, 1), -EINVAL);
	cr_expect_eq(sipring_region_open(&region, lines, 0), -EINVAL);
	cr_expect_eq(sipring_region_open(&region, lines, SIPRING_REGION_SECTIONS_MAX + 1), -EINVAL);
}

Test(region, a_fork_shares_it)
{
	struct sipring_region region;
	char *section;
	int status;
	pid_t pid;

	cr_assert_eq(sipring_region_open(&region, lines, 3), 0);
	section = sipring_region_section(&region, "second", 100);
	pid = fork();
	if (pid == 0) {
		char *seen = sipring_region_section(&region, "second", 100);

		strcpy(seen, "from below");
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_str_eq(section, "from below");
	sipring_region_close(&region);
}

Test(region, writing_past_the_end_is_noticed)
{
	struct sipring_region region;
	char *section;
	int status;
	pid_t pid;

/* A build without asserts has nothing that could notice. */
#ifdef NDEBUG
	cr_skip_test("built without asserts");
#endif
	cr_assert_eq(sipring_region_open(&region, lines, 3), 0);
	section = sipring_region_section(&region, "second", 100);
	section[100] ^= 1;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(STDERR_FILENO);
		sipring_region_section(&region, "first", 1);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	section[100] ^= 1;
	sipring_region_close(&region);
}
