/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A look at the associations of a worker, a bounded number at a time: who wants all of them comes
 * again with the cursor, between turns, so that messages never wait for somebody's curiosity. Reads
 * only. What ends meanwhile is missed, what begins may be.
 */
#include "engine/worker.h"

#include <stdio.h>

#define PLACES_A_LOOK 4096

static void describe(struct sipring_worker *worker, const struct sipring_association *association,
	struct sipring_association_info *info)
{
	struct sipring_sctp_status status = {0};

	*info = (struct sipring_association_info){
		.association = sipring_table_id(&worker->table, association),
		.peer = association->peer,
		.inbound = association->inbound,
		.queue_messages = association->queue.n_messages,
		.queue_bytes = association->queue.n_bytes,
	};
	snprintf(info->state, sizeof info->state, "%s",
		sipring_association_state_name(association->state));
	info->measured = association->conn &&
		worker->sctp->ops->status(worker->sctp, association->conn, &status);
	if (!info->measured)
		return;
	info->primary = status.primary;
	info->primary_active = status.is_active;
	info->rtt_ms = status.rtt_ms;
	info->rto_ms = status.rto_ms;
	info->cwnd = status.window;
	info->mtu = status.mtu;
	info->peer_window = status.peer_window;
	info->unacknowledged = status.n_unacknowledged;
	info->pending = status.n_pending;
}

unsigned sipring_worker_associations(struct sipring_worker *worker, uint32_t *cursor,
	struct sipring_association_info *infos, unsigned n)
{
	const struct sipring_table *table = &worker->table;
	uint32_t end = table->associations.n_items;
	unsigned n_found = 0;

	for (unsigned i = 0; i < PLACES_A_LOOK && *cursor < end && n_found < n; i++, ++*cursor) {
		const struct sipring_association *association = sipring_table_at(table, *cursor);

		if (association)
			describe(worker, association, &infos[n_found++]);
	}
	if (*cursor >= end)
		*cursor = UINT32_MAX;
	return n_found;
}
