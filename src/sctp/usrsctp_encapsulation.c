/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP sockets that carry SCTP (RFC 6951): one, or one for each of several workers on one port.
 * Of several the kernel gives a packet to the socket that a program picks by its sender: the IP
 * address and the inner SCTP port. The engine picks the worker of a peer by the same rule, so that
 * answers come to who asked. The sockets outlive their workers, and so the rule holds whoever dies.
 */
#include "sctp/usrsctp_encapsulation.h"
#include "sctp/usrsctp.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <unistd.h>

/* The IPv6 wildcard with IPv4 in it, or where the machine has no IPv6 the IPv4 one. */
static int open_any(union sipring_address *any)
{
	int off = 0;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*any = (union sipring_address){.v6 = {.sin6_family = AF_INET6}};
	if (fd >= 0 && !setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off))
		return fd;
	if (fd >= 0)
		close(fd);
	*any = (union sipring_address){.v4 = {.sin_family = AF_INET}};
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static int explain(int r, int32_t port, struct sipring_error *error)
{
	if (r == -EADDRINUSE)
		return sipring_error_set(error, r,
			"UDP port %d, which carries SCTP (RFC 6951), is in use by another socket: "
			"stop its owner, or set encaps_port to a free one (0: any)",
			(int)port);
	return sipring_error_set(error, r, "cannot bind UDP port %d (encaps_port): %s", (int)port,
		strerror(-r));
}

int sipring_usrsctp_encapsulation_open(int32_t port, bool is_shared, struct sipring_error *error)
{
	union sipring_address any;
	int on = 1;
	int fd = open_any(&any);
	int r;

	if (fd < 0)
		return sipring_error_set(error, fd, "no UDP socket for SCTP: %s", strerror(-fd));
	sipring_address_set_port(&any, (uint16_t)port);
	if ((is_shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) ||
		bind(fd, &any.sa, sipring_address_size(&any)) < 0) {
		r = -errno;
		close(fd);
		return explain(r, port, error);
	}
	return fd;
}

uint16_t sipring_usrsctp_encapsulation_port(int fd, bool *is_mapped)
{
	union sipring_address any = {0};
	socklen_t size = sizeof any;

	if (getsockname(fd, &any.sa, &size) < 0)
		return 0;
	*is_mapped = any.sa.sa_family == AF_INET6;
	return sipring_address_port(&any);
}

/*
 * A packet as the filter sees it begins behind the UDP header, with the SCTP source port; its IP
 * header is at SKF_NET_OFF. The result is that of sipring_sctp_pick.
 */
static int steer(int fd, uint32_t n, uint32_t multiplier)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)SKF_NET_OFF),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 2, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 12),
		BPF_JUMP(BPF_JMP | BPF_JA, 10, 0, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 8),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 12),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 16),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 20),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, multiplier),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, n),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = {sizeof code / sizeof code[0], code};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) < 0)
		return -errno;
	return 0;
}

/* The port is nobody else's: of two groups that shared it one would hear nothing. */
static int claim(int32_t port, struct sipring_error *error)
{
	int fd = sipring_usrsctp_encapsulation_open(port, false, error);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int sipring_usrsctp_share(const struct sipring_sctp_config *config, unsigned n, uint32_t multiplier,
	int *fds, struct sipring_error *error)
{
	int32_t port = config->encaps_port;
	bool ignored;
	int r = 0;

	assert(n > 1);
	r = port ? claim(port, error) : 0;
	for (unsigned i = 0; r == 0 && i < n; i++) {
		fds[i] = sipring_usrsctp_encapsulation_open(port, true, error);
		r = fds[i] < 0 ? fds[i] : 0;
		if (i == 0 && r == 0)
			port = sipring_usrsctp_encapsulation_port(fds[0], &ignored);
		if (i == 0 && r == 0)
			r = steer(fds[0], n, multiplier);
		if (r < 0 && fds[i] >= 0)
			sipring_error_set(error, r, "cannot steer packets to workers: %s",
				strerror(-r));
	}
	for (unsigned i = 0; r < 0 && i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
	return r;
}
