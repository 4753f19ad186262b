/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways to a peer in user space, of which there is one (decision 0005): a peer has one address
 * here, and all packets go there.
 */
#include "sctp/usrsctp_parts.h"

#include <assert.h>
#include <errno.h>
#include <usrsctp.h>

unsigned sipring_usrsctp_paths_addresses(struct sipring_sctp *sctp, struct sipring_sctp_conn *base,
	union sipring_address *addresses, unsigned max)
{
	(void)sctp;
	assert(max > 0);
	(void)max;
	addresses[0] = base->remote;
	return 1;
}

int sipring_usrsctp_paths_path(struct sipring_sctp *sctp, struct sipring_sctp_conn *base,
	const union sipring_address *address, struct sipring_sctp_path_info *info)
{
	struct sipring_usrsctp_conn *conn = (struct sipring_usrsctp_conn *)base;
	struct sctp_status status = {0};
	socklen_t size = sizeof status;

	(void)sctp;
	if (!sipring_address_equal(address, &base->remote))
		return -EINVAL;
	if (!conn->socket ||
		usrsctp_getsockopt(conn->socket, IPPROTO_SCTP, SCTP_STATUS, &status, &size) < 0)
		return -ENOTCONN;
	*info = (struct sipring_sctp_path_info){
		.usable = status.sstat_primary.spinfo_state & SCTP_ACTIVE,
		.srtt_ms = status.sstat_primary.spinfo_srtt,
		.rto_ms = status.sstat_primary.spinfo_rto,
		.cwnd = status.sstat_primary.spinfo_cwnd,
		.mtu = status.sstat_primary.spinfo_mtu,
	};
	return 0;
}

int sipring_usrsctp_paths_set_primary(struct sipring_sctp *sctp, struct sipring_sctp_conn *base,
	const union sipring_address *address)
{
	(void)sctp;
	return sipring_address_equal(address, &base->remote) ? 0 : -EINVAL;
}
