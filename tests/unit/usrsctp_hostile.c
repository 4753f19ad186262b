/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user-space provider in bad weather: peers that are not there, that die, that move, that come
 * in too great a number, and packets that nobody should have sent. Over loopback, on each io.
 */
#include "base/crc32c.h"
#include "usrsctp_side.h"

#include <arpa/inet.h>

static struct side side;
static struct side_peer peer;

static bool begin(const struct sipring_io_ops *io)
{
	struct sipring_io *probe;
	struct sipring_error error;

	side_defaults(&side);
	if (io->open(&probe, &side.io_config, &error) < 0) {
		cr_skip_test("no %s here: %s", io->name, error.text);
		return false;
	}
	io->close(probe);
	return true;
}

static void open_towards(const struct sipring_io_ops *io, uint16_t udp_port)
{
	side.config.encaps_peer_port = udp_port;
	cr_assert_eq(side_open(&side, io), 0, "%s", side.error.text);
}

static void finish(void)
{
	side_close(&side);
	if (peer.pid)
		side_stop(&peer);
}

#define BOTH(name)                                          \
	static void name(const struct sipring_io_ops *io);  \
	Test(usrsctp_hostile, name##_uring, .timeout = 400) \
	{                                                   \
		if (begin(&sipring_io_uring))               \
			name(&sipring_io_uring);            \
	}                                                   \
	Test(usrsctp_hostile, name##_epoll, .timeout = 400) \
	{                                                   \
		if (begin(&sipring_io_epoll))               \
			name(&sipring_io_epoll);            \
	}                                                   \
	static void name(const struct sipring_io_ops *io)

static void echoes(struct side_conn *conn, unsigned n)
{
	uint64_t before = conn->n_messages;
	char message[300] = {SIDE_ECHO};

	for (unsigned i = 0; i < n; i++) {
		side_send(conn, message, sizeof message, 0, true, 0);
		SIDE_UNTIL(&side, 5, conn->n_messages == before + i + 1);
	}
}

BOTH(gives_up_where_nobody_is)
{
	struct side_conn *nobody, *from_listener;
	struct sipring_address_set local = {.n_addresses = 1};
	uint64_t begun_ns = sipring_clock_ns();

	open_towards(io, 9); /* discard: nobody listens */
	local.addresses[0].v4.sin_family = AF_INET;
	sipring_address_set_port(&local.addresses[0], 5060);
	cr_assert_eq(side.sctp->ops->listen(side.sctp, &local, 0, &side.error), 0);
	nobody = side_connect(&side, "127.0.0.1:5060", NULL);
	from_listener = side_connect(&side, "127.0.0.1:5061", &local);
	SIDE_UNTIL(&side, 10, nobody->n_lost && from_listener->n_lost);
	cr_assert_eq(nobody->lost_result, -ETIMEDOUT);
	cr_assert_eq(from_listener->lost_result, -ETIMEDOUT);
	/* Three attempts each, at most 0.5 s apart. */
	cr_assert_lt(sipring_clock_ns() - begun_ns, 2500000000 * SIDE_PATIENCE);
	cr_assert_eq(side.sctp->counters.n_packets_out, 6);
	side.sctp->ops->abort(side.sctp, nobody->conn);
	side.sctp->ops->abort(side.sctp, from_listener->conn);
	SIDE_UNTIL(&side, 2, nobody->n_closed && from_listener->n_closed);
	/* Aborted while it still tries. */
	nobody = side_connect(&side, "127.0.0.1:5060", NULL);
	from_listener = side_connect(&side, "127.0.0.1:5061", &local);
	side_turn(&side, 10);
	side.sctp->ops->abort(side.sctp, nobody->conn);
	side.sctp->ops->shutdown(side.sctp, from_listener->conn);
	SIDE_UNTIL(&side, 2, nobody->n_closed && from_listener->n_lost);
	cr_assert_eq(nobody->n_lost, 0);
	finish();
}

BOTH(is_refused_where_nobody_listens)
{
	struct side_conn *conn;

	peer = side_start(&side, io);
	open_towards(io, peer.udp_port);
	conn = side_connect(&side, "127.0.0.1:5999", NULL);
	SIDE_UNTIL(&side, 2, conn->n_lost);
	cr_assert_eq(conn->lost_result, -ECONNREFUSED);
	finish();
}

BOTH(refuses_past_associations_max)
{
	struct side_conn *conns[8];
	unsigned n_up = 0, n_lost = 0;

	side.config.associations_max = 4;
	peer = side_start(&side, io);
	side.config.associations_max = 8;
	open_towards(io, peer.udp_port);
	for (unsigned i = 0; i < 8; i++)
		conns[i] = side_connect(&side, "127.0.0.1:5060", NULL);
	for (unsigned turn = 0; n_lost < 4; turn++) {
		n_lost = 0;
		side_turn(&side, 20);
		for (unsigned i = 0; i < 8; i++)
			n_lost += conns[i]->n_lost;
		cr_assert_lt(turn, 100000);
	}
	for (unsigned i = 0; i < 8; i++)
		SIDE_UNTIL(&side, 5, conns[i]->n_up);
	for (unsigned i = 0; i < 8; i++)
		n_up += !conns[i]->n_lost;
	cr_assert_eq(n_up, 4);
	for (unsigned i = 0; i < 8; i++) {
		if (conns[i]->n_lost)
			cr_assert_eq(conns[i]->lost_result, -ECONNRESET);
		else
			echoes(conns[i], 10);
	}
	finish();
}

/* The ring of one who was killed lets go of his port a little later than he ends. */
static void await_port(int32_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	for (unsigned i = 0; i < 500; i++) {
		int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		int r = bind(fd, (struct sockaddr *)&any, sizeof any);

		close(fd);
		if (r == 0)
			return;
		usleep(10000);
	}
}

/* A client on ports that are always the same: one echo, then it waits to be killed. */
static pid_t start_client(const struct sipring_io_ops *io, int *go)
{
	int pipes[2];
	pid_t pid;

	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (!pid) {
		struct sipring_address_set local = {.n_addresses = 1};
		struct side_conn *conn;
		uint16_t udp_port;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pipes[1]);
		if (read(pipes[0], &udp_port, sizeof udp_port) != sizeof udp_port)
			_exit(1);
		side.config.encaps_port = io == &sipring_io_uring ? 19871 : 19872;
		await_port(side.config.encaps_port);
		open_towards(io, udp_port);
		local.addresses[0].v4.sin_family = AF_INET;
		sipring_address_set_port(&local.addresses[0], 5070);
		cr_assert_eq(side.sctp->ops->listen(side.sctp, &local, 0, &side.error), 0);
		conn = side_connect(&side, "127.0.0.1:5060", &local);
		SIDE_UNTIL(&side, 5, conn->n_up);
		echoes(conn, 1);
		for (;;)
			side_turn(&side, 100);
	}
	close(pipes[0]);
	*go = pipes[1];
	return pid;
}

BOTH(knows_a_peer_that_died_and_came_again)
{
	struct sipring_address_set local = {.n_addresses = 1};
	struct side_conn *conn = &side.conns[0];
	int go[3];
	pid_t clients[3];
	uint16_t port;

	/* All before this process has a stack: a fork would take it along. */
	for (unsigned i = 0; i < 3; i++)
		clients[i] = start_client(io, &go[i]);
	side.server = true;
	open_towards(io, 0);
	port = sipring_usrsctp_port(side.sctp);
	local.addresses[0].v6.sin6_family = AF_INET6;
	sipring_address_set_port(&local.addresses[0], 5060);
	cr_assert_eq(side.sctp->ops->listen(side.sctp, &local, 0, &side.error), 0);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(write(go[i], &port, sizeof port), sizeof port);
		SIDE_UNTIL(&side, 10, conn->n_messages == i + 1 && !conn->first);
		cr_assert_eq(conn->n_restarted, i);
		kill(clients[i], SIGKILL);
		waitpid(clients[i], NULL, 0);
	}
	cr_assert_eq(side.n_conns, 1);
	cr_assert_eq(conn->n_accepted, 1);
	cr_assert_eq(conn->n_up, 1);
	finish();
}

static volatile sig_atomic_t relay_moved;

static void move_relay(int signal)
{
	(void)signal;
	relay_moved = 1;
}

/* Stands between client and server as a translator does; SIGUSR1: another port from here on. */
static pid_t start_relay(uint16_t server, uint16_t *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server)};
	struct sockaddr_in here = {.sin_family = AF_INET}, client = {0};
	socklen_t size = sizeof here;
	int inside = socket(AF_INET, SOCK_DGRAM, 0);
	pid_t pid;

	to.sin_addr.s_addr = here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(inside, (struct sockaddr *)&here, sizeof here), 0);
	cr_assert_eq(getsockname(inside, (struct sockaddr *)&here, &size), 0);
	*port = ntohs(here.sin_port);
	pid = fork();
	if (pid)
		return pid;
	int outside = socket(AF_INET, SOCK_DGRAM, 0);
	struct timeval soon = {.tv_usec = 1000};
	char packet[65536];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGUSR1, move_relay);
	setsockopt(inside, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
	for (;;) {
		ssize_t n = recvfrom(inside, packet, sizeof packet, 0, (struct sockaddr *)&client,
			&size);

		if (relay_moved) {
			relay_moved = 0;
			close(outside);
			outside = socket(AF_INET, SOCK_DGRAM, 0);
		}
		if (n > 0)
			sendto(outside, packet, (size_t)n, 0, (struct sockaddr *)&to, sizeof to);
		n = recv(outside, packet, sizeof packet, MSG_DONTWAIT);
		if (n > 0)
			sendto(inside, packet, (size_t)n, 0, (struct sockaddr *)&client, size);
	}
}

BOTH(follows_a_peer_to_another_port)
{
	struct side_peer relay;
	struct side_conn *conn;
	uint16_t port;

	peer = side_start(&side, io);
	relay.pid = start_relay(peer.udp_port, &port);
	open_towards(io, port);
	conn = side_connect(&side, "127.0.0.1:5060", NULL);
	SIDE_UNTIL(&side, 5, conn->n_up);
	echoes(conn, 5);
	for (unsigned i = 0; i < 5; i++) {
		kill(relay.pid, SIGUSR1);
		usleep(5000);
		echoes(conn, 5);
	}
	cr_assert_eq(conn->n_lost, 0);
	finish();
	side_stop(&relay);
}

static void send_from_new_port(uint16_t to_port, const void *packet, size_t size)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(to_port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sendto(fd, packet, size, 0, (struct sockaddr *)&to, sizeof to);
	close(fd);
}

static size_t make_init(unsigned char packet[64], uint16_t from, uint16_t to)
{
	static const unsigned char chunk[20] = {1, 0, 0, 20, 1, 2, 3, 4, 0, 1, 0, 0, 0, 10, 0, 10,
		9};
	uint32_t sum;

	memset(packet, 0, 64);
	from = htons(from);
	to = htons(to);
	memcpy(packet, &from, 2);
	memcpy(packet + 2, &to, 2);
	memcpy(packet + 12, chunk, sizeof chunk);
	sum = sipring_crc32c_packet(packet, 32);
	memcpy(packet + 8, &sum, 4);
	return 32;
}

static uint32_t random_word(void)
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

BOTH(survives_garbage_and_floods)
{
	unsigned char packet[1500];
	struct side_conn *conn, *late;
	uint64_t n_bad;
	uint32_t sum;

	peer = side_start(&side, io);
	open_towards(io, peer.udp_port);
	conn = side_connect(&side, "127.0.0.1:5060", NULL);
	SIDE_UNTIL(&side, 5, conn->n_up);
	/* Anything at all: at us, who count it, and at the peer, who has to go on answering. */
	for (unsigned i = 0; i < 2000; i++) {
		size_t size = random_word() % sizeof packet;

		for (size_t at = 0; at < size; at++)
			packet[at] = (unsigned char)random_word();
		send_from_new_port(i % 2 ? peer.udp_port : sipring_usrsctp_port(side.sctp), packet,
			size);
		if (i % 100 == 0)
			echoes(conn, 1);
	}
	SIDE_UNTIL(&side, 5, side.sctp->counters.n_packets_bad == 1000);
	n_bad = side.sctp->counters.n_packets_bad;
	/* A right checksum over chunks that are not. */
	for (unsigned i = 0; i < 4000; i++) {
		size_t size = 16 + random_word() % 200;

		for (size_t at = 0; at < size; at++)
			packet[at] = (unsigned char)random_word();
		make_init(packet, (uint16_t)random_word(), 5060);
		packet[12] = (unsigned char)(i % 16);
		packet[15] = (unsigned char)random_word();
		if (i % 3)
			memcpy(packet + 4, &(uint32_t){random_word()}, 4);
		memset(packet + 8, 0, 4);
		sum = sipring_crc32c_packet(packet, size);
		memcpy(packet + 8, &sum, 4);
		send_from_new_port(i % 2 ? peer.udp_port : sipring_usrsctp_port(side.sctp), packet,
			size);
		if (i % 100 == 0)
			echoes(conn, 1);
	}
	/* Who only sends INITs is forgotten; who was there before or comes later is not. */
	for (unsigned i = 0; i < 40000; i++) {
		size_t size = make_init(packet, (uint16_t)(1 + i), 5060);

		send_from_new_port(peer.udp_port, packet, size);
		if (i % 1000 == 0)
			echoes(conn, 1);
	}
	echoes(conn, 20);
	late = side_connect(&side, "127.0.0.1:5060", NULL);
	SIDE_UNTIL(&side, 10, late->n_up);
	echoes(late, 20);
	cr_assert_eq(side.sctp->counters.n_packets_bad, n_bad);
	cr_assert_eq(conn->n_lost, 0);
	finish();
}

/* More INITs than a queue holds come before what the peer says: they fill their own queue. */
BOTH(a_flood_of_strangers_crowds_out_no_peer)
{
	struct sockaddr_in here = {.sin_family = AF_INET};
	char order[300] = {SIDE_SLEEP};
	unsigned char packet[64];
	struct side_conn *conn;
	uint64_t n_before, n_in;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	peer = side_start(&side, io);
	open_towards(io, peer.udp_port);
	conn = side_connect(&side, "127.0.0.1:5060", NULL);
	SIDE_UNTIL(&side, 5, conn->n_up);
	echoes(conn, 3);
	here.sin_port = htons(sipring_usrsctp_port(side.sctp));
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(connect(fd, (struct sockaddr *)&here, sizeof here), 0);
	n_before = conn->n_messages;
	side_send(conn, order, sizeof order, 0, true, 0);
	order[0] = SIDE_ECHO;
	side_send(conn, order, sizeof order, 0, true, 0);
	side_turn(&side, 0);
	side_turn(&side, 0);
	for (unsigned i = 0; i < 20000; i++) {
		size_t size = make_init(packet, (uint16_t)(1 + i), 5060);

		cr_assert_eq(send(fd, packet, size, 0), size);
	}
	usleep(1500000); /* it has answered by now */
	n_in = side.sctp->counters.n_packets_in;
	SIDE_UNTIL(&side, 10, conn->n_messages == n_before + 1);
	cr_assert_lt(side.sctp->counters.n_packets_in - n_in, 100);
	close(fd);
	finish();
}

BOTH(names_the_setting_when_the_port_is_taken)
{
	struct sockaddr_in here = {.sin_family = AF_INET};
	socklen_t size = sizeof here;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char port[8];

	cr_assert_eq(bind(fd, (struct sockaddr *)&here, sizeof here), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&here, &size), 0);
	side.config.encaps_port = ntohs(here.sin_port);
	cr_assert_eq(side_open(&side, io), -EADDRINUSE);
	snprintf(port, sizeof port, "%d", (int)side.config.encaps_port);
	cr_assert_neq(strstr(side.error.text, port), NULL);
	cr_assert_neq(strstr(side.error.text, "encaps_port"), NULL);
	side.config.encaps_port = 65536;
	cr_assert_eq(side_open(&side, io), -EINVAL);
	close(fd);
}

static void goes_raw(const struct sipring_io_ops *io, const char *address)
{
	struct side_conn *conn, *second;

	conn = side_connect(&side, address, NULL);
	SIDE_UNTIL(&side, 5, conn->n_up);
	echoes(conn, 200);
	second = side_connect(&side, address, NULL);
	SIDE_UNTIL(&side, 5, second->n_up);
	echoes(second, 20);
	side.sctp->ops->shutdown(side.sctp, conn->conn);
	SIDE_UNTIL(&side, 5, conn->n_lost);
	cr_assert_eq(conn->lost_result, 0);
	cr_assert_eq(side.sctp->counters.n_packets_bad, 0, "%s", io->name);
}

/* One test for both io's: raw sockets hear what others send. */
Test(usrsctp_hostile, goes_over_raw_ip, .timeout = 240)
{
	const struct sipring_io_ops *ios[] = {&sipring_io_uring, &sipring_io_epoll};

	for (unsigned i = 0; i < 2; i++) {
		if (!begin(ios[i]))
			continue;
		side.config.encapsulation = SIPRING_SCTP_ENCAPSULATION_RAW;
		int r = side_open(&side, ios[i]);

		if (r == -EPERM || r == -EACCES || r == -EBUSY) {
			cr_assert_neq(strlen(side.error.text), 0);
			cr_skip_test("no raw SCTP here: %s", side.error.text);
		}
		cr_assert_eq(r, 0, "%s", side.error.text);
		side_close(&side);
		peer = side_start(&side, ios[i]);
		open_towards(ios[i], 0);
		goes_raw(ios[i], "127.0.0.1:5060");
		goes_raw(ios[i], "[::1]:5061");
		finish();
		side.n_conns = 0;
		memset(side.conns, 0, sizeof side.conns);
	}
}
