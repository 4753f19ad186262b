/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an association does, as the kernel's SCTP has it: one system call, for those who look, and
 * never on a message's way. Nothing is kept.
 */
#include "sctp/kernel.h"

#include <string.h>

bool sipring_kernel_status(struct sipring_sctp *sctp, const struct sipring_sctp_conn *conn,
	struct sipring_sctp_status *status)
{
	const struct kernel_conn *own = SIPRING_CONTAINER(conn, struct kernel_conn, conn);
	struct sctp_status told = {0};
	socklen_t size = sizeof told;

	(void)sctp;
	if (own->state != KERNEL_UP ||
		getsockopt(own->socket.fd, IPPROTO_SCTP, SCTP_STATUS, &told, &size) < 0)
		return false;
	*status = (struct sipring_sctp_status){
		.rtt_ms = told.sstat_primary.spinfo_srtt,
		.rto_ms = told.sstat_primary.spinfo_rto,
		.window = told.sstat_primary.spinfo_cwnd,
		.mtu = told.sstat_primary.spinfo_mtu,
		.peer_window = told.sstat_rwnd,
		.n_unacknowledged = told.sstat_unackdata,
		.n_pending = told.sstat_penddata,
		.is_active = told.sstat_primary.spinfo_state == SCTP_ACTIVE,
	};
	memcpy(&status->primary, &told.sstat_primary.spinfo_address, sizeof status->primary);
	sipring_kernel_socket_unmap(&status->primary);
	return true;
}
