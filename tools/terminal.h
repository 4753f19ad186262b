/* SPDX-License-Identifier: BSD-2-Clause */
/* What people see: results, progress, errors. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void terminal_setup(const char *command, int verbosity);
bool terminal_live(void);
bool terminal_quiet(void);
bool terminal_verbose(void);

__attribute__((format(printf, 1, 2))) void terminal_progress(const char *format, ...);
__attribute__((format(printf, 1, 2))) void terminal_line(const char *format, ...);
__attribute__((format(printf, 1, 2))) void terminal_error(const char *format, ...);
/* A message as it is, NULs in its body too, and a newline. */
void terminal_bytes(const char *bytes, size_t size);
void terminal_log(void *user, int level, const char *line);
void terminal_end(void);

const char *terminal_bold(void);
const char *terminal_colour(int state);
const char *terminal_plain(void);
