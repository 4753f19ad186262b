/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring stat: what a server that runs has counted, all workers together and each of them, as
 * lines or as the JSON that the server gave. It asks once and ends.
 */
#include "tools/ask.h"
#include "tools/commands.h"
#include "tools/number.h"
#include "tools/options.h"
#include "tools/terminal.h"

#include <stdlib.h>

struct stat_options {
	bool json;
};

static const struct options_row rows[] = {
	{.name = "json",
		.kind = OPTIONS_FLAG,
		.offset = offsetof(struct stat_options, json),
		.help = "all of it as one JSON object"},
};

static const struct options_command command = {
	.name = "stat",
	.operands = "SOCKET",
	.summary = "Shows what a server has counted that was started with --status SOCKET.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.ending = "Exit status: 0 it answered, 1 it did not, 2 usage.",
};

static void show_counts(const cJSON *counts)
{
	const cJSON *item;
	cJSON_ArrayForEach(item, counts) if (ask_count(counts, item->string)) terminal_line(
		"  %-26s %s", item->string, number_count(ask_count(counts, item->string)).text);
}

static void show(const cJSON *root)
{
	const cJSON *worker;
	terminal_line("sipring %s, up for %s", ask_string(root, "version"),
		number_time(ask_count(root, "uptime_ms") * 1000000).text);
	terminal_line("  %-26s %s", "provider", ask_string(root, "provider"));
	terminal_line("  %-26s %s", "io", ask_string(root, "io"));
	cJSON_ArrayForEach(worker, cJSON_GetObjectItemCaseSensitive(root, "workers"))
	{
		const cJSON *engine = cJSON_GetObjectItemCaseSensitive(worker, "engine");
		terminal_line("worker %lu: %s, process %lu, crashes %lu, associations %s, "
			      "received %s, sent %s",
			(unsigned long)ask_count(worker, "place"), ask_string(worker, "state"),
			(unsigned long)ask_count(worker, "process"),
			(unsigned long)ask_count(worker, "crashes"),
			number_count(ask_count(engine, "associations_standing")).text,
			number_count(ask_count(engine, "received_messages")).text,
			number_count(ask_count(engine, "sent")).text);
	}
	terminal_line("answers");
	show_counts(cJSON_GetObjectItemCaseSensitive(root, "serve"));
	terminal_line("engine");
	show_counts(cJSON_GetObjectItemCaseSensitive(root, "engine"));
}

static int run(const struct stat_options *own, const char *path)
{
	struct sipring_error error;
	char *text = ask_text(path, "stat", &error);
	cJSON *root = text ? cJSON_Parse(text) : NULL;
	if (!text)
		terminal_error("%s", error.text);
	else if (!root)
		terminal_error("%s: not JSON; is it a server of this version?", path);
	else if (own->json)
		terminal_line("%s", text);
	else
		show(root);
	int status = root ? OPTIONS_STATUS_OK : OPTIONS_STATUS_FAILED;
	cJSON_Delete(root);
	free(text);
	return status;
}

int stat_command(int argc, char **argv)
{
	struct stat_options own = {0};
	struct options options;
	int operand, status;
	if (options_parse(&options, &command, &own, argc, argv, &operand, &status))
		status = operand + 1 == argc
			? run(&own, argv[operand])
			: options_usage(&command, "one SOCKET is needed, that of serve --status");
	options_free(&options);
	return status;
}
