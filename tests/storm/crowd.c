/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The peers of an edge. A request carries in its Call-ID whose it is and when it left, so that
 * nothing is kept for each. Invariant: n_sent == n_answered + n_lost + those under way, where lost
 * are those whose association went before their answer came.
 */
#include "crowd.h"

#include "host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTING_MAX 64

static void dispatched(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	const char *id = memmem(buffer, size, "Call-ID: ", 9);
	struct crowd *crowd = user;
	struct crowd_one *one;
	unsigned index;
	uint64_t life, sent_ns;

	if (message->flags & SIPRING_MESSAGE_REQUEST)
		return; /* of a flood */
	if (!id || sscanf(id + 9, "%u-%" SCNu64 "-%" SCNu64, &index, &life, &sent_ns) != 3 ||
		message->status != 200 || life != crowd->life || index >= crowd->n) {
		crowd->n_bad++;
		return;
	}
	one = &crowd->ones[index];
	if (one->association != info->association || !one->n_waiting) {
		crowd->n_bad++;
		return;
	}
	one->n_waiting--;
	one->n_answered++;
	crowd->n_live--;
	crowd->n_answered++;
	if (crowd->n_times < CROWD_TIMES_MAX)
		crowd->times_us[crowd->n_times++] = (uint32_t)((host_now_ns() - sent_ns) / 1000);
}

/* Most often the one after whom was found last. */
static struct crowd_one *find(struct crowd *crowd, uint32_t association)
{
	for (unsigned i = 1; i <= crowd->n; i++) {
		unsigned index = (crowd->found + i) % crowd->n;

		if (crowd->ones[index].association == association) {
			crowd->found = index;
			return &crowd->ones[index];
		}
	}
	return NULL;
}

static void happened(void *user, const struct sipring_event *event)
{
	struct crowd *crowd = user;
	struct crowd_one *one;

	if (event->type != SIPRING_EVENT_UP && event->type != SIPRING_EVENT_DOWN)
		return;
	one = find(crowd, event->association);
	if (!one)
		return;
	if (event->type == SIPRING_EVENT_UP) {
		one->up = true;
		crowd->n_up++;
		crowd->n_connecting--;
		return;
	}
	crowd->n_up -= one->up;
	crowd->n_connecting -= !one->up;
	crowd->n_down += one->up && !one->ending;
	crowd->n_failed += !one->up;
	crowd->last_error = one->ending ? crowd->last_error : event->error;
	crowd->n_lost += one->n_waiting;
	crowd->n_live -= one->n_waiting;
	*one = (struct crowd_one){0};
}

void crowd_open(struct crowd *crowd, unsigned n, const char *const *pairs)
{
	struct sipring_callbacks callbacks = {.dispatch = dispatched,
		.event = happened,
		.user = crowd};

	*crowd = (struct crowd){.n = n, .window_each = 1, .window = 64, .seed = 88172645463325252u};
	crowd->ones = calloc(n, sizeof *crowd->ones);
	crowd->times_us = calloc(CROWD_TIMES_MAX, sizeof *crowd->times_us);
	crowd->life = host_now_ns();
	crowd->worker = host_open(&crowd->sipring, -1, pairs, &callbacks);
}

static bool begin_one(struct crowd *crowd, struct crowd_one *one)
{
	union sipring_address to = host_address(0);
	struct sipring_connect connect = {.to = &to, .additional = true};

	if (sipring_connect(crowd->worker, &connect, &one->association) < 0) {
		*one = (struct crowd_one){0};
		return false;
	}
	crowd->n_connecting++;
	return true;
}

/* So many at a time that a listener's backlog has room for them. */
static void begin_some(struct crowd *crowd, unsigned n)
{
	for (unsigned i = 0; i < n && crowd->n_connecting < CONNECTING_MAX; i++)
		if (!crowd->ones[i].association && !begin_one(crowd, &crowd->ones[i]))
			return;
}

bool crowd_connect(struct crowd *crowd, unsigned n, unsigned seconds)
{
	uint64_t end_ns = host_now_ns() + seconds * UINT64_C(1000000000);
	unsigned from = crowd->n_up;

	while (crowd->n_up < n && host_now_ns() < end_ns) {
		while (from < n && crowd->n_connecting < CONNECTING_MAX &&
			(crowd->ones[from].association || begin_one(crowd, &crowd->ones[from])))
			from++;
		if (from >= n && !crowd->n_connecting)
			from = 0;
		sipring_worker_turn(crowd->worker, 10000000);
	}
	return crowd->n_up >= n;
}

static int send_one(struct crowd *crowd, unsigned index)
{
	struct crowd_one *one = &crowd->ones[index];
	char text[2048];
	int r,
		size = snprintf(text, sizeof text,
			"MESSAGE sip:edge@127.0.0.1 SIP/2.0\r\n"
			"Via: SIP/2.0/SCTP 127.0.0.1;branch=z9hG4bK%u\r\n"
			"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\n"
			"Call-ID: %u-%" PRIu64 "-%" PRIu64 "\r\n"
			"CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Length: %u\r\n\r\n%*s",
			one->n_answered, index, crowd->life, host_now_ns(), crowd->body,
			(int)crowd->body, "");

	r = sipring_send(crowd->worker,
		&(struct sipring_send){.data = text,
			.size = (size_t)size,
			.association = one->association});
	if (r < 0) {
		crowd->n_refused++;
		return r;
	}
	one->n_waiting++;
	crowd->n_live++;
	crowd->n_sent++;
	return 0;
}

/* To whoever is next and may; 0 where none may. */
static unsigned send_some(struct crowd *crowd, unsigned n_max)
{
	unsigned n_put = 0;

	for (unsigned i = 0; i < crowd->n && n_put < n_max; i++) {
		struct crowd_one *one = &crowd->ones[crowd->next];
		unsigned index = crowd->next;

		crowd->next = (crowd->next + 1) % crowd->n;
		if (!one->up || one->ending || one->n_waiting >= crowd->window_each)
			continue;
		if (send_one(crowd, index) < 0)
			break;
		n_put++;
	}
	return n_put;
}

static uint64_t random_next(struct crowd *crowd)
{
	crowd->seed ^= crowd->seed << 13;
	crowd->seed ^= crowd->seed >> 7;
	return crowd->seed ^= crowd->seed << 17;
}

/* One goes, in order or not; whoever is missing comes. */
static void come_and_go(struct crowd *crowd)
{
	uint64_t now_ns = host_now_ns();

	while (crowd->goings && crowd->gone_at_ns + 1000000000 / crowd->goings < now_ns) {
		struct crowd_one *one = &crowd->ones[random_next(crowd) % crowd->n];

		crowd->gone_at_ns =
			crowd->gone_at_ns ? crowd->gone_at_ns + 1000000000 / crowd->goings : now_ns;
		if (!one->up || one->ending)
			continue;
		one->ending = true;
		crowd->n_gone++;
		sipring_disconnect(crowd->worker, one->association, random_next(crowd) % 2);
	}
	begin_some(crowd, crowd->n);
}

static void send_due(struct crowd *crowd)
{
	uint64_t now_ns = host_now_ns();

	if (!crowd->rate) {
		if (crowd->n_live < crowd->window)
			send_some(crowd, crowd->window - crowd->n_live);
		return;
	}
	if (!crowd->rate_begun_ns) {
		crowd->rate_begun_ns = now_ns;
		crowd->n_due = 0;
	}
	while (crowd->n_due < (now_ns - crowd->rate_begun_ns) / 1000 * crowd->rate / 1000000) {
		if (!send_some(crowd, 1)) { /* what cannot go now is not made up for */
			crowd->rate_begun_ns = 0;
			return;
		}
		crowd->n_due++;
	}
}

void crowd_run(struct crowd *crowd, uint64_t ms)
{
	uint64_t end_ns = host_now_ns() + ms * 1000000;

	while (host_now_ns() < end_ns) {
		if (crowd->goings)
			come_and_go(crowd);
		send_due(crowd);
		sipring_worker_turn(crowd->worker, crowd->rate ? 1000000 : 10000000);
	}
}

bool crowd_settle(struct crowd *crowd, unsigned seconds)
{
	uint64_t end_ns = host_now_ns() + seconds * UINT64_C(1000000000);

	crowd->rate_begun_ns = 0;
	while ((crowd->n_live || crowd->n_connecting) && host_now_ns() < end_ns)
		sipring_worker_turn(crowd->worker, 10000000);
	return !crowd->n_live;
}

void crowd_time(struct crowd *crowd)
{
	crowd->n_times = 0;
	crowd->n_answered = crowd->n_sent = crowd->n_lost = 0;
	crowd->n_sent = crowd->n_live;
	crowd->begun_ns = host_now_ns();
}

double crowd_answers_per_s(const struct crowd *crowd)
{
	return (double)crowd->n_answered * 1e9 / (double)(host_now_ns() - crowd->begun_ns);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

uint32_t crowd_within_us(struct crowd *crowd, unsigned permille)
{
	if (!crowd->n_times)
		return UINT32_MAX;
	qsort(crowd->times_us, crowd->n_times, sizeof *crowd->times_us, by_size);
	return crowd->times_us[(uint64_t)(crowd->n_times - 1) * permille / 1000];
}

void crowd_close(struct crowd *crowd)
{
	sipring_worker_close(crowd->worker);
	sipring_close(crowd->sipring);
	free(crowd->ones);
	free(crowd->times_us);
}
