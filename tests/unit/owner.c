/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The owner table: one owner a peer whatever address leads to him, handles that go stale, the end
 * of workers, its bounds, and a random run against a model. Several at a time, and writers killed
 * at work: tests/storm/owner.c.
 */
#include "engine/owner.h"

#include "base/memory.h"

#include "random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static struct sipring_members *members;
static uint32_t a, b;

static void join(void)
{
	members = sipring_memory_map_shared(sizeof *members);
	cr_assert(members);
	a = sipring_members_join(members);
	b = sipring_members_join(members);
}

TestSuite(owner, .init = join);

static struct sipring_owner_table *open_table(uint32_t n_peers, uint32_t n_addresses)
{
	struct sipring_owner_table *table =
		sipring_memory_map_shared(sipring_owner_footprint(n_peers, n_addresses));

	cr_assert(table);
	cr_assert_eq(sipring_owner_init(table, n_peers, n_addresses), 0);
	return table;
}

static union sipring_address v4(uint32_t host)
{
	union sipring_address address;

	memset(&address, 0, sizeof address);
	address.v4.sin_family = AF_INET;
	address.v4.sin_addr.s_addr = htonl(0x0a000000 + host);
	address.v4.sin_port = htons(5060);
	return address;
}

static union sipring_address v6(uint32_t host)
{
	union sipring_address address;

	memset(&address, 0, sizeof address);
	address.v6.sin6_family = AF_INET6;
	address.v6.sin6_addr.s6_addr32[3] = htonl(host);
	address.v6.sin6_port = htons(5060);
	return address;
}

Test(owner, who_claims_first_has_it)
{
	struct sipring_owner_table *table = open_table(4, 8);
	union sipring_address peer = v4(1), other = v4(1);
	struct sipring_owner owner, found;

	other.v4.sin_port = htons(5061);
	cr_expect_not(sipring_owner_find(table, members, &peer, &found));
	cr_expect_eq(sipring_owner_claim(table, members, a, &peer, 1, &owner), SIPRING_OWNER_MINE);
	cr_expect(owner.worker == a && owner.association == 0 && owner.handle);
	cr_expect_eq(sipring_owner_set(table, members, a, owner.handle, 77), 0);
	cr_expect_eq(sipring_owner_set(table, members, b, owner.handle, 78), -ESTALE, "not his");
	cr_expect_eq(sipring_owner_claim(table, members, b, &peer, 1, &found),
		SIPRING_OWNER_THEIRS);
	cr_expect(found.worker == a && found.association == 77 && found.handle == owner.handle);
	memset(&found, 0, sizeof found);
	cr_expect(sipring_owner_find(table, members, &peer, &found));
	cr_expect(found.worker == a && found.association == 77 && found.handle == owner.handle);
	cr_expect_not(sipring_owner_find(table, members, &other, &found), "another port");
	cr_expect_eq(sipring_owner_release(table, members, b, owner.handle), -ESTALE);
	cr_expect_eq(sipring_owner_release(table, members, a, owner.handle), 0);
	cr_expect_eq(sipring_owner_release(table, members, a, owner.handle), -ESTALE);
	cr_expect_not(sipring_owner_find(table, members, &peer, &found));
	cr_expect_eq(sipring_owner_claim(table, members, b, &peer, 1, &found), SIPRING_OWNER_MINE);
	cr_expect_neq(found.handle, owner.handle, "the same place, another handle");
	cr_expect_eq(sipring_owner_set(table, members, a, owner.handle, 1), -ESTALE);
	cr_expect_eq(sipring_owner_count(table), 1);
}

Test(owner, every_address_leads_to_the_one_entry)
{
	struct sipring_owner_table *table = open_table(4, 8);
	union sipring_address first[] = {v4(1), v6(1), v4(1)}, second[] = {v4(2), v6(1)};
	union sipring_address late = v4(3), foreign = v4(4);
	struct sipring_owner owner, found;

	cr_expect_eq(sipring_owner_claim(table, members, a, first, 3, &owner), SIPRING_OWNER_MINE);
	cr_expect(sipring_owner_find(table, members, &first[1], &found));
	cr_expect_eq(found.handle, owner.handle);
	cr_expect_eq(sipring_owner_claim(table, members, b, second, 2, &found),
		SIPRING_OWNER_THEIRS, "one of his addresses is taken");
	cr_expect_eq(found.handle, owner.handle);
	cr_expect_not(sipring_owner_find(table, members, &second[0], &found), "nothing changed");
	cr_expect_eq(sipring_owner_add(table, members, a, owner.handle, &late), SIPRING_OWNER_MINE);
	cr_expect_eq(sipring_owner_add(table, members, a, owner.handle, &late), SIPRING_OWNER_MINE);
	cr_expect(sipring_owner_find(table, members, &late, &found));
	cr_expect_eq(found.handle, owner.handle);
	sipring_owner_claim(table, members, b, &foreign, 1, &found);
	cr_expect_eq(sipring_owner_add(table, members, a, owner.handle, &foreign),
		SIPRING_OWNER_THEIRS);
	cr_expect_eq(sipring_owner_release(table, members, a, owner.handle), 0);
	for (unsigned i = 0; i < 2; i++)
		cr_expect_not(sipring_owner_find(table, members, &first[i], &found));
	cr_expect_not(sipring_owner_find(table, members, &late, &found));
	cr_expect_eq(sipring_owner_add(table, members, a, owner.handle, &late), -ESTALE);
}

Test(owner, bounds)
{
	struct sipring_owner_table *table = open_table(2, 3);
	union sipring_address two[] = {v4(1), v4(2)}, three[] = {v4(3), v4(4)}, four = v4(5);
	struct sipring_owner owner, found;

	cr_expect_eq(sipring_owner_footprint(0, 1), SIZE_MAX);
	cr_expect_eq(sipring_owner_footprint(2, 1), SIZE_MAX);
	cr_expect_eq(sipring_owner_footprint(SIPRING_OWNER_PEERS_MAX + 1, UINT32_MAX), SIZE_MAX);
	cr_expect_eq(sipring_owner_claim(table, members, a, two, 2, &owner), SIPRING_OWNER_MINE);
	cr_expect_eq(sipring_owner_claim(table, members, a, three, 2, &found), SIPRING_OWNER_FULL,
		"one address is left");
	cr_expect_not(sipring_owner_find(table, members, &three[0], &found), "nothing changed");
	cr_expect_eq(sipring_owner_count(table), 1);
	cr_expect_eq(sipring_owner_claim(table, members, a, three, 1, &found), SIPRING_OWNER_MINE);
	cr_expect_eq(sipring_owner_claim(table, members, a, &four, 1, &found), SIPRING_OWNER_FULL);
	cr_expect_eq(sipring_owner_add(table, members, a, owner.handle, &four), SIPRING_OWNER_FULL);
	cr_expect_eq(sipring_owner_claim(table, members, b, two, 1, &found), SIPRING_OWNER_THEIRS);
	cr_expect_eq(sipring_owner_release(table, members, a, owner.handle), 0);
	cr_expect_eq(sipring_owner_claim(table, members, a, &four, 1, &found), SIPRING_OWNER_MINE);
}

Test(owner, what_the_dead_had_is_nobody_s)
{
	struct sipring_owner_table *table = open_table(1000, 2000);
	struct sipring_owner owner;

	for (uint32_t i = 0; i < 1000; i++) {
		union sipring_address both[] = {v4(i), v6(i)};

		cr_assert_eq(sipring_owner_claim(table, members, i % 2 ? a : b, both, 2, &owner),
			SIPRING_OWNER_MINE);
	}
	sipring_members_bury(members, a);
	for (uint32_t i = 0; i < 1000; i++) {
		union sipring_address peer = v6(i);

		cr_assert_eq(sipring_owner_find(table, members, &peer, &owner), i % 2 == 0);
	}
	/* Who wants one of them need not wait for the cleaning. */
	cr_expect_eq(
		sipring_owner_claim(table, members, b, (union sipring_address[]){v4(1)}, 1, &owner),
		SIPRING_OWNER_MINE);
	cr_expect_eq(sipring_owner_clean(table, members, b), 499);
	cr_expect_eq(sipring_owner_clean(table, members, b), 0);
	cr_expect_eq(sipring_owner_count(table), 501);
}

#define PEERS 40

Test(owner, random_run_against_a_model)
{
	struct sipring_owner_table *table = open_table(PEERS / 2, PEERS);
	uint64_t handles[PEERS] = {0}, state = 9;
	uint32_t workers[PEERS], n_used = 0;
	struct sipring_owner owner;

	for (unsigned turn = 0; turn < 100000; turn++) {
		uint32_t i = (uint32_t)(random_next(&state) % PEERS);
		uint32_t worker = random_next(&state) % 2 ? a : b;
		union sipring_address both[] = {v4(i), v6(i)};

		if (random_next(&state) % 2) {
			int r = sipring_owner_claim(table, members, worker, both, 2, &owner);

			cr_assert_eq(r,
				handles[i]                    ? SIPRING_OWNER_THEIRS
					: n_used == PEERS / 2 ? SIPRING_OWNER_FULL
							      : SIPRING_OWNER_MINE);
			if (r == SIPRING_OWNER_MINE) {
				handles[i] = owner.handle;
				workers[i] = worker;
				n_used++;
			}
		} else if (handles[i]) {
			int r = sipring_owner_release(table, members, worker, handles[i]);

			cr_assert_eq(r, workers[i] == worker ? 0 : -ESTALE);
			if (!r) {
				handles[i] = 0;
				n_used--;
			}
		}
		cr_assert_eq(sipring_owner_count(table), n_used);
		for (unsigned j = 0; j < 2; j++) {
			cr_assert_eq(sipring_owner_find(table, members, &both[j], &owner),
				handles[i] != 0);
			cr_assert(!handles[i] ||
				(owner.handle == handles[i] && owner.worker == workers[i]));
		}
	}
}
