/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start and end of the baselines. SIGTERM and SIGINT end a process at once where it waits, since
 * the handler does not restart system calls; children die with their parent.
 */
#include "server.h"

#include "socket.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

volatile sig_atomic_t server_is_over;

static void end(int signal)
{
	(void)signal;
	server_is_over = 1;
}

_Noreturn void server_fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(3);
}

static _Noreturn void usage(const char *name)
{
	fprintf(stderr,
		"usage: %s [--host ADDRESS] [--port N] [--processes N] [--batch N]\n"
		"       [--reply-size BYTES] [--ask]\n"
		"Answers each request of bench/transport/client at 127.0.0.1 or another IPv4 "
		"address.\n",
		name);
	exit(2);
}

static unsigned number(const char *name, const char *text, unsigned long most)
{
	char *end_of;
	unsigned long value = strtoul(text, &end_of, 10);

	if (*end_of || !value || value > most)
		usage(name);
	return (unsigned)value;
}

void server_start(int argc, char **argv, struct server_options *options, struct message *reply)
{
	static const struct option longs[] = {{"host", required_argument, NULL, 'h'},
		{"port", required_argument, NULL, 'p'}, {"processes", required_argument, NULL, 'n'},
		{"batch", required_argument, NULL, 'b'},
		{"reply-size", required_argument, NULL, 's'}, {"ask", no_argument, NULL, 'a'}, {0}};
	struct sigaction action = {.sa_handler = end};
	int option;

	*options = (struct server_options){.processes = 1, .batch = 1, .reply_size = 350};
	socket_address(&options->address, "127.0.0.1");
	options->address.sin_port = htons(5060);
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (option) {
		case 'h':
			if (!socket_address(&options->address, optarg))
				usage(argv[0]);
			break;
		case 'p':
			options->address.sin_port = htons((uint16_t)number(argv[0], optarg, 65535));
			break;
		case 'n':
			options->processes = number(argv[0], optarg, 64);
			break;
		case 'b':
			options->batch = number(argv[0], optarg, 1024);
			break;
		case 's':
			options->reply_size = number(argv[0], optarg, MESSAGE_MAX);
			break;
		case 'a':
			options->asks = true;
			break;
		default:
			usage(argv[0]);
		}
	if (optind != argc || !message_reply(reply, options->reply_size))
		usage(argv[0]);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

void server_ready(void)
{
	puts("ready");
	fflush(stdout);
}

void server_fork(const struct server_options *options)
{
	for (unsigned i = 1; i < options->processes; i++) {
		pid_t child = fork();

		if (child < 0)
			server_fail("fork");
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			return;
		}
	}
}
