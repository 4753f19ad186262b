/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCTP packets on the wire: in UDP (RFC 6951) or straight in IP. In: an io event becomes a packet
 * whose checksum is right, or nothing. Out: a packet is copied, summed and handed to the io.
 */
#pragma once

#include "base/pool.h"
#include "sctp/sctp.h"
#include "sctp/usrsctp_strangers.h"

#define SIPRING_USRSCTP_PACKET_HEADER 12 /* ports, verification tag, checksum */

struct sipring_usrsctp_packets {
	struct sipring_io *io;
	struct sipring_sctp_counters *counters;
	const struct sipring_log *log;
	struct sipring_pool pool;
	uint32_t packet_max; /* bytes, header and all */
	bool raw;
	bool mapped;        /* one IPv6 socket carries IPv4 too */
	uint16_t port;      /* own UDP port, host byte order */
	uint16_t peer_port; /* of those that we connect to, host byte order */
	unsigned n_sockets;
	unsigned n_open; /* not CLOSED yet */
	bool awaits_writable[2];
	bool told_cut; /* the operator knows that datagrams are longer than the buffers */
	struct sipring_io_socket sockets[2]; /* UDP: one; raw: IPv4, and IPv6 where there is any */
	struct sipring_usrsctp_strangers strangers; /* UDP */
};

struct sipring_usrsctp_datagram {
	char *data; /* an SCTP packet with a right checksum, header and a chunk's at least */
	size_t size;
	union sipring_address source;
};

/* Opens the sockets and gives them to the io. Returns 0, or -errno with a text. */
int sipring_usrsctp_packets_open(struct sipring_usrsctp_packets *packets,
	const struct sipring_sctp_config *config, struct sipring_io *io,
	struct sipring_sctp_counters *counters, struct sipring_error *error);
/* Sends what is queued, then turns the io until it has given the sockets back. */
void sipring_usrsctp_packets_close(struct sipring_usrsctp_packets *packets);
size_t sipring_usrsctp_packets_footprint(const struct sipring_sctp_config *config);

/* Starts again what the io reported as over; to be called now and then. */
void sipring_usrsctp_packets_restart(struct sipring_usrsctp_packets *packets);

/* True when the event brought a good packet. */
bool sipring_usrsctp_packets_input(struct sipring_usrsctp_packets *packets,
	const struct sipring_io_event *event, struct sipring_usrsctp_datagram *datagram);
/* Copies, puts in the peer's port (network byte order) and the checksum, queues; or drops. */
void sipring_usrsctp_packets_send(struct sipring_usrsctp_packets *packets,
	const union sipring_address *to, uint16_t port, const void *data, size_t size);

/* The largest packet for this destination, in bytes. */
uint32_t sipring_usrsctp_packets_mtu(const struct sipring_usrsctp_packets *packets,
	const union sipring_address *to);
/* Where packets for an SCTP address go: 0, or -EAFNOSUPPORT. */
int sipring_usrsctp_packets_target(const struct sipring_usrsctp_packets *packets,
	const union sipring_address *remote, union sipring_address *to);
/* A wire address as others want to see it, with an SCTP port (network byte order). */
void sipring_usrsctp_packets_plain(const union sipring_address *wire, uint16_t port,
	union sipring_address *plain);
/* The local address that packets to `to` leave from; unset where the kernel knows none. */
void sipring_usrsctp_packets_source(const union sipring_address *to, uint16_t port,
	union sipring_address *source);
