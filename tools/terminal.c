/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What people see. Results go to standard output; progress, log lines and errors to standard
 * error. On a terminal, progress is one live line that is written over; elsewhere each progress is
 * a line of its own. Whoever prints anything prints it here, so that the live line is gone first.
 * Colour only where standard output is a terminal and NO_COLOR is not set.
 */
#include "tools/terminal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PROGRESS_MAX 256 /* characters */

static struct {
	const char *command; /* "load": goes before errors */
	int verbosity;       /* -1 quiet, 0, 1 information, 2 debugging */
	bool is_live;        /* standard error is a terminal */
	bool has_colour;
	bool is_line_open; /* a live line stands there without its newline */
} terminal = {.command = ""};

void terminal_setup(const char *command, int verbosity)
{
	terminal.command = command;
	terminal.verbosity = verbosity;
	terminal.is_live = isatty(STDERR_FILENO) != 0;
	terminal.has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

bool terminal_live(void)
{
	return terminal.is_live;
}

bool terminal_quiet(void)
{
	return terminal.verbosity < 0;
}

bool terminal_verbose(void)
{
	return terminal.verbosity > 0;
}

static void clear_line(void)
{
	if (!terminal.is_line_open)
		return;
	fputs("\r\033[K", stderr);
	terminal.is_line_open = false;
}

/* What fits into a line of the terminal: one that wraps could not be written over. */
static int columns(void)
{
	struct winsize size;
	if (!terminal.is_live || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
		return PROGRESS_MAX;
	return size.ws_col - 1;
}

/* One state of progress, in ASCII and without a newline. Silent when quiet. */
void terminal_progress(const char *format, ...)
{
	char line[PROGRESS_MAX];
	va_list arguments;
	if (terminal.verbosity < 0)
		return;
	clear_line();
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "%.*s", columns(), line);
	if (terminal.is_live)
		terminal.is_line_open = true;
	else
		fputc('\n', stderr);
	fflush(stderr);
}

/* One line of the result, the newline added. */
void terminal_line(const char *format, ...)
{
	va_list arguments;
	clear_line();
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

void terminal_bytes(const char *bytes, size_t size)
{
	clear_line();
	fwrite(bytes, 1, size, stdout);
	putchar('\n');
	fflush(stdout);
}

void terminal_error(const char *format, ...)
{
	va_list arguments;
	clear_line();
	fprintf(stderr, *terminal.command ? "sipring %s: " : "sipring%s: ", terminal.command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* The library's log callback: errors when quiet, else warnings too, and more by --verbose. */
void terminal_log(void *user, int level, const char *line)
{
	static const char *const names[] = {"error: ", "warning: ", "", "debug: "};
	(void)user;
	if (level > terminal.verbosity + 1)
		return;
	clear_line();
	fprintf(stderr, "%s%s\n", level >= 0 && level <= 3 ? names[level] : "", line);
}

/* Leaves the last live line standing and goes to the next. */
void terminal_end(void)
{
	if (terminal.is_line_open)
		fputc('\n', stderr);
	terminal.is_line_open = false;
}

const char *terminal_bold(void)
{
	return terminal.has_colour ? "\033[1m" : "";
}

/* 0 good, 1 note, 2 bad: as enum sipring_finding_state. */
const char *terminal_colour(int state)
{
	static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};
	return terminal.has_colour && state >= 0 && state <= 2 ? colours[state] : "";
}

const char *terminal_plain(void)
{
	return terminal.has_colour ? "\033[0m" : "";
}
