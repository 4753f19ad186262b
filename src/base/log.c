/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formats a line on the stack and hands it to whoever embeds the library, who owns the sink and
 * decides what becomes of it. A line that is too long is cut. Nothing here writes to a file, and
 * nothing may be called per message.
 */
#include "base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_SIZE 512 /* bytes, the NUL included */

void sipring_log_write(const struct sipring_log *log, enum sipring_log_level level,
	const char *format, ...)
{
	char line[LINE_MAX_SIZE];
	va_list arguments;

	assert(level >= SIPRING_LOG_ERROR && level <= SIPRING_LOG_DEBUG);
	if (!log || !log->write)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	log->write(log->user, level, line);
}
