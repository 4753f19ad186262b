/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Established peers under assault: they are answered as before, and all of it, and none of them is
 * lost; the edge goes on and its memory stays.
 *
 *   assault killed  N [RATE]                 peers are killed in the middle, N times
 *   assault inits   N [RATE [PER_S [LIMIT]]] N INITs, each as of another peer
 *   assault aborts  N [RATE]                 associations come and are aborted at once
 *   assault garbage N [RATE [PER_S [LIMIT]]] N megabytes of packets that no stack sends
 *
 * then SETTING=VALUE…; RATE is that of the established peers, in requests a second, one that the
 * machine keeps up with. PER_S bounds the packets a second, 0: as fast as can be. LIMIT: percent
 * that the rate may fall, judged where it is not 0, on a machine that does nothing else.
 */
#include "crowd.h"
#include "edge.h"
#include "host.h"
#include "packets.h"
#include "shared.h"
#include "victims.h"

#include <inttypes.h>

#define ESTABLISHED 50

struct world {
	struct edge edge;
	struct victims victims;
	_Atomic bool begin, ended;
	_Atomic uint32_t n_aborted;
};

static struct world *world;
static struct crowd crowd;
static pid_t edge_pid;
static uint16_t udp_port;
static const char *which;
static unsigned amount, rate = 200, per_s, limit;

static bool is(const char *name)
{
	return strcmp(which, name) == 0;
}

/* ---- Those who come to be aborted ---- */

static struct sipring_worker *aborter;
static unsigned n_begun, n_open;

static void aborter_event(void *user, const struct sipring_event *event)
{
	(void)user;
	if (event->type == SIPRING_EVENT_UP) {
		atomic_fetch_add(&world->n_aborted, 1);
		sipring_disconnect(aborter, event->association, true);
	}
	n_open -= event->type == SIPRING_EVENT_DOWN;
}

static void aborter_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	(void)user, (void)buffer, (void)size, (void)message, (void)info;
}

static void abort_many(void)
{
	struct sipring_callbacks callbacks = {.dispatch = aborter_message, .event = aborter_event};
	union sipring_address to = host_address(0);
	struct sipring_connect connect = {.to = &to, .additional = true};
	struct sipring *sipring;
	uint32_t id;

	aborter = host_open(&sipring, -1, NULL, &callbacks);
	while (n_begun < amount || n_open) {
		while (n_begun < amount && n_open < 64 &&
			sipring_connect(aborter, &connect, &id) >= 0) {
			n_begun++;
			n_open++;
		}
		sipring_worker_turn(aborter, 10000000);
	}
	sipring_worker_close(aborter);
	sipring_close(sipring);
}

/* ---- The assault ---- */

static void be_assailant(unsigned unused)
{
	int fd = packets_open(udp_port);

	(void)unused;
	while (!atomic_load(&world->begin))
		usleep(10000);
	if (is("inits"))
		packets_inits(fd, amount, per_s);
	else if (is("garbage"))
		packets_garbage(fd, amount * UINT64_C(1000000), per_s);
	else if (is("aborts"))
		abort_many();
	else
		while (atomic_load(&world->victims.n_killed) < amount)
			usleep(10000);
	atomic_store(&world->ended, true);
}

static double measure(const char *what, unsigned seconds)
{
	uint64_t end_ms = shared_now_ms() + seconds * UINT64_C(1000);
	uint64_t used_ns = host_processor_ns(edge_pid);
	double per_s_then, took_s;

	crowd_time(&crowd);
	while (shared_now_ms() < end_ms ||
		(!atomic_load(&world->ended) && atomic_load(&world->begin) &&
			shared_now_ms() < end_ms + 580000))
		crowd_run(&crowd, 50);
	per_s_then = crowd_answers_per_s(&crowd);
	took_s = (double)(host_now_ns() - crowd.begun_ns) / 1e9;
	used_ns = host_processor_ns(edge_pid) - used_ns;
	printf("# %s: %.1f answers a second for %.1f s, 99 of 100 within %u us; the edge used "
	       "%.1f %% of a processor, resident %.2f MB\n",
		what, per_s_then, took_s, crowd_within_us(&crowd, 990),
		(double)used_ns / took_s / 1e7, (double)host_resident(edge_pid) / 1e6);
	fflush(stdout);
	return per_s_then;
}

static void check_assault(void)
{
	const struct sipring_stats *s = &world->edge.stats;

	printf("# edge: %" PRIu64 " packets in, %" PRIu64 " bad, %" PRIu64 " up, %" PRIu64
	       " down, %" PRIu64 " refused; %u aborted, %u killed\n",
		s->packets_in, s->packets_bad, s->associations_up, s->associations_down,
		s->associations_refused, world->n_aborted, world->victims.n_killed);
	shared_point(atomic_load(&world->ended), "the assault came to its end");
	if (is("killed"))
		shared_point(world->victims.n_answered > 0, "who was killed had been served");
	if (is("aborts")) /* one may be gone before it was accepted */
		shared_point(world->n_aborted > amount / 2 && s->associations_up > ESTABLISHED,
			"they came, and were aborted");
	if (is("inits"))
		shared_point(s->associations_up == ESTABLISHED, "no INIT made an association");
	if (is("garbage") && host_is("usrsctp"))
		shared_point(s->packets_bad > 0, "garbage was seen as such");
}

int main(int argc, char **argv)
{
	static const char *const pairs[] = {"autoclose", "0", NULL};
	int n_arguments = 1;
	unsigned *numbers[] = {&amount, &rate, &per_s, &limit};
	pid_t assailant, killer;
	uint64_t resident;
	double before, during;

	which = argc > 1 ? argv[n_arguments++] : "inits";
	for (unsigned i = 0; i < 4 && n_arguments < argc && !strchr(argv[n_arguments], '='); i++)
		*numbers[i] = (unsigned)strtoul(argv[n_arguments++], NULL, 10);
	host_begin((const char *const *)argv + n_arguments, argc - n_arguments);
	udp_port = host_open_udp_port();
	world = shared_map(sizeof *world);
	edge_pid = edge_start(&world->edge, pairs);
	killer = victims_start(&world->victims, 400);
	assailant = shared_start(be_assailant, 0);
	crowd_open(&crowd, ESTABLISHED, pairs);
	shared_point(crowd_connect(&crowd, ESTABLISHED, 60), "the peers come");
	crowd.rate = rate;
	crowd.window_each = 64;
	crowd_run(&crowd, 500);
	before = measure("before", 2);
	resident = host_resident(edge_pid);
	atomic_store(&world->begin, true);
	if (is("killed"))
		atomic_store(&world->victims.rate, rate);
	during = measure("under assault", 2);
	atomic_store(&world->victims.rate, 0);
	if (before > rate) /* what was late came, too */
		before = rate;
	printf("# %.3f times the rate\n", during / before);
	if (limit)
		shared_point(during * 100 >= before * (100 - limit),
			"established peers keep their rate");
	measure("afterwards", 1);
	shared_point(crowd_settle(&crowd, 60) && !crowd.n_lost && !crowd.n_bad && !crowd.n_down,
		"each of their requests is answered once, and none of them is lost");
	check_assault();
	if (host_is_sanitized())
		printf("# memory is not judged: a sanitizer has its own\n");
	else
		shared_point(host_resident(edge_pid) <= resident + 4 * UINT64_C(1048576),
			"memory stays");
	victims_stop(&world->victims, killer);
	kill(assailant, SIGKILL);
	waitpid(assailant, NULL, 0);
	crowd_close(&crowd);
	edge_stop(&world->edge, edge_pid);
	return shared_plan();
}
