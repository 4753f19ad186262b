/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCTP packets through the worker's own io. This object owns the sockets and a fixed pool of
 * packets on their way out; the io has both until SENT and CLOSED. Two modes: UDP (RFC 6951), one
 * socket that carries IPv4 and IPv6 and one more for strangers, or raw IP sockets, one for each.
 *
 * Nothing from the network is believed here but a right checksum over a whole datagram; what fails
 * is counted and dropped before anybody hears of it. A packet that finds no room on its way out is
 * counted and dropped: SCTP sends it again. Nothing here waits, but close.
 */
#include "sctp/usrsctp_packets.h"

#include "base/crc32c.h"
#include "sctp/usrsctp.h"
#include "sctp/usrsctp_encapsulation.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PACKETS_MIN 1024
#define PACKETS_MAX 8192
#define PATH_MTU 1500            /* bytes, where nothing better is known */
#define LOOPBACK_PACKET_MAX 4096 /* bytes; it takes more, but twice this gains nothing */
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define UDP_HEADER 8
#define KERNEL_BUFFER (4 << 20)
#define CLOSE_TURNS 50
#define CLOSE_TURN_NS 10000000

struct packet {
	struct sipring_io_send io;
	struct iovec part;
	union sipring_address to;
	char bytes[];
};

static uint32_t packets_largest(const struct sipring_sctp_config *config)
{
	size_t received = sipring_io_payload_max(config->io, sizeof(struct sockaddr_in6), 0);
	uint32_t largest = LOOPBACK_PACKET_MAX;

	if (received < largest)
		largest = (uint32_t)received;
	return largest > PATH_MTU ? largest : PATH_MTU;
}

/* Enough for a turn in which every association sends. */
static uint32_t packets_count(const struct sipring_sctp_config *config)
{
	uint32_t n = config->associations_max < PACKETS_MAX / 2 ? config->associations_max * 2
								: PACKETS_MAX;

	return n > PACKETS_MIN ? n : PACKETS_MIN;
}

size_t sipring_usrsctp_packets_footprint(const struct sipring_sctp_config *config)
{
	return sipring_pool_footprint(packets_count(config),
		       sizeof(struct packet) + packets_largest(config)) +
		sipring_usrsctp_strangers_footprint(config);
}

static void packets_widen(int fd)
{
	int size = KERNEL_BUFFER;

	/* With privilege past the system's limit, else up to it. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

static void packets_add(struct sipring_usrsctp_packets *packets, int fd)
{
	struct sipring_io_socket *socket = &packets->sockets[packets->n_sockets++];

	assert(packets->n_sockets <= 2);
	packets_widen(fd);
	*socket = (struct sipring_io_socket){
		.fd = fd,
		.kind = SIPRING_IO_DATAGRAM,
		.name_size = sizeof(struct sockaddr_in6),
		.owner = packets,
	};
	sipring_list_init(&socket->link);
}

/* Sockets of its own for what is shared: the io closes them. */
static int packets_share(const struct sipring_sctp_doors *shared, struct sipring_sctp_doors *doors)
{
	int r;

	doors->peers = fcntl(shared->peers, F_DUPFD_CLOEXEC, 0);
	if (doors->peers < 0)
		return -errno;
	doors->strangers = fcntl(shared->strangers, F_DUPFD_CLOEXEC, 0);
	if (doors->strangers >= 0)
		return 0;
	r = -errno;
	close(doors->peers);
	return r;
}

static int packets_open_udp(struct sipring_usrsctp_packets *packets,
	const struct sipring_sctp_config *config, struct sipring_error *error)
{
	struct sipring_sctp_doors doors;
	int r = config->doors ? packets_share(config->doors, &doors)
			      : sipring_usrsctp_share(config, 1, 1, &doors, error);

	if (r < 0 && config->doors)
		return sipring_error_set(error, r, "no descriptors for UDP sockets: %s",
			strerror(-r));
	if (r < 0)
		return r;
	packets->port = sipring_usrsctp_encapsulation_port(doors.peers, &packets->mapped);
	packets_add(packets, doors.peers);
	if (doors.strangers < 0)
		return 0;
	/* As large, for all peers may come at the same time. */
	packets_widen(doors.strangers);
	r = sipring_usrsctp_strangers_open(&packets->strangers, doors.strangers, config,
		packets->io, packets);
	if (r == 0)
		return 0;
	close(doors.peers);
	return sipring_error_set(error, r, "no memory for packets of strangers: %s", strerror(-r));
}

static int packets_open_raw(struct sipring_usrsctp_packets *packets, struct sipring_error *error)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

	if (fd >= 0) {
		close(fd);
		return sipring_error_set(error, -EBUSY,
			"the kernel itself speaks SCTP and would abort what user space connects "
			"over raw IP: use the kernel's provider, or UDP encapsulation");
	}
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_SCTP);
	if (fd < 0 && (errno == EPERM || errno == EACCES))
		return sipring_error_set(error, -errno,
			"raw IP sockets for SCTP need CAP_NET_RAW: run as root or give the program "
			"the capability (setcap cap_net_raw+ep), or use UDP encapsulation");
	if (fd < 0)
		return sipring_error_set(error, -errno, "no raw IP socket for SCTP: %s",
			strerror(errno));
	packets->raw = true;
	packets_add(packets, fd);
	fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_SCTP);
	if (fd >= 0)
		packets_add(packets, fd);
	return 0;
}

int sipring_usrsctp_packets_open(struct sipring_usrsctp_packets *packets,
	const struct sipring_sctp_config *config, struct sipring_io *io,
	struct sipring_sctp_counters *counters, struct sipring_error *error)
{
	int r;

	*packets = (struct sipring_usrsctp_packets){
		.io = io,
		.counters = counters,
		.log = config->log,
		.packet_max = packets_largest(config),
		.peer_port = config->encaps_peer_port,
	};
	if (config->encaps_port < 0 || config->encaps_port > UINT16_MAX)
		return sipring_error_set(error, -EINVAL,
			"encaps_port %d is no UDP port: 0 to 65535", (int)config->encaps_port);
	r = sipring_pool_open(&packets->pool, packets_count(config),
		sizeof(struct packet) + packets->packet_max);
	if (r < 0)
		return sipring_error_set(error, r, "no memory for SCTP packets: %s", strerror(-r));
	if (config->encapsulation == SIPRING_SCTP_ENCAPSULATION_RAW)
		r = packets_open_raw(packets, error);
	else
		r = packets_open_udp(packets, config, error);
	if (r < 0) {
		sipring_pool_close(&packets->pool);
		return r;
	}
	packets->n_open = packets->n_sockets + (packets->strangers.socket.state != SIPRING_IO_IDLE);
	for (unsigned i = 0; i < packets->n_sockets; i++)
		io->ops->add(io, &packets->sockets[i]);
	return 0;
}

void sipring_usrsctp_packets_restart(struct sipring_usrsctp_packets *packets)
{
	for (unsigned i = 0; i < packets->n_sockets; i++)
		if (packets->sockets[i].state == SIPRING_IO_ENDED)
			packets->io->ops->add(packets->io, &packets->sockets[i]);
	if (packets->strangers.socket.state == SIPRING_IO_ENDED)
		packets->io->ops->add(packets->io, &packets->strangers.socket);
}

static void packets_end(struct sipring_usrsctp_packets *packets, int64_t timeout_ns)
{
	struct sipring_io_event event;
	struct sipring_usrsctp_datagram ignored;

	if (packets->io->ops->turn(packets->io, timeout_ns) < 0)
		return;
	while (packets->io->ops->next(packets->io, &event))
		if (event.socket && event.socket->owner == packets)
			(void)sipring_usrsctp_packets_input(packets, &event, &ignored);
}

void sipring_usrsctp_packets_close(struct sipring_usrsctp_packets *packets)
{
	packets_end(packets, 0);
	for (unsigned i = 0; i < packets->n_sockets; i++)
		if (packets->sockets[i].state != SIPRING_IO_IDLE)
			packets->io->ops->remove(packets->io, &packets->sockets[i]);
	if (packets->strangers.socket.state != SIPRING_IO_IDLE)
		packets->io->ops->remove(packets->io, &packets->strangers.socket);
	for (unsigned i = 0; i < CLOSE_TURNS && packets->n_open; i++)
		packets_end(packets, CLOSE_TURN_NS);
	sipring_usrsctp_strangers_close(&packets->strangers);
	sipring_pool_close(&packets->pool);
}

static void packets_sent(struct sipring_usrsctp_packets *packets, struct sipring_io_send *send)
{
	struct sipring_io_socket *socket = send->socket;

	if (send->result < 0) {
		bool *awaited = &packets->awaits_writable[socket - packets->sockets];

		packets->counters->n_packets_unsent++;
		if (!*awaited && socket->state != SIPRING_IO_REMOVING) {
			*awaited = true;
			packets->io->ops->await_writable(packets->io, socket);
		}
	} else {
		packets->counters->n_packets_out++;
	}
	sipring_pool_give(&packets->pool, send->owner);
}

/* The peer will send it again, as long as before: this does not mend itself. */
static void packets_tell_cut(struct sipring_usrsctp_packets *packets)
{
	if (packets->told_cut)
		return;
	packets->told_cut = true;
	sipring_log_write(packets->log, SIPRING_LOG_WARNING,
		"a peer sends packets longer than a receive buffer, which are lost, again and "
		"again (further ones are only counted); remedy: a receive_buffer_size above the "
		"largest MTU that leads here, 66048 for a kernel's loopback");
}

/* A received datagram without its IP header, and with a right checksum; else it was nothing. */
static bool packets_check(const struct sipring_usrsctp_packets *packets,
	const struct sipring_io_event *event, struct sipring_usrsctp_datagram *datagram)
{
	unsigned char *data = (unsigned char *)event->data;
	size_t size = event->size;
	uint32_t stored, sum;

	if (event->flags & MSG_TRUNC || !event->name ||
		event->name_size > sizeof datagram->source ||
		event->name_size < sizeof(struct sockaddr_in))
		return false;
	memset(&datagram->source, 0, sizeof datagram->source);
	memcpy(&datagram->source, event->name, event->name_size);
	if (datagram->source.sa.sa_family == AF_INET6)
		datagram->source.v6.sin6_flowinfo = 0;
	if (packets->raw && datagram->source.sa.sa_family == AF_INET) {
		size_t header = size ? (data[0] & 15u) * 4u : 0;

		if (header < IPV4_HEADER || header > size)
			return false;
		data += header;
		size -= header;
	}
	if (packets->raw)
		sipring_address_set_port(&datagram->source, 0);
	if (size < SIPRING_USRSCTP_PACKET_HEADER + 4)
		return false;
	memcpy(&stored, data + 8, sizeof stored);
	sum = sipring_crc32c_packet(data, size);
	datagram->data = (char *)data;
	datagram->size = size;
	return stored == sum;
}

bool sipring_usrsctp_packets_input(struct sipring_usrsctp_packets *packets,
	const struct sipring_io_event *event, struct sipring_usrsctp_datagram *datagram)
{
	switch (event->type) {
	case SIPRING_IO_RECEIVED:
		packets->counters->n_packets_in++;
		if (packets_check(packets, event, datagram))
			return true;
		packets->counters->n_packets_bad++;
		if (event->flags & MSG_TRUNC)
			packets_tell_cut(packets);
		return false;
	case SIPRING_IO_SENT:
		packets_sent(packets, event->send);
		return false;
	case SIPRING_IO_OVER:
		sipring_log_write(packets->log, SIPRING_LOG_ERROR,
			"the socket that carries SCTP failed to receive (it starts again): %s",
			strerror(-event->result));
		return false;
	case SIPRING_IO_CLOSED:
		assert(packets->n_open > 0);
		packets->n_open--;
		return false;
	case SIPRING_IO_WRITABLE:
		packets->awaits_writable[event->socket - packets->sockets] = false;
		return false;
	case SIPRING_IO_READABLE:
		packets->strangers.knock = true;
		return false;
	case SIPRING_IO_ACCEPTED:
		return false;
	}
	return false;
}

void sipring_usrsctp_packets_send(struct sipring_usrsctp_packets *packets,
	const union sipring_address *to, uint16_t port, const void *data, size_t size)
{
	unsigned socket = packets->raw && to->sa.sa_family == AF_INET6;
	struct packet *packet;
	uint32_t sum;

	assert(size >= SIPRING_USRSCTP_PACKET_HEADER);
	packet = size <= packets->packet_max && socket < packets->n_sockets
		? sipring_pool_take(&packets->pool)
		: NULL;
	if (!packet) {
		packets->counters->n_packets_unsent++;
		return;
	}
	packet->to = *to;
	packet->part = (struct iovec){packet->bytes, size};
	packet->io = (struct sipring_io_send){
		.socket = &packets->sockets[socket],
		.parts = &packet->part,
		.n_parts = 1,
		.name = &packet->to,
		.name_size = sipring_address_size(to),
		.owner = packet,
	};
	memcpy(packet->bytes, data, size);
	memcpy(packet->bytes + 2, &port, sizeof port);
	sum = sipring_crc32c_packet(packet->bytes, size);
	memcpy(packet->bytes + 8, &sum, sizeof sum);
	packets->io->ops->send(packets->io, &packet->io);
}

uint32_t sipring_usrsctp_packets_mtu(const struct sipring_usrsctp_packets *packets,
	const union sipring_address *to)
{
	union sipring_address plain;
	uint32_t headers = packets->raw ? 0 : UDP_HEADER;

	sipring_usrsctp_packets_plain(to, 0, &plain);
	if (plain.sa.sa_family == AF_INET) {
		if (ntohl(plain.v4.sin_addr.s_addr) >> 24 == 127)
			return packets->packet_max;
		return PATH_MTU - IPV4_HEADER - headers;
	}
	if (IN6_IS_ADDR_LOOPBACK(&plain.v6.sin6_addr))
		return packets->packet_max;
	return PATH_MTU - IPV6_HEADER - headers;
}

int sipring_usrsctp_packets_target(const struct sipring_usrsctp_packets *packets,
	const union sipring_address *remote, union sipring_address *to)
{
	*to = *remote;
	if (remote->sa.sa_family == AF_INET && packets->mapped) {
		*to = (union sipring_address){.v6 = {.sin6_family = AF_INET6}};
		to->v6.sin6_addr.s6_addr[10] = to->v6.sin6_addr.s6_addr[11] = 0xff;
		memcpy(&to->v6.sin6_addr.s6_addr[12], &remote->v4.sin_addr, 4);
	} else if (remote->sa.sa_family == AF_INET6) {
		to->v6.sin6_flowinfo = 0;
		if (!packets->mapped && packets->n_sockets < 2)
			return -EAFNOSUPPORT;
	} else if (remote->sa.sa_family != AF_INET) {
		return -EAFNOSUPPORT;
	}
	sipring_address_set_port(to, packets->raw ? 0 : packets->peer_port);
	return 0;
}

void sipring_usrsctp_packets_plain(const union sipring_address *wire, uint16_t port,
	union sipring_address *plain)
{
	*plain = *wire;
	if (wire->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&wire->v6.sin6_addr)) {
		*plain = (union sipring_address){.v4 = {.sin_family = AF_INET}};
		memcpy(&plain->v4.sin_addr, &wire->v6.sin6_addr.s6_addr[12], 4);
	}
	sipring_address_set_port(plain, ntohs(port));
}

void sipring_usrsctp_packets_source(const union sipring_address *to, uint16_t port,
	union sipring_address *source)
{
	union sipring_address plain;
	socklen_t size = sizeof *source;
	int fd;

	memset(source, 0, sizeof *source);
	/* Any port but 0 will do: nothing is sent, the kernel only looks for the route. */
	sipring_usrsctp_packets_plain(to, htons(9), &plain);
	fd = socket(plain.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, &plain.sa, sipring_address_size(&plain)) < 0 ||
		getsockname(fd, &source->sa, &size) < 0)
		memset(source, 0, sizeof *source);
	else
		sipring_address_set_port(source, ntohs(port));
	close(fd);
}
