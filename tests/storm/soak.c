/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * At 70 % of what it can do, with peers that come, go in order, abort, and are killed: what the
 * edge uses of memory and descriptors stays, and its counters add up to the last message. Memory
 * may grow by a tenth: it is that of the most associations there ever were at a time.
 *
 *   soak [SECONDS] [SETTING=VALUE…]
 */
#include "crowd.h"
#include "edge.h"
#include "host.h"
#include "shared.h"
#include "victims.h"

#include <inttypes.h>

#define PEERS 64
#define SAMPLES_MAX 7200

struct world {
	struct edge edge;
	struct victims victims;
};

static struct world *world;
static struct crowd crowd;
static pid_t edge;
static uint64_t resident[SAMPLES_MAX];
static unsigned n_samples;

static double find_capacity(void)
{
	crowd.window_each = 8;
	crowd.window = 256;
	crowd_run(&crowd, 500);
	crowd_time(&crowd);
	crowd_run(&crowd, 3000);
	return crowd_answers_per_s(&crowd);
}

static void sample(void)
{
	if (n_samples < SAMPLES_MAX)
		resident[n_samples++] = host_resident(edge);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* In the middle of a part of the samples. */
static uint64_t middle(unsigned from, unsigned to)
{
	uint64_t part[SAMPLES_MAX];

	memcpy(part, resident + from, (to - from) * sizeof *part);
	qsort(part, to - from, sizeof *part, by_size);
	return part[(to - from) / 2];
}

static void check_memory(void)
{
	uint64_t before, after;

	if (n_samples < 4)
		return;
	before = middle(n_samples / 4, n_samples / 2);
	after = middle(n_samples * 3 / 4, n_samples);
	printf("# resident %.2f MB in the second quarter, %.2f MB in the last\n",
		(double)before / 1e6, (double)after / 1e6);
	if (host_is_sanitized())
		printf("# not judged: a sanitizer keeps what was freed\n");
	else
		shared_point(after <= before + before / 10 + 262144, "memory is flat");
}

static void soak(unsigned seconds)
{
	uint64_t begun_ms = shared_now_ms(), told_ms = begun_ms;

	crowd.goings = 20;
	atomic_store(&world->victims.rate, crowd.rate / 10);
	while (shared_now_ms() < begun_ms + seconds * UINT64_C(1000)) {
		crowd_run(&crowd, seconds < 60 ? 250 : 1000);
		sample();
		if (shared_now_ms() > told_ms + 60000) {
			told_ms = shared_now_ms();
			printf("# %3" PRIu64 " min: resident %.2f MB, %u descriptors, %" PRIu64
			       " answered, %" PRIu64 " gone, %u killed, in 99 of 100 %u us\n",
				(told_ms - begun_ms) / 60000, (double)resident[n_samples - 1] / 1e6,
				host_descriptors(edge), crowd.n_answered, crowd.n_gone,
				world->victims.n_killed, crowd_within_us(&crowd, 990));
			crowd.n_times = 0;
			fflush(stdout);
		}
	}
	atomic_store(&world->victims.rate, 0);
	crowd.goings = 0;
}

/* Until only the crowd's are left at the edge, which autoclose must not take for dead ones. */
static unsigned quiet_descriptors(void)
{
	uint64_t end_ms = shared_now_ms() + 240000;

	crowd_settle(&crowd, 20);
	crowd_connect(&crowd, PEERS, 20);
	crowd.rate = PEERS;
	while (world->edge.stats.associations != PEERS && shared_now_ms() < end_ms)
		crowd_run(&crowd, 100);
	crowd_settle(&crowd, 20);
	return host_descriptors(edge);
}

static void check_counters(const struct sipring_stats *mine)
{
	const struct sipring_stats *s = &world->edge.stats;

	printf("# edge: %" PRIu64 " received, %" PRIu64 " accepted, %" PRIu64 " sent, %" PRIu64
	       " lost, %" PRIu64 " refused, %" PRIu64 " up, %" PRIu64 " down, %" PRIu64
	       " no room\n",
		s->received_messages, s->accepted, s->sent, s->failed_lost, s->failed_refused,
		s->associations_up, s->associations_down, (uint64_t)world->edge.n_no_room);
	shared_point(host_adds_up(s) && !s->queue_messages && s->accepted > 0,
		"the edge's counters add up: accepted = sent + failed");
	shared_point(host_adds_up(mine) && !mine->queue_messages, "so do those of its peers");
	shared_point(s->accepted + world->edge.n_no_room <= s->received_messages &&
			s->associations_up == s->associations_down,
		"no more answers than requests, and each association that came went");
}

/*
 * Where there is no time to wait for autoclose, heartbeats tell of the dead; so late that no peer
 * is taken for one because the machine did other things for some seconds.
 */
static const char *const in_haste[] = {"hbinterval", "500", "asocmaxrxt", "7", "pathmaxrxt", "7",
	"rto_initial", "300", "rto_min", "100", "rto_max", "1000", NULL};

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
	unsigned n_before, n_after;
	struct sipring_stats mine;
	double capacity;
	pid_t killer;

	host_begin((const char *const *)argv + 2, argc > 2 ? argc - 2 : 0);
	world = shared_map(sizeof *world);
	edge = edge_start(&world->edge, seconds < 600 ? in_haste : NULL);
	killer = victims_start(&world->victims, seconds < 60 ? 3000 : 10000);
	crowd_open(&crowd, PEERS, (const char *const[]){"autoclose", "0", NULL});
	shared_point(crowd_connect(&crowd, PEERS, 60), "the peers come");
	capacity = find_capacity();
	n_before = quiet_descriptors();
	crowd.rate = (unsigned)(capacity * 0.7);
	printf("# %.0f requests a second are answered at most, %u are sent\n", capacity,
		crowd.rate);
	crowd_time(&crowd);
	soak(seconds);
	printf("# %" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64 " went with associations that "
	       "were ended, %" PRIu64 " refused; %" PRIu64 " gone, %u killed\n",
		crowd.n_sent, crowd.n_answered, crowd.n_lost, crowd.n_refused, crowd.n_gone,
		world->victims.n_killed);
	victims_stop(&world->victims, killer);
	shared_point(world->victims.n_answered > 0, "victims were served, too");
	printf("# %" PRIu64 " connects failed, %" PRIu64 " associations were lost: %s\n",
		crowd.n_failed, crowd.n_down, strerror(-crowd.last_error));
	n_after = quiet_descriptors();
	shared_point(crowd.n_live == 0 && crowd.n_sent == crowd.n_answered + crowd.n_lost &&
			!crowd.n_bad,
		"each request was answered once, or its association was ended");
	shared_point(crowd.n_down == 0, "no association ended that was not to");
	shared_point(crowd.n_answered > 0 && crowd.n_gone > 0 && world->victims.n_killed > 0,
		"peers came, went and were killed");
	printf("# %u descriptors before, %u after\n", n_before, n_after);
	shared_point(n_before == n_after, "descriptors are flat");
	check_memory();
	sipring_worker_stats(crowd.worker, &mine);
	crowd_close(&crowd);
	atomic_store(&world->edge.drain, true);
	edge_stop(&world->edge, edge);
	check_counters(&mine);
	return shared_plan();
}
