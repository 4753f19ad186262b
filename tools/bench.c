/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring bench: hands over to the driver of the benchmarks, which is a script, since it starts
 * guests and draws plots. It belongs to a build directory and is found beside this program there;
 * an installed sipring has none.
 */
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/terminal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DRIVER "../bench/sipring-bench"

/* The driver's path from our own: .../tools/sipring to .../tools/../bench/sipring-bench. */
static int find_driver(char path[static PATH_MAX])
{
	ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - sizeof(DRIVER));
	if (size < 0)
		return -errno;
	path[size] = 0;
	char *slash = strrchr(path, '/');
	if (!slash)
		return -ENOENT;
	memcpy(slash + 1, DRIVER, sizeof(DRIVER));
	return access(path, X_OK) < 0 ? -errno : 0;
}

int bench_command(int argc, char **argv)
{
	char path[PATH_MAX];
	int result = find_driver(path);
	(void)argc;
	terminal_setup("bench", 0);
	if (result == 0) {
		argv[0] = path;
		execv(path, argv);
		result = -errno;
	}
	terminal_error("the benchmarks are not beside this program (%s): run the sipring of a "
		       "build directory that was set up with -Dbench=enabled",
		strerror(-result));
	return OPTIONS_STATUS_NOT_STARTED;
}
