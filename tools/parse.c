/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring parse: one message from a file or standard input, what the library understood of it as
 * JSON on standard output. The message is read whole and belongs to parse_one, which frees it; what
 * the JSON looks like is parse_json's. No engine is opened.
 */
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/parse_json.h"
#include "tools/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No datagram and no message of SCTP that anybody sends is longer. */
#define MESSAGE_MAX (16u * 1024u * 1024u)

struct parse_options {
	bool is_strict;
};

static const struct options_row rows[] = {
	{.name = "strict",
		.kind = OPTIONS_FLAG,
		.offset = offsetof(struct parse_options, is_strict),
		.help = "refuse also what a receiver may repair or overlook"},
};

static const struct options_command command = {
	.name = "parse",
	.operands = "[FILE|-]",
	.summary = "Reads one SIP message, a datagram's worth, and prints what was understood as\n"
		   "JSON: start line, headers with their ids, values, targets.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.ending = "Exit status: 0 accepted, 1 refused, reason and byte on standard error and in\n"
		  "the JSON, 2 usage, 3 the file cannot be read.",
};

/* Reads all there is into memory that the caller frees. 0 or -errno. */
static int read_all(FILE *file, char **data, size_t *size)
{
	size_t capacity = 0;

	*data = NULL;
	*size = 0;
	do {
		if (*size == capacity) {
			capacity = capacity ? 2 * capacity : 65536;
			char *larger = capacity <= MESSAGE_MAX ? realloc(*data, capacity) : NULL;
			if (!larger)
				return capacity <= MESSAGE_MAX ? -ENOMEM : -EMSGSIZE;
			*data = larger;
		}
		*size += fread(*data + *size, 1, capacity - *size, file);
	} while (!feof(file) && !ferror(file));
	return ferror(file) ? -EIO : 0;
}

static int read_file(const char *path, char **data, size_t *size)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "rbe") : stdin;
	int result;

	*data = NULL;
	*size = 0;
	if (!file)
		return -errno;
	result = read_all(file, data, size);
	if (file != stdin)
		fclose(file);
	return result;
}

static int parse_one(const char *path, bool is_strict, uint16_t sctp_port)
{
	static struct sipring_message message;
	char *data;
	size_t size;
	int result = read_file(path, &data, &size);

	if (result < 0) {
		terminal_error("%s: %s", path, strerror(-result));
		free(data);
		return OPTIONS_STATUS_NOT_STARTED;
	}
	result = sipring_message_parse(&message, data, size);
	if (!result && is_strict)
		result = sipring_message_check(&message);
	if (result)
		terminal_error("%s: %s, at byte %zu", path, sipring_parse_reason_text(result),
			message.result_offset);
	parse_json_write(&message, is_strict, sctp_port);
	free(data);
	return result ? OPTIONS_STATUS_FAILED : OPTIONS_STATUS_OK;
}

int parse_command(int argc, char **argv)
{
	struct parse_options own = {0};
	struct options options;
	int operand, status;

	if (options_parse(&options, &command, &own, argc, argv, &operand, &status)) {
		if (operand + 1 < argc)
			status = options_usage(&command, "%s: one file is enough",
				argv[operand + 1]);
		else
			status = parse_one(operand < argc ? argv[operand] : "-", own.is_strict,
				options.sctp_port);
	}
	options_free(&options);
	return status;
}
