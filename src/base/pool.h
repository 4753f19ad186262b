/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fixed pool of equal items in one mapping. Items are named by pointer, or by a 32-bit handle
 * that carries a generation: a handle kept after its item was freed finds nothing, even when the
 * item is in use again (until the same item has been taken 2048 times more, when the generation
 * comes round). Handle 0 never names an item.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A handle is generation << 20 | index; so at most 2^20 - 1 items. */
#define SIPRING_POOL_ITEMS_MAX ((1u << 20) - 1)

struct sipring_pool {
	char *items;           /* n_items * stride bytes, mapped */
	uint32_t *generations; /* per item; odd while the item is in use */
	uint32_t *free;        /* stack of free indices */
	uint32_t n_items;
	uint32_t n_free;
	uint32_t mark;
	size_t stride; /* bytes from item to item, a multiple of 64 */
};

/* Maps it. n_items from 1 to SIPRING_POOL_ITEMS_MAX, item_size not 0. Returns 0 or -errno. */
int sipring_pool_open(struct sipring_pool *pool, uint32_t n_items, size_t item_size);
void sipring_pool_close(struct sipring_pool *pool);

/*
 * Before the first take, for pools whose handles must not be taken for one another's: those with
 * different marks, which are multiples of a power of two that no index reaches, and those of a pool
 * that was in this one's place in an earlier life.
 */
void sipring_pool_mark(struct sipring_pool *pool, uint32_t mark, uint32_t life);

/* What sipring_pool_open will map, in bytes: the figure for the memory budget. */
size_t sipring_pool_footprint(uint32_t n_items, size_t item_size);

/* An item with undefined content; NULL when all are in use. The last freed comes first (warm). */
void *sipring_pool_take(struct sipring_pool *pool);
void sipring_pool_give(struct sipring_pool *pool, void *item);

/* The handle of an item in use, and back; NULL for a handle whose item is gone. */
uint32_t sipring_pool_handle(const struct sipring_pool *pool, const void *item);
void *sipring_pool_find(const struct sipring_pool *pool, uint32_t handle);

/* The item with this index if it is in use, else NULL: for walking all items, 0 to n_items - 1. */
void *sipring_pool_at(const struct sipring_pool *pool, uint32_t index);

static inline uint32_t sipring_pool_used(const struct sipring_pool *pool)
{
	return pool->n_items - pool->n_free;
}
