/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partial messages of one association until their end (MSG_EOR). A message that comes whole never
 * touches this: it is used where it lies. The memory is a slot of the worker's pool, held only
 * while a message is partial.
 */
#pragma once

#include "base/pool.h"

#include <stdbool.h>
#include <stddef.h>

struct sipring_reassembly {
	char *slot;      /* of the pool, or NULL */
	size_t size;     /* bytes of the message so far, discarded ones too */
	bool discarding; /* too long: its remaining pieces are let pass */
};

enum sipring_reassembly_result {
	SIPRING_REASSEMBLY_PARTIAL,  /* more is to come */
	SIPRING_REASSEMBLY_WHOLE,    /* reassembly->slot holds size bytes; drop it after use */
	SIPRING_REASSEMBLY_TOO_LONG, /* said once per message, at the piece that passed the limit */
	SIPRING_REASSEMBLY_NO_SLOT,  /* every slot is in use */
};

/* Bytes of a pool item for messages up to size_max: with the tail that parsers may over-read. */
size_t sipring_reassembly_slot_size(size_t size_max);

/* Whether a piece that is also the end can be used where it lies. */
static inline bool sipring_reassembly_idle(const struct sipring_reassembly *reassembly)
{
	return !reassembly->slot && !reassembly->discarding;
}

enum sipring_reassembly_result sipring_reassembly_add(struct sipring_reassembly *reassembly,
	struct sipring_pool *slots, const char *data, size_t size, bool end, size_t size_max);

/* Forgets the partial message, and gives its slot back. */
void sipring_reassembly_drop(struct sipring_reassembly *reassembly, struct sipring_pool *slots);
