/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Four workers, 64 peers, senders in every worker and in two that are none, threads or processes:
 * nothing is lost, nothing comes twice, each peer sees one association. Then the same while workers
 * are killed and begin again: every send that was accepted has one outcome with whoever lives.
 *
 *   workers [threads|processes|killed] [MESSAGES] [SETTING=VALUE…]
 *
 * In user space the peers are 16, and workers are processes: there is one stack in each.
 */
#include "shared.h"

#include <sipring/sipring.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#define WORKERS 4
#define SENDERS 2
#define PARTIES (WORKERS + SENDERS)
#define PEERS_EACH 16 /* of one process */
#define PORT 5062
#define PEER_PORT 7100
#define MESSAGES_MAX 240000
#define WINDOW 400 /* of one party */

struct world {
	_Atomic uint8_t received[MESSAGES_MAX];
	_Atomic uint8_t n_outcomes[MESSAGES_MAX];
	_Atomic uint8_t outcomes[MESSAGES_MAX]; /* enum sipring_outcome, the last one */
	_Atomic uint32_t n_up, n_unknown, n_ready, n_done;
	_Atomic uint32_t n_refused[256];
	_Atomic uint64_t n_handed, n_mail;
	_Atomic bool stop, end;
};

static struct world *world;
static struct sipring *sipring;
static unsigned n_messages = 24000;
static unsigned n_peer_processes = 4;
static const char *const *more_settings;
static int n_more_settings;

struct party {
	unsigned number;
	struct sipring_worker *worker; /* or */
	struct sipring_sender *sender;
	unsigned next, under_way;
};

static void fail(const char *what, const struct sipring_error *error)
{
	printf("Bail out! %s: %s\n", what, error->text);
	fflush(stdout);
	_exit(1);
}

static struct sipring_config *settings(const char *const *pairs)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error;

	for (; *pairs; pairs += 2)
		if (sipring_config_set(config, pairs[0], pairs[1], &error) < 0)
			fail(pairs[0], &error);
	for (int i = 0; i < n_more_settings; i++) {
		char name[64];
		const char *equals = strchr(more_settings[i], '=');

		snprintf(name, sizeof name, "%.*s", (int)(equals - more_settings[i]),
			more_settings[i]);
		if (sipring_config_set(config, name, equals + 1, &error) < 0)
			fail(name, &error);
	}
	return config;
}

/* ---- Peers: each port of a process is one ---- */

static void peer_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	const char *number = memmem(buffer, size, "Call-ID: ", 9);
	unsigned n = number ? (unsigned)strtoul(number + 9, NULL, 10) : MESSAGES_MAX;

	(void)user, (void)message, (void)info;
	if (n < MESSAGES_MAX)
		atomic_fetch_add(&world->received[n], 1);
	else
		atomic_fetch_add(&world->n_unknown, 1);
}

static void peer_event(void *user, const struct sipring_event *event)
{
	(void)user;
	if (event->type == SIPRING_EVENT_UP)
		atomic_fetch_add(&world->n_up, 1);
}

static void be_peers(unsigned number)
{
	static const char *const pairs[] = {"associations_max", "1024", "encaps_port", "19902",
		NULL};
	struct sipring_callbacks callbacks = {.dispatch = peer_message, .event = peer_event};
	struct sipring_config *config = settings(pairs);
	struct sipring_worker *worker;
	struct sipring_error error;
	struct sipring *peers;
	char listener[64];

	for (unsigned i = 0; i < PEERS_EACH; i++) {
		snprintf(listener, sizeof listener, "sctp:127.0.0.1:%u",
			PEER_PORT + number * PEERS_EACH + i);
		sipring_config_listen(config, listener, &error);
	}
	if (sipring_open(&peers, config, &error) < 0 ||
		sipring_worker_open(&worker, peers, &callbacks, &error) < 0)
		fail("a peer", &error);
	atomic_fetch_add(&world->n_ready, 1);
	while (!atomic_load(&world->end))
		sipring_worker_turn(worker, 50000000);
	sipring_worker_close(worker);
	sipring_close(peers);
	sipring_config_free(config);
}

/* ---- Those who send ---- */

static void on_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	struct party *party = user;

	(void)error;
	if (!cookie || cookie > MESSAGES_MAX)
		return;
	party->under_way--;
	atomic_fetch_add(&world->n_outcomes[cookie - 1], 1);
	atomic_store(&world->outcomes[cookie - 1], (uint8_t)outcome);
}

static void nothing(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	(void)user, (void)buffer, (void)size, (void)message, (void)info;
}

/* One more, if it is taken. Message n is of party n % PARTIES. */
static bool send_next(struct party *party)
{
	union sipring_address to = {.v4 = {.sin_family = AF_INET}};
	unsigned n = party->next * PARTIES + party->number;
	char text[512];
	int size, r;

	to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.v4.sin_port = htons(
		(uint16_t)(PEER_PORT + (n / PARTIES * 7 + n) % (n_peer_processes * PEERS_EACH)));
	size = snprintf(text, sizeof text,
		"MESSAGE sip:peer@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP 127.0.0.1;branch=z9hG4bK%u\r\n"
		"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: %u\r\n"
		"CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		n, n);
	struct sipring_send send = {.data = text, .size = (size_t)size, .to = &to, .cookie = n + 1};

	r = party->worker ? sipring_send(party->worker, &send)
			  : sipring_sender_send(party->sender, &send);
	if (r < 0) {
		atomic_fetch_add(&world->n_refused[-r & 255], 1);
		return false;
	}
	party->next++;
	party->under_way++;
	return true;
}

static void send_some(struct party *party)
{
	for (unsigned i = 0; i < 64 && party->under_way < WINDOW; i++)
		if (party->next * PARTIES + party->number >= n_messages || !send_next(party))
			return;
}

static bool is_through(const struct party *party)
{
	return party->next * PARTIES + party->number >= n_messages && party->under_way == 0;
}

static void be_worker(struct party *party)
{
	struct sipring_callbacks callbacks = {.dispatch = nothing,
		.outcome = on_outcome,
		.user = party};
	struct sipring_stats stats;
	struct sipring_error error;
	bool done = false;

	if (sipring_worker_open(&party->worker, sipring, &callbacks, &error) < 0)
		fail("a worker", &error);
	atomic_fetch_add(&world->n_ready, 1);
	while (!atomic_load(&world->stop)) {
		if (atomic_load(&world->n_ready) >= PARTIES + n_peer_processes)
			send_some(party);
		if (!done && is_through(party)) {
			atomic_fetch_add(&world->n_done, 1);
			done = true;
		}
		sipring_worker_turn(party->worker, 10000000);
	}
	sipring_worker_drain(party->worker, 10000);
	while (!sipring_worker_drained(party->worker))
		sipring_worker_turn(party->worker, 100000000);
	sipring_worker_stats(party->worker, &stats);
	atomic_fetch_add(&world->n_handed, stats.handed);
	atomic_fetch_add(&world->n_mail, stats.mail);
	sipring_worker_close(party->worker);
}

static void be_sender(struct party *party)
{
	struct sipring_callbacks callbacks = {.outcome = on_outcome, .user = party};
	struct sipring_error error;

	if (sipring_sender_open(&party->sender, sipring, &callbacks, &error) < 0)
		fail("a sender", &error);
	atomic_fetch_add(&world->n_ready, 1);
	while (!is_through(party)) {
		struct pollfd fd = {sipring_sender_pollable(party->sender), POLLIN, 0};

		if (atomic_load(&world->n_ready) >= PARTIES + n_peer_processes)
			send_some(party);
		poll(&fd, 1, 10);
		sipring_sender_run(party->sender);
	}
	atomic_fetch_add(&world->n_done, 1);
	sipring_sender_close(party->sender);
}

static void *be_party(void *user)
{
	struct party *party = user;

	if (party->number < WORKERS)
		be_worker(party);
	else
		be_sender(party);
	return NULL;
}

static void be_process(unsigned number)
{
	struct party party = {.number = number % PARTIES};

	be_party(&party);
}

/* Who was killed goes on where its host left off; what it had under way it no longer knows. */
static void begin_again(unsigned number)
{
	struct party party = {.number = number};

	for (unsigned i = 0; i * PARTIES + number < n_messages; i++)
		if (atomic_load(&world->n_outcomes[i * PARTIES + number]) ||
			atomic_load(&world->received[i * PARTIES + number]))
			party.next = i;
	party.next += WINDOW + 64; /* these may be under way, or lost with it */
	be_party(&party);
}

/* ---- The tests ---- */

static pid_t peers[4];

static void begin(unsigned n_places)
{
	static const char *const pairs[] = {"workers", "4", "senders", "2", "associations_max",
		"1024", "connect_timeout_ms", "20000", "encaps_port", "19901", "encaps_peer_port",
		"19902", NULL};
	struct sipring_config *config;
	struct sipring_error error;
	char listener[32];

	(void)n_places;
	world = shared_map(sizeof *world);
	for (unsigned i = 0; i < n_peer_processes; i++)
		peers[i] = shared_start(be_peers, i);
	config = settings(pairs);
	snprintf(listener, sizeof listener, "sctp:127.0.0.1:%u", PORT);
	sipring_config_listen(config, listener, &error);
	if (sipring_open(&sipring, config, &error) < 0)
		fail("sipring_open", &error);
	sipring_config_free(config);
}

static bool until(_Atomic uint32_t *count, uint32_t at_least, unsigned seconds)
{
	uint64_t end_ms = shared_now_ms() + seconds * 1000;

	while (atomic_load(count) < at_least && shared_now_ms() < end_ms)
		poll(NULL, 0, 10);
	return atomic_load(count) >= at_least;
}

static unsigned count_received(uint8_t times)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_messages; i++)
		n += atomic_load(&world->received[i]) == times;
	return n;
}

static unsigned count_outcomes(uint8_t times, int outcome)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_messages; i++)
		n += atomic_load(&world->n_outcomes[i]) == times &&
			(outcome < 0 || atomic_load(&world->outcomes[i]) == outcome);
	return n;
}

static void end(void)
{
	atomic_store(&world->end, true);
	for (unsigned i = 0; i < n_peer_processes; i++)
		waitpid(peers[i], NULL, 0);
	sipring_close(sipring);
	sipring_memory_unmap(world, sizeof *world);
}

static void check_nothing_lost(const char *how)
{
	char name[128];
	uint64_t end_ms = shared_now_ms() + 20000;

	while (count_received(1) < n_messages && shared_now_ms() < end_ms)
		poll(NULL, 0, 50);
	snprintf(name, sizeof name, "%s: each was received once", how);
	shared_point(count_received(1) == n_messages && !world->n_unknown, name);
	snprintf(name, sizeof name, "%s: each has one outcome, sent", how);
	shared_point(count_outcomes(1, SIPRING_OUTCOME_SENT) == n_messages, name);
	snprintf(name, sizeof name, "%s: each peer saw one association", how);
	shared_point(world->n_up == n_peer_processes * PEERS_EACH, name);
	printf("# %u messages, %u received once, %u never, %u up, refused for want of room %u\n",
		n_messages, count_received(1), count_received(0), world->n_up,
		world->n_refused[ENOBUFS]);
}

static void in_threads(void)
{
	struct party parties[PARTIES] = {0};
	pthread_t threads[PARTIES];
	bool done;

	begin(PARTIES);
	for (unsigned i = 0; i < PARTIES; i++) {
		parties[i].number = i;
		pthread_create(&threads[i], NULL, be_party, &parties[i]);
	}
	done = until(&world->n_done, PARTIES, 300);
	atomic_store(&world->stop, true);
	shared_point(done, "threads: all have their outcomes");
	for (unsigned i = 0; done && i < PARTIES; i++)
		pthread_join(threads[i], NULL);
	check_nothing_lost("threads");
	shared_point(world->n_handed > 0 && world->n_mail >= world->n_handed,
		"threads: workers gave each other sends");
	end();
}

static void in_processes(void)
{
	pid_t pids[PARTIES];

	begin(PARTIES);
	for (unsigned i = 0; i < PARTIES; i++)
		pids[i] = shared_start(be_process, i);
	shared_point(until(&world->n_done, PARTIES, 300), "processes: all have their outcomes");
	atomic_store(&world->stop, true);
	for (unsigned i = 0; i < PARTIES; i++)
		waitpid(pids[i], NULL, 0);
	check_nothing_lost("processes");
	end();
}

/* Messages of those who were never killed, the senders. */
static bool check_senders(unsigned *n_failed, unsigned *n_gone)
{
	bool good = true;

	*n_failed = *n_gone = 0;
	for (unsigned i = 0; i < n_messages; i++) {
		bool is_sent = world->outcomes[i] == SIPRING_OUTCOME_SENT;

		if (i % PARTIES < WORKERS)
			continue;
		good &= world->n_outcomes[i] == 1 && world->received[i] <= 1;
		*n_failed += !is_sent;
		*n_gone += is_sent && !world->received[i];
	}
	return good;
}

static void killed(void)
{
	unsigned n_killed = 0, n_failed, n_gone;
	pid_t pids[PARTIES];
	uint64_t end_ms;

	begin(PARTIES);
	for (unsigned i = 0; i < PARTIES; i++)
		pids[i] = shared_start(be_process, i);
	until(&world->n_ready, PARTIES + n_peer_processes, 60);
	end_ms = shared_now_ms() + 300000;
	while (shared_now_ms() < end_ms) {
		unsigned i = n_killed % WORKERS;

		/* Soon, for a fast machine is done within a second; then every second. */
		poll(NULL, 0, n_killed ? 1000 : 100);
		if (waitpid(pids[WORKERS], NULL, WNOHANG) > 0) {
			pids[WORKERS] = 0;
			break;
		}
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		sipring_ended(sipring, pids[i]);
		n_killed++;
		pids[i] = shared_start(begin_again, i);
	}
	for (unsigned i = WORKERS; i < PARTIES; i++)
		if (pids[i])
			waitpid(pids[i], NULL, 0);
	atomic_store(&world->stop, true);
	for (unsigned i = 0; i < WORKERS; i++)
		waitpid(pids[i], NULL, 0);
	poll(NULL, 0, 2000);
	shared_point(check_senders(&n_failed, &n_gone),
		"killed: each send of who lived had one outcome, and came once at most");
	shared_point(count_received(0) + count_received(1) == n_messages,
		"killed: none came twice");
	shared_point(n_killed > 0, "killed: at least one");
	printf("# %u killed; of %u sends of those who lived %u failed and were told, %u were with "
	       "SCTP and went with its socket\n",
		n_killed, n_messages / PARTIES * SENDERS, n_failed, n_gone);
	for (unsigned i = 0; i < 256; i++)
		if (world->n_refused[i])
			printf("# refused %u times: %s\n", world->n_refused[i], strerror((int)i));
	end();
}

int main(int argc, char **argv)
{
	const char *which = argc > 1 ? argv[1] : "";

	if (argc > 2)
		n_messages = (unsigned)strtoul(argv[2], NULL, 10);
	if (n_messages > MESSAGES_MAX)
		n_messages = MESSAGES_MAX;
	more_settings = (const char *const *)argv + 3;
	n_more_settings = argc > 3 ? argc - 3 : 0;
	for (int i = 0; i < n_more_settings; i++)
		if (strcmp(more_settings[i], "provider=usrsctp") == 0)
			n_peer_processes = 1; /* all have the one encapsulation port */
	if (!*which || strcmp(which, "threads") == 0)
		in_threads();
	if (!*which || strcmp(which, "processes") == 0)
		in_processes();
	if (!*which || strcmp(which, "killed") == 0)
		killed();
	return shared_plan();
}
