/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SCTP stack of libusrsctp, which a process has once. It runs without threads: packets go in
 * by input and come out by output, time passes in timers. Who opened the provider owns it until
 * close; a second open in between is refused. It may be put to bed only when no association of it
 * is left, so close tries for a while and otherwise leaves it as it is, for the next open.
 *
 * The stack knows a peer as one of a few wires and a port on it. Both are made up here, from the
 * peer's index: 65535 peers to a wire. So every look-up inside the stack is by a port that is
 * unlike all others, only the wires are registered with it, and the true port is put back in the
 * copy of a packet that leaves. No call from the stack goes any further up than this.
 */
#include "sctp/usrsctp_stack.h"

#include "base/crc32c.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define ALIASES 65535u /* ports on a wire, 1 to 65535 */
#define FINISH_STEPS 100
#define FINISH_STEP_MS 100

/* Enough for every index of a pool that handles can name, and the spare peers. */
#define WIRES 32

static struct {
	bool running; /* initialised, and not finished since */
	unsigned n_wires;
	struct sipring_usrsctp *owner;
	char wires[WIRES]; /* their addresses name them, nothing is kept in them */
} stack;

static int stack_output(void *wire, void *data, size_t size, uint8_t tos, uint8_t set_df)
{
	struct sipring_usrsctp *us = stack.owner;
	size_t at = (size_t)((char *)wire - stack.wires);
	struct sipring_usrsctp_peer *peer;
	uint16_t alias;

	(void)tos;
	(void)set_df;
	if (!us || size < SIPRING_USRSCTP_PACKET_HEADER)
		return 0;
	assert(at < WIRES);
	memcpy(&alias, (char *)data + 2, sizeof alias);
	alias = ntohs(alias);
	peer = alias ? sipring_usrsctp_peers_at(&us->peers, (uint32_t)at * ALIASES + alias - 1)
		     : NULL;
	if (peer)
		sipring_usrsctp_packets_send(&us->packets, &peer->address, peer->port, data, size);
	else
		us->base.counters.n_packets_unsent++;
	return 0;
}

void sipring_usrsctp_stack_name(struct sipring_usrsctp *us, const struct sipring_usrsctp_peer *peer,
	struct sockaddr_conn *name)
{
	uint32_t index = sipring_usrsctp_peers_index(&us->peers, peer);

	memset(name, 0, sizeof *name);
	name->sconn_family = AF_CONN;
	name->sconn_port = htons((uint16_t)(index % ALIASES + 1));
	name->sconn_addr = &stack.wires[index / ALIASES];
}

struct sipring_usrsctp_peer *sipring_usrsctp_stack_peer(struct sipring_usrsctp *us,
	const struct sockaddr_conn *name)
{
	size_t at = (size_t)((char *)name->sconn_addr - stack.wires);

	if (name->sconn_family != AF_CONN || at >= WIRES || !name->sconn_port)
		return NULL;
	return sipring_usrsctp_peers_at(&us->peers,
		(uint32_t)at * ALIASES + ntohs(name->sconn_port) - 1);
}

void sipring_usrsctp_stack_input(struct sipring_usrsctp *us, struct sipring_usrsctp_peer *peer,
	char *data, size_t size)
{
	struct sockaddr_conn name;

	sipring_usrsctp_stack_name(us, peer, &name);
	memcpy(data, &name.sconn_port, sizeof name.sconn_port);
	usrsctp_conninput(name.sconn_addr, data, size, 0);
}

void sipring_usrsctp_stack_timers(uint32_t elapsed_ms)
{
	usrsctp_handle_timers(elapsed_ms);
}

static void stack_set(void)
{
	/* Nothing in SIP needs these; what is off cannot be attacked, and INITs are shorter. */
	usrsctp_sysctl_set_sctp_ecn_enable(0);
	usrsctp_sysctl_set_sctp_auto_asconf(0);
	usrsctp_sysctl_set_sctp_asconf_enable(0);
	usrsctp_sysctl_set_sctp_auth_enable(0);
	usrsctp_sysctl_set_sctp_reconfig_enable(0);
	usrsctp_sysctl_set_sctp_nrsack_enable(0);
	usrsctp_sysctl_set_sctp_pktdrop_enable(0);
	/* The send buffer is bounded in bytes; a second bound in chunks has no way to say so. */
	usrsctp_sysctl_set_sctp_max_chunks_on_queue(UINT32_MAX);
}

int sipring_usrsctp_stack_open(struct sipring_usrsctp *us, struct sipring_error *error)
{
	unsigned n_wires = (us->peers.n_all + ALIASES - 1) / ALIASES;
	uint32_t n_hash = 1024;

	if (stack.owner)
		return sipring_error_set(error, -EBUSY,
			"the user-space SCTP stack is open already in this process, and there is "
			"only one: run each worker that uses it as a process of its own");
	if (n_wires > WIRES)
		return sipring_error_set(error, -EINVAL,
			"associations_max is more than user space can carry: at most %u",
			WIRES * ALIASES - SIPRING_USRSCTP_PEERS_SPARE);
	if (!stack.running) {
		while (n_hash < 16384 && n_hash < us->config->associations_max)
			n_hash *= 2;
		usrsctp_tunable_set_sctp_hashtblsize(n_hash);
		/* Per socket, and a socket has one association. */
		usrsctp_tunable_set_sctp_pcbtblsize(4);
		usrsctp_init_nothreads(0, stack_output, NULL);
		usrsctp_enable_crc32c_offload();
		stack_set();
		stack.running = true;
		stack.n_wires = 0;
	}
	while (stack.n_wires < n_wires)
		usrsctp_register_address(&stack.wires[stack.n_wires++]);
	stack.owner = us;
	return 0;
}

void sipring_usrsctp_stack_close(struct sipring_usrsctp *us)
{
	assert(stack.owner == us);
	(void)us;
	for (unsigned i = 0; i < FINISH_STEPS && stack.running; i++) {
		stack.running = usrsctp_finish() != 0;
		if (stack.running)
			usrsctp_handle_timers(FINISH_STEP_MS);
	}
	stack.owner = NULL;
}
