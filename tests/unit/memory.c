/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mapped memory: zeroed, on pages, resident only where touched, and refused in good order.
 */
#include "base/memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

Test(memory, is_zeroed_and_on_a_page)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t sizes[] = {1, page - 1, page, page + 1, 100 * page};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		unsigned char *memory = sipring_memory_map(sizes[i]);

		cr_assert_not_null(memory);
		cr_assert_eq((uintptr_t)memory % page, 0);
		for (size_t at = 0; at < sizes[i]; at++)
			cr_assert_eq(memory[at], 0);
		memset(memory, 0xff, sizes[i]);
		sipring_memory_unmap(memory, sizes[i]);
	}
}

Test(memory, untouched_pages_are_not_resident)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t n_pages = 4096, n_resident = 0;
	unsigned char resident[4096];
	unsigned char *memory = sipring_memory_map(n_pages * page);

	cr_assert_not_null(memory);
	memory[0] = 1;
	cr_assert_eq(mincore(memory, n_pages * page, resident), 0);
	for (size_t i = 0; i < n_pages; i++)
		n_resident += resident[i] & 1;
	cr_assert_geq(n_resident, 1);
	cr_assert_leq(n_resident, 512, "%zu of %zu pages", n_resident, n_pages); /* a huge page */
	sipring_memory_unmap(memory, n_pages * page);
}

Test(memory, what_cannot_be_is_refused)
{
	size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2, (size_t)PTRDIFF_MAX + 1};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		errno = 0;
		cr_assert_null(sipring_memory_map(sizes[i]));
		cr_assert_eq(errno, ENOMEM);
	}
}

Test(memory, null_may_be_unmapped)
{
	sipring_memory_unmap(NULL, 4096);
	sipring_memory_unmap(NULL, 0);
}

Test(memory, footprint_is_whole_pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	cr_assert_eq(sipring_memory_footprint(0), 0);
	cr_assert_eq(sipring_memory_footprint(1), page);
	cr_assert_eq(sipring_memory_footprint(page), page);
	cr_assert_eq(sipring_memory_footprint(page + 1), 2 * page);
	cr_assert_eq(sipring_memory_footprint(SIZE_MAX), SIZE_MAX);
	cr_assert_eq(sipring_memory_footprint(SIZE_MAX - page + 1), SIZE_MAX - page + 1);
}
