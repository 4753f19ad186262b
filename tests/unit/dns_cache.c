/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cache of answers by a clock of our own: lifetimes and their bounds, what makes room for what,
 * and that a question on its way stays.
 */
#include "dns/cache.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

static struct sipring_dns_cache cache;

static void setup(void)
{
	static const uint64_t seed[2] = {1, 2};

	cr_assert_eq(sipring_dns_cache_open(&cache, 8, seed), 0);
	cache.ttl_max = 100;
	cache.negative_ttl_max = 10;
}

static void teardown(void)
{
	sipring_dns_cache_close(&cache);
}

TestSuite(dns_cache, .init = setup, .fini = teardown);

static void keep(const char *name, enum sipring_dns_type type, int status, uint32_t ttl,
	uint64_t now_ms)
{
	struct sipring_dns_entry *entry = sipring_dns_cache_ask(&cache, name, type);

	cr_assert(entry);
	cr_assert_eq(sipring_dns_cache_find(&cache, name, type, now_ms), entry);
	cr_assert(entry->is_asked);
	entry->answer.status = status;
	entry->answer.ttl = ttl;
	sipring_dns_cache_settle(&cache, entry, now_ms);
}

Test(dns_cache, an_answer_holds_for_its_lifetime_within_the_bounds)
{
	static const struct {
		int status;
		uint32_t ttl, wanted; /* seconds */
	} rows[] = {
		{SIPRING_DNS_FOUND, 5, 5},
		{SIPRING_DNS_FOUND, 0, 1},
		{SIPRING_DNS_FOUND, 4000000, 100},
		{SIPRING_DNS_NO_NAME, 3, 3},
		{SIPRING_DNS_NO_NAME, 99, 10},
		{SIPRING_DNS_NO_DATA, 99, 10},
		{SIPRING_DNS_NO_SERVICE, 99, 10},
		{-ETIMEDOUT, 99, 1},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t now_ms = 1000000 * i, ends_ms = now_ms + 1000 * rows[i].wanted;

		keep("a.test", SIPRING_DNS_A, rows[i].status, rows[i].ttl, now_ms);
		cr_expect(sipring_dns_cache_find(&cache, "a.test", SIPRING_DNS_A, ends_ms - 1),
			"row %u", i);
		cr_expect_not(sipring_dns_cache_find(&cache, "a.test", SIPRING_DNS_A, ends_ms),
			"row %u", i);
		cr_expect_eq(sipring_pool_used(&cache.entries), 0, "what expired is gone");
	}
}

Test(dns_cache, name_and_type_are_the_key)
{
	keep("a.test", SIPRING_DNS_A, SIPRING_DNS_FOUND, 9, 0);
	cr_expect_not(sipring_dns_cache_find(&cache, "a.test", SIPRING_DNS_AAAA, 0));
	cr_expect_not(sipring_dns_cache_find(&cache, "b.test", SIPRING_DNS_A, 0));
	keep("a.test", SIPRING_DNS_AAAA, SIPRING_DNS_NO_DATA, 9, 0);
	cr_expect_eq(sipring_dns_cache_find(&cache, "a.test", SIPRING_DNS_A, 0)->answer.status,
		SIPRING_DNS_FOUND);
	cr_expect_eq(sipring_dns_cache_find(&cache, "a.test", SIPRING_DNS_AAAA, 0)->answer.status,
		SIPRING_DNS_NO_DATA);
}

Test(dns_cache, what_was_not_used_for_longest_makes_room)
{
	char name[16];

	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof name, "n%u.test", i);
		keep(name, SIPRING_DNS_A, SIPRING_DNS_FOUND, 50, 0);
	}
	cr_assert(sipring_dns_cache_find(&cache, "n0.test", SIPRING_DNS_A, 1));
	keep("new.test", SIPRING_DNS_A, SIPRING_DNS_FOUND, 50, 1);
	cr_expect(sipring_dns_cache_find(&cache, "n0.test", SIPRING_DNS_A, 2), "it was used");
	cr_expect_not(sipring_dns_cache_find(&cache, "n1.test", SIPRING_DNS_A, 2));
	cr_expect(sipring_dns_cache_find(&cache, "n2.test", SIPRING_DNS_A, 2));
}

Test(dns_cache, a_question_on_its_way_is_never_displaced)
{
	struct sipring_dns_entry *entries[8];
	char name[16];

	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof name, "n%u.test", i);
		entries[i] = sipring_dns_cache_ask(&cache, name, SIPRING_DNS_SRV);
		cr_assert(entries[i]);
	}
	cr_expect_not(sipring_dns_cache_ask(&cache, "more.test", SIPRING_DNS_SRV));
	cr_expect_eq(sipring_dns_cache_find(&cache, "n5.test", SIPRING_DNS_SRV, UINT64_MAX),
		entries[5], "time does not matter to it");
	entries[3]->answer.status = SIPRING_DNS_NO_DATA;
	sipring_dns_cache_settle(&cache, entries[3], 0);
	cr_expect_eq(sipring_dns_cache_ask(&cache, "more.test", SIPRING_DNS_SRV), entries[3]);
}
