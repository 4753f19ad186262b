/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From names to associations. A send to a name goes at once where the cache leads to an association
 * that stands; else it joins the name's route. A route that can go on is in the list of those due,
 * and goes on in the next turn, for that is where callbacks may be made. Addresses to which no
 * association came to stand are tried last for a while. Invariant: a route is due, or waits for
 * answers or for one association, or its end is being told.
 */
#include "engine/worker.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define AVOID_MS 30000

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

/* ---- Addresses that failed lately ---- */

static struct sipring_avoided *find_avoided(struct sipring_worker *worker,
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
	struct sipring_avoided *avoided = find_avoided(worker, address);

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

/* ---- Asking ---- */

static const struct sipring_dns_answer *look_up(void *user, const char *name,
	enum sipring_dns_type type, struct sipring_list *waiter, int *error)
{
	struct sipring_worker *worker = user;

	return sipring_dns_look_up(worker->dns, name, type, waiter, worker->now_ms, error);
}

static const struct sipring_dns_answer *look_up_known(void *user, const char *name,
	enum sipring_dns_type type, struct sipring_list *waiter, int *error)
{
	struct sipring_worker *worker = user;

	(void)waiter, (void)error;
	return sipring_dns_known(worker->dns, name, type, worker->now_ms);
}

/* ---- Routes ---- */

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
		if (!find_avoided(worker, &address))
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

/* Messages move over as they are: the bounds were those of accepting them. */
static void arrive(struct sipring_worker *worker, struct sipring_route *route,
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

/* Every message that waits gets this outcome, the connect its end. */
static void fail(struct sipring_worker *worker, struct sipring_route *route,
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

/* Another worker has the association: what waits goes there. */
static void hand_over(struct sipring_worker *worker, struct sipring_route *route,
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

/* Tries one address. True when the route has arrived, waits or is over; else the next is due. */
static bool try_address(struct sipring_worker *worker, struct sipring_route *route,
	const union sipring_address *address)
{
	char text[SIPRING_ADDRESS_TEXT_MAX];
	struct sipring_association *association =
		route->is_additional ? NULL : sipring_destination_find_peer(worker, address);
	int r = 0;

	if (association && association->stood) {
		arrive(worker, route, association);
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
		hand_over(worker, route, address);
		return true;
	}
	if (r == -ENFILE || r == -ESHUTDOWN) {
		fail(worker, route, SIPRING_OUTCOME_CONNECT_FAILED, r);
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
		if (route->n_passed == ROUTE_PASSED_MAX || !find_avoided(worker, address))
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
			fail(worker, route, SIPRING_OUTCOME_CONNECT_FAILED, route->error);
			return;
		}
		if (step < 0) {
			fail(worker, route, SIPRING_OUTCOME_UNRESOLVED, step);
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
	struct sipring_avoided *avoided = find_avoided(worker, &association->peer);
	struct sipring_list *node;

	if (avoided)
		avoided->until_ms = 0;
	while ((node = sipring_list_pop(&association->routes))) {
		struct sipring_route *route = SIPRING_CONTAINER(node, struct sipring_route, link);

		if (sipring_association_takes_sends(association))
			arrive(worker, route, association);
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

void sipring_route_fail(struct sipring_worker *worker, enum sipring_outcome outcome, int error)
{
	for (uint32_t i = 0; i < worker->routes.pool.n_items; i++) {
		struct sipring_route *route = sipring_pool_at(&worker->routes.pool, i);

		if (route && !route->is_over)
			fail(worker, route, outcome, error);
	}
}

const char *sipring_unresolved_text(int error)
{
	switch (error) {
	case -ENOENT:
		return "no such name";
	case -ENODATA:
		return "the name has no address";
	case -EPROTONOSUPPORT:
		return "the name offers no SIP over SCTP (transport=sctp in the URI passes over "
		       "its NAPTR records)";
	case -ETIMEDOUT:
		return "no name server answered (the setting dns_servers names others than "
		       "/etc/resolv.conf)";
	case -ECONNREFUSED:
		return "no name server is there (the setting dns_servers names others than "
		       "/etc/resolv.conf)";
	case -EREMOTEIO:
		return "the name server failed (SERVFAIL)";
	case -EACCES:
		return "the name server refuses to answer";
	case -EBADMSG:
		return "the name server's answer cannot be read";
	case -ENFILE:
		return "too many names are looked up (the setting dns_cache bounds them)";
	default:
		return strerror(-error);
	}
}
