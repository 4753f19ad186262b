/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The knobs of operators as options of the stack's sockets, and which of them it has not. Set on a
 * socket before it listens or connects, they are those of its associations. Pure but for that.
 */
#include "sctp/usrsctp_stack.h"

#include <errno.h>

#define RTO_INITIAL_MS 1000 /* RFC 9260 16 */
#define RTO_MAX_MS 60000

static uint32_t least(uint32_t one, uint32_t other)
{
	return one < other ? one : other;
}

static void options_rto(const struct sipring_sctp_config *config, struct sctp_rtoinfo *rto)
{
	const struct sipring_sctp_knobs *knobs = &config->knobs;
	uint32_t timeout = config->init_timeout_ms ? config->init_timeout_ms : RTO_MAX_MS;
	uint32_t standard = least(timeout, RTO_INITIAL_MS);

	rto->srto_max = knobs->rto_max_ms ? knobs->rto_max_ms : RTO_MAX_MS;
	rto->srto_initial =
		knobs->rto_initial_ms ? knobs->rto_initial_ms : least(standard, rto->srto_max);
	rto->srto_min = knobs->rto_min_ms ? knobs->rto_min_ms : least(standard, rto->srto_initial);
}

int sipring_usrsctp_options_check(const struct sipring_sctp_config *config,
	struct sipring_error *error)
{
	const struct sipring_sctp_knobs *knobs = &config->knobs;
	struct sctp_rtoinfo rto = {0};
	const char *missing = knobs->tos           ? "tos"
		: knobs->freebind                  ? "freebind"
		: knobs->auth == SIPRING_SCTP_ON   ? "auth=on"
		: knobs->asconf == SIPRING_SCTP_ON ? "asconf=on"
						   : NULL;

	if (missing)
		return sipring_error_set(error, -EOPNOTSUPP,
			"%s: SCTP in user space (usrsctp) has no such knob; leave it alone, or "
			"use the provider kernel",
			missing);
	options_rto(config, &rto);
	if (rto.srto_min > rto.srto_initial || rto.srto_initial > rto.srto_max)
		return sipring_error_set(error, -EINVAL,
			"rto_min, rto_initial, rto_max would be %u, %u, %u, the stack's where "
			"yours are 0: none may be above the next",
			rto.srto_min, rto.srto_initial, rto.srto_max);
	return 0;
}

static int options_one(struct socket *so, int option, const void *value, size_t size)
{
	return usrsctp_setsockopt(so, IPPROTO_SCTP, option, value, (socklen_t)size) < 0 ? -errno
											: 0;
}

/* RFC 6458 8.1.2, 8.1.12, 8.1.19, 8.1.24; a lifetime goes with each send */
int sipring_usrsctp_options_set(struct socket *so, const struct sipring_sctp_config *config)
{
	const struct sipring_sctp_knobs *knobs = &config->knobs;
	struct sctp_rtoinfo rto = {0};
	struct sctp_assocparams association = {
		.sasoc_asocmaxrxt = (uint16_t)knobs->association_retransmissions};
	struct sctp_paddrparams path = {
		.spp_pathmaxrxt = (uint16_t)knobs->path_retransmissions,
		.spp_hbinterval = knobs->heartbeat_ms > 0 ? (uint32_t)knobs->heartbeat_ms : 0,
		.spp_flags = (knobs->heartbeat_ms > 0 ? SPP_HB_ENABLE : 0u) |
			(knobs->heartbeat_ms < 0 ? SPP_HB_DISABLE : 0u),
	};
	struct sctp_sack_info sack = {.sack_delay = knobs->sack_delay_ms,
		.sack_freq = knobs->sack_packets};
	struct sctp_assoc_value burst = {.assoc_value = knobs->burst};
	int r;

	options_rto(config, &rto);
	r = options_one(so, SCTP_RTOINFO, &rto, sizeof rto);
	if (r == 0 && knobs->association_retransmissions)
		r = options_one(so, SCTP_ASSOCINFO, &association, sizeof association);
	if (r == 0 && (knobs->path_retransmissions || path.spp_flags))
		r = options_one(so, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
	if (r == 0 && (knobs->sack_delay_ms || knobs->sack_packets))
		r = options_one(so, SCTP_DELAYED_SACK, &sack, sizeof sack);
	if (r == 0 && knobs->burst)
		r = options_one(so, SCTP_MAX_BURST, &burst, sizeof burst);
	return r;
}
