/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many associations, idle and then all of them active: memory is what the budget says and little
 * for each, nothing is allocated for a message, and one of many costs what one of few does.
 *
 *   many [ASSOCIATIONS [MESSAGES [LIMIT [SETTING=VALUE…]]]]
 *
 * LIMIT: percent that a message may cost among many, of what it costs among 64; judged where it is
 * not 0, which takes a clock that counts instructions (tools/lab --icount).
 */
#include "crowd.h"
#include "edge.h"
#include "host.h"
#include "shared.h"

#include <inttypes.h>

#define FEW 64
#define IDLE_MAX 2048 /* bytes of one that is idle */
static struct edge *edge;
static struct crowd crowd;
static pid_t edge_pid;
static unsigned n_many = 1000, n_messages = 5000, limit;

/* ---- Counted: what the library's own code allocates ---- */

static uint64_t n_allocated;

uint64_t edge_n_allocated(void);
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

uint64_t edge_n_allocated(void)
{
	return n_allocated;
}

void *__wrap_malloc(size_t size)
{
	n_allocated++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	n_allocated++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	n_allocated++;
	return __real_realloc(old, size);
}

/* ---- */

struct cost {
	double all_ns, edge_ns; /* of one request and its answer */
};

/*
 * What one costs with so many under way; the second time, when all is warm: the kernel's memory has
 * grown to what so many take, and each receive buffer was touched.
 */
static struct cost measure(unsigned window, const char *what)
{
	struct cost cost = {0};

	crowd.window = window;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t begun_ns, edge_ns, end_ms = shared_now_ms() + 300000;

		crowd_time(&crowd);
		begun_ns = host_now_ns();
		edge_ns = host_processor_ns(edge_pid);
		while (crowd.n_answered < n_messages && shared_now_ms() < end_ms)
			crowd_run(&crowd, 5);
		cost.all_ns = (double)(host_now_ns() - begun_ns) / (double)crowd.n_answered;
		cost.edge_ns =
			(double)(host_processor_ns(edge_pid) - edge_ns) / (double)crowd.n_answered;
		shared_point(crowd_settle(&crowd, 60) && !crowd.n_bad && !crowd.n_lost, what);
	}
	printf("# %s, %u under way: %.0f ns a round trip in all, %.0f of them in the edge's "
	       "process\n",
		what, window, cost.all_ns, cost.edge_ns);
	fflush(stdout);
	return cost;
}

static void check_cost(const struct cost *few, const struct cost *many, const char *what)
{
	double ratio = many->all_ns / few->all_ns;

	printf("# %s: %.3f times what it costs among %u (in the edge's process %.3f)\n", what,
		ratio, FEW, many->edge_ns / few->edge_ns);
	if (limit)
		shared_point(ratio * 100 <= limit, what);
}

static void check_memory(uint64_t few, uint64_t many, uint64_t active)
{
	double each = (double)(many - few) / (n_many - FEW);
	uint64_t at_most = edge->memory + edge->budget;

	printf("# resident: %.2f MB with %u, %.2f MB with %u idle: %.0f bytes each; %.2f MB when "
	       "all were active; the budget is %.2f MB\n",
		(double)few / 1e6, FEW, (double)many / 1e6, n_many, each, (double)active / 1e6,
		(double)edge->budget / 1e6);
	if (host_is_sanitized()) {
		printf("# not judged: a sanitizer has memory of its own\n");
		return;
	}
	if (host_is("kernel"))
		shared_point(each <= IDLE_MAX, "an idle one has 2 KB at most");
	shared_point(active <= at_most + (host_is("kernel") ? 1 : 64) * UINT64_C(1048576),
		"all is within the budget");
}

int main(int argc, char **argv)
{
	uint64_t few, many, n_before;
	struct cost of_few, of_many, of_all;
	char n[16], n_sends[16];
	const char *pairs[] = {"associations_max", n, "autoclose", "0", "send_small", n_sends,
		NULL};

	if (argc > 1)
		n_many = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		n_messages = (unsigned)strtoul(argv[2], NULL, 10);
	if (argc > 3)
		limit = (unsigned)strtoul(argv[3], NULL, 10);
	host_begin((const char *const *)argv + 4, argc > 4 ? argc - 4 : 0);
	snprintf(n, sizeof n, "%u", n_many + 16);
	/* One on its way and one whose completion was not seen yet, of each. */
	snprintf(n_sends, sizeof n_sends, "%u", 2 * n_many + 64);
	edge = shared_map(sizeof *edge);
	edge_pid = edge_start(edge, pairs);
	crowd_open(&crowd, n_many, pairs);
	shared_point(crowd_connect(&crowd, FEW, 60), "few come");
	of_few = measure(FEW, "among few");
	few = host_resident(edge_pid);
	shared_point(crowd_connect(&crowd, n_many, 600), "many come");
	many = host_resident(edge_pid);
	n_before = edge->n_allocated;
	of_many = measure(FEW, "among many");
	if (n_messages < 2 * n_many)
		n_messages = 2 * n_many;
	of_all = measure(n_many, "many, and all active");
	check_memory(few, many, host_resident(edge_pid));
	check_cost(&of_few, &of_many, "one among many idle ones");
	check_cost(&of_few, &of_all, "one among many active ones");
	printf("# %" PRIu64 " allocations until all were there, %" PRIu64 " afterwards\n", n_before,
		(uint64_t)edge->n_allocated - n_before);
	shared_point(n_before > 0 && edge->n_allocated == n_before, "nothing is allocated");
	shared_point(crowd.n_up == n_many && !crowd.n_down && !edge->n_no_room, "all still stand");
	crowd_close(&crowd);
	edge_stop(edge, edge_pid);
	return shared_plan();
}
