/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a turn does with routes: those that are due go on to their next address, and so to a
 * connect, a wait, or an end; those whose messages have waited too long lose them. Addresses to
 * which no association came to stand are tried last for a while.
 */
#include "engine/route_parts.h"

#include "engine/worker.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define AVOID_MS 30000

struct sipring_avoided *sipring_route_find_avoided(struct sipring_worker *worker,
	const union sipring_address *address)
{
	for (unsigned i = 0; i < ROUTE_AVOIDED_MAX; i++) {
		struct sipring_avoided *avoided = &worker->routes.avoided[i];

		if (avoided->until_ms > worker->now_ms &&
			sipring_address_equal(&avoided->address, address))
			return avoided;
	}
	return NULL;
}

static void avoid(struct sipring_worker *worker, const union sipring_address *address)
{
	struct sipring_routes *routes = &worker->routes;
	struct sipring_avoided *avoided = sipring_route_find_avoided(worker, address);

	if (!avoided)
		avoided = &routes->avoided[routes->next_avoided++ % ROUTE_AVOIDED_MAX];
	*avoided = (struct sipring_avoided){*address, worker->now_ms + AVOID_MS};
}

/* Nothing is sent: connecting a UDP socket asks the routing table. 0 or -errno. */
static int check_route(const union sipring_address *address)
{
	int fd = socket(address->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = fd < 0 || connect(fd, &address->sa, sipring_address_size(address)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return r;
}

static const struct sipring_dns_answer *look_up(void *user, const char *name,
	enum sipring_dns_type type, struct sipring_list *waiter, int *error)
{
	struct sipring_worker *worker = user;

	return sipring_dns_look_up(worker->dns, name, type, waiter, worker->now_ms, error);
}

/* Tries one address. True when the route has arrived, waits or is over; else the next is due. */
static bool try_address(struct sipring_worker *worker, struct sipring_route *route,
	const union sipring_address *address)
{
	char text[SIPRING_ADDRESS_TEXT_MAX];
	struct sipring_association *association =
		route->is_additional ? NULL : sipring_destination_find_peer(worker, address);
	int r = 0;

	if (association && association->stood) {
		sipring_route_arrive(worker, route, association);
		return true;
	}
	if (!association)
		r = check_route(address);
	if (!association && r == 0)
		association = sipring_lifecycle_connect(worker,
			&(struct sipring_lifecycle_wish){address, 1, route->is_additional, 0}, &r);
	if (association) {
		sipring_list_append(&association->routes, &route->link);
		return true;
	}
	if (r == -EXDEV) {
		sipring_route_hand_over(worker, route, address);
		return true;
	}
	if (r == -ENFILE || r == -ESHUTDOWN) {
		sipring_route_end(worker, route, SIPRING_OUTCOME_CONNECT_FAILED, r);
		return true;
	}
	sipring_log_write(&worker->log, SIPRING_LOG_INFO, "name: %s: %s",
		sipring_address_print(address, text), strerror(-r));
	route->error = r;
	route->n_tried++;
	avoid(worker, address);
	return false;
}

/* The next address, those that failed lately after all others: a step, or -errno. */
static int next_address(struct sipring_worker *worker, struct sipring_route *route,
	union sipring_address *address)
{
	struct sipring_dns_source source = {.look_up = look_up,
		.user = worker,
		.random = &worker->routes.random,
		.log = &worker->log};
	int step;

	while ((step = sipring_dns_walk_next(&route->walk, &source, address)) ==
		SIPRING_DNS_STEP_ADDRESS) {
		if (route->n_passed == ROUTE_PASSED_MAX ||
			!sipring_route_find_avoided(worker, address))
			return step;
		route->passed[route->n_passed++] = *address;
	}
	if (step < 0 && route->next_passed < route->n_passed) {
		*address = route->passed[route->next_passed++];
		return SIPRING_DNS_STEP_ADDRESS;
	}
	return step;
}

static void go_on(struct sipring_worker *worker, struct sipring_route *route)
{
	union sipring_address address;
	int step;

	do {
		step = next_address(worker, route, &address);
		if (step == SIPRING_DNS_STEP_WAIT)
			return;
		if (step < 0 && route->n_tried) {
			sipring_route_end(worker, route, SIPRING_OUTCOME_CONNECT_FAILED,
				route->error);
			return;
		}
		if (step < 0) {
			sipring_route_end(worker, route, SIPRING_OUTCOME_UNRESOLVED, step);
			return;
		}
	} while (!try_address(worker, route, &address));
}

static void make_due(struct sipring_worker *worker, struct sipring_route *route)
{
	sipring_list_unlink(&route->link);
	sipring_list_append(&worker->routes.due, &route->link);
}

/* A waiter is one of a route's walk; which, only its address tells. */
static struct sipring_route *route_of_waiter(struct sipring_worker *worker,
	struct sipring_list *waiter)
{
	const struct sipring_pool *pool = &worker->routes.pool;
	size_t at = (size_t)((char *)waiter - pool->items);

	assert(at < pool->n_items * pool->stride);
	return sipring_pool_at(pool, (uint32_t)(at / pool->stride));
}

/* A host's callback may drain, and so end the route. */
static void expire(struct sipring_worker *worker, struct sipring_route *route)
{
	uint32_t handle = sipring_pool_handle(&worker->routes.pool, route);
	struct sipring_outgoing *message;

	while ((route = sipring_pool_find(&worker->routes.pool, handle)) &&
		(message = sipring_queue_expire(&route->queue, worker->now_ms)))
		sipring_outbound_outcome(worker, message, SIPRING_OUTCOME_TIMED_OUT, -ETIMEDOUT);
	if (route)
		sipring_route_time(worker, route);
}

void sipring_route_run(struct sipring_worker *worker)
{
	struct sipring_routes *routes = &worker->routes;
	struct sipring_list *node, now_due;
	struct sipring_timer *timer;
	uint64_t again_ms;

	if (sipring_pool_used(&routes->pool) == 0 && routes->tick_at_ms == UINT64_MAX)
		return;
	sipring_dns_tick(worker->dns, worker->now_ms);
	while ((timer = sipring_wheel_expire(&routes->wheel, worker->now_ms)))
		expire(worker, SIPRING_CONTAINER(timer, struct sipring_route, timer));
	while ((node = sipring_dns_answered(worker->dns)))
		make_due(worker, route_of_waiter(worker, node));
	/* What their callbacks begin goes on in the next turn. */
	sipring_list_init(&now_due);
	while ((node = sipring_list_pop(&routes->due)))
		sipring_list_append(&now_due, node);
	while ((node = sipring_list_pop(&now_due)))
		go_on(worker, SIPRING_CONTAINER(node, struct sipring_route, link));
	again_ms = sipring_dns_idle_ms(worker->dns);
	routes->tick_at_ms = again_ms == UINT64_MAX ? UINT64_MAX : worker->now_ms + again_ms;
}

uint64_t sipring_route_idle_ms(const struct sipring_worker *worker, uint64_t now_ms)
{
	const struct sipring_routes *routes = &worker->routes;
	uint64_t idle_ms;

	if (!sipring_list_empty(&routes->due) || routes->tick_at_ms <= now_ms)
		return 0;
	idle_ms = sipring_wheel_idle_ms(&routes->wheel, now_ms);
	return routes->tick_at_ms - now_ms < idle_ms ? routes->tick_at_ms - now_ms : idle_ms;
}

void sipring_route_up(struct sipring_worker *worker, struct sipring_association *association)
{
	struct sipring_avoided *avoided = sipring_route_find_avoided(worker, &association->peer);
	struct sipring_list *node;

	if (avoided)
		avoided->until_ms = 0;
	while ((node = sipring_list_pop(&association->routes))) {
		struct sipring_route *route = SIPRING_CONTAINER(node, struct sipring_route, link);

		if (sipring_association_takes_sends(association))
			sipring_route_arrive(worker, route, association);
		else
			make_due(worker, route);
	}
}

void sipring_route_lost(struct sipring_worker *worker, struct sipring_association *association,
	int error)
{
	char text[SIPRING_ADDRESS_TEXT_MAX];
	struct sipring_list *node;

	while ((node = sipring_list_pop(&association->routes))) {
		struct sipring_route *route = SIPRING_CONTAINER(node, struct sipring_route, link);

		if (!worker->draining)
			sipring_log_write(&worker->log, SIPRING_LOG_INFO, "name: %s: %s",
				sipring_address_print(&association->peer, text), strerror(-error));
		route->error = error;
		route->n_tried++;
		avoid(worker, &association->peer);
		make_due(worker, route);
	}
}
