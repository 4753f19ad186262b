/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a worker counted: its own figures, the io's and the provider's, in one structure. The
 * figures belong to those who count; once these are closed, what they counted is in the worker's.
 * Others read what is published: after the turns, not more than ten times a second, and not at all
 * where nothing happened. Invariant: what happened is published within a tenth of a second.
 */
#include "base/memory.h"
#include "engine/worker.h"

#include <assert.h>
#include <errno.h>

static void add_parts(const struct sipring_worker *worker, struct sipring_stats *stats)
{
	const struct sipring_io_counters *io = &worker->io->counters;
	const struct sipring_sctp_counters *sctp = &worker->sctp->counters;
	const struct sipring_dns_counters *dns = sipring_dns_counters(worker->dns);

	stats->turns = io->n_turns;
	stats->system_calls += io->n_system_calls;
	stats->received_pieces = io->n_received;
	stats->no_buffers = io->n_no_buffers;
	stats->notifications = sctp->n_notifications;
	stats->associations_refused += sctp->n_refused;
	stats->associations_refused_all += sctp->n_refused;
	stats->packets_in = sctp->n_packets_in;
	stats->packets_out = sctp->n_packets_out;
	stats->packets_bad = sctp->n_packets_bad;
	stats->packets_unsent = sctp->n_packets_unsent;
	stats->dns_questions = dns->n_asked;
	stats->dns_known = dns->n_known;
	stats->dns_failed = dns->n_failed;
}

static void add_states(const uint32_t *n_in_state, struct sipring_stats *stats)
{
	stats->state_connecting = n_in_state[SIPRING_ASSOCIATION_CONNECTING];
	stats->state_up = n_in_state[SIPRING_ASSOCIATION_UP];
	stats->state_ending = n_in_state[SIPRING_ASSOCIATION_ENDING];
	stats->state_draining = n_in_state[SIPRING_ASSOCIATION_DRAINING];
	stats->state_shut = n_in_state[SIPRING_ASSOCIATION_SHUT];
	stats->state_closing = n_in_state[SIPRING_ASSOCIATION_CLOSING];
}

void sipring_worker_stats(const struct sipring_worker *worker, struct sipring_stats *stats)
{
	*stats = worker->stats;
	if (worker->io && worker->sctp) { /* not from an outcome's callback while it closes */
		add_parts(worker, stats);
		stats->names = sipring_pool_used(&worker->routes.pool);
		stats->associations = sipring_table_count(&worker->table);
		stats->associations_standing = stats->associations_up - stats->associations_down;
		add_states(worker->table.n_in_state, stats);
		stats->workers = 1;
	}
}

void sipring_stats_malformed(struct sipring_stats *stats, int result)
{
	static const size_t offsets[SIPRING_PARSE_RESULT_COUNT] = {
		[SIPRING_PARSE_BAD_START_LINE] =
			offsetof(struct sipring_stats, malformed_start_line),
		[SIPRING_PARSE_BAD_VERSION] = offsetof(struct sipring_stats, malformed_version),
		[SIPRING_PARSE_UNTERMINATED] =
			offsetof(struct sipring_stats, malformed_unterminated),
		[SIPRING_PARSE_BAD_HEADER] = offsetof(struct sipring_stats, malformed_header),
		[SIPRING_PARSE_BARE_CR] = offsetof(struct sipring_stats, malformed_bare_cr),
		[SIPRING_PARSE_TOO_MANY_HEADERS] =
			offsetof(struct sipring_stats, malformed_too_many_headers),
		[SIPRING_PARSE_MISSING_HEADER] =
			offsetof(struct sipring_stats, malformed_missing_header),
		[SIPRING_PARSE_DUPLICATE_HEADER] =
			offsetof(struct sipring_stats, malformed_duplicate_header),
		[SIPRING_PARSE_BAD_CSEQ] = offsetof(struct sipring_stats, malformed_cseq),
		[SIPRING_PARSE_CSEQ_METHOD_MISMATCH] =
			offsetof(struct sipring_stats, malformed_cseq_method),
		[SIPRING_PARSE_BAD_CONTENT_LENGTH] =
			offsetof(struct sipring_stats, malformed_content_length),
		[SIPRING_PARSE_BODY_TOO_SHORT] =
			offsetof(struct sipring_stats, malformed_body_too_short),
	};
	uint64_t *count;

	assert(result >= 0 && result < SIPRING_PARSE_RESULT_COUNT && offsets[result]);
	count = (uint64_t *)(void *)((char *)stats + offsets[result]);
	++*count;
}

int sipring_stats_map(struct sipring *sipring)
{
	sipring->figures = sipring_memory_map_shared(
		sipring_figures_footprint((unsigned)sipring->config.workers));
	return sipring->figures ? 0 : -errno;
}

void sipring_stats_unmap(struct sipring *sipring)
{
	sipring_memory_unmap(sipring->figures,
		sipring_figures_footprint((unsigned)sipring->config.workers));
	sipring->figures = NULL;
}

/* Of several workers of a sipring that is for one, the first one's are seen. */
void sipring_stats_open(struct sipring_worker *worker)
{
	struct sipring_figures *figures = &worker->sipring->figures[worker->party.place];

	if (sipring_figures_begin(figures, worker->party.share != NULL, &worker->before))
		worker->figures = figures;
	worker->published_activity = UINT64_MAX;
	sipring_stats_publish(worker);
}

void sipring_stats_keep(struct sipring_worker *worker)
{
	if (worker->io && worker->sctp && worker->dns)
		add_parts(worker, &worker->stats);
}

static void publish(struct sipring_worker *worker)
{
	struct sipring_stats stats;

	sipring_worker_stats(worker, &stats);
	sipring_figures_add(&stats, &worker->before);
	sipring_figures_publish(worker->figures, &stats);
}

void sipring_stats_close(struct sipring_worker *worker)
{
	if (!worker->figures)
		return;
	assert(!worker->io);
	publish(worker);
	sipring_figures_end(worker->figures);
	worker->figures = NULL;
}

/* Differs from what it was before whenever something else may. */
static uint64_t activity(const struct sipring_worker *worker)
{
	const struct sipring_stats *stats = &worker->stats;

	return worker->io->counters.n_received + stats->accepted + stats->sent + stats->wakes +
		stats->associations_failed + worker->n_applied + stats->failed_timeout;
}

void sipring_stats_publish(struct sipring_worker *worker)
{
	if (!worker->figures || worker->now_ms < worker->publish_at_ms ||
		activity(worker) == worker->published_activity)
		return;
	publish(worker);
	worker->published_activity = activity(worker);
	worker->publish_at_ms = worker->now_ms + SIPRING_FIGURES_PUBLISH_MS;
}

uint64_t sipring_stats_idle_ms(const struct sipring_worker *worker, uint64_t now_ms)
{
	if (!worker->figures || activity(worker) == worker->published_activity)
		return UINT64_MAX;
	return worker->publish_at_ms > now_ms ? worker->publish_at_ms - now_ms : 0;
}

int sipring_stats_of(const struct sipring *sipring, int place, struct sipring_stats *stats)
{
	*stats = (struct sipring_stats){0};
	if (place < SIPRING_WORKERS_ALL || place >= sipring->config.workers)
		return -EINVAL;
	for (int i = 0; i < sipring->config.workers; i++) {
		struct sipring_stats one;

		if (place != SIPRING_WORKERS_ALL && place != i)
			continue;
		sipring_figures_read(&sipring->figures[i], &one);
		sipring_figures_add(stats, &one);
	}
	return 0;
}
