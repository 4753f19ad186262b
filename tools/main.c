/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sipring command: a table of subcommands and the help that is made from it. Each subcommand
 * owns everything it opens; main only finds it and passes its status on.
 */
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/terminal.h"

#include <sipring/sipring.h>
#include <stdio.h>
#include <string.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"serve", serve_command, "answer SIP requests that come over SCTP"},
	{"load", load_command, "drive a server with requests and measure it"},
	{"send", send_command, "send one request and show the answer"},
	{"parse", parse_command, "show what is understood of a SIP message, as JSON"},
	{"doctor", doctor_command, "say what this machine can do, and how it could do more"},
	{"stat", stat_command, "show what a server that runs has counted"},
	{"top", top_command, "watch the workers and associations of a server that runs"},
	{"bench", bench_command, "measure sipring against programs of the usual kinds"},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (unsigned i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void print_usage(FILE *to)
{
	fputs("usage: sipring SUBCOMMAND [OPTION…] [ARGUMENT…]\n\nSIP over SCTP, many messages per "
	      "system call.\n\n",
		to);
	for (unsigned i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-18s %s\n", commands[i].name, commands[i].summary);
	fprintf(to, "  %-18s %s\n", "help [SUBCOMMAND]", "options of a subcommand");
	fprintf(to, "  %-18s %s\n", "help settings", "settings of the library, for --set");
	fprintf(to, "  %-18s %s\n", "--version", "the version");
}

static int unknown(const char *name)
{
	terminal_error("no subcommand '%s'", name);
	fputs("Try 'sipring help'.\n", stderr);
	return OPTIONS_STATUS_USAGE;
}

static int help(const char *topic)
{
	char option[] = "--help";
	if (!topic) {
		print_usage(stdout);
		return OPTIONS_STATUS_OK;
	}
	if (!strcmp(topic, "settings")) {
		options_print_settings();
		return OPTIONS_STATUS_OK;
	}
	const struct command *command = find_command(topic);
	if (!command)
		return unknown(topic);
	char *arguments[] = {(char *)command->name, option, NULL};
	return command->run(2, arguments);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return OPTIONS_STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
		printf("sipring %s\n", sipring_version());
		return OPTIONS_STATUS_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help(argv[2]);
	const struct command *command = find_command(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : unknown(argv[1]);
}
