/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The knobs of operators, read back from listener, accepted and connected sockets: what
 * src/sctp/kernel_options.c sets before bind or connect holds for the association on both ends.
 * None of the values is a default of any kernel.
 */
#include "sctp_pair.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct sctp_pair pair;

static struct sipring_sctp_config tuned(void)
{
	struct sipring_sctp_config config = sctp_pair_config();

	config.knobs = (struct sipring_sctp_knobs){
		.rto_initial_ms = 1700,
		.rto_min_ms = 300,
		.rto_max_ms = 4000,
		.association_retransmissions = 3,
		.path_retransmissions = 2,
		.heartbeat_ms = 7000,
		.sack_delay_ms = 120,
		.sack_packets = 3,
		.burst = 9,
		.lifetime_ms = 2500,
		.tos = 184,
		.nagle = true,
		.auth = SIPRING_SCTP_ON,
		.asconf = SIPRING_SCTP_ON,
	};
	return config;
}

static void get(int fd, int option, void *value, size_t wanted)
{
	socklen_t size = (socklen_t)wanted;

	cr_assert_eq(getsockopt(fd, IPPROTO_SCTP, option, value, &size), 0, "option %d: %s", option,
		strerror(errno));
}

static void holds(const char *end, int fd)
{
	struct sctp_rtoinfo rto = {0};
	struct sctp_assocparams association = {0};
	struct sctp_paddrparams path = {0};
	struct sctp_sack_info sack = {0};
	struct sctp_assoc_value burst = {0}, auth = {0}, asconf = {0};
	struct sctp_default_prinfo lifetime = {0};
	int nodelay = -1;

	get(fd, SCTP_RTOINFO, &rto, sizeof rto);
	cr_expect_eq(rto.srto_initial, 1700, "%s: %u", end, rto.srto_initial);
	cr_expect_eq(rto.srto_min, 300, "%s: %u", end, rto.srto_min);
	cr_expect_eq(rto.srto_max, 4000, "%s: %u", end, rto.srto_max);
	get(fd, SCTP_ASSOCINFO, &association, sizeof association);
	cr_expect_eq(association.sasoc_asocmaxrxt, 3, "%s: %u", end, association.sasoc_asocmaxrxt);
	get(fd, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
	cr_expect_eq(path.spp_pathmaxrxt, 2, "%s: %u", end, path.spp_pathmaxrxt);
	cr_expect_eq(path.spp_hbinterval, 7000, "%s: %u", end, path.spp_hbinterval);
	cr_expect_eq(path.spp_dscp, 184, "%s: %u", end, path.spp_dscp);
	get(fd, SCTP_DELAYED_SACK, &sack, sizeof sack);
	cr_expect_eq(sack.sack_delay, 120, "%s: %u", end, sack.sack_delay);
	cr_expect_eq(sack.sack_freq, 3, "%s: %u", end, sack.sack_freq);
	get(fd, SCTP_MAX_BURST, &burst, sizeof burst);
	cr_expect_eq(burst.assoc_value, 9, "%s: %u", end, burst.assoc_value);
	get(fd, SCTP_DEFAULT_PRINFO, &lifetime, sizeof lifetime);
	cr_expect_eq(lifetime.pr_value, 2500, "%s: %u", end, lifetime.pr_value);
	cr_expect_eq(lifetime.pr_policy, SCTP_PR_SCTP_TTL, "%s: %#x", end, lifetime.pr_policy);
	get(fd, SCTP_AUTH_SUPPORTED, &auth, sizeof auth);
	cr_expect_eq(auth.assoc_value, 1, "%s: auth", end);
	get(fd, SCTP_ASCONF_SUPPORTED, &asconf, sizeof asconf);
	cr_expect_eq(asconf.assoc_value, 1, "%s: asconf", end);
	get(fd, SCTP_NODELAY, &nodelay, sizeof nodelay);
	cr_expect_eq(nodelay, 0, "%s: nodelay", end);
}

Test(kernel_knobs, hold_on_listener_and_on_both_ends)
{
	struct sipring_sctp_config config = tuned();

	sctp_pair_open(&pair, &config);
	holds("listener", pair.listener);
	holds("accepted", pair.far);
	holds("connected", pair.near);
	sctp_pair_close(&pair);
}

/* A path has its own copy of them, which is the one that counts. */
Test(kernel_knobs, hold_for_the_path_itself)
{
	struct sipring_sctp_config config = tuned();
	int ends[2];

	sctp_pair_open(&pair, &config);
	ends[0] = pair.near;
	ends[1] = pair.far;
	for (int i = 0; i < 2; i++) {
		struct sctp_paddrparams path = {0};
		socklen_t size = sizeof path.spp_address;

		cr_assert_eq(getpeername(ends[i], (struct sockaddr *)&path.spp_address, &size), 0);
		get(ends[i], SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
		cr_expect_eq(path.spp_pathmaxrxt, 2);
		cr_expect_eq(path.spp_hbinterval, 7000);
		cr_expect_eq(path.spp_dscp, 184);
		cr_expect_eq(path.spp_sackdelay, 120);
	}
	sctp_pair_close(&pair);
}

Test(kernel_knobs, heartbeats_can_be_off)
{
	struct sipring_sctp_config config = sctp_pair_config();
	struct sctp_paddrparams path = {0};

	config.knobs.heartbeat_ms = -1;
	sctp_pair_open(&pair, &config);
	get(pair.far, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
	cr_expect(path.spp_flags & SPP_HB_DISABLE);
	cr_expect_not(path.spp_flags & SPP_HB_ENABLE);
	sctp_pair_close(&pair);
}

Test(kernel_knobs, an_rto_that_is_upside_down_is_refused_with_the_systems)
{
	struct sipring_sctp_config config = sctp_pair_config();
	struct sipring_error error = {0};

	config.knobs.rto_max_ms = 500; /* below each kernel's initial value */
	cr_expect_eq(sipring_kernel_options_check(&config, &error), -EINVAL);
	cr_expect(strstr(error.text, ", 500"), "%s", error.text);
}

Test(kernel_knobs, freebind_listens_on_what_is_not_there_yet)
{
	struct sipring_sctp_config config = sctp_pair_config();
	struct sipring_address_set local = {.n_addresses = 1};
	struct sipring_error error = {0};
	int fd;

	local.addresses[0].v4 = (struct sockaddr_in){.sin_family = AF_INET};
	cr_assert_eq(inet_pton(AF_INET, "192.0.2.77", &local.addresses[0].v4.sin_addr), 1);
	cr_expect_eq(sipring_kernel_socket_open(&config, AF_INET, &local, &error), -EADDRNOTAVAIL);
	config.knobs.freebind = true;
	cr_expect_eq(sipring_kernel_socket_claim(&config, &local, &error), 0, "%s", error.text);
	fd = sipring_kernel_socket_open(&config, AF_INET, &local, &error);
	cr_assert_geq(fd, 0, "%s", error.text);
	cr_expect_eq(listen(fd, 1), 0);
	close(fd);
}

static void keep_line(void *user, int level, const char *line)
{
	(void)level;
	strncat(user, line, 1000);
}

Test(kernel_knobs, what_the_kernel_gave_for_buffers_is_told)
{
	char told[4096] = "";
	struct sipring_log log = {keep_line, told};
	struct sipring_sctp_config config = sctp_pair_config();

	config.log = &log;
	config.send_buffer = 3000000;
	config.receive_buffer = 2000000;
	cr_expect_eq(sipring_kernel_options_check(&config, NULL), 0);
	cr_expect(strstr(told, "so_sndbuf: the kernel gave 3000000"), "%s", told);
	cr_expect(strstr(told, "so_rcvbuf: the kernel gave 2000000"), "%s", told);
}

Test(kernel_knobs, encapsulation_needs_a_port_of_the_kernels_own)
{
	struct sipring_sctp_config config = sctp_pair_config();
	struct sipring_error error = {0};

	config.encapsulation = SIPRING_SCTP_ENCAPSULATION_UDP;
	config.encaps_peer_port = 9899;
	cr_expect_eq(sipring_kernel_options_check(&config, &error), -EOPNOTSUPP);
	cr_expect(strstr(error.text, "net.sctp.udp_port"), "%s", error.text);
}
