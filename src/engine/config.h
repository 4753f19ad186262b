/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings of a sipring as numbers, behind the text interface of sipring.h. */
#pragma once

#include "dns/ares.h"
#include "io/io.h"
#include "sctp/sctp.h"

#include <sipring/sipring.h>

#define CONFIG_LISTENERS_MAX 16
#define CONFIG_LISTENER_TEXT_MAX 256
#define CONFIG_SERVERS_TEXT_MAX 512

#define CONFIG_ROWS_MAX 80

/* What a listener has of its own, by the settings' place in the table. */
struct config_own {
	bool is_set[CONFIG_ROWS_MAX];
	int64_t values[CONFIG_ROWS_MAX];
};

struct sipring_config {
	int64_t provider; /* enum sipring_sctp_wanted */
	int64_t io;       /* enum sipring_io_wanted */
	int64_t sctp_port;
	int64_t workers;
	int64_t senders;
	int64_t mailbox_bytes;
	int64_t handed_max;
	int64_t encapsulation; /* enum sipring_sctp_encapsulation */
	int64_t encaps_port;
	int64_t encaps_peer_port;
	int64_t associations_max;
	int64_t paths_max;
	int64_t max_assocs;
	int64_t max_assocs_per_addr;
	int64_t accept_rate;
	int64_t accept_burst;
	int64_t message_max;
	int64_t receive_buffers;
	int64_t receive_buffer_size;
	int64_t reassembly_slots;
	int64_t send_small;
	int64_t send_medium;
	int64_t send_large;
	int64_t queue_messages;
	int64_t queue_bytes;
	int64_t batch_max;
	int64_t bundling;
	int64_t unordered;
	int64_t connect_timeout_ms;
	int64_t reconnect_min_ms;
	int64_t reconnect_max_ms;
	int64_t reconnect_peers;
	int64_t send_timeout_ms;
	int64_t autoclose;
	int64_t init_max_attempts;
	int64_t init_max_timeo;
	int64_t rto_initial;
	int64_t rto_min;
	int64_t rto_max;
	int64_t asocmaxrxt;
	int64_t pathmaxrxt;
	int64_t hbinterval;
	int64_t sack_delay;
	int64_t sack_freq;
	int64_t max_burst;
	int64_t send_ttl;
	int64_t tos;
	int64_t freebind;
	int64_t nodelay;
	int64_t auth;   /* enum sipring_sctp_feature */
	int64_t asconf; /* enum sipring_sctp_feature */
	int64_t streams_out;
	int64_t streams_in_max;
	int64_t so_sndbuf;
	int64_t so_rcvbuf;
	int64_t dns_timeout_ms;
	int64_t dns_tries;
	int64_t dns_cache;
	int64_t dns_ttl_max;
	int64_t dns_negative_ttl_max;
	int64_t names_max;
	int64_t takers;
	int64_t spare_listeners;
	int64_t inbox_small;
	int64_t inbox_medium;
	int64_t inbox_large;
	char dns_servers[CONFIG_SERVERS_TEXT_MAX];
	char listeners[CONFIG_LISTENERS_MAX][CONFIG_LISTENER_TEXT_MAX];
	struct config_own own[CONFIG_LISTENERS_MAX];
	unsigned n_listeners;
};

/* The settings that hold for a listener, from 0. */
void sipring_config_of_listener(const struct sipring_config *config, unsigned listener,
	struct sipring_config *out);
/* Takes what a listener has of its own from another config's. */
void sipring_config_own_copy(struct sipring_config *config, unsigned listener,
	const struct sipring_config *from, unsigned its, const char *name);

/* What the layers below take, as these settings have it. Both point into themselves only. */
void sipring_config_lower(const struct sipring_config *config, struct sipring_io_config *io,
	struct sipring_sctp_config *sctp, const struct sipring_log *log);
/* The same for names. */
void sipring_config_lower_dns(const struct sipring_config *config, struct sipring_dns_config *dns,
	const struct sipring_log *log);
