/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks at processes from outside, all programs by the same means: time on the processor and
 * context switches from /proc, system calls by the tracepoint raw_syscalls:sys_enter, user against
 * kernel by samples of the software clock. The last two disturb what they count, so that they are
 * asked for in runs of their own. A process's threads are those it has when the probe is opened.
 */
#include "probe.h"

#include "server.h"

#include <dirent.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS_MAX 16
#define SAMPLE_PERIOD_NS 25000
#define RING_PAGES 1024
#define PAGE_SIZE 4096

struct thread {
	pid_t id;
	int counter; /* of perf; -1 */
	struct perf_event_mmap_page *ring;
	uint64_t run_ns, switches, wakes; /* at begin, then the difference */
};

struct process {
	unsigned n_threads;
	struct thread threads[THREADS_MAX];
	struct probe_count count;
};

struct probe {
	enum probe_mode mode;
	unsigned n_processes;
	struct process processes[PROBE_PROCESSES_MAX];
	struct probe_packets packets;
};

static uint64_t tracepoint_id(void)
{
	static const char *const paths[] = {"/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
		"/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id"};
	uint64_t id;

	for (unsigned i = 0; i < 2; i++) {
		FILE *file = fopen(paths[i], "r");

		if (!file)
			continue;
		int n = fscanf(file, "%" SCNu64, &id);
		fclose(file);
		if (n == 1)
			return id;
	}
	fputs("client: no tracepoint for system calls: mount tracefs, as root\n", stderr);
	exit(3);
}

static void open_counter(enum probe_mode mode, struct thread *thread)
{
	struct perf_event_attr attribute = {.size = sizeof(attribute), .disabled = 1};

	thread->counter = -1;
	if (mode == PROBE_COST)
		return;
	if (mode == PROBE_CALLS) {
		attribute.type = PERF_TYPE_TRACEPOINT;
		attribute.config = tracepoint_id();
	} else {
		attribute.type = PERF_TYPE_SOFTWARE;
		attribute.config = PERF_COUNT_SW_CPU_CLOCK;
		attribute.sample_period = SAMPLE_PERIOD_NS;
		attribute.sample_type = PERF_SAMPLE_IP;
	}
	thread->counter = (int)syscall(SYS_perf_event_open, &attribute, thread->id, -1, -1,
		PERF_FLAG_FD_CLOEXEC);
	if (thread->counter < 0)
		server_fail("perf_event_open");
	if (mode != PROBE_SAMPLES)
		return;
	thread->ring = mmap(NULL, (RING_PAGES + 1) * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		thread->counter, 0);
	if (thread->ring == MAP_FAILED)
		server_fail("mmap of perf's ring");
}

static void open_process(enum probe_mode mode, struct process *process, pid_t pid)
{
	char path[64];
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	if (!threads)
		server_fail(path);
	while ((entry = readdir(threads)) && process->n_threads < THREADS_MAX) {
		pid_t id = (pid_t)atoi(entry->d_name);

		if (id <= 0)
			continue;
		process->threads[process->n_threads].id = id;
		open_counter(mode, &process->threads[process->n_threads++]);
	}
	closedir(threads);
}

struct probe *probe_open(enum probe_mode mode, const pid_t *pids, unsigned n_pids)
{
	struct probe *probe = calloc(1, sizeof(*probe));

	if (!probe)
		server_fail("calloc");
	probe->mode = mode;
	probe->n_processes = n_pids + 1;
	for (unsigned i = 0; i < probe->n_processes; i++)
		open_process(mode, &probe->processes[i], i ? pids[i - 1] : getpid());
	return probe;
}

static uint64_t read_run_ns(pid_t id)
{
	char path[64];
	uint64_t run_ns = 0;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)id);
	FILE *file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &run_ns) != 1)
		run_ns = 0;
	fclose(file);
	return run_ns;
}

static void read_switches(pid_t id, uint64_t *voluntary, uint64_t *forced)
{
	char path[64], line[128];

	*voluntary = *forced = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)id);
	FILE *file = fopen(path, "r");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %" SCNu64, voluntary) != 1)
			(void)sscanf(line, "nonvoluntary_ctxt_switches: %" SCNu64, forced);
	fclose(file);
}

static void read_packets(struct probe_packets *packets, int sign)
{
	const struct {
		const char *name;
		uint64_t *value;
	} wanted[] = {{"SctpOutSCTPPacks", &packets->out}, {"SctpInSCTPPacks", &packets->in},
		{"SctpOutUnorderChunks", &packets->out_data},
		{"SctpOutOrderChunks", &packets->out_data},
		{"SctpOutCtrlChunks", &packets->out_control}};
	char name[64];
	uint64_t value;
	FILE *file = fopen("/proc/net/sctp/snmp", "r");

	if (!file)
		return;
	while (fscanf(file, "%63s %" SCNu64, name, &value) == 2)
		for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (!strcmp(name, wanted[i].name))
				*wanted[i].value += sign > 0 ? value : -value;
	fclose(file);
}

/* By sums that wrap around: what was at begin is taken away, what is at end added. */
static void read_all(struct probe *probe, int sign)
{
	for (unsigned i = 0; i < probe->n_processes; i++)
		for (unsigned j = 0; j < probe->processes[i].n_threads; j++) {
			struct thread *thread = &probe->processes[i].threads[j];
			uint64_t run_ns = read_run_ns(thread->id);
			uint64_t voluntary, forced;

			read_switches(thread->id, &voluntary, &forced);
			thread->run_ns += sign > 0 ? run_ns : -run_ns;
			thread->wakes += sign > 0 ? voluntary : -voluntary;
			thread->switches += sign > 0 ? voluntary + forced : -(voluntary + forced);
		}
	read_packets(&probe->packets, sign);
}

static void switch_counters(struct probe *probe, unsigned long request)
{
	for (unsigned i = 0; i < probe->n_processes; i++)
		for (unsigned j = 0; j < probe->processes[i].n_threads; j++)
			if (probe->processes[i].threads[j].counter >= 0)
				ioctl(probe->processes[i].threads[j].counter, request, 0);
}

void probe_begin(struct probe *probe)
{
	read_all(probe, -1);
	switch_counters(probe, PERF_EVENT_IOC_ENABLE);
}

static void count_samples(const struct thread *thread, struct probe_count *count)
{
	const char *data = (const char *)thread->ring + PAGE_SIZE;
	uint64_t head = __atomic_load_n(&thread->ring->data_head, __ATOMIC_ACQUIRE);
	struct perf_event_header header;

	for (uint64_t at = 0; at < head; at += header.size) {
		if (at + sizeof(header) > (uint64_t)RING_PAGES * PAGE_SIZE)
			break;
		memcpy(&header, data + at, sizeof(header));
		if (header.type != PERF_RECORD_SAMPLE)
			continue;
		if ((header.misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_USER)
			count->user_samples++;
		else
			count->kernel_samples++;
	}
}

void probe_end(struct probe *probe)
{
	switch_counters(probe, PERF_EVENT_IOC_DISABLE);
	read_all(probe, 1);
	for (unsigned i = 0; i < probe->n_processes; i++) {
		struct process *process = &probe->processes[i];

		for (unsigned j = 0; j < process->n_threads; j++) {
			struct thread *thread = &process->threads[j];
			uint64_t value = 0;

			process->count.run_ns += thread->run_ns;
			process->count.switches += thread->switches;
			process->count.wakes += thread->wakes;
			if (probe->mode == PROBE_CALLS &&
				read(thread->counter, &value, sizeof(value)) == sizeof(value))
				process->count.system_calls += value;
			if (probe->mode == PROBE_SAMPLES)
				count_samples(thread, &process->count);
		}
	}
}

struct probe_count probe_count(const struct probe *probe, unsigned i)
{
	return probe->processes[i].count;
}

struct probe_packets probe_packets(const struct probe *probe)
{
	return probe->packets;
}
