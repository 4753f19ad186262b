/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sipring send: one request to one peer, its answer and the time between, what sipsak is for UDP.
 * The time is from the request being handed to the library, once the association stands, to the
 * answer; making the association is timed apart. One request is ever under way, so that its state
 * is this file's struct sender.
 */
#include "tools/client.h"
#include "tools/commands.h"
#include "tools/number.h"
#include "tools/signals.h"
#include "tools/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define SEND_COOKIE 1u
#define CONNECT_COOKIE 2u

struct send_options {
	const char *method;
	uint64_t timeout_ns;
};

struct sender {
	struct client client;
	struct client_target target;
	const struct send_options *options;
	char call_id[128];
	char request[4096];
	size_t request_size;
	uint32_t association;
	uint64_t begun_ns, up_ns, sent_ns, answered_ns;
	bool is_up, is_failed, is_over;
	char reason[256];
};

static const struct options_row rows[] = {
	{.name = "method",
		.argument = "NAME",
		.kind = OPTIONS_TEXT,
		.offset = offsetof(struct send_options, method),
		.help = "the request to send (default OPTIONS)"},
	{.name = "timeout",
		.argument = "SECONDS",
		.kind = OPTIONS_TIME,
		.offset = offsetof(struct send_options, timeout_ns),
		.min = 1000000,
		.max = 86400000000000,
		.help = "how long to wait for association and answer together\n(default 5)"},
};

static const struct options_command command = {
	.name = "send",
	.operands = "URI",
	.summary = "Sends one request and prints the answer and the time it took;\n"
		   "with --verbose the whole answer.\n"
		   "URI: sip:192.0.2.1, sip:user@host:5070, or only a host; a name is looked\n"
		   "up (RFC 3263), and --verbose shows where it led.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.ending = "Exit status: 0 a final answer came, whatever its code, 1 none came,\n"
		  "2 usage, 3 could not start.",
};

static struct sipring_span span_of(const char *text)
{
	return (struct sipring_span){.data = text, .size = strlen(text)};
}

static bool is_call_id(const struct sender *sender, const struct sipring_message *message)
{
	const struct sipring_header *header =
		sipring_message_header(message, SIPRING_HEADER_CALL_ID);
	size_t size = strlen(sender->call_id);
	return header && header->value.size == size &&
		!memcmp(header->value.data, sender->call_id, size);
}

static int write_request(struct sender *sender, char *out, size_t capacity, const char *method,
	struct sipring_span to_tag, const char *branch)
{
	struct sipring_request request = {.method = span_of(method),
		.uri = span_of(sender->target.uri),
		.to_tag = to_tag,
		.from = span_of(sender->target.from),
		.from_tag = {.data = sender->call_id, .size = 16},
		.call_id = span_of(sender->call_id),
		.branch = span_of(branch),
		.sent_by = span_of(sender->target.sent_by),
		.contact = span_of(sender->target.contact),
		.transport = SIPRING_TRANSPORT_SCTP,
		.cseq = 1};
	return sipring_request_write(out, capacity, &request);
}

/* ACK of the final answer to an INVITE: the same branch for a refusal (RFC 3261 17.1.1.3). */
static void acknowledge(struct sender *sender, const struct sipring_message *answer)
{
	char text[2048], branch[64];
	struct sipring_name_addr to = {0};
	const struct sipring_header *header = sipring_message_header(answer, SIPRING_HEADER_TO);
	if (!header || sipring_name_addr_parse(&to, header->value) != 0)
		return;
	snprintf(branch, sizeof(branch), "z9hG4bK%.16s%s", sender->call_id,
		answer->status < 300 ? "-ack" : "");
	int size = write_request(sender, text, sizeof(text), "ACK", to.tag, branch);
	struct sipring_send ack = {.data = text,
		.size = (size_t)size,
		.association = sender->association};
	if (size > 0)
		sipring_send(sender->client.worker, &ack);
}

static void on_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	struct sender *sender = user;
	(void)info;
	if ((message->flags & SIPRING_MESSAGE_REQUEST) || !is_call_id(sender, message) ||
		sender->is_over)
		return;
	uint64_t now_ns = number_clock_ns();
	if (terminal_verbose())
		terminal_bytes(buffer, size);
	else
		terminal_line("SIP/2.0 %u %.*s", message->status, (int)message->reason.size,
			message->reason.data ? message->reason.data : "");
	if (message->status < 200)
		return;
	sender->answered_ns = now_ns;
	sender->is_over = true;
	if (message->method == SIPRING_METHOD_INVITE)
		acknowledge(sender, message);
}

static void stop(struct sender *sender, const char *what, int error)
{
	if (sender->is_over)
		return;
	sender->is_over = sender->is_failed = true;
	snprintf(sender->reason, sizeof(sender->reason), "%s%s%s%s", what, error ? ": " : "",
		error ? strerror(-error) : "",
		sender->is_up ? "" : client_hint(&sender->client, error));
}

static void on_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	if (cookie == SEND_COOKIE && outcome != SIPRING_OUTCOME_SENT)
		stop(user, client_outcome_text(outcome), error);
}

static void send_now(struct sender *sender)
{
	struct sipring_send send = {.data = sender->request,
		.size = sender->request_size,
		.association = sender->association,
		.cookie = SEND_COOKIE};
	sender->sent_ns = number_clock_ns();
	int result = sipring_send(sender->client.worker, &send);
	if (result < 0)
		stop(sender, "the request was not taken", result);
}

/* Names the request and builds it. False where the method is no token. */
static bool build_request(struct sender *sender)
{
	char branch[64];
	uint64_t random[2] = {0};
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) < 0)
		random[0] = number_clock_ns();
	snprintf(sender->call_id, sizeof(sender->call_id), "%016" PRIx64 "%08" PRIx64 "@%s",
		random[0], random[1] >> 32, sender->target.sent_by);
	snprintf(branch, sizeof(branch), "z9hG4bK%.16s", sender->call_id);
	int size = write_request(sender, sender->request, sizeof(sender->request),
		sender->options->method, (struct sipring_span){0}, branch);
	sender->request_size = size > 0 ? (size_t)size : 0;
	return size > 0 && client_is_request(sender->request, sender->request_size);
}

/* The connect is over. What the request says of us is known only now, where there was a name. */
static void connected(struct sender *sender, const struct sipring_event *event)
{
	if (event->unresolved)
		stop(sender, sipring_unresolved_text(event->error), 0);
	else if (event->error)
		stop(sender, "no association", event->error);
	if (sender->is_over)
		return;
	sender->association = event->association;
	sender->is_up = true;
	sender->up_ns = number_clock_ns();
	client_found(&sender->target, event->address);
	if (build_request(sender))
		send_now(sender);
	else
		stop(sender, "the request cannot be built", 0);
}

static void on_event(void *user, const struct sipring_event *event)
{
	struct sender *sender = user;
	if (event->type == SIPRING_EVENT_CONNECTED) {
		connected(sender, event);
		return;
	}
	if (!sender->is_up || event->association != sender->association)
		return;
	if (event->type == SIPRING_EVENT_DOWN) {
		stop(sender, "the association ended", event->error);
	} else if (event->type == SIPRING_EVENT_RETURNED) {
		stop(sender, "given back by SCTP", event->error);
	}
}

/* What did not come in time. */
static const char *awaited(const struct sender *sender)
{
	struct sipring_stats stats;
	sipring_worker_stats(sender->client.worker, &stats);
	if (sender->is_up)
		return "no answer";
	return stats.associations ? "no association"
				  : "no answer of a name server (--dns-server names another)";
}

static void wait_for_answer(struct sender *sender)
{
	struct sipring_connect connect = {.target = &sender->target.where,
		.cookie = CONNECT_COOKIE};
	uint32_t none;
	uint64_t end_ns = sender->begun_ns + sender->options->timeout_ns;
	int result = sipring_connect(sender->client.worker, &connect, &none);
	if (result < 0)
		stop(sender, "no association", result);
	while (!sender->is_over) {
		uint64_t now_ns = number_clock_ns();
		if (signals_count())
			stop(sender, "interrupted", 0);
		else if (now_ns >= end_ns)
			stop(sender, awaited(sender), -ETIMEDOUT);
		else if ((result = sipring_worker_turn(sender->client.worker,
				  (int64_t)(end_ns - now_ns))) < 0)
			stop(sender, "the worker cannot go on", result);
	}
}

static int send_one(struct options *options, struct sender *sender)
{
	struct sipring_error error;
	struct sipring_callbacks callbacks = {.dispatch = on_message,
		.outcome = on_outcome,
		.event = on_event,
		.log = terminal_log,
		.user = sender};
	if (client_open(&sender->client, options, &callbacks, &error) < 0) {
		terminal_error("%s", error.text);
		return OPTIONS_STATUS_NOT_STARTED;
	}
	sender->begun_ns = number_clock_ns();
	wait_for_answer(sender);
	if (sender->is_failed)
		terminal_error("%s: %s", sender->target.peer, sender->reason);
	else if (!terminal_quiet())
		terminal_line("%s answered in %s (association in %s)", sender->target.peer,
			number_time(sender->answered_ns - sender->sent_ns).text,
			number_time(sender->up_ns - sender->begun_ns).text);
	client_close(&sender->client, sender->is_up ? 1000 : 0);
	return sender->is_failed ? OPTIONS_STATUS_FAILED : OPTIONS_STATUS_OK;
}

static int prepare_and_send(struct options *options, struct sender *sender, const char *uri)
{
	struct sipring_error error;
	int result = client_aim(&sender->target, uri, options->sctp_port, &error);
	if (result < 0)
		return options_usage(&command, "%s", error.text);
	if (!build_request(sender))
		return options_usage(&command, "no request can be built with method '%s'",
			sender->options->method);
	return send_one(options, sender);
}

int send_command(int argc, char **argv)
{
	static struct sender sender;
	struct send_options own = {.method = "OPTIONS", .timeout_ns = 5000000000};
	struct options options;
	int operand, status;
	if (options_parse(&options, &command, &own, argc, argv, &operand, &status)) {
		sender.options = &own;
		status = operand + 1 == argc ? prepare_and_send(&options, &sender, argv[operand])
					     : options_usage(&command, "one URI is needed");
	}
	options_free(&options);
	return status;
}
