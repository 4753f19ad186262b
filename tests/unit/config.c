/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings and listeners: what is refused and with which words, that a refusal changes nothing, and
 * that defaults lie in their own bounds. sctp_port is the port of what names none, on both sides.
 */
#include "engine/config.h"
#include "engine/worker.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(config, refuses_what_cannot_be_and_says_what_can)
{
	static const struct {
		const char *name, *value;
		int code;
		const char *says;
	} rows[] = {
		{"sctp_port", "0", -ERANGE, "1 to 65535"},
		{"sctp_port", "-1", -ERANGE, "1 to 65535"},
		{"sctp_port", "65536", -ERANGE, "1 to 65535"},
		{"sctp_port", "99999999999999999999", -ERANGE, "1 to 65535"},
		{"sctp_port", "abc", -EINVAL, "not a number"},
		{"sctp_port", "", -EINVAL, "not a number"},
		{"sctp_port", "5060x", -EINVAL, "not a number"},
		{"sctp_port", " 5060", -EINVAL, "not a number"},
		{"sctp_port", "+5060", -EINVAL, "not a number"},
		{"provider", "tcp", -EINVAL, "auto|kernel|usrsctp"},
		{"io", "", -EINVAL, "auto|io_uring|epoll"},
		{"unordered", "yes", -EINVAL, "on|off"},
		{"rto_initial", "60001", -ERANGE, "0 to 60000"},
		{"asocmaxrxt", "256", -ERANGE, "0 to 255"},
		{"pathmaxrxt", "-1", -ERANGE, "0 to 255"},
		{"init_max_attempts", "0", -ERANGE, "1 to 255"},
		{"hbinterval", "-2", -ERANGE, "-1 to 3600000"},
		{"sack_delay", "501", -ERANGE, "0 to 500"},
		{"tos", "256", -ERANGE, "0 to 252"},
		{"auth", "yes", -EINVAL, "system|off|on"},
		{"no_such_thing", "1", -ENOENT, "no_such_thing"},
	};
	struct sipring_config *config = sipring_config_new();
	struct sipring_config before = *config;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_error error = {0};
		int r = sipring_config_set(config, rows[i].name, rows[i].value, &error);

		cr_expect_eq(r, rows[i].code, "%s=%s: %d", rows[i].name, rows[i].value, r);
		cr_expect_eq(error.code, r);
		cr_expect(strstr(error.text, rows[i].says), "%s", error.text);
		cr_expect_eq(memcmp(config, &before, sizeof before), 0, "row %zu changed it", i);
	}
	sipring_config_free(config);
}

Test(config, takes_what_can_be)
{
	struct sipring_config *config = sipring_config_new();

	cr_expect_eq(config->sctp_port, 5060);
	cr_expect_eq(sipring_config_set(config, "sctp_port", "1", NULL), 0);
	cr_expect_eq(config->sctp_port, 1);
	cr_expect_eq(sipring_config_set(config, "sctp_port", "65535", NULL), 0);
	cr_expect_eq(config->sctp_port, 65535);
	cr_expect_eq(sipring_config_set(config, "io", "epoll", NULL), 0);
	cr_expect_eq(config->io, SIPRING_IO_EPOLL);
	cr_expect_eq(sipring_config_set(config, "provider", "usrsctp", NULL), 0);
	cr_expect_eq(config->provider, SIPRING_SCTP_USRSCTP);
	cr_expect_eq(sipring_config_set(config, "bundling", "off", NULL), 0);
	cr_expect_eq(config->bundling, 0);
	sipring_config_free(config);
}

Test(config, every_setting_is_told_and_takes_its_own_default)
{
	struct sipring_config *config = sipring_config_new();
	unsigned n = 0;

	for (const struct sipring_setting *setting; (setting = sipring_config_setting(n)); n++) {
		struct sipring_error error = {0};

		cr_expect_gt(strlen(setting->help), 0);
		cr_expect_gt(strlen(setting->values), 0);
		cr_expect_eq(
			sipring_config_set(config, setting->name, setting->default_value, &error),
			0, "%s", error.text);
	}
	cr_expect_eq((n - 1) * sizeof(int64_t), offsetof(struct sipring_config, dns_servers),
		"each number has its row, and the text has one");
	sipring_config_free(config);
}

Test(config, a_listener_without_a_port_has_sctp_port)
{
	static const struct {
		const char *listener;
		uint16_t port;
		unsigned n;
	} rows[] = {
		{"sctp:192.0.2.1", 5070, 1},
		{"sctp:192.0.2.1:6000", 6000, 1},
		{"sctp:[2001:db8::1]", 5070, 1},
		{"sctp:[2001:db8::1]:6000", 6000, 1},
		{"sctp:(192.0.2.1,198.51.100.1)", 5070, 2},
		{"sctp:(192.0.2.1,[2001:db8::1]):6000", 6000, 2},
		{"sctp:*", 5070, 1},
	};
	struct sipring_config *config = sipring_config_new();
	struct sipring *sipring;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_eq(sipring_config_listen(config, rows[i].listener, NULL), 0);
	/* The order of setting and listeners does not matter. */
	cr_assert_eq(sipring_config_set(config, "sctp_port", "5070", NULL), 0);
	cr_assert_eq(sipring_open(&sipring, config, NULL), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct sipring_address_set *set = &sipring->listeners[i];

		cr_expect_eq(set->n_addresses, rows[i].n);
		for (unsigned j = 0; j < set->n_addresses; j++)
			cr_expect_eq(sipring_address_port(&set->addresses[j]), rows[i].port, "%s",
				rows[i].listener);
	}
	sipring_close(sipring);
	sipring_config_free(config);
}

Test(config, bad_listeners_name_the_mistake)
{
	static const char *const rows[] = {"", "192.0.2.1", "udp:192.0.2.1",
		"sctp:", "sctp:host.example", "sctp:192.0.2.1:0", "sctp:192.0.2.1:65536",
		"sctp:192.0.2.1:-1", "sctp:192.0.2.1:x", "sctp:2001:db8::1", "sctp:(192.0.2.1",
		"sctp:()", "sctp:(192.0.2.1:5060)"};
	struct sipring_config *config = sipring_config_new();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_error error = {0};

		cr_expect_lt(sipring_config_listen(config, rows[i], &error), 0, "%s", rows[i]);
		cr_expect_gt(strlen(error.text), 10, "%s: %s", rows[i], error.text);
	}
	cr_expect_eq(config->n_listeners, 0, "none was added");
	for (int i = 0; i < CONFIG_LISTENERS_MAX; i++)
		cr_expect_eq(sipring_config_listen(config, "sctp:192.0.2.1", NULL), 0);
	cr_expect_eq(sipring_config_listen(config, "sctp:192.0.2.1", NULL), -E2BIG);
	sipring_config_free(config);
}

Test(config, settings_that_contradict_each_other)
{
	static const char *const rows[][4] = {{"queue_bytes", "2000"}, {"so_sndbuf", "131071"},
		{"autoclose", "31"}, {"autoclose", "1"}, {"reconnect_min_ms", "32001"},
		{"tos", "185"}, {"asconf", "on"}, {"rto_min", "2000", "rto_max", "1000"},
		{"rto_initial", "2000", "rto_max", "1000"},
		{"rto_min", "2000", "rto_initial", "1000"},
		{"spare_listeners", "2", "takers", "1"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_config *config = sipring_config_new();
		struct sipring_error error = {0};
		struct sipring *sipring;

		cr_assert_eq(sipring_config_set(config, rows[i][0], rows[i][1], NULL), 0);
		if (rows[i][2])
			cr_assert_eq(sipring_config_set(config, rows[i][2], rows[i][3], NULL), 0);
		cr_expect_eq(sipring_open(&sipring, config, &error), -EINVAL);
		cr_expect(strstr(error.text, rows[i][0]), "%s", error.text);
		sipring_config_free(config);
	}
}

static void add_up(void *user, const struct sipring_budget_line *line)
{
	uint64_t *sum = user;

	cr_expect_geq(line->total, line->count * line->size * 9 / 10, "%s", line->name);
	if (!strstr(line->name, "not summed"))
		*sum += line->total;
}

Test(config, the_budget_is_a_sum)
{
	struct sipring_config *config = sipring_config_new();
	uint64_t sum = 0, more = 0;

	cr_expect_eq(sipring_budget(config, add_up, &sum), sum);
	cr_assert_eq(sipring_config_set(config, "associations_max", "100000", NULL), 0);
	cr_expect_eq(sipring_budget(config, add_up, &more), more);
	cr_expect_gt(more, sum);
	cr_expect_eq(sipring_budget(config, NULL, NULL), more);
	sipring_config_free(config);
}

static void is_of(const struct sipring_config *config, unsigned listener, const char *name,
	const char *value)
{
	char text[32];

	cr_assert_geq(sipring_config_listener_get(config, listener, name, text, sizeof text), 0);
	cr_expect_str_eq(text, value, "%s of %u: %s", name, listener, text);
}

Test(config, a_listener_has_its_own_or_what_all_have)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error = {0};
	struct sipring *sipring;

	cr_expect_eq(sipring_config_listener_set(config, 0, "rto_min", "300", &error), -ENOENT);
	cr_expect(strstr(error.text, "no listener 0"), "%s", error.text);
	cr_assert_eq(sipring_config_listen(config, "sctp:127.0.0.1", NULL), 0);
	cr_assert_eq(sipring_config_listen(config, "sctp:127.0.0.1:5070", NULL), 0);
	cr_expect_eq(sipring_config_listener_set(config, 1, "rto_min", "300", NULL), 0);
	cr_expect_eq(sipring_config_listener_set(config, 1, "unordered", "off", NULL), 0);
	cr_expect_eq(sipring_config_set(config, "rto_min", "500", NULL), 0);
	is_of(config, 0, "rto_min", "500");
	is_of(config, 1, "rto_min", "300");
	is_of(config, 0, "unordered", "on");
	is_of(config, 1, "unordered", "off");
	is_of(config, 1, "rto_max", "0");
	cr_expect(sipring_config_listener_has(config, 1, "rto_min"));
	cr_expect_not(sipring_config_listener_has(config, 0, "rto_min"));
	cr_expect_eq(sipring_config_listener_set(config, 1, "workers", "2", &error), -EINVAL);
	cr_expect(strstr(error.text, "for all listeners"), "%s", error.text);
	cr_expect_eq(sipring_config_listener_set(config, 1, "tos", "256", &error), -ERANGE);
	cr_expect_eq(sipring_config_listener_set(config, 1, "no_such", "1", &error), -ENOENT);
	cr_expect_eq(sipring_config_listener_set(config, 1, "tos", "3", &error), 0);
	cr_expect_eq(sipring_open(&sipring, config, &error), -EINVAL, "what does not fit");
	cr_expect(strstr(error.text, "5070: tos (3)"), "%s", error.text);
	sipring_config_free(config);
}

static uint32_t buffers_of(const char *name, const char *value)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_sctp_config sctp;
	struct sipring_io_config io;

	cr_assert_eq(sipring_config_set(config, name, value, NULL), 0);
	sipring_config_lower(config, &io, &sctp, NULL);
	sipring_config_free(config);
	return io.n_buffers;
}

Test(config, receive_buffers_go_by_the_associations)
{
	cr_expect_eq(buffers_of("associations_max", "64"), 512);
	cr_expect_eq(buffers_of("associations_max", "10000"), 2048);
	cr_expect_eq(buffers_of("associations_max", "1000000"), 32768);
	cr_expect_eq(buffers_of("receive_buffers", "100"), 128);
	cr_expect_eq(buffers_of("receive_buffers", "16"), 16);
}

Test(config, a_few_receive_buffers_are_refused)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error;

	cr_assert_eq(sipring_config_set(config, "receive_buffers", "15", NULL), 0);
	cr_expect_eq(sipring_check(config, &error), -EINVAL);
	cr_expect(strstr(error.text, "at least 16"), "%s", error.text);
	cr_assert_eq(sipring_config_set(config, "receive_buffers", "16", NULL), 0);
	cr_expect_eq(sipring_check(config, &error), 0, "%s", error.text);
	sipring_config_free(config);
}
