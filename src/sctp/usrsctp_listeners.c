/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The listeners of the user-space provider: a port each, of one stack and one encapsulation socket.
 * None can be handed to another process, since the associations are this one's.
 */
#include "sctp/usrsctp_parts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

int sipring_usrsctp_listeners_listen(struct sipring_sctp *sctp,
	const struct sipring_address_set *local, unsigned tag, struct sipring_error *error)
{
	struct sipring_usrsctp *us = (struct sipring_usrsctp *)sctp;
	uint16_t port = sipring_address_port(&local->addresses[0]);
	struct sipring_usrsctp_listener *listener;
	int r;

	assert(local->n_addresses > 0);
	if (us->n_listeners == SIPRING_USRSCTP_LISTENERS_MAX)
		return sipring_error_set(error, -ENOBUFS,
			"user-space SCTP has %u listeners at most", SIPRING_USRSCTP_LISTENERS_MAX);
	listener = &us->listeners[us->n_listeners];
	*listener = (struct sipring_usrsctp_listener){.tag = tag,
		.port = htons(port),
		.accepts = true,
		.config = sipring_sctp_config_of(us->config, tag),
		.local = *local};
	r = sipring_usrsctp_options_check(listener->config, error);
	if (r < 0)
		return r;
	r = sipring_usrsctp_socket_listen(us, htons(port), listener->config, &listener->socket);
	if (r == -EADDRINUSE)
		return sipring_error_set(error, r,
			"SCTP port %u has a listener already; in user space its address does not "
			"matter, so give each listener a port of its own",
			port);
	if (r < 0)
		return sipring_error_set(error, r, "cannot listen on SCTP port %u: %s", port,
			strerror(-r));
	sipring_usrsctp_port_mark(us, port, true);
	us->n_listeners++;
	return 0;
}

/* All associations are this process's, and so is the socket that all their packets come by. */
int sipring_usrsctp_listeners_listening(struct sipring_sctp *sctp, unsigned tag)
{
	(void)sctp;
	(void)tag;
	return -EOPNOTSUPP;
}

int sipring_usrsctp_listeners_take_over(struct sipring_sctp *sctp, int fd, unsigned tag,
	struct sipring_error *error)
{
	(void)sctp;
	(void)tag;
	close(fd);
	return sipring_error_set(error, -EOPNOTSUPP,
		"user-space SCTP cannot take over a listener of the kernel's SCTP");
}

bool sipring_usrsctp_listeners_stand(const struct sipring_sctp *sctp, unsigned tag)
{
	(void)sctp;
	(void)tag;
	return false; /* it refuses from the moment on that it stops */
}

/*
 * What was not accepted yet is aborted; its conns have sockets of their own. They need packets to
 * the port, which therefore stays marked as ours.
 */
static void unlisten(struct sipring_usrsctp *us, unsigned tag)
{
	for (unsigned i = 0; i < us->n_listeners; i++) {
		if (us->listeners[i].tag != tag)
			continue;
		sipring_usrsctp_socket_close(us->listeners[i].socket);
		us->listeners[i] = us->listeners[--us->n_listeners];
		return;
	}
}

void sipring_usrsctp_listeners_stop(struct sipring_sctp *sctp, unsigned tag)
{
	struct sipring_usrsctp *us = (struct sipring_usrsctp *)sctp;

	if (tag != SIPRING_SCTP_ALL) {
		unlisten(us, tag);
		return;
	}
	for (unsigned i = 0; i < us->n_listeners; i++) {
		us->listeners[i].accepts = false;
		sipring_usrsctp_socket_stop(us->listeners[i].socket);
	}
}

struct sipring_usrsctp_listener *sipring_usrsctp_listeners_find(struct sipring_usrsctp *us,
	const struct sipring_address_set *local)
{
	for (unsigned i = 0; i < us->n_listeners; i++)
		if (us->listeners[i].port == htons(sipring_address_port(&local->addresses[0])))
			return &us->listeners[i];
	return NULL;
}

int sipring_usrsctp_listeners_retune(struct sipring_sctp *sctp, struct sipring_error *error)
{
	struct sipring_usrsctp *us = (struct sipring_usrsctp *)sctp;
	int r = sipring_usrsctp_options_check(us->config, error);

	for (unsigned i = 0; r == 0 && i < us->n_listeners; i++)
		r = sipring_usrsctp_options_check(us->listeners[i].config, error);
	if (r < 0)
		return r;
	for (unsigned i = 0; r == 0 && i < us->n_listeners; i++)
		r = sipring_usrsctp_options_set(us->listeners[i].socket, us->listeners[i].config);
	return r < 0
		? sipring_error_set(error, r, "the stack does not take a setting: %s", strerror(-r))
		: 0;
}
