/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory at the front of the mapping names the sections by their offsets; there is no pointer
 * in it, for a process may be handed the region at another address. It is written before anyone
 * shares it and only read afterwards, so it needs no order of memory. The region owns nothing in
 * its sections: who lays a structure there says how it is shared.
 *
 * Invariant, looked at by region_check where asserts are on: the directory says what it is and how
 * large, and the guard behind each section is whole, so nobody wrote past his end.
 */
#include "engine/region.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAGIC 0x6e6f69676572u
#define GUARD 0x5ec710e7d5ec710eu
#define LINE 64 /* a cache line: sections do not share one */

struct section {
	char name[SIPRING_REGION_NAME_MAX];
	uint64_t offset;
	uint64_t size;
};

struct directory {
	uint64_t magic;
	uint64_t size;
	uint32_t n_sections;
	struct section sections[];
};

/* From one section's beginning to the next one's; 0 for what is too large. */
static size_t region_stride(size_t size)
{
	if (!size || size > PTRDIFF_MAX - 2 * LINE)
		return 0;
	return (size + sizeof(uint64_t) + LINE - 1) & ~(size_t)(LINE - 1);
}

static size_t region_front(unsigned n_lines)
{
	size_t size = sizeof(struct directory) + n_lines * sizeof(struct section);

	return (size + LINE - 1) & ~(size_t)(LINE - 1);
}

static inline uint64_t region_guard(const struct directory *directory,
	const struct section *section)
{
	uint64_t word;

	memcpy(&word, (const char *)directory + section->offset + section->size, sizeof word);
	return word;
}

static void region_check(const struct sipring_region *region)
{
	const struct directory *directory = (const void *)region->base;

	assert(directory->magic == MAGIC);
	assert(directory->size == region->size);
	for (unsigned i = 0; i < directory->n_sections; i++)
		assert(region_guard(directory, &directory->sections[i]) == GUARD);
}

static bool region_sane(const struct sipring_region_line *lines, unsigned n_lines)
{
	if (!n_lines || n_lines > SIPRING_REGION_SECTIONS_MAX)
		return false;
	for (unsigned i = 0; i < n_lines; i++) {
		if (strlen(lines[i].name) >= SIPRING_REGION_NAME_MAX)
			return false;
		for (unsigned j = 0; j < i; j++)
			if (strcmp(lines[i].name, lines[j].name) == 0)
				return false;
	}
	return true;
}

size_t sipring_region_footprint(const struct sipring_region_line *lines, unsigned n_lines)
{
	size_t sum = region_front(n_lines);

	for (unsigned i = 0; i < n_lines; i++) {
		size_t stride = region_stride(lines[i].size);

		if (!stride || __builtin_add_overflow(sum, stride, &sum))
			return SIZE_MAX;
	}
	return sipring_memory_footprint(sum);
}

int sipring_region_open(struct sipring_region *region, const struct sipring_region_line *lines,
	unsigned n_lines)
{
	struct directory *directory;
	size_t offset = region_front(n_lines);
	const uint64_t guard = GUARD;
	size_t size;

	*region = (struct sipring_region){0};
	if (!region_sane(lines, n_lines))
		return -EINVAL;
	size = sipring_region_footprint(lines, n_lines);
	if (size == SIZE_MAX)
		return -EINVAL;
	region->base = sipring_memory_map_shared(size);
	if (!region->base)
		return -errno;
	region->size = size;
	directory = (void *)region->base;
	directory->magic = MAGIC;
	directory->size = size;
	for (unsigned i = 0; i < n_lines; i++) {
		struct section *section = &directory->sections[directory->n_sections++];

		memcpy(section->name, lines[i].name, strlen(lines[i].name));
		section->offset = offset;
		section->size = lines[i].size;
		memcpy(region->base + offset + lines[i].size, &guard, sizeof guard);
		offset += region_stride(lines[i].size);
	}
	assert(offset <= size);
	region_check(region);
	return 0;
}

void sipring_region_close(struct sipring_region *region)
{
	if (!region->base)
		return;
	region_check(region);
	sipring_memory_unmap(region->base, region->size);
	*region = (struct sipring_region){0};
}

void *sipring_region_section(const struct sipring_region *region, const char *name, size_t size)
{
	const struct directory *directory = (const void *)region->base;

	region_check(region);
	for (unsigned i = 0; i < directory->n_sections; i++) {
		const struct section *section = &directory->sections[i];

		if (strcmp(section->name, name) == 0)
			return section->size == size ? region->base + section->offset : NULL;
	}
	return NULL;
}
