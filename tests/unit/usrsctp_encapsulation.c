/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that workers share in user space: a packet comes to the one that the engine picks for its
 * sender, over IPv4 and IPv6 alike, and nobody else's port is taken.
 */
#include "sctp/usrsctp_encapsulation.h"
#include "sctp/usrsctp.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define WORKERS 5
#define MULTIPLIER 0x9e3779b1u

static struct sipring_error error;
static int fds[WORKERS];

static void open_shared(int32_t port)
{
	struct sipring_sctp_config config = {.encaps_port = port};

	for (unsigned i = 0; i < WORKERS; i++)
		fds[i] = -1;
	cr_assert_eq(sipring_usrsctp_share(&config, WORKERS, MULTIPLIER, fds, &error), 0, "%s",
		error.text);
}

static void close_shared(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		close(fds[i]);
}

/* The one that has something to read. */
static unsigned wait_for_one(void)
{
	struct pollfd ready[WORKERS];
	unsigned which = WORKERS;
	char packet[64];

	for (unsigned i = 0; i < WORKERS; i++)
		ready[i] = (struct pollfd){fds[i], POLLIN, 0};
	cr_assert_eq(poll(ready, WORKERS, 5000), 1);
	for (unsigned i = 0; i < WORKERS; i++)
		if (ready[i].revents)
			which = i;
	cr_assert_eq(recv(fds[which], packet, sizeof packet, 0), 12);
	return which;
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
	sipring_address_set_port(&to, sipring_usrsctp_encapsulation_port(fds[0], &is_mapped));
	fd = socket(peer.sa.sa_family, SOCK_DGRAM, 0);
	cr_assert_eq(bind(fd, &peer.sa, sipring_address_size(&peer)), 0);
	cr_assert_eq(connect(fd, &to.sa, sipring_address_size(&to)), 0);
	for (uint16_t port = 1000; port < 1200; port++) {
		uint16_t packet[6] = {htons(port), htons(5060)};
		unsigned picked;

		sipring_address_set_port(&peer, port);
		picked = sipring_sctp_pick(&peer, WORKERS, MULTIPLIER);
		cr_assert_eq(send(fd, packet, sizeof packet, 0), 12);
		cr_assert_eq(wait_for_one(), picked, "%s port %u", loopback, port);
		n_seen[picked]++;
	}
	for (unsigned i = 0; i < WORKERS; i++)
		cr_expect_gt(n_seen[i], 0, "nobody is picked for worker %u", i);
	close(fd);
}

Test(usrsctp_encapsulation, a_packet_comes_to_the_worker_picked_for_its_sender)
{
	open_shared(0);
	check_family("127.0.0.1");
	check_family("127.0.0.9");
	close_shared();
}

Test(usrsctp_encapsulation, over_ipv6_too)
{
	bool is_mapped;

	open_shared(0);
	(void)sipring_usrsctp_encapsulation_port(fds[0], &is_mapped);
	if (!is_mapped)
		cr_skip_test("this machine has no IPv6");
	check_family("::1");
	close_shared();
}

Test(usrsctp_encapsulation, a_taken_port_is_an_error_that_names_it)
{
	struct sipring_sctp_config config = {0};
	int other = sipring_usrsctp_encapsulation_open(0, false, &error);
	bool is_mapped;

	cr_assert_geq(other, 0);
	config.encaps_port = sipring_usrsctp_encapsulation_port(other, &is_mapped);
	for (unsigned i = 0; i < WORKERS; i++)
		fds[i] = -1;
	cr_expect_eq(sipring_usrsctp_share(&config, WORKERS, MULTIPLIER, fds, &error), -EADDRINUSE);
	cr_expect(strstr(error.text, "encaps_port"), "%s", error.text);
	for (unsigned i = 0; i < WORKERS; i++)
		cr_expect_eq(fds[i], -1);
	close(other);
}
