/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings and ports of a storm, and what /proc says of its processes. The ports are made of the
 * first process's id, below those that systems give out.
 */
#include "host.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_UDP_PORT 9899 /* of the whole system */

static const char *const *all_settings;
static int n_all_settings;
static uint16_t first_port;

void host_begin(const char *const *settings, int n_settings)
{
	all_settings = settings;
	n_all_settings = n_settings;
	first_port = (uint16_t)(20000 + getpid() * 8 % 12000);
}

bool host_is(const char *provider)
{
	for (int i = 0; i < n_all_settings; i++)
		if (strncmp(all_settings[i], "provider=", 9) == 0)
			return strcmp(all_settings[i] + 9, provider) == 0;
	return strcmp(provider, "kernel") == 0;
}

uint16_t host_port(unsigned number)
{
	return (uint16_t)(first_port + number);
}

void host_fail(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	fflush(stdout);
	_exit(1);
}

void host_set(struct sipring_config *config, const char *const *pairs)
{
	struct sipring_error error;

	for (; pairs && *pairs; pairs += 2)
		if (sipring_config_set(config, pairs[0], pairs[1], &error) < 0)
			host_fail(pairs[0], error.text);
}

uint16_t host_open_udp_port(void)
{
	FILE *file;

	if (host_is("usrsctp"))
		return host_port(0);
	file = fopen("/proc/sys/net/sctp/udp_port", "w");
	if (!file || fprintf(file, "%d\n", KERNEL_UDP_PORT) < 0 || fclose(file) != 0)
		host_fail("net.sctp.udp_port", "cannot be set: needs root and Linux 5.11");
	return KERNEL_UDP_PORT;
}

struct sipring_config *host_config(int port, const char *const *pairs)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error;
	char text[64];

	snprintf(text, sizeof text, "%u", port < 0 ? 0 : host_port((unsigned)port));
	host_set(config, (const char *const[]){"encaps_port", text, NULL});
	snprintf(text, sizeof text, "%u", host_port(0));
	host_set(config, (const char *const[]){"encaps_peer_port", text, NULL});
	host_set(config, pairs);
	for (int i = 0; i < n_all_settings; i++) {
		const char *equals = strchr(all_settings[i], '=');

		if (!equals)
			host_fail(all_settings[i], "is not NAME=VALUE");
		snprintf(text, sizeof text, "%.*s", (int)(equals - all_settings[i]),
			all_settings[i]);
		host_set(config, (const char *const[]){text, equals + 1, NULL});
	}
	snprintf(text, sizeof text, "sctp:127.0.0.1:%u", host_port((unsigned)port));
	if (port >= 0 && sipring_config_listen(config, text, &error) < 0)
		host_fail(text, error.text);
	return config;
}

struct sipring_worker *host_open(struct sipring **sipring, int port, const char *const *pairs,
	const struct sipring_callbacks *callbacks)
{
	struct sipring_config *config = host_config(port, pairs);
	struct sipring_worker *worker;
	struct sipring_error error;

	if (sipring_open(sipring, config, &error) < 0 ||
		sipring_worker_open(&worker, *sipring, callbacks, &error) < 0)
		host_fail("opening an engine", error.text);
	sipring_config_free(config);
	return worker;
}

union sipring_address host_address(unsigned port)
{
	union sipring_address address = {.v4 = {.sin_family = AF_INET}};

	address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.v4.sin_port = htons(host_port(port));
	return address;
}

uint64_t host_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t host_resident(pid_t pid)
{
	unsigned long kb = 0;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "Private_Dirty: %lu", &kb) == 1)
			break;
	if (file)
		fclose(file);
	return (uint64_t)kb * 1024;
}

unsigned host_descriptors(pid_t pid)
{
	char path[64];
	unsigned n = 0;
	DIR *folder;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	while (folder && readdir(folder))
		n++;
	if (folder)
		closedir(folder);
	return n;
}

uint64_t host_processor_ns(pid_t pid)
{
	struct timespec used = {0};
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0)
		clock_gettime(clock, &used);
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

bool host_is_sanitized(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#else
	return false;
#endif
}

bool host_adds_up(const struct sipring_stats *s)
{
	return s->accepted ==
		s->sent + s->failed_connect + s->failed_lost + s->failed_timeout +
		s->failed_refused + s->failed_unresolved + s->failed_closed + s->handed +
		s->queue_messages;
}
