/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `sipring serve` with several workers: each is a process of its own under the supervisor, which
 * tells what all of them together do. What they count lies in shared memory, the library's and the
 * board, so that one that is killed takes none of it along.
 */
#include "tools/number.h"
#include "tools/serve.h"
#include "tools/signals.h"
#include "tools/supervisor.h"
#include "tools/terminal.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

struct crew {
	const struct serve_options *options;
	struct sipring *sipring;
	struct board *board;
	struct supervisor supervisor;
	struct serve_report report;
	struct serve_status status;
	struct answer_policy policy; /* that of workers to come */
	int failed;                  /* what goes before the workers' exit status */
};

/* In the worker's own process. */
static int work(void *user, unsigned index)
{
	static struct serve_worker server;
	struct crew *crew = user;
	struct sipring_choice choice;
	int status;
	terminal_setup("serve", crew->options->verbosity);
	metrics_forget(&crew->status.metrics);
	server.options = crew->options;
	server.sipring = crew->sipring;
	server.board = crew->board;
	server.index = index;
	server.policy = crew->policy;
	server.counts = &crew->board->slots[index].counts;
	if (server.options->takeover)
		serve_takeover_close(server.options->takeover);
	status = serve_worker_open(&server);
	sipring_inherit_end(crew->sipring);
	if (status != 0)
		return status;
	sipring_worker_choice(server.worker, &choice);
	board_ready(crew->board, index, &choice);
	status = serve_worker_run(&server, NULL, NULL) == 0 ? OPTIONS_STATUS_OK
							    : OPTIONS_STATUS_FAILED;
	serve_worker_close(&server);
	return status;
}

static void wish(void *user, enum supervisor_wish what)
{
	struct crew *crew = user;
	atomic_store_explicit(&crew->board->wish, what, memory_order_relaxed);
	if (what == SUPERVISOR_WISH_DRAIN)
		terminal_progress("draining, at most %s",
			number_time(crew->options->drain_timeout_ns).text);
}

static void ended(void *user, unsigned index, pid_t pid)
{
	struct crew *crew = user;
	(void)index;
	sipring_ended(crew->sipring, pid);
}

/* For the workers to come; those that run read the file as well, once it is known to do. */
static bool reload(void *user)
{
	struct crew *crew = user;
	return serve_reload(crew->options, crew->sipring, NULL, &crew->policy, true);
}

static uint64_t beat(void *user, uint64_t now_ns)
{
	struct crew *crew = user;
	struct sipring_stats stats;
	uint64_t next_ns = status_run(&crew->status.status, now_ns);
	uint64_t metrics_ns = metrics_run(&crew->status.metrics, now_ns);
	next_ns = metrics_ns < next_ns ? metrics_ns : next_ns;
	if (!crew->supervisor.has_stood)
		return next_ns;
	if (now_ns >= crew->report.next_ns) {
		sipring_stats_of(crew->sipring, SIPRING_WORKERS_ALL, &stats);
		serve_report_progress(&crew->report, &stats, now_ns);
	}
	return crew->report.next_ns < next_ns ? crew->report.next_ns : next_ns;
}

/* This instance serves alone now; that nobody can be told how it does is no reason not to. */
static void take_over(struct crew *crew)
{
	sipring_inherit_end(crew->sipring);
	serve_takeover_finish(crew->options->takeover);
	(void)serve_metrics_open(&crew->status);
	(void)serve_status_open(&crew->status);
}

static void on_news(void *user, short events)
{
	struct crew *crew = user;
	struct sipring_choice choice;
	struct sipring_stats stats;
	eventfd_t ignored;
	(void)events;
	(void)eventfd_read(crew->board->news_fd, &ignored);
	if (crew->supervisor.has_stood || !board_all_ready(crew->board))
		return;
	board_choice(crew->board, 0, &choice);
	serve_report_start(&choice, crew->options, crew->board->n_slots);
	sipring_stats_of(crew->sipring, SIPRING_WORKERS_ALL, &stats);
	serve_report_begin(&crew->report, &stats, crew->options->interval_ns);
	supervisor_stood(&crew->supervisor);
	if (crew->options->takeover)
		take_over(crew);
	if (serve_say_ready(crew->options) < 0) {
		crew->failed = OPTIONS_STATUS_NOT_STARTED;
		supervisor_wish(&crew->supervisor, SUPERVISOR_WISH_END);
	}
}

static int finish(struct crew *crew, int status)
{
	struct serve_figures figures;
	terminal_end();
	if (crew->failed || !crew->supervisor.has_stood)
		return crew->failed ? crew->failed : status;
	board_counts(crew->board, &figures.counts);
	sipring_stats_of(crew->sipring, SIPRING_WORKERS_ALL, &figures.engine);
	board_choice(crew->board, 0, &figures.choice);
	figures.sipring = crew->sipring;
	figures.n_workers = crew->board->n_slots;
	serve_report_end(&figures);
	if (crew->options->stats_json && serve_report_json(&figures, crew->options->stats_json) < 0)
		return OPTIONS_STATUS_FAILED;
	return status;
}

static int run(struct crew *crew, const struct supervisor_plan *plan)
{
	int status = OPTIONS_STATUS_NOT_STARTED;
	int result = supervisor_open(&crew->supervisor, plan);
	if (result < 0) {
		terminal_error("cannot wait for signals: %s", strerror(-result));
		return status;
	}
	supervisor_add(&crew->supervisor,
		&(struct supervisor_source){crew->board->news_fd, POLLIN, true, on_news, crew});
	crew->status = (struct serve_status){.options = crew->options,
		.sipring = crew->sipring,
		.board = crew->board,
		.supervisor = &crew->supervisor};
	serve_handover_open(&crew->status);
	/* What is the other's still is opened when it is not. */
	if (crew->options->takeover ||
		(serve_metrics_open(&crew->status) == 0 && serve_status_open(&crew->status) == 0))
		status = finish(crew, supervisor_run(&crew->supervisor));
	serve_handover_close(&crew->status);
	serve_status_close(&crew->status);
	metrics_close(&crew->status.metrics);
	supervisor_close(&crew->supervisor);
	return status;
}

int serve_crew(const struct serve_options *options, struct sipring *sipring, unsigned n_workers)
{
	static struct crew crew;
	int status;
	struct supervisor_plan plan = {.n_workers = n_workers,
		.restarts_max = (unsigned)options->restarts_max,
		.window_ns = options->restart_window_ns,
		.drain_timeout_ns = options->drain_timeout_ns,
		.work = work,
		.wish = wish,
		.ended = ended,
		.reload = options->config ? reload : NULL,
		.beat = beat,
		.user = &crew};
	crew = (struct crew){.options = options, .sipring = sipring, .policy = options->policy};
	crew.board = board_open(n_workers);
	if (!crew.board) {
		terminal_error("cannot map what the workers share: %s", strerror(errno));
		return OPTIONS_STATUS_NOT_STARTED;
	}
	status = run(&crew, &plan);
	board_close(crew.board);
	return status;
}
