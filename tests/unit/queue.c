/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The send queue: its bounds, the marks for bundling, and random results against a model in which
 * every message ends once and what is tried again keeps its place.
 */
#include "assoc/queue.h"

#include "random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define N_MESSAGES 300

static struct sipring_outgoing messages[N_MESSAGES];

static struct sipring_outgoing *make(int index, uint32_t size)
{
	struct sipring_outgoing *message = &messages[index];

	memset(message, 0, sizeof *message);
	message->send.size = size;
	message->cookie = (uint32_t)index;
	message->deadline_ms = 1000 + (uint64_t)index;
	return message;
}

static struct sipring_outgoing *first_submitted(struct sipring_queue *queue)
{
	cr_assert_not(sipring_list_empty(&queue->submitted));
	return SIPRING_CONTAINER(queue->submitted.next, struct sipring_outgoing, link);
}

Test(queue, bounds)
{
	struct sipring_queue queue;

	sipring_queue_init(&queue);
	cr_expect_eq(sipring_queue_put(&queue, make(0, 101), 2, 100), 1, "larger than all room");
	cr_expect_eq(sipring_queue_put(&queue, make(0, 60), 2, 100), 0);
	cr_expect_eq(sipring_queue_put(&queue, make(1, 41), 2, 100), 1, "no bytes left");
	cr_expect_eq(sipring_queue_put(&queue, make(1, 40), 2, 100), 0, "exactly full");
	cr_expect_eq(sipring_queue_put(&queue, make(2, 1), 2, 1000), 1, "no messages left");
	cr_expect_eq(queue.n_messages, 2);
	cr_expect_eq(queue.n_bytes, 100);
}

static void fill(struct sipring_queue *queue, int n, uint32_t size)
{
	sipring_queue_init(queue);
	for (int i = 0; i < n; i++)
		cr_assert_eq(sipring_queue_put(queue, make(i, size), N_MESSAGES, 100000000), 0);
}

Test(queue, the_last_of_a_batch_is_not_marked)
{
	for (int n = 1; n < 40; n++) {
		struct sipring_queue queue;
		uint32_t n_submitted;

		fill(&queue, n, 100);
		n_submitted = sipring_queue_submit(&queue, 8, true);
		cr_assert_eq(n_submitted, n < 8 ? (uint32_t)n : 8u);
		for (uint32_t i = 0; i < n_submitted; i++)
			cr_expect_eq(messages[i].send.flags & SIPRING_SCTP_MORE,
				i + 1 < n_submitted ? SIPRING_SCTP_MORE : 0, "%d of %d", i, n);
		cr_expect_not(sipring_queue_ready(&queue), "one batch at a time");
	}
}

Test(queue, nothing_is_marked_without_bundling)
{
	struct sipring_queue queue;

	fill(&queue, 5, 100);
	sipring_queue_submit(&queue, 5, false);
	for (int i = 0; i < 5; i++)
		cr_expect_eq(messages[i].send.flags & SIPRING_SCTP_MORE, 0);
}

Test(queue, what_sctp_may_hold_back_is_bounded)
{
	static const uint32_t sizes[] = {1, 350, 1500, 9000, 65535};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct sipring_queue queue;
		uint32_t run_bytes = 0, run_messages = 0;

		fill(&queue, 200, sizes[i]);
		sipring_queue_submit(&queue, 200, true);
		for (int j = 0; j < 200; j++) {
			if (messages[j].send.flags & SIPRING_SCTP_MORE) {
				run_bytes += sizes[i];
				run_messages++;
			} else {
				run_bytes = run_messages = 0;
			}
			cr_assert_lt(run_bytes, 16384);
			cr_assert_lt(run_messages, 32);
		}
	}
}

Test(queue, what_is_tried_again_keeps_its_place)
{
	static const int results[] = {0, -EAGAIN, -ECANCELED, -EMSGSIZE, -ECANCELED};
	static const uint32_t left[] = {1, 2, 4, 5, 6};
	struct sipring_queue queue;

	fill(&queue, 7, 10);
	sipring_queue_submit(&queue, 5, true);
	for (int i = 0; i < 5; i++) {
		enum sipring_queue_result settled =
			sipring_queue_settle(&queue, first_submitted(&queue), results[i]);

		cr_expect_eq(settled,
			results[i] == 0                   ? SIPRING_QUEUE_SENT
				: results[i] == -EMSGSIZE ? SIPRING_QUEUE_REFUSED
							  : SIPRING_QUEUE_AGAIN);
	}
	cr_expect(queue.failing);
	cr_expect(queue.holding, "the first went with MORE and nothing followed it");
	cr_expect_eq(queue.n_messages, 5);
	for (int i = 0; i < 5; i++)
		cr_expect_eq(sipring_queue_drop(&queue)->cookie, left[i]);
	cr_expect_null(sipring_queue_drop(&queue));
	cr_expect_eq(queue.n_bytes, 0);
}

Test(queue, holding_ends_with_a_send_that_is_not_marked)
{
	struct sipring_queue queue;

	fill(&queue, 2, 10);
	sipring_queue_submit(&queue, 2, true);
	sipring_queue_settle(&queue, first_submitted(&queue), 0);
	cr_expect(queue.holding);
	sipring_queue_settle(&queue, first_submitted(&queue), 0);
	cr_expect_not(queue.holding);
	cr_expect_not(queue.failing);
}

Test(queue, deadlines_take_the_first_out)
{
	struct sipring_queue queue;

	fill(&queue, 3, 10);
	cr_expect_eq(sipring_queue_deadline_ms(&queue), 1000);
	cr_expect_null(sipring_queue_expire(&queue, 999));
	cr_expect_eq(sipring_queue_expire(&queue, 1001)->cookie, 0);
	cr_expect_eq(sipring_queue_expire(&queue, 1001)->cookie, 1);
	cr_expect_null(sipring_queue_expire(&queue, 1001));
	sipring_queue_drop(&queue);
	cr_expect_eq(sipring_queue_deadline_ms(&queue), UINT64_MAX);
}

Test(queue, recall_brings_all_back_in_order)
{
	struct sipring_queue queue;

	fill(&queue, 6, 10);
	sipring_queue_submit(&queue, 4, true);
	sipring_queue_settle(&queue, first_submitted(&queue), -EAGAIN);
	sipring_queue_recall(&queue);
	for (uint32_t i = 0; i < 6; i++)
		cr_expect_eq(sipring_queue_drop(&queue)->cookie, i);
}

/* Messages of the same fate leave in the order in which they came, each once. */
Test(queue, random_results_against_a_model)
{
	static const int results[] = {0, 0, 0, 0, -EAGAIN, -ECANCELED, -EPIPE};
	uint64_t seed = 99;

	for (int run = 0; run < 300; run++) {
		struct sipring_queue queue;
		int n_put = 0, n_ended = 0, last_sent = -1;
		bool ended[N_MESSAGES] = {false};

		sipring_queue_init(&queue);
		while (n_ended < N_MESSAGES) {
			while (n_put < N_MESSAGES && random_below(&seed, 3))
				cr_assert_eq(sipring_queue_put(&queue, make(n_put++, 5), N_MESSAGES,
						     1u << 30),
					0);
			if (!sipring_queue_ready(&queue))
				continue;
			sipring_queue_submit(&queue, 1 + random_below(&seed, 9), true);
			while (queue.n_submitted) {
				struct sipring_outgoing *message = first_submitted(&queue);
				int result = results[random_below(&seed, 7)];

				/* A failure stops its batch, as an ordered association's does. */
				if (queue.failing && result == 0)
					result = -ECANCELED;
				if (sipring_queue_settle(&queue, message, result) ==
					SIPRING_QUEUE_AGAIN)
					continue;
				cr_assert_not(ended[message->cookie]);
				ended[message->cookie] = true;
				n_ended++;
				if (result == 0) {
					cr_assert_gt((int)message->cookie, last_sent);
					last_sent = (int)message->cookie;
				}
			}
		}
		cr_assert_eq(queue.n_messages, 0);
		cr_assert_eq(queue.n_bytes, 0);
	}
}
