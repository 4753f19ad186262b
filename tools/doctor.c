/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring doctor: findings in order, the library's probe first, then what the tool reads itself,
 * then the one proof: a worker is opened without listeners, with the provider and io asked for,
 * and closed. Can it be opened, this machine can serve. The memory budget is a sum with a line for
 * each consumer. The same findings go to a person's table or to JSON; nothing is kept between.
 */
#include "tools/doctor.h"

#include "tools/commands.h"
#include "tools/json.h"
#include "tools/number.h"
#include "tools/options.h"
#include "tools/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DOCTOR_SCHEMA 1

struct doctor_options {
	bool is_json;
	bool is_budget_only;
};

static const struct options_row rows[] = {
	{.name = "budget",
		.kind = OPTIONS_FLAG,
		.offset = offsetof(struct doctor_options, is_budget_only),
		.help = "only the memory budget, with the settings given by --set"},
	{.name = "json",
		.kind = OPTIONS_FLAG,
		.offset = offsetof(struct doctor_options, is_json),
		.help = "as one JSON object on standard output"},
};

static const struct options_command command = {
	.name = "doctor",
	.operands = "",
	.summary =
		"Says what this machine can do for SIP over SCTP, what it cannot, and the remedy.\n"
		"Changes nothing.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.ending = "Exit status: 0 a provider and an io can serve, 1 none can, 2 usage.",
};

static const char *const state_names[] = {
	[SIPRING_FINDING_GOOD] = "good",
	[SIPRING_FINDING_NOTE] = "note",
	[SIPRING_FINDING_BAD] = "bad",
};

static void print_finding(void *user, const struct sipring_finding *finding)
{
	(void)user;
	terminal_line("  %s%-4s%s  %-26s %s", terminal_colour((int)finding->state),
		state_names[finding->state], terminal_plain(), finding->name, finding->value);
	if (finding->remedy)
		terminal_line("        %-26s -> %s", "", finding->remedy);
}

static void add_finding(void *user, const struct sipring_finding *finding)
{
	cJSON *object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "name", finding->name);
	cJSON_AddStringToObject(object, "state", state_names[finding->state]);
	cJSON_AddStringToObject(object, "value", finding->value);
	if (finding->remedy)
		cJSON_AddStringToObject(object, "remedy", finding->remedy);
	else
		cJSON_AddNullToObject(object, "remedy");
	cJSON_AddItemToArray(user, object);
}

static void print_budget_line(void *user, const struct sipring_budget_line *line)
{
	(void)user;
	terminal_line("  %-44s %9s x %-9s %10s  %s", line->name, number_count(line->count).text,
		number_bytes(line->size).text, number_bytes(line->total).text, line->setting);
}

static void add_budget_line(void *user, const struct sipring_budget_line *line)
{
	cJSON *object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "name", line->name);
	cJSON_AddStringToObject(object, "setting", line->setting);
	json_add_count(object, "count", line->count);
	json_add_count(object, "size", line->size);
	json_add_count(object, "total", line->total);
	cJSON_AddItemToArray(user, object);
}

static void ignore_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	(void)user, (void)buffer, (void)size, (void)message, (void)info;
}

/* Opens a worker and closes it: whether it works, told as findings. */
static bool try_worker(struct options *options,
	void (*found)(void *user, const struct sipring_finding *finding), void *user)
{
	struct sipring *sipring;
	struct sipring_worker *worker;
	struct sipring_choice choice;
	struct sipring_error error;
	struct sipring_callbacks callbacks = {.dispatch = ignore_message};
	struct sipring_finding finding = {.name = "serving",
		.state = SIPRING_FINDING_BAD,
		.value = error.text,
		.remedy = "see the findings above"};
	char value[256];
	if (!options_is_set(options, "encaps_port"))
		sipring_config_set(options->config, "encaps_port", "0", &error);
	bool is_open = sipring_open(&sipring, options->config, &error) == 0;
	if (!is_open) {
		found(user, &finding);
		return false;
	}
	if (sipring_worker_open(&worker, sipring, &callbacks, &error) == 0) {
		sipring_worker_choice(worker, &choice);
		finding = (struct sipring_finding){.name = "serving.provider", .value = value};
		snprintf(value, sizeof(value), "%s: %s", choice.provider, choice.provider_reason);
		found(user, &finding);
		finding.name = "serving.io";
		snprintf(value, sizeof(value), "%s: %s", choice.io, choice.io_reason);
		found(user, &finding);
		sipring_worker_close(worker);
	} else {
		is_open = false;
		found(user, &finding);
	}
	sipring_close(sipring);
	return is_open;
}

static void print_budget(const struct options *options, const char *before)
{
	terminal_line(
		"%s%sMemory of one worker%s (address space; what is not used is not resident)",
		before, terminal_bold(), terminal_plain());
	uint64_t sum = sipring_budget(options->config, print_budget_line, NULL);
	terminal_line("  %-44s %9s   %-9s %10s", "sum", "", "", number_bytes(sum).text);
}

static int print_all(struct options *options)
{
	terminal_line("%sWhat works%s", terminal_bold(), terminal_plain());
	sipring_probe(print_finding, NULL);
	terminal_line("\n%sWhat this system is set to%s", terminal_bold(), terminal_plain());
	doctor_system(print_finding, NULL);
	print_budget(options, "\n");
	terminal_line("\n%sWhat would serve%s", terminal_bold(), terminal_plain());
	bool can_serve = try_worker(options, print_finding, NULL);
	return can_serve ? OPTIONS_STATUS_OK : OPTIONS_STATUS_FAILED;
}

static int print_json(struct options *options, bool is_budget_only)
{
	bool can_serve = true;
	cJSON *root = json_begin("sipring doctor", DOCTOR_SCHEMA);
	if (!is_budget_only) {
		cJSON *findings = cJSON_AddArrayToObject(root, "findings");
		sipring_probe(add_finding, findings);
		doctor_system(add_finding, findings);
	}
	cJSON *budget = cJSON_AddArrayToObject(root, "budget");
	json_add_count(root, "budget_sum",
		sipring_budget(options->config, add_budget_line, budget));
	if (!is_budget_only) {
		can_serve = try_worker(options, add_finding, cJSON_GetObjectItem(root, "findings"));
		cJSON_AddBoolToObject(root, "can_serve", can_serve);
	}
	json_write("-", root);
	return can_serve ? OPTIONS_STATUS_OK : OPTIONS_STATUS_FAILED;
}

int doctor_command(int argc, char **argv)
{
	struct doctor_options own = {0};
	struct options options;
	int operand, status;
	if (options_parse(&options, &command, &own, argc, argv, &operand, &status)) {
		if (operand != argc) {
			status = options_usage(&command, "%s: no argument is expected",
				argv[operand]);
		} else if (own.is_json) {
			status = print_json(&options, own.is_budget_only);
		} else if (own.is_budget_only) {
			print_budget(&options, "");
		} else {
			status = print_all(&options);
		}
	}
	options_free(&options);
	return status;
}
