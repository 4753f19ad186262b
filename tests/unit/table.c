/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of associations: ids that go stale, one listed association a peer, its limit, and a
 * random run against a model.
 */
#include "assoc/table.h"

#include "random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static union sipring_address peer(uint16_t port)
{
	union sipring_address address;

	memset(&address, 0, sizeof address);
	address.v4.sin_family = AF_INET;
	address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.v4.sin_port = htons(port);
	return address;
}

Test(table, every_address_of_a_peer_leads_to_its_association)
{
	union sipring_address a = peer(1), b = peer(2), c = peer(3), d = peer(4);
	struct sipring_association *first, *second;
	struct sipring_table table;

	cr_assert_eq(sipring_table_open(&table, 4, 2), 0);
	first = sipring_table_add(&table, &a, true, true);
	cr_expect_eq(sipring_table_add_path(&table, first, &a), 1, "its own");
	cr_expect_eq(sipring_table_add_path(&table, first, &b), 0);
	cr_expect_eq(sipring_table_add_path(&table, first, &b), 1, "once");
	cr_expect_eq(sipring_table_find_peer(&table, &b), first);
	second = sipring_table_add(&table, &b, true, true);
	cr_expect_not(second->listed, "the address is another's");
	sipring_table_remove(&table, second);
	second = sipring_table_add(&table, &d, true, true);
	cr_expect_eq(sipring_table_add_path(&table, second, &b), 1, "another's");
	cr_expect_eq(sipring_table_add_path(&table, second, &c), 0);
	cr_expect_eq(sipring_table_add_path(&table, first, &c), 1);
	c = peer(5);
	cr_expect_eq(sipring_table_add_path(&table, first, &c), -ENOBUFS);
	sipring_table_unlist(&table, first);
	cr_expect_null(sipring_table_find_peer(&table, &a));
	cr_expect_null(sipring_table_find_peer(&table, &b));
	cr_expect_eq(sipring_table_add_path(&table, second, &b), 0, "free again, and room");
	sipring_table_remove(&table, second);
	cr_expect_eq(sipring_pool_used(&table.paths), 0);
	sipring_table_remove(&table, first);
	sipring_table_close(&table);
}

Test(table, one_listed_association_a_peer)
{
	union sipring_address a = peer(1), b = peer(2);
	struct sipring_association *first, *second, *hidden;
	struct sipring_table table;

	cr_assert_eq(sipring_table_open(&table, 4, 4), 0);
	cr_expect_null(sipring_table_find_peer(&table, &a));
	hidden = sipring_table_add(&table, &a, false, false);
	cr_expect_null(sipring_table_find_peer(&table, &a), "not listed, not found");
	first = sipring_table_add(&table, &a, true, true);
	second = sipring_table_add(&table, &a, true, true);
	cr_expect_eq(sipring_table_find_peer(&table, &a), first);
	cr_expect_not(second->listed);
	cr_expect_null(sipring_table_find_peer(&table, &b));
	sipring_table_remove(&table, second);
	sipring_table_remove(&table, hidden);
	cr_expect_eq(sipring_table_find_peer(&table, &a), first);
	sipring_table_unlist(&table, first);
	sipring_table_unlist(&table, first);
	cr_expect_null(sipring_table_find_peer(&table, &a));
	cr_expect_eq(sipring_table_count(&table), 1, "unlisted is still there");
	sipring_table_remove(&table, first);
	sipring_table_close(&table);
}

Test(table, ids_go_stale_and_the_limit_holds)
{
	union sipring_address a = peer(1);
	struct sipring_association *association;
	struct sipring_table table;
	uint32_t id;

	cr_assert_eq(sipring_table_open(&table, 1, 4), 0);
	association = sipring_table_add(&table, &a, true, true);
	id = sipring_table_id(&table, association);
	cr_expect_neq(id, 0);
	cr_expect_eq(sipring_table_find(&table, id), association);
	cr_expect_null(sipring_table_find(&table, 0));
	cr_expect_null(sipring_table_add(&table, &a, true, true), "full");
	sipring_table_remove(&table, association);
	cr_expect_null(sipring_table_find(&table, id));
	association = sipring_table_add(&table, &a, true, true);
	cr_expect_neq(sipring_table_id(&table, association), id);
	sipring_table_close(&table);
}

Test(table, random_run_against_a_model)
{
	enum { PEERS = 64, ROOM = 40 };
	struct sipring_association *listed[PEERS] = {NULL};
	struct sipring_table table;
	uint64_t seed = 3;
	uint32_t n = 0;

	cr_assert_eq(sipring_table_open(&table, ROOM, 4), 0);
	for (int step = 0; step < 50000; step++) {
		unsigned i = (unsigned)(random_below(&seed, PEERS));
		union sipring_address address = peer((uint16_t)(100 + i));

		cr_assert_eq(sipring_table_find_peer(&table, &address), listed[i]);
		if (listed[i]) {
			sipring_table_remove(&table, listed[i]);
			listed[i] = NULL;
			n--;
		} else {
			listed[i] = sipring_table_add(&table, &address, true, true);
			cr_assert_eq(listed[i] == NULL, n == ROOM);
			n += listed[i] != NULL;
		}
		cr_assert_eq(sipring_table_count(&table), n);
	}
	sipring_table_close(&table);
}
