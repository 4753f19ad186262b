/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the routes: what the files route*.c share, and nobody else. */
#pragma once

#include "engine/route.h"

#include <sipring/sipring.h>

struct sipring_association;
struct sipring_worker;

/* An address to which no association came to stand lately, or NULL. */
struct sipring_avoided *sipring_route_find_avoided(struct sipring_worker *worker,
	const union sipring_address *address);

/* Messages move over as they are: the bounds were those of accepting them. */
void sipring_route_arrive(struct sipring_worker *worker, struct sipring_route *route,
	struct sipring_association *association);
/* Every message that waits gets this outcome, the connect its end. */
void sipring_route_end(struct sipring_worker *worker, struct sipring_route *route,
	enum sipring_outcome outcome, int error);
/* Another worker has the association: what waits goes there. */
void sipring_route_hand_over(struct sipring_worker *worker, struct sipring_route *route,
	const union sipring_address *address);
