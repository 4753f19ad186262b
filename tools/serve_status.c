/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the supervisor of `sipring serve` tells those who ask, as JSON. Statistics it reads from
 * shared memory, and no worker notices. Associations are the workers' alone: they are asked by the
 * board, told so by a signal that wakes them, and answer between turns, some associations each.
 * Of one that does not answer in time what it has is missing. While a question is under way others
 * wait for the same answer, so that nobody writes what somebody reads.
 */
#include "tools/json.h"
#include "tools/number.h"
#include "tools/serve.h"
#include "tools/terminal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define STATUS_SCHEMA 1

static const char *state_of(const struct supervisor_worker *worker)
{
	return worker->pid ? "runs" : worker->is_over ? "over" : "waits";
}

static void add_address(cJSON *object, const char *name, const union sipring_address *address)
{
	char host[INET6_ADDRSTRLEN] = "", text[SIPRING_ADDRESS_TEXT_MAX];
	bool is_v6 = address->sa.sa_family == AF_INET6;
	if (is_v6)
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
	snprintf(text, sizeof(text), is_v6 ? "[%s]:%u" : "%s:%u", host,
		ntohs(is_v6 ? address->v6.sin6_port : address->v4.sin_port));
	cJSON_AddStringToObject(object, name, text);
}

static void add_association(cJSON *array, unsigned place,
	const struct sipring_association_info *info)
{
	cJSON *one = cJSON_CreateObject();
	add_address(one, "peer", &info->peer);
	cJSON_AddStringToObject(one, "state", info->state);
	cJSON_AddBoolToObject(one, "inbound", info->inbound);
	json_add_count(one, "worker", place);
	json_add_count(one, "id", info->association);
	json_add_count(one, "queue_messages", info->queue_messages);
	json_add_count(one, "queue_bytes", info->queue_bytes);
	if (info->measured) {
		add_address(one, "primary", &info->primary);
		cJSON_AddBoolToObject(one, "primary_active", info->primary_active);
		json_add_count(one, "rtt_ms", info->rtt_ms);
		json_add_count(one, "rto_ms", info->rto_ms);
		json_add_count(one, "cwnd", info->cwnd);
		json_add_count(one, "mtu", info->mtu);
		json_add_count(one, "peer_window", info->peer_window);
		json_add_count(one, "unacknowledged", info->unacknowledged);
		json_add_count(one, "pending", info->pending);
	}
	cJSON_AddItemToArray(array, one);
}

static void add_associations(cJSON *root, const struct board *board, uint32_t question)
{
	cJSON *array = cJSON_AddArrayToObject(root, "associations");
	uint64_t n_left = 0, n_silent = 0;
	for (unsigned i = 0; i < board->n_slots; i++) {
		const struct board_slot *slot = &board->slots[i];
		if (!board_has_answered(board, i, question)) {
			n_silent++;
			continue;
		}
		for (unsigned j = 0; j < slot->n_infos; j++)
			add_association(array, i, &slot->infos[j]);
		n_left += slot->n_infos_left;
	}
	json_add_count(root, "associations_left_out", n_left);
	json_add_count(root, "workers_silent", n_silent);
}

/* The sum is of the same look: between two looks workers publish. */
static void add_worker(cJSON *array, const struct serve_status *status, unsigned place,
	struct sipring_stats *sum)
{
	const struct supervisor_worker *worker = &status->supervisor->workers[place];
	struct sipring_stats stats;
	cJSON *one = cJSON_CreateObject();
	sipring_stats_of(status->sipring, (int)place, &stats);
	json_sum_stats(sum, &stats);
	json_add_count(one, "place", place);
	json_add_count(one, "process", (uint64_t)worker->pid);
	cJSON_AddStringToObject(one, "state", state_of(worker));
	json_add_count(one, "crashes", worker->n_crashes);
	json_add_stats(one, "engine", &stats);
	cJSON_AddItemToArray(array, one);
}

static cJSON *tell_stats(const struct serve_status *status)
{
	cJSON *root = json_begin("sipring stat", STATUS_SCHEMA);
	struct sipring_choice choice;
	struct serve_counts counts;
	struct sipring_stats sum = {0};
	board_choice(status->board, 0, &choice);
	json_add_choice(root, &choice);
	json_add_count(root, "uptime_ms", (number_clock_ns() - status->began_ns) / 1000000);
	cJSON *workers = cJSON_AddArrayToObject(root, "workers");
	for (unsigned i = 0; i < status->board->n_slots; i++)
		add_worker(workers, status, i, &sum);
	board_counts(status->board, &counts);
	serve_report_add_counts(cJSON_AddObjectToObject(root, "serve"), &counts);
	json_add_stats(root, "engine", &sum);
	return root;
}

/* Who runs and has not answered yet. */
static bool is_incomplete(const struct serve_status *status, uint32_t question)
{
	for (unsigned i = 0; i < status->board->n_slots; i++)
		if (status->supervisor->workers[i].pid &&
			!board_has_answered(status->board, i, question))
			return true;
	return false;
}

static uint32_t ask(const struct serve_status *status)
{
	_Atomic uint32_t *asked = &status->board->asked;
	uint32_t question = atomic_load_explicit(asked, memory_order_relaxed);
	if (question && status_is_awaited(&status->status))
		return question;
	question = question + 1 ? question + 1 : 1;
	atomic_store_explicit(asked, question, memory_order_relaxed);
	supervisor_signal(status->supervisor, SIGUSR1);
	return question;
}

static char *answer(void *user, const char *question, uint32_t *ticket, bool is_late)
{
	struct serve_status *status = user;
	bool wants_all = !strcmp(question, "top");
	cJSON *root;
	char *text;
	if (wants_all && !*ticket)
		*ticket = ask(status);
	if (wants_all && !is_late && is_incomplete(status, *ticket))
		return NULL;
	if (wants_all || !strcmp(question, "stat")) {
		root = tell_stats(status);
		if (wants_all)
			add_associations(root, status->board, *ticket);
	} else {
		root = json_begin("sipring stat", STATUS_SCHEMA);
		cJSON_AddStringToObject(root, "error", "stat and top are what can be asked");
	}
	text = cJSON_Print(root);
	cJSON_Delete(root);
	return text;
}

static bool adopt(void *user, const char *question, int fd)
{
	return serve_handover_begin(user, question, fd);
}

int serve_status_open(struct serve_status *status)
{
	struct sipring_error error;
	status->began_ns = number_clock_ns();
	if (!status->options->status_path)
		return 0;
	status->status.path = status->options->status_path;
	status->status.answer = answer;
	status->status.adopt = adopt;
	status->status.user = status;
	status->status.supervisor = status->supervisor;
	if (status_open(&status->status, &error) == 0)
		return 0;
	terminal_error("%s", error.text);
	status->status.supervisor = NULL;
	return -EADDRINUSE;
}

void serve_status_close(struct serve_status *status)
{
	if (status->status.supervisor)
		status_close(&status->status);
	status->status.supervisor = NULL;
}
