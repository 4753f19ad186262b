/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line as const tables: the rows here are common to every subcommand, each subcommand
 * brings its own, and getopt_long's table and the help text are both made from them. What a
 * setting of the library may be is known to the library alone: its text is what the user reads.
 * The config belongs to struct options; everything else is written into the caller's structs.
 */
#include "tools/options.h"

#include "tools/number.h"
#include "tools/terminal.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 40

/* Its index; OPTIONS_SETTINGS_MAX for a name that is none. */
static unsigned index_of(const char *name)
{
	const struct sipring_setting *setting;
	for (unsigned i = 0; i < OPTIONS_SETTINGS_MAX && (setting = sipring_config_setting(i)); i++)
		if (!strcmp(setting->name, name))
			return i;
	return OPTIONS_SETTINGS_MAX;
}

bool options_is_set(const struct options *options, const char *setting)
{
	unsigned index = index_of(setting);
	return index < OPTIONS_SETTINGS_MAX && options->set[index];
}

int options_set(struct options *options, const char *name, const char *value,
	struct sipring_error *error)
{
	uint64_t port;
	int result = sipring_config_set(options->config, name, value, error);
	if (result < 0)
		return result;
	if (!strcmp(name, "sctp_port") && !number_parse(value, 1, 65535, &port))
		options->sctp_port = (uint16_t)port;
	if (index_of(name) < OPTIONS_SETTINGS_MAX)
		options->set[index_of(name)] = true;
	return 0;
}

int options_set_default(struct options *options, const char *name, const char *value,
	struct sipring_error *error)
{
	struct sipring_config *scratch;
	int result;
	if (!options_is_set(options, name)) {
		result = options_set(options, name, value, error);
		if (index_of(name) < OPTIONS_SETTINGS_MAX)
			options->set[index_of(name)] = false; /* the last word in the file counts */
		return result;
	}
	scratch = sipring_config_new();
	if (!scratch)
		return -ENOMEM;
	result = sipring_config_set(scratch, name, value, error);
	sipring_config_free(scratch);
	return result;
}

static int take_provider(void *into, const char *value, struct sipring_error *error)
{
	return options_set(into, "provider", value, error);
}

static int take_io(void *into, const char *value, struct sipring_error *error)
{
	return options_set(into, "io", value, error);
}

static int take_sctp_port(void *into, const char *value, struct sipring_error *error)
{
	return options_set(into, "sctp_port", value, error);
}

static int take_dns_server(void *into, const char *value, struct sipring_error *error)
{
	return options_set(into, "dns_servers", value, error);
}

static int take_set(void *into, const char *value, struct sipring_error *error)
{
	char name[64];
	const char *equals = strchr(value, '=');
	size_t size = equals ? (size_t)(equals - value) : 0;
	if (size == 0 || size >= sizeof(name)) {
		snprintf(error->text, sizeof(error->text),
			"'%s' is not NAME=VALUE (sipring help settings)", value);
		return -EINVAL;
	}
	memcpy(name, value, size);
	name[size] = 0;
	return options_set(into, name, equals + 1, error);
}

static int take_verbose(void *into, const char *value, struct sipring_error *error)
{
	struct options *options = into;
	(void)value, (void)error;
	options->verbosity = options->verbosity < 1 ? 1 : 2;
	return 0;
}

static int take_quiet(void *into, const char *value, struct sipring_error *error)
{
	(void)value, (void)error;
	((struct options *)into)->verbosity = -1;
	return 0;
}

static const struct options_row common_rows[] = {
	{.name = "provider",
		.argument = "NAME",
		.kind = OPTIONS_CALL,
		.take = take_provider,
		.help = "whose SCTP: auto, kernel or usrsctp (default auto: the kernel's\n"
			"if it has it)"},
	{.name = "io",
		.argument = "NAME",
		.kind = OPTIONS_CALL,
		.take = take_io,
		.help = "how messages move: auto, io_uring or epoll (default auto:\n"
			"io_uring if it is allowed)"},
	{.name = "sctp-port",
		.argument = "PORT",
		.kind = OPTIONS_CALL,
		.take = take_sctp_port,
		.help = "the port of a listener or URI that names none (default 5060)"},
	{.name = "dns-server",
		.argument = "ADDRESS",
		.kind = OPTIONS_CALL,
		.take = take_dns_server,
		.help = "the name server to ask, ADDRESS[:PORT], or several with commas\n"
			"(default those of /etc/resolv.conf)"},
	{.name = "set",
		.argument = "NAME=VALUE",
		.kind = OPTIONS_CALL,
		.take = take_set,
		.help = "any setting of the library, repeatable\n(sipring help settings)"},
	{.name = "verbose",
		.kind = OPTIONS_CALL,
		.take = take_verbose,
		.help = "say more; twice for debugging"},
	{.name = "quiet",
		.kind = OPTIONS_CALL,
		.take = take_quiet,
		.help = "no progress and no warnings"},
	{.name = "help", .kind = OPTIONS_FLAG, .help = "this text"},
};
#define N_COMMON (sizeof(common_rows) / sizeof(common_rows[0]))

static void print_row(const struct options_row *row)
{
	char left[64];
	snprintf(left, sizeof(left), "--%s%s%s", row->name, row->argument ? " " : "",
		row->argument ? row->argument : "");
	const char *line = row->help;
	while (line) {
		const char *end = strchr(line, '\n');
		int size = end ? (int)(end - line) : (int)strlen(line);
		printf("  %-26s %.*s\n", left, size, line);
		left[0] = 0;
		line = end ? end + 1 : NULL;
	}
}

static void print_help(const struct options_command *command)
{
	printf("usage: sipring %s [OPTION…]%s%s\n\n%s\n\n", command->name,
		*command->operands ? " " : "", command->operands, command->summary);
	for (unsigned i = 0; i < command->n_rows; i++)
		print_row(&command->rows[i]);
	printf("%sCommon options:\n", command->n_rows ? "\n" : "");
	for (unsigned i = 0; i < N_COMMON; i++)
		print_row(&common_rows[i]);
	printf("\n%s\n", command->ending);
}

int options_usage(const struct options_command *command, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	terminal_error("%s", text);
	fprintf(stderr, "Try 'sipring %s --help'.\n", command->name);
	return OPTIONS_STATUS_USAGE;
}

static int take_number(const struct options_row *row, void *place, const char *value,
	struct sipring_error *error)
{
	uint64_t number = 0;
	bool is_time = row->kind == OPTIONS_TIME;
	int result = is_time ? number_parse_time(value, &number)
			     : number_parse(value, row->min, row->max, &number);
	if (result == 0 && (number < row->min || number > row->max))
		result = -ERANGE;
	if (result == 0) {
		memcpy(place, &number, sizeof(number));
		return 0;
	}
	struct number_text min = is_time ? number_time(row->min) : number_count(row->min);
	struct number_text max = is_time ? number_time(row->max) : number_count(row->max);
	snprintf(error->text, sizeof(error->text), "'%s' is not %s from %s to %s", value,
		is_time ? "a time in seconds (or with ms, s, m, h)" : "a number", min.text,
		max.text);
	return result;
}

static int take_row(const struct options_row *row, void *into, const char *value,
	struct sipring_error *error)
{
	char *place = (char *)into + row->offset;
	switch (row->kind) {
	case OPTIONS_FLAG:
		*(bool *)place = true;
		return 0;
	case OPTIONS_NUMBER:
	case OPTIONS_TIME:
		return take_number(row, place, value, error);
	case OPTIONS_TEXT:
		memcpy(place, &value, sizeof(value));
		return 0;
	case OPTIONS_CALL:
		return row->take(into, value, error);
	}
	return -EINVAL;
}

/* getopt_long's table: val is 1 + the row's index, the common rows first. */
static void make_table(struct option *table, const struct options_command *command)
{
	unsigned n = 0;
	for (unsigned i = 0; i < N_COMMON + command->n_rows && n < ROWS_MAX; i++) {
		const struct options_row *row =
			i < N_COMMON ? &common_rows[i] : &command->rows[i - N_COMMON];
		table[n++] = (struct option){.name = row->name,
			.has_arg = row->argument ? required_argument : no_argument,
			.val = (int)i + 1};
	}
	table[n] = (struct option){0};
}

bool options_parse(struct options *options, const struct options_command *command, void *into,
	int argc, char **argv, int *operands, int *status)
{
	struct option table[ROWS_MAX + 1];
	struct sipring_error error;
	int chosen;
	*options = (struct options){.sctp_port = 5060, .config = sipring_config_new()};
	terminal_setup(command->name, 0);
	*status = OPTIONS_STATUS_USAGE;
	if (!options->config) {
		terminal_error("out of memory");
		*status = OPTIONS_STATUS_NOT_STARTED;
		return false;
	}
	make_table(table, command);
	optind = 0;
	opterr = 0;
	while ((chosen = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		const char *written = argv[optind - 1];
		if (chosen == '?' || chosen == ':') {
			options_usage(command,
				chosen == ':' ? "%s needs a value" : "%s: no such option", written);
			return false;
		}
		unsigned index = (unsigned)chosen - 1;
		bool is_common = index < N_COMMON;
		const struct options_row *row =
			is_common ? &common_rows[index] : &command->rows[index - N_COMMON];
		if (is_common && row->kind == OPTIONS_FLAG) {
			print_help(command);
			*status = OPTIONS_STATUS_OK;
			return false;
		}
		error.text[0] = 0;
		int result = take_row(row, is_common ? (void *)options : into, optarg, &error);
		if (result < 0) {
			/* Of a setting, the library's text names it itself. */
			options_usage(command, "%s%s%s%s", is_common ? "" : "--",
				is_common ? "" : row->name, is_common ? "" : ": ",
				error.text[0] ? error.text : strerror(-result));
			return false;
		}
	}
	terminal_setup(command->name, options->verbosity);
	*operands = optind;
	*status = OPTIONS_STATUS_OK;
	return true;
}

void options_free(struct options *options)
{
	sipring_config_free(options->config);
	options->config = NULL;
}

/* Every setting of the library, as its own table has them. */
void options_print_settings(void)
{
	const struct sipring_setting *setting;
	int name_width = 4, default_width = 7;
	for (unsigned i = 0; (setting = sipring_config_setting(i)); i++) {
		int name = (int)strlen(setting->name), value = (int)strlen(setting->default_value);
		name_width = name > name_width ? name : name_width;
		default_width = value > default_width ? value : default_width;
	}
	puts("Settings of the library, for --set NAME=VALUE:\n");
	printf("  %-*s  %-*s  %s\n", name_width, "NAME", default_width, "DEFAULT", "VALUES");
	for (unsigned i = 0; (setting = sipring_config_setting(i)); i++)
		printf("  %-*s  %-*s  %s\n  %-*s  %-*s    %s%s\n", name_width, setting->name,
			default_width, setting->default_value, setting->values, name_width, "",
			default_width, "", setting->help,
			setting->of_listener ? "; also of one listener" : "");
}
