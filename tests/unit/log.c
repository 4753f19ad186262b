/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: what is handed on, what is cut, and that nobody need listen.
 */
#include "base/log.h"

#include <criterion/criterion.h>
#include <string.h>

struct seen {
	int n_lines;
	int level;
	char line[1024];
};

static void keep(void *user, int level, const char *line)
{
	struct seen *seen = user;

	seen->n_lines++;
	seen->level = level;
	strncpy(seen->line, line, sizeof seen->line - 1);
}

Test(log, hands_on_level_and_line)
{
	struct seen seen = {0};
	struct sipring_log log = {.write = keep, .user = &seen};
	int levels[] = {SIPRING_LOG_ERROR, SIPRING_LOG_WARNING, SIPRING_LOG_INFO,
		SIPRING_LOG_DEBUG};

	for (int i = 0; i < 4; i++) {
		sipring_log_write(&log, levels[i], "line %d of %s", i, "four");
		cr_assert_eq(seen.n_lines, i + 1);
		cr_assert_eq(seen.level, levels[i]);
		cr_assert_eq(strncmp(seen.line, "line ", 5), 0);
		cr_assert_eq(seen.line[5], '0' + i);
		cr_assert_str_eq(seen.line + 6, " of four");
	}
}

Test(log, nobody_listens)
{
	struct sipring_log log = {0};

	sipring_log_write(NULL, SIPRING_LOG_ERROR, "%s", "unheard");
	sipring_log_write(&log, SIPRING_LOG_ERROR, "%s", "unheard");
}

Test(log, cuts_at_512_bytes)
{
	struct seen seen = {0};
	struct sipring_log log = {.write = keep, .user = &seen};
	char text[600];

	memset(text, 'y', sizeof text);
	for (int size = 508; size < 516; size++) {
		memset(&seen, 0, sizeof seen);
		sipring_log_write(&log, SIPRING_LOG_INFO, "%.*s", size, text);
		cr_assert_eq(strlen(seen.line), size < 511 ? (size_t)size : 511u);
	}
}
