/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The addresses of a peer of the kernel's SCTP and the ways to them (RFC 6458 8.1.9, 8.2.2, 9.3):
 * asked for per association and by the host's wish, never per message. An IPv4 address comes as
 * IPv4 whatever the socket is, and may be given so.
 */
#include "sctp/kernel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* What the kernel writes: as many addresses, of either size, as fit. */
struct addresses {
	struct sctp_getaddrs head;
	char bytes[SIPRING_ADDRESS_SET_MAX * 2 * sizeof(struct sockaddr_in6)];
};

static int socket_of(struct sipring_sctp_conn *conn)
{
	return SIPRING_CONTAINER(conn, struct kernel_conn, conn)->socket.fd;
}

/* The primary one to the front; where it is not known the order stays. */
static void put_primary_first(int fd, union sipring_address *addresses, unsigned n)
{
	union sipring_address primary = {.sa.sa_family = AF_UNSPEC}, first;
	struct sctp_prim what = {0};
	socklen_t size = sizeof what;

	if (n < 2 || getsockopt(fd, IPPROTO_SCTP, SCTP_PRIMARY_ADDR, &what, &size) < 0)
		return;
	memcpy(&primary, &what.ssp_addr, sizeof primary);
	sipring_kernel_socket_unmap(&primary);
	for (unsigned i = 1; i < n; i++) {
		if (!sipring_address_equal(&addresses[i], &primary))
			continue;
		first = addresses[0];
		addresses[0] = addresses[i];
		addresses[i] = first;
	}
}

unsigned sipring_kernel_paths_addresses(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn,
	union sipring_address *addresses, unsigned max)
{
	struct addresses found = {0};
	socklen_t size = sizeof found;
	const char *at = (const char *)found.head.addrs;
	unsigned n = 0;

	(void)sctp;
	assert(max > 0);
	if (getsockopt(socket_of(conn), IPPROTO_SCTP, SCTP_GET_PEER_ADDRS, &found, &size) < 0)
		found.head.addr_num = 0;
	for (; n < max && n < (unsigned)found.head.addr_num; n++) {
		sa_family_t family;

		memcpy(&family, at, sizeof family);
		memset(&addresses[n], 0, sizeof addresses[n]);
		addresses[n].sa.sa_family = family;
		memcpy(&addresses[n], at, sipring_address_size(&addresses[n]));
		at += sipring_address_size(&addresses[n]);
		sipring_kernel_socket_unmap(&addresses[n]);
	}
	if (n == 0)
		addresses[n++] = conn->remote;
	put_primary_first(socket_of(conn), addresses, n);
	return n;
}

int sipring_kernel_paths_path(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn,
	const union sipring_address *address, struct sipring_sctp_path_info *info)
{
	struct sctp_paddrinfo what = {0};
	socklen_t size = sizeof what;

	(void)sctp;
	memcpy(&what.spinfo_address, address, sipring_address_size(address));
	if (getsockopt(socket_of(conn), IPPROTO_SCTP, SCTP_GET_PEER_ADDR_INFO, &what, &size) < 0)
		return -errno;
	*info = (struct sipring_sctp_path_info){
		.usable = what.spinfo_state == SCTP_ACTIVE,
		.srtt_ms = what.spinfo_srtt,
		.rto_ms = what.spinfo_rto,
		.cwnd = what.spinfo_cwnd,
		.mtu = what.spinfo_mtu,
	};
	return 0;
}

int sipring_kernel_paths_set_primary(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn,
	const union sipring_address *address)
{
	struct sctp_prim what = {0};

	(void)sctp;
	memcpy(&what.ssp_addr, address, sipring_address_size(address));
	return setsockopt(socket_of(conn), IPPROTO_SCTP, SCTP_PRIMARY_ADDR, &what, sizeof what) < 0
		? -errno
		: 0;
}
