/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory budget: a line for each consumer of a worker, from the same functions by which the
 * memory is mapped, so that the sum printed is the sum mapped.
 */
#include "base/memory.h"
#include "engine/worker.h"

#include <assert.h>

struct sum {
	void (*line)(void *user, const struct sipring_budget_line *line);
	void *user;
	uint64_t total;
};

static void add(struct sum *sum, const char *name, const char *setting, uint64_t count,
	uint64_t size, uint64_t total)
{
	struct sipring_budget_line line = {name, setting, count, size, total};

	sum->total += total;
	if (sum->line)
		sum->line(sum->user, &line);
}

static void add_sends(struct sum *sum, const struct sipring_config *config)
{
	static const char *const names[] = {"send buffers, small", "send buffers, medium",
		"send buffers, large"};
	static const char *const settings[] = {"send_small", "send_medium",
		"send_large, message_max"};

	static_assert(sizeof names / sizeof names[0] == SIPRING_SEND_POOL_CLASSES, "a name each");
	for (unsigned i = 0; i < SIPRING_SEND_POOL_CLASSES; i++) {
		uint32_t count = sipring_send_pool_count(config, i);
		size_t size = sizeof(struct sipring_outgoing) + sipring_send_pool_size(config, i);

		add(sum, names[i], settings[i], count, size, sipring_pool_footprint(count, size));
	}
}

/* What all workers share, and each one's part in it. */
static void add_shared(struct sum *sum, const struct sipring_config *config)
{
	struct sipring_region_line lines[SIPRING_SHARE_LINES];
	unsigned n_lines = sipring_share_lines(config, lines);
	size_t handed = sipring_party_footprint((uint32_t)config->handed_max);

	if (!sipring_share_is_wanted(config))
		return;
	for (unsigned i = 0; i < n_lines; i++)
		add(sum, lines[i].name, "workers, senders, takers; shared by all", 1, lines[i].size,
			lines[i].size);
	add(sum, "sends handed to others", "handed_max", (uint64_t)config->handed_max,
		handed / (uint64_t)config->handed_max, handed);
}

static void add_admission(struct sum *sum, const struct sipring_config *config)
{
	size_t counts = sipring_admission_footprint(config);

	if (counts)
		add(sum, "addresses whose associations are counted", "associations_max",
			(uint64_t)config->associations_max,
			counts / (uint64_t)config->associations_max, counts);
}

static void add_handoff(struct sum *sum, const struct sipring_config *config)
{
	size_t kept = sipring_handoff_footprint(config);

	if (sipring_split_is_wanted(config))
		add(sum, "messages that wait for takers to have room",
			"receive_buffers, reassembly_slots", 1, kept, kept);
}

uint64_t sipring_budget(const struct sipring_config *config,
	void (*line)(void *user, const struct sipring_budget_line *line), void *user)
{
	struct sum sum = {line, user, 0};
	struct sipring_io_config io;
	struct sipring_sctp_config sctp;
	struct sipring_dns_config dns;
	size_t provider;
	size_t slot = sipring_reassembly_slot_size((size_t)config->message_max);

	sipring_config_lower(config, &io, &sctp, NULL);
	sipring_config_lower_dns(config, &dns, NULL);
	provider = sipring_sctp_footprint((enum sipring_sctp_wanted)config->provider, &sctp);
	add(&sum, "receive buffers", "receive_buffers or associations_max, receive_buffer_size",
		io.n_buffers, io.buffer_size, sipring_io_footprint(&io));
	add(&sum, "associations", "associations_max", sctp.associations_max,
		sizeof(struct sipring_association), sipring_table_footprint(sctp.associations_max));
	add(&sum, "further addresses of peers", "paths_max", (uint64_t)config->paths_max,
		sizeof(struct sipring_table_path),
		sipring_table_paths_footprint((uint32_t)config->paths_max));
	add(&sum, "provider's associations and packets", "associations_max, provider",
		sctp.associations_max, provider / sctp.associations_max, provider);
	add(&sum, "reassembly slots", "reassembly_slots, message_max",
		(uint64_t)config->reassembly_slots, slot,
		sipring_pool_footprint((uint32_t)config->reassembly_slots, slot));
	add_sends(&sum, config);
	add(&sum, "peers left alone", "reconnect_peers", (uint64_t)config->reconnect_peers,
		sipring_shunned_footprint((uint32_t)config->reconnect_peers) /
			(uint64_t)config->reconnect_peers,
		sipring_shunned_footprint((uint32_t)config->reconnect_peers));
	add_admission(&sum, config);
	add(&sum, "names on their way", "names_max", (uint64_t)config->names_max,
		sizeof(struct sipring_route), sipring_route_footprint(config));
	add(&sum, "answers of name servers", "dns_cache", dns.n_entries,
		sipring_dns_footprint(&dns) / dns.n_entries, sipring_dns_footprint(&dns));
	add_handoff(&sum, config);
	add(&sum, "statistics", "workers; shared by all", (uint64_t)config->workers,
		sizeof(struct sipring_figures),
		sipring_memory_footprint(sipring_figures_footprint((unsigned)config->workers)));
	add(&sum, "worker", "-", 1, sizeof(struct sipring_worker) + (uint64_t)config->message_max,
		sizeof(struct sipring_worker) + (uint64_t)config->message_max);
	add_shared(&sum, config);
	if (line)
		line(user,
			&(struct sipring_budget_line){"kernel socket buffers (a bound, not summed)",
				"so_sndbuf, so_rcvbuf, associations_max", sctp.associations_max,
				2 * ((uint64_t)sctp.send_buffer + sctp.receive_buffer),
				2 * ((uint64_t)sctp.send_buffer + sctp.receive_buffer) *
					sctp.associations_max});
	return sum.total;
}
