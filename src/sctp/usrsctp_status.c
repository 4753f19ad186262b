/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an association does, as the stack has it. The stack knows its peer by a name of ours, so the
 * path's address is the conn's: there is one.
 */
#include "sctp/usrsctp_parts.h"

#include <usrsctp.h>

bool sipring_usrsctp_status(struct sipring_sctp *sctp, const struct sipring_sctp_conn *conn,
	struct sipring_sctp_status *status)
{
	const struct sipring_usrsctp_conn *own =
		SIPRING_CONTAINER(conn, struct sipring_usrsctp_conn, base);
	struct sctp_status told = {0};
	socklen_t size = sizeof told;

	(void)sctp;
	if (own->state != SIPRING_USRSCTP_UP || !own->socket ||
		usrsctp_getsockopt(own->socket, IPPROTO_SCTP, SCTP_STATUS, &told, &size) < 0)
		return false;
	*status = (struct sipring_sctp_status){
		.primary = conn->remote,
		.rtt_ms = told.sstat_primary.spinfo_srtt,
		.rto_ms = told.sstat_primary.spinfo_rto,
		.window = told.sstat_primary.spinfo_cwnd,
		.mtu = told.sstat_primary.spinfo_mtu,
		.peer_window = told.sstat_rwnd,
		.n_unacknowledged = told.sstat_unackdata,
		.n_pending = told.sstat_penddata,
		.is_active = (told.sstat_primary.spinfo_state & SCTP_ACTIVE) != 0,
	};
	return true;
}
