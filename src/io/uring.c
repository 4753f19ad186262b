/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The io_uring io: one ring per worker. A turn prepares what sockets and sends want
 * (uring_prepare.c), makes one io_uring_enter, and copies the completions out; next then turns
 * each into a plain event (uring_events.c). Receives and accepts are multishot: they stay with the
 * kernel until they end, and one that ended is wanted again. Cancelling, never closing, ends what
 * is in flight: an fd is closed once its n_in_flight is 0. Invariant: a socket with CLOSED told,
 * and a send with SENT told, is in no list here and in no completion to come.
 */
#include "io/uring.h"
#include "io/uring_tag.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct uring *self(struct sipring_io *io)
{
	assert(io->ops == &sipring_io_uring);
	return SIPRING_CONTAINER(io, struct uring, io);
}

static int uring_open(struct sipring_io **io, const struct sipring_io_config *config,
	struct sipring_error *error)
{
	struct uring *uring = calloc(1, sizeof *uring);
	int r;

	if (!uring)
		return sipring_error_set(error, -ENOMEM, "no memory for an io_uring");
	uring->io.ops = &sipring_io_uring;
	uring->event_fd = -1;
	sipring_list_init(&uring->todo);
	sipring_list_init(&uring->paused);
	sipring_list_init(&uring->outbox);
	sipring_list_init(&uring->quiet);
	sipring_list_init(&uring->ended);
	sipring_list_init(&uring->closed);
	r = sipring_uring_ring_open(&uring->ring, config->n_sends,
		2 * config->n_sends + config->n_buffers, error);
	if (r < 0) {
		free(uring);
		return r;
	}
	r = sipring_uring_buffers_open(&uring->buffers, &uring->ring, config);
	if (r < 0) {
		io_uring_queue_exit(&uring->ring);
		free(uring);
		if (r == -EPERM || r == -EACCES || r == -ENOSYS)
			return sipring_uring_ring_refused(r, error);
		return sipring_error_set(error, r,
			"cannot map and register %u receive buffers of %u bytes: %s; lower "
			"receive_buffers or raise the memory limit",
			config->n_buffers, config->buffer_size, strerror(-r));
	}
	*io = &uring->io;
	return 0;
}

/* What was accepted and will not be told. */
static void close_accepted(const struct io_uring_cqe *cqe)
{
	if (uring_tag_operation(cqe->user_data) == URING_ACCEPT && cqe->res >= 0)
		close(cqe->res);
}

/* All that is under way, so that no accept makes an fd while the ring goes. */
static void cancel_all(struct uring *uring)
{
	struct io_uring_sync_cancel_reg what = {
		.flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL,
		.timeout = {-1, -1},
	};

	io_uring_register_sync_cancel(&uring->ring, &what);
	io_uring_get_events(&uring->ring);
}

static void uring_close(struct sipring_io *io)
{
	struct uring *uring = self(io);
	struct io_uring_cqe *cqe;
	unsigned head;

	cancel_all(uring);
	while (uring->next_event < uring->n_events)
		close_accepted(&uring->events[uring->next_event++]);
	io_uring_for_each_cqe(&uring->ring, head, cqe) close_accepted(cqe);
	sipring_uring_buffers_close(&uring->buffers, &uring->ring);
	io_uring_queue_exit(&uring->ring);
	sipring_uring_eventfd_close(uring);
	free(uring);
}

static void want(struct uring *uring, struct sipring_io_socket *socket,
	enum uring_operation operation)
{
	socket->wants |= (uint8_t)(1u << operation);
	sipring_list_unlink(&socket->link);
	sipring_list_append(&uring->todo, &socket->link);
}

void sipring_uring_want_input(struct uring *uring, struct sipring_io_socket *socket)
{
	want(uring, socket, socket->kind == SIPRING_IO_LISTENER ? URING_ACCEPT : URING_RECEIVE);
}

/* Another operation that it wants starts this one too, and it is here again. */
void sipring_uring_pause_input(struct uring *uring, struct sipring_io_socket *socket)
{
	sipring_uring_want_input(uring, socket);
	sipring_list_unlink(&socket->link);
	sipring_list_append(&uring->paused, &socket->link);
}

static void uring_add(struct sipring_io *io, struct sipring_io_socket *socket)
{
	assert(socket->state == SIPRING_IO_IDLE || socket->state == SIPRING_IO_ENDED);
	if (socket->state == SIPRING_IO_IDLE) {
		socket->stalled = false;
		socket->wants = 0;
		socket->under_way = 0;
		socket->n_in_flight = 0;
		socket->n_queued = 0;
		socket->n_sends = 0;
		socket->n_linked = 0;
		socket->held_in = 0;
		sipring_list_init(&socket->link);
	}
	socket->state = SIPRING_IO_OPEN;
	sipring_uring_want_input(self(io), socket);
}

void sipring_uring_close_socket(struct uring *uring, struct sipring_io_socket *socket)
{
	close(socket->fd);
	uring->io.counters.n_system_calls++;
	socket->fd = -1;
	socket->state = SIPRING_IO_IDLE;
	sipring_list_unlink(&socket->link);
	sipring_list_append(&uring->closed, &socket->link);
}

static void uring_remove(struct sipring_io *io, struct sipring_io_socket *socket)
{
	struct uring *uring = self(io);

	assert(socket->state == SIPRING_IO_OPEN || socket->state == SIPRING_IO_ENDED);
	socket->state = SIPRING_IO_REMOVING;
	socket->wants = 0;
	sipring_list_unlink(&socket->link);
	if (socket->under_way)
		want(uring, socket, URING_CANCEL);
	uring_close_if_done(uring, socket);
}

static void uring_send(struct sipring_io *io, struct sipring_io_send *send)
{
	assert(send->socket->state != SIPRING_IO_IDLE && send->n_parts > 0);
	assert(send->n_parts <= SIPRING_IO_SEND_PARTS_MAX);
	send->socket->n_queued++;
	send->linked = false;
	send->quiet = false;
	sipring_list_append(&self(io)->outbox, &send->link);
}

static void uring_await_writable(struct sipring_io *io, struct sipring_io_socket *socket)
{
	if (socket->state == SIPRING_IO_REMOVING || (socket->under_way & (1u << URING_WRITABLE)))
		return;
	want(self(io), socket, URING_WRITABLE);
}

static int enter(struct uring *uring, int64_t timeout_ns)
{
	struct __kernel_timespec limit;
	struct io_uring_cqe *first;
	int r;

	uring->io.counters.n_system_calls++;
	if (uring->has_links) {
		/*
		 * The kernel takes one link further each time it looks for completions, and it goes
		 * on looking while fewer are there than were asked for. No send waits for anything.
		 */
		r = io_uring_submit_and_wait(&uring->ring, uring->n_prepared);
	} else if (timeout_ns == 0) {
		r = io_uring_submit_and_get_events(&uring->ring);
	} else if (timeout_ns < 0) {
		r = io_uring_submit_and_wait(&uring->ring, 1);
	} else {
		limit.tv_sec = timeout_ns / 1000000000;
		limit.tv_nsec = timeout_ns % 1000000000;
		r = io_uring_submit_and_wait_timeout(&uring->ring, &first, 1, &limit, NULL);
	}
	/* EBUSY: completions overflowed and have to be read first; they are, right now. */
	return r == -ETIME || r == -EINTR || r == -EBUSY || r == -EAGAIN || r > 0 ? 0 : r;
}

static void reap(struct uring *uring)
{
	struct io_uring_cqe *cqe;
	unsigned head;
	uint32_t n = 0;

	if (*uring->ring.sq.kflags & IORING_SQ_CQ_OVERFLOW)
		uring->io.counters.n_overflows++;
	io_uring_for_each_cqe(&uring->ring, head, cqe)
	{
		uring->events[n++] = *cqe;
		if (n == URING_EVENTS_MAX)
			break;
	}
	io_uring_cq_advance(&uring->ring, n);
	uring->n_events = n;
	uring->next_event = 0;
}

static bool may_go_on(const struct uring *uring)
{
	return !sipring_list_empty(&uring->paused) && !sipring_uring_buffers_out(&uring->buffers);
}

/* What found no buffer is tried again when there is one: no more of them than that are free. */
static void go_on(struct uring *uring)
{
	uint32_t n_free = uring->buffers.n_buffers - uring->buffers.n_kept;
	struct sipring_list *node;

	for (; n_free && (node = sipring_list_pop(&uring->paused)); n_free--)
		sipring_uring_want_input(uring,
			SIPRING_CONTAINER(node, struct sipring_io_socket, link));
}

/*
 * No send waits for anything, so that each has its result when the call returns that submitted it;
 * and what was told of no failure then has gone. Not to be said while completions are unread.
 */
static void end_quiet(struct uring *uring)
{
	struct sipring_list *node;

	if (io_uring_sq_ready(&uring->ring) || io_uring_cq_ready(&uring->ring) ||
		*uring->ring.sq.kflags & IORING_SQ_CQ_OVERFLOW)
		return;
	while ((node = sipring_list_pop(&uring->quiet)))
		sipring_list_append(&uring->ended, node);
}

static int uring_turn(struct sipring_io *io, int64_t timeout_ns)
{
	struct uring *uring = self(io);
	int r;

	assert(uring->next_event == uring->n_events);
	uring->io.counters.n_turns++;
	if (uring->event_fd >= 0)
		sipring_uring_eventfd_before(uring);
	sipring_uring_buffers_recycle(&uring->buffers);
	go_on(uring);
	if (!sipring_list_empty(&uring->quiet))
		timeout_ns = 0;
	sipring_uring_prepare(uring);
	if (uring->leftover || io_uring_cq_ready(&uring->ring) || may_go_on(uring) ||
		!sipring_list_empty(&uring->ended) || !sipring_list_empty(&uring->closed))
		timeout_ns = 0;
	r = enter(uring, timeout_ns);
	reap(uring);
	end_quiet(uring);
	if (uring->event_fd >= 0)
		sipring_uring_eventfd_after(uring);
	return r;
}

static bool uring_pending(const struct sipring_io *io)
{
	const struct uring *uring = SIPRING_CONTAINER(io, const struct uring, io);

	return may_go_on(uring) || !sipring_list_empty(&uring->todo) ||
		!sipring_list_empty(&uring->outbox) || !sipring_list_empty(&uring->ended) ||
		!sipring_list_empty(&uring->closed);
}

static void uring_keep(struct sipring_io *io, const char *data)
{
	sipring_uring_buffers_keep(&self(io)->buffers, data);
}

static void uring_give_back(struct sipring_io *io, const char *data)
{
	sipring_uring_buffers_give_back(&self(io)->buffers, data);
}

static int uring_pollable(struct sipring_io *io)
{
	struct uring *uring = self(io);

	return uring->event_fd >= 0 ? uring->event_fd : sipring_uring_eventfd_open(uring);
}

const struct sipring_io_ops sipring_io_uring = {
	.name = "io_uring",
	.open = uring_open,
	.close = uring_close,
	.add = uring_add,
	.remove = uring_remove,
	.send = uring_send,
	.await_writable = uring_await_writable,
	.turn = uring_turn,
	.next = sipring_uring_next,
	.keep = uring_keep,
	.give_back = uring_give_back,
	.pending = uring_pending,
	.pollable = uring_pollable,
};
