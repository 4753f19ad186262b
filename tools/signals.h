/* SPDX-License-Identifier: BSD-2-Clause */
/* SIGINT and SIGTERM as a count. */
#pragma once

#include <stdbool.h>

struct sipring_worker;

void signals_watch(struct sipring_worker *worker);
/* Of a process that another supervises: SIGINT is that one's. What is blocked is let in,
 * and SIGUSR1 wakes the worker. */
void signals_watch_supervised(struct sipring_worker *worker);
/* From here on SIGHUP is counted and wakes. */
void signals_watch_hangup(void);
/* Whether it came since the last call. */
bool signals_take_hangup(void);
void signals_forget(void);
unsigned signals_count(void);
