/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIGINT and SIGTERM as a count: the first asks for an end in order, the second for one at once.
 * The handler wakes the worker that is watched, so that no wait outlasts a signal. One worker per
 * process is watched; it must be forgotten before it is closed.
 */
#include "tools/signals.h"

#include <errno.h>
#include <signal.h>
#include <sipring/sipring.h>
#include <stddef.h>

static volatile sig_atomic_t n_signals;
static volatile sig_atomic_t is_hangup;
static struct sipring_worker *volatile watched;

static void on_signal(int number)
{
	int saved = errno;
	(void)number;
	n_signals = n_signals + 1;
	if (watched)
		sipring_worker_wake(watched);
	errno = saved;
}

void signals_watch(struct sipring_worker *worker)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	watched = worker;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

static void on_wake(int number)
{
	int saved = errno;
	(void)number;
	if (watched)
		sipring_worker_wake(watched);
	errno = saved;
}

void signals_watch_supervised(struct sipring_worker *worker)
{
	struct sigaction wake = {.sa_handler = on_wake, .sa_flags = SA_RESTART};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t blocked;
	signals_watch(worker);
	sigaction(SIGINT, &ignore, NULL);
	sigaction(SIGUSR1, &wake, NULL);
	signals_watch_hangup();
	sigfillset(&blocked);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static void on_hangup(int number)
{
	is_hangup = 1;
	on_wake(number);
}

void signals_watch_hangup(void)
{
	struct sigaction action = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};
	sigaction(SIGHUP, &action, NULL);
}

bool signals_take_hangup(void)
{
	bool was_hangup = is_hangup;
	is_hangup = 0;
	return was_hangup;
}

void signals_forget(void)
{
	watched = NULL;
}

unsigned signals_count(void)
{
	return (unsigned)n_signals;
}
