/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel provider: one listening socket per listener, one one-to-one socket per association, so
 * that a peer which stops reading fills nobody's buffer but its own. It makes no system call per
 * message; those are the io's. Invariants: LOST is told at most once and only before CLOSED; a conn
 * in KERNEL_CLOSING tells nothing but its pending SENTs and CLOSED; a
 * conn's memory is free again one call of next after CLOSED.
 */
#include "sctp/kernel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kernel *self(struct sipring_sctp *sctp)
{
	assert(sctp->ops == &sipring_sctp_kernel);
	return SIPRING_CONTAINER(sctp, struct kernel, sctp);
}

static struct kernel_conn *inner(struct sipring_sctp_conn *conn)
{
	return SIPRING_CONTAINER(conn, struct kernel_conn, conn);
}

static int kernel_open(struct sipring_sctp **sctp, const struct sipring_sctp_config *config,
	struct sipring_io *io, struct sipring_error *error)
{
	struct kernel *kernel;
	int r = sipring_kernel_socket_probe(error);

	if (r == 0)
		r = sipring_kernel_options_check(config, error);
	if (r < 0)
		return r;
	kernel = calloc(1, sizeof *kernel);
	if (!kernel)
		return sipring_error_set(error, -ENOMEM, "no memory for the SCTP provider");
	r = sipring_pool_open(&kernel->conns, config->associations_max, sizeof(struct kernel_conn));
	if (r < 0) {
		free(kernel);
		return sipring_error_set(error, r, "no memory for %u associations: %s",
			config->associations_max, strerror(-r));
	}
	sipring_list_init(&kernel->parting);
	sipring_list_init(&kernel->parted);
	kernel->sctp.ops = &sipring_sctp_kernel;
	kernel->config = config;
	kernel->io = io;
	*sctp = &kernel->sctp;
	return 0;
}

static void kernel_close(struct sipring_sctp *sctp)
{
	struct kernel *kernel = self(sctp);

	for (uint32_t i = 0; i < kernel->conns.n_items; i++) {
		struct kernel_conn *conn = sipring_pool_at(&kernel->conns, i);

		if (!conn || conn->socket.fd < 0)
			continue;
		sipring_kernel_socket_abort_on_close(conn->socket.fd);
		close(conn->socket.fd);
	}
	sipring_kernel_listeners_close(kernel);
	sipring_pool_close(&kernel->conns);
	free(kernel);
}

size_t sipring_kernel_footprint(const struct sipring_sctp_config *config)
{
	return sipring_pool_footprint(config->associations_max, sizeof(struct kernel_conn));
}

static struct kernel_conn *new_conn(struct kernel *kernel, int fd)
{
	struct kernel_conn *conn = sipring_pool_take(&kernel->conns);

	if (!conn)
		return NULL;
	memset(conn, 0, sizeof *conn);
	conn->socket.fd = fd;
	conn->socket.kind = SIPRING_IO_ASSOCIATED;
	conn->socket.control_size = CMSG_SPACE(sizeof(struct sctp_rcvinfo));
	conn->socket.owner = conn;
	conn->state = KERNEL_CONNECTING;
	sipring_list_init(&conn->parting);
	return conn;
}

static sa_family_t family_for(const struct sipring_sctp_connect *what)
{
	const struct sipring_address_set *local = what->local;

	if (sipring_kernel_socket_family(what->remote, what->n_remote) == AF_INET6)
		return AF_INET6;
	return local ? sipring_kernel_socket_family(local->addresses, local->n_addresses) : AF_INET;
}

static int kernel_connect(struct sipring_sctp *sctp, const struct sipring_sctp_connect *what,
	struct sipring_sctp_conn **out)
{
	struct kernel *kernel = self(sctp);
	const struct sipring_sctp_config *config =
		what->local ? sipring_sctp_config_of(kernel->config, what->tag) : kernel->config;
	union sipring_address ignored;
	struct kernel_conn *conn;
	int fd, r;

	assert(what->n_remote >= 1);
	if (sipring_pool_used(&kernel->conns) == kernel->conns.n_items)
		return -ENFILE;
	fd = sipring_kernel_socket_open(config, family_for(what), what->local, NULL);
	if (fd < 0)
		return fd;
	r = sipring_kernel_options_encapsulate(fd, kernel->config);
	if (r == 0)
		r = sipring_kernel_socket_connect(fd, what->remote, what->n_remote);
	if (r) {
		close(fd);
		return r;
	}
	conn = new_conn(kernel, fd);
	conn->conn.owner = what->owner;
	conn->conn.config = config;
	sipring_kernel_socket_addresses(fd, &ignored, &conn->conn.local);
	conn->conn.remote = what->remote[0];
	kernel->io->ops->add(kernel->io, &conn->socket);
	*out = &conn->conn;
	return 0;
}

static void kernel_send(struct sipring_sctp *sctp, struct sipring_sctp_send *send)
{
	struct kernel *kernel = self(sctp);
	struct kernel_conn *conn = inner(send->conn);

	assert(conn->state != KERNEL_CLOSING);
	sipring_kernel_events_send(conn, send);
	kernel->io->ops->send(kernel->io, &send->io);
}

static void kernel_await_writable(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn)
{
	if (inner(conn)->state != KERNEL_CLOSING)
		self(sctp)->io->ops->await_writable(self(sctp)->io, &inner(conn)->socket);
}

static void kernel_release(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn)
{
	(void)sctp;
	if (inner(conn)->state == KERNEL_UP)
		sipring_kernel_socket_release_held(inner(conn)->socket.fd);
}

static void kernel_shutdown(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn)
{
	(void)sctp;
	if (inner(conn)->state == KERNEL_UP || inner(conn)->state == KERNEL_CONNECTING)
		shutdown(inner(conn)->socket.fd, SHUT_WR);
}

static void kernel_abort(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn)
{
	struct kernel *kernel = self(sctp);

	switch (inner(conn)->state) {
	case KERNEL_CONNECTING:
	case KERNEL_UP:
		sipring_kernel_socket_abort_on_close(inner(conn)->socket.fd);
		break;
	case KERNEL_LOST:
		sipring_list_unlink(&inner(conn)->parting);
		break;
	case KERNEL_CLOSING:
		return;
	}
	inner(conn)->state = KERNEL_CLOSING;
	kernel->io->ops->remove(kernel->io, &inner(conn)->socket);
}

static struct sipring_sctp_event *new_event(struct kernel *kernel,
	enum sipring_sctp_event_type type, struct kernel_conn *conn)
{
	struct sipring_sctp_event *event = &kernel->events[kernel->n_events++];

	assert(kernel->n_events <= KERNEL_EVENTS_MAX);
	*event = (struct sipring_sctp_event){.type = type, .conn = conn ? &conn->conn : NULL};
	return event;
}

static void lost(struct kernel *kernel, struct kernel_conn *conn, int result)
{
	bool stood = conn->state == KERNEL_UP;

	if (conn->state == KERNEL_LOST || conn->state == KERNEL_CLOSING)
		return;
	conn->state = KERNEL_LOST;
	conn->lost_result = result;
	if (stood && result != 0) /* else there is nothing that could come back */
		sipring_kernel_parting_begin(kernel, conn);
	else
		new_event(kernel, SIPRING_SCTP_LOST, conn)->result = result;
}

/*
 * Why an association was lost is the socket's error, which the kernel tells once: to us, to the
 * receive that is under way, or to a send.
 */
static void loss_noted(struct kernel *kernel, struct kernel_conn *conn, int error)
{
	if (error != -ENODATA)
		lost(kernel, conn, error);
	else if (conn->send_error)
		lost(kernel, conn, conn->send_error);
	else
		conn->loss_noted = true;
}

void sipring_kernel_accepted(struct kernel *kernel, const struct kernel_listener *listener, int fd)
{
	struct kernel_conn *conn = new_conn(kernel, fd);

	if (!conn) {
		kernel->sctp.counters.n_refused++;
		sipring_kernel_socket_abort_on_close(fd);
		close(fd);
		return;
	}
	sipring_kernel_socket_addresses(fd, &conn->conn.remote, &conn->conn.local);
	conn->conn.config = sipring_sctp_config_of(kernel->config, listener->tag);
	new_event(kernel, SIPRING_SCTP_ACCEPTED, conn)->listener = listener->tag;
	kernel->io->ops->add(kernel->io, &conn->socket);
}

static void received(struct kernel *kernel, struct kernel_conn *conn,
	const struct sipring_io_event *io)
{
	struct sipring_sctp_event *event = new_event(kernel, SIPRING_SCTP_DATA, conn);

	conn->heard_in = kernel->io->counters.n_turns;
	if (!(io->flags & MSG_NOTIFICATION)) {
		sipring_kernel_events_data(io, event);
	} else if (!sipring_kernel_events_notification(kernel, conn, io, event)) {
		kernel->n_events--;
	} else if (event->type == SIPRING_SCTP_UP) {
		conn->state = KERNEL_UP;
	} else if (event->type == SIPRING_SCTP_LOST) {
		kernel->n_events--;
		loss_noted(kernel, conn, event->result);
	}
}

/* A send that finds the association gone takes the socket's error with it. */
static void sent(struct kernel *kernel, struct kernel_conn *conn, const struct sipring_io_event *io)
{
	struct sipring_sctp_event *event = new_event(kernel, SIPRING_SCTP_SENT, conn);

	event->send = io->send->owner;
	event->result = io->result >= 0 ? 0 : io->result;
	switch (event->result) {
	case 0:
	case -EAGAIN:
	case -ECANCELED:
	case -EMSGSIZE:
	case -EINVAL:
	case -ENOMEM:
	case -ENOBUFS: /* of the message alone */
		break;
	default:
		conn->send_error = event->result == -EPIPE ? -ECONNRESET : event->result;
		if (conn->loss_noted)
			lost(kernel, conn, conn->send_error);
		break;
	}
}

static void conn_input(struct kernel *kernel, struct kernel_conn *conn,
	const struct sipring_io_event *io)
{
	switch (io->type) {
	case SIPRING_IO_RECEIVED:
		if (conn->state != KERNEL_CLOSING)
			received(kernel, conn, io);
		break;
	case SIPRING_IO_SENT:
		sent(kernel, conn, io);
		break;
	case SIPRING_IO_WRITABLE:
		if (conn->state != KERNEL_CLOSING)
			new_event(kernel, SIPRING_SCTP_WRITABLE, conn);
		break;
	case SIPRING_IO_OVER:
		lost(kernel, conn, io->result);
		break;
	case SIPRING_IO_CLOSED:
		new_event(kernel, SIPRING_SCTP_CLOSED, conn);
		break;
	case SIPRING_IO_ACCEPTED:
	case SIPRING_IO_READABLE:
		assert(!"an association accepts nothing and is not polled");
		break;
	}
}

static bool is_listener(const struct kernel *kernel, const struct sipring_io_socket *socket)
{
	return (const void *)socket >= (const void *)kernel->listeners &&
		(const void *)socket < (const void *)(kernel->listeners + KERNEL_LISTENERS_MAX);
}

static void kernel_input(struct sipring_sctp *sctp, const struct sipring_io_event *event)
{
	struct kernel *kernel = self(sctp);

	assert(kernel->next_event == kernel->n_events);
	kernel->is_ticked = false;
	kernel->n_events = 0;
	kernel->next_event = 0;
	if (is_listener(kernel, event->socket))
		sipring_kernel_listeners_input(kernel, event->socket->owner, event);
	else
		conn_input(kernel, event->socket->owner, event);
}

static bool kernel_next(struct sipring_sctp *sctp, struct sipring_sctp_event *event)
{
	struct kernel *kernel = self(sctp);

	if (kernel->spent) {
		sipring_pool_give(&kernel->conns, kernel->spent);
		kernel->spent = NULL;
	}
	if (kernel->next_event == kernel->n_events && kernel->n_left) {
		kernel->next_event = kernel->n_events = 0;
		sipring_kernel_listeners_rest(kernel);
	}
	if (kernel->next_event == kernel->n_events)
		return kernel->is_ticked && sipring_kernel_parting_next(kernel, event);
	*event = kernel->events[kernel->next_event++];
	if (event->type == SIPRING_SCTP_CLOSED)
		kernel->spent = inner(event->conn);
	return true;
}

/* An event's data lies in the io's buffer. */
static void kernel_keep(struct sipring_sctp *sctp, const char *data)
{
	self(sctp)->io->ops->keep(self(sctp)->io, data);
}

static void kernel_give_back(struct sipring_sctp *sctp, const char *data)
{
	self(sctp)->io->ops->give_back(self(sctp)->io, data);
}

static uint64_t kernel_tick(struct sipring_sctp *sctp, uint64_t now_ms)
{
	struct kernel *kernel = self(sctp);
	uint64_t again_ms = sipring_kernel_parting_tick(kernel), listeners_ms;

	kernel->is_ticked = true;
	kernel->now_ms = now_ms;
	listeners_ms = sipring_kernel_listeners_tick(kernel);
	return listeners_ms < again_ms ? listeners_ms : again_ms;
}

const struct sipring_sctp_ops sipring_sctp_kernel = {
	.name = "kernel",
	.open = kernel_open,
	.close = kernel_close,
	.listen = sipring_kernel_listeners_listen,
	.listening = sipring_kernel_listeners_listening,
	.take_over = sipring_kernel_listeners_take_over,
	.stop_listening = sipring_kernel_listeners_stop,
	.is_listening = sipring_kernel_listeners_stand,
	.connect = kernel_connect,
	.send = kernel_send,
	.await_writable = kernel_await_writable,
	.release = kernel_release,
	.shutdown = kernel_shutdown,
	.abort = kernel_abort,
	.addresses = sipring_kernel_paths_addresses,
	.path = sipring_kernel_paths_path,
	.set_primary = sipring_kernel_paths_set_primary,
	.input = kernel_input,
	.next = kernel_next,
	.keep = kernel_keep,
	.give_back = kernel_give_back,
	.tick = kernel_tick,
	.retune = sipring_kernel_listeners_retune,
	.status = sipring_kernel_status,
};
