/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Send buffers: the smallest that holds a message, the next larger when those are used up, and each
 * back to where it came from.
 */
#include "engine/send_pool.h"
#include "engine/config.h"

#include <criterion/criterion.h>
#include <string.h>

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
		struct sipring_outgoing *message = sipring_send_pool_take(&pool, rows[i].size);

		cr_assert_not_null(message);
		cr_expect_eq(message->size_class, rows[i].size_class, "%u", rows[i].size);
		cr_expect_eq(message->bytes.iov_len, rows[i].size);
		memset(message->bytes.iov_base, 'x', rows[i].size);
		sipring_send_pool_give(&pool, message);
	}
	cr_expect_null(sipring_send_pool_take(&pool, 65536), "larger than message_max");
	sipring_send_pool_close(&pool);
}

Test(send_pool, larger_ones_serve_until_all_are_used_up)
{
	struct sipring_outgoing *messages[36];
	struct sipring_send_pool pool = open_pool("4");

	for (int i = 0; i < 36; i++) {
		messages[i] = sipring_send_pool_take(&pool, 100);
		cr_assert_not_null(messages[i]);
		cr_expect_eq(messages[i]->size_class, i < 16 ? 0 : i < 32 ? 1 : 2);
	}
	cr_expect_null(sipring_send_pool_take(&pool, 100));
	for (int i = 0; i < 36; i++)
		sipring_send_pool_give(&pool, messages[i]);
	for (int i = 0; i < SIPRING_SEND_POOL_CLASSES; i++)
		cr_expect_eq(sipring_pool_used(&pool.classes[i]), 0);
	sipring_send_pool_close(&pool);
}
