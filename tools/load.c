/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring load: the command line of a load and its order of things: resolve, open, connect, run,
 * report. All memory is taken before the first request. struct load owns the peers, the slots and
 * the client and lives for the command.
 */
#include "tools/load.h"

#include "tools/commands.h"
#include "tools/number.h"
#include "tools/options.h"
#include "tools/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DAY_NS 86400000000000u

static const struct options_row rows[] = {
	{.name = "window",
		.argument = "N",
		.kind = OPTIONS_NUMBER,
		.offset = offsetof(struct load_options, window),
		.min = 1,
		.max = LOAD_SLOTS_MAX,
		.help = "closed loop: requests outstanding over all associations\n(default 64)"},
	{.name = "rate",
		.argument = "N",
		.kind = OPTIONS_NUMBER,
		.offset = offsetof(struct load_options, rate),
		.min = 1,
		.max = 10000000,
		.help = "open loop: requests per second, whatever the answers do"},
	{.name = "peers",
		.argument = "N",
		.kind = OPTIONS_NUMBER,
		.offset = offsetof(struct load_options, peers),
		.min = 1,
		.max = 65536,
		.help = "associations (default 1)"},
	{.name = "duration",
		.argument = "SECONDS",
		.kind = OPTIONS_TIME,
		.offset = offsetof(struct load_options, duration_ns),
		.min = 1000000,
		.max = 30u * DAY_NS,
		.help = "how long to send (default 10, if no --count)"},
	{.name = "count",
		.argument = "N",
		.kind = OPTIONS_NUMBER,
		.offset = offsetof(struct load_options, count),
		.min = 1,
		.max = UINT64_MAX >> 16,
		.help = "how many requests to send at most"},
	{.name = "method",
		.argument = "NAME",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct load_options, method),
		.help = "the request (default OPTIONS); the answer to an INVITE gets\nits ACK"},
	{.name = "size",
		.argument = "BYTES",
		.kind = OPTIONS_NUMBER,
		.offset = offsetof(struct load_options, size),
		.min = 1,
		.max = LOAD_MESSAGE_MAX,
		.help = "pad the request to this size"},
	{.name = "timeout",
		.argument = "SECONDS",
		.kind = OPTIONS_TIME,
		.offset = offsetof(struct load_options, timeout_ns),
		.min = 1000000,
		.max = DAY_NS,
		.help = "for an answer, then it counts as lost; and for the\n"
			"associations (default 5)"},
	{.name = "interval",
		.argument = "SECONDS",
		.kind = OPTIONS_TIME,
		.offset = offsetof(struct load_options, interval_ns),
		.min = 100000000,
		.max = DAY_NS,
		.help = "between two lines of progress (default 1)"},
	{.name = "json",
		.argument = "FILE",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct load_options, json),
		.help = "write the result to FILE (-: standard output, in place\nof the report)"},
};

static const struct options_command command = {
	.name = "load",
	.operands = "URI",
	.summary = "Drives a server with requests and measures rate and latency.\n"
		   "URI: sip:192.0.2.1, sip:user@host:5070, or only a host; each association\n"
		   "to a name is made to one of the servers it leads to (RFC 3263).\n"
		   "SIGINT ends the sending early, a second one the waiting too.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.ending = "Exit status: 0 every request was answered, whatever the code, 1 some were lost\n"
		  "or failed, 2 usage, 3 could not start or connect.",
};

/* Room for what may be outstanding; an open loop may have all of a timeout's requests. */
static uint32_t slots_wanted(const struct load_options *options)
{
	uint64_t n_slots = options->window;
	if (options->rate)
		n_slots = options->rate * (options->timeout_ns / 1000000 + 1000) / 1000 + 64;
	return n_slots > LOAD_SLOTS_MAX ? LOAD_SLOTS_MAX : (uint32_t)n_slots;
}

static bool is_clean(const struct load *load)
{
	const struct load_counts *counts = &load->counts;
	return counts->sent > 0 && counts->answered == counts->sent && counts->lost == 0 &&
		load_run_failed(counts) == 0 && counts->acks_failed == 0 && load->n_down == 0;
}

/* More peers than the library holds by default are meant: it shall hold them. */
static void make_room(struct options *options, uint64_t n_peers)
{
	char text[24];
	struct sipring_error error;
	if (options_is_set(options, "associations_max"))
		return;
	snprintf(text, sizeof(text), "%" PRIu64, n_peers + 16);
	sipring_config_set(options->config, "associations_max", text, &error);
}

static int build_message(struct load *load, struct sipring_error *error)
{
	return load_message_setup(&load->message, &load->target, load->options->method,
		load->options->size, load->random, error);
}

static int run(struct options *options, struct load *load)
{
	struct sipring_callbacks callbacks;
	struct sipring_error error;
	int status = OPTIONS_STATUS_NOT_STARTED;
	load_run_callbacks(load, &callbacks);
	make_room(options, load->options->peers);
	if (client_open(&load->client, options, &callbacks, &error) < 0) {
		terminal_error("%s", error.text);
		return status;
	}
	/* Standard output is one thing or the other. */
	bool is_for_people = !load->options->json || strcmp(load->options->json, "-");
	if (is_for_people && !terminal_quiet())
		load_report_start(load);
	if (load_peers_connect(load, &error) < 0 || build_message(load, &error) < 0) {
		terminal_error("%s", error.text);
	} else {
		load_run(load);
		terminal_end();
		if (is_for_people)
			load_report_end(load);
		status = is_clean(load) ? OPTIONS_STATUS_OK : OPTIONS_STATUS_FAILED;
		if (load->fatal) {
			terminal_error("the run was given up: %s", strerror(-load->fatal));
			status = OPTIONS_STATUS_FAILED;
		}
		if (load->options->json && load_report_json(load, load->options->json) < 0)
			status = OPTIONS_STATUS_FAILED;
	}
	client_close(&load->client, 1000);
	return status;
}

static int prepare_and_run(struct options *options, struct load *load, struct load_options *own)
{
	struct sipring_error error;
	if (own->window && own->rate)
		return options_usage(&command, "--window and --rate exclude each other");
	if (!own->window)
		own->window = 64;
	if (!own->duration_ns && !own->count)
		own->duration_ns = 10000000000;
	if (client_aim(&load->target, own->uri, options->sctp_port, &error) < 0)
		return options_usage(&command, "%s", error.text);
	if (getrandom(&load->random, sizeof(load->random), GRND_NONBLOCK) < 0)
		load->random = number_clock_ns();
	/* Built again when it is known who we are for the peer; what does not do shows here. */
	if (build_message(load, &error) < 0)
		return options_usage(&command, "%s", error.text);
	if (load_slots_open(&load->slots, slots_wanted(own)) < 0) {
		terminal_error("out of memory");
		return OPTIONS_STATUS_NOT_STARTED;
	}
	histogram_reset(&load->latency);
	histogram_reset(&load->interval_latency);
	int status = run(options, load);
	load_slots_close(&load->slots);
	free(load->peers);
	free(load->peer_of);
	return status;
}

int load_command(int argc, char **argv)
{
	static struct load load;
	struct load_options own = {.peers = 1,
		.method = "OPTIONS",
		.timeout_ns = 5000000000,
		.interval_ns = 1000000000};
	struct options options;
	int operand, status;
	if (options_parse(&options, &command, &own, argc, argv, &operand, &status)) {
		own.uri = argv[operand];
		load.options = &own;
		if (operand + 1 != argc)
			status = options_usage(&command, "one URI is needed");
		else
			status = prepare_and_run(&options, &load, &own);
	}
	options_free(&options);
	return status;
}
