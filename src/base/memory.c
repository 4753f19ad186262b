/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings for what is sized at open and lives as long as its owner: pools, tables, rings. The
 * kernel hands out zeroed pages one by one as they are touched, so a generous limit costs address
 * space and nothing else. Whoever maps a piece unmaps it, whole and with the same size; nothing
 * here may be called per message.
 */
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

size_t sipring_memory_footprint(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	assert(page && (page & (page - 1)) == 0);
	if (size > SIZE_MAX - (page - 1))
		return SIZE_MAX;
	return (size + page - 1) & ~(page - 1);
}

static void *memory_map(size_t size, int sharing)
{
	void *memory;

	assert(size);
	if (size > PTRDIFF_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

void *sipring_memory_map(size_t size)
{
	return memory_map(size, MAP_PRIVATE);
}

void *sipring_memory_map_shared(size_t size)
{
	return memory_map(size, MAP_SHARED);
}

void sipring_memory_unmap(void *memory, size_t size)
{
	int code;

	if (!memory)
		return;
	assert(size);
	code = munmap(memory, size);
	assert(code == 0);
	(void)code;
}
