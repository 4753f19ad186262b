/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSG_MORE on SCTP: what it gains (several messages in a packet), its trap (a message that nothing
 * follows is held), and the ways out of the trap that sipring takes.
 */
#include "sctp_pair.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct sctp_pair pair;
static char bytes[1000];

static void check_held(void)
{
	cr_assert_not(sctp_polls(pair.far, POLLIN, 1000), "it was not held at all");
}

static void hold(void)
{
	sctp_pair_open(&pair, NULL);
	cr_assert_eq(sctp_pair_send(pair.near, "held", 4, NULL, MSG_MORE), 4);
	check_held();
}

static void check_arrives(const char *text)
{
	struct sctp_piece piece;

	sctp_take_data(pair.far, &piece);
	cr_assert_eq((size_t)piece.size, strlen(text));
	cr_assert_eq(memcmp(piece.bytes, text, strlen(text)), 0);
}

/* src/assoc/queue.c never marks the last of a batch: this is why. */
Test(kernel_more, a_message_that_nothing_follows_is_held)
{
	hold();
	sctp_pair_close(&pair);
}

Test(kernel_more, a_later_send_without_the_mark_lets_it_go)
{
	hold();
	cr_assert_eq(sctp_pair_send(pair.near, "last", 4, NULL, 0), 4);
	check_arrives("held");
	check_arrives("last");
	sctp_pair_close(&pair);
}

/* The trap's other half: a last send that fails lets nothing go. */
Test(kernel_more, a_later_send_that_fails_does_not)
{
	static char huge[4 << 20];

	hold();
	cr_assert_eq(sctp_pair_send(pair.near, huge, sizeof huge, NULL, 0), -EMSGSIZE);
	check_held();
	sctp_pair_close(&pair);
}

/* sipring_kernel_socket_release_held: the data ride with a heartbeat that was asked for. */
Test(kernel_more, our_release_lets_it_go)
{
	for (int i = 0; i < 3; i++) {
		hold();
		sipring_kernel_socket_release_held(pair.near);
		check_arrives("held");
		sctp_pair_close(&pair);
	}
}

/* Also where more is held than one packet or one window takes. */
Test(kernel_more, our_release_lets_all_of_many_go)
{
	struct sctp_piece piece;
	unsigned n = 0;
	ssize_t r;

	sctp_pair_open(&pair, NULL);
	while (n < 32 && (r = sctp_pair_send(pair.near, bytes, 500, NULL, MSG_MORE)) > 0)
		n++;
	cr_assert_eq(n, 32); /* the longest run that src/assoc/queue.c makes */
	check_held();
	sipring_kernel_socket_release_held(pair.near);
	for (unsigned i = 0; i < n; i++) {
		sctp_take_data(pair.far, &piece);
		cr_assert_eq(piece.size, 500);
	}
	sctp_pair_close(&pair);
}

/* Toggling SCTP_NODELAY, which flushes what TCP holds, is no way out: hence the heartbeat. */
Test(kernel_more, setting_nodelay_again_does_not)
{
	int off = 0, on = 1;

	hold();
	cr_assert_eq(setsockopt(pair.near, IPPROTO_SCTP, SCTP_NODELAY, &off, sizeof off), 0);
	cr_assert_eq(setsockopt(pair.near, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on), 0);
	check_held();
	sctp_pair_close(&pair);
}

/* shutdown of the provider needs no release before it. */
Test(kernel_more, a_shutdown_lets_it_go)
{
	hold();
	cr_assert_eq(shutdown(pair.near, SHUT_WR), 0);
	check_arrives("held");
	sctp_pair_close(&pair);
}

static unsigned long n_packets_out(void)
{
	FILE *file = fopen("/proc/net/sctp/snmp", "re");
	unsigned long n = 0;
	char name[64];
	unsigned long value;

	cr_assert_not_null(file);
	while (fscanf(file, "%63s %lu", name, &value) == 2)
		if (!strcmp(name, "SctpOutSCTPPacks"))
			n = value;
	fclose(file);
	cr_assert_gt(n, 0);
	return n;
}

static unsigned long packets_for(int flag)
{
	enum { N = 20 };
	struct sctp_piece piece;
	unsigned long before;

	sctp_pair_open(&pair, NULL);
	usleep(300000);
	before = n_packets_out();
	for (unsigned i = 0; i < N; i++)
		cr_assert_eq(sctp_pair_send(pair.near, bytes, 50, NULL, i + 1 < N ? flag : 0), 50);
	for (unsigned i = 0; i < N; i++) {
		sctp_take_data(pair.far, &piece);
		cr_assert_eq(piece.size, 50);
	}
	before = n_packets_out() - before;
	sctp_pair_close(&pair);
	return before;
}

/*
 * The gain that all this is for: a batch in few packets, their acknowledgements included. On a slow
 * machine others come between, a heartbeat or a late SACK: then it is tried again.
 */
Test(kernel_more, a_batch_shares_packets)
{
	unsigned long plain = packets_for(0), bundled = packets_for(MSG_MORE);

	for (unsigned i = 0; i < 2 && bundled > 5; i++)
		bundled = packets_for(MSG_MORE);
	cr_assert_geq(plain, 20);
	cr_assert_leq(bundled, 5, "%lu packets, %lu without the mark", bundled, plain);
}
