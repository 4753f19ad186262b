/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the doctor reads itself: files of /proc, /sys and /etc and the limits of this process. The
 * library's own probe tells what works; this tells why, and what an administrator can turn. Nothing
 * is changed, and nothing here is kept. A file that is not there gives no finding, unless its
 * absence is one.
 */
#include "tools/doctor.h"

#include "tools/number.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

struct looker {
	void (*found)(void *user, const struct sipring_finding *finding);
	void *user;
};

__attribute__((format(printf, 5, 6))) static void report(const struct looker *looker,
	const char *name, enum sipring_finding_state state, const char *remedy, const char *format,
	...)
{
	char value[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	struct sipring_finding finding = {.name = name,
		.state = state,
		.value = value,
		.remedy = state == SIPRING_FINDING_GOOD ? NULL : remedy};
	looker->found(looker->user, &finding);
}

/* The first line of a file, tabs as spaces. 0, or -1 where there is none. */
static int read_line(const char *path, char *line, size_t capacity)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	bool is_read = fgets(line, (int)capacity, file) != NULL;
	fclose(file);
	if (!is_read)
		return -1;
	line[strcspn(line, "\n")] = 0;
	for (char *at = line; *at; at++)
		if (*at == '\t')
			*at = ' ';
	return 0;
}

static void look_kernel(const struct looker *looker)
{
	struct utsname name;
	unsigned major = 0, minor = 0;
	if (uname(&name) < 0)
		return;
	int n_read = sscanf(name.release, "%u.%u", &major, &minor);
	bool is_new = n_read == 2 && (major > 6 || (major == 6 && minor >= 1));
	report(looker, "kernel", is_new ? SIPRING_FINDING_GOOD : SIPRING_FINDING_NOTE,
		"io_uring is used from Linux 6.1 on; an older kernel is served by epoll", "%s %s",
		name.release, name.machine);
}

static void look_io_uring_disabled(const struct looker *looker)
{
	char line[64];
	if (read_line("/proc/sys/kernel/io_uring_disabled", line, sizeof(line)) < 0)
		return;
	enum sipring_finding_state state = !strcmp(line, "0") ? SIPRING_FINDING_GOOD
		: !strcmp(line, "1")                          ? SIPRING_FINDING_NOTE
							      : SIPRING_FINDING_BAD;
	report(looker, "kernel.io_uring_disabled", state,
		"sysctl kernel.io_uring_disabled=0 (1: root and the group of "
		"kernel.io_uring_group only)",
		"%s", line);
}

static void look_buffer_limit(const struct looker *looker, const char *name, const char *path,
	const char *remedy)
{
	char line[64];
	if (read_line(path, line, sizeof(line)) < 0)
		return;
	uint64_t bytes = strtoull(line, NULL, 10);
	/* Root passes over the limit by SO_*BUFFORCE at most; others are cut to it. */
	report(looker, name, bytes >= 262144 ? SIPRING_FINDING_GOOD : SIPRING_FINDING_NOTE, remedy,
		"%s", number_bytes(bytes).text);
}

static void look_sctp_sysctls(const struct looker *looker)
{
	static const char *const names[] = {"sctp_rmem", "sctp_wmem", "rto_initial", "rto_min",
		"rto_max", "hb_interval", "association_max_retrans", "udp_port", "encap_port"};
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[96], name[64], line[128];
		snprintf(path, sizeof(path), "/proc/sys/net/sctp/%s", names[i]);
		snprintf(name, sizeof(name), "net.sctp.%s", names[i]);
		if (read_line(path, line, sizeof(line)) == 0)
			report(looker, name, SIPRING_FINDING_GOOD, NULL, "%s", line);
	}
}

/* Whether a list of modules (modules.dep, modules.builtin) has sctp. */
static bool lists_sctp(const char *release, const char *list)
{
	char path[256], line[1024];
	bool is_there = false;
	snprintf(path, sizeof(path), "/lib/modules/%s/%s", release, list);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	while (!is_there && fgets(line, sizeof(line), file)) {
		line[strcspn(line, ":\n")] = 0;
		is_there = strstr(line, "/sctp.ko") != NULL;
	}
	fclose(file);
	return is_there;
}

static void look_module(const struct looker *looker)
{
	struct utsname name;
	if (uname(&name) < 0)
		return;
	if (!access("/proc/net/sctp", F_OK))
		report(looker, "module.sctp", SIPRING_FINDING_GOOD, NULL, "present");
	else if (lists_sctp(name.release, "modules.dep"))
		report(looker, "module.sctp", SIPRING_FINDING_NOTE, "modprobe sctp, as root",
			"installed, not loaded");
	else
		report(looker, "module.sctp", SIPRING_FINDING_NOTE,
			"install the distribution's full kernel (Debian: linux-image-amd64, not "
			"-cloud-); until then usrsctp serves",
			"this kernel has none");
}

/* Lines "blacklist sctp" and "install sctp …" of modprobe's configuration. */
static bool look_modprobe_file(const struct looker *looker, const char *path)
{
	char line[512], first[32], second[64];
	bool is_found = false;
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	while (!is_found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%31s %63s", first, second) != 2 || strcmp(second, "sctp"))
			continue;
		bool is_install = !strcmp(first, "install");
		if (!is_install && strcmp(first, "blacklist"))
			continue;
		is_found = true;
		report(looker, "modprobe.sctp",
			is_install ? SIPRING_FINDING_BAD : SIPRING_FINDING_NOTE,
			is_install ? "remove the line, then modprobe sctp"
				   : "it is not loaded by itself: modprobe sctp, or a file in "
				     "/etc/modules-load.d",
			"%s has '%s sctp'", path, first);
	}
	fclose(file);
	return is_found;
}

static void look_modprobe(const struct looker *looker)
{
	static const char *const folders[] = {"/etc/modprobe.d", "/run/modprobe.d",
		"/usr/lib/modprobe.d", "/lib/modprobe.d"};
	bool is_found = false;
	for (unsigned i = 0; i < sizeof(folders) / sizeof(folders[0]) && !is_found; i++) {
		DIR *folder = opendir(folders[i]);
		struct dirent *entry;
		while (folder && !is_found && (entry = readdir(folder))) {
			char path[512];
			size_t size = strlen(entry->d_name);
			if (size < 5 || strcmp(entry->d_name + size - 5, ".conf"))
				continue;
			snprintf(path, sizeof(path), "%s/%s", folders[i], entry->d_name);
			is_found = look_modprobe_file(looker, path);
		}
		if (folder)
			closedir(folder);
	}
	if (!is_found)
		report(looker, "modprobe.sctp", SIPRING_FINDING_GOOD, NULL, "nothing forbids sctp");
}

static void look_limit(const struct looker *looker, const char *name, int which, uint64_t wanted,
	const char *remedy)
{
	struct rlimit limit;
	if (getrlimit((__rlimit_resource_t)which, &limit) < 0)
		return;
	struct number_text text = which == RLIMIT_NOFILE ? number_count(limit.rlim_cur)
							 : number_bytes(limit.rlim_cur);
	report(looker, name, limit.rlim_cur >= wanted ? SIPRING_FINDING_GOOD : SIPRING_FINDING_NOTE,
		remedy, "%s", limit.rlim_cur == RLIM_INFINITY ? "unlimited" : text.text);
}

static void look_seccomp(const struct looker *looker)
{
	char line[256];
	unsigned mode = 0;
	FILE *file = fopen("/proc/self/status", "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Seccomp: %u", &mode) == 1)
			break;
	fclose(file);
	report(looker, "seccomp", mode ? SIPRING_FINDING_NOTE : SIPRING_FINDING_GOOD,
		"the container's profile may forbid io_uring_setup, io_uring_enter and "
		"io_uring_register: allow them",
		"%s",
		mode == 0           ? "no filter"
			: mode == 1 ? "strict"
				    : "a filter is in force");
}

void doctor_system(void (*found)(void *user, const struct sipring_finding *finding), void *user)
{
	const struct looker looker = {.found = found, .user = user};
	look_kernel(&looker);
	look_io_uring_disabled(&looker);
	look_seccomp(&looker);
	look_module(&looker);
	look_modprobe(&looker);
	look_sctp_sysctls(&looker);
	look_buffer_limit(&looker, "net.core.rmem_max", "/proc/sys/net/core/rmem_max",
		"sysctl net.core.rmem_max=4194304: so_rcvbuf is cut to it");
	look_buffer_limit(&looker, "net.core.wmem_max", "/proc/sys/net/core/wmem_max",
		"sysctl net.core.wmem_max=4194304: so_sndbuf is cut to it");
	look_limit(&looker, "limit.nofile", RLIMIT_NOFILE, 4096 + 64,
		"ulimit -n 65536: with kernel SCTP each association is an open file");
	look_limit(&looker, "limit.memlock", RLIMIT_MEMLOCK, 8388608,
		"ulimit -l 65536 or LimitMEMLOCK=: the rings of io_uring may count as locked");
}
