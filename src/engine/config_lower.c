/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the settings to what the lower layers take: io, provider and resolver know nothing of names
 * and texts, and get plain values that have passed their bounds.
 */
#include "engine/config.h"

#include "base/power.h"

#define RECEIVE_BUFFERS_AUTO_LEAST 512 /* where associations_max decides */
#define RECEIVE_BUFFERS_AUTO_MOST 32768
#define ASSOCIATIONS_PER_BUFFER 8 /* docs/decisions/0014: fewer cost a message a fifth more */

static uint32_t receive_buffers_of(const struct sipring_config *config)
{
	int64_t n = config->associations_max / ASSOCIATIONS_PER_BUFFER;

	if (config->receive_buffers)
		n = config->receive_buffers;
	else if (n < RECEIVE_BUFFERS_AUTO_LEAST)
		n = RECEIVE_BUFFERS_AUTO_LEAST;
	else if (n > RECEIVE_BUFFERS_AUTO_MOST)
		n = RECEIVE_BUFFERS_AUTO_MOST;
	return sipring_power_of_two((uint32_t)n);
}

static struct sipring_sctp_knobs lower_knobs(const struct sipring_config *config)
{
	return (struct sipring_sctp_knobs){
		.rto_initial_ms = (uint32_t)config->rto_initial,
		.rto_min_ms = (uint32_t)config->rto_min,
		.rto_max_ms = (uint32_t)config->rto_max,
		.association_retransmissions = (uint32_t)config->asocmaxrxt,
		.path_retransmissions = (uint32_t)config->pathmaxrxt,
		.heartbeat_ms = (int32_t)config->hbinterval,
		.sack_delay_ms = (uint32_t)config->sack_delay,
		.sack_packets = (uint32_t)config->sack_freq,
		.burst = (uint32_t)config->max_burst,
		.lifetime_ms = (uint32_t)config->send_ttl,
		.tos = (uint8_t)config->tos,
		.freebind = config->freebind,
		.nagle = !config->nodelay,
		.auth = (enum sipring_sctp_feature)config->auth,
		.asconf = (enum sipring_sctp_feature)config->asconf,
	};
}

void sipring_config_lower(const struct sipring_config *config, struct sipring_io_config *io,
	struct sipring_sctp_config *sctp, const struct sipring_log *log)
{
	*io = (struct sipring_io_config){
		.n_buffers = receive_buffers_of(config),
		.buffer_size = (uint32_t)(config->receive_buffer_size + 63) / 64 * 64,
		.n_sends = 1024,
		.log = log,
	};
	*sctp = (struct sipring_sctp_config){
		.associations_max = (uint32_t)config->associations_max,
		.message_max = (uint32_t)config->message_max,
		.send_buffer = (uint32_t)config->so_sndbuf,
		.receive_buffer = (uint32_t)config->so_rcvbuf,
		.streams_out = (uint16_t)config->streams_out,
		.streams_in_max = (uint16_t)config->streams_in_max,
		.init_attempts = (uint32_t)config->init_max_attempts,
		.init_timeout_ms = (uint32_t)(config->init_max_timeo ? config->init_max_timeo
								     : config->connect_timeout_ms),
		.unordered = config->unordered,
		.keeps = config->takers > 0,
		.knobs = lower_knobs(config),
		.encapsulation = (enum sipring_sctp_encapsulation)config->encapsulation,
		.encaps_port = (int32_t)config->encaps_port,
		.encaps_peer_port = (uint16_t)config->encaps_peer_port,
		.io = io,
		.log = log,
	};
}

void sipring_config_lower_dns(const struct sipring_config *config, struct sipring_dns_config *dns,
	const struct sipring_log *log)
{
	*dns = (struct sipring_dns_config){
		.servers = config->dns_servers,
		.timeout_ms = (uint32_t)config->dns_timeout_ms,
		.n_tries = (uint32_t)config->dns_tries,
		.n_entries = (uint32_t)config->dns_cache,
		.ttl_max = (uint32_t)config->dns_ttl_max,
		.negative_ttl_max = (uint32_t)config->dns_negative_ttl_max,
		.log = log,
	};
}
