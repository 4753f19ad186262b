/* SPDX-License-Identifier: BSD-2-Clause */
/* What io_uring can do on this machine, for `sipring doctor`. */
#pragma once

typedef void (*sipring_uring_found)(void *user, const char *name, int good, const char *value,
	const char *remedy);

/* Sets up small rings and takes them down again; calls found once per thing looked at. */
void sipring_uring_findings(sipring_uring_found found, void *user);
