/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The edge's process: turns, answers, floods. What it floods with waits for WRITABLE after each
 * refusal, as a host should.
 */
#include "edge.h"

#include "host.h"
#include "shared.h"

#include <errno.h>
#include <malloc.h>

struct flooded {
	uint32_t association;
	bool full;
};

static struct edge *edge;
static struct sipring_worker *worker;
static struct flooded flooded[EDGE_FLOODED_MAX];
static unsigned n_flooded;
static char flood_text[1024];
static int flood_size;

/* Strong where a program counts (see many.c). */
uint64_t edge_n_allocated(void) __attribute__((weak));

static void begin_flood(uint32_t association)
{
	if (n_flooded == EDGE_FLOODED_MAX)
		return;
	flooded[n_flooded++] = (struct flooded){.association = association};
	atomic_store(&edge->n_flooded, n_flooded);
}

static void dispatched(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	static char text[4096];
	int n;

	(void)user;
	if (!(message->flags & SIPRING_MESSAGE_REQUEST))
		return;
	if (memmem(buffer, size, "Call-ID: flood", 14)) {
		begin_flood(info->association);
		return;
	}
	n = sipring_reply_write(text, sizeof text, message,
		&(struct sipring_reply){.status = 200, .source = &info->source});
	if (n < 0)
		abort();
	n = sipring_send(worker,
		&(struct sipring_send){.data = text,
			.size = (size_t)n,
			.association = info->association});
	if (n == -ENOBUFS)
		atomic_fetch_add(&edge->n_no_room, 1);
}

static void happened(void *user, const struct sipring_event *event)
{
	(void)user;
	for (unsigned i = 0; i < n_flooded; i++) {
		if (flooded[i].association != event->association)
			continue;
		if (event->type == SIPRING_EVENT_WRITABLE) {
			flooded[i].full = false;
			atomic_fetch_add(&edge->n_flood_writable, 1);
		} else if (event->type == SIPRING_EVENT_DOWN) {
			flooded[i] = flooded[--n_flooded];
			atomic_store(&edge->n_flooded, n_flooded);
			break;
		}
	}
}

static void write_flood(void)
{
	flood_size = snprintf(flood_text, sizeof flood_text,
		"MESSAGE sip:peer@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP 127.0.0.1;branch=z9hG4bKflood\r\n"
		"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: flood\r\n"
		"CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Length: 600\r\n\r\n%600s",
		"");
}

static void flood(void)
{
	for (unsigned i = 0; i < n_flooded; i++) {
		struct sipring_send send = {.data = flood_text,
			.size = (size_t)flood_size,
			.association = flooded[i].association};

		while (!flooded[i].full) {
			if (sipring_send(worker, &send) < 0) {
				flooded[i].full = true;
				atomic_fetch_add(&edge->n_flood_full, 1);
			} else {
				atomic_fetch_add(&edge->n_flood, 1);
			}
		}
	}
}

static void note(void)
{
	sipring_worker_stats(worker, &edge->stats);
	if (edge_n_allocated)
		atomic_store(&edge->n_allocated, edge_n_allocated());
}

static void be_edge(const char *const *pairs)
{
	struct sipring_callbacks callbacks = {.dispatch = dispatched, .event = happened};
	struct sipring_config *config = host_config(0, pairs);
	struct sipring *sipring;

	write_flood();
	atomic_store(&edge->budget, sipring_budget(config, NULL, NULL));
	sipring_config_free(config);
	atomic_store(&edge->memory, host_resident(getpid()));
	worker = host_open(&sipring, 0, pairs, &callbacks);
	atomic_store(&edge->ready, true);
	while (!atomic_load(&edge->end)) {
		flood();
		if (sipring_worker_turn(worker, 50000000) < 0)
			abort();
		note();
	}
	if (atomic_load(&edge->drain)) {
		sipring_worker_drain(worker, 10000);
		while (!sipring_worker_drained(worker))
			sipring_worker_turn(worker, 50000000);
	}
	note();
	atomic_store(&edge->ended, true);
	sipring_worker_close(worker);
	sipring_close(sipring);
}

pid_t edge_start(struct edge *shared, const char *const *pairs)
{
	pid_t pid;

	edge = shared;
	atomic_store(&edge->ready, false);
	atomic_store(&edge->end, false);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be_edge(pairs);
		_exit(0);
	}
	for (uint64_t end_ms = shared_now_ms() + 60000; !atomic_load(&edge->ready);) {
		if (shared_now_ms() > end_ms || waitpid(pid, NULL, WNOHANG) > 0)
			host_fail("the edge", "does not come up");
		usleep(1000);
	}
	return pid;
}

void edge_stop(struct edge *shared, pid_t pid)
{
	atomic_store(&shared->end, true);
	waitpid(pid, NULL, 0);
}
