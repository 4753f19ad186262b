/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a worker counted: its own figures, the io's and the provider's, in one structure. Read only:
 * the figures belong to those who count.
 */
#include "engine/worker.h"

void sipring_worker_stats(const struct sipring_worker *worker, struct sipring_stats *stats)
{
	const struct sipring_io_counters *io;
	const struct sipring_sctp_counters *sctp;
	const struct sipring_dns_counters *dns;

	*stats = worker->stats;
	if (!worker->io || !worker->sctp) /* from an outcome's callback while the worker closes */
		return;
	io = &worker->io->counters;
	sctp = &worker->sctp->counters;
	dns = sipring_dns_counters(worker->dns);
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
	stats->names = sipring_pool_used(&worker->routes.pool);
	stats->associations = sipring_table_count(&worker->table);
}
