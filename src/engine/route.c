/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From names to associations. A send to a name goes at once where the cache leads to an association
 * that stands; else it joins the name's route, or makes it. A new route is due: it goes on in the
 * next turn (route_turn.c), for that is where callbacks may be made. Invariant: a route is due, or
 * waits for answers or for one association, or its end is being told (route_end.c).
 */
#include "engine/route_parts.h"

#include "base/clock.h"
#include "engine/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int sipring_route_open(struct sipring_worker *worker)
{
	struct sipring_routes *routes = &worker->routes;
	uint32_t n_routes = (uint32_t)worker->sipring->config.names_max;
	int r = sipring_pool_open(&routes->pool, n_routes, sizeof(struct sipring_route));

	if (r == 0)
		r = sipring_hash_open(&routes->by_name, n_routes);
	if (getrandom(&routes->random, sizeof routes->random, 0) < 0)
		r = -errno;
	routes->random |= 1;
	routes->tick_at_ms = UINT64_MAX;
	sipring_list_init(&routes->due);
	sipring_wheel_init(&routes->wheel, worker->now_ms);
	return r;
}

void sipring_route_close(struct sipring_worker *worker)
{
	sipring_hash_close(&worker->routes.by_name);
	sipring_pool_close(&worker->routes.pool);
}

size_t sipring_route_footprint(const struct sipring_config *config)
{
	uint32_t n_routes = (uint32_t)config->names_max;

	return sipring_pool_footprint(n_routes, sizeof(struct sipring_route)) +
		sipring_hash_footprint(n_routes);
}

static const struct sipring_dns_answer *look_up_known(void *user, const char *name,
	enum sipring_dns_type type, struct sipring_list *waiter, int *error)
{
	struct sipring_worker *worker = user;

	(void)waiter, (void)error;
	return sipring_dns_known(worker->dns, name, type, worker->now_ms);
}

/* Those that differ in any of these lead elsewhere. */
static uint64_t hash_of(const struct sipring_worker *worker, const struct sipring_dns_walk *walk,
	uint16_t port)
{
	return sipring_hash_bytes(worker->table.seed, walk->host, strlen(walk->host)) + port * 2u +
		walk->is_transport_named;
}

static struct sipring_route *find(const struct sipring_worker *worker,
	const struct sipring_dns_walk *walk, uint16_t port)
{
	struct sipring_hash_node *node =
		sipring_hash_first(&worker->routes.by_name, hash_of(worker, walk, port));

	for (; node; node = sipring_hash_next(node)) {
		struct sipring_route *route =
			SIPRING_CONTAINER(node, struct sipring_route, by_name);

		if (route->port == port &&
			route->walk.is_transport_named == walk->is_transport_named &&
			strcmp(route->walk.host, walk->host) == 0)
			return route;
	}
	return NULL;
}

/* Where no port is named, sctp_port is what may be needed in the end. */
static int begin_walk(const struct sipring_worker *worker, struct sipring_dns_walk *walk,
	const struct sipring_target *target)
{
	struct sipring_target ours = *target;

	if (worker->draining)
		return -ESHUTDOWN;
	if (!sipring_route_is_ours(target))
		return -EPROTONOSUPPORT;
	if (!target->is_port_named) {
		ours.port = (uint16_t)worker->sipring->config.sctp_port;
		if (target->host_kind != SIPRING_HOST_NAME)
			sipring_address_set_port(&ours.address, ours.port);
	}
	return sipring_dns_walk_begin(walk, &ours, SIPRING_TRANSPORT_SCTP);
}

static struct sipring_route *make(struct sipring_worker *worker,
	const struct sipring_target *target, int *result)
{
	struct sipring_route *route = sipring_pool_take(&worker->routes.pool);

	if (!route) {
		*result = -ENFILE;
		return NULL;
	}
	*result = begin_walk(worker, &route->walk, target);
	if (*result < 0) {
		sipring_pool_give(&worker->routes.pool, route);
		return NULL;
	}
	route->n_passed = route->next_passed = route->n_tried = 0;
	route->error = 0;
	route->port = target->is_port_named ? target->port : 0;
	route->is_listed = route->is_connect = route->is_additional = false;
	route->was_full = route->is_over = false;
	route->cookie = 0;
	sipring_queue_init(&route->queue);
	sipring_timer_init(&route->timer);
	sipring_list_init(&route->link);
	sipring_list_append(&worker->routes.due, &route->link);
	return route;
}

/* The association that the cache leads to, if it stands; those that failed lately are passed. */
static struct sipring_association *find_standing(struct sipring_worker *worker,
	struct sipring_dns_walk *walk)
{
	struct sipring_dns_source source = {.look_up = look_up_known,
		.user = worker,
		.random = &worker->routes.random};
	union sipring_address address;

	while (sipring_dns_walk_next(walk, &source, &address) == SIPRING_DNS_STEP_ADDRESS) {
		struct sipring_association *association =
			sipring_destination_find_peer(worker, &address);

		if (association && association->stood)
			return association;
		if (!sipring_route_find_avoided(worker, &address))
			return NULL;
	}
	return NULL;
}

int sipring_route_place(struct sipring_worker *worker, const struct sipring_target *target,
	struct sipring_association **association, struct sipring_route **route)
{
	struct sipring_dns_walk *walk = &worker->routes.walk;
	uint16_t port = target->is_port_named ? target->port : 0;
	int r = begin_walk(worker, walk, target);

	if (r < 0)
		return r;
	*route = find(worker, walk, port);
	if (*route)
		return 0;
	*association = find_standing(worker, walk);
	if (*association)
		return 0;
	*route = make(worker, target, &r);
	if (!*route)
		return r;
	(*route)->is_listed = true;
	sipring_hash_insert(&worker->routes.by_name, &(*route)->by_name,
		hash_of(worker, &(*route)->walk, port));
	return 0;
}

int sipring_route_connect(struct sipring_worker *worker, const struct sipring_connect *connect)
{
	struct sipring_route *route;
	int r;

	if (!worker->in_turn)
		worker->now_ms = sipring_clock_ns() / 1000000;
	route = make(worker, connect->target, &r);
	if (!route)
		return r;
	route->is_connect = true;
	route->is_additional = connect->additional;
	route->cookie = connect->cookie;
	return 0;
}

void sipring_route_time(struct sipring_worker *worker, struct sipring_route *route)
{
	uint64_t at_ms = sipring_queue_deadline_ms(&route->queue);

	if (at_ms == UINT64_MAX)
		sipring_wheel_stop(&worker->routes.wheel, &route->timer);
	else if (sipring_list_empty(&route->timer.link) || route->timer.at_ms != at_ms)
		sipring_wheel_start(&worker->routes.wheel, &route->timer, at_ms);
}

void sipring_route_fail(struct sipring_worker *worker, enum sipring_outcome outcome, int error)
{
	for (uint32_t i = 0; i < worker->routes.pool.n_items; i++) {
		struct sipring_route *route = sipring_pool_at(&worker->routes.pool, i);

		if (route && !route->is_over)
			sipring_route_end(worker, route, outcome, error);
	}
}
