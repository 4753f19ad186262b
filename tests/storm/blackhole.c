/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer that nothing comes back from, SCTP in UDP to a socket that is not read, among 50 healthy
 * ones: no send waits a turn longer for it, its own are told as failed in time, and at once as long
 * as it is left alone.
 *
 *   blackhole [SECONDS] [SETTING=VALUE…]
 */
#include "crowd.h"
#include "host.h"
#include "shared.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>

#define HEALTHY 50
#define SENDS_MAX 100000
#define TIMEOUT_MS 1000 /* of a connect; and as long it is left alone at first */
#define WHEEL_MS 50     /* by which a timer may be late */

struct world {
	_Atomic bool end, ended;
	_Atomic uint64_t n_answered, n_live;
};

static struct world *world;
static struct sipring_worker *worker;
static uint64_t n_turns, longest_turn_ms;

/* Of answers to healthy ones, in a ring by their cookies. */
static uint64_t sent_in[1 << 16];
static uint32_t n_sent;
static uint64_t longest_turns, n_out, n_failed;

/* Of sends into the black hole, by their cookies less DARK. */
#define DARK 0x80000000u
static uint64_t dark_ms[SENDS_MAX];
static uint8_t dark_outcomes[SENDS_MAX];
static uint32_t n_dark;
static uint64_t n_full, n_held, n_others, longest_ms, longest_held_ns, n_connects;
static uint64_t failed_at_ms;

static void be_healthy(unsigned unused)
{
	struct crowd crowd;

	(void)unused;
	crowd_open(&crowd, HEALTHY, (const char *const[]){"autoclose", "0", NULL});
	if (!crowd_connect(&crowd, HEALTHY, 60))
		host_fail("the healthy ones", "do not come");
	crowd.window = HEALTHY;
	while (!atomic_load(&world->end)) {
		crowd_run(&crowd, 20);
		atomic_store(&world->n_answered, crowd.n_answered);
	}
	if (!crowd_settle(&crowd, 20) || crowd.n_lost || crowd.n_bad)
		host_fail("the healthy ones", "are not all answered");
	atomic_store(&world->ended, true);
	crowd_close(&crowd);
}

static void dispatched(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	static char text[4096];
	int n = sipring_reply_write(text, sizeof text, message,
		&(struct sipring_reply){.status = 200, .source = &info->source});
	struct sipring_send send = {.data = text,
		.size = (size_t)n,
		.association = info->association,
		.cookie = 1 + n_sent % (1 << 16)};

	(void)user, (void)buffer, (void)size;
	if (n < 0 || sipring_send(worker, &send) < 0) {
		n_failed++;
		return;
	}
	sent_in[n_sent++ % (1 << 16)] = n_turns;
}

static void dark_ended(uint32_t n, enum sipring_outcome outcome)
{
	uint64_t took_ms = shared_now_ms() - dark_ms[n];

	dark_outcomes[n]++;
	n_others += outcome != SIPRING_OUTCOME_CONNECT_FAILED;
	longest_ms = took_ms > longest_ms ? took_ms : longest_ms;
	n_connects += shared_now_ms() > failed_at_ms + TIMEOUT_MS / 2;
	failed_at_ms = shared_now_ms();
}

static void on_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	uint64_t turns;

	(void)user, (void)error;
	if (cookie >= DARK) {
		dark_ended(cookie - DARK, outcome);
		return;
	}
	turns = n_turns - sent_in[cookie - 1];
	n_out++;
	n_failed += outcome != SIPRING_OUTCOME_SENT;
	longest_turns = turns > longest_turns ? turns : longest_turns;
}

static void send_into_the_dark(void)
{
	union sipring_address to = {.v4 = {.sin_family = AF_INET, .sin_port = htons(9)}};
	static const char text[] = "OPTIONS sip:nobody@127.0.0.9 SIP/2.0\r\n\r\n";
	struct sipring_send send = {.data = text,
		.size = sizeof text - 1,
		.to = &to,
		.cookie = DARK + n_dark};
	uint64_t begun_ns = host_now_ns();
	int r;

	to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 8);
	if (n_dark == SENDS_MAX)
		return;
	r = sipring_send(worker, &send);
	if (r == 0) {
		dark_ms[n_dark++] = shared_now_ms();
	} else if (r == -EHOSTDOWN) {
		uint64_t took_ns = host_now_ns() - begun_ns;

		n_held++;
		longest_held_ns = took_ns > longest_held_ns ? took_ns : longest_held_ns;
	} else if (r == -ENOBUFS) {
		n_full++;
	} else {
		n_others++;
	}
}

static double turn_for(unsigned ms, bool dark)
{
	uint64_t end_ms = shared_now_ms() + ms, before = atomic_load(&world->n_answered);
	uint64_t last_ms = shared_now_ms();

	longest_turns = 0;
	while (shared_now_ms() < end_ms) {
		if (dark)
			send_into_the_dark();
		if (sipring_worker_turn(worker, 20000000) < 0)
			abort();
		n_turns++;
		if (shared_now_ms() - last_ms > longest_turn_ms)
			longest_turn_ms = shared_now_ms() - last_ms;
		last_ms = shared_now_ms();
	}
	return (double)(atomic_load(&world->n_answered) - before) * 1000 / ms;
}

static int black_socket(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(host_port(1))};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	at.sin_addr.s_addr = htonl(INADDR_ANY);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
		host_fail("the black hole", strerror(errno));
	return fd;
}

static unsigned count_packets(int fd)
{
	char some[64];
	unsigned n = 0;

	while (recv(fd, some, sizeof some, MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void check_dark(int black)
{
	unsigned n_once = 0, n_packets = count_packets(black);

	for (uint32_t i = 0; i < n_dark; i++)
		n_once += dark_outcomes[i] == 1;
	printf("# into the black hole: %u accepted, failed after %" PRIu64
	       " ms at most, in %" PRIu64 " connects of %u packets; %" PRIu64
	       " refused at once, within %.1f us; %" PRIu64
	       " found the queue full; the longest turn took %" PRIu64 " ms\n",
		n_dark, longest_ms, n_connects, n_packets, n_held, (double)longest_held_ns / 1e3,
		n_full, longest_turn_ms);
	shared_point(n_dark > 0 && n_once == n_dark && !n_others,
		"each of its sends is told as failed, once");
	shared_point(longest_ms <= TIMEOUT_MS + WHEEL_MS + 2 * longest_turn_ms,
		"in the time that is configured");
	shared_point(n_held > 0, "and refused at once while it is left alone");
	shared_point(n_connects >= 2 && n_packets >= n_connects && n_packets <= 6 * n_connects,
		"which sends no packets");
}

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 6;
	struct sipring_callbacks callbacks = {.dispatch = dispatched, .outcome = on_outcome};
	char port[8];
	const char *pairs[] = {"encapsulation", "udp", "encaps_peer_port", port,
		"connect_timeout_ms", "1000", "reconnect_min_ms", "1000", "reconnect_max_ms",
		"2000", "autoclose", "0", NULL};
	uint64_t turns_before;
	struct sipring *sipring;
	double before, with;
	pid_t healthy;
	int black;

	host_begin((const char *const *)argv + 2, argc > 2 ? argc - 2 : 0);
	snprintf(port, sizeof port, "%u", host_port(1));
	host_open_udp_port();
	world = shared_map(sizeof *world);
	black = black_socket();
	healthy = shared_start(be_healthy, 0); /* before there is a stack in this process */
	worker = host_open(&sipring, 0, pairs, &callbacks);
	while (!atomic_load(&world->n_answered))
		turn_for(50, false);
	before = turn_for(2000, false);
	turns_before = longest_turns;
	with = turn_for(seconds * 1000, true);
	printf("# the healthy ones: %.0f answers a second before, %.0f then; from a send to its "
	       "outcome %" PRIu64 " turns at most before, %" PRIu64 " then\n",
		before, with, turns_before, longest_turns);
	shared_point(longest_turns <= turns_before + 1, "no other send waits for a turn more");
	turn_for(2 * TIMEOUT_MS, false);
	atomic_store(&world->end, true);
	while (!atomic_load(&world->ended) && waitpid(healthy, NULL, WNOHANG) == 0)
		turn_for(20, false);
	shared_point(atomic_load(&world->ended) && n_out == n_sent && !n_failed,
		"each of the others was sent and answered");
	check_dark(black);
	sipring_worker_close(worker);
	sipring_close(sipring);
	return shared_plan();
}
