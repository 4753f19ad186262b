/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers whose associations wait to be accepted, by either of two workers, while both send to them:
 * each message goes over the association that its peer began, whichever worker comes to have it.
 * The kernel's provider; the peers are plain sockets.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sipring/sipring.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PEERS = 16, EACH = 4 };

static struct {
	struct sipring *sipring;
	struct sipring_worker *workers[2];
	union sipring_address address;
	unsigned n_outcomes[PEERS * EACH], n_sent;
} here;

static void on_message(void *user, char *buffer, size_t size, struct sipring_message *message,
	const struct sipring_receive_info *info)
{
	(void)user, (void)buffer, (void)size, (void)message, (void)info;
}

static void on_outcome(void *user, uint32_t cookie, enum sipring_outcome outcome, int error)
{
	(void)user;
	cr_assert_eq(outcome, SIPRING_OUTCOME_SENT, "%u: %d, %d", cookie, outcome, error);
	here.n_outcomes[cookie - 1]++;
	here.n_sent++;
}

static void open_workers(uint16_t port)
{
	const char *const pairs[][2] = {{"provider", "kernel"}, {"io", CONTRACT_IO},
		{"workers", "2"}, {"associations_max", "64"}};
	struct sipring_callbacks callbacks = {.dispatch = on_message, .outcome = on_outcome};
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error = {0};
	char listener[64];

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		cr_assert_eq(sipring_config_set(config, pairs[i][0], pairs[i][1], &error), 0);
	snprintf(listener, sizeof listener, "sctp:127.0.0.1:%u", port);
	cr_assert_eq(sipring_config_listen(config, listener, &error), 0);
	cr_assert_eq(sipring_open(&here.sipring, config, &error), 0, "%s", error.text);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(
			sipring_worker_open(&here.workers[i], here.sipring, &callbacks, &error), 0,
			"%s", error.text);
	sipring_config_free(config);
	here.address.v4 = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A peer that has connected; its own address in *own. */
static int begin(union sipring_address *own)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
	socklen_t size = sizeof *own;

	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, &here.address.sa, sizeof here.address.v4), 0, "%s",
		strerror(errno));
	memset(own, 0, sizeof *own);
	cr_assert_eq(getsockname(fd, &own->sa, &size), 0);
	own->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd;
}

static void turn_until(unsigned n_sent)
{
	time_t end = time(NULL) + 20;

	while (here.n_sent < n_sent) {
		cr_assert_lt(time(NULL), end, "%u of %u", here.n_sent, n_sent);
		for (int i = 0; i < 2; i++)
			sipring_worker_turn(here.workers[i], 2000000);
	}
}

static unsigned count_messages(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};
	char bytes[512];
	unsigned n = 0;

	while (poll(&one, 1, 200) == 1 && recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		n++;
	return n;
}

Test(await, what_waits_in_the_accept_queue_of_either_worker_is_the_one)
{
	struct sipring_stats stats[2];
	union sipring_address peers[PEERS];
	int fds[PEERS];

	open_workers((uint16_t)(20000 + getpid() % 20000));
	for (int i = 0; i < PEERS; i++)
		fds[i] = begin(&peers[i]);
	for (unsigned i = 0; i < PEERS * EACH; i++)
		cr_assert_eq(sipring_send(here.workers[i % 2],
				     &(struct sipring_send){.data = "a message",
					     .size = 9,
					     .to = &peers[i / EACH],
					     .cookie = i + 1}),
			0);
	turn_until(PEERS * EACH);
	for (int i = 0; i < PEERS * EACH; i++)
		cr_expect_eq(here.n_outcomes[i], 1);
	for (int i = 0; i < PEERS; i++)
		cr_expect_eq(count_messages(fds[i]), EACH, "peer %d", i);
	for (int i = 0; i < 2; i++)
		sipring_worker_stats(here.workers[i], &stats[i]);
	cr_expect_eq(stats[0].associations + stats[1].associations, PEERS);
	cr_expect_eq(stats[0].associations_up + stats[1].associations_up, PEERS);
	cr_expect_gt(stats[0].awaited + stats[1].awaited, 0);
	for (int i = 0; i < 2; i++)
		sipring_worker_close(here.workers[i]);
	sipring_close(here.sipring);
}
