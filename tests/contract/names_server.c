/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts and ends dnsmasq, which answers for its zone as an authority does: with lifetimes, aliases
 * and the SOA of what is not there. Its files are in a folder that goes with it.
 */
#include "names_server.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *find_program(void)
{
	static const char *const places[] = {"/usr/sbin/dnsmasq", "/usr/bin/dnsmasq"};

	for (unsigned i = 0; i < sizeof places / sizeof *places; i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

static FILE *open_file(const struct names_server *server, const char *name, const char *mode)
{
	char path[96];

	snprintf(path, sizeof path, "%s/%s", server->folder, name);
	return fopen(path, mode);
}

static unsigned count_lines(const struct names_server *server, const char *text)
{
	FILE *log = open_file(server, "log", "r");
	char line[512];
	unsigned n = 0;

	while (log && fgets(line, sizeof line, log))
		n += strstr(line, text) != NULL;
	if (log)
		fclose(log);
	return n;
}

static void configure(const struct names_server *server, unsigned ttl, const char *records)
{
	FILE *file = open_file(server, "conf", "w");

	cr_assert(file);
	fprintf(file,
		"port=%s\nlisten-address=%.*s\nbind-interfaces\nno-resolv\nno-hosts\n"
		"log-queries\nlog-facility=%s/log\npid-file\nauth-server=ns.example.test,lo\n"
		"auth-zone=example.test\nauth-soa=1,admin.example.test,1200,120,1000\n"
		"auth-ttl=%u\n%s",
		strchr(server->address, ':') + 1, (int)strcspn(server->address, ":"),
		server->address, server->folder, ttl, records);
	fclose(file);
}

void names_server_start(struct names_server *server, const char *address, unsigned ttl,
	const char *records)
{
	const char *program = find_program();
	char option[96];

	if (!program)
		cr_skip_test("dnsmasq is missing (Debian package dnsmasq-base)");
	strcpy(server->folder, "/tmp/sipring-names.XXXXXX");
	cr_assert(mkdtemp(server->folder));
	if (address)
		snprintf(server->address, sizeof server->address, "%s", address);
	else
		snprintf(server->address, sizeof server->address, "127.0.0.1:%d",
			10000 + getpid() % 9000);
	configure(server, ttl, records);
	server->process = fork();
	cr_assert_geq(server->process, 0);
	if (server->process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(option, sizeof option, "--conf-file=%s/conf", server->folder);
		execl(program, program, "--keep-in-foreground", option, (char *)NULL);
		_exit(127);
	}
	for (unsigned i = 0; !count_lines(server, "started"); i++) {
		cr_assert_lt(i, 1000u, "dnsmasq does not start");
		cr_assert_eq(waitpid(server->process, NULL, WNOHANG), 0, "dnsmasq went");
		usleep(10000);
	}
}

void names_server_stop(struct names_server *server)
{
	static const char *const files[] = {"conf", "log"};
	char path[96];

	kill(server->process, SIGKILL);
	waitpid(server->process, NULL, 0);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", server->folder, files[i]);
		unlink(path);
	}
	rmdir(server->folder);
}

unsigned names_server_asked(const struct names_server *server, const char *question)
{
	char text[300];

	snprintf(text, sizeof text, "auth%s from", question);
	return count_lines(server, text);
}
