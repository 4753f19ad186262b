/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What senders are told of peers at once: until when, which of the two, and what is forgotten.
 */
#include "engine/refusals.h"

#include "base/memory.h"
#include "net/address.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static struct sipring_refusals *refusals;

static union sipring_address at(const char *text)
{
	union sipring_address address;

	cr_assert_eq(sipring_address_parse(&address, text, strlen(text)), 0);
	return address;
}

static void begin(void)
{
	refusals = sipring_memory_map_shared(sipring_refusals_footprint());
	cr_assert(refusals);
	cr_assert_eq(sipring_refusals_init(refusals), 0);
}

TestSuite(refusals, .init = begin);

Test(refusals, hold_until_their_time_and_for_their_port_alone)
{
	union sipring_address peer = at("192.0.2.1:5060"), other = at("192.0.2.1:5061");

	sipring_refusals_note(refusals, &peer, false, 1000, 3000);
	cr_expect_eq(sipring_refusals_check(refusals, &peer, 1000), -EHOSTDOWN);
	cr_expect_eq(sipring_refusals_check(refusals, &peer, 2900), -EHOSTDOWN);
	cr_expect_eq(sipring_refusals_check(refusals, &peer, 3000), 0);
	cr_expect_eq(sipring_refusals_check(refusals, &other, 1000), 0);
}

Test(refusals, the_last_word_counts)
{
	union sipring_address peer = at("[2001:db8::1]:5060");

	sipring_refusals_note(refusals, &peer, true, 1000, 2000);
	cr_expect_eq(sipring_refusals_check(refusals, &peer, 1500), -ENOBUFS);
	sipring_refusals_note(refusals, &peer, false, 1000, 9000);
	cr_expect_eq(sipring_refusals_check(refusals, &peer, 1500), -EHOSTDOWN);
	sipring_refusals_clear(refusals, &peer);
	cr_expect_eq(sipring_refusals_check(refusals, &peer, 1500), 0);
}

/* Uptimes of which the ticks no longer fit a word: 2 years and more. */
Test(refusals, time_may_wrap)
{
	union sipring_address peer = at("192.0.2.1:5060");
	uint64_t now_ms = ((uint64_t)16 << 32) - 100;

	sipring_refusals_note(refusals, &peer, false, now_ms, now_ms + 2000);
	cr_expect_eq(sipring_refusals_check(refusals, &peer, now_ms), -EHOSTDOWN);
	cr_expect_eq(sipring_refusals_check(refusals, &peer, now_ms + 1900), -EHOSTDOWN);
	cr_expect_eq(sipring_refusals_check(refusals, &peer, now_ms + 2100), 0);
}

Test(refusals, most_of_thousands_are_known_and_nobody_else)
{
	unsigned n_known = 0;

	for (uint16_t port = 1; port <= 8000; port++) {
		union sipring_address peer = at("192.0.2.1:1");

		sipring_address_set_port(&peer, port);
		sipring_refusals_note(refusals, &peer, false, 1000, 60000);
	}
	for (uint16_t port = 1; port <= 16000; port++) {
		union sipring_address peer = at("192.0.2.1:1");
		int r;

		sipring_address_set_port(&peer, port);
		r = sipring_refusals_check(refusals, &peer, 2000);
		n_known += r == -EHOSTDOWN;
		cr_assert(port <= 8000 || r == 0, "port %u was never noted", port);
	}
	cr_expect_gt(n_known, 7000);
}
