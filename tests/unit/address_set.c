/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address sets: listener texts good and bad with what their errors say, adding, and printing.
 */
#include "net/address_set.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static const struct {
	const char *text;
	const char *printed; /* with default port 5060 */
	unsigned n_addresses;
} good[] = {
	{"sctp:192.0.2.1", "192.0.2.1:5060", 1},
	{"sctp:192.0.2.1:5061", "192.0.2.1:5061", 1},
	{"SCTP:192.0.2.1:5061", "192.0.2.1:5061", 1},
	{"sctp:[2001:db8::1]", "[2001:db8::1]:5060", 1},
	{"sctp:[2001:db8::1]:65535", "[2001:db8::1]:65535", 1},
	{"sctp:[fe80::1%7]:1", "[fe80::1%7]:1", 1},
	{"sctp:*", "[::]:5060", 1},
	{"sctp:*:5062", "[::]:5062", 1},
	{"sctp:0.0.0.0", "0.0.0.0:5060", 1},
	{"sctp:[::]:5061", "[::]:5061", 1},
	{"sctp:(192.0.2.1)", "192.0.2.1:5060", 1},
	{"sctp:(*):5061", "[::]:5061", 1},
	{"sctp:(192.0.2.1,198.51.100.1)", "(192.0.2.1,198.51.100.1):5060", 2},
	{"sctp:(192.0.2.1,198.51.100.1):5061", "(192.0.2.1,198.51.100.1):5061", 2},
	{"sctp:(192.0.2.1,[2001:db8::1]):5061", "(192.0.2.1,[2001:db8::1]):5061", 2},
	{"sctp:([2001:db8::1],192.0.2.1,[2001:db8::2])",
		"([2001:db8::1],192.0.2.1,[2001:db8::2]):5060", 3},
	{"sctp:(10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8)",
		"(10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8):5060",
		8},
};

Test(address_set, good_listeners)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct sipring_address_set set;
		struct sipring_error error = {0};
		char text[SIPRING_ADDRESS_SET_MAX * SIPRING_ADDRESS_TEXT_MAX];
		int code = sipring_address_set_parse_listener(&set, good[i].text, 5060, &error);

		cr_expect_eq(code, 0, "%s: %d %s", good[i].text, code, error.text);
		cr_expect_eq(set.n_addresses, good[i].n_addresses, "%s", good[i].text);
		sipring_address_set_print(&set, text, sizeof text);
		cr_expect_str_eq(text, good[i].printed);
		for (unsigned k = 1; k < set.n_addresses; k++)
			cr_expect_eq(sipring_address_port(&set.addresses[k]),
				sipring_address_port(&set.addresses[0]));
	}
}

static const struct {
	const char *text;
	int code;
	const char *says; /* a piece of the error's text */
} bad[] = {
	{"", -EINVAL, "sctp:"},
	{"192.0.2.1", -EINVAL, "sctp:"},
	{"udp:192.0.2.1", -EINVAL, "sctp:"},
	{"sctp", -EINVAL, "sctp:"},
	{"sctp:", -EINVAL, "host is missing"},
	{"sctp::5060", -EINVAL, "host is missing"},
	{"sctp:()", -EINVAL, "host is missing"},
	{"sctp:(192.0.2.1,)", -EINVAL, "host is missing"},
	{"sctp:(,192.0.2.1)", -EINVAL, "host is missing"},
	{"sctp:(192.0.2.1,,192.0.2.2)", -EINVAL, "host is missing"},
	{"sctp:(192.0.2.1", -EINVAL, "without ')'"},
	{"sctp:(", -EINVAL, "without ')'"},
	{"sctp:(192.0.2.1)5060", -EINVAL, "'5060'"},
	{"sctp:(192.0.2.1),(192.0.2.2)", -EINVAL, "':PORT' expected"},
	{"sctp:(192.0.2.1:5060)", -EINVAL, "after all hosts"},
	{"sctp:([2001:db8::1]:5060)", -EINVAL, "numeric"},
	{"sctp:2001:db8::1", -EINVAL, "brackets"},
	{"sctp:(2001:db8::1)", -EINVAL, "brackets"},
	{"sctp:[2001:db8::1", -EINVAL, "numeric"},
	{"sctp:[2001:db8::1]x", -EINVAL, "':PORT' expected"},
	{"sctp:[]:5060", -EINVAL, "numeric"},
	{"sctp:[192.0.2.1]", -EINVAL, "numeric"},
	{"sctp:sip.example.com", -EINVAL, "'sip.example.com'"},
	{"sctp:(192.0.2.1, 192.0.2.2)", -EINVAL, "' 192.0.2.2'"},
	{"sctp:192.0.2.1:", -EINVAL, "not a number"},
	{"sctp:192.0.2.1:sip", -EINVAL, "'sip'"},
	{"sctp:192.0.2.1:-1", -EINVAL, "not a number"},
	{"sctp:192.0.2.1:0", -ERANGE, "1 to 65535"},
	{"sctp:192.0.2.1:65536", -ERANGE, "65536"},
	{"sctp:192.0.2.1:18446744073709556676", -ERANGE, "1 to 65535"},
	{"sctp:192.0.2.1:5060:5061", -EINVAL, "after all hosts"},
	{"sctp:(192.0.2.1,192.0.2.1)", -EINVAL, "twice"},
	{"sctp:([2001:db8::1],[2001:DB8:0::1])", -EINVAL, "twice"},
	{"sctp:(*,192.0.2.1)", -EINVAL, "alone"},
	{"sctp:(192.0.2.1,*)", -EINVAL, "alone"},
	{"sctp:(192.0.2.1,0.0.0.0)", -EINVAL, "alone"},
	{"sctp:(1.0.0.1,1.0.0.2,1.0.0.3,1.0.0.4,1.0.0.5,1.0.0.6,1.0.0.7,1.0.0.8,1.0.0.9)", -E2BIG,
		"more than 8"},
};

Test(address_set, bad_listeners)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct sipring_address_set set;
		struct sipring_error error = {0};
		int code = sipring_address_set_parse_listener(&set, bad[i].text, 5060, &error);

		cr_expect_eq(code, bad[i].code, "%s: %d %s", bad[i].text, code, error.text);
		cr_expect_eq(error.code, bad[i].code, "%s", bad[i].text);
		cr_expect_not_null(strstr(error.text, bad[i].says), "%s: %s", bad[i].text,
			error.text);
		cr_expect_eq(set.n_addresses, 0, "%s", bad[i].text);
		cr_expect_eq(sipring_address_set_parse_listener(&set, bad[i].text, 5060, NULL),
			bad[i].code);
	}
}

Test(address_set, a_long_wrong_text_is_cut)
{
	struct sipring_address_set set;
	struct sipring_error error;
	char text[2000] = "sctp:";

	memset(text + 5, 'x', sizeof text - 6);
	cr_assert_eq(sipring_address_set_parse_listener(&set, text, 5060, &error), -EINVAL);
	cr_assert_not_null(strstr(error.text, "numeric"), "%s", error.text);
}

Test(address_set, default_port_may_be_none)
{
	struct sipring_address_set set;
	char text[100];

	cr_assert_eq(sipring_address_set_parse_listener(&set, "sctp:127.0.0.1", 0, NULL), 0);
	cr_assert_eq(sipring_address_port(&set.addresses[0]), 0);
	cr_assert_eq(sipring_address_set_parse_listener(&set, "sctp:(127.0.0.1,[::1])", 0, NULL),
		0);
	cr_assert_str_eq(sipring_address_set_print(&set, text, sizeof text), "(127.0.0.1,[::1])");
}

Test(address_set, adding)
{
	struct sipring_address_set set = {0};
	union sipring_address address;
	const char *text = "192.0.2.1:5060";

	sipring_address_parse(&address, text, strlen(text));
	for (unsigned i = 0; i < SIPRING_ADDRESS_SET_MAX; i++) {
		address.v4.sin_addr.s_addr = htonl(0xc0000200u + i);
		cr_assert_eq(sipring_address_set_add(&set, &address), 0);
		cr_assert_eq(sipring_address_set_add(&set, &address), 1, "there already");
		cr_assert_eq(set.n_addresses, i + 1);
	}
	address.v4.sin_addr.s_addr = htonl(0xc0000300u);
	cr_assert_eq(sipring_address_set_add(&set, &address), -E2BIG);
	address.v4.sin_addr.s_addr = htonl(0xc0000200u);
	cr_assert_eq(sipring_address_set_add(&set, &address), 1);
	cr_assert_eq(set.n_addresses, SIPRING_ADDRESS_SET_MAX);
	cr_assert(sipring_address_equal(&set.addresses[0], &address), "the first stays first");
}

Test(address_set, printing_is_cut_at_any_size)
{
	struct sipring_address_set set;
	char whole[600], text[600];

	cr_assert_eq(sipring_address_set_parse_listener(&set,
			     "sctp:(192.0.2.1,[2001:db8::1],198.51.100.1):5060", 0, NULL),
		0);
	sipring_address_set_print(&set, whole, sizeof whole);
	for (size_t size = 1; size <= strlen(whole) + 1; size++) {
		memset(text, '#', sizeof text);
		cr_assert_eq(sipring_address_set_print(&set, text, size), text);
		cr_assert_eq(strlen(text), size - 1);
		cr_assert_eq(strncmp(text, whole, size - 1), 0);
		cr_assert_eq(text[size], '#');
	}
	set.n_addresses = 0;
	cr_assert_str_eq(sipring_address_set_print(&set, text, sizeof text), "");
}
