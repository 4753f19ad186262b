/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's parts: its peers (client_peers.c), its loops (client_loop.c), what it watches. */
#pragma once

#include "message.h"
#include "probe.h"
#include "tools/histogram.h"

#include <netinet/in.h>

struct client_options {
	struct sockaddr_in to;
	unsigned peers;
	unsigned outstanding; /* over all peers */
	unsigned batch;       /* UDP: messages per system call at most */
	uint64_t count, warm_up;
	uint64_t rate; /* open loop: requests per second; 0: closed loop */
	size_t size;
	bool is_udp;
	bool is_bundling; /* MSG_MORE on all requests of a batch but the last */
};

/* One socket. A slot is the sequence number of the request that is outstanding in it, or 0. */
struct client_peer {
	int fd;
	unsigned n_slots, n_outstanding;
	unsigned n_due; /* requests that wait for room in the socket */
	unsigned next_slot;
	uint32_t *slots;
	uint64_t *begun_ns; /* of each slot, in an open loop */
	size_t n_partial;   /* bytes of a reply whose end has not come */
};

struct client {
	struct client_options options;
	struct client_peer *peers;
	struct message request;
	struct probe *probe;
	struct histogram latency;
	int epoll;
	uint32_t sequence;
	uint64_t n_sent, n_answered;
	uint64_t n_system_calls;
	uint64_t begin_ns, end_ns; /* of what is measured */
	size_t reply_size;
};

uint64_t client_clock_ns(struct client *client);

void client_connect(struct client *client);
/* Sends up to n requests to a peer; what has no room waits in n_due. */
void client_send(struct client *client, struct client_peer *peer, unsigned n, uint64_t begun_ns);
/* Takes replies until none is there or outstanding; how many. */
unsigned client_receive(struct client *client, struct client_peer *peer);
/* A reply came, and was right. */
void client_count(struct client *client, struct client_peer *peer, unsigned slot);

void client_run_closed(struct client *client);
void client_run_open(struct client *client);
