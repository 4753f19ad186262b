/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings that change reach a listener that came while the worker ran, beside its own.
 */
#include "engine/worker.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

static void set(struct sipring_config *config, const char *name, const char *value)
{
	cr_assert_eq(sipring_config_set(config, name, value, NULL), 0);
}

struct guest {
	struct sipring *sipring;
	_Atomic int number;
};

static void *come(void *user)
{
	struct guest *guest = user;

	atomic_store(&guest->number,
		sipring_listen(guest->sipring, "sctp:127.0.0.1:20533", "rto_max=4000", 10000,
			NULL));
	return NULL;
}

Test(usrsctp_reload, reaches_a_listener_that_came_later)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_callbacks callbacks = {0};
	struct sipring_worker *worker;
	struct sipring_error error;
	struct guest guest = {.number = 0};
	pthread_t thread;

	set(config, "provider", "usrsctp");
	set(config, "encaps_port", "0");
	set(config, "sctp_port", "20532");
	set(config, "spare_listeners", "1");
	set(config, "takers", "1");
	cr_assert_eq(sipring_config_listen(config, "sctp:127.0.0.1", &error), 0);
	cr_assert_eq(sipring_open(&guest.sipring, config, &error), 0, "%s", error.text);
	cr_assert_eq(sipring_worker_open(&worker, guest.sipring, &callbacks, &error), 0, "%s",
		error.text);
	cr_assert_eq(pthread_create(&thread, NULL, come, &guest), 0);
	while (!atomic_load(&guest.number))
		sipring_worker_turn(worker, 1000000);
	pthread_join(thread, NULL);
	cr_assert_eq(guest.number, 1);
	set(config, "autoclose", "60");
	set(config, "rto_min", "700");
	cr_expect_eq(sipring_reload(guest.sipring, worker, config, NULL, NULL, &error), 0, "%s",
		error.text);
	cr_expect_eq(worker->manners[1].autoclose_ms, 60000);
	cr_expect_eq(worker->sctp_listeners[1].knobs.rto_min_ms, 700);
	cr_expect_eq(worker->sctp_listeners[1].knobs.rto_max_ms, 4000, "its own");
	set(config, "rto_min", "5000");
	cr_expect_eq(sipring_reload(guest.sipring, worker, config, NULL, NULL, &error), -EINVAL,
		"its rto_max is below");
	cr_expect_eq(guest.sipring->config.rto_min, 700);
	cr_expect_eq(worker->sctp_listeners[1].knobs.rto_min_ms, 700);
	sipring_worker_close(worker);
	sipring_close(guest.sipring);
	sipring_config_free(config);
}
