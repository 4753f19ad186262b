/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Appends pieces to one slot. SCTP delivers the pieces of a message in order and, on a socket with
 * one association and no interleaving, without another message between them; a notification may
 * come between. Invariant: discarding excludes a slot, and size never passes the limit with one.
 */
#include "assoc/reassembly.h"

#include "io/io.h"

#include <assert.h>
#include <string.h>

size_t sipring_reassembly_slot_size(size_t size_max)
{
	return size_max + SIPRING_IO_TAIL;
}

enum sipring_reassembly_result sipring_reassembly_add(struct sipring_reassembly *reassembly,
	struct sipring_pool *slots, const char *data, size_t size, bool end, size_t size_max)
{
	assert(!(reassembly->slot && reassembly->discarding));
	if (reassembly->discarding) {
		reassembly->discarding = !end;
		return SIPRING_REASSEMBLY_PARTIAL;
	}
	if (reassembly->size + size > size_max) {
		sipring_reassembly_drop(reassembly, slots);
		reassembly->discarding = !end;
		return SIPRING_REASSEMBLY_TOO_LONG;
	}
	if (!reassembly->slot) {
		reassembly->slot = sipring_pool_take(slots);
		reassembly->size = 0;
	}
	if (!reassembly->slot)
		return SIPRING_REASSEMBLY_NO_SLOT;
	memcpy(reassembly->slot + reassembly->size, data, size);
	reassembly->size += size;
	return end ? SIPRING_REASSEMBLY_WHOLE : SIPRING_REASSEMBLY_PARTIAL;
}

void sipring_reassembly_drop(struct sipring_reassembly *reassembly, struct sipring_pool *slots)
{
	if (reassembly->slot)
		sipring_pool_give(slots, reassembly->slot);
	*reassembly = (struct sipring_reassembly){0};
}
