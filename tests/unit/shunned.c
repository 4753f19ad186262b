/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers that are left alone: how long, that it doubles up to its limit, who is forgotten when.
 */
#include "engine/shunned.h"

#include <criterion/criterion.h>
#include <string.h>

static union sipring_address at(const char *text)
{
	union sipring_address address;

	cr_assert_eq(sipring_address_parse(&address, text, strlen(text)), 0);
	return address;
}

Test(shunned, the_pause_doubles_up_to_its_limit)
{
	static const uint32_t pauses_ms[] = {1000, 2000, 4000, 5000, 5000};
	union sipring_address peer = at("192.0.2.1:5060");
	struct sipring_shunned shunned;
	uint64_t now_ms = 10;

	cr_assert_eq(sipring_shunned_open(&shunned, 4), 0);
	cr_expect_not(sipring_shunned_holds(&shunned, &peer, now_ms));
	for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
		sipring_shunned_failed(&shunned, &peer, now_ms, 1000, 5000);
		/* Of a connect begun before. */
		sipring_shunned_failed(&shunned, &peer, now_ms + 1, 1000, 5000);
		cr_expect(sipring_shunned_holds(&shunned, &peer, now_ms + pauses_ms[i] - 1));
		cr_expect_not(sipring_shunned_holds(&shunned, &peer, now_ms + pauses_ms[i]));
		now_ms += pauses_ms[i] + 100;
	}
	sipring_shunned_forget(&shunned, &peer);
	sipring_shunned_failed(&shunned, &peer, now_ms, 1000, 5000);
	cr_expect_not(sipring_shunned_holds(&shunned, &peer, now_ms + 1000), "begins anew");
	sipring_shunned_close(&shunned);
}

Test(shunned, a_sign_of_life_is_for_all_ports_of_an_address_and_no_other)
{
	union sipring_address peer = at("192.0.2.1:5060"), port = at("192.0.2.1:5070");
	union sipring_address other = at("192.0.2.2:5060"), from = at("192.0.2.1:40000");
	struct sipring_shunned shunned;

	cr_assert_eq(sipring_shunned_open(&shunned, 4), 0);
	sipring_shunned_failed(&shunned, &peer, 0, 1000, 5000);
	cr_expect_not(sipring_shunned_holds(&shunned, &port, 1), "another port is another peer");
	sipring_shunned_failed(&shunned, &port, 0, 1000, 5000);
	sipring_shunned_failed(&shunned, &other, 0, 1000, 5000);
	sipring_shunned_forget(&shunned, &from);
	cr_expect_not(sipring_shunned_holds(&shunned, &peer, 1));
	cr_expect_not(sipring_shunned_holds(&shunned, &port, 1));
	cr_expect(sipring_shunned_holds(&shunned, &other, 1));
	sipring_shunned_close(&shunned);
}

Test(shunned, where_it_is_full_the_oldest_goes)
{
	union sipring_address a = at("192.0.2.1:1"), b = at("192.0.2.2:1"), c = at("192.0.2.3:1");
	struct sipring_shunned shunned;

	cr_assert_eq(sipring_shunned_open(&shunned, 2), 0);
	sipring_shunned_failed(&shunned, &a, 0, 1000, 60000);
	sipring_shunned_failed(&shunned, &b, 1, 1000, 60000);
	sipring_shunned_failed(&shunned, &a, 1500, 1000, 60000);
	sipring_shunned_failed(&shunned, &c, 1600, 1000, 60000);
	cr_expect(sipring_shunned_holds(&shunned, &a, 1700));
	cr_expect(sipring_shunned_holds(&shunned, &c, 1700));
	cr_expect_eq(sipring_pool_used(&shunned.peers), 2);
	sipring_shunned_close(&shunned);
}

Test(shunned, no_pause_is_no_memory)
{
	union sipring_address peer = at("[2001:db8::1]:5060");
	struct sipring_shunned shunned;

	cr_assert_eq(sipring_shunned_open(&shunned, 2), 0);
	sipring_shunned_failed(&shunned, &peer, 0, 0, 0);
	cr_expect_not(sipring_shunned_holds(&shunned, &peer, 0));
	cr_expect_eq(sipring_pool_used(&shunned.peers), 0);
	sipring_shunned_close(&shunned);
}
