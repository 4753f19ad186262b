/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io_uring as it is commonly used, after the echo servers that show it: a one-to-one socket per
 * peer with one receive at a time, a completion handled when it comes, the answer and the next
 * receive submitted at once. No multishot, no provided buffers, no waiting to gather. A peer owns
 * its receive buffer; a reply owns its own until its send has completed.
 */
#include "server.h"
#include "socket.h"

#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RING_ENTRIES 4096

enum kind { ACCEPT, RECEIVE, SEND };

/* One operation under way; user_data points to it. */
struct operation {
	enum kind kind;
	int fd;
	struct operation *next; /* free replies */
	size_t size;
	char *text;
};

static struct message reply;
static struct operation *free_replies;
static struct io_uring ring;

static struct io_uring_sqe *next_sqe(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe) {
		io_uring_submit(&ring);
		sqe = io_uring_get_sqe(&ring);
	}
	if (!sqe)
		server_fail("io_uring_get_sqe");
	return sqe;
}

static struct operation *new_operation(enum kind kind, int fd, size_t size)
{
	struct operation *operation = malloc(sizeof(*operation));

	if (!operation)
		server_fail("malloc");
	*operation = (struct operation){.kind = kind, .fd = fd, .size = size};
	operation->text = size ? malloc(size) : NULL;
	if (size && !operation->text)
		server_fail("malloc");
	return operation;
}

static void arm_accept(struct operation *operation)
{
	struct io_uring_sqe *sqe = next_sqe();

	io_uring_prep_accept(sqe, operation->fd, NULL, NULL, 0);
	io_uring_sqe_set_data(sqe, operation);
}

static void arm_receive(struct operation *operation)
{
	struct io_uring_sqe *sqe = next_sqe();

	io_uring_prep_recv(sqe, operation->fd, operation->text, operation->size, 0);
	io_uring_sqe_set_data(sqe, operation);
}

static void send_reply(int fd)
{
	struct operation *operation = free_replies;

	if (operation)
		free_replies = operation->next;
	else
		operation = new_operation(SEND, fd, reply.size);
	operation->fd = fd;
	memcpy(operation->text, reply.text, reply.size);
	struct io_uring_sqe *sqe = next_sqe();
	io_uring_prep_send(sqe, fd, operation->text, operation->size, MSG_NOSIGNAL);
	io_uring_sqe_set_data(sqe, operation);
}

static void complete(struct operation *operation, int result)
{
	switch (operation->kind) {
	case ACCEPT:
		if (result >= 0)
			arm_receive(new_operation(RECEIVE, result, MESSAGE_MAX));
		arm_accept(operation);
		break;
	case RECEIVE:
		if (result <= 0) {
			close(operation->fd);
			free(operation->text);
			free(operation);
			return;
		}
		if (message_answer(&reply, operation->text, (size_t)result))
			send_reply(operation->fd);
		arm_receive(operation);
		break;
	case SEND:
		operation->next = free_replies;
		free_replies = operation;
		return;
	}
	io_uring_submit(&ring);
}

int main(int argc, char **argv)
{
	struct server_options options;
	struct io_uring_cqe *cqe;

	server_start(argc, argv, &options, &reply);
	int listener = socket_listen(SOCK_STREAM, IPPROTO_SCTP, &options.address);
	int result = io_uring_queue_init(RING_ENTRIES, &ring, 0);
	if (result < 0) {
		errno = -result;
		server_fail("io_uring_queue_init");
	}
	arm_accept(new_operation(ACCEPT, listener, 0));
	io_uring_submit(&ring);
	server_ready();
	while (!server_is_over) {
		if (io_uring_wait_cqe(&ring, &cqe) < 0)
			continue;
		struct operation *operation = io_uring_cqe_get_data(cqe);
		result = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
		complete(operation, result);
	}
	return 0;
}
