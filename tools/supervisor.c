/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One process that starts the others, waits for them and does nothing that can block. A worker that
 * crashes is started again after a pause that doubles; one that does so too often is given up, and
 * the others go on. Before all of them were ready once a failure is everybody's: it will be of the
 * settings. What is wished goes to the workers by memory and a SIGTERM that only wakes them, for a
 * signal that a whole group gets (from a terminal, or a service manager) would count twice.
 *
 * Invariant: a worker runs (pid), waits to be started (restart_at_ns), or is over.
 */
#include "tools/supervisor.h"

#include "tools/number.h"
#include "tools/options.h"
#include "tools/terminal.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_LEAST_NS 100000000u
#define PAUSE_MOST_NS 10000000000u
#define GRACE_NS 5000000000u /* what a worker may take past its deadline */

static void watched_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGCHLD);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGHUP);
	sigaddset(signals, SIGUSR1); /* a worker's: it would end by it before it watches */
}

int supervisor_open(struct supervisor *supervisor, const struct supervisor_plan *plan)
{
	sigset_t signals;
	assert(plan->n_workers && plan->n_workers <= SUPERVISOR_WORKERS_MAX);
	assert(plan->restarts_max < SUPERVISOR_CRASHES_MAX);
	*supervisor = (struct supervisor){.plan = plan, .kill_at_ns = UINT64_MAX};
	watched_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	supervisor->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return supervisor->signal_fd < 0 ? -errno : 0;
}

void supervisor_close(struct supervisor *supervisor)
{
	sigset_t signals;
	if (supervisor->signal_fd >= 0)
		close(supervisor->signal_fd);
	supervisor->signal_fd = -1;
	watched_signals(&signals);
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

bool supervisor_add(struct supervisor *supervisor, const struct supervisor_source *source)
{
	if (supervisor->n_sources == SUPERVISOR_SOURCES_MAX)
		return false;
	supervisor->sources[supervisor->n_sources++] = *source;
	return true;
}

void supervisor_remove(struct supervisor *supervisor, int fd)
{
	for (unsigned i = 0; i < supervisor->n_sources; i++)
		if (supervisor->sources[i].fd == fd)
			supervisor->sources[i--] = supervisor->sources[--supervisor->n_sources];
}

/* The new process keeps nothing of the supervisor's, and drains where the supervisor is killed. */
static void be_worker(struct supervisor *supervisor, unsigned index, pid_t parent)
{
	const struct supervisor_plan *plan = supervisor->plan;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(OPTIONS_STATUS_FAILED);
	close(supervisor->signal_fd);
	for (unsigned i = 0; i < supervisor->n_sources; i++)
		if (!supervisor->sources[i].is_shared)
			close(supervisor->sources[i].fd);
	exit(plan->work(plan->user, index));
}

static void start(struct supervisor *supervisor, unsigned index)
{
	struct supervisor_worker *worker = &supervisor->workers[index];
	pid_t parent = getpid(), pid;
	assert(!worker->pid && !worker->is_over);
	terminal_end();
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		be_worker(supervisor, index, parent);
	worker->restart_at_ns = 0;
	if (pid > 0) {
		worker->pid = pid;
		worker->n_starts++;
		return;
	}
	terminal_error("worker %u: cannot start a process: %s", index, strerror(errno));
	worker->restart_at_ns = number_clock_ns() + PAUSE_MOST_NS;
}

void supervisor_signal(const struct supervisor *supervisor, int number)
{
	for (unsigned i = 0; i < supervisor->plan->n_workers; i++)
		if (supervisor->workers[i].pid)
			kill(supervisor->workers[i].pid, number);
}

static void finish(struct supervisor_worker *worker, int status)
{
	worker->is_over = true;
	worker->restart_at_ns = 0;
	worker->status = status;
}

void supervisor_wish(struct supervisor *supervisor, enum supervisor_wish wish)
{
	const struct supervisor_plan *plan = supervisor->plan;
	uint64_t left_ns = wish == SUPERVISOR_WISH_DRAIN ? plan->drain_timeout_ns : 0;
	if (wish <= supervisor->wish)
		return;
	supervisor->wish = wish;
	supervisor->kill_at_ns = number_clock_ns() + left_ns + GRACE_NS;
	plan->wish(plan->user, wish);
	supervisor_signal(supervisor, SIGTERM);
	for (unsigned i = 0; i < plan->n_workers; i++)
		if (!supervisor->workers[i].pid && !supervisor->workers[i].is_over)
			finish(&supervisor->workers[i], OPTIONS_STATUS_OK);
}

void supervisor_stood(struct supervisor *supervisor)
{
	supervisor->has_stood = true;
}

uint64_t supervisor_pause_ns(unsigned n_crashes)
{
	uint64_t pause_ns = PAUSE_LEAST_NS;
	assert(n_crashes);
	while (--n_crashes && pause_ns < PAUSE_MOST_NS)
		pause_ns *= 2;
	return pause_ns < PAUSE_MOST_NS ? pause_ns : PAUSE_MOST_NS;
}

/* How many crashes of a worker lie within the window, the last one among them. */
static unsigned crashes_lately(const struct supervisor_worker *worker, uint64_t window_ns)
{
	uint64_t last_ns = worker->crashed_at_ns[(worker->n_crashes - 1) % SUPERVISOR_CRASHES_MAX];
	unsigned n = 0;
	while (n < worker->n_crashes && n < SUPERVISOR_CRASHES_MAX &&
		last_ns -
				worker->crashed_at_ns[(worker->n_crashes - 1 - n) %
					SUPERVISOR_CRASHES_MAX] <=
			window_ns)
		n++;
	return n;
}

static void tell_how(char *text, size_t size, int status)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "was killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "ended with status %d", WEXITSTATUS(status));
}

static void crashed(struct supervisor *supervisor, unsigned index, pid_t pid, const char *how)
{
	const struct supervisor_plan *plan = supervisor->plan;
	struct supervisor_worker *worker = &supervisor->workers[index];
	uint64_t now_ns = number_clock_ns();
	worker->crashed_at_ns[worker->n_crashes++ % SUPERVISOR_CRASHES_MAX] = now_ns;
	unsigned n = crashes_lately(worker, plan->window_ns);
	if (n > plan->restarts_max) {
		finish(worker, OPTIONS_STATUS_FAILED);
		terminal_error("worker %u (process %d) %s, %u times within %s: it is given up, the "
			       "others go on; remedy: mend what it said before, and start anew "
			       "(--restarts allows more)",
			index, (int)pid, how, n, number_time(plan->window_ns).text);
		return;
	}
	worker->restart_at_ns = now_ns + supervisor_pause_ns(n);
	terminal_error("worker %u (process %d) %s: it is started again in %s", index, (int)pid, how,
		number_time(supervisor_pause_ns(n)).text);
}

static void ended(struct supervisor *supervisor, unsigned index, int status)
{
	const struct supervisor_plan *plan = supervisor->plan;
	struct supervisor_worker *worker = &supervisor->workers[index];
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : OPTIONS_STATUS_FAILED;
	pid_t pid = worker->pid;
	char how[80];
	worker->pid = 0;
	plan->ended(plan->user, index, pid);
	tell_how(how, sizeof(how), status);
	if (supervisor->wish == SUPERVISOR_WISH_RUN && supervisor->has_stood) {
		crashed(supervisor, index, pid, how);
		return;
	}
	finish(worker, code);
	if (!WIFEXITED(status))
		terminal_error("worker %u (process %d) %s", index, (int)pid, how);
	supervisor_wish(supervisor,
		supervisor->wish == SUPERVISOR_WISH_RUN ? SUPERVISOR_WISH_END : supervisor->wish);
}

static void reap(struct supervisor *supervisor)
{
	int status;
	for (unsigned i = 0; i < supervisor->plan->n_workers; i++) {
		pid_t pid = supervisor->workers[i].pid;
		if (pid && waitpid(pid, &status, WNOHANG) == pid)
			ended(supervisor, i, status);
	}
}

static void take_signals(struct supervisor *supervisor)
{
	const struct supervisor_plan *plan = supervisor->plan;
	struct signalfd_siginfo info;
	while (read(supervisor->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(supervisor);
		else if (info.ssi_signo == SIGUSR1)
			continue;
		else if (info.ssi_signo != SIGHUP || !plan->reload)
			supervisor_wish(supervisor,
				supervisor->wish == SUPERVISOR_WISH_RUN ? SUPERVISOR_WISH_DRAIN
									: SUPERVISOR_WISH_END);
		else if (plan->reload(plan->user))
			supervisor_signal(supervisor, SIGHUP);
	}
}

/* What is due, in order; returns when the next is. */
static uint64_t act_on_time(struct supervisor *supervisor)
{
	const struct supervisor_plan *plan = supervisor->plan;
	uint64_t now_ns = number_clock_ns();
	uint64_t next_ns = plan->beat ? plan->beat(plan->user, now_ns) : UINT64_MAX;
	if (now_ns >= supervisor->kill_at_ns) {
		terminal_error("workers that do not end are killed");
		supervisor_signal(supervisor, SIGKILL);
		supervisor->kill_at_ns = UINT64_MAX;
	}
	next_ns = supervisor->kill_at_ns < next_ns ? supervisor->kill_at_ns : next_ns;
	for (unsigned i = 0; i < plan->n_workers; i++) {
		struct supervisor_worker *worker = &supervisor->workers[i];
		if (worker->restart_at_ns && now_ns >= worker->restart_at_ns)
			start(supervisor, i);
		if (worker->restart_at_ns && worker->restart_at_ns < next_ns)
			next_ns = worker->restart_at_ns;
	}
	return next_ns;
}

static void wait_for_something(struct supervisor *supervisor, uint64_t until_ns)
{
	struct pollfd fds[1 + SUPERVISOR_SOURCES_MAX] = {
		{.fd = supervisor->signal_fd, .events = POLLIN}};
	unsigned n = supervisor->n_sources;
	uint64_t now_ns = number_clock_ns();
	uint64_t wait_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000),
		.tv_nsec = (long)(wait_ns % 1000000000)};
	for (unsigned i = 0; i < n; i++)
		fds[1 + i] = (struct pollfd){.fd = supervisor->sources[i].fd,
			.events = supervisor->sources[i].events};
	if (ppoll(fds, 1 + n, until_ns == UINT64_MAX ? NULL : &wait, NULL) <= 0)
		return;
	if (fds[0].revents)
		take_signals(supervisor);
	/* A source may remove itself and others: who is still there is asked anew. */
	for (unsigned i = 1; i <= n; i++)
		for (unsigned j = 0; fds[i].revents && j < supervisor->n_sources; j++)
			if (supervisor->sources[j].fd == fds[i].fd) {
				supervisor->sources[j].ready(supervisor->sources[j].user,
					fds[i].revents);
				break;
			}
}

static bool is_over(const struct supervisor *supervisor)
{
	for (unsigned i = 0; i < supervisor->plan->n_workers; i++)
		if (!supervisor->workers[i].is_over)
			return false;
	return true;
}

int supervisor_run(struct supervisor *supervisor)
{
	int worst = OPTIONS_STATUS_OK;
	for (unsigned i = 0; i < supervisor->plan->n_workers; i++)
		start(supervisor, i);
	while (!is_over(supervisor))
		wait_for_something(supervisor, act_on_time(supervisor));
	for (unsigned i = 0; i < supervisor->plan->n_workers; i++)
		if (supervisor->workers[i].status > worst)
			worst = supervisor->workers[i].status;
	return worst;
}
