/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I/O and handlers apart, from end to end: a peer with one association, a worker in a process of
 * its own, eight takers in theirs, who answer through the worker. Who takes a request notes its
 * number, so what is lost or comes twice is seen; takers note when they were idle, so that a
 * message which waited beside an idle one is seen too.
 *
 *   trunk   RATE requests a second (5,000); takers sleep 0 to 1 s now and then
 *   full    small inboxes, short and long requests, slow takers: SCTP holds the peer back
 *   killed  as trunk, and takers are killed all the time
 *   worker  as trunk, and the worker is killed twice: its successor goes on with what it left
 *
 * usage: takers trunk|full|killed|worker [MESSAGES] [RATE] [SETTING=VALUE…]
 */
#include "shared.h"
#include "spans.h"
#include "unit/random.h"

#include <sipring/sipring.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

#define TAKERS 8
#define PORT 5064
#define PEER_PORT 7300
#define MESSAGES_MAX 200000
#define IDLES_MAX 200000 /* of one taker */
#define LATE_MS 500      /* beside an idle taker, on a machine that does other things too */

struct world {
	_Atomic uint8_t taken[MESSAGES_MAX];
	_Atomic uint8_t answered[MESSAGES_MAX];
	struct span waits[MESSAGES_MAX];
	struct span idles[TAKERS][IDLES_MAX];
	_Atomic uint32_t n_idles[TAKERS];
	_Atomic uint32_t n_bad, n_ready, n_sent, n_held_back, n_up;
	_Atomic uint64_t n_inbox_full, n_waiting;
	_Atomic bool begin, end;
};

static struct world *world;
static struct sipring *sipring;
static unsigned n_messages = 15000, rate = 5000; /* a second */
static const char *which;
static const char *const *more_settings;
static int n_more_settings;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fail(const char *what, const struct sipring_error *error)
{
	printf("Bail out! %s: %s\n", what, error->text);
	fflush(stdout);
	_exit(1);
}

static void set(struct sipring_config *config, const char *const *pairs)
{
	struct sipring_error error;

	for (; *pairs; pairs += 2)
		if (sipring_config_set(config, pairs[0], pairs[1], &error) < 0)
			fail(pairs[0], &error);
}

static struct sipring_config *settings(uint16_t port, const char *const *pairs)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error;
	char listener[64];

	set(config, pairs);
	for (int i = 0; i < n_more_settings; i++) {
		char name[64];
		const char *equals = strchr(more_settings[i], '=');

		snprintf(name, sizeof name, "%.*s", (int)(equals - more_settings[i]),
			more_settings[i]);
		set(config, (const char *const[]){name, equals + 1, NULL});
	}
	snprintf(listener, sizeof listener, "sctp:127.0.0.1:%u", port);
	if (sipring_config_listen(config, listener, &error) < 0)
		fail(listener, &error);
	return config;
}

static bool is(const char *name)
{
	return strcmp(which, name) == 0;
}

static unsigned number_of(const char *buffer, size_t size)
{
	const char *number = memmem(buffer, size, "Call-ID: ", 9);
	unsigned n = number ? (unsigned)strtoul(number + 9, NULL, 10) : MESSAGES_MAX;

	return n < n_messages ? n : MESSAGES_MAX;
}

/* ---- The peer ---- */

static size_t body_of(unsigned n)
{
	return !is("full") ? 200 : n % 50 == 0 ? 50000 : n % 10 == 0 ? 20000 : n % 3 * 2000;
}

static void peer_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	unsigned n = number_of(buffer, size);

	(void)user, (void)info;
	if (n < n_messages && message->status == 200)
		atomic_fetch_add(&world->answered[n], 1);
	else
		atomic_fetch_add(&world->n_bad, 1);
}

static void peer_event(void *user, const struct sipring_event *event)
{
	(void)user;
	if (event->type == SIPRING_EVENT_UP)
		atomic_fetch_add(&world->n_up, 1);
}

static bool send_one(struct sipring_worker *worker, unsigned n)
{
	static char text[65536];
	union sipring_address to = {.v4 = {.sin_family = AF_INET}};
	size_t body = body_of(n);
	int head = snprintf(text, sizeof text,
		"MESSAGE sip:edge@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP 127.0.0.1:%u;branch=z9hG4bK%u\r\n"
		"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: %u\r\n"
		"CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Type: text/plain\r\n"
		"Content-Length: %zu\r\n\r\n",
		PEER_PORT, n, n, body);

	to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.v4.sin_port = htons(PORT);
	memset(text + head, (int)('a' + n % 26), body);
	return sipring_send(worker,
		       &(struct sipring_send){.data = text,
			       .size = (size_t)head + body,
			       .to = &to}) == 0;
}

/* So many as are due; full: as many as SCTP takes. */
static unsigned send_due(struct sipring_worker *worker, unsigned n_sent, uint64_t begun_ns)
{
	uint64_t due = (now_ns() - begun_ns) / 1000000 * rate / 1000;

	for (unsigned i = 0; i < 200 && n_sent < n_messages; i++) {
		if (!is("full") && n_sent >= due)
			break;
		if (!send_one(worker, n_sent)) {
			atomic_fetch_add(&world->n_held_back, 1);
			break;
		}
		atomic_store(&world->n_sent, ++n_sent);
	}
	return n_sent;
}

static void be_peer(unsigned unused)
{
	static const char *const pairs[] = {"encaps_port", "9897", "encaps_peer_port", "9899",
		"queue_messages", "100000", "queue_bytes", "100000000", "send_small", "100000",
		"send_timeout_ms", "600000", NULL};
	static const char *const full[] = {"queue_messages", "50", "send_large", "64", NULL};
	struct sipring_callbacks callbacks = {.dispatch = peer_message, .event = peer_event};
	struct sipring_config *config = settings(PEER_PORT, pairs);
	struct sipring_worker *worker;
	struct sipring_error error;
	struct sipring *peer;
	unsigned n_sent = 0;
	uint64_t begun_ns = 0;

	(void)unused;
	if (is("full"))
		set(config, full);
	if (sipring_open(&peer, config, &error) < 0 ||
		sipring_worker_open(&worker, peer, &callbacks, &error) < 0)
		fail("the peer", &error);
	atomic_fetch_add(&world->n_ready, 1);
	while (!atomic_load(&world->end)) {
		if (atomic_load(&world->begin)) {
			begun_ns = begun_ns ? begun_ns : now_ns();
			n_sent = send_due(worker, n_sent, begun_ns);
		}
		sipring_worker_turn(worker, 1000000);
	}
	sipring_worker_close(worker);
	sipring_close(peer);
}

/* ---- The worker ---- */

static void be_worker(unsigned unused)
{
	struct sipring_callbacks callbacks = {0};
	struct sipring_worker *worker;
	struct sipring_stats stats;
	struct sipring_error error;

	(void)unused;
	/* The rings of one who was killed let go of his sockets a little later than he ends. */
	for (unsigned i = 0; sipring_worker_open(&worker, sipring, &callbacks, &error) < 0; i++) {
		if (i == 500)
			fail("the worker", &error);
		usleep(10000);
	}
	atomic_fetch_add(&world->n_ready, 1);
	while (!atomic_load(&world->end)) {
		if (sipring_worker_turn(worker, 50000000) < 0)
			abort();
		sipring_worker_stats(worker, &stats);
		atomic_store(&world->n_inbox_full, stats.inbox_full);
		atomic_store(&world->n_waiting, stats.inbox_waiting);
	}
	sipring_worker_close(worker);
}

/* ---- Takers ---- */

static void answer(struct sipring_sender *sender, const struct sipring_taken *taken)
{
	static struct sipring_message message;
	char text[2048];
	int size = -1;

	if (sipring_message_parse(&message, taken->buffer, taken->size) == SIPRING_PARSE_ACCEPTED)
		size = sipring_reply_write(text, sizeof text, &message,
			&(struct sipring_reply){.status = 200, .source = &taken->info.source});
	if (size < 0) {
		atomic_fetch_add(&world->n_bad, 1);
		return;
	}
	while (sipring_sender_send(sender,
		       &(struct sipring_send){.data = text,
			       .size = (size_t)size,
			       .association = taken->info.association}) == -ENOBUFS)
		usleep(1000);
}

static bool is_whole(const struct sipring_taken *taken, unsigned n)
{
	const char *body = memmem(taken->buffer, taken->size, "\r\n\r\n", 4);
	size_t size = body ? taken->size - (size_t)(body + 4 - taken->buffer) : 0;

	if (!body || size != body_of(n) || taken->buffer[taken->size])
		return false;
	for (size_t i = 0; i < size; i++)
		if (body[4 + i] != (char)('a' + n % 26))
			return false;
	return true;
}

static void handle(struct sipring_sender *sender, struct sipring_taken *taken, uint64_t *seed)
{
	unsigned n = number_of(taken->buffer, taken->size);
	unsigned slow = is("full") ? 4 : 800;

	if (n == MESSAGES_MAX || !is_whole(taken, n)) {
		atomic_fetch_add(&world->n_bad, 1);
		return;
	}
	world->waits[n] = (struct span){taken->received_ns, now_ns()};
	atomic_fetch_add(&world->taken[n], 1);
	answer(sender, taken);
	memset(taken->buffer, '#', taken->size + 64); /* it is ours to write */
	if (random_below(seed, slow) == 0)
		usleep((useconds_t)random_below(seed, is("full") ? 10000 : 1000000));
}

/* From now on, if he will sleep; 0 where more is to be taken. */
static uint64_t idle_from(const struct sipring_taker *taker)
{
	struct pollfd fd = {sipring_taker_fd(taker), POLLIN, 0};

	return poll(&fd, 1, 0) == 0 ? now_ns() : 0;
}

static void note_idle(unsigned number, uint64_t begin_ns)
{
	uint32_t i = atomic_load(&world->n_idles[number]);

	if (i == IDLES_MAX || !begin_ns)
		return;
	world->idles[number][i] = (struct span){begin_ns, now_ns()};
	atomic_store(&world->n_idles[number], i + 1);
}

/* Several at a time where nobody sleeps long: what is in a hand waits. */
static void be_taker(unsigned number)
{
	uint64_t seed = number + (uint64_t)getpid() * 100, idle_ns = 0;
	struct sipring_sender *sender;
	struct sipring_taker *taker;
	struct sipring_error error;

	if (sipring_taker_open(&taker, sipring, number % 2 ? 0 : SIPRING_LISTENERS_ALL, NULL,
		    &error) < 0 ||
		sipring_sender_open(&sender, sipring, &(struct sipring_callbacks){0}, &error) < 0)
		fail("a taker", &error);
	atomic_fetch_add(&world->n_ready, 1);
	while (!atomic_load(&world->end)) {
		struct pollfd fd = {sipring_taker_fd(taker), POLLIN, 0};
		struct sipring_taken taken[4];
		unsigned n;

		if (poll(&fd, 1, 1000) < 1)
			continue;
		note_idle(number, idle_ns);
		n = sipring_taker_take(taker, taken, is("full") ? 4 : 1);
		for (unsigned i = 0; i < n; i++) {
			handle(sender, &taken[i], &seed);
			if (sipring_taker_give(taker, &taken[i]) < 0)
				atomic_fetch_add(&world->n_bad, 1);
		}
		sipring_sender_run(sender);
		idle_ns = idle_from(taker);
	}
	sipring_taker_close(taker);
	sipring_sender_close(sender);
}

/* ---- What came of it ---- */

/* The times in which somebody was idle, in order and apart. */
static size_t join_idles(struct span *all)
{
	size_t n = 0;

	for (unsigned i = 0; i < TAKERS; i++) {
		memcpy(all + n, world->idles[i], world->n_idles[i] * sizeof *all);
		n += world->n_idles[i];
	}
	return span_join(all, n);
}

static void check_waits(unsigned late_ms)
{
	struct span *idles = malloc(TAKERS * sizeof world->idles[0]);
	size_t n = join_idles(idles);
	uint64_t longest_ns = 0, longest_wait_ns = 0;
	unsigned n_late = 0;

	for (unsigned i = 0; i < n_messages; i++) {
		const struct span *wait = &world->waits[i];
		uint64_t beside_ns = span_common_ns(wait, idles, n);

		longest_ns = beside_ns > longest_ns ? beside_ns : longest_ns;
		n_late += beside_ns >= 5000000;
		if (wait->end_ns - wait->begin_ns > longest_wait_ns)
			longest_wait_ns = wait->end_ns - wait->begin_ns;
	}
	shared_point(longest_ns < late_ms * UINT64_C(1000000),
		"trunk: no message waits while a taker is idle");
	printf("# longest wait beside an idle taker %.3f ms, %u of 5 ms or more; longest of all "
	       "%.3f ms\n",
		(double)longest_ns / 1e6, n_late, (double)longest_wait_ns / 1e6);
	free(idles);
}

static unsigned count(const _Atomic uint8_t *of, uint8_t times)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_messages; i++)
		n += of[i] == times;
	return n;
}

static void point(bool good, const char *what)
{
	char name[128];

	snprintf(name, sizeof name, "%s: %s", which, what);
	shared_point(good, name);
}

static struct sipring_taker_stats stats_of(void)
{
	struct sipring_taker_stats stats;

	if (sipring_taker_stats(sipring, SIPRING_LISTENERS_ALL, &stats) < 0)
		abort();
	return stats;
}

static void check_all_taken(void)
{
	struct sipring_taker_stats stats = stats_of();

	point(count(world->taken, 1) == n_messages, "each was taken once");
	point(count(world->answered, 1) == n_messages && !world->n_bad,
		"each was answered once, through the worker");
	point(stats.put == n_messages && stats.taken == n_messages && !stats.failed && !stats.lost,
		"the counters say so");
	point(stats.wakes * 10 <= stats.put * 11, "at most 1.1 wakes a message");
	printf("# %u messages, %.3f wakes a message, %u associations, %lu found no room, "
	       "held back %u times\n",
		n_messages, (double)stats.wakes / (double)stats.put, world->n_up,
		(unsigned long)world->n_inbox_full, world->n_held_back);
}

/* ---- The course of it ---- */

static pid_t peer, worker, takers[TAKERS];

static void await_ready(unsigned n)
{
	uint64_t end_ms = shared_now_ms() + 30000;

	while (atomic_load(&world->n_ready) < n && shared_now_ms() < end_ms)
		usleep(10000);
}

static void begin(void)
{
	static const char *const pairs[] = {"takers", "8", "senders", "8", "encaps_port", "9899",
		"encaps_peer_port", "9897", NULL};
	static const char *const full[] = {"inbox_small", "16", "inbox_medium", "4", "inbox_large",
		"2", "receive_buffers", "64", "reassembly_slots", "8", NULL};
	struct sipring_config *config;
	struct sipring_error error;

	world = shared_map(sizeof *world);
	peer = shared_start(be_peer, 0);
	config = settings(PORT, pairs);
	if (is("full"))
		set(config, full);
	if (sipring_open(&sipring, config, &error) < 0)
		fail("sipring_open", &error);
	sipring_config_free(config);
	for (unsigned i = 0; i < TAKERS; i++)
		takers[i] = shared_start(be_taker, i);
	worker = shared_start(be_worker, 0);
	await_ready(TAKERS + 2);
	atomic_store(&world->begin, true);
}

static void end(void)
{
	atomic_store(&world->end, true);
	waitpid(peer, NULL, 0);
	waitpid(worker, NULL, 0);
	for (unsigned i = 0; i < TAKERS; i++)
		waitpid(takers[i], NULL, 0);
}

static uint64_t n_through(void)
{
	struct sipring_taker_stats stats = stats_of();

	return stats.taken;
}

static void until_all_answered(unsigned seconds)
{
	uint64_t end_ms = shared_now_ms() + seconds * 1000;

	while (count(world->answered, 1) < n_messages && shared_now_ms() < end_ms)
		usleep(20000);
}

static void kill_takers(void)
{
	uint64_t end_ms = shared_now_ms() + 60000;
	unsigned n_killed = 0;

	while (n_through() < n_messages && shared_now_ms() < end_ms) {
		unsigned i = n_killed % TAKERS;

		usleep(20000);
		kill(takers[i], SIGKILL);
		waitpid(takers[i], NULL, 0);
		/* The others are found out by the worker, or by who takes the place. */
		if (n_killed % 3 == 0)
			sipring_ended(sipring, takers[i]);
		n_killed++;
		takers[i] = shared_start(be_taker, i);
	}
	printf("# %u takers killed\n", n_killed);
}

static void check_killed(void)
{
	struct sipring_taker_stats stats;
	uint64_t end_ms = shared_now_ms() + 5000;
	unsigned n_never;

	do {
		usleep(50000);
		stats = stats_of();
		n_never = count(world->taken, 0);
	} while (stats.failed < n_never && shared_now_ms() < end_ms);
	point(count(world->taken, 0) + count(world->taken, 1) == n_messages, "none is taken twice");
	point(stats.put == n_messages && stats.taken == stats.put, "all were put in and taken");
	point(stats.failed > 0 && stats.failed >= n_never, "what a killed one held has failed");
	point(!world->n_bad, "all are whole");
	printf("# %u messages, %u noted by no taker, %lu failed, %.3f wakes a message\n",
		n_messages, n_never, (unsigned long)stats.failed,
		(double)stats.wakes / (double)stats.put);
}

static void kill_worker(void)
{
	for (unsigned i = 1; i <= 2; i++) {
		uint64_t end_ms = shared_now_ms() + 60000;

		while (atomic_load(&world->n_sent) < i * n_messages / 3 && shared_now_ms() < end_ms)
			usleep(1000);
		kill(worker, SIGKILL);
		waitpid(worker, NULL, 0);
		if (i == 1)
			sipring_ended(sipring, worker);
		worker = shared_start(be_worker, 0);
	}
}

/* Until nothing comes any more: what the worker had in hand, and what SCTP had, went with it. */
static void check_worker(void)
{
	uint64_t end_ms = shared_now_ms() + 60000, n_before = 0;
	struct sipring_taker_stats stats = stats_of();

	while (shared_now_ms() < end_ms &&
		(atomic_load(&world->n_sent) < n_messages || stats.put != n_before ||
			stats.taken != stats.put)) {
		n_before = stats.put;
		sleep(2);
		stats = stats_of();
	}
	point(count(world->taken, 0) + count(world->taken, 1) == n_messages && !world->n_bad,
		"none is taken twice, and all are whole");
	point(count(world->taken, 1) == stats.put && stats.taken == stats.put && !stats.failed,
		"what was put in is taken, whoever put it in");
	point(stats.lost <= 2, "a killed worker loses one that it was putting in at the most");
	point(world->n_up >= 3 && world->taken[n_messages - 1] == 1, "its successors go on");
	printf("# %u messages, %lu put in, %lu lost in the middle, %u associations\n", n_messages,
		(unsigned long)stats.put, (unsigned long)stats.lost, world->n_up);
}

int main(int argc, char **argv)
{
	which = argc > 1 ? argv[1] : "trunk";
	if (argc > 2)
		n_messages = (unsigned)strtoul(argv[2], NULL, 10);
	if (n_messages > MESSAGES_MAX)
		n_messages = MESSAGES_MAX;
	if (argc > 3)
		rate = (unsigned)strtoul(argv[3], NULL, 10);
	more_settings = (const char *const *)argv + 4;
	n_more_settings = argc > 4 ? argc - 4 : 0;
	begin();
	if (is("killed")) {
		kill_takers();
		check_killed();
	} else if (is("worker")) {
		kill_worker();
		check_worker();
	} else {
		until_all_answered(120);
		check_all_taken();
	}
	end();
	if (is("trunk"))
		check_waits(LATE_MS);
	if (is("full"))
		point(world->n_inbox_full > 0 && world->n_held_back > 0 && !world->n_waiting,
			"the inbox was full, and the peer was held back");
	sipring_close(sipring);
	return shared_plan();
}
