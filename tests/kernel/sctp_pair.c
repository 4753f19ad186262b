/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The association of sctp_pair.h: listener, connecting end, accepted end, all on 127.0.0.1.
 * Made anew for each test, over loopback, with the options that the provider sets.
 */
#include "sctp_pair.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct sipring_sctp_config sctp_pair_config(void)
{
	return (struct sipring_sctp_config){
		.associations_max = 16,
		.message_max = 65535,
		.streams_out = 5,
		.streams_in_max = 5,
		.init_attempts = 3,
		.init_timeout_ms = 1000,
		.unordered = true,
	};
}

int sctp_pair_listen(const struct sipring_sctp_config *config, union sipring_address *address)
{
	struct sipring_address_set local = {.n_addresses = 1};
	struct sipring_error error = {0};
	socklen_t size = sizeof *address;
	int fd;

	local.addresses[0].v4 = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	fd = sipring_kernel_socket_open(config, AF_INET, &local, &error);
	cr_assert_geq(fd, 0, "%s", error.text);
	cr_assert_eq(listen(fd, 16), 0);
	memset(address, 0, sizeof *address);
	cr_assert_eq(getsockname(fd, &address->sa, &size), 0);
	return fd;
}

int sctp_pair_connect(const struct sipring_sctp_config *config, const union sipring_address *to,
	const struct sipring_address_set *local)
{
	struct sipring_error error = {0};
	int fd = sipring_kernel_socket_open(config, AF_INET, local, &error);

	cr_assert_geq(fd, 0, "%s", error.text);
	cr_assert_eq(connect(fd, &to->sa, sizeof to->v4), 0, "connect: %s", strerror(errno));
	return fd;
}

void sctp_pair_open(struct sctp_pair *pair, const struct sipring_sctp_config *config)
{
	struct sipring_sctp_config defaults = sctp_pair_config();
	struct sctp_piece piece;

	pair->listener = sctp_pair_listen(config ? config : &defaults, &pair->address);
	pair->near = sctp_pair_connect(config ? config : &defaults, &pair->address, NULL);
	pair->far = accept4(pair->listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(pair->far, 0);
	sctp_take_note(pair->near, &piece, SCTP_ASSOC_CHANGE);
	cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_COMM_UP);
	sctp_take_note(pair->far, &piece, SCTP_ASSOC_CHANGE);
	cr_assert_eq(piece.note.sn_assoc_change.sac_state, SCTP_COMM_UP);
}

void sctp_pair_close(struct sctp_pair *pair)
{
	close(pair->near);
	close(pair->far);
	close(pair->listener);
}

bool sctp_polls(int fd, short events, int limit_ms)
{
	struct pollfd one = {.fd = fd, .events = events};

	return poll(&one, 1, limit_ms) == 1 && (one.revents & events);
}

void sctp_take(int fd, struct sctp_piece *piece, int limit_ms)
{
	char control[CMSG_SPACE(sizeof piece->info)];
	struct iovec part = {piece->bytes, sizeof piece->bytes};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control};
	const struct cmsghdr *found;

	memset(piece, 0, sizeof *piece);
	(void)sctp_polls(fd, POLLIN, limit_ms);
	piece->size = recvmsg(fd, &header, MSG_DONTWAIT);
	if (piece->size < 0) {
		piece->size = -errno;
		return;
	}
	piece->flags = header.msg_flags;
	found = CMSG_FIRSTHDR(&header);
	if (!found || found->cmsg_level != IPPROTO_SCTP || found->cmsg_type != SCTP_RCVINFO)
		return;
	memcpy(&piece->info, CMSG_DATA(found), sizeof piece->info);
	piece->has_info = true;
}

void sctp_take_data(int fd, struct sctp_piece *piece)
{
	do {
		sctp_take(fd, piece, SCTP_WAIT_MS);
		cr_assert_gt(piece->size, 0, "no message: %zd", piece->size);
	} while (piece->flags & MSG_NOTIFICATION);
}

void sctp_take_note(int fd, struct sctp_piece *piece, uint16_t type)
{
	do {
		sctp_take(fd, piece, SCTP_WAIT_MS);
		cr_assert_gt(piece->size, 0, "no notification %#x: %zd", type, piece->size);
	} while (!(piece->flags & MSG_NOTIFICATION) || piece->note.sn_header.sn_type != type);
}

ssize_t sctp_pair_send(int fd, const void *bytes, size_t size, const struct sctp_sndinfo *info,
	int flags)
{
	_Alignas(8) char control[CMSG_SPACE(sizeof *info)] = {0};
	struct iovec part = {(void *)(uintptr_t)bytes, size};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *told = (struct cmsghdr *)(void *)control;
	ssize_t n;

	if (info) {
		told->cmsg_level = IPPROTO_SCTP;
		told->cmsg_type = SCTP_SNDINFO;
		told->cmsg_len = CMSG_LEN(sizeof *info);
		memcpy(CMSG_DATA(told), info, sizeof *info);
		header.msg_control = control;
		header.msg_controllen = sizeof control;
	}
	n = sendmsg(fd, &header, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}
