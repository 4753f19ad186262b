/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings that change while a sipring is open: which, that the rest is named and left alone, and
 * that what does not fit together changes nothing.
 */
#include "engine/worker.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

struct told {
	unsigned n, n_applied;
	char names[400];
};

static void tell(void *user, const struct sipring_setting_change *change)
{
	struct told *told = user;

	told->n++;
	told->n_applied += change->applied;
	cr_expect_str_neq(change->before, change->after);
	strcat(strcat(told->names, change->name), " ");
}

static struct sipring *open_one(struct sipring_config *config)
{
	struct sipring *sipring;
	struct sipring_error error;

	cr_assert_eq(sipring_config_listen(config, "sctp:127.0.0.1", &error), 0);
	cr_assert_eq(sipring_open(&sipring, config, &error), 0);
	return sipring;
}

static void set(struct sipring_config *config, const char *name, const char *value)
{
	cr_assert_eq(sipring_config_set(config, name, value, NULL), 0);
}

Test(reload, takes_what_can_be_changed)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring *sipring = open_one(config);
	struct sipring_error error;
	struct told told = {0};

	cr_expect_eq(sipring_reload(sipring, NULL, config, tell, &told, &error), 0);
	cr_expect_eq(told.n, 0, "nothing differs");
	set(config, "autoclose", "60");
	set(config, "rto_max", "4000");
	set(config, "associations_max", "77");
	set(config, "provider", "usrsctp");
	cr_expect_eq(sipring_config_listen(config, "sctp:127.0.0.2", NULL), 0);
	cr_expect_eq(sipring_reload(sipring, NULL, config, tell, &told, &error), 0);
	cr_expect_str_eq(told.names, "provider associations_max autoclose rto_max listen ");
	cr_expect_eq(told.n_applied, 2);
	cr_expect_eq(sipring->config.autoclose, 60);
	cr_expect_eq(sipring->config.rto_max, 4000);
	cr_expect_eq(sipring->config.associations_max, 4096, "it needs a restart");
	cr_expect_eq(sipring->config.n_listeners, 1);
	sipring_close(sipring);
	sipring_config_free(config);
}

Test(reload, leaves_a_knob_that_goes_back_to_the_system)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring *sipring;
	struct sipring_error error;
	struct told told = {0};

	set(config, "rto_max", "4000");
	sipring = open_one(config);
	set(config, "rto_max", "0");
	set(config, "autoclose", "0");
	cr_expect_eq(sipring_reload(sipring, NULL, config, tell, &told, &error), 0);
	cr_expect_eq(told.n, 2);
	cr_expect_eq(told.n_applied, 1);
	cr_expect_eq(sipring->config.rto_max, 4000);
	cr_expect_eq(sipring->config.autoclose, 0, "of this 0 is a value");
	sipring_close(sipring);
	sipring_config_free(config);
}

Test(reload, changes_nothing_where_it_does_not_fit)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring *sipring;
	struct sipring_error error;
	struct told told = {0};

	set(config, "rto_max", "4000");
	sipring = open_one(config);
	set(config, "autoclose", "60");
	set(config, "rto_min", "5000");
	cr_expect_eq(sipring_reload(sipring, NULL, config, tell, &told, &error), -EINVAL);
	cr_expect(strstr(error.text, "rto_min"));
	cr_expect_eq(told.n, 0);
	cr_expect_eq(sipring->config.autoclose, 180);
	cr_expect_eq(sipring->config.rto_min, 0);
	sipring_close(sipring);
	sipring_config_free(config);
}

static void own(struct sipring_config *config, const char *name, const char *value)
{
	cr_assert_eq(sipring_config_listener_set(config, 0, name, value, NULL), 0);
}

static const char *got(const struct sipring_config *config, const char *name)
{
	static char text[64];

	sipring_config_listener_get(config, 0, name, text, sizeof text);
	return text;
}

Test(reload, takes_what_one_listener_has)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring *sipring = open_one(config);
	struct sipring_error error;
	struct told told = {0};

	own(config, "rto_max", "4000");
	own(config, "autoclose", "64");
	own(config, "streams_out", "3");
	cr_expect_eq(sipring_reload(sipring, NULL, config, tell, &told, &error), 0);
	cr_expect_str_eq(told.names,
		"autoclose of sctp:127.0.0.1 rto_max of sctp:127.0.0.1 "
		"streams_out of sctp:127.0.0.1 ");
	cr_expect_eq(told.n_applied, 2, "streams need a restart");
	cr_expect(sipring_config_listener_has(&sipring->config, 0, "rto_max"));
	cr_expect_not(sipring_config_listener_has(&sipring->config, 0, "streams_out"));
	cr_expect_str_eq(got(&sipring->config, "autoclose"), "64");
	cr_expect_eq(sipring->config.rto_max, 0, "of all it is what it was");
	own(config, "rto_min", "5000");
	cr_expect_eq(sipring_reload(sipring, NULL, config, tell, &told, &error), -EINVAL);
	cr_expect(strstr(error.text, "127.0.0.1: rto_min (5000) is above rto_max (4000)"), "%s",
		error.text);
	cr_expect_not(sipring_config_listener_has(&sipring->config, 0, "rto_min"));
	sipring_config_free(config);
	sipring_close(sipring);
}
