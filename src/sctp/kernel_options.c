/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of the kernel provider's sockets, in RFC 6458's order where it has them. They are
 * set before bind or connect, so that they are those of the association to come; of a listener,
 * those of all that come to it. What accepted sockets do not inherit is only what nothing asks for
 * after bind (docs/KERNEL.md has the list, tests/kernel/sctp_knobs.c holds it). A knob that was
 * left alone makes no system call. Called per association, never per message.
 */
#include "sctp/kernel.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int set(int fd, int option, const void *value, size_t size)
{
	return setsockopt(fd, IPPROTO_SCTP, option, value, (socklen_t)size) < 0 ? -errno : 0;
}

static int set_number(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

static int refused(struct sipring_error *error, int r, const char *setting)
{
	if (r == 0)
		return 0;
	return sipring_error_set(error, r, "this kernel does not take the setting %s: %s", setting,
		strerror(-r));
}

/* 6.2.2: one by one, never the old struct. SCTP_SENDER_DRY_EVENT would hurt delivery. */
static int subscribe(int fd)
{
	static const uint16_t wanted[] = {SCTP_ASSOC_CHANGE, SCTP_PEER_ADDR_CHANGE,
		SCTP_SEND_FAILED_EVENT, SCTP_SHUTDOWN_EVENT, SCTP_PARTIAL_DELIVERY_EVENT};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof wanted / sizeof wanted[0]; i++) {
		struct sctp_event event = {.se_assoc_id = SCTP_FUTURE_ASSOC,
			.se_type = wanted[i],
			.se_on = 1};

		r = set(fd, SCTP_EVENT, &event, sizeof event);
	}
	return r;
}

/* FORCE passes net.core.*mem_max where the process may (CAP_NET_ADMIN). */
static void set_buffers(int fd, const struct sipring_sctp_config *config)
{
	if (config->send_buffer &&
		set_number(fd, SOL_SOCKET, SO_SNDBUFFORCE, (int)config->send_buffer) < 0)
		set_number(fd, SOL_SOCKET, SO_SNDBUF, (int)config->send_buffer);
	if (config->receive_buffer &&
		set_number(fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)config->receive_buffer) < 0)
		set_number(fd, SOL_SOCKET, SO_RCVBUF, (int)config->receive_buffer);
}

/* 8.1.1. The kernel leaves what is 0, and does not look at the initial value. */
static int set_rto(int fd, const struct sipring_sctp_knobs *knobs, struct sipring_error *error)
{
	struct sctp_rtoinfo rto = {.srto_assoc_id = SCTP_FUTURE_ASSOC};
	socklen_t size = sizeof rto;

	if (!knobs->rto_initial_ms && !knobs->rto_min_ms && !knobs->rto_max_ms)
		return 0;
	if (getsockopt(fd, IPPROTO_SCTP, SCTP_RTOINFO, &rto, &size) < 0)
		return refused(error, -errno, "rto_initial");
	if (knobs->rto_initial_ms)
		rto.srto_initial = knobs->rto_initial_ms;
	if (knobs->rto_min_ms)
		rto.srto_min = knobs->rto_min_ms;
	if (knobs->rto_max_ms)
		rto.srto_max = knobs->rto_max_ms;
	if (rto.srto_min > rto.srto_initial || rto.srto_initial > rto.srto_max)
		return sipring_error_set(error, -EINVAL,
			"rto_min, rto_initial, rto_max would be %u, %u, %u, the system's where "
			"yours are 0: none may be above the next",
			rto.srto_min, rto.srto_initial, rto.srto_max);
	return refused(error, set(fd, SCTP_RTOINFO, &rto, sizeof rto), "rto_initial");
}

/* 8.1.2, 8.1.12, 8.1.19, 8.1.24 */
static int set_losses(int fd, const struct sipring_sctp_knobs *knobs, struct sipring_error *error)
{
	struct sctp_assocparams association = {
		.sasoc_assoc_id = SCTP_FUTURE_ASSOC,
		.sasoc_asocmaxrxt = (uint16_t)knobs->association_retransmissions,
	};
	struct sctp_paddrparams path = {
		.spp_assoc_id = SCTP_FUTURE_ASSOC,
		.spp_pathmaxrxt = (uint16_t)knobs->path_retransmissions,
		.spp_hbinterval = knobs->heartbeat_ms > 0 ? (uint32_t)knobs->heartbeat_ms : 0,
		.spp_flags = (knobs->heartbeat_ms > 0 ? SPP_HB_ENABLE : 0) |
			(knobs->heartbeat_ms < 0 ? SPP_HB_DISABLE : 0) |
			(knobs->tos ? SPP_DSCP : 0),
		.spp_dscp = knobs->tos,
	};
	struct sctp_sack_info sack = {
		.sack_assoc_id = SCTP_FUTURE_ASSOC,
		.sack_delay = knobs->sack_delay_ms,
		.sack_freq = knobs->sack_packets,
	};
	struct sctp_assoc_value burst = {
		.assoc_id = SCTP_FUTURE_ASSOC,
		.assoc_value = knobs->burst,
	};
	int r = 0;

	if (knobs->association_retransmissions)
		r = refused(error, set(fd, SCTP_ASSOCINFO, &association, sizeof association),
			"asocmaxrxt");
	if (r == 0 && (knobs->path_retransmissions || path.spp_flags))
		r = refused(error, set(fd, SCTP_PEER_ADDR_PARAMS, &path, sizeof path),
			"pathmaxrxt, hbinterval or tos");
	if (r == 0 && (knobs->sack_delay_ms || knobs->sack_packets))
		r = refused(error, set(fd, SCTP_DELAYED_SACK, &sack, sizeof sack),
			"sack_delay or sack_freq");
	if (r == 0 && knobs->burst)
		r = refused(error, set(fd, SCTP_MAX_BURST, &burst, sizeof burst), "max_burst");
	return r;
}

/* Not of RFC 6458: Linux has them since 5.4. AUTH first, for ASCONF stands on it. */
static int set_features(int fd, const struct sipring_sctp_knobs *knobs, struct sipring_error *error)
{
	struct sctp_assoc_value auth = {
		.assoc_id = SCTP_FUTURE_ASSOC,
		.assoc_value = knobs->auth == SIPRING_SCTP_ON,
	};
	struct sctp_assoc_value asconf = {
		.assoc_id = SCTP_FUTURE_ASSOC,
		.assoc_value = knobs->asconf == SIPRING_SCTP_ON,
	};
	int r = 0;

	if (knobs->auth)
		r = refused(error, set(fd, SCTP_AUTH_SUPPORTED, &auth, sizeof auth), "auth");
	if (r == 0 && knobs->asconf)
		r = refused(error, set(fd, SCTP_ASCONF_SUPPORTED, &asconf, sizeof asconf),
			"asconf");
	return r;
}

/* 8.1.3, 8.1.31, and of RFC 3758's lifetime 8.1.32: last, for the one before it clears it. */
static int set_sending(int fd, const struct sipring_sctp_config *config,
	struct sipring_error *error)
{
	struct sctp_initmsg init = {
		.sinit_num_ostreams = config->streams_out,
		.sinit_max_instreams = config->streams_in_max,
		.sinit_max_attempts = (uint16_t)config->init_attempts,
		.sinit_max_init_timeo = config->init_timeout_ms < UINT16_MAX
			? (uint16_t)config->init_timeout_ms
			: UINT16_MAX,
	};
	struct sctp_sndinfo defaults = {
		.snd_flags = config->unordered ? SCTP_UNORDERED : 0,
		.snd_assoc_id = SCTP_FUTURE_ASSOC,
	};
	struct sctp_default_prinfo lifetime = {
		.pr_assoc_id = SCTP_FUTURE_ASSOC,
		.pr_value = config->knobs.lifetime_ms,
		.pr_policy = SCTP_PR_SCTP_TTL,
	};
	int r = refused(error, set(fd, SCTP_INITMSG, &init, sizeof init), "streams_out");

	if (r == 0)
		r = refused(error, set(fd, SCTP_DEFAULT_SNDINFO, &defaults, sizeof defaults),
			"unordered");
	if (r == 0 && config->knobs.lifetime_ms)
		r = refused(error, set(fd, SCTP_DEFAULT_PRINFO, &lifetime, sizeof lifetime),
			"send_ttl");
	return r;
}

int sipring_kernel_options_freebind(int fd, const struct sipring_sctp_config *config)
{
	/* Of either family: what counts is the one flag that both have. */
	return config->knobs.freebind ? set_number(fd, IPPROTO_IP, IP_FREEBIND, 1) : 0;
}

int sipring_kernel_options_set(int fd, const struct sipring_sctp_config *config,
	struct sipring_error *error)
{
	const struct sipring_sctp_knobs *knobs = &config->knobs;
	int r = subscribe(fd);

	if (r == 0)
		r = set_number(fd, IPPROTO_SCTP, SCTP_NODELAY, !knobs->nagle); /* 8.1.5 */
	if (r == 0)
		r = set_number(fd, IPPROTO_SCTP, SCTP_RECVRCVINFO, 1); /* 8.1.29 */
	if (r == 0)
		r = set_number(fd, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, 0); /* 8.1.20 */
	if (r == 0)
		r = set_number(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	/* What is left of an association when its process has gone does not hold the port. */
	if (r == 0)
		r = set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0)
		r = sipring_kernel_options_freebind(fd, config);
	if (r < 0)
		return sipring_error_set(error, r, "cannot set the options of an SCTP socket: %s",
			strerror(-r));
	set_buffers(fd, config);
	r = set_rto(fd, knobs, error);
	if (r == 0)
		r = set_losses(fd, knobs, error);
	if (r == 0)
		r = set_features(fd, knobs, error);
	return r == 0 ? set_sending(fd, config, error) : r;
}

/* Of listeners each peer's first packet decides, so this is for connects alone. */
int sipring_kernel_options_encapsulate(int fd, const struct sipring_sctp_config *config)
{
	struct sctp_udpencaps udp = {
		.sue_assoc_id = SCTP_FUTURE_ASSOC,
		.sue_port = htons(config->encaps_peer_port),
	};

	if (config->encapsulation != SIPRING_SCTP_ENCAPSULATION_UDP)
		return 0;
	return set(fd, SCTP_REMOTE_UDP_ENCAPS_PORT, &udp, sizeof udp);
}

static int check_encapsulation(int fd, const struct sipring_sctp_config *config,
	struct sipring_error *error)
{
	FILE *file;
	int own = 0;
	int r = sipring_kernel_options_encapsulate(fd, config);

	if (r < 0 || config->encapsulation != SIPRING_SCTP_ENCAPSULATION_UDP)
		return refused(error, r, "encapsulation=udp");
	file = fopen("/proc/sys/net/sctp/udp_port", "re");
	if (file) {
		if (fscanf(file, "%d", &own) != 1)
			own = 0;
		fclose(file);
	}
	if (own == 0)
		return sipring_error_set(error, -EOPNOTSUPP,
			"encapsulation=udp: the kernel's SCTP has no UDP port of its own; remedy: "
			"sysctl net.sctp.udp_port=9899");
	return 0;
}

/* The kernel doubles what it is given, for its own book-keeping. */
static void tell_buffer(int fd, int option, const char *setting, const char *limit, uint32_t wanted,
	const struct sipring_log *log)
{
	int given = 0;
	socklen_t size = sizeof given;

	if (!wanted || getsockopt(fd, SOL_SOCKET, option, &given, &size) < 0)
		return;
	given /= 2;
	if ((uint32_t)given < wanted)
		sipring_log_write(log, SIPRING_LOG_WARNING,
			"%s: the kernel gave %d bytes of the %u asked for; remedy: sysctl "
			"net.core.%s=%u, or CAP_NET_ADMIN",
			setting, given, wanted, limit, wanted);
	else
		sipring_log_write(log, SIPRING_LOG_INFO, "%s: the kernel gave %d bytes", setting,
			given);
}

int sipring_kernel_options_check(const struct sipring_sctp_config *config,
	struct sipring_error *error)
{
	int fd = sipring_kernel_socket_open(config, AF_INET, NULL, error);
	int r;

	if (fd < 0)
		return fd;
	r = check_encapsulation(fd, config, error);
	if (r == 0) {
		tell_buffer(fd, SO_SNDBUF, "so_sndbuf", "wmem_max", config->send_buffer,
			config->log);
		tell_buffer(fd, SO_RCVBUF, "so_rcvbuf", "rmem_max", config->receive_buffer,
			config->log);
	}
	close(fd);
	return r;
}
