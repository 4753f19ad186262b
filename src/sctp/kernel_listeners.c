/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets that listen. One may serve two processes at once, of which the first is to end and
 * the second takes its place: what SCTP knows of those who are about to connect is the socket's
 * (its cookies are signed with a key of its own), so that a second socket in its place would leave
 * them without an answer. Whoever accepts first has the association. Invariant: no accept by a
 * socket that was handed out waits for longer than a tick of the kernel's clock.
 */
#include "sctp/kernel.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define ACCEPT_REST_MS 100 /* after an accept failed for want of descriptors or memory */

static struct kernel *self(struct sipring_sctp *sctp)
{
	assert(sctp->ops == &sipring_sctp_kernel);
	return SIPRING_CONTAINER(sctp, struct kernel, sctp);
}

static bool is_over(const struct kernel_listener *listener)
{
	return listener->is_closed && listener->left_fd < 0;
}

/* The place of one that is over, or a new one; n_listeners at most. */
static unsigned find_room(const struct kernel *kernel)
{
	unsigned i = 0;

	while (i < kernel->n_listeners && !is_over(&kernel->listeners[i]))
		i++;
	return i;
}

static int check_room(const struct kernel *kernel, struct sipring_error *error)
{
	if (find_room(kernel) < KERNEL_LISTENERS_MAX)
		return 0;
	return sipring_error_set(error, -E2BIG, "at most %d listeners", KERNEL_LISTENERS_MAX);
}

static void add(struct kernel *kernel, int fd, unsigned tag)
{
	unsigned room = find_room(kernel);
	struct kernel_listener *listener = &kernel->listeners[room];

	kernel->n_listeners += room == kernel->n_listeners;
	memset(listener, 0, sizeof *listener);
	listener->tag = tag;
	listener->left_fd = -1;
	listener->socket.fd = fd;
	listener->socket.kind = SIPRING_IO_LISTENER;
	listener->socket.owner = listener;
	kernel->io->ops->add(kernel->io, &listener->socket);
}

int sipring_kernel_listeners_listen(struct sipring_sctp *sctp,
	const struct sipring_address_set *local, unsigned tag, struct sipring_error *error)
{
	struct kernel *kernel = self(sctp);
	const struct sipring_sctp_config *config = sipring_sctp_config_of(kernel->config, tag);
	int fd = check_room(kernel, error);

	if (fd == 0 && !kernel->config->is_shared)
		fd = sipring_kernel_socket_claim(config, local, error);
	if (fd == 0)
		fd = sipring_kernel_socket_open(config,
			sipring_kernel_socket_family(local->addresses, local->n_addresses), local,
			error);
	if (fd < 0)
		return fd;
	if (listen(fd, SOMAXCONN) < 0) {
		int r = -errno;

		close(fd);
		return sipring_error_set(error, r, "cannot listen: %s%s", strerror(-r),
			r == -EADDRINUSE ? "; another program listens on this SCTP port" : "");
	}
	add(kernel, fd, tag);
	return 0;
}

/*
 * To accept without waiting is the file's (O_NONBLOCK), which the two share; one of them may want
 * it and the other not. So it waits, for next to nothing.
 */
int sipring_kernel_listeners_listening(struct sipring_sctp *sctp, unsigned tag)
{
	struct timeval least = {.tv_usec = 1};
	struct kernel *kernel = self(sctp);

	for (unsigned i = 0; i < kernel->n_listeners; i++) {
		struct kernel_listener *listener = &kernel->listeners[i];

		if (listener->tag != tag || listener->socket.state == SIPRING_IO_REMOVING ||
			listener->socket.fd < 0)
			continue;
		if (setsockopt(listener->socket.fd, SOL_SOCKET, SO_RCVTIMEO, &least, sizeof least) <
			0)
			return -errno;
		listener->is_handed = true;
		return listener->socket.fd;
	}
	return -ENOENT;
}

static bool has_option(int fd, int option, int wanted)
{
	int found = -1;
	socklen_t size = sizeof found;

	return getsockopt(fd, SOL_SOCKET, option, &found, &size) == 0 && found == wanted;
}

int sipring_kernel_listeners_take_over(struct sipring_sctp *sctp, int fd, unsigned tag,
	struct sipring_error *error)
{
	struct kernel *kernel = self(sctp);
	int r = check_room(kernel, error);

	if (r == 0 &&
		(!has_option(fd, SO_PROTOCOL, IPPROTO_SCTP) ||
			!has_option(fd, SO_TYPE, SOCK_STREAM) || !has_option(fd, SO_ACCEPTCONN, 1)))
		r = sipring_error_set(error, -EINVAL,
			"what is to be taken over is no SCTP socket that listens");
	if (r == 0)
		r = sipring_kernel_options_set(fd, sipring_sctp_config_of(kernel->config, tag),
			error);
	if (r == 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0)
		r = sipring_error_set(error, -errno, "cannot take over a listener: %s",
			strerror(errno));
	if (r < 0)
		close(fd);
	else
		add(kernel, fd, tag);
	return r;
}

static bool is_meant(const struct kernel_listener *listener, unsigned tag)
{
	return tag == SIPRING_SCTP_ALL || listener->tag == tag;
}

void sipring_kernel_listeners_stop(struct sipring_sctp *sctp, unsigned tag)
{
	struct kernel *kernel = self(sctp);

	for (unsigned i = 0; i < kernel->n_listeners; i++) {
		struct kernel_listener *listener = &kernel->listeners[i];
		struct sipring_io_socket *socket = &listener->socket;

		if (!is_meant(listener, tag))
			continue;
		listener->resume_at_ms = 0;
		if (socket->state != SIPRING_IO_OPEN && socket->state != SIPRING_IO_ENDED)
			continue;
		if (listener->is_handed)
			listener->left_fd = fcntl(socket->fd, F_DUPFD_CLOEXEC, 0);
		kernel->io->ops->remove(kernel->io, socket);
	}
}

bool sipring_kernel_listeners_stand(const struct sipring_sctp *sctp, unsigned tag)
{
	const struct kernel *kernel = SIPRING_CONTAINER(sctp, const struct kernel, sctp);

	for (unsigned i = 0; i < kernel->n_listeners; i++)
		if (is_meant(&kernel->listeners[i], tag) && !is_over(&kernel->listeners[i]))
			return true;
	return false;
}

/*
 * The kernel wakes one of those who wait for somebody to accept, and that may have been us, who
 * were about to stop: nobody else is woken for that association.
 */
void sipring_kernel_listeners_rest(struct kernel *kernel)
{
	for (unsigned i = 0; i < kernel->n_listeners; i++) {
		struct kernel_listener *listener = &kernel->listeners[i];
		struct pollfd waiting = {.fd = listener->left_fd, .events = POLLIN};
		int fd;

		if (!listener->is_closed || listener->left_fd < 0)
			continue;
		fd = poll(&waiting, 1, 0) == 1
			? accept4(listener->left_fd, NULL, NULL, SOCK_CLOEXEC)
			: -1;
		if (fd >= 0) {
			sipring_kernel_accepted(kernel, listener, fd);
			return;
		}
		close(listener->left_fd);
		listener->left_fd = -1;
		kernel->n_left--;
	}
}

void sipring_kernel_listeners_input(struct kernel *kernel, struct kernel_listener *listener,
	const struct sipring_io_event *io)
{
	if (io->type == SIPRING_IO_OVER) {
		listener->resume_at_ms = kernel->now_ms + ACCEPT_REST_MS;
		sipring_log_write(kernel->config->log, SIPRING_LOG_WARNING,
			"cannot accept associations: %s; trying again in %d ms (remedy for "
			"\"Too many open files\": raise the limit of open files, ulimit -n)",
			strerror(-io->result), ACCEPT_REST_MS);
	} else if (io->type == SIPRING_IO_ACCEPTED) {
		sipring_kernel_accepted(kernel, listener, io->result);
	} else if (io->type == SIPRING_IO_CLOSED) {
		listener->is_closed = true;
		kernel->n_left += listener->left_fd >= 0;
	}
}

uint64_t sipring_kernel_listeners_tick(struct kernel *kernel)
{
	uint64_t again_ms = UINT64_MAX;

	for (unsigned i = 0; i < kernel->n_listeners; i++) {
		struct kernel_listener *listener = &kernel->listeners[i];

		if (!listener->resume_at_ms)
			continue;
		if (listener->resume_at_ms <= kernel->now_ms) {
			listener->resume_at_ms = 0;
			kernel->io->ops->add(kernel->io, &listener->socket);
		} else if (listener->resume_at_ms - kernel->now_ms < again_ms) {
			again_ms = listener->resume_at_ms - kernel->now_ms;
		}
	}
	return again_ms;
}

int sipring_kernel_listeners_retune(struct sipring_sctp *sctp, struct sipring_error *error)
{
	struct kernel *kernel = self(sctp);
	int r = 0;

	for (unsigned i = 0; r == 0 && i < kernel->n_listeners; i++)
		if (kernel->listeners[i].socket.fd >= 0)
			r = sipring_kernel_options_set(kernel->listeners[i].socket.fd,
				sipring_sctp_config_of(kernel->config, kernel->listeners[i].tag),
				error);
	return r;
}

void sipring_kernel_listeners_close(struct kernel *kernel)
{
	for (unsigned i = 0; i < kernel->n_listeners; i++) {
		if (kernel->listeners[i].socket.fd >= 0)
			close(kernel->listeners[i].socket.fd);
		if (kernel->listeners[i].left_fd >= 0)
			close(kernel->listeners[i].left_fd);
	}
}
