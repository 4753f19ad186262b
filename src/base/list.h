/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A doubly linked list whose links lie in the members. The head is a node too; a node that is in
 * no list points at itself, so that unlinking twice is harmless.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * may_alias: gcc 12 at -O2 keeps the link of a head that lies in a larger structure in a register
 * across stores through its neighbours (a loop that empties such a list never ends).
 */
struct __attribute__((may_alias)) sipring_list {
	struct sipring_list *next;
	struct sipring_list *previous;
};

/* The structure that holds `node` as its member `member`. */
#define SIPRING_CONTAINER(node, type, member) \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void sipring_list_init(struct sipring_list *list)
{
	list->next = list->previous = list;
}

static inline bool sipring_list_empty(const struct sipring_list *list)
{
	return list->next == list;
}

static inline void sipring_list_append(struct sipring_list *list, struct sipring_list *node)
{
	node->previous = list->previous;
	node->next = list;
	list->previous->next = node;
	list->previous = node;
}

static inline void sipring_list_unlink(struct sipring_list *node)
{
	node->previous->next = node->next;
	node->next->previous = node->previous;
	sipring_list_init(node);
}

/* Takes the first node out; NULL when there is none. */
static inline struct sipring_list *sipring_list_pop(struct sipring_list *list)
{
	struct sipring_list *node = list->next;

	if (node == list)
		return NULL;
	sipring_list_unlink(node);
	return node;
}
