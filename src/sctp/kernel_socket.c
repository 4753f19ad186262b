/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of the kernel provider: making them, binding, connecting. One-to-one style throughout,
 * blocking (a ring and O_NONBLOCK do not mix), one association a socket. Called per association,
 * never per message.
 */
#include "sctp/kernel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Socket addresses one behind the other, as sctp_bindx and sctp_connectx take them. */
static size_t pack(const union sipring_address *addresses, unsigned n,
	char packed[SIPRING_ADDRESS_SET_MAX * sizeof(union sipring_address)])
{
	size_t size = 0;

	assert(n > 0 && n <= SIPRING_ADDRESS_SET_MAX);
	for (unsigned i = 0; i < n; i++) {
		memcpy(packed + size, &addresses[i], sipring_address_size(&addresses[i]));
		size += sipring_address_size(&addresses[i]);
	}
	return size;
}

static int explain(const struct sipring_address_set *local, int r, struct sipring_error *error)
{
	char text[256];

	sipring_address_set_print(local, text, sizeof text);
	if (r == -EADDRINUSE)
		return sipring_error_set(error, r,
			"sctp:%s is in use by another program; remedy: stop it (ss -S -l -p shows "
			"it), or listen on another port",
			text);
	if (r == -EADDRNOTAVAIL)
		return sipring_error_set(error, r,
			"sctp:%s is not an address of this machine (ip address shows them)", text);
	if (r == -EACCES)
		return sipring_error_set(error, r,
			"sctp:%s needs CAP_NET_BIND_SERVICE, or a port from 1024 on", text);
	return sipring_error_set(error, r, "cannot bind sctp:%s: %s", text, strerror(-r));
}

static int bind_all(int fd, const struct sipring_address_set *local, struct sipring_error *error)
{
	char packed[SIPRING_ADDRESS_SET_MAX * sizeof(union sipring_address)];

	pack(local->addresses, local->n_addresses, packed);
	if (sctp_bindx(fd, (struct sockaddr *)packed, (int)local->n_addresses,
		    SCTP_BINDX_ADD_ADDR) == 0)
		return 0;
	return explain(local, -errno, error);
}

int sipring_kernel_socket_open(const struct sipring_sctp_config *config, sa_family_t family,
	const struct sipring_address_set *local, struct sipring_error *error)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
	int r;

	if (fd < 0)
		return sipring_error_set(error, -errno, "cannot open an SCTP socket: %s",
			strerror(errno));
	r = sipring_kernel_options_set(fd, config, error);
	if (r == 0 && local)
		r = bind_all(fd, local, error);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

sa_family_t sipring_kernel_socket_family(const union sipring_address *addresses, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (addresses[i].sa.sa_family == AF_INET6)
			return AF_INET6;
	return AF_INET;
}

int sipring_kernel_socket_claim(const struct sipring_sctp_config *config,
	const struct sipring_address_set *local, struct sipring_error *error)
{
	sa_family_t family = sipring_kernel_socket_family(local->addresses, local->n_addresses);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
	int on = 1;
	int r;

	if (fd < 0)
		return sipring_error_set(error, -errno, "cannot open an SCTP socket: %s",
			strerror(errno));
	/*
	 * A socket that listens is in the way; an association that its peer keeps from ending is
	 * not. With this option it is listen() that tells the two apart: where all who bound have
	 * set it, the kernel lets another bind without a look at what they do.
	 */
	r = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ? -errno : 0;
	if (r == 0)
		r = sipring_kernel_options_freebind(fd, config);
	if (r == 0)
		r = bind_all(fd, local, error);
	if (r == 0 && listen(fd, 1) < 0)
		r = explain(local, -errno, error);
	close(fd);
	return r;
}

int sipring_kernel_socket_connect(int fd, const union sipring_address *remote, unsigned n_remote)
{
	char packed[SIPRING_ADDRESS_SET_MAX * sizeof(union sipring_address)];
	int on = 1, off = 0;
	int r;

	pack(remote, n_remote, packed);
	/* Not to wait for the peer, O_NONBLOCK is on for this one call. */
	if (ioctl(fd, FIONBIO, &on) < 0)
		return -errno;
	r = n_remote == 1 ? connect(fd, &remote->sa, sipring_address_size(remote))
			  : sctp_connectx(fd, (struct sockaddr *)packed, (int)n_remote, NULL);
	r = r < 0 && errno != EINPROGRESS ? -errno : 0;
	if (ioctl(fd, FIONBIO, &off) < 0 && r == 0)
		r = -errno;
	/* It is bound, so this is not about an address that the machine has not. */
	return r == -EADDRNOTAVAIL ? SIPRING_SCTP_EXISTS : r;
}

int sipring_kernel_socket_probe(struct sipring_error *error)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno != EPROTONOSUPPORT && errno != ESOCKTNOSUPPORT && errno != EAFNOSUPPORT)
		return sipring_error_set(error, -errno,
			"this process may not open SCTP sockets: %s; remedy: allow them in the "
			"container's seccomp or security profile",
			strerror(errno));
	return sipring_error_set(error, -EPROTONOSUPPORT,
		"this kernel has no SCTP; remedy: modprobe sctp (remove a `blacklist sctp` or "
		"`install sctp` line in /etc/modprobe.d first; in a container load it on the "
		"host; a cloud kernel image may lack the module), or use the provider usrsctp");
}

bool sipring_kernel_has_sctp(void)
{
	return sipring_kernel_socket_probe(NULL) == 0;
}

void sipring_kernel_socket_abort_on_close(int fd)
{
	struct linger none = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

/*
 * Linux keeps an association in "more to come" after a send with MSG_MORE, until one without it.
 * Where none can follow, a heartbeat does it: DATA may ride in the packet that carries it.
 */
void sipring_kernel_socket_release_held(int fd)
{
	struct sctp_paddrparams parameters = {.spp_flags = SPP_HB_DEMAND};
	socklen_t size = sizeof parameters.spp_address;

	if (getpeername(fd, (struct sockaddr *)&parameters.spp_address, &size) == 0)
		setsockopt(fd, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &parameters, sizeof parameters);
}

void sipring_kernel_socket_unmap(union sipring_address *address)
{
	union sipring_address plain = {.v4 = {.sin_family = AF_INET}};

	if (address->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
		return;
	plain.v4.sin_port = address->v6.sin6_port;
	memcpy(&plain.v4.sin_addr, &address->v6.sin6_addr.s6_addr[12], 4);
	*address = plain;
}

void sipring_kernel_socket_addresses(int fd, union sipring_address *remote,
	union sipring_address *local)
{
	socklen_t remote_size = sizeof *remote, local_size = sizeof *local;

	memset(remote, 0, sizeof *remote);
	memset(local, 0, sizeof *local);
	if (getpeername(fd, &remote->sa, &remote_size) < 0)
		remote->sa.sa_family = AF_UNSPEC;
	if (getsockname(fd, &local->sa, &local_size) < 0)
		local->sa.sa_family = AF_UNSPEC;
	sipring_kernel_socket_unmap(remote);
	sipring_kernel_socket_unmap(local);
}

int sipring_kernel_socket_error(int fd)
{
	int code = 0;
	socklen_t size = sizeof code;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0 || code == 0)
		return -ENODATA;
	return -code;
}
