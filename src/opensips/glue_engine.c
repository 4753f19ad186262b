/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that do all the I/O: the core forks them before all others, and they run the engine
 * until the core ends. They run no script, take no jobs and wait for nobody.
 *
 * As all of the core's processes they heed SIGTERM only when the core is ending; then associations
 * are shut down in order, within the time that an end may take. Should the core be killed, they go
 * with it and leave the ports free.
 */
#include "opensips/glue.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define END_MS 500

static void on_term(__attribute__((unused)) int signal)
{
	if (sr_get_core_status() == STATE_TERMINATING)
		sipring_bridge_stop(sipring_glue_bridge);
}

static void tell_log(__attribute__((unused)) void *user, int level, const char *line)
{
	switch (level) {
	case 0:
		LM_ERR("%s\n", line);
		break;
	case 1:
		LM_WARN("%s\n", line);
		break;
	case 2:
		LM_INFO("%s\n", line);
		break;
	default:
		LM_DBG("%s\n", line);
	}
}

static void run(__attribute__((unused)) int number)
{
	const struct sipring_callbacks callbacks = {
		.event = sipring_glue_events_note,
		.log = tell_log,
	};
	struct sigaction action = {.sa_handler = on_term};
	struct sipring_error error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGTERM, &action, NULL);
	if (sipring_bridge_run(sipring_glue_bridge, &callbacks, END_MS, &error) < 0) {
		LM_ERR("SCTP engine: %s\n", error.text);
		exit(-1);
	}
	exit(0);
}

proc_export_t sipring_glue_engines[] = {
	{"SCTP engine", 0, 0, run, 1, 0},
	{0, 0, 0, 0, 0, 0},
};
