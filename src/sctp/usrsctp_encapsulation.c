/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP sockets that carry SCTP (RFC 6951): two for each worker, all on one port. The kernel
 * gives a packet to the socket that a program picks. Which worker's it is goes by its sender: the
 * IP address and the inner SCTP port. The engine picks the worker of a peer by the same rule, so
 * that answers come to who asked. Which of the two goes by what is in it: a packet that no
 * association of ours can be waiting for comes to the strangers', so that a flood of those fills a
 * queue of its own. The sockets of several workers outlive them, and so the rule holds whoever
 * dies.
 */
#include "sctp/usrsctp_encapsulation.h"
#include "sctp/usrsctp.h"
#include "sctp/usrsctp_packets.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_INIT = 1, CHUNK_ABORT = 6, CHUNK_COOKIE_ECHO = 10, CHUNK_LAST = 15 };

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

/* From the instruction that stands here to others of the same program. */
#define WHERE(here, condition, value, then, otherwise)                       \
	BPF_JUMP(BPF_JMP | (condition), value, (uint8_t)((then) - (here)-1), \
		(uint8_t)((otherwise) - (here)-1))

enum { PEER = 20, STRANGER = 22, NOBODY = 48 }; /* instructions */
enum { FIRST_OF_WORKER, CHUNK_END };            /* cells of memory */

/*
 * A packet as the filter sees it begins behind the UDP header, with the SCTP source port; its IP
 * header is at SKF_NET_OFF. A load beyond its end would end the program. An association may be
 * waiting for a packet that has a tag, and whose first chunk is no INIT or COOKIE ECHO, is of a
 * known type, lies within the packet, and fills it if it is an ABORT. The sum at the end is that of
 * sipring_sctp_pick.
 */
static int steer(int fd, uint32_t n, uint32_t multiplier)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0),
		BPF_STMT(BPF_MISC | BPF_TXA, 0),
		WHERE(2, BPF_JGE | BPF_K, SIPRING_USRSCTP_PACKET_HEADER + 4, 3, NOBODY),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4),
		WHERE(4, BPF_JEQ | BPF_K, 0, STRANGER, 5),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, SIPRING_USRSCTP_PACKET_HEADER + 2),
		WHERE(6, BPF_JGE | BPF_K, 4, 7, STRANGER),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, SIPRING_USRSCTP_PACKET_HEADER),
		WHERE(8, BPF_JGT | BPF_X, 0, STRANGER, 9),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 3),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~3u),
		BPF_STMT(BPF_ST, CHUNK_END),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SIPRING_USRSCTP_PACKET_HEADER),
		WHERE(13, BPF_JEQ | BPF_K, CHUNK_INIT, STRANGER, 14),
		WHERE(14, BPF_JEQ | BPF_K, CHUNK_COOKIE_ECHO, STRANGER, 15),
		WHERE(15, BPF_JEQ | BPF_K, CHUNK_ABORT, 16, 18),
		BPF_STMT(BPF_LD | BPF_MEM, CHUNK_END),
		WHERE(17, BPF_JGE | BPF_X, 0, PEER, STRANGER),
		/* The two bits above say what to do with a type that one does not know. */
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x3f),
		WHERE(19, BPF_JGT | BPF_K, CHUNK_LAST, STRANGER, PEER),
		/* PEER */
		BPF_STMT(BPF_LD | BPF_IMM, 0),
		BPF_STMT(BPF_JMP | BPF_JA, 1),
		/* STRANGER */
		BPF_STMT(BPF_LD | BPF_IMM, n),
		BPF_STMT(BPF_ST, FIRST_OF_WORKER),
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
		BPF_STMT(BPF_LDX | BPF_MEM, FIRST_OF_WORKER),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
		/* NOBODY */
		BPF_STMT(BPF_RET | BPF_K, n),
	};
	struct sock_fprog program;

	static_assert(sizeof code / sizeof code[0] == NOBODY + 1, "the last instruction");
	/* The bytes between its members, too: who checks memory checks them. */
	memset(&program, 0, sizeof program);
	program.len = sizeof code / sizeof code[0];
	program.filter = code;
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

static void close_doors(struct sipring_sctp_doors *doors, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (doors[i].peers >= 0)
			close(doors[i].peers);
		if (doors[i].strangers >= 0)
			close(doors[i].strangers);
		doors[i] = (struct sipring_sctp_doors){-1, -1};
	}
}

/* Returns 0, -errno with a text, or 1 where packets cannot be told apart. */
static int begin_group(int fd, unsigned n, uint32_t multiplier, const struct sipring_log *log,
	struct sipring_error *error)
{
	int r = steer(fd, n, multiplier);

	if (r == 0)
		return 0;
	if (n > 1)
		return sipring_error_set(error, r, "cannot steer packets to workers: %s",
			strerror(-r));
	sipring_log_write(log, SIPRING_LOG_WARNING,
		"a flood of SCTP packets from strangers can crowd out those of peers: this system "
		"does not let them be told apart (SO_ATTACH_REUSEPORT_CBPF: %s)",
		strerror(-r));
	return 1;
}

/* In the order in which the program counts them: the peers' of all workers first. */
static int open_doors(const struct sipring_sctp_config *config, unsigned n, uint32_t multiplier,
	struct sipring_sctp_doors *doors, struct sipring_error *error)
{
	int32_t port = config->encaps_port;
	bool ignored;

	for (unsigned i = 0; i < 2 * n; i++) {
		int fd = sipring_usrsctp_encapsulation_open(port, true, error);
		int r = 0;

		if (fd < 0)
			return fd;
		if (i < n)
			doors[i].peers = fd;
		else
			doors[i - n].strangers = fd;
		if (i == 0) {
			port = sipring_usrsctp_encapsulation_port(fd, &ignored);
			r = begin_group(fd, n, multiplier, config->log, error);
		}
		if (r)
			return r < 0 ? r : 0;
	}
	return 0;
}

int sipring_usrsctp_share(const struct sipring_sctp_config *config, unsigned n, uint32_t multiplier,
	struct sipring_sctp_doors *doors, struct sipring_error *error)
{
	int r = config->encaps_port ? claim(config->encaps_port, error) : 0;

	assert(n > 0);
	for (unsigned i = 0; i < n; i++)
		doors[i] = (struct sipring_sctp_doors){-1, -1};
	if (r == 0)
		r = open_doors(config, n, multiplier, doors, error);
	if (r < 0)
		close_doors(doors, n);
	return r;
}
