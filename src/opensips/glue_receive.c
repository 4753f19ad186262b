/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SIP worker: takes a place among those who take its listener's messages when the core has made
 * its reactor, puts the place's descriptor where the listener's socket was, and runs the script on
 * a message whenever that is readable. Everything else a worker does (timers, IPC, async, scaling)
 * goes on as with any other socket, for it is one descriptor as before.
 *
 * A process of sockets_mgm does so for the listeners that come while OpenSIPS runs, with one place
 * for all of them.
 *
 * Reading is bounded by messages and by time, for the worker's timers and jobs wait meanwhile.
 */
#include "opensips/glue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define READS_MAX 8
#define READ_NS 2000000
#define ENGINE_START_MS 10000

/* One who ends because the core wants fewer gives his place back at once. */
static void leave(void)
{
	if (pt[process_no].flags & OSS_PROC_SELFEXIT)
		sipring_bridge_leave(sipring_glue_bridge);
}

static struct socket_info *own_listener(void)
{
	if (pt[process_no].type != TYPE_UDP || !bind_address)
		return NULL;
	for (struct socket_info *si = compat_first(PROTO_SCTP); si; si = compat_next(si))
		if (si == bind_address)
			return si;
	return NULL;
}

static bool attend(struct socket_info *si)
{
	struct sipring_error error = {.text = "it is not open"};
	int number = sipring_glue_listen_number(si);
	int fd = number < 0 ? -1
			    : sipring_bridge_attend(sipring_glue_bridge, (unsigned)number, &error);

	if (fd < 0) {
		LM_ERR("%.*s: %s\n", si->sock_str.len, si->sock_str.s, error.text);
		return false;
	}
	if (reactor_del_reader(si->socket, -1, 0) < 0)
		return false;
	si->socket = fd;
	if (reactor_add_reader(fd, F_UDP_READ, RCT_PRIO_NET, si) < 0)
		return false;
	return atexit(leave) == 0;
}

int sipring_glue_receive_child(int rank)
{
	struct socket_info *si = is_worker_proc(rank) ? own_listener() : NULL;

	if (!si || !sipring_glue_bridge)
		return 0;
	if (sipring_bridge_await(sipring_glue_bridge, ENGINE_START_MS) < 0) {
		LM_ERR("%.*s: no SCTP engine runs; its own lines above say why\n", si->sock_str.len,
			si->sock_str.s);
		return -1;
	}
	return attend(si) ? 0 : -1;
}

static void handle(__attribute__((unused)) void *user, unsigned listener, char *buffer, size_t size,
	const struct sipring_receive_info *info)
{
	const struct socket_info *si = sipring_glue_listen_standing((int)listener);
	struct receive_info ri;

	if (!si) {
		LM_WARN("a message of %zu bytes came by an sctp socket that is gone, and is not "
			"handled\n",
			size);
		return;
	}

	/* Whatever a release adds is 0: nothing known. */
	memset(&ri, 0, sizeof ri);
	memcpy(&ri.src_su, &info->source, sizeof ri.src_su);
	su2ip_addr(&ri.src_ip, &ri.src_su);
	ri.src_port = su_getport(&ri.src_su);
	ri.dst_ip = si->address;
	ri.dst_port = si->port_no;
	ri.proto = PROTO_SCTP;
	ri.proto_reserved1 = info->association;
	ri.bind_address = si;
	receive_msg(buffer, (unsigned)size, &ri, NULL, 0);
}

/*
 * What the reactor of a process of sockets_mgm has to know of descriptors that are ours: a socket's
 * own place may be another transport's when one of them becomes readable.
 */
static struct socket_info late_messages = {.proto = PROTO_SCTP};
static struct socket_info late_look = {.proto = PROTO_SCTP};
static uint32_t late; /* those whose messages this process takes, a bit for each number */
static int look_fd = -1;

static bool watch(int fd, struct socket_info *what)
{
	if (reactor_add_reader(fd, F_UDP_READ, RCT_PRIO_NET, what) >= 0)
		return true;
	LM_ERR("the reactor takes no more descriptors\n");
	return false;
}

static bool look_every_second(void)
{
	const struct itimerspec second = {{1, 0}, {1, 0}};

	if (look_fd >= 0)
		return true;
	look_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (look_fd >= 0 && timerfd_settime(look_fd, 0, &second, NULL) == 0 &&
		watch(look_fd, &late_look))
		return true;
	LM_ERR("no timer for sctp sockets: %s\n", strerror(errno));
	if (look_fd >= 0)
		close(look_fd);
	look_fd = -1;
	return false;
}

static void look_at_late_ones(void)
{
	uint64_t n_seconds;

	if (read(look_fd, &n_seconds, sizeof n_seconds) < 0)
		return;
	for (uint32_t rest = late; rest; rest &= rest - 1) {
		int number = __builtin_ctz(rest);

		if (sipring_glue_listen_standing(number))
			continue;
		sipring_bridge_forsake(sipring_glue_bridge, (unsigned)number);
		late &= ~(1u << number);
	}
}

int sipring_glue_receive_late(int number)
{
	static bool is_watched;
	struct sipring_error error;
	int fd;

	/* First of all: what is attended and not looked at would stay for ever. */
	if (!look_every_second())
		return -1;
	fd = sipring_bridge_attend(sipring_glue_bridge, (unsigned)number, &error);
	if (fd < 0) {
		LM_ERR("an sctp socket that comes now: %s\n", error.text);
		return -1;
	}
	if (!is_watched && !watch(fd, &late_messages)) {
		sipring_bridge_forsake(sipring_glue_bridge, (unsigned)number);
		return -1;
	}
	is_watched = true;
	late |= 1u << number;
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int sipring_glue_receive_read(COMPAT_READ_SOCKET *socket, int *size)
{
	uint64_t end_ns = now_ns() + READ_NS;
	unsigned n = 0;

	*size = 0;
	if (socket == &late_look) {
		look_at_late_ones();
		return 0;
	}
	while (sipring_bridge_read(sipring_glue_bridge, handle, NULL) > 0)
		if (++n == READS_MAX || now_ns() >= end_ns)
			break;
	return 0;
}
