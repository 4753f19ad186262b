/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records with sockets over a UNIX socket. A record is sent by one call and smaller than what the
 * kernel splits, so that it is whole or not there. Who receives owns what came with it.
 */
#include "tools/handover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int handover_send(int fd, const struct handover_record *record, int passed)
{
	union control control;
	struct iovec part = {(void *)record, sizeof(*record)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	memset(&control, 0, sizeof(control));
	if (passed >= 0) {
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(passed));
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	ssize_t n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 ? -errno : n == (ssize_t)sizeof(*record) ? 0 : -EMSGSIZE;
}

int handover_receive(int fd, struct handover_record *record, int *passed)
{
	union control control;
	struct iovec part = {record, sizeof(*record)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	*passed = -1;
	if (n <= 0)
		return n < 0 ? -errno : -EPIPE;
	const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
		head->cmsg_len == CMSG_LEN(sizeof(*passed)))
		memcpy(passed, CMSG_DATA(head), sizeof(*passed));
	if (n == (ssize_t)sizeof(*record) && record->version == HANDOVER_VERSION) {
		record->text[sizeof(record->text) - 1] = 0;
		return 0;
	}
	if (*passed >= 0)
		close(*passed);
	*passed = -1;
	return -EPROTO;
}
