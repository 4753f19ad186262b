/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses: every form that is one, every way not to be one, the way back to text, and what
 * comparing and hashing look at. Every text is read where it ends at an unmapped page.
 */
#include "net/address.h"

#include "base/memory.h"
#include "random.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size;
static char *pages;

static void map_pages(void)
{
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	pages = sipring_memory_map(2 * page_size);
	cr_assert_not_null(pages);
	cr_assert_eq(mprotect(pages + page_size, page_size, PROT_NONE), 0);
}

static void unmap_pages(void)
{
	sipring_memory_unmap(pages, 2 * page_size);
}

TestSuite(address, .init = map_pages, .fini = unmap_pages);

static int parse_at_edge(union sipring_address *address, const char *text, size_t size)
{
	char *copy = pages + page_size - size;

	cr_assert_leq(size, page_size);
	memcpy(copy, text, size);
	return sipring_address_parse(address, copy, size);
}

static union sipring_address must_parse(const char *text)
{
	union sipring_address address;

	cr_assert_eq(parse_at_edge(&address, text, strlen(text)), 0, "%s", text);
	return address;
}

Test(address, good_forms)
{
	static const struct {
		const char *text;
		int family;
		const char *host;
		unsigned port;
		const char *printed; /* NULL: as text */
	} rows[] = {
		{"192.0.2.1", AF_INET, "192.0.2.1", 0, NULL},
		{"192.0.2.1:5060", AF_INET, "192.0.2.1", 5060, NULL},
		{"0.0.0.0", AF_INET, "0.0.0.0", 0, NULL},
		{"255.255.255.255:65535", AF_INET, "255.255.255.255", 65535, NULL},
		{"127.0.0.1:1", AF_INET, "127.0.0.1", 1, NULL},
		{"127.0.0.1:05060", AF_INET, "127.0.0.1", 5060, "127.0.0.1:5060"},
		{"2001:db8::1", AF_INET6, "2001:db8::1", 0, NULL},
		{"[2001:db8::1]", AF_INET6, "2001:db8::1", 0, "2001:db8::1"},
		{"[2001:db8::1]:5060", AF_INET6, "2001:db8::1", 5060, NULL},
		{"2001:DB8:0:0:0:0:0:1", AF_INET6, "2001:db8::1", 0, "2001:db8::1"},
		{"::", AF_INET6, "::", 0, NULL},
		{"[::]:65535", AF_INET6, "::", 65535, NULL},
		{"::1", AF_INET6, "::1", 0, NULL},
		{"2001:db8::1:5060", AF_INET6, "2001:db8::1:5060", 0, NULL},
		{"::ffff:192.0.2.1", AF_INET6, "::ffff:192.0.2.1", 0, NULL},
		{"[::ffff:192.0.2.1]:5060", AF_INET6, "::ffff:192.0.2.1", 5060, NULL},
		{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", AF_INET6,
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0,
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		union sipring_address address = must_parse(rows[i].text);
		const char *printed = rows[i].printed ? rows[i].printed : rows[i].text;
		char text[SIPRING_ADDRESS_TEXT_MAX];

		cr_expect_eq(address.sa.sa_family, rows[i].family, "%s", rows[i].text);
		cr_expect_eq(sipring_address_port(&address), rows[i].port, "%s", rows[i].text);
		cr_expect_str_eq(sipring_address_print(&address, text), printed);
		cr_expect_str_eq(sipring_address_print_host(&address, text), rows[i].host);
	}
}

static const struct {
	const char *text;
	int code;
} bad_forms[] = {
	{"", -EINVAL},
	{" ", -EINVAL},
	{" 192.0.2.1", -EINVAL},
	{"192.0.2.1 ", -EINVAL},
	{"192.0.2", -EINVAL},
	{"192.0.2.256", -EINVAL},
	{"192.0.2.1.5", -EINVAL},
	{"3221225985", -EINVAL},
	{"0xc0.0.2.1", -EINVAL},
	{"localhost", -EINVAL},
	{"sip.example.com:5060", -EINVAL},
	{"*", -EINVAL},
	{"192.0.2.1:", -EINVAL},
	{"192.0.2.1:0", -ERANGE},
	{"192.0.2.1:00000", -ERANGE},
	{"192.0.2.1:65536", -ERANGE},
	{"192.0.2.1:4294972356", -ERANGE},
	{"192.0.2.1:99999999999999999999999999", -ERANGE},
	{"192.0.2.1:-1", -EINVAL},
	{"192.0.2.1:+5060", -EINVAL},
	{"192.0.2.1: 5060", -EINVAL},
	{"192.0.2.1:5060x", -EINVAL},
	{"192.0.2.1:sip", -EINVAL},
	{"192.0.2.1:5060:5061", -EINVAL},
	{":5060", -EINVAL},
	{":", -EINVAL},
	{"[192.0.2.1]", -EINVAL},
	{"[192.0.2.1]:5060", -EINVAL},
	{"[", -EINVAL},
	{"]", -EINVAL},
	{"[]", -EINVAL},
	{"[]:5060", -EINVAL},
	{"[::1", -EINVAL},
	{"::1]", -EINVAL},
	{"[::1]5060", -EINVAL},
	{"[::1]:", -EINVAL},
	{"[::1]:0", -ERANGE},
	{"[::1]:65536", -ERANGE},
	{"[::1]:-5", -EINVAL},
	{"[::1]:5060 ", -EINVAL},
	{"[[::1]]:5060", -EINVAL},
	{":::", -EINVAL},
	{"1::2::3", -EINVAL},
	{"2001:db8::12345", -EINVAL},
	{"2001:db8:1:2:3:4:5:6:7", -EINVAL},
	{"2001:db8::1%1", -EINVAL},
	{"fe80::1%", -EINVAL},
	{"fe80::1%0", -EINVAL},
	{"fe80::1%4294967296", -EINVAL},
	{"fe80::1%no-such-iface", -EINVAL},
	{"fe80::1%a-name-longer-than-any-interface", -EINVAL},
	{"192.0.2.1%1", -EINVAL},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", -EINVAL},
};

Test(address, bad_forms)
{
	for (size_t i = 0; i < sizeof bad_forms / sizeof *bad_forms; i++) {
		union sipring_address address, before;
		int code;

		memset(&address, 0x77, sizeof address);
		before = address;
		code = parse_at_edge(&address, bad_forms[i].text, strlen(bad_forms[i].text));
		cr_expect_eq(code, bad_forms[i].code, "'%s': %d", bad_forms[i].text, code);
		cr_expect_eq(memcmp(&address, &before, sizeof address), 0, "'%s'",
			bad_forms[i].text);
	}
}

Test(address, nul_inside_is_no_end)
{
	union sipring_address address;

	cr_expect_eq(parse_at_edge(&address, "192.0.2.1\0", 10), -EINVAL);
	cr_expect_eq(parse_at_edge(&address, "::1\0", 4), -EINVAL);
	cr_expect_eq(parse_at_edge(&address, "192.0.2.1:5060\0", 15), -EINVAL);
	cr_expect_eq(parse_at_edge(&address, "fe80::1%1\0", 10), -EINVAL);
}

Test(address, every_cut_of_a_good_text_is_safe)
{
	static const char *const texts[] = {"255.255.255.255:65535", "[2001:db8::192.0.2.1]:5060",
		"[fe80::1%12]:5060"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		for (size_t size = 0; size <= strlen(texts[i]); size++) {
			union sipring_address address;
			int code = parse_at_edge(&address, texts[i], size);

			cr_expect(code == 0 || code == -EINVAL || code == -ERANGE);
		}
	}
}

Test(address, scope_by_number_and_name)
{
	union sipring_address address = must_parse("[fe80::1%4000000000]:5060");
	char text[SIPRING_ADDRESS_TEXT_MAX];
	char wanted[SIPRING_ADDRESS_TEXT_MAX];
	char name[IF_NAMESIZE];

	cr_assert_eq(address.v6.sin6_scope_id, 4000000000u);
	cr_assert_str_eq(sipring_address_print(&address, text), "[fe80::1%4000000000]:5060");
	cr_assert_str_eq(sipring_address_print_host(&address, text), "fe80::1%4000000000");
	if (!if_indextoname(1, name))
		return;
	snprintf(wanted, sizeof wanted, "[fe80::1%%%s]:5060", name);
	address = must_parse(wanted);
	cr_assert_eq(address.v6.sin6_scope_id, 1);
	cr_assert_str_eq(sipring_address_print(&address, text), wanted);
}

Test(address, longest_text_fits)
{
	union sipring_address address;
	char text[SIPRING_ADDRESS_TEXT_MAX];

	memset(&address, 0, sizeof address);
	address.v6.sin6_family = AF_INET6;
	memset(&address.v6.sin6_addr, 0xff, sizeof address.v6.sin6_addr);
	address.v6.sin6_scope_id = UINT32_MAX;
	sipring_address_set_port(&address, 65535);
	cr_assert_str_eq(sipring_address_print(&address, text),
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}

Test(address, random_values_survive_text)
{
	uint64_t seed = 8;

	for (int round = 0; round < 5000; round++) {
		union sipring_address address, again;
		char text[SIPRING_ADDRESS_TEXT_MAX];

		memset(&address, 0, sizeof address);
		if (round & 1) {
			address.v4.sin_family = AF_INET;
			address.v4.sin_addr.s_addr = (uint32_t)random_next(&seed);
		} else {
			address.v6.sin6_family = AF_INET6;
			for (size_t i = 0; i < 16; i++) {
				if (random_below(&seed, 2))
					address.v6.sin6_addr.s6_addr[i] =
						(uint8_t)random_next(&seed);
			}
		}
		sipring_address_set_port(&address, (uint16_t)random_below(&seed, 65536));
		sipring_address_print(&address, text);
		again = must_parse(text);
		cr_assert(sipring_address_equal(&address, &again), "%s", text);
		sipring_address_set_port(&again, 0);
		sipring_address_print_host(&address, text);
		address = must_parse(text);
		cr_assert(sipring_address_equal(&address, &again), "%s", text);
	}
}

Test(address, none)
{
	union sipring_address none = {.sa.sa_family = AF_UNSPEC};
	union sipring_address other = must_parse("0.0.0.0");
	char text[SIPRING_ADDRESS_TEXT_MAX];

	cr_assert_eq(sipring_address_size(&none), 0);
	cr_assert_eq(sipring_address_port(&none), 0);
	cr_assert_not(sipring_address_is_wildcard(&none));
	cr_assert_not(sipring_address_equal(&none, &other));
	cr_assert_str_eq(sipring_address_print(&none, text), "(none)");
}

Test(address, comparing_and_hashing)
{
	static const struct {
		const char *a, *b;
		bool equal, same_host;
	} rows[] = {
		{"192.0.2.1:5060", "192.0.2.1:5060", true, true},
		{"192.0.2.1:5060", "192.0.2.1:5061", false, true},
		{"192.0.2.1:5060", "192.0.2.1", false, true},
		{"192.0.2.1:5060", "192.0.2.2:5060", false, false},
		{"[2001:db8::1]:5060", "[2001:db8:0::1]:5060", true, true},
		{"[2001:db8::1]:5060", "[2001:db8::1]:5061", false, true},
		{"[2001:db8::1]:5060", "[2001:db8::2]:5060", false, false},
		{"192.0.2.1:5060", "[::ffff:192.0.2.1]:5060", false, false},
		{"0.0.0.0:5060", "[::]:5060", false, false},
		{"[fe80::1%1]:5060", "[fe80::1%1]:5060", true, true},
		{"[fe80::1%1]:5060", "[fe80::1%2]:5060", false, false},
	};
	const uint64_t seed[2] = {1, 2}, other_seed[2] = {1, 3};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		union sipring_address a = must_parse(rows[i].a), b = must_parse(rows[i].b);
		bool same_hash = sipring_address_hash(&a, seed) == sipring_address_hash(&b, seed);

		cr_expect_eq(sipring_address_equal(&a, &b), rows[i].equal, "row %zu", i);
		cr_expect_eq(sipring_address_same_host(&a, &b), rows[i].same_host, "row %zu", i);
		cr_expect_eq(sipring_address_same_host(&b, &a), rows[i].same_host, "row %zu", i);
		cr_expect_eq(same_hash, rows[i].equal, "row %zu", i);
		cr_expect_neq(sipring_address_hash(&a, seed), sipring_address_hash(&a, other_seed));
	}
}

Test(address, what_is_no_part_of_it)
{
	const uint64_t seed[2] = {1, 2};
	union sipring_address a = must_parse("[2001:db8::1]:5060"), b = a;
	union sipring_address c = must_parse("192.0.2.1:5060"), d = c;

	b.v6.sin6_flowinfo = htonl(0x12345);
	memset(d.v4.sin_zero, 0xff, sizeof d.v4.sin_zero);
	cr_assert(sipring_address_equal(&a, &b));
	cr_assert_eq(sipring_address_hash(&a, seed), sipring_address_hash(&b, seed));
	cr_assert(sipring_address_equal(&c, &d));
	cr_assert_eq(sipring_address_hash(&c, seed), sipring_address_hash(&d, seed));
}

Test(address, sizes_ports_and_wildcards)
{
	static const struct {
		const char *text;
		socklen_t size;
		bool is_wildcard;
	} rows[] = {
		{"0.0.0.0", sizeof(struct sockaddr_in), true},
		{"0.0.0.1", sizeof(struct sockaddr_in), false},
		{"[::]:5060", sizeof(struct sockaddr_in6), true},
		{"::1", sizeof(struct sockaddr_in6), false},
		{"::ffff:0.0.0.0", sizeof(struct sockaddr_in6), false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		union sipring_address address = must_parse(rows[i].text);

		cr_expect_eq(sipring_address_size(&address), rows[i].size, "%s", rows[i].text);
		cr_expect_eq(sipring_address_is_wildcard(&address), rows[i].is_wildcard);
		sipring_address_set_port(&address, 0x1234);
		cr_expect_eq(sipring_address_port(&address), 0x1234);
		cr_expect_eq(((struct sockaddr_in *)&address)->sin_port, htons(0x1234));
	}
}
