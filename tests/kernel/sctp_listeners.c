/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listeners, where there is more than one of something. Two with settings of their own, read back
 * from the sockets: of the listeners, of what came by one, and of what left from the other; an
 * association from the second to the first is both. And two workers that share one listener, and
 * the limits on what comes by it.
 */
#include "engine/worker.h"
#include "sctp/kernel.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#define PORT 20410

struct side {
	struct sipring_config *config;
	struct sipring *sipring;
	struct sipring_worker *worker;
	unsigned n_up;
};

static void dispatched(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	(void)user, (void)buffer, (void)size, (void)message, (void)info;
}

static void happened(void *user, const struct sipring_event *event)
{
	((struct side *)user)->n_up += event->type == SIPRING_EVENT_UP;
}

static void own(struct side *side, unsigned listener, const char *name, const char *value)
{
	struct sipring_error error = {0};

	cr_assert_eq(sipring_config_listener_set(side->config, listener, name, value, &error), 0,
		"%s", error.text);
}

static void open_side(struct side *side)
{
	struct sipring_callbacks callbacks = {.dispatch = dispatched,
		.event = happened,
		.user = side};
	struct sipring_error error = {0};

	*side = (struct side){.config = sipring_config_new()};
	cr_assert_eq(sipring_config_set(side->config, "provider", "kernel", NULL), 0);
	cr_assert_eq(sipring_config_set(side->config, "rto_max", "8000", NULL), 0);
	cr_assert_eq(sipring_config_listen(side->config, "sctp:127.0.0.1:20410", NULL), 0);
	cr_assert_eq(sipring_config_listen(side->config, "sctp:127.0.0.1:20411", NULL), 0);
	own(side, 0, "rto_min", "300");
	own(side, 1, "rto_min", "600");
	own(side, 0, "hbinterval", "7000");
	own(side, 1, "nodelay", "off");
	own(side, 1, "unordered", "off");
	cr_assert_eq(sipring_open(&side->sipring, side->config, &error), 0, "%s", error.text);
	cr_assert_eq(sipring_worker_open(&side->worker, side->sipring, &callbacks, &error), 0, "%s",
		error.text);
}

static void meet(struct side *side)
{
	union sipring_address to = {.v4 = {.sin_family = AF_INET, .sin_port = htons(PORT)}};
	struct sipring_send send = {.data = "x", .size = 1, .to = &to, .listener = 2};
	unsigned n_before = side->n_up;

	to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(sipring_send(side->worker, &send), 0);
	for (int i = 0; i < 500 && side->n_up < n_before + 2; i++)
		cr_assert_eq(sipring_worker_turn(side->worker, 20000000), 0);
	cr_assert_eq(side->n_up, n_before + 2);
}

static void part(struct side *side)
{
	for (uint32_t i = 0; i < side->worker->table.associations.n_items; i++) {
		struct sipring_association *one = sipring_table_at(&side->worker->table, i);

		if (one)
			sipring_disconnect(side->worker,
				sipring_table_id(&side->worker->table, one), true);
	}
	for (int i = 0; i < 500 && sipring_table_count(&side->worker->table); i++)
		cr_assert_eq(sipring_worker_turn(side->worker, 20000000), 0);
}

static int socket_of(const struct side *side, bool inbound)
{
	for (uint32_t i = 0; i < side->worker->table.associations.n_items; i++) {
		struct sipring_association *one = sipring_table_at(&side->worker->table, i);

		if (one && one->inbound == inbound && one->state == SIPRING_ASSOCIATION_UP)
			return SIPRING_CONTAINER(one->conn, struct kernel_conn, conn)->socket.fd;
	}
	cr_assert_fail("no association that is %s", inbound ? "inbound" : "outbound");
	return -1;
}

static void get(int fd, int option, void *value, size_t wanted)
{
	socklen_t size = (socklen_t)wanted;

	cr_assert_eq(getsockopt(fd, IPPROTO_SCTP, option, value, &size), 0, "option %d", option);
}

static void holds(const char *what, int fd, unsigned rto_min, unsigned heartbeat, bool nodelay,
	bool unordered)
{
	struct sctp_rtoinfo rto = {0};
	struct sctp_paddrparams path = {0};
	struct sctp_sndinfo defaults = {0};
	int has_nodelay = -1;

	get(fd, SCTP_RTOINFO, &rto, sizeof rto);
	cr_expect_eq(rto.srto_min, rto_min, "%s: %u", what, rto.srto_min);
	cr_expect_eq(rto.srto_max, 8000, "%s: %u", what, rto.srto_max);
	get(fd, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
	cr_expect_eq(path.spp_hbinterval, heartbeat, "%s: %u", what, path.spp_hbinterval);
	get(fd, SCTP_NODELAY, &has_nodelay, sizeof has_nodelay);
	cr_expect_eq(has_nodelay, nodelay, "%s: nodelay", what);
	get(fd, SCTP_DEFAULT_SNDINFO, &defaults, sizeof defaults);
	cr_expect_eq((defaults.snd_flags & SCTP_UNORDERED) != 0, unordered, "%s: order", what);
}

Test(kernel_listeners, each_has_its_own_settings)
{
	struct sipring_error error = {0};
	struct side side;
	char text[64];
	int first, second;

	open_side(&side);
	first = sipring_worker_listener(side.worker, 0, text, sizeof text);
	cr_expect_str_eq(text, "sctp:127.0.0.1:20410");
	second = sipring_worker_listener(side.worker, 1, text, sizeof text);
	cr_expect_eq(sipring_worker_listener(side.worker, 2, text, sizeof text), -ENOENT);
	holds("first", first, 300, 7000, true, true);
	holds("second", second, 600, 30000, false, false);
	meet(&side);
	holds("came by the first", socket_of(&side, true), 300, 7000, true, true);
	holds("left from the second", socket_of(&side, false), 600, 30000, false, false);
	own(&side, 1, "rto_min", "700");
	cr_assert_eq(sipring_reload(side.sipring, side.worker, side.config, NULL, NULL, &error), 0,
		"%s", error.text);
	holds("the first after", first, 300, 7000, true, true);
	holds("the second after", second, 700, 30000, false, false);
	holds("what stood", socket_of(&side, false), 600, 30000, false, false);
	part(&side);
	meet(&side);
	holds("what left after", socket_of(&side, false), 700, 30000, false, false);
	holds("what came after", socket_of(&side, true), 300, 7000, true, true);
	sipring_worker_close(side.worker);
	sipring_close(side.sipring);
	sipring_config_free(side.config);
}

#define CROWD 8

/* Peers that do nothing but connect. */
static void come(int fds[CROWD])
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned i = 0; i < CROWD; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
		cr_assert_geq(fds[i], 0);
		cr_assert_eq(connect(fds[i], (struct sockaddr *)&to, sizeof to), 0, "%u", i);
	}
}

static void open_two(struct side *side, struct sipring_worker *workers[2])
{
	struct sipring_callbacks callbacks = {.dispatch = dispatched,
		.event = happened,
		.user = side};
	struct sipring_error error = {0};

	*side = (struct side){.config = sipring_config_new()};
	cr_assert_eq(sipring_config_set(side->config, "provider", "kernel", NULL), 0);
	cr_assert_eq(sipring_config_set(side->config, "workers", "2", NULL), 0);
	cr_assert_eq(sipring_config_set(side->config, "max_assocs", "3", NULL), 0);
	cr_assert_eq(sipring_config_listen(side->config, "sctp:127.0.0.1:20410", NULL), 0);
	cr_assert_eq(sipring_open(&side->sipring, side->config, &error), 0, "%s", error.text);
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(sipring_worker_open(&workers[i], side->sipring, &callbacks, &error), 0,
			"%s", error.text);
}

Test(kernel_listeners, limits_are_of_all_workers_together)
{
	struct sipring_worker *workers[2];
	struct sipring_stats stats[2];
	uint64_t n_refused = 0;
	struct side side;
	int fds[CROWD];

	open_two(&side, workers);
	come(fds);
	for (int i = 0; i < 1000 && side.n_up + n_refused < CROWD; i++) {
		for (unsigned j = 0; j < 2; j++) {
			cr_assert_eq(sipring_worker_turn(workers[j], 10000000), 0);
			sipring_worker_stats(workers[j], &stats[j]);
		}
		n_refused = stats[0].associations_refused_all + stats[1].associations_refused_all;
	}
	cr_expect_eq(side.n_up, 3, "%u came to stand", side.n_up);
	cr_expect_eq(n_refused, CROWD - 3, "%u were refused", (unsigned)n_refused);
	for (unsigned i = 0; i < CROWD; i++)
		close(fds[i]);
	for (unsigned i = 0; i < 2; i++)
		sipring_worker_close(workers[i]);
	sipring_close(side.sipring);
	sipring_config_free(side.config);
}
