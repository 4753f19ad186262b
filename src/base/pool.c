/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One mapping holds the items, then their generations, then the stack of free indices. The pool
 * owns the mapping; who took an item owns it until he gives it back. One thread, no locks.
 *
 * An item's generation grows by one at every take and every give, so it is odd exactly while the
 * item is in use; a handle carries its low bits. Free memory and handle 0 therefore never match.
 * The stack holds every free index once: n_free even generations, n_items - n_free odd ones. A mark
 * is laid over the index part of handles, above every index, so another pool's mark leads outside.
 */
#include "base/pool.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>

#define INDEX_BITS 20
#define GENERATION_MASK ((1u << (32 - INDEX_BITS)) - 1)
#define ITEM_ALIGNMENT 64 /* a cache line: neighbours do not share one */
/* Even; from one life's first generation to the next one's, so that few meet for long. */
#define LIFE_STRIDE 358

_Static_assert(SIPRING_POOL_ITEMS_MAX < 1u << INDEX_BITS, "every index fits a handle");

struct layout {
	size_t stride;
	size_t generations_at;
	size_t free_at;
	size_t size;
};

/* Returns 0, or -EINVAL for what cannot be a pool on this machine. */
static int pool_layout(struct layout *layout, uint32_t n_items, size_t item_size)
{
	size_t words = (size_t)n_items * sizeof(uint32_t);
	size_t items;

	if (!n_items || n_items > SIPRING_POOL_ITEMS_MAX || !item_size)
		return -EINVAL;
	if (item_size > PTRDIFF_MAX - ITEM_ALIGNMENT)
		return -EINVAL;
	layout->stride = (item_size + ITEM_ALIGNMENT - 1) & ~(size_t)(ITEM_ALIGNMENT - 1);
	if (__builtin_mul_overflow(layout->stride, n_items, &items))
		return -EINVAL;
	layout->generations_at = items;
	if (__builtin_add_overflow(items, words, &layout->free_at))
		return -EINVAL;
	if (__builtin_add_overflow(layout->free_at, words, &layout->size))
		return -EINVAL;
	return 0;
}

static void *pool_item(const struct sipring_pool *pool, uint32_t index)
{
	return pool->items + index * pool->stride;
}

static uint32_t pool_index(const struct sipring_pool *pool, const void *item)
{
	size_t distance = (size_t)((const char *)item - pool->items);

	assert(distance < pool->n_items * pool->stride);
	assert(distance % pool->stride == 0);
	return (uint32_t)(distance / pool->stride);
}

/* The item that was just taken or given, and the top of the stack. */
static void pool_check(const struct sipring_pool *pool, uint32_t index)
{
	assert(pool->n_free <= pool->n_items);
	assert(index < pool->n_items);
	if (pool->n_free) {
		uint32_t top = pool->free[pool->n_free - 1];

		assert(top < pool->n_items);
		assert(!(pool->generations[top] & 1));
		assert((top == index) == !(pool->generations[index] & 1));
		(void)top;
	} else {
		assert(pool->generations[index] & 1);
	}
	(void)pool;
	(void)index;
}

size_t sipring_pool_footprint(uint32_t n_items, size_t item_size)
{
	struct layout layout;

	if (pool_layout(&layout, n_items, item_size))
		return SIZE_MAX;
	return sipring_memory_footprint(layout.size);
}

int sipring_pool_open(struct sipring_pool *pool, uint32_t n_items, size_t item_size)
{
	struct layout layout;
	char *memory;
	int code;

	*pool = (struct sipring_pool){0};
	code = pool_layout(&layout, n_items, item_size);
	if (code < 0)
		return code;
	memory = sipring_memory_map(layout.size);
	if (!memory)
		return -errno;
	pool->items = memory;
	pool->generations = (uint32_t *)(void *)(memory + layout.generations_at);
	pool->free = (uint32_t *)(void *)(memory + layout.free_at);
	pool->stride = layout.stride;
	pool->n_items = n_items;
	for (uint32_t i = n_items; i > 0; i--)
		pool->free[pool->n_free++] = i - 1;
	assert(pool->n_free == n_items);
	return 0;
}

void sipring_pool_mark(struct sipring_pool *pool, uint32_t mark, uint32_t life)
{
	assert(pool->n_free == pool->n_items && mark < 1u << INDEX_BITS);
	pool->mark = mark;
	for (uint32_t i = 0; i < pool->n_items; i++)
		pool->generations[i] = life * LIFE_STRIDE;
}

void sipring_pool_close(struct sipring_pool *pool)
{
	struct layout layout;

	if (!pool->items)
		return;
	if (!pool_layout(&layout, pool->n_items, pool->stride))
		sipring_memory_unmap(pool->items, layout.size);
	*pool = (struct sipring_pool){0};
}

void *sipring_pool_take(struct sipring_pool *pool)
{
	uint32_t index;

	if (!pool->n_free)
		return NULL;
	index = pool->free[--pool->n_free];
	assert(!(pool->generations[index] & 1));
	pool->generations[index]++;
	pool_check(pool, index);
	return pool_item(pool, index);
}

void sipring_pool_give(struct sipring_pool *pool, void *item)
{
	uint32_t index = pool_index(pool, item);

	assert(pool->generations[index] & 1); /* given twice? */
	assert(pool->n_free < pool->n_items);
	pool->generations[index]++;
	pool->free[pool->n_free++] = index;
	pool_check(pool, index);
}

uint32_t sipring_pool_handle(const struct sipring_pool *pool, const void *item)
{
	uint32_t index = pool_index(pool, item);

	assert(pool->generations[index] & 1);
	return (pool->generations[index] & GENERATION_MASK) << INDEX_BITS | (index ^ pool->mark);
}

void *sipring_pool_find(const struct sipring_pool *pool, uint32_t handle)
{
	uint32_t index = (handle & ((1u << INDEX_BITS) - 1)) ^ pool->mark;
	uint32_t generation = handle >> INDEX_BITS;

	if (index >= pool->n_items || !(generation & 1))
		return NULL;
	if ((pool->generations[index] & GENERATION_MASK) != generation)
		return NULL;
	return pool_item(pool, index);
}

void *sipring_pool_at(const struct sipring_pool *pool, uint32_t index)
{
	assert(index < pool->n_items);
	return pool->generations[index] & 1 ? pool_item(pool, index) : NULL;
}
