/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the build had no libmicrohttpd: metrics that are asked for are refused, with the remedy.
 * There is nothing else to be done.
 */
#include "tools/metrics.h"

#include <errno.h>
#include <stdio.h>

int metrics_open(struct metrics *metrics, struct sipring_error *error)
{
	(void)metrics;
	error->code = -EOPNOTSUPP;
	snprintf(error->text, sizeof(error->text),
		"--metrics: this sipring was built without libmicrohttpd (Debian package "
		"libmicrohttpd-dev)");
	return -EOPNOTSUPP;
}

void metrics_close(struct metrics *metrics)
{
	(void)metrics;
}

uint64_t metrics_run(struct metrics *metrics, uint64_t now_ns)
{
	(void)metrics, (void)now_ns;
	return UINT64_MAX;
}

void metrics_forget(struct metrics *metrics)
{
	(void)metrics;
}
