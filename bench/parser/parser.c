/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parsers side by side, in one run over one corpus: sipring, libosip2, Sofia-SIP and libre, beside
 * a memchr scan for the line ends and sipring's index alone. First every parser must find the same
 * fields; then each is timed on each message, the best of many short rounds taken in turns, so that
 * what else the machine does strikes all alike.
 *
 * usage: parser CORPUS_FILE...
 */
#include "peer.h"

#include <sipring/sip.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MESSAGE_SIZE_MAX 65536
#define N_ROUNDS 200
#define ROUND_NS 100000.0

enum { MEMCHR, INDEX, FIRST_PEER };

static const struct peer *const peers[] = {&peer_sipring, &peer_osip, &peer_sofia, &peer_re};
#define N_PEERS (sizeof peers / sizeof *peers)
#define N_WORKS (FIRST_PEER + N_PEERS)

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void work(size_t which, const char *data, size_t size)
{
	static struct sipring_message message;
	const char *at = data;
	size_t n = 0;

	switch (which) {
	case MEMCHR:
		while ((at = memchr(at, '\n', (size_t)(data + size - at)))) {
			at++;
			n++;
		}
		__asm__ volatile("" : : "r"(n));
		break;
	case INDEX:
		sipring_message_parse(&message, data, size);
		break;
	default:
		peers[which - FIRST_PEER]->parse(data, size, NULL);
		break;
	}
}

static double time_ns(size_t which, const char *data, size_t size, unsigned n)
{
	double begin = now_ns();

	for (unsigned i = 0; i < n; i++) {
		__asm__ volatile("" : : "r"(data) : "memory");
		work(which, data, size);
	}
	return (now_ns() - begin) / n;
}

static void measure(double best[N_WORKS], const char *data, size_t size)
{
	unsigned n[N_WORKS];

	for (size_t i = 0; i < N_WORKS; i++) {
		best[i] = time_ns(i, data, size, 50);
		n[i] = (unsigned)(ROUND_NS / best[i]) + 1;
	}
	for (int round = 0; round < N_ROUNDS; round++)
		for (size_t i = 0; i < N_WORKS; i++) {
			double cost = time_ns(i, data, size, n[i]);

			if (cost < best[i])
				best[i] = cost;
		}
}

/* The one field that libre shows otherwise: sent-by with its port. */
static bool is_same(const struct fields *ours, const struct fields *theirs)
{
	const char *a = (const char *)ours, *b = (const char *)theirs;

	for (size_t at = 0; at < sizeof *ours; at += FIELD_SIZE) {
		bool is_sent_by = at == offsetof(struct fields, via_host) ||
			at == offsetof(struct fields, via_port);

		if (strcmp(a + at, b + at) && !(is_sent_by && !*theirs->via_port))
			return false;
	}
	return true;
}

static bool compare(const char *name, const char *data, size_t size)
{
	struct fields ours, theirs;
	bool is_good = true;

	if (!peers[0]->parse(data, size, &ours)) {
		fprintf(stderr, "%s: %s refuses it\n", name, peers[0]->name);
		return false;
	}
	for (size_t i = 1; i < N_PEERS; i++) {
		if (!peers[i]->parse(data, size, &theirs)) {
			fprintf(stderr, "%s: %s refuses it\n", name, peers[i]->name);
			is_good = false;
		} else if (!is_same(&ours, &theirs)) {
			for (size_t at = 0; at < sizeof ours; at += FIELD_SIZE)
				fprintf(stderr, "  %s | %s\n", (char *)&ours + at,
					(char *)&theirs + at);
			fprintf(stderr, "%s: %s finds other fields\n", name, peers[i]->name);
			is_good = false;
		}
	}
	return is_good;
}

static void print_row(const char *path, size_t size, const double cost[N_WORKS])
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	double fastest = cost[FIRST_PEER + 1];

	for (size_t i = FIRST_PEER + 2; i < N_WORKS; i++)
		if (cost[i] < fastest)
			fastest = cost[i];
	printf("%-22s %5zu", name, size);
	for (size_t i = 0; i < N_WORKS; i++)
		printf(" %9.0f", cost[i]);
	printf("  %5.1fx %5.2f %5.2f\n", fastest / cost[FIRST_PEER],
		cost[FIRST_PEER] / cost[MEMCHR], cost[INDEX] / cost[MEMCHR]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static char data[MESSAGE_SIZE_MAX];
	double cost[N_WORKS];
	bool is_good = true;

	if (argc < 2) {
		fprintf(stderr, "usage: %s CORPUS_FILE...\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < N_PEERS; i++)
		peers[i]->open();
	printf("%-22s %5s %9s %9s", "ns per message", "bytes", "memchr", "index");
	for (size_t i = 0; i < N_PEERS; i++)
		printf(" %9s", peers[i]->name);
	printf("  %6s %5s %5s\n", "faster", "full", "index");
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t size = file ? fread(data, 1, sizeof data, file) : 0;

		if (!file || !size) {
			fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 2;
		}
		fclose(file);
		is_good &= compare(argv[i], data, size);
		measure(cost, data, size);
		print_row(argv[i], size, cost);
	}
	return is_good ? 0 : 1;
}
