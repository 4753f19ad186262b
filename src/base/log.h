/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines for the operator, handed to whoever embeds sipring. No line is written per message.
 */
#pragma once

#include <stdint.h>

enum sipring_log_level {
	SIPRING_LOG_ERROR,
	SIPRING_LOG_WARNING,
	SIPRING_LOG_INFO,
	SIPRING_LOG_DEBUG,
};

struct sipring_log {
	void (*write)(void *user, int level, const char *line); /* NULL: nothing is written */
	void *user;
};

/* Formats one line (cut at 512 bytes, no newline) and hands it on. log may be NULL. */
void sipring_log_write(const struct sipring_log *log, enum sipring_log_level level,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
