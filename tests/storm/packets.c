/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who sends does not wait for answers, and reads none. Everything made up comes from one seed, so
 * that a run can be repeated.
 */
#include "packets.h"

#include "base/crc32c.h"
#include "host.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIZE 1400 /* of a packet of garbage, bytes */

static uint64_t seed = 88172645463325252u;

static uint64_t random_next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

static void put16(unsigned char *at, unsigned value)
{
	uint16_t number = htons((uint16_t)value);

	memcpy(at, &number, sizeof number);
}

static void put32(unsigned char *at, uint64_t value)
{
	uint32_t number = htonl((uint32_t)value);

	memcpy(at, &number, sizeof number);
}

int packets_open(uint16_t udp_port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(udp_port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
}

static void put_header(unsigned char *packet, uint64_t tag)
{
	put16(packet, 1024 + random_next() % 60000);
	put16(packet + 2, host_port(0));
	put32(packet + 4, tag);
	put32(packet + 8, 0);
}

static void send_one(int fd, unsigned char *packet, size_t size)
{
	ssize_t n;

	n = send(fd, packet, size, 0);
	(void)n; /* refused where nobody listens any more: the edge is looked after elsewhere */
}

static void send_checked(int fd, unsigned char *packet, size_t size)
{
	uint32_t sum = sipring_crc32c_packet(packet, size);

	memcpy(packet + 8, &sum, sizeof sum);
	send_one(fd, packet, size);
}

/* Until the next one of so many a second is due. */
static void pace(uint64_t begun_ns, uint64_t n, unsigned per_s)
{
	while (per_s && n > (host_now_ns() - begun_ns) / 1000 * per_s / 1000000)
		usleep(1000);
}

void packets_inits(int fd, unsigned n, unsigned per_s)
{
	uint64_t begun_ns = host_now_ns();
	unsigned char packet[32];

	for (unsigned i = 0; i < n; i++) {
		pace(begun_ns, i, per_s);
		put_header(packet, 0);
		put32(packet + 12, 0x01000014); /* INIT, 20 bytes */
		put32(packet + 16, random_next() | 1);
		put32(packet + 20, 106496);
		put32(packet + 24, 0x000a000a); /* streams */
		put32(packet + 28, random_next());
		send_checked(fd, packet, sizeof packet);
	}
}

static void send_garbage(int fd, unsigned kind)
{
	unsigned char packet[SIZE];

	for (size_t i = 0; i < sizeof packet; i += 8) {
		uint64_t noise = random_next();

		memcpy(packet + i, &noise, sizeof noise);
	}
	if (kind == 0) {
		send_one(fd, packet, sizeof packet);
		return;
	}
	put_header(packet, random_next());
	if (kind == 2)
		put32(packet + 12, 0x06000004); /* ABORT, and noise behind it */
	if (kind == 3)
		put32(packet + 12, 0x0003ffff); /* DATA that is longer than the packet */
	send_checked(fd, packet, sizeof packet);
}

void packets_garbage(int fd, uint64_t n_bytes, unsigned per_s)
{
	uint64_t begun_ns = host_now_ns(), n = (n_bytes + SIZE - 1) / SIZE;

	for (uint64_t i = 0; i < n; i++) {
		pace(begun_ns, i, per_s);
		send_garbage(fd, (unsigned)(i % 4));
	}
}
