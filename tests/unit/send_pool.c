/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Send buffers: the smallest that holds a message, the next larger when those are used up, and each
 * back to where it came from.
 */
#include "engine/send_pool.h"
#include "engine/config.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct sipring_queue nothing;

static struct sipring_send_pool open_pool(const char *large)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_send_pool pool;

	cr_assert_eq(sipring_config_set(config, "send_small", "16", NULL), 0);
	cr_assert_eq(sipring_config_set(config, "send_medium", "16", NULL), 0);
	cr_assert_eq(sipring_config_set(config, "send_large", large, NULL), 0);
	cr_assert_eq(sipring_send_pool_open(&pool, config), 0);
	sipring_config_free(config);
	return pool;
}

Test(send_pool, the_smallest_that_holds_it)
{
	static const struct {
		uint32_t size;
		uint8_t size_class;
	} rows[] = {{1, 0}, {1536, 0}, {1537, 1}, {8192, 1}, {8193, 2}, {65535, 2}};
	struct sipring_send_pool pool = open_pool("4");

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_outgoing *message =
			sipring_send_pool_take(&pool, rows[i].size, &nothing);

		cr_assert_not_null(message);
		cr_expect_eq(message->size_class, rows[i].size_class, "%u", rows[i].size);
		cr_expect_eq(message->bytes.iov_len, rows[i].size);
		memset(message->bytes.iov_base, 'x', rows[i].size);
		sipring_send_pool_give(&pool, message);
	}
	cr_expect_null(sipring_send_pool_take(&pool, 65536, &nothing), "larger than message_max");
	sipring_send_pool_close(&pool);
}

Test(send_pool, larger_ones_serve_until_all_are_used_up)
{
	struct sipring_outgoing *messages[36];
	struct sipring_send_pool pool = open_pool("4");

	for (int i = 0; i < 36; i++) {
		messages[i] = sipring_send_pool_take(&pool, 100, &nothing);
		cr_assert_not_null(messages[i]);
		cr_expect_eq(messages[i]->size_class, i < 16 ? 0 : i < 32 ? 1 : 2);
	}
	cr_expect_null(sipring_send_pool_take(&pool, 100, &nothing));
	for (int i = 0; i < 36; i++)
		sipring_send_pool_give(&pool, messages[i]);
	for (int i = 0; i < SIPRING_SEND_POOL_CLASSES; i++)
		cr_expect_eq(sipring_pool_used(&pool.classes[i]), 0);
	sipring_send_pool_close(&pool);
}

/* Each takes what it gets: what is left is never nothing, and who frees some is let again. */
Test(send_pool, who_has_as_many_as_are_free_gets_no_more)
{
	struct sipring_send_pool pool = open_pool("4");
	struct sipring_queue queues[3];
	uint32_t left[] = {8, 4, 2};

	for (int i = 0; i < 3; i++) {
		struct sipring_outgoing *message;

		sipring_queue_init(&queues[i]);
		while (queues[i].n_of_class[0] < pool.classes[0].n_free) {
			message = sipring_send_pool_take(&pool, 100, &queues[i]);
			message->send.size = 100;
			cr_assert_eq(message->size_class, 0);
			cr_assert_eq(sipring_queue_put(&queues[i], message, 100, 10000), 0);
		}
		cr_expect_eq(pool.classes[0].n_free, left[i]);
	}
	cr_expect_not(sipring_send_pool_has_share(&pool, &queues[2]));
	sipring_send_pool_give(&pool, sipring_queue_drop(&queues[2]));
	cr_expect(sipring_send_pool_has_share(&pool, &queues[2]));
	for (int i = 0; i < 3; i++)
		while (queues[i].n_messages)
			sipring_send_pool_give(&pool, sipring_queue_drop(&queues[i]));
	sipring_send_pool_close(&pool);
}
