/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets of user space: a packet comes to the worker that the engine picks for its sender,
 * over IPv4 and IPv6 alike, to one door or the other by what is in it, and nobody else's port is
 * taken.
 */
#include "sctp/usrsctp_encapsulation.h"
#include "sctp/usrsctp.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORKERS 5
#define MULTIPLIER 0x9e3779b1u

static struct sipring_error error;
static struct sipring_sctp_doors doors[WORKERS];

enum { DATA, INIT, ABORT = 6, COOKIE_ECHO = 10, I_DATA = 64, UNKNOWN = 30 };

static void open_shared(unsigned n)
{
	struct sipring_sctp_config config = {0};

	cr_assert_eq(sipring_usrsctp_share(&config, n, MULTIPLIER, doors, &error), 0, "%s",
		error.text);
}

static void close_shared(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		close(doors[i].peers);
		close(doors[i].strangers);
	}
}

/* The worker whose socket has something to read, and which of its two that is. */
static unsigned wait_for_one(unsigned n, bool *is_stranger)
{
	struct pollfd ready[2 * WORKERS];
	unsigned which = 2 * WORKERS;
	char packet[64];

	for (unsigned i = 0; i < n; i++) {
		ready[i] = (struct pollfd){doors[i].peers, POLLIN, 0};
		ready[n + i] = (struct pollfd){doors[i].strangers, POLLIN, 0};
	}
	cr_assert_eq(poll(ready, 2 * n, 5000), 1);
	for (unsigned i = 0; i < 2 * n; i++)
		if (ready[i].revents)
			which = i;
	cr_assert_gt(recv(ready[which].fd, packet, sizeof packet, 0), 0);
	*is_stranger = which >= n;
	return which % n;
}

/* A packet of one chunk whose length is said to be so. */
static size_t make(unsigned char *packet, uint16_t port, uint32_t tag, uint8_t type,
	uint16_t length)
{
	uint16_t ports[2] = {htons(port), htons(5060)};

	memset(packet, 0, 64);
	memcpy(packet, ports, sizeof ports);
	tag = htonl(tag);
	memcpy(packet + 4, &tag, sizeof tag);
	packet[12] = type;
	length = htons(length);
	memcpy(packet + 14, &length, sizeof length);
	return 32;
}

/* From one UDP port, as many SCTP ports: what a peer is told apart by is inside. */
static void check_family(const char *loopback)
{
	union sipring_address peer, to;
	uint32_t n_seen[WORKERS] = {0};
	bool is_mapped;
	int fd;

	cr_assert_eq(sipring_address_parse(&peer, loopback, strlen(loopback)), 0);
	to = peer;
	sipring_address_set_port(&to,
		sipring_usrsctp_encapsulation_port(doors[0].peers, &is_mapped));
	fd = socket(peer.sa.sa_family, SOCK_DGRAM, 0);
	cr_assert_eq(bind(fd, &peer.sa, sipring_address_size(&peer)), 0);
	cr_assert_eq(connect(fd, &to.sa, sipring_address_size(&to)), 0);
	for (uint16_t port = 1000; port < 1200; port++) {
		unsigned char packet[64];
		size_t size = make(packet, port, port % 3, DATA, 20);
		unsigned picked;
		bool is_stranger;

		sipring_address_set_port(&peer, port);
		picked = sipring_sctp_pick(&peer, WORKERS, MULTIPLIER);
		cr_assert_eq(send(fd, packet, size, 0), size);
		cr_assert_eq(wait_for_one(WORKERS, &is_stranger), picked, "%s port %u", loopback,
			port);
		cr_assert_eq(is_stranger, port % 3 == 0);
		n_seen[picked]++;
	}
	for (unsigned i = 0; i < WORKERS; i++)
		cr_expect_gt(n_seen[i], 0, "nobody is picked for worker %u", i);
	close(fd);
}

Test(usrsctp_encapsulation, a_packet_comes_to_the_worker_picked_for_its_sender)
{
	open_shared(WORKERS);
	check_family("127.0.0.1");
	check_family("127.0.0.9");
	close_shared(WORKERS);
}

Test(usrsctp_encapsulation, over_ipv6_too)
{
	bool is_mapped;

	open_shared(WORKERS);
	(void)sipring_usrsctp_encapsulation_port(doors[0].peers, &is_mapped);
	if (!is_mapped)
		cr_skip_test("this machine has no IPv6");
	check_family("::1");
	close_shared(WORKERS);
}

static void check_door(int fd, const unsigned char *packet, size_t size, bool wanted,
	const char *what)
{
	bool is_stranger;

	cr_assert_eq(send(fd, packet, size, 0), size);
	cr_assert_eq(wait_for_one(1, &is_stranger), 0);
	cr_expect_eq(is_stranger, wanted, "%s", what);
}

Test(usrsctp_encapsulation, what_no_association_waits_for_comes_by_another_door)
{
	static const struct {
		const char *what;
		uint32_t tag;
		uint8_t type;
		uint16_t length;
		bool is_stranger;
	} cases[] = {
		{"data", 7, DATA, 20, false},
		{"data of the new kind", 7, I_DATA, 20, false},
		{"a chunk and others behind it", 7, 3, 16, false},
		{"the largest tag", UINT32_MAX, DATA, 20, false},
		{"no tag", 0, DATA, 20, true},
		{"an INIT", 0, INIT, 20, true},
		{"an INIT with a tag", 7, INIT, 20, true},
		{"a COOKIE ECHO", 7, COOKIE_ECHO, 20, true},
		{"an ABORT", 7, ABORT, 20, false},
		{"an ABORT with padding", 7, ABORT, 18, false},
		{"an ABORT with something behind it", 7, ABORT, 16, true},
		{"a type that does not exist", 7, UNKNOWN, 20, true},
		{"a chunk that is too short", 7, DATA, 3, true},
		{"a chunk that is longer than the packet", 7, DATA, 21, true},
		{"a chunk that is far longer", 7, DATA, 65535, true},
	};
	struct sockaddr_in to = {.sin_family = AF_INET};
	unsigned char packet[64];
	bool is_mapped;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	open_shared(1);
	to.sin_port = htons(sipring_usrsctp_encapsulation_port(doors[0].peers, &is_mapped));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t size = make(packet, 5060, cases[i].tag, cases[i].type, cases[i].length);

		check_door(fd, packet, size, cases[i].is_stranger, cases[i].what);
	}
	for (size_t size = 1; size < 16; size++) {
		make(packet, 5060, 7, 3, 4);
		check_door(fd, packet, size, true, "too short to be a packet");
	}
	close(fd);
	close_shared(1);
}

/* As a sandbox does that knows of no such programs. */
static void refuse_programs(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_ATTACH_REUSEPORT_CBPF, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

Test(usrsctp_encapsulation, where_packets_cannot_be_told_apart_there_is_one_door)
{
	struct sipring_sctp_config config = {0};

	refuse_programs();
	cr_expect_eq(sipring_usrsctp_share(&config, 1, MULTIPLIER, doors, &error), 0);
	cr_expect_geq(doors[0].peers, 0);
	cr_expect_eq(doors[0].strangers, -1);
	close(doors[0].peers);
	cr_expect_eq(sipring_usrsctp_share(&config, WORKERS, MULTIPLIER, doors, &error),
		-ENOPROTOOPT);
	cr_expect_eq(doors[0].peers, -1);
}

Test(usrsctp_encapsulation, a_taken_port_is_an_error_that_names_it)
{
	struct sipring_sctp_config config = {0};
	int other = sipring_usrsctp_encapsulation_open(0, false, &error);
	bool is_mapped;

	cr_assert_geq(other, 0);
	config.encaps_port = sipring_usrsctp_encapsulation_port(other, &is_mapped);
	cr_expect_eq(sipring_usrsctp_share(&config, WORKERS, MULTIPLIER, doors, &error),
		-EADDRINUSE);
	cr_expect(strstr(error.text, "encaps_port"), "%s", error.text);
	for (unsigned i = 0; i < WORKERS; i++)
		cr_expect(doors[i].peers == -1 && doors[i].strangers == -1);
	close(other);
}
