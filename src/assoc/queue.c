/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A queue's messages are in three lists: waiting, submitted, again. One batch at a time: results
 * come in order, what must be tried again collects in `again` and returns to the head of waiting
 * once nothing is submitted. Marks for bundling: each message but the last of a run carries MORE,
 * and a run ends early enough that what SCTP holds back can never fill the socket's send buffer by
 * itself, for then nobody would tell us that it is writable. Invariant: n_messages and n_bytes
 * cover exactly the messages of the three lists.
 */
#include "assoc/queue.h"

#include <assert.h>
#include <errno.h>

/* A run's bound: its socket-buffer use stays well below a quarter of the smallest buffer. */
#define RUN_BYTES_MAX 16384
#define RUN_MESSAGES_MAX 32

static struct sipring_outgoing *message_of(struct sipring_list *node)
{
	return SIPRING_CONTAINER(node, struct sipring_outgoing, link);
}

static void queue_check(const struct sipring_queue *queue)
{
	(void)queue; /* unread where asserts are off */
	assert(queue->n_submitted <= queue->n_messages);
	assert((queue->n_submitted == 0) == sipring_list_empty(&queue->submitted));
	assert(queue->n_messages || queue->n_bytes == 0);
	assert(queue->n_of_class[0] + queue->n_of_class[1] + queue->n_of_class[2] ==
		queue->n_messages);
}

void sipring_queue_init(struct sipring_queue *queue)
{
	*queue = (struct sipring_queue){0};
	sipring_list_init(&queue->waiting);
	sipring_list_init(&queue->submitted);
	sipring_list_init(&queue->again);
}

int sipring_queue_put(struct sipring_queue *queue, struct sipring_outgoing *message,
	uint32_t messages_max, uint32_t bytes_max)
{
	assert(message->send.size > 0);
	if (queue->n_messages >= messages_max || message->send.size > bytes_max ||
		queue->n_bytes > bytes_max - message->send.size)
		return 1;
	sipring_list_append(&queue->waiting, &message->link);
	queue->n_messages++;
	queue->n_bytes += message->send.size;
	queue->n_of_class[message->size_class]++;
	return 0;
}

bool sipring_queue_ready(const struct sipring_queue *queue)
{
	return queue->n_submitted == 0 && !sipring_list_empty(&queue->waiting);
}

uint32_t sipring_queue_submit(struct sipring_queue *queue, uint32_t n_max, bool bundling)
{
	uint32_t run_messages = 0, run_bytes = 0;

	assert(queue->n_submitted == 0 && n_max > 0);
	queue->failing = false;
	while (queue->n_submitted < n_max && !sipring_list_empty(&queue->waiting)) {
		struct sipring_outgoing *message = message_of(sipring_list_pop(&queue->waiting));

		sipring_list_append(&queue->submitted, &message->link);
		queue->n_submitted++;
		message->send.flags &= (uint16_t)~SIPRING_SCTP_MORE;
		if (!bundling || queue->n_submitted == n_max || sipring_list_empty(&queue->waiting))
			continue;
		run_messages++;
		run_bytes += message->send.size;
		if (run_messages == RUN_MESSAGES_MAX || run_bytes >= RUN_BYTES_MAX)
			run_messages = run_bytes = 0;
		else
			message->send.flags |= SIPRING_SCTP_MORE;
	}
	queue_check(queue);
	return queue->n_submitted;
}

static void take_out(struct sipring_queue *queue, struct sipring_outgoing *message)
{
	sipring_list_unlink(&message->link);
	assert(queue->n_messages > 0 && queue->n_bytes >= message->send.size);
	assert(queue->n_of_class[message->size_class] > 0);
	queue->n_messages--;
	queue->n_bytes -= message->send.size;
	queue->n_of_class[message->size_class]--;
}

/* What has to go again stands before what waits. */
static void return_again(struct sipring_queue *queue)
{
	while (queue->again.previous != &queue->again) {
		struct sipring_list *node = queue->again.previous;

		sipring_list_unlink(node);
		sipring_list_append(queue->waiting.next, node);
	}
}

enum sipring_queue_result sipring_queue_settle(struct sipring_queue *queue,
	struct sipring_outgoing *message, int result)
{
	enum sipring_queue_result settled = SIPRING_QUEUE_SENT;

	assert(queue->n_submitted > 0);
	queue->n_submitted--;
	if (result == 0) {
		queue->holding = message->send.flags & SIPRING_SCTP_MORE;
		take_out(queue, message);
	} else if (result == -EAGAIN || result == -ECANCELED) {
		settled = SIPRING_QUEUE_AGAIN;
		sipring_list_unlink(&message->link);
		sipring_list_append(&queue->again, &message->link);
	} else {
		settled = SIPRING_QUEUE_REFUSED;
		take_out(queue, message);
	}
	queue->failing |= result != 0;
	if (queue->n_submitted == 0)
		return_again(queue);
	queue_check(queue);
	return settled;
}

struct sipring_outgoing *sipring_queue_expire(struct sipring_queue *queue, uint64_t now_ms)
{
	if (sipring_queue_deadline_ms(queue) > now_ms)
		return NULL;
	return sipring_queue_drop(queue);
}

struct sipring_outgoing *sipring_queue_drop(struct sipring_queue *queue)
{
	struct sipring_outgoing *message;

	if (sipring_list_empty(&queue->waiting))
		return NULL;
	message = message_of(queue->waiting.next);
	take_out(queue, message);
	queue_check(queue);
	return message;
}

void sipring_queue_recall(struct sipring_queue *queue)
{
	struct sipring_list *node;

	while ((node = sipring_list_pop(&queue->submitted)))
		sipring_list_append(&queue->again, node);
	queue->n_submitted = 0;
	return_again(queue);
	queue_check(queue);
}

uint64_t sipring_queue_deadline_ms(const struct sipring_queue *queue)
{
	if (sipring_list_empty(&queue->waiting))
		return UINT64_MAX;
	return message_of(queue->waiting.next)->deadline_ms;
}
