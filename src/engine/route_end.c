/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a route ends: at an association that stands, at another worker, or without either. Nobody
 * finds it from then on, and its memory goes last, behind what the host is told.
 */
#include "engine/route_parts.h"

#include "engine/worker.h"

#include <errno.h>

/* Nobody finds it any more, and nothing tells it anything. */
static void withdraw(struct sipring_worker *worker, struct sipring_route *route)
{
	if (route->is_listed)
		sipring_hash_remove(&worker->routes.by_name, &route->by_name);
	route->is_listed = false;
	sipring_list_unlink(&route->link);
	for (unsigned i = 0; i < SIPRING_DNS_WAITERS_MAX; i++)
		sipring_list_unlink(&route->walk.waiters[i]);
	sipring_wheel_stop(&worker->routes.wheel, &route->timer);
}

static void tell_connected(struct sipring_worker *worker, const struct sipring_route *route,
	const struct sipring_association *association, int error, bool is_unresolved)
{
	if (route->is_connect)
		sipring_lifecycle_tell(worker,
			&(struct sipring_event){
				.type = SIPRING_EVENT_CONNECTED,
				.association = association
					? sipring_table_id(&worker->table, association)
					: 0,
				.address = association ? &association->peer : NULL,
				.cookie = route->cookie,
				.error = error,
				.unresolved = is_unresolved,
			});
}

void sipring_route_arrive(struct sipring_worker *worker, struct sipring_route *route,
	struct sipring_association *association)
{
	struct sipring_outgoing *message;

	withdraw(worker, route);
	while ((message = sipring_queue_drop(&route->queue)))
		sipring_queue_put(&association->queue, message, UINT32_MAX, UINT32_MAX);
	association->was_full |= route->was_full;
	sipring_outbound_ready(worker, association);
	sipring_lifecycle_time(worker, association);
	route->is_over = true;
	tell_connected(worker, route, association, 0, false);
	sipring_pool_give(&worker->routes.pool, route);
}

void sipring_route_end(struct sipring_worker *worker, struct sipring_route *route,
	enum sipring_outcome outcome, int error)
{
	struct sipring_outgoing *message;

	withdraw(worker, route);
	route->is_over = true;
	while ((message = sipring_queue_drop(&route->queue)))
		sipring_outbound_outcome(worker, message, outcome, error);
	tell_connected(worker, route, NULL, error, outcome == SIPRING_OUTCOME_UNRESOLVED);
	sipring_pool_give(&worker->routes.pool, route);
}

void sipring_route_hand_over(struct sipring_worker *worker, struct sipring_route *route,
	const union sipring_address *address)
{
	unsigned place = sipring_share_pick(worker->party.share, address);
	struct sipring_outgoing *message;

	withdraw(worker, route);
	route->is_over = true;
	while ((message = sipring_queue_drop(&route->queue)))
		sipring_outbound_hand_on(worker, message, place, address);
	tell_connected(worker, route, NULL, -EXDEV, false);
	sipring_pool_give(&worker->routes.pool, route);
}
