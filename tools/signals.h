/* SPDX-License-Identifier: BSD-2-Clause */
/* SIGINT and SIGTERM as a count. */
#pragma once

struct sipring_worker;

void signals_watch(struct sipring_worker *worker);
/* Of a process that another supervises: SIGINT is that one's. What is blocked is let in,
 * and SIGUSR1 wakes the worker. */
void signals_watch_supervised(struct sipring_worker *worker);
void signals_forget(void);
unsigned signals_count(void);
