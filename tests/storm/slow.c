/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two peers that never read and two that hardly do, among 50 healthy ones, and the edge sends to
 * them so much as is accepted: the healthy ones do not notice, and memory stays.
 *
 *   slow [MESSAGES [RATE_LIMIT TIME_LIMIT [SETTING=VALUE…]]]
 *
 * Limits: percent that the rate may fall, and that the time within which 99 of 100 answers come may
 * grow. They are judged where they are not 0, which takes a clock that counts instructions
 * (tools/lab --icount). The slow one reads 10 bytes a second; in user space, where only whole
 * messages are taken, one in ten seconds.
 */
#include "crowd.h"
#include "edge.h"
#include "host.h"
#include "shared.h"

#include <inttypes.h>

#define HEALTHY 50
#define SLOW 4
#define ASK                                                          \
	"MESSAGE sip:edge@127.0.0.1 SIP/2.0\r\n"                     \
	"Via: SIP/2.0/SCTP 127.0.0.1;branch=z9hG4bKflood\r\n"        \
	"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\n" \
	"Call-ID: flood\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n"  \
	"Content-Length: 0\r\n\r\n"

static struct edge *edge;
static struct crowd crowd;
static pid_t edge_pid;
static unsigned n_messages = 5000, rate_limit, time_limit;

/* Of the slow ones by number. */
static bool never_reads(unsigned number)
{
	return number % 2 == 0;
}

/* A socket that is read as no stack would by itself. */
static void be_slow_in_kernel(unsigned number)
{
	union sipring_address to = host_address(0);
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
	char some[10];

	if (fd < 0 || connect(fd, &to.sa, sizeof to.v4) < 0 || send(fd, ASK, sizeof ASK - 1, 0) < 0)
		host_fail("a slow peer", "cannot connect");
	for (;;) {
		sleep(1);
		if (!never_reads(number) && recv(fd, some, sizeof some, 0) < 0)
			host_fail("a slow peer", "lost its association");
	}
}

/* An engine whose taker lets messages lie. */
static void be_slow_in_user_space(unsigned number)
{
	static const char *const pairs[] = {"takers", "1", "inbox_small", "16", "inbox_medium", "4",
		"inbox_large", "2", "receive_buffers", "16", "reassembly_slots", "1", "autoclose",
		"0", NULL};
	uint64_t taken_ms = shared_now_ms();
	struct sipring_callbacks callbacks = {0};
	union sipring_address to = host_address(0);
	struct sipring_send ask = {.data = ASK, .size = sizeof ASK - 1, .to = &to};
	struct sipring_taker *taker;
	struct sipring_taken taken;
	struct sipring *sipring;
	struct sipring_worker *worker = host_open(&sipring, 1 + (int)number, pairs, &callbacks);

	if (sipring_taker_open(&taker, sipring, SIPRING_LISTENERS_ALL, NULL, NULL) < 0 ||
		sipring_send(worker, &ask) < 0)
		host_fail("a slow peer", "cannot take or send");
	for (;;) {
		sipring_worker_turn(worker, 100000000);
		if (never_reads(number) || shared_now_ms() < taken_ms + 10000)
			continue;
		taken_ms = shared_now_ms();
		if (sipring_taker_take(taker, &taken, 1))
			sipring_taker_give(taker, &taken);
	}
}

struct figures {
	double per_s, edge_ns; /* of a processor, an answer */
	uint32_t within_us;
	uint64_t resident;
};

static struct figures measure(const char *what)
{
	uint64_t end_ms = shared_now_ms() + 200000;
	struct figures figures;

	uint64_t edge_ns;

	crowd_run(&crowd, 200);
	crowd_time(&crowd);
	edge_ns = host_processor_ns(edge_pid);
	while (crowd.n_answered < n_messages && shared_now_ms() < end_ms)
		crowd_run(&crowd, 5);
	figures.edge_ns =
		(double)(host_processor_ns(edge_pid) - edge_ns) / (double)crowd.n_answered;
	figures.per_s = crowd_answers_per_s(&crowd);
	figures.within_us = crowd_within_us(&crowd, 990);
	figures.resident = host_resident(edge_pid);
	shared_point(crowd.n_answered >= n_messages && !crowd.n_lost && !crowd.n_bad, what);
	printf("# %s: %.0f a second, 99 of 100 within %u us, %.0f ns of the edge's time each, "
	       "%.2f MB resident\n",
		what, figures.per_s, figures.within_us, figures.edge_ns,
		(double)figures.resident / 1e6);
	return figures;
}

static void until_stuck(void)
{
	uint64_t end_ms = shared_now_ms() + 60000, before = 1;

	/* Until nothing more is accepted for either. */
	while (shared_now_ms() < end_ms && (edge->n_flooded < SLOW || before != edge->n_flood)) {
		before = edge->n_flood;
		crowd_run(&crowd, 500);
	}
	shared_point(edge->n_flooded == SLOW && edge->n_flood_full >= SLOW,
		"the slow ones are stuck");
	printf("# %" PRIu64 " messages for them were accepted, %" PRIu64 " wait\n",
		(uint64_t)edge->n_flood, edge->stats.queue_messages);
}

static void judge(const struct figures *without, const struct figures *with)
{
	double rate = with->per_s / without->per_s;
	double time = (double)with->within_us / without->within_us;

	printf("# with them: %.3f times the rate, %.3f times the time, %.3f times the edge's own\n",
		rate, time, with->edge_ns / without->edge_ns);
	if (rate_limit)
		shared_point(rate * 100 >= 100 - rate_limit, "the rate of the healthy ones stays");
	if (time_limit)
		shared_point(time * 100 <= 100 + time_limit, "so does their time");
	shared_point(edge->n_no_room == 0, "the healthy ones were never refused for want of room");
	if (host_is_sanitized())
		printf("# memory is not judged: a sanitizer has its own\n");
	else
		shared_point(with->resident <= without->resident + edge->budget &&
				host_resident(edge_pid) <= with->resident + 262144,
			"memory is flat");
}

int main(int argc, char **argv)
{
	static const char *const pairs[] = {"autoclose", "0", NULL};
	void (*be_slow)(unsigned) = be_slow_in_kernel;
	struct figures without, with, then;
	pid_t slow[SLOW];

	if (argc > 1)
		n_messages = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 3) {
		rate_limit = (unsigned)strtoul(argv[2], NULL, 10);
		time_limit = (unsigned)strtoul(argv[3], NULL, 10);
	}
	host_begin((const char *const *)argv + 4, argc > 4 ? argc - 4 : 0);
	if (host_is("usrsctp"))
		be_slow = be_slow_in_user_space;
	edge = shared_map(sizeof *edge);
	edge_pid = edge_start(edge, pairs);
	/* Forked before there is a stack in this process; they come when they are let. */
	for (unsigned i = 0; i < SLOW; i++) {
		slow[i] = fork();
		if (slow[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			raise(SIGSTOP);
			be_slow(i);
		}
	}
	crowd_open(&crowd, HEALTHY, pairs);
	shared_point(crowd_connect(&crowd, HEALTHY, 60), "the healthy ones come");
	crowd.window = HEALTHY;
	without = measure("without");
	for (unsigned i = 0; i < SLOW; i++)
		kill(slow[i], SIGCONT);
	until_stuck();
	with = measure("with");
	then = measure("with, later");
	judge(&without, &with);
	judge(&without, &then);
	for (unsigned i = 0; i < SLOW; i++) {
		kill(slow[i], SIGKILL);
		waitpid(slow[i], NULL, 0);
	}
	crowd_close(&crowd);
	edge_stop(edge, edge_pid);
	return shared_plan();
}
