/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Socket options and ports of one-to-one SCTP sockets, as src/sctp/kernel_socket.c sets them.
 */
#include "sctp_pair.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct sctp_pair pair;

static int number(int fd, int level, int option)
{
	int value = -1;
	socklen_t size = sizeof value;

	cr_assert_eq(getsockopt(fd, level, option, &value, &size), 0);
	return value;
}

static bool subscribed(int fd, uint16_t type)
{
	struct sctp_event event = {.se_assoc_id = SCTP_FUTURE_ASSOC, .se_type = type};
	socklen_t size = sizeof event;

	cr_assert_eq(getsockopt(fd, IPPROTO_SCTP, SCTP_EVENT, &event, &size), 0);
	return event.se_on;
}

/* listener_input() of kernel.c sets nothing on what it accepts: all comes from the listener. */
Test(kernel_options, accepted_sockets_inherit_their_listeners)
{
	static const uint16_t wanted[] = {SCTP_ASSOC_CHANGE, SCTP_PEER_ADDR_CHANGE,
		SCTP_SEND_FAILED_EVENT, SCTP_SHUTDOWN_EVENT, SCTP_PARTIAL_DELIVERY_EVENT};
	struct sipring_sctp_config config = sctp_pair_config();
	struct sctp_initmsg init;
	struct sctp_sndinfo defaults = {0};
	socklen_t size;

	config.send_buffer = 300000;
	config.receive_buffer = 250000;
	config.streams_out = 7;
	config.streams_in_max = 6;
	sctp_pair_open(&pair, &config);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		cr_assert(subscribed(pair.far, wanted[i]), "event %#x", wanted[i]);
	cr_assert_not(subscribed(pair.far, SCTP_SENDER_DRY_EVENT));
	cr_assert_eq(number(pair.far, IPPROTO_SCTP, SCTP_NODELAY), 1);
	cr_assert_eq(number(pair.far, IPPROTO_SCTP, SCTP_RECVRCVINFO), 1);
	cr_assert_eq(number(pair.far, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE), 0);
	cr_assert_eq(number(pair.far, SOL_SOCKET, SO_SNDBUF),
		number(pair.listener, SOL_SOCKET, SO_SNDBUF));
	cr_assert_eq(number(pair.far, SOL_SOCKET, SO_SNDBUF), 600000);
	cr_assert_eq(number(pair.far, SOL_SOCKET, SO_RCVBUF), 500000);
	size = sizeof init;
	cr_assert_eq(getsockopt(pair.far, IPPROTO_SCTP, SCTP_INITMSG, &init, &size), 0);
	cr_assert_eq(init.sinit_num_ostreams, 7);
	cr_assert_eq(init.sinit_max_instreams, 6);
	size = sizeof defaults;
	cr_assert_eq(getsockopt(pair.far, IPPROTO_SCTP, SCTP_DEFAULT_SNDINFO, &defaults, &size), 0);
	cr_assert_eq(defaults.snd_flags, SCTP_UNORDERED);
	sctp_pair_close(&pair);
}

/* sipring_kernel_events_send leaves control out where the defaults do: they must hold there too. */
Test(kernel_options, default_sndinfo_holds_on_both_ends)
{
	struct sctp_piece piece;

	sctp_pair_open(&pair, NULL);
	cr_assert_eq(sctp_pair_send(pair.near, "x", 1, NULL, 0), 1);
	sctp_take_data(pair.far, &piece);
	cr_assert(piece.has_info);
	cr_assert(piece.info.rcv_flags & SCTP_UNORDERED);
	cr_assert_eq(sctp_pair_send(pair.far, "y", 1, NULL, 0), 1);
	sctp_take_data(pair.near, &piece);
	cr_assert(piece.has_info);
	cr_assert(piece.info.rcv_flags & SCTP_UNORDERED);
	sctp_pair_close(&pair);
}

/* kernel_connect with a listener's own address: calls leave from the port that is listened on. */
Test(kernel_options, a_listeners_port_can_be_connected_from)
{
	struct sipring_sctp_config config = sctp_pair_config();
	struct sipring_address_set local = {.n_addresses = 1};
	union sipring_address own, peers, seen = {0};
	socklen_t size = sizeof seen;
	int listener = sctp_pair_listen(&config, &own), far_listener, out, far, in, accepted;

	far_listener = sctp_pair_listen(&config, &peers);
	local.addresses[0] = own;
	out = sctp_pair_connect(&config, &peers, &local);
	far = accept4(far_listener, &seen.sa, &size, SOCK_CLOEXEC);
	cr_assert_geq(far, 0);
	cr_assert_eq(sipring_address_port(&seen), sipring_address_port(&own));
	/* The listener goes on. */
	in = sctp_pair_connect(&config, &own, NULL);
	accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(accepted, 0);
	cr_assert_eq(sctp_pair_send(in, "in", 2, NULL, 0), 2);
	cr_assert_eq(sctp_pair_send(out, "out", 3, NULL, 0), 3);
	close(in);
	close(accepted);
	close(out);
	close(far);
	close(listener);
	close(far_listener);
}

/* A worker's listener is one of several on a port; what comes is spread over them. */
Test(kernel_options, listeners_share_a_port)
{
	enum { N = 48 };
	struct sipring_sctp_config config = sctp_pair_config();
	struct sipring_address_set local = {.n_addresses = 1};
	union sipring_address address;
	int listeners[2], fds[N], n[2] = {0};

	listeners[0] = sctp_pair_listen(&config, &address);
	local.addresses[0] = address;
	listeners[1] = sipring_kernel_socket_open(&config, AF_INET, &local, NULL);
	cr_assert_geq(listeners[1], 0);
	cr_assert_eq(listen(listeners[1], N), 0);
	close(listeners[0]);
	listeners[0] = sipring_kernel_socket_open(&config, AF_INET, &local, NULL);
	cr_assert_geq(listeners[0], 0);
	cr_assert_eq(listen(listeners[0], N), 0);
	for (int i = 0; i < N; i++)
		fds[i] = sctp_pair_connect(&config, &address, NULL);
	for (int l = 0; l < 2; l++)
		while (sctp_polls(listeners[l], POLLIN, 200)) {
			close(accept4(listeners[l], NULL, NULL, SOCK_CLOEXEC));
			n[l]++;
		}
	cr_assert_eq(n[0] + n[1], N);
	cr_assert(n[0] > 0 && n[1] > 0, "%d and %d", n[0], n[1]);
	for (int i = 0; i < N; i++)
		close(fds[i]);
	close(listeners[0]);
	close(listeners[1]);
}

/* epoll_add on a listener: O_NONBLOCK keeps accept from waiting for a peer that is gone. */
Test(kernel_options, a_nonblocking_listener_accepts_until_eagain)
{
	struct sipring_sctp_config config = sctp_pair_config();
	struct epoll_event interest = {.events = EPOLLIN}, found;
	union sipring_address address;
	int listener = sctp_pair_listen(&config, &address), set = epoll_create1(EPOLL_CLOEXEC);
	int near, far;

	cr_assert_eq(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
	cr_assert_eq(epoll_ctl(set, EPOLL_CTL_ADD, listener, &interest), 0);
	cr_assert_eq(epoll_wait(set, &found, 1, 0), 0);
	near = sctp_pair_connect(&config, &address, NULL);
	cr_assert_eq(epoll_wait(set, &found, 1, SCTP_WAIT_MS), 1);
	far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(far, 0);
	cr_assert_not(fcntl(far, F_GETFL) & O_NONBLOCK, "accepted sockets stay blocking");
	cr_assert_eq(accept4(listener, NULL, NULL, SOCK_CLOEXEC), -1);
	cr_assert_eq(errno, EAGAIN);
	close(near);
	close(far);
	close(listener);
	close(set);
}

/* sipring_kernel_socket_connect: does not wait, and leaves the socket blocking. */
Test(kernel_options, connecting_does_not_wait)
{
	struct sipring_sctp_config config = sctp_pair_config();
	struct sctp_piece piece;
	union sipring_address address;
	int listener = sctp_pair_listen(&config, &address);
	int fd = sipring_kernel_socket_open(&config, AF_INET, NULL, NULL);

	cr_assert_eq(sipring_kernel_socket_connect(fd, &address, 1), 0);
	cr_assert_not(fcntl(fd, F_GETFL) & O_NONBLOCK);
	sctp_take_note(fd, &piece, SCTP_ASSOC_CHANGE);
	cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_COMM_UP);
	close(fd);
	close(listener);
}
