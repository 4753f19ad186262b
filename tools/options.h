/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line as tables. */
#pragma once

#include <sipring/sipring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses that every subcommand shares. */
enum options_status {
	OPTIONS_STATUS_OK = 0,
	OPTIONS_STATUS_FAILED = 1,      /* it ran and something went wrong */
	OPTIONS_STATUS_USAGE = 2,       /* an option or argument that does not do */
	OPTIONS_STATUS_NOT_STARTED = 3, /* it could not start or connect */
};

#define OPTIONS_SETTINGS_MAX 128

/* What all subcommands have in common. */
struct options {
	struct sipring_config *config; /* owned; options_free */
	uint16_t sctp_port;
	/* By index of sipring_config_setting: named on the command line. */
	bool set[OPTIONS_SETTINGS_MAX];
	int verbosity; /* as terminal_setup */
};

enum options_kind {
	OPTIONS_FLAG,   /* bool: true */
	OPTIONS_NUMBER, /* uint64_t, min to max */
	OPTIONS_TIME,   /* uint64_t in nanoseconds, min to max */
	OPTIONS_TEXT,   /* const char * */
	OPTIONS_CALL,   /* take does it, and may be called again */
};

/* One option of a subcommand: where its value goes is offset in the subcommand's own struct. */
struct options_row {
	const char *name;
	const char *argument; /* as help shows it; NULL: takes none */
	const char *help;     /* lines divided by \n */
	enum options_kind kind;
	size_t offset;
	uint64_t min, max;
	int (*take)(void *into, const char *value, struct sipring_error *error);
};

struct options_command {
	const char *name;
	const char *operands; /* "URI" */
	const char *summary;  /* a sentence or two */
	const struct options_row *rows;
	unsigned n_rows;
	const char *ending; /* the exit statuses, and what else help should end with */
};

/*
 * Reads the command line: the common options into options, the command's own into `into`. Returns
 * true to go on, *operands being the index of the first operand; or false when the command is over
 * (help was shown, or a mistake), *status being what to exit with.
 */
bool options_parse(struct options *options, const struct options_command *command, void *into,
	int argc, char **argv, int *operands, int *status);
void options_free(struct options *options);
bool options_is_set(const struct options *options, const char *setting);

/* As --set does. */
int options_set(struct options *options, const char *name, const char *value,
	struct sipring_error *error);

/* What the command line has not named is set; what it has is only looked at for mistakes. */
int options_set_default(struct options *options, const char *name, const char *value,
	struct sipring_error *error);

/* Says a mistake and where help is; returns OPTIONS_STATUS_USAGE. */
__attribute__((format(printf, 2, 3))) int options_usage(const struct options_command *command,
	const char *format, ...);

void options_print_settings(void);
