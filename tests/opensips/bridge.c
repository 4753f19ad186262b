/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host that forks as the OpenSIPS core does, over a bridge: engines first, then SIP workers; a
 * peer that talks to them. Every request is handled by one worker and answered once, workers may
 * sleep, be killed and come back, and who sends never waits.
 *
 *   bridge [SETTING=VALUE…]      provider=usrsctp, say
 */
#include "storm/shared.h"

#include "net/address.h"
#include "opensips/bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define ENGINES 2
#define WORKERS 4
#define PORT 5064
#define GUEST_PORT 5065 /* of a listener that comes later */
#define PEER_PORT 7300
#define SILENT_PORT 7399
#define REQUESTS 2000
#define REQUESTS_MAX 10000
#define WINDOW 64

struct world {
	_Atomic uint8_t handled[REQUESTS_MAX];
	_Atomic uint8_t replied[REQUESTS_MAX];
	_Atomic uint32_t by_worker[WORKERS];
	_Atomic uint32_t n_ready, n_replied, n_failed, n_up, n_down, n_down_in_order, n_aborted;
	_Atomic int failed_error, failed_outcome;
	_Atomic uint16_t failed_port;
	_Atomic uint32_t wanted;      /* requests that the peer is to send in all */
	_Atomic uint32_t association; /* of the peer, as workers see it */
	_Atomic int guest;            /* the listener that workers are to attend as well; 0: none */
	_Atomic uint32_t n_attending, by_guest;
	_Atomic bool hold, hang, end,
		gone; /* workers do not read; the next one does not come back */
	_Atomic bool hung[WORKERS];
};

static struct world *world;
static struct sipring_bridge *bridge;
static char *const *settings;
static int n_settings;

static void bail(const char *what, const struct sipring_error *error)
{
	printf("Bail out! %s: %s\n", what, error->text);
	fflush(stdout);
	_exit(1);
}

static bool until(_Atomic uint32_t *count, uint32_t at_least)
{
	uint64_t end_ms = shared_now_ms() + 60000;

	while (atomic_load(count) < at_least && shared_now_ms() < end_ms)
		poll(NULL, 0, 5);
	return atomic_load(count) >= at_least;
}

/* ---- The peer: asks, and counts the answers ---- */

struct peer {
	struct sipring_worker *worker;
	uint32_t next;
};

static void peer_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	const char *number = memmem(buffer, size, "Call-ID: ", 9);
	unsigned n = number ? (unsigned)strtoul(number + 9, NULL, 10) : REQUESTS_MAX;

	(void)user, (void)message, (void)info;
	if (n >= REQUESTS_MAX)
		return;
	if (atomic_fetch_add(&world->replied[n], 1) == 0)
		atomic_fetch_add(&world->n_replied, 1);
}

static void peer_event(void *user, const struct sipring_event *event)
{
	(void)user;
	if (event->type == SIPRING_EVENT_DOWN)
		atomic_fetch_add(event->error ? &world->n_aborted : &world->n_down_in_order, 1);
}

static bool peer_ask(struct peer *peer)
{
	uint16_t port = atomic_load(&world->guest) ? GUEST_PORT : PORT;
	union sipring_address to = {.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
	char text[512];
	int size = snprintf(text, sizeof text,
		"OPTIONS sip:a@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP 127.0.0.1:%d;branch=z9hG4bK%u\r\n"
		"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: %u\r\n"
		"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		PEER_PORT, peer->next, peer->next);
	struct sipring_send send = {.data = text, .size = (size_t)size, .to = &to};

	to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (sipring_send(peer->worker, &send) < 0)
		return false;
	peer->next++;
	return true;
}

static struct sipring_config *peer_settings(void)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error;

	for (int i = 0; i < n_settings; i++) {
		char name[64];
		const char *equals = strchr(settings[i], '=');

		snprintf(name, sizeof name, "%.*s", (int)(equals - settings[i]), settings[i]);
		if (sipring_config_set(config, name, equals + 1, &error) < 0)
			bail(name, &error);
	}
	sipring_config_set(config, "encaps_port", "19912", &error);
	sipring_config_set(config, "encaps_peer_port", "19911", &error);
	return config;
}

static void be_peer(unsigned unused)
{
	struct sipring_callbacks callbacks = {.dispatch = peer_message, .event = peer_event};
	struct sipring_config *config = peer_settings();
	struct peer peer = {.next = 0};
	struct sipring_error error;
	struct sipring *sipring;
	char listener[32];

	(void)unused;
	snprintf(listener, sizeof listener, "sctp:127.0.0.1:%d", PEER_PORT);
	sipring_config_listen(config, listener, &error);
	if (sipring_open(&sipring, config, &error) < 0 ||
		sipring_worker_open(&peer.worker, sipring, &callbacks, &error) < 0)
		bail("the peer", &error);
	while (!atomic_load(&world->gone)) {
		while (peer.next < atomic_load(&world->wanted) &&
			peer.next - atomic_load(&world->n_replied) < WINDOW && peer_ask(&peer))
			;
		sipring_worker_turn(peer.worker, 2000000);
	}
	sipring_worker_close(peer.worker);
	sipring_close(sipring);
	sipring_config_free(config);
}

/* ---- The host's processes ---- */

static void engine_event(void *user, const struct sipring_event *event)
{
	(void)user;
	if (event->type == SIPRING_EVENT_UP)
		atomic_fetch_add(&world->n_up, 1);
	else if (event->type == SIPRING_EVENT_DOWN)
		atomic_fetch_add(&world->n_down, 1);
	else if (event->type == SIPRING_EVENT_FAILED) {
		atomic_store(&world->failed_error, event->error);
		atomic_store(&world->failed_outcome, (int)event->outcome);
		atomic_store(&world->failed_port,
			event->address ? sipring_address_port(event->address) : 0);
		atomic_fetch_add(&world->n_failed, 1);
	}
}

static void on_term(int signal)
{
	(void)signal;
	sipring_bridge_stop(bridge);
}

static void be_engine(unsigned number)
{
	struct sipring_callbacks callbacks = {.event = engine_event};
	struct sipring_error error;

	(void)number;
	signal(SIGTERM, on_term);
	if (sipring_bridge_run(bridge, &callbacks, 2000, &error) < 0)
		bail("an engine", &error);
	sipring_bridge_free(bridge);
}

/* The script: answers on the association that the request came by. */
static void handle(void *user, unsigned listener, char *buffer, size_t size,
	const struct sipring_receive_info *info)
{
	unsigned number = *(unsigned *)user;
	const char *call = memmem(buffer, size, "Call-ID: ", 9);
	unsigned n = (unsigned)strtoul(call + 9, NULL, 10);
	char text[512];
	struct sipring_send send = {.data = text,
		.association = info->association,
		.to = &info->source};

	if (buffer[size] || n >= REQUESTS_MAX)
		return;
	atomic_store(&world->association, info->association);
	atomic_fetch_add(&world->handled[n], 1);
	atomic_fetch_add(&world->by_worker[number], 1);
	atomic_fetch_add(&world->by_guest, listener != 0);
	if (atomic_exchange(&world->hang, false)) {
		atomic_store(&world->hung[number], true);
		pause();
	}
	if (n % 7 == 0)
		poll(NULL, 0, 1);
	send.size = (size_t)snprintf(text, sizeof text,
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/SCTP 127.0.0.1:%d;branch=z9hG4bK%u\r\n"
		"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>;tag=2\r\nCall-ID: %u\r\n"
		"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		PEER_PORT, n, n);
	while (sipring_bridge_send(bridge, &send) == -ENOBUFS)
		poll(NULL, 0, 1);
}

/* As a process does that learns of a socket, and later that there is none. */
static void attend_guest(int *attended)
{
	struct sipring_error error;
	int wanted = atomic_load(&world->guest);

	if (wanted && !*attended && sipring_bridge_attend(bridge, (unsigned)wanted, &error) < 0)
		bail("a worker", &error);
	if (wanted && !*attended)
		atomic_fetch_add(&world->n_attending, 1);
	if (!wanted && *attended)
		sipring_bridge_forsake(bridge, (unsigned)*attended);
	*attended = wanted;
}

static void be_worker(unsigned number)
{
	struct sipring_error error;
	int attended = 0;
	int fd = sipring_bridge_attend(bridge, 0, &error);

	if (fd < 0)
		bail("a worker", &error);
	atomic_fetch_add(&world->n_ready, 1);
	while (!atomic_load(&world->end)) {
		struct pollfd readable = {fd, POLLIN, 0};

		attend_guest(&attended);
		if (atomic_load(&world->hold))
			poll(NULL, 0, 5);
		else if (poll(&readable, 1, 20) == 1)
			sipring_bridge_read(bridge, handle, &number);
	}
	sipring_bridge_leave(bridge);
}

/* ---- The tests ---- */

static struct sipring_bridge *new_bridge(void)
{
	struct sipring_bridge *made = sipring_bridge_new();
	struct sipring_error error;

	for (int i = 0; i < n_settings; i++) {
		char name[64];
		const char *equals = strchr(settings[i], '=');

		snprintf(name, sizeof name, "%.*s", (int)(equals - settings[i]), settings[i]);
		if (sipring_bridge_set(made, name, equals + 1, &error) < 0)
			bail(name, &error);
	}
	sipring_bridge_set(made, "encaps_port", "19911", &error);
	sipring_bridge_set(made, "encaps_peer_port", "19912", &error);
	sipring_bridge_set(made, "inbox_small", "32", &error);
	sipring_bridge_set(made, "inbox_medium", "4", &error);
	sipring_bridge_set(made, "inbox_large", "2", &error);
	sipring_bridge_set(made, "connect_timeout_ms", "1500", &error);
	return made;
}

static unsigned count(_Atomic uint8_t *counts, unsigned n, uint8_t times)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += atomic_load(&counts[i]) == times;
	return sum;
}

static void mistakes_are_told_before_the_fork(void)
{
	struct sipring_bridge *made = new_bridge();
	struct sipring_error error = {0};
	bool good = sipring_bridge_open(made, 1, 16, &error) == -EINVAL &&
		strstr(error.text, "no SCTP listener");

	/* Twice, for in user space the address does not matter. */
	for (unsigned i = 0; i < 2; i++)
		sipring_bridge_listen(made, "sctp:192.0.2.77:5066", 2, &error);
	good = good && sipring_bridge_open(made, 1, 16, &error) < 0 && strstr(error.text, "5066");
	if (!good)
		printf("# %s\n", error.text);
	shared_point(good, "a listener that cannot be is told before the fork");
	sipring_bridge_free(made);
}

static void begin(pid_t *engines, pid_t *workers)
{
	struct sipring_error error;
	char listener[32];

	bridge = new_bridge();
	sipring_bridge_spare(bridge, 1, 0, &error);
	snprintf(listener, sizeof listener, "sctp:127.0.0.1:%d", PORT);
	if (sipring_bridge_listen(bridge, listener, WORKERS, &error) != 0 ||
		sipring_bridge_open(bridge, ENGINES, 16, &error) < 0)
		bail("open", &error);
	for (unsigned i = 0; i < ENGINES; i++)
		engines[i] = shared_start(be_engine, i);
	shared_point(sipring_bridge_await(bridge, 20000) == 0, "the engines run");
	for (unsigned i = 0; i < WORKERS; i++)
		workers[i] = shared_start(be_worker, i);
}

static void each_is_handled_and_answered_once(void)
{
	unsigned idle = 0;
	bool good = until(&world->n_ready, WORKERS);

	atomic_store(&world->wanted, REQUESTS);
	good = good && until(&world->n_replied, REQUESTS) &&
		count(world->handled, REQUESTS, 1) == REQUESTS &&
		count(world->replied, REQUESTS, 1) == REQUESTS;
	for (unsigned i = 0; i < WORKERS; i++)
		idle += atomic_load(&world->by_worker[i]) == 0;
	if (!good)
		printf("# %u replied, %u handled once\n", atomic_load(&world->n_replied),
			count(world->handled, REQUESTS, 1));
	shared_point(good, "each request is handled by one worker and answered once");
	shared_point(idle == 0, "one association is served by every worker");
}

static void nothing_is_lost_when_nobody_reads(void)
{
	struct sipring_stats stats;
	uint32_t from = atomic_load(&world->n_replied);

	atomic_store(&world->hold, true);
	atomic_store(&world->wanted, 2 * REQUESTS);
	poll(NULL, 0, 500);
	sipring_bridge_stats(bridge, &stats);
	shared_point(stats.inbox_full > 0 && atomic_load(&world->n_replied) <= from + WORKERS,
		"a full queue makes messages wait where they lie");
	atomic_store(&world->hold, false);
	shared_point(until(&world->n_replied, 2 * REQUESTS) &&
			count(world->replied, 2 * REQUESTS, 1) == 2 * REQUESTS,
		"and none of them is lost");
}

static unsigned hung_worker(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		if (atomic_load(&world->hung[i]))
			return i;
	return WORKERS;
}

static void a_killed_worker_has_a_successor(pid_t *workers)
{
	struct sipring_taker_stats taken;
	unsigned hung;

	atomic_store(&world->hang, true);
	atomic_store(&world->wanted, 3 * REQUESTS);
	shared_point(until(&world->n_replied, 3 * REQUESTS - 1),
		"a worker whose script hangs holds up its own message alone");
	hung = hung_worker();
	if (hung == WORKERS)
		return;
	kill(workers[hung], SIGKILL);
	waitpid(workers[hung], NULL, 0);
	atomic_store(&world->by_worker[hung], 0);
	workers[hung] = shared_start(be_worker, hung);
	until(&world->n_ready, WORKERS + 1);
	atomic_store(&world->wanted, 4 * REQUESTS - WINDOW);
	shared_point(until(&world->n_replied, 4 * REQUESTS - WINDOW - 1),
		"the others go on when it is killed");
	shared_point(atomic_load(&world->by_worker[hung]) > 0, "its successor takes its place");
	for (unsigned i = 0; i < 100; i++) {
		sipring_bridge_taken(bridge, 0, &taken);
		if (taken.failed)
			break;
		poll(NULL, 0, 50);
	}
	shared_point(taken.failed == 1 && taken.put == taken.taken,
		"what it had in hand is counted as failed");
}

/* A UDP socket and nothing behind it, in user space; a port nobody has, in the kernel. */
static void who_cannot_be_reached_is_told(void)
{
	union sipring_address to = {.v4 = {.sin_family = AF_INET, .sin_port = htons(SILENT_PORT)}};
	struct sipring_send send = {.data = "x", .size = 1, .to = &to};
	struct sipring_bridge_refused before, after;
	int r = 0;

	sipring_bridge_refused(bridge, &before);
	to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	shared_point(sipring_bridge_send(bridge, &send) == 0 && until(&world->n_failed, 1) &&
			atomic_load(&world->failed_outcome) == SIPRING_OUTCOME_CONNECT_FAILED &&
			atomic_load(&world->failed_port) == SILENT_PORT,
		"a send that fails later is told in an engine, with its address");
	for (unsigned i = 0; i < 200 && r == 0; i++) {
		r = sipring_bridge_send(bridge, &send);
		poll(NULL, 0, 1);
	}
	sipring_bridge_refused(bridge, &after);
	shared_point(r == -EHOSTDOWN && after.n_dead == before.n_dead + 1 &&
			after.n_full == before.n_full && after.n_other == before.n_other,
		"and the next one is refused at once, and counted");
}

static void an_association_can_be_ended(void)
{
	uint32_t before = atomic_load(&world->n_down), aborted = atomic_load(&world->n_aborted);

	shared_point(sipring_bridge_disconnect(bridge, atomic_load(&world->association), true) ==
				0 &&
			until(&world->n_down, before + 1) && until(&world->n_aborted, aborted + 1),
		"any process can end an association");
	atomic_fetch_add(&world->wanted, 1);
	shared_point(until(&world->n_replied, 4 * REQUESTS - WINDOW),
		"and the peer comes back by a new one");
}

static void a_listener_comes_and_goes(void)
{
	uint32_t before = atomic_load(&world->n_replied), n_ended;
	struct sipring_error error;
	char listener[32];
	int number;

	snprintf(listener, sizeof listener, "sctp:127.0.0.1:%d", GUEST_PORT);
	number = sipring_bridge_come(bridge, listener, NULL, &error);
	shared_point(number == 1, "a listener comes while the host runs");
	if (number != 1)
		return;
	atomic_store(&world->guest, number);
	until(&world->n_attending, WORKERS);
	poll(NULL, 0, 2500);
	atomic_fetch_add(&world->wanted, 200);
	shared_point(until(&world->n_replied, before + 200) && atomic_load(&world->by_guest) == 200,
		"its messages are handled as such for as long as it is attended");
	n_ended = atomic_load(&world->n_down_in_order);
	atomic_store(&world->guest, 0);
	shared_point(until(&world->n_down_in_order, n_ended + 1),
		"it ends when nobody attends it any more");
	atomic_fetch_add(&world->wanted, 10);
	shared_point(until(&world->n_replied, before + 210) && atomic_load(&world->by_guest) == 200,
		"the other one goes on");
}

static void the_end_is_in_order(pid_t *engines, pid_t *workers)
{
	uint32_t n_ended = atomic_load(&world->n_down_in_order);
	uint64_t began_ms = shared_now_ms();
	int status = 0, bad = 0;

	for (unsigned i = 0; i < ENGINES; i++)
		kill(engines[i], SIGTERM);
	for (unsigned i = 0; i < ENGINES; i++) {
		waitpid(engines[i], &status, 0);
		bad += status != 0;
	}
	shared_point(bad == 0 && shared_now_ms() - began_ms < 10000, "engines end when told to");
	shared_point(until(&world->n_down_in_order, n_ended + 1),
		"and shut their associations down");
	atomic_store(&world->end, true);
	for (unsigned i = 0; i < WORKERS; i++) {
		waitpid(workers[i], &status, 0);
		bad += status != 0;
	}
	shared_point(bad == 0, "so do workers");
}

int main(int argc, char **argv)
{
	pid_t engines[ENGINES], workers[WORKERS], peer;

	settings = argv + 1;
	n_settings = argc - 1;
	world = shared_map(sizeof *world);
	mistakes_are_told_before_the_fork();
	begin(engines, workers);
	peer = shared_start(be_peer, 0);
	each_is_handled_and_answered_once();
	nothing_is_lost_when_nobody_reads();
	a_killed_worker_has_a_successor(workers);
	who_cannot_be_reached_is_told();
	an_association_can_be_ended();
	a_listener_comes_and_goes();
	the_end_is_in_order(engines, workers);
	atomic_store(&world->gone, true);
	waitpid(peer, NULL, 0);
	sipring_bridge_free(bridge);
	return shared_plan();
}
