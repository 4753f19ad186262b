/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listeners that come and go while workers run: two workers in processes of their own, one who
 * takes messages and answers them, a peer, and this process, which asks for listeners. One that
 * stays is in use all the time.
 *
 *   spares [ROUNDS] [SETTING=VALUE…]
 */
#include "host.h"
#include "shared.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>

#define WORKERS 2
#define STAYS 0 /* ports, and the number of that listener */
#define COMES 1
#define OTHER 2
#define MORE 3
#define PEER 4
#define WAIT_MS 20000

struct world {
	_Atomic unsigned wanted[8];   /* requests to each port, in all; at most so many */
	_Atomic unsigned answered[8]; /* of these, by the port */
	_Atomic unsigned taken[16];   /* messages by the number of the listener */
	_Atomic uint32_t served;      /* numbers that the taker is to serve, a bit each */
	_Atomic uint32_t serves;      /* and those that it does */
	_Atomic unsigned n_ready, n_ended, n_failed, n_lost;
	_Atomic uint32_t drains; /* workers that are to, a bit each */
	_Atomic bool is_draining;
	_Atomic bool end;
};

static pid_t workers[WORKERS];
static struct world *world;
static struct sipring *sipring;
static struct sipring_error error;

static bool reaches(_Atomic unsigned *count, unsigned at_least)
{
	uint64_t end_ms = shared_now_ms() + WAIT_MS;

	while (atomic_load(count) < at_least && shared_now_ms() < end_ms)
		poll(NULL, 0, 2);
	return atomic_load(count) >= at_least;
}

/* ---- The host ---- */

static void say(void *user, int level, const char *line)
{
	(void)user;
	if (level <= 1)
		printf("# worker: %s\n", line);
	fflush(stdout);
}

static void be_worker(unsigned number)
{
	struct sipring_callbacks callbacks = {.log = say};
	struct sipring_worker *worker;
	bool drains = false;

	if (sipring_worker_open(&worker, sipring, &callbacks, &error) < 0)
		host_fail("a worker", error.text);
	atomic_fetch_add(&world->n_ready, 1);
	while (!atomic_load(&world->end)) {
		if (!drains && atomic_load(&world->drains) >> number & 1) {
			sipring_worker_drain(worker, 1000);
			drains = true;
			atomic_store(&world->is_draining, true);
		}
		sipring_worker_turn(worker, 100000000);
	}
	sipring_worker_close(worker);
}

static void answer(struct sipring_sender *sender, const struct sipring_taken *message)
{
	const char *call = memmem(message->buffer, message->size, "Call-ID: ", 9);
	char text[512];
	struct sipring_send send = {.data = text, .association = message->info.association};

	send.size = (size_t)snprintf(text, sizeof text,
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/SCTP 127.0.0.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>;tag=2\r\nCall-ID: %d\r\n"
		"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		atoi(call + 9));
	(void)sipring_sender_send(sender, &send);
}

static void serve_as_wished(struct sipring_taker *taker)
{
	uint32_t wished = atomic_load(&world->served), is = atomic_load(&world->serves);

	for (int i = 0; i < 16; i++)
		if ((wished ^ is) >> i & 1 && sipring_taker_serve(taker, i, wished >> i & 1) < 0)
			host_fail("serve", "no such listener");
	atomic_store(&world->serves, wished);
}

static void be_taker(unsigned unused)
{
	struct sipring_callbacks callbacks = {0};
	struct sipring_sender *sender;
	struct sipring_taker *taker;
	struct sipring_taken message;

	(void)unused;
	if (sipring_taker_open(&taker, sipring, STAYS, NULL, &error) < 0 ||
		sipring_sender_open(&sender, sipring, &callbacks, &error) < 0)
		host_fail("the taker", error.text);
	while (!atomic_load(&world->end)) {
		struct pollfd fd = {sipring_taker_fd(taker), POLLIN, 0};

		serve_as_wished(taker);
		if (poll(&fd, 1, 5) < 1 || !sipring_taker_take(taker, &message, 1))
			continue;
		atomic_fetch_add(&world->taken[message.listener], 1);
		answer(sender, &message);
		sipring_taker_give(taker, &message);
	}
	sipring_sender_close(sender);
	sipring_taker_close(taker);
}

/* ---- The peer ---- */

static void peer_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	const char *call = memmem(buffer, size, "Call-ID: ", 9);

	(void)user, (void)info;
	if (message->status == 200)
		atomic_fetch_add(&world->answered[atoi(call + 9)], 1);
}

static void peer_event(void *user, const struct sipring_event *event)
{
	(void)user;
	if (event->type != SIPRING_EVENT_DOWN)
		return;
	atomic_fetch_add(event->error == 0 ? &world->n_ended : &world->n_lost, 1);
}

static void peer_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int why)
{
	(void)user, (void)cookie, (void)why;
	if (outcome != SIPRING_OUTCOME_SENT)
		atomic_fetch_add(&world->n_failed, 1);
}

static void ask(struct sipring_worker *worker, unsigned port)
{
	union sipring_address to = host_address(port);
	char text[512];
	int size = snprintf(text, sizeof text,
		"OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/SCTP 127.0.0.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: %u\r\n"
		"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		port);

	if (sipring_send(worker,
		    &(struct sipring_send){.data = text, .size = (size_t)size, .to = &to}) < 0)
		atomic_fetch_add(&world->n_failed, 1);
}

static void be_peer(unsigned unused)
{
	struct sipring_callbacks callbacks = {.dispatch = peer_message,
		.event = peer_event,
		.outcome = peer_outcome};
	struct sipring_worker *worker;
	unsigned asked[8] = {0};
	struct sipring *mine;

	(void)unused;
	worker = host_open(&mine, PEER,
		(const char *const[]){"reconnect_min_ms", "0", "connect_timeout_ms", "1000", NULL},
		&callbacks);
	while (!atomic_load(&world->end)) {
		for (unsigned port = 0; port < 8; port++)
			while (asked[port] < atomic_load(&world->wanted[port])) {
				ask(worker, port);
				asked[port]++;
			}
		sipring_worker_turn(worker, 2000000);
	}
	sipring_worker_close(worker);
	sipring_close(mine);
}

/* ---- The tests ---- */

static int listen_at(unsigned port, const char *own, uint32_t timeout_ms)
{
	char text[64];
	int r;

	snprintf(text, sizeof text, "sctp:127.0.0.1:%u", host_port(port));
	r = sipring_listen(sipring, text, own, timeout_ms, &error);
	if (r < 0)
		printf("# %s: %s\n", text, error.text);
	return r;
}

static void serve(int number, bool serves)
{
	uint32_t bit = 1u << number;
	uint64_t end_ms = shared_now_ms() + WAIT_MS;

	if (serves)
		atomic_fetch_or(&world->served, bit);
	else
		atomic_fetch_and(&world->served, ~bit);
	while (atomic_load(&world->serves) != atomic_load(&world->served) &&
		shared_now_ms() < end_ms)
		poll(NULL, 0, 1);
}

/* So many more requests to a port are answered. */
static bool is_answered(unsigned port, unsigned n)
{
	unsigned before = atomic_load(&world->answered[port]);

	atomic_fetch_add(&world->wanted[port], n);
	return reaches(&world->answered[port], before + n);
}

/* Each worker ends its part by itself: one may still accept when another does not any more. */
static bool is_refused(unsigned port)
{
	uint64_t end_ms = shared_now_ms() + WAIT_MS;
	unsigned n_before = atomic_load(&world->n_failed);

	while (atomic_load(&world->n_failed) == n_before && shared_now_ms() < end_ms) {
		atomic_fetch_add(&world->wanted[port], 1);
		poll(NULL, 0, 100);
	}
	return atomic_load(&world->n_failed) > n_before;
}

static void mistakes(void)
{
	int r = sipring_listen(sipring, "sctp:nowhere", NULL, 100, &error);

	shared_point(r == -EINVAL && strstr(error.text, "nowhere"), "an address that is none");
	r = listen_at(COMES, "tos=17", 100);
	shared_point(r == -EINVAL && strstr(error.text, "tos"), "a setting that cannot be");
	r = listen_at(COMES, "workers=2", 100);
	shared_point(r == -EINVAL && strstr(error.text, "workers"), "one that is for all");
	shared_point(listen_at(COMES, NULL, 50) == -ETIMEDOUT, "no worker runs");
	shared_point(sipring_unlisten(sipring, STAYS) == -ENOENT, "the config's stay");
}

static void one_comes_and_goes(void)
{
	struct sipring_taker_stats stats;
	int number, other;

	number = listen_at(COMES, "autoclose=60", WAIT_MS);
	shared_point(number == 1, "a listener comes");
	shared_point(listen_at(COMES, NULL, WAIT_MS) == number, "and is found by who asks later");
	serve(number, true);
	shared_point(is_answered(COMES, 100) && atomic_load(&world->taken[number]) == 100,
		"its messages come by its number");
	other = listen_at(OTHER, NULL, WAIT_MS);
	shared_point(other == 2, "another one comes");
	shared_point(listen_at(MORE, NULL, WAIT_MS) == -EUSERS &&
			strstr(error.text, "spare_listeners"),
		"more than there is room for do not");
	atomic_fetch_add(&world->wanted[OTHER], 5);
	for (uint64_t end_ms = shared_now_ms() + WAIT_MS; shared_now_ms() < end_ms;) {
		sipring_taker_stats(sipring, other, &stats);
		if (stats.put == 5)
			break;
		poll(NULL, 0, 2);
	}
	sipring_unlisten(sipring, (unsigned)other);
	shared_point(reaches(&world->n_ended, 1), "it goes, and its peer's association in order");
	shared_point(sipring_unlisten(sipring, (unsigned)other) == -ENOENT, "once");
	shared_point(listen_at(STAYS, NULL, WAIT_MS) == -EADDRINUSE,
		"an address that is taken is refused");
	other = listen_at(MORE, NULL, WAIT_MS);
	sipring_taker_stats(sipring, 2, &stats);
	shared_point(other == 2 && stats.failed == 5 && stats.put == stats.taken,
		"its number is another's, and what nobody took has failed");
	sipring_unlisten(sipring, (unsigned)number);
	shared_point(reaches(&world->n_ended, 2), "the first one goes as well");
	shared_point(listen_at(OTHER, NULL, 500) == -ETIMEDOUT,
		"nobody gets its number while a taker serves it");
	serve(number, false);
	shared_point(listen_at(OTHER, NULL, WAIT_MS) == number, "and then the next one does");
	sipring_unlisten(sipring, (unsigned)other);
	sipring_unlisten(sipring, (unsigned)number);
	shared_point(is_refused(COMES), "and nobody new may come");
}

static bool comes_again(unsigned round)
{
	unsigned n_ended = atomic_load(&world->n_ended);
	int number = listen_at(COMES, NULL, WAIT_MS);

	atomic_fetch_add(&world->wanted[STAYS], 10);
	if (number < 0)
		return false;
	serve(number, true);
	if (!is_answered(COMES, 10)) {
		printf("# round %u: no answer\n", round);
		return false;
	}
	sipring_unlisten(sipring, (unsigned)number);
	serve(number, false);
	return reaches(&world->n_ended, n_ended + 1);
}

static void many_rounds(unsigned n, pid_t worker)
{
	unsigned n_before = 0, n_good = 0;

	for (unsigned i = 0; i < n && n_good == i; i++) {
		n_good += comes_again(i);
		if (i == 1)
			n_before = host_descriptors(worker);
	}
	shared_point(n_good == n, "it comes and goes again and again");
	shared_point(is_answered(STAYS, 10) &&
			atomic_load(&world->answered[STAYS]) == atomic_load(&world->wanted[STAYS]),
		"the one that stays has answered all the time");
	poll(NULL, 0, 200);
	printf("# descriptors of a worker: %u, then %u; %u lost\n", n_before,
		host_descriptors(worker), atomic_load(&world->n_lost));
	shared_point(host_descriptors(worker) <= n_before, "no descriptor is left over");
}

static void end_worker(unsigned i)
{
	kill(workers[i], SIGKILL);
	waitpid(workers[i], NULL, 0);
	sipring_ended(sipring, workers[i]);
}

static void begin_worker(unsigned i)
{
	unsigned n_ready = atomic_load(&world->n_ready);

	workers[i] = shared_start(be_worker, i);
	reaches(&world->n_ready, n_ready + 1);
	poll(NULL, 0, 200); /* its first turn, and what it binds then */
}

static void begin_again(int number)
{
	end_worker(1);
	begin_worker(1);
	end_worker(0);
	shared_point(listen_at(COMES, NULL, WAIT_MS) == number, "it stands all the time");
	begin_worker(0);
	serve(number, true);
	shared_point(is_answered(COMES, 20), "workers that take killed ones' places serve it");
}

static void be_other_program(unsigned port)
{
	union sipring_address address = host_address(port);
	uint64_t end_ms = shared_now_ms() + WAIT_MS;
	int fd = socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP);

	/* The kernel closes what a killed process had in its ring when it comes to it. */
	while (bind(fd, &address.sa, sizeof address.v4) < 0 && shared_now_ms() < end_ms)
		poll(NULL, 0, 10);
	if (listen(fd, 1) < 0)
		host_fail("the other program", strerror(errno));
	atomic_fetch_add(&world->n_ready, 1);
	pause();
}

/* Another program has the port when the workers come back to it. */
static void come_back_late(int number)
{
	unsigned n_ready = atomic_load(&world->n_ready);
	pid_t other;

	if (host_is("usrsctp"))
		return;
	end_worker(0);
	end_worker(1);
	other = shared_start(be_other_program, COMES);
	reaches(&world->n_ready, n_ready + 1);
	begin_worker(0);
	begin_worker(1);
	shared_point(listen_at(COMES, NULL, 300) == -ETIMEDOUT && strstr(error.text, "stands"),
		"who looks for one that no worker could bind again does not end it");
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	shared_point(listen_at(COMES, NULL, WAIT_MS) == number && is_answered(COMES, 20),
		"it is back as soon as it can be");
}

/* It is not another's for that: who serves it would take the other's messages for its own. */
static void killed_while_it_goes(int number)
{
	int other;

	serve(number, true);
	sipring_unlisten(sipring, (unsigned)number);
	poll(NULL, 0, 100);
	for (unsigned i = 0; i < WORKERS; i++)
		end_worker(i);
	for (unsigned i = 0; i < WORKERS; i++)
		begin_worker(i);
	other = listen_at(OTHER, NULL, WAIT_MS);
	shared_point(other > 0 && other != number,
		"a number that a taker serves is nobody's, though its workers were killed");
	sipring_unlisten(sipring, (unsigned)other);
	serve(number, false);
}

static void one_drains(void)
{
	uint64_t end_ms = shared_now_ms() + WAIT_MS;
	int number;

	atomic_store(&world->drains, 1u << 1);
	while (!atomic_load(&world->is_draining) && shared_now_ms() < end_ms)
		poll(NULL, 0, 5);
	number = listen_at(OTHER, NULL, WAIT_MS);
	shared_point(number > 0, "a worker that ends is not waited for");
	/* There a peer is one worker's alone, by its address, and this peer may be that one's. */
	if (host_is("usrsctp"))
		return;
	serve(number, true);
	shared_point(is_answered(OTHER, 20), "the others serve what comes now");
}

static void open_host(void)
{
	struct sipring_config *config = host_config(STAYS,
		(const char *const[]){"workers", "2", "senders", "1", "takers", "2",
			"spare_listeners", "2", "inbox_small", "64", "inbox_medium", "8",
			"inbox_large", "2", NULL});

	if (sipring_open(&sipring, config, &error) < 0)
		host_fail("the host", error.text);
	sipring_config_free(config);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
	pid_t others[2];
	int number;

	host_begin((const char *const *)argv + 2, argc > 2 ? argc - 2 : 0);
	world = shared_map(sizeof *world);
	open_host();
	mistakes();
	for (unsigned i = 0; i < WORKERS; i++)
		workers[i] = shared_start(be_worker, i);
	shared_point(reaches(&world->n_ready, WORKERS), "the workers run");
	others[0] = shared_start(be_taker, 0);
	others[1] = shared_start(be_peer, 0);
	shared_point(is_answered(STAYS, 10), "the one that stays answers");
	one_comes_and_goes();
	many_rounds(rounds, workers[0]);
	number = listen_at(COMES, NULL, WAIT_MS);
	begin_again(number);
	come_back_late(number);
	killed_while_it_goes(number);
	one_drains();
	atomic_store(&world->end, true);
	for (unsigned i = 0; i < 2; i++) {
		waitpid(workers[i], NULL, 0);
		waitpid(others[i], NULL, 0);
	}
	sipring_close(sipring);
	return shared_plan();
}
