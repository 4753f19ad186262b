/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's two loops. Closed: whatever came back from a peer goes out again as one batch, so
 * that the number outstanding is always the same; measuring begins with the first answer after the
 * warm-up and ends with the last, while requests go on, so that neither end is part of it. Open:
 * request k is due at begin + k / rate whatever the answers do, and its latency counts from then.
 */
#include "client.h"
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define EVENTS_MAX 256
#define STUCK_MS 10000

uint64_t client_clock_ns(struct client *client)
{
	struct timespec now;

	(void)client;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void begin(struct client *client)
{
	probe_begin(client->probe);
	client->n_system_calls = 0;
	client->begin_ns = client_clock_ns(client);
}

static void end(struct client *client)
{
	client->end_ns = client_clock_ns(client);
	probe_end(client->probe);
}

void client_count(struct client *client, struct client_peer *peer, unsigned slot)
{
	uint64_t n = ++client->n_answered;

	if (peer->begun_ns && n > client->options.warm_up) {
		uint64_t now_ns = client_clock_ns(client), begun_ns = peer->begun_ns[slot];

		histogram_add(&client->latency, now_ns > begun_ns ? now_ns - begun_ns : 0);
	}
	if (n == client->options.warm_up && !client->options.rate)
		begin(client);
	else if (n == client->options.warm_up + client->options.count)
		end(client);
}

static int wait_for(struct client *client, struct epoll_event *events, int64_t timeout_ns)
{
	struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};

	client->n_system_calls++;
	int n = timeout_ns < 0 ? epoll_wait(client->epoll, events, EVENTS_MAX, STUCK_MS)
			       : epoll_pwait2(client->epoll, events, EVENTS_MAX, &timeout, NULL);
	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0)
		server_fail("epoll_wait");
	if (n == 0 && timeout_ns < 0) {
		fprintf(stderr, "client: no reply for %d ms, %llu of %llu answered\n", STUCK_MS,
			(unsigned long long)client->n_answered, (unsigned long long)client->n_sent);
		exit(1);
	}
	return n;
}

static bool is_done(const struct client *client)
{
	return client->n_answered >= client->options.warm_up + client->options.count;
}

void client_run_closed(struct client *client)
{
	struct epoll_event events[EVENTS_MAX];

	for (unsigned i = 0; i < client->options.peers; i++)
		client_send(client, &client->peers[i], client->peers[i].n_slots, 0);
	if (!client->options.warm_up)
		begin(client);
	while (!is_done(client)) {
		int n = wait_for(client, events, -1);

		for (int i = 0; i < n && !is_done(client); i++) {
			struct client_peer *peer = events[i].data.ptr;
			unsigned n_free = peer->n_due + client_receive(client, peer);

			if (n_free && !is_done(client))
				client_send(client, peer, n_free, 0);
		}
	}
}

static uint64_t due_ns(const struct client *client, uint64_t k)
{
	uint64_t rate = client->options.rate;

	return client->begin_ns + k / rate * 1000000000 + k % rate * 1000000000 / rate;
}

/* Sends what is due, peer after peer; a peer whose slots are all taken is passed over. */
static void send_due(struct client *client, uint64_t n_wanted)
{
	static unsigned next;
	uint64_t now_ns = client_clock_ns(client);
	unsigned n_passed = 0;

	while (client->n_sent < n_wanted && due_ns(client, client->n_sent) <= now_ns &&
		n_passed < client->options.peers) {
		struct client_peer *peer = &client->peers[next];

		next = next + 1 < client->options.peers ? next + 1 : 0;
		if (peer->n_outstanding == peer->n_slots || peer->n_due) {
			n_passed++;
			continue;
		}
		n_passed = 0;
		client_send(client, peer, 1, due_ns(client, client->n_sent));
	}
}

void client_run_open(struct client *client)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t n_wanted = client->options.warm_up + client->options.count;

	begin(client);
	while (!is_done(client)) {
		send_due(client, n_wanted);
		int64_t timeout_ns = -1;
		if (client->n_sent < n_wanted) {
			uint64_t due = due_ns(client, client->n_sent);
			uint64_t now_ns = client_clock_ns(client);

			/* What is overdue waits for a slot, not for its time. */
			timeout_ns = due > now_ns ? (int64_t)(due - now_ns) : 1000000;
		}
		int n = wait_for(client, events, timeout_ns);
		for (int i = 0; i < n; i++) {
			struct client_peer *peer = events[i].data.ptr;

			client_receive(client, peer);
			if (peer->n_due)
				client_send(client, peer, peer->n_due,
					due_ns(client, client->n_sent));
		}
	}
}
