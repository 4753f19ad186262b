/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client of every server here, of the baselines and of `sipring serve` alike: connects its
 * peers, runs its loop, checks every reply, and prints what it measured as one JSON object. Whole
 * guest: on one processor that is never idle, the time of a closed loop is the work of client,
 * kernel and server together.
 */
#include "client.h"

#include "server.h"
#include "socket.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE_SLOTS 16384

static _Noreturn void usage(void)
{
	fputs("usage: client [--udp [--batch N]] [--bundle] [--host ADDRESS] [--port N]\n"
	      "       [--peers N] [--outstanding N | --rate N] [--count N] [--warm-up N]\n"
	      "       [--size BYTES]\n"
	      "       [--watch PID]... [--calls | --samples]\n",
		stderr);
	exit(2);
}

static uint64_t number(const char *text, uint64_t most)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*end || end == text || value > most)
		usage();
	return value;
}

struct arguments {
	struct client_options *options;
	enum probe_mode mode;
	pid_t pids[PROBE_PROCESSES_MAX];
	unsigned n_pids;
};

static bool take_flag(int option, struct arguments *into)
{
	switch (option) {
	case 'u':
		into->options->is_udp = true;
		return true;
	case 'm':
		into->options->is_bundling = true;
		return true;
	case 'C':
		into->mode = PROBE_CALLS;
		return true;
	case 'S':
		into->mode = PROBE_SAMPLES;
		return true;
	}
	return false;
}

static void take(int option, const char *value, struct arguments *into)
{
	struct client_options *options = into->options;

	if (take_flag(option, into))
		return;
	if (option == 'p')
		options->to.sin_port = htons((uint16_t)number(value, 65535));
	else if (option == 'n')
		options->peers = (unsigned)number(value, 65535);
	else if (option == 'o')
		options->outstanding = (unsigned)number(value, 65535);
	else if (option == 'r')
		options->rate = number(value, 100000000);
	else if (option == 'b')
		options->batch = (unsigned)number(value, 64);
	else if (option == 'c')
		options->count = number(value, UINT64_MAX >> 16);
	else if (option == 'w')
		options->warm_up = number(value, UINT64_MAX >> 16);
	else if (option == 's')
		options->size = number(value, MESSAGE_MAX);
	else if (option == 'h' && socket_address(&options->to, value))
		return;
	else if (option == 'W' && into->n_pids + 1 < PROBE_PROCESSES_MAX)
		into->pids[into->n_pids++] = (pid_t)number(value, INT32_MAX);
	else
		usage();
}

static void read_arguments(int argc, char **argv, struct arguments *into)
{
	static const struct option longs[] = {{"udp", no_argument, NULL, 'u'},
		{"bundle", no_argument, NULL, 'm'}, {"calls", no_argument, NULL, 'C'},
		{"samples", no_argument, NULL, 'S'}, {"batch", required_argument, NULL, 'b'},
		{"host", required_argument, NULL, 'h'}, {"port", required_argument, NULL, 'p'},
		{"peers", required_argument, NULL, 'n'},
		{"outstanding", required_argument, NULL, 'o'},
		{"rate", required_argument, NULL, 'r'}, {"count", required_argument, NULL, 'c'},
		{"warm-up", required_argument, NULL, 'w'}, {"size", required_argument, NULL, 's'},
		{"watch", required_argument, NULL, 'W'}, {0}};
	struct client_options *options = into->options;
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		take(option, optarg, into);
	if (options->rate)
		options->outstanding = RATE_SLOTS;
	if (optind != argc || !options->peers || options->outstanding < options->peers ||
		!options->count || !options->batch || (options->batch > 1 && !options->is_udp))
		usage();
}

static void print_process(const struct client *client, unsigned i)
{
	struct probe_count count = probe_count(client->probe, i);

	printf("%s{\"run_ns\": %" PRIu64 ", \"switches\": %" PRIu64 ", \"wakes\": %" PRIu64
	       ", \"system_calls\": %" PRIu64 ", \"user_samples\": %" PRIu64
	       ", \"kernel_samples\": %" PRIu64 "}",
		i ? ", " : "", count.run_ns, count.switches, count.wakes, count.system_calls,
		count.user_samples, count.kernel_samples);
}

static void print_latency(const struct histogram *latency)
{
	printf(", \"latency_ns\": {\"mean\": %" PRIu64 ", \"p50\": %" PRIu64 ", \"p90\": %" PRIu64
	       ", \"p99\": %" PRIu64 ", \"p99_9\": %" PRIu64 ", \"max\": %" PRIu64 "}",
		histogram_mean(latency), histogram_percentile(latency, 50),
		histogram_percentile(latency, 90), histogram_percentile(latency, 99),
		histogram_percentile(latency, 99.9), latency->max);
}

static void print_result(const struct client *client, unsigned n_processes)
{
	struct probe_packets packets = probe_packets(client->probe);

	printf("{\"count\": %" PRIu64 ", \"elapsed_ns\": %" PRIu64 ", \"reply_size\": %zu"
	       ", \"packets_out\": %" PRIu64 ", \"packets_in\": %" PRIu64
	       ", \"data_chunks_out\": %" PRIu64 ", \"control_chunks_out\": %" PRIu64,
		client->options.count, client->end_ns - client->begin_ns, client->reply_size,
		packets.out, packets.in, packets.out_data, packets.out_control);
	if (client->options.rate)
		print_latency(&client->latency);
	fputs(", \"processes\": [", stdout);
	for (unsigned i = 0; i < n_processes; i++)
		print_process(client, i);
	puts("]}");
}

int main(int argc, char **argv)
{
	static struct client client = {
		.options = {.peers = 1, .outstanding = 1, .batch = 1, .count = 1000, .size = 420}};
	struct arguments arguments = {.options = &client.options};

	socket_address(&client.options.to, "127.0.0.1");
	client.options.to.sin_port = htons(5060);
	read_arguments(argc, argv, &arguments);
	if (!message_request(&client.request, client.options.size))
		usage();
	histogram_reset(&client.latency);
	client_connect(&client);
	client.probe = probe_open(arguments.mode, arguments.pids, arguments.n_pids);
	if (client.options.rate)
		client_run_open(&client);
	else
		client_run_closed(&client);
	print_result(&client, arguments.n_pids + 1);
	return 0;
}
