/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Room: what waits for an association, at a worker and in a mailbox never passes its bounds, who
 * finds one full is told at once, and told again when there is room, once for each time. The peer
 * stands still and goes on, again and again; small queues, so that all of them fill.
 *
 *   room [CYCLES] [SETTING=VALUE…]
 */
#include "edge.h"
#include "host.h"
#include "shared.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>

#define ASSOCIATIONS 8
#define QUEUE_MESSAGES 100
#define QUEUE_BYTES 60000
#define BUFFERS (256 + 32 + 4) /* of the worker */
#define MAILBOX_BYTES 262144
#define HANDED_MAX 64

struct one {
	uint32_t association;
	uint32_t n_waiting;
	uint64_t n_bytes;
	bool up, full;
};

static struct sipring_worker *worker;
static struct sipring_sender *sender;
static struct one ones[ASSOCIATIONS];
static unsigned n_up, n_waiting, most, most_waiting;
static uint64_t most_bytes, n_accepted, n_outcomes, n_full, n_writable, n_vain, n_beyond;
static uint64_t n_told, n_sender_outcomes, n_sender_writable;
static unsigned body; /* bytes */
static bool is_over;

static size_t write_text(char *text, size_t size, unsigned n_body)
{
	return (size_t)snprintf(text, size,
		"MESSAGE sip:edge@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP 127.0.0.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: 1\r\n"
		"CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Length: %u\r\n\r\n%*s",
		n_body, (int)n_body, "");
}

static bool send_one(unsigned index)
{
	struct one *one = &ones[index];
	char text[8192];
	size_t size = write_text(text, sizeof text, body);
	struct sipring_send send = {.data = text,
		.size = size,
		.association = one->association,
		.cookie = (uint32_t)(size << 8 | index) + 1};
	int r = sipring_send(worker, &send);

	if (r < 0) {
		n_beyond += r != -ENOBUFS;
		return false;
	}
	n_accepted++;
	n_waiting++;
	one->n_waiting++;
	one->n_bytes += size;
	most = n_waiting > most ? n_waiting : most;
	most_waiting = one->n_waiting > most_waiting ? one->n_waiting : most_waiting;
	most_bytes = one->n_bytes > most_bytes ? one->n_bytes : most_bytes;
	return true;
}

static void fill(bool after_writable, unsigned index)
{
	bool first = after_writable;

	while (!ones[index].full) {
		if (send_one(index)) {
			first = false;
			continue;
		}
		ones[index].full = true;
		n_full++;
		n_vain += first;
	}
}

static void on_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	struct one *one = &ones[(cookie - 1) & 255];

	(void)user, (void)error;
	n_beyond += outcome != SIPRING_OUTCOME_SENT;
	n_outcomes++;
	n_waiting--;
	one->n_waiting--;
	one->n_bytes -= (cookie - 1) >> 8;
}

static void on_event(void *user, const struct sipring_event *event)
{
	(void)user;
	for (unsigned i = 0; i < ASSOCIATIONS; i++) {
		if (ones[i].association != event->association)
			continue;
		if (event->type == SIPRING_EVENT_UP) {
			ones[i].up = true;
			n_up++;
		} else if (event->type == SIPRING_EVENT_WRITABLE) {
			n_beyond += !ones[i].full; /* told for nothing */
			ones[i].full = false;
			n_writable++;
			if (!is_over)
				fill(true, i);
		} else if (event->type == SIPRING_EVENT_DOWN) {
			n_beyond++;
		}
	}
}

static void ignore(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	(void)user, (void)buffer, (void)size, (void)message, (void)info;
}

static void turn_for(unsigned ms)
{
	uint64_t end_ms = shared_now_ms() + ms;
	struct sipring_stats stats;

	while (shared_now_ms() < end_ms) {
		if (sipring_worker_turn(worker, 10000000) < 0)
			abort();
		sipring_worker_stats(worker, &stats);
		n_beyond += stats.queue_messages != n_waiting;
	}
}

/* ---- A worker's queues ---- */

static void come(void)
{
	union sipring_address to = host_address(0);
	struct sipring_connect connect = {.to = &to, .additional = true};
	uint64_t end_ms = shared_now_ms() + 20000;

	for (unsigned i = 0; i < ASSOCIATIONS; i++)
		if (sipring_connect(worker, &connect, &ones[i].association) < 0)
			host_fail("connecting", "refused");
	while (n_up < ASSOCIATIONS && shared_now_ms() < end_ms)
		turn_for(10);
	shared_point(n_up == ASSOCIATIONS, "the associations stand");
}

static bool any_full(void)
{
	for (unsigned i = 0; i < ASSOCIATIONS; i++)
		if (ones[i].full)
			return true;
	return false;
}

static void fill_and_drain(pid_t edge_pid, unsigned n_cycles)
{
	/* The bound in messages, that in bytes, that of the worker. */
	static const struct {
		unsigned n, body;
	} turns[] = {{1, 0}, {2, 1200}, {ASSOCIATIONS, 600}};
	uint64_t end_ms;

	for (unsigned cycle = 0; cycle < n_cycles; cycle++) {
		uint64_t before = n_accepted - 1;

		kill(edge_pid, SIGSTOP);
		body = turns[cycle % 3].body;
		for (unsigned i = 0; i < turns[cycle % 3].n; i++)
			fill(false, i);
		while (before != n_accepted) {
			before = n_accepted;
			turn_for(200);
		}
		kill(edge_pid, SIGCONT);
		turn_for(300);
	}
	is_over = true;
	end_ms = shared_now_ms() + 60000;
	while ((n_waiting || any_full()) && shared_now_ms() < end_ms)
		turn_for(10);
	printf("# %" PRIu64 " accepted; at most %u messages and %" PRIu64 " bytes for one, %u in "
	       "all; found full %" PRIu64 " times, told of room %" PRIu64 " times, %" PRIu64
	       " of them in vain\n",
		n_accepted, most_waiting, most_bytes, most, n_full, n_writable, n_vain);
	shared_point(most_waiting == QUEUE_MESSAGES && most_bytes <= QUEUE_BYTES &&
			most_bytes > QUEUE_BYTES - 1536,
		"an association has its bounds, and no more");
	shared_point(most <= BUFFERS && most > BUFFERS / 2,
		"no more than its buffers has the worker");
	shared_point(n_full >= n_cycles && n_writable == n_full && !any_full(),
		"who was refused is told when there is room, once");
	shared_point(!n_vain, "and then there is room");
	shared_point(n_outcomes == n_accepted && !n_waiting && !n_beyond,
		"each that was accepted went, and was told once");
}

/* ---- A mailbox ---- */

static void on_sender_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	(void)user, (void)cookie, (void)error;
	n_sender_outcomes++;
	n_beyond += outcome != SIPRING_OUTCOME_SENT;
}

static void on_sender_event(void *user, const struct sipring_event *event)
{
	(void)user;
	n_sender_writable += event->type == SIPRING_EVENT_WRITABLE;
}

/* Nobody empties it meanwhile: how many it takes. */
static unsigned fill_mailbox(bool with_cookies, size_t *n_bytes)
{
	char text[8192];
	size_t size = write_text(text, sizeof text, 1000);
	struct sipring_send send = {.data = text, .size = size};
	unsigned n = 0;
	int r;

	for (; n < 100000; n++) {
		send.association = ones[n % ASSOCIATIONS].association;
		send.cookie = with_cookies ? n + 1 : 0;
		r = sipring_sender_send(sender, &send);
		if (r < 0) {
			n_beyond += r != -ENOBUFS;
			break;
		}
	}
	*n_bytes = n * size;
	return n;
}

static void until_writable(uint64_t n)
{
	uint64_t end_ms = shared_now_ms() + 20000;

	while ((n_sender_writable < n || n_sender_outcomes < n_told) && shared_now_ms() < end_ms) {
		sipring_worker_turn(worker, 1000000);
		sipring_sender_run(sender);
	}
}

static void fill_mailboxes(unsigned n_cycles)
{
	unsigned most_told = 0;
	size_t n_bytes = 0, most_in = 0;

	for (unsigned cycle = 0; cycle < n_cycles; cycle++) {
		unsigned n;

		fill_mailbox(false, &n_bytes);
		most_in = n_bytes > most_in ? n_bytes : most_in;
		until_writable(2 * cycle + 1);
		n = fill_mailbox(true, &n_bytes);
		most_told = n > most_told ? n : most_told;
		n_told += n;
		until_writable(2 * cycle + 2);
	}
	printf("# mailbox: %zu bytes at most, %u sends with a cookie at most; told of room %" PRIu64
	       " times in %u\n",
		most_in, most_told, n_sender_writable, 2 * n_cycles);
	shared_point(most_in > MAILBOX_BYTES / 2 && most_in <= MAILBOX_BYTES,
		"a mailbox has no more than its bytes");
	shared_point(most_told == HANDED_MAX, "nobody has more sends under way than he may");
	shared_point(n_sender_writable == 2 * n_cycles && n_sender_outcomes == n_told && !n_beyond,
		"the sender is told of room, and what became of each");
}

int main(int argc, char **argv)
{
	static const char *const pairs[] = {"queue_messages", "100", "queue_bytes", "60000",
		"message_max", "8192", "send_small", "256", "send_medium", "32", "send_large", "4",
		"senders", "1", "mailbox_bytes", "262144", "handed_max", "64", "send_timeout_ms",
		"600000", "so_sndbuf", "131072", "autoclose", "0", NULL};
	static const char *const edge_pairs[] = {"autoclose", "0", "so_rcvbuf", "131072", NULL};
	struct sipring_callbacks callbacks = {.dispatch = ignore,
		.outcome = on_outcome,
		.event = on_event};
	struct sipring_callbacks of_sender = {.outcome = on_sender_outcome,
		.event = on_sender_event};
	unsigned n_cycles = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 6;
	struct edge *edge = shared_map(sizeof *edge);
	struct sipring *sipring;
	struct sipring_error error;
	pid_t edge_pid;

	host_begin((const char *const *)argv + 2, argc > 2 ? argc - 2 : 0);
	edge_pid = edge_start(edge, edge_pairs);
	worker = host_open(&sipring, -1, pairs, &callbacks);
	if (sipring_sender_open(&sender, sipring, &of_sender, &error) < 0)
		host_fail("a sender", error.text);
	come();
	fill_and_drain(edge_pid, n_cycles);
	fill_mailboxes(n_cycles);
	sipring_sender_close(sender);
	sipring_worker_close(worker);
	sipring_close(sipring);
	edge_stop(edge, edge_pid);
	return shared_plan();
}
