/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of messages to one peer while the ways to it change: one of two is cut, both lose and
 * delay packets, the peer begins anew. Two network namespaces with two links, one IPv4 and one
 * IPv6; over user space, where a peer can vanish without a word, no namespace is needed. Each
 * message has one outcome, comes to the peer once, and where it did not come SCTP gave it back.
 *
 *    paths_storm cut|lossy|restart|stranger N NAME=VALUE...      settings of both sides
 *
 * A peer that begins anew knows at first what addresses it was told. It drops what comes from those
 * with an old tag, and its INIT restarts the association (restart). If it is sent something from
 * another one first, it answers as to anybody unknown, with an ABORT, and the association is lost
 * before the INIT comes (stranger).
 */
#include "net/address.h"
#include "storm/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sipring/sipring.h>
#include <stdarg.h>
#include <stdatomic.h>

#define MESSAGES_MAX 100000
#define WINDOW 64
#define PATIENCE_MS 240000

static struct world {
	_Atomic uint8_t received[MESSAGES_MAX];
	_Atomic uint32_t n_ready, n_received, n_up, wish;
} * world;

enum wish { WISH_NOTHING, WISH_VANISH, WISH_RETURN };

static struct {
	struct sipring_worker *worker;
	uint8_t outcomes[MESSAGES_MAX], sent[MESSAGES_MAX], returned[MESSAGES_MAX];
	unsigned n_put, n_outcomes, n_sent, n_returned;
	unsigned n_events[8], n_path_down, n_path_up;
	uint32_t association;
	int down_error;
	union sipring_address down, up; /* the last path that went, and that came */
} here;

static char **more_settings;
static int n_more_settings;
static bool in_user_space, is_stranger;
static unsigned n_messages;
static union sipring_address peers[2];

static void fail(const char *what, const struct sipring_error *error)
{
	printf("Bail out! %s: %s\n", what, error ? error->text : "");
	exit(1);
}

/* A command of the system; a test that cannot be set up has failed. */
static void run(const char *format, ...)
{
	char command[512];
	va_list list;

	va_start(list, format);
	vsnprintf(command, sizeof command, format, list);
	va_end(list);
	if (system(command) != 0)
		fail(command, NULL);
}

static char name_here[32], name_there[32]; /* of namespaces: this run's own */

static void lay_links(void)
{
	const char *h = name_here, *t = name_there;

	snprintf(name_here, sizeof name_here, "here-%d", getpid());
	snprintf(name_there, sizeof name_there, "there-%d", getpid());
	run("ip netns add %s && ip netns add %s", h, t);
	for (int i = 1; i <= 2; i++)
		run("ip link add h%d netns %s type veth peer name t%d netns %s", i, h, i, t);
	run("ip -n %s addr add 10.1.1.1/24 dev h1 && ip -n %s addr add 10.1.1.2/24 dev t1", h, t);
	run("ip -n %s addr add fd00:2::1/64 dev h2 nodad", h);
	run("ip -n %s addr add fd00:2::2/64 dev t2 nodad", t);
	run("for i in lo h1 h2; do ip -n %s link set $i up; done", h);
	run("for i in lo t1 t2; do ip -n %s link set $i up; done", t);
}

static void go_to(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		fail(path, NULL);
	close(fd);
}

/* What happens to packets of both ends of a link, 1 or 2; NULL: nothing any more. */
static void treat(int link, const char *how)
{
	const char *what = how ? "replace" : "del";

	run("tc -n %s qdisc %s dev h%d root %s %s", name_here, what, link, how ? "netem" : "",
		how ? how : "");
	run("tc -n %s qdisc %s dev t%d root %s %s", name_there, what, link, how ? "netem" : "",
		how ? how : "");
}

static union sipring_address at(const char *host)
{
	union sipring_address address = {0};

	if (sipring_address_parse(&address, host, strlen(host)) < 0)
		fail(host, NULL);
	return address;
}

static struct sipring_config *settings(const char *encaps_port, const char *encaps_peer_port)
{
	struct sipring_config *config = sipring_config_new();
	const char *const pairs[][2] = {{"encaps_port", encaps_port},
		{"encaps_peer_port", encaps_peer_port}, {"rto_initial", "300"}, {"rto_min", "100"},
		{"rto_max", "500"}, {"pathmaxrxt", "2"}, {"hbinterval", "500"},
		{"asocmaxrxt", "100"}, {"init_max_attempts", "40"}, {"connect_timeout_ms", "20000"},
		{"init_max_timeo", "500"}};
	struct sipring_error error;

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (sipring_config_set(config, pairs[i][0], pairs[i][1], &error) < 0)
			fail(pairs[i][0], &error);
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

static struct sipring *open_sipring(const char *listener, const char *encaps_port,
	const char *encaps_peer_port)
{
	struct sipring_config *config = settings(encaps_port, encaps_peer_port);
	struct sipring_error error;
	struct sipring *sipring;

	if (sipring_config_listen(config, listener, &error) < 0 ||
		sipring_open(&sipring, config, &error) < 0)
		fail(listener, &error);
	sipring_config_free(config);
	return sipring;
}

/* ---- The peer ---- */

static void peer_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	const char *number = memmem(buffer, size, "Call-ID: ", 9);
	unsigned n = number ? (unsigned)strtoul(number + 9, NULL, 10) : MESSAGES_MAX;

	(void)user, (void)message, (void)info;
	if (n < MESSAGES_MAX && atomic_fetch_add(&world->received[n], 1) == 0)
		atomic_fetch_add(&world->n_received, 1);
}

static void peer_event(void *user, const struct sipring_event *event)
{
	(void)user;
	if (event->type == SIPRING_EVENT_UP)
		atomic_fetch_add(&world->n_up, 1);
}

/* One life of the peer, until somebody wishes that it vanish. begins: it connects itself. */
static void peer_life(bool begins)
{
	struct sipring_callbacks callbacks = {.dispatch = peer_message, .event = peer_event};
	struct sipring *sipring = open_sipring(in_user_space ? "sctp:127.0.0.1:15061"
							     : "sctp:(10.1.1.2,[fd00:2::2]):15061",
		"19906", "19905");
	union sipring_address to[] = {at(in_user_space ? "127.0.0.1:15060" : "10.1.1.1:15060"),
		at("[fd00:2::1]:15060")};
	struct sipring_connect connect = {.to = to, .n_to = in_user_space || is_stranger ? 1 : 2};
	struct sipring_worker *worker;
	struct sipring_error error;
	uint32_t id;

	if (sipring_worker_open(&worker, sipring, &callbacks, &error) < 0)
		fail("the peer", &error);
	if (begins && sipring_connect(worker, &connect, &id) < 0)
		fail("the peer's connect", NULL);
	atomic_fetch_add(&world->n_ready, 1);
	while (atomic_load(&world->wish) != WISH_VANISH)
		sipring_worker_turn(worker, 20000000);
	if (in_user_space)
		_exit(0); /* not a word to anybody */
	sipring_worker_close(worker);
	sipring_close(sipring);
}

/* Over user space each life is a process, which is forked before anything is opened. */
static void be_peer(unsigned life)
{
	if (!in_user_space)
		go_to(name_there);
	if (life == 0)
		peer_life(false);
	while (atomic_load(&world->wish) != WISH_RETURN)
		usleep(1000);
	peer_life(true);
}

/* ---- Here ---- */

static void on_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	(void)user, (void)error;
	here.outcomes[cookie - 1]++;
	here.n_outcomes++;
	here.sent[cookie - 1] = outcome == SIPRING_OUTCOME_SENT;
	here.n_sent += outcome == SIPRING_OUTCOME_SENT;
}

static void on_event(void *user, const struct sipring_event *event)
{
	(void)user;
	here.n_events[event->type]++;
	if (event->type == SIPRING_EVENT_UP)
		here.association = event->association;
	if (event->type == SIPRING_EVENT_DOWN)
		here.down_error = event->error;
	if (event->type == SIPRING_EVENT_RETURNED && event->cookie) {
		here.n_returned += !here.returned[event->cookie - 1];
		here.returned[event->cookie - 1] = 1;
	}
	if (event->type != SIPRING_EVENT_PATH)
		return;
	here.n_path_up += event->usable;
	here.n_path_down += !event->usable;
	*(event->usable ? &here.up : &here.down) = *event->address;
}

static void on_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	(void)user, (void)buffer, (void)size, (void)message, (void)info;
}

static int put(const union sipring_address *to, uint32_t n_to)
{
	char text[512];
	int size = snprintf(text, sizeof text,
		"MESSAGE sip:peer@10.1.1.2 SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP 10.1.1.1;branch=z9hG4bK%u\r\n"
		"From: <sip:a@10.1.1.1>;tag=1\r\nTo: <sip:b@10.1.1.2>\r\nCall-ID: %u\r\n"
		"CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		here.n_put, here.n_put);
	int r = sipring_send(here.worker,
		&(struct sipring_send){.data = text,
			.size = (size_t)size,
			.to = to,
			.n_to = n_to,
			.cookie = here.n_put + 1});

	here.n_put += r == 0;
	return r;
}

static uint64_t deadline_ms;

/* Runs of those that neither came nor were given back. */
static void show_missing(void)
{
	unsigned begin = 0;
	bool was = false;

	for (unsigned i = 0; i <= here.n_put; i++) {
		bool is = i < here.n_put && !atomic_load(&world->received[i]) && !here.returned[i];

		if (is && !was)
			begin = i;
		if (was && !is)
			printf("# %u to %u went and never came\n", begin, i - 1);
		was = is;
	}
}

static void turn(const char *what)
{
	if (shared_now_ms() > deadline_ms) {
		printf("# %u put, %u outcomes, %u sent, %u received, %u returned; associations: "
		       "%u up, %u down, %u restarted\n",
			here.n_put, here.n_outcomes, here.n_sent, atomic_load(&world->n_received),
			here.n_returned, here.n_events[SIPRING_EVENT_UP],
			here.n_events[SIPRING_EVENT_DOWN], here.n_events[SIPRING_EVENT_RESTART]);
		show_missing();
		fail(what, NULL);
	}
	sipring_worker_turn(here.worker, 10000000);
}

/* As many as there have been then, all together. */
static void stream(unsigned n)
{
	while (here.n_put < n) {
		while (here.n_put < n && here.n_put < here.n_outcomes + WINDOW &&
			put(peers, in_user_space ? 1 : 2) == 0)
			;
		turn("outcomes");
	}
}

/* Until each has come, was given back, or its outcome was that it does not go. */
static void settle(void)
{
	for (bool is_over = false; !is_over;) {
		turn("what was sent to come");
		is_over = here.n_outcomes == here.n_put;
		for (unsigned i = 0; i < here.n_put && is_over; i++)
			is_over = atomic_load(&world->received[i]) || here.returned[i] ||
				!here.sent[i];
	}
}

static unsigned count(bool (*is_so)(unsigned i))
{
	unsigned n = 0;

	for (unsigned i = 0; i < here.n_put; i++)
		n += is_so(i);
	return n;
}

static bool is_lost(unsigned i)
{
	return !atomic_load(&world->received[i]);
}

static bool is_doubled(unsigned i)
{
	return atomic_load(&world->received[i]) > 1;
}

static bool is_not_told_once(unsigned i)
{
	return here.outcomes[i] != 1 || !here.sent[i];
}

static void check_messages(void)
{
	struct sipring_stats stats;

	sipring_worker_stats(here.worker, &stats);
	printf("# %u messages, %u lost, %u twice, %u given back, %llu path changes\n", here.n_put,
		count(is_lost), count(is_doubled), here.n_returned,
		(unsigned long long)stats.path_changes);
	shared_point(count(is_not_told_once) == 0, "each message was taken, and told so once");
	shared_point(count(is_doubled) == 0, "none came twice");
	shared_point(here.n_events[SIPRING_EVENT_UP] == 1 &&
			here.n_events[SIPRING_EVENT_DOWN] == 0 && stats.associations == 1,
		"over one association, which stands");
}

static void check_paths(void)
{
	union sipring_address foreign = at("10.9.9.9");
	struct sipring_path paths[4];
	int n = sipring_paths(here.worker, here.association, paths, 4);

	shared_point(n == 2 && paths[0].primary && !paths[1].primary && paths[0].usable &&
			sipring_address_equal(&paths[0].address, &peers[0]) &&
			sipring_address_equal(&paths[1].address, &peers[1]),
		"both ways to the peer are known, the first is the primary one");
	shared_point(sipring_set_primary(here.worker, here.association, &peers[1]) == 0 &&
			sipring_paths(here.worker, here.association, paths, 4) == 2 &&
			sipring_address_equal(&paths[0].address, &peers[1]),
		"the other one can be made the primary one");
	shared_point(sipring_set_primary(here.worker, here.association, &peers[0]) == 0 &&
			sipring_set_primary(here.worker, here.association, &foreign) == -EINVAL,
		"and the first again, but not somebody else's");
}

static void cut(void)
{
	stream(n_messages / 4);
	check_paths();
	for (unsigned i = 0; i < 8; i++)
		put(&peers[1], 1);
	stream(n_messages / 2);
	treat(1, "loss 100%");
	stream(n_messages);
	settle();
	shared_point(count(is_lost) == 0, "none is lost");
	check_messages();
	while (!here.n_path_down)
		turn("the path's end");
	shared_point(sipring_address_equal(&here.down, &peers[0]), "the path that went was told");
	here.n_path_up = 0;
	treat(1, NULL);
	while (!here.n_path_up)
		turn("the path's return");
	shared_point(sipring_address_equal(&here.up, &peers[0]), "and that it came back");
}

static void lossy(void)
{
	treat(1, "delay 25ms loss 5%");
	treat(2, "delay 25ms loss 5%");
	stream(n_messages);
	settle();
	shared_point(count(is_lost) == 0, "none is lost");
	check_messages();
}

/* Without a word, and then it connects. */
static void begin_peer_anew(void)
{
	if (!in_user_space) {
		treat(1, "loss 100%");
		treat(2, "loss 100%");
	}
	atomic_store(&world->n_ready, 0);
	atomic_store(&world->wish, WISH_VANISH);
	for (uint64_t end_ms = shared_now_ms() + 500; shared_now_ms() < end_ms;) {
		if (here.n_put < n_messages)
			put(peers, in_user_space ? 1 : 2);
		turn("time");
	}
	atomic_store(&world->wish, WISH_RETURN);
	while (!atomic_load(&world->n_ready))
		turn("the peer's return");
}

static void restart(void)
{
	stream(n_messages / 2);
	begin_peer_anew();
	if (!in_user_space) {
		treat(1, NULL);
		treat(2, NULL);
	}
	while (!here.n_events[SIPRING_EVENT_RESTART])
		turn("the restart to be told");
	stream(n_messages);
	settle();
	shared_point(here.n_events[SIPRING_EVENT_RESTART] == 1, "the restart was told, once");
	shared_point(atomic_load(&world->received[here.n_put - 1]) == 1, "messages go on");
	check_messages();
}

static bool is_unaccounted(unsigned i)
{
	bool came = atomic_load(&world->received[i]);

	return here.outcomes[i] != 1 || here.sent[i] != (came || here.returned[i]);
}

static void stranger(void)
{
	unsigned n_put, n_sent;

	stream(n_messages / 2);
	begin_peer_anew();
	treat(2, NULL);
	while (!here.n_events[SIPRING_EVENT_DOWN])
		turn("the loss to be told");
	shared_point(here.down_error == -ECONNRESET, "the peer aborted what it knew nothing of");
	treat(1, NULL);
	while (here.n_events[SIPRING_EVENT_UP] < 2)
		turn("the peer's association");
	n_put = here.n_put;
	n_sent = here.n_sent;
	stream(n_messages);
	settle();
	printf("# %u messages, %u of them not sent, %u given back\n", here.n_put,
		here.n_put - here.n_sent, here.n_returned);
	shared_point(n_put < n_messages && here.n_sent - n_sent == n_messages - n_put,
		"messages go on, by the association that the peer began");
	shared_point(count(is_unaccounted) == 0 && count(is_doubled) == 0,
		"each has one outcome; those that went came once, or were given back");
	shared_point(here.n_events[SIPRING_EVENT_UP] == 2 &&
			here.n_events[SIPRING_EVENT_DOWN] == 1 &&
			!here.n_events[SIPRING_EVENT_RESTART],
		"one association was lost, and one came");
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[1] : "";
	struct sipring_callbacks callbacks = {.dispatch = on_message,
		.outcome = on_outcome,
		.event = on_event};
	struct sipring *sipring;
	struct sipring_error error;
	pid_t peer, next_peer = 0;

	n_messages = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	if (n_messages < 1000 || n_messages > MESSAGES_MAX - 1000)
		return 2;
	more_settings = argv + 3;
	n_more_settings = argc - 3;
	for (int i = 0; i < n_more_settings; i++)
		in_user_space |= !strcmp(more_settings[i], "provider=usrsctp");
	is_stranger = !strcmp(how, "stranger");
	world = shared_map(sizeof *world);
	peers[0] = at(in_user_space ? "127.0.0.1:15061" : "10.1.1.2:15061");
	peers[1] = at("[fd00:2::2]:15061");
	deadline_ms = shared_now_ms() + PATIENCE_MS;
	if (!in_user_space)
		lay_links();
	peer = shared_start(be_peer, 0);
	if (in_user_space)
		next_peer = shared_start(be_peer, 1);
	if (!in_user_space)
		go_to(name_here);
	sipring = open_sipring(in_user_space ? "sctp:127.0.0.1:15060"
					     : "sctp:(10.1.1.1,[fd00:2::1]):15060",
		"19905", "19906");
	if (sipring_worker_open(&here.worker, sipring, &callbacks, &error) < 0)
		fail("here", &error);
	while (!atomic_load(&world->n_ready))
		turn("the peer");
	if (!strcmp(how, "cut"))
		cut();
	else if (!strcmp(how, "lossy"))
		lossy();
	else if (is_stranger)
		stranger();
	else
		restart();
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
	if (next_peer) {
		kill(next_peer, SIGKILL);
		waitpid(next_peer, NULL, 0);
	}
	sipring_worker_close(here.worker);
	sipring_close(sipring);
	if (!in_user_space)
		run("ip netns del %s && ip netns del %s", name_here, name_there);
	return shared_plan();
}
