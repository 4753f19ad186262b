/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of peers: who is remembered, who is forgotten to make room, and who never is because
 * an association holds him; in a table of four.
 */
#include "sctp/usrsctp_peers.h"

#include <criterion/criterion.h>
#include <string.h>

static struct sipring_usrsctp_peers peers;

static void open_peers(void)
{
	cr_assert_eq(sipring_usrsctp_peers_open(&peers, 4), 0);
}

static void close_peers(void)
{
	sipring_usrsctp_peers_close(&peers);
	sipring_usrsctp_peers_close(&peers);
}

TestSuite(usrsctp_peers, .init = open_peers, .fini = close_peers);

static union sipring_address address(uint16_t port)
{
	union sipring_address made = {.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};

	made.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return made;
}

static struct sipring_usrsctp_peer *meet(uint16_t udp, uint16_t sctp)
{
	union sipring_address a = address(udp);

	return sipring_usrsctp_peers_meet(&peers, &a, sctp);
}

static struct sipring_usrsctp_peer *find(uint16_t udp, uint16_t sctp)
{
	union sipring_address a = address(udp);

	return sipring_usrsctp_peers_find(&peers, &a, sctp);
}

Test(usrsctp_peers, knows_a_pair_again)
{
	struct sipring_usrsctp_peer *one = meet(1, 5060);

	cr_assert_neq(one, NULL);
	cr_assert_eq(meet(1, 5060), one);
	cr_assert_eq(find(1, 5060), one);
	cr_assert_neq(meet(1, 5061), one);
	cr_assert_neq(meet(2, 5060), one);
	cr_assert_eq(find(2, 5061), NULL);
	cr_assert_eq(sipring_usrsctp_peers_at(&peers, sipring_usrsctp_peers_index(&peers, one)),
		one);
	cr_assert_eq(sipring_usrsctp_peers_at(&peers, 3), NULL);
	cr_assert_eq(sipring_usrsctp_peers_at(&peers, 4), NULL);
}

Test(usrsctp_peers, forgets_who_was_met_longest_ago)
{
	struct sipring_usrsctp_peer *first = meet(1, 1);

	meet(2, 1);
	meet(3, 1);
	meet(4, 1);
	meet(1, 1);
	meet(5, 1);
	cr_assert_eq(find(1, 1), first);
	cr_assert_eq(find(2, 1), NULL);
	cr_assert_neq(find(3, 1), NULL);
}

Test(usrsctp_peers, never_forgets_who_is_held)
{
	struct sipring_usrsctp_peer *held = meet(1, 1);

	sipring_usrsctp_peers_hold(&peers, held);
	sipring_usrsctp_peers_hold(&peers, held);
	for (uint16_t port = 2; port < 5000; port++)
		cr_assert_neq(meet(port, 1), NULL);
	cr_assert_eq(find(1, 1), held);
	sipring_usrsctp_peers_release(&peers, held);
	for (uint16_t port = 2; port < 100; port++)
		meet(port, 1);
	cr_assert_eq(find(1, 1), held);
	sipring_usrsctp_peers_release(&peers, held);
	for (uint16_t port = 2; port < 100; port++)
		meet(port, 1);
	cr_assert_eq(find(1, 1), NULL);
}

Test(usrsctp_peers, takes_nobody_when_all_are_held)
{
	for (uint16_t port = 1; port <= 4; port++)
		sipring_usrsctp_peers_hold(&peers, meet(port, 1));
	cr_assert_eq(meet(5, 1), NULL);
	sipring_usrsctp_peers_release(&peers, meet(2, 1));
	cr_assert_neq(meet(5, 1), NULL);
}

Test(usrsctp_peers, moves_a_peer)
{
	struct sipring_usrsctp_peer *held = meet(1, 1);
	struct sipring_usrsctp_peer *other = meet(2, 1);
	union sipring_address to = address(2);

	sipring_usrsctp_peers_hold(&peers, held);
	sipring_usrsctp_peers_move(&peers, held, &to);
	cr_assert_eq(find(2, 1), held);
	cr_assert_eq(find(1, 1), NULL);
	cr_assert_eq(sipring_usrsctp_peers_at(&peers, sipring_usrsctp_peers_index(&peers, other)),
		NULL);
	/* Whom an association holds, nobody pushes away. */
	other = meet(3, 1);
	sipring_usrsctp_peers_hold(&peers, other);
	to = address(3);
	sipring_usrsctp_peers_move(&peers, held, &to);
	cr_assert_eq(find(3, 1), other);
	cr_assert_eq(find(2, 1), held);
	for (uint16_t port = 10; port < 20; port++)
		cr_assert_neq(meet(port, 1), NULL);
}
