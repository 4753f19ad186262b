/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: each kind of row, the library's settings beside the common options, and that a
 * mistake ends the command with the status of usage.
 */
#include "tools/options.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

struct mine {
	bool is_loud;
	uint64_t count, wait_ns;
	const char *file;
};

static const struct options_row rows[] = {
	{.name = "loud",
		.kind = OPTIONS_FLAG,
		.offset = offsetof(struct mine, is_loud),
		.help = ""},
	{.name = "count",
		.argument = "N",
		.kind = OPTIONS_NUMBER,
		.offset = offsetof(struct mine, count),
		.min = 1,
		.max = 10,
		.help = ""},
	{.name = "wait",
		.argument = "TIME",
		.kind = OPTIONS_TIME,
		.offset = offsetof(struct mine, wait_ns),
		.min = 1000000,
		.max = 1000000000,
		.help = ""},
	{.name = "file",
		.argument = "FILE",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct mine, file),
		.help = "one\ntwo"},
};

static const struct options_command command = {.name = "test",
	.operands = "WORD",
	.summary = "Summary.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.ending = "End."};

static struct options options;
static struct mine mine;
static int operand, status;

static bool parse(char **argv)
{
	int argc = 0;
	while (argv[argc])
		argc++;
	mine = (struct mine){0};
	bool is_good = options_parse(&options, &command, &mine, argc, argv, &operand, &status);
	if (!is_good)
		options_free(&options);
	return is_good;
}
#define PARSE(...) parse((char *[]){"test", __VA_ARGS__, NULL})

Test(tools_options, each_kind)
{
	cr_assert(PARSE("--loud", "--count=7", "--wait", "20ms", "--file", "f", "word"));
	cr_assert(mine.is_loud);
	cr_assert_eq(mine.count, 7);
	cr_assert_eq(mine.wait_ns, 20000000);
	cr_assert_str_eq(mine.file, "f");
	cr_assert_eq(operand, 6 + 1);
	cr_assert_eq(options.sctp_port, 5060);
	options_free(&options);
}

Test(tools_options, settings_of_the_library)
{
	cr_assert(PARSE("--sctp-port", "6000", "--provider", "auto", "--io", "epoll", "--set",
		"encaps_port=0", "--verbose", "--verbose"));
	cr_assert_eq(options.sctp_port, 6000);
	cr_assert_eq(options.verbosity, 2);
	cr_assert(options_is_set(&options, "encaps_port"));
	cr_assert(options_is_set(&options, "io"));
	cr_assert_not(options_is_set(&options, "encaps_peer_port"));
	cr_assert_not(options_is_set(&options, "no such setting"));
	options_free(&options);
	cr_assert(PARSE("--set", "sctp_port=6001", "--quiet"));
	cr_assert_eq(options.sctp_port, 6001);
	cr_assert_eq(options.verbosity, -1);
	options_free(&options);
}

Test(tools_options, mistakes_are_usage)
{
	static const char *const bad[][2] = {{"--count", "0"}, {"--count", "11"}, {"--count", "x"},
		{"--count", NULL}, {"--wait", "2"}, {"--wait", "0"}, {"--loud=yes", NULL},
		{"--nothing", NULL}, {"-x", NULL}, {"--sctp-port", "0"}, {"--sctp-port", "-1"},
		{"--sctp-port", "65536"}, {"--sctp-port", "abc"}, {"--sctp-port", ""},
		{"--io", "kqueue"}, {"--provider", "linux"}, {"--set", "x"}, {"--set", "=1"},
		{"--set", "no_such_setting=1"}};
	cr_redirect_stderr();
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_not(PARSE((char *)bad[i][0], (char *)bad[i][1]), "%s %s", bad[i][0],
			bad[i][1] ? bad[i][1] : "");
		cr_assert_eq(status, OPTIONS_STATUS_USAGE);
	}
}

Test(tools_options, help_is_no_mistake)
{
	cr_redirect_stdout();
	cr_assert_not(PARSE("--help"));
	cr_assert_eq(status, OPTIONS_STATUS_OK);
}
