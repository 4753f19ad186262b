/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server that is to end: another instance asks at the socket of --status for what this one
 * listens by. The sockets are the workers', who are asked by the board and send them between turns;
 * the supervisor hands them on and keeps none. Both accept then, until the other one is ready and
 * says so: this one drains. Should the other go away before that, nothing has changed here.
 * Invariant: at most one other is served, and its fd is among the supervisor's sources.
 */
#include "tools/handover.h"
#include "tools/number.h"
#include "tools/serve.h"
#include "tools/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void forget(struct serve_status *status)
{
	supervisor_remove(status->supervisor, status->handover.fd);
	close(status->handover.fd);
	status->handover.fd = -1;
}

static void refuse(int fd, int error, const char *why)
{
	struct handover_record record = {.version = HANDOVER_VERSION, .error = error};
	snprintf(record.text, sizeof(record.text), "%s", why);
	(void)handover_send(fd, &record, -1);
}

static void go_away(struct serve_status *status)
{
	terminal_error("another instance has taken over; this one drains");
	serve_status_close(status);
	metrics_close(&status->metrics);
	(void)send(status->handover.fd, HANDOVER_BYE "\n", strlen(HANDOVER_BYE) + 1,
		MSG_NOSIGNAL | MSG_DONTWAIT);
	forget(status);
	supervisor_wish(status->supervisor, SUPERVISOR_WISH_DRAIN);
}

static void on_other(void *user, short events)
{
	struct serve_status *status = user;
	char word[8] = "";
	ssize_t n = recv(status->handover.fd, word, sizeof(word) - 1, MSG_DONTWAIT);
	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && !strcmp(word, HANDOVER_GO "\n") &&
		status->handover.n_done == status->board->n_slots) {
		go_away(status);
		return;
	}
	terminal_error("the instance that was to take over has gone; this one goes on");
	forget(status);
}

static const char *why_not(const struct serve_status *status, int fd)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
		(peer.uid != geteuid() && peer.uid != 0))
		return "the server belongs to another user, who alone may take over";
	if (status->handover.fd >= 0)
		return "another instance is about to take over";
	if (status->supervisor->wish != SUPERVISOR_WISH_RUN || !status->supervisor->has_stood)
		return "the server is not running: it starts or ends";
	for (unsigned i = 0; i < status->board->n_slots; i++)
		if (!status->supervisor->workers[i].pid)
			return "a worker of the server is not running";
	return NULL;
}

bool serve_handover_begin(struct serve_status *status, const char *question, int fd)
{
	const char *why;
	if (strcmp(question, HANDOVER_QUESTION))
		return false;
	why = why_not(status, fd);
	if (why) {
		refuse(fd, -EPERM, why);
		close(fd);
		return true;
	}
	status->handover.fd = fd;
	status->handover.n_done = 0;
	status->handover.question++;
	supervisor_add(status->supervisor,
		&(struct supervisor_source){fd, POLLIN, false, on_other, status});
	atomic_store_explicit(&status->board->hand_asked, status->handover.question,
		memory_order_relaxed);
	supervisor_signal(status->supervisor, SIGUSR1);
	return true;
}

/* A worker's socket: on to the other. */
static void hand_on(struct serve_status *status, struct handover_record *record, int passed)
{
	int result;
	record->n_places = status->board->n_slots;
	result = handover_send(status->handover.fd, record, passed);
	status->handover.n_done += record->is_last;
	if (result == 0 && record->error == 0)
		return;
	terminal_error("the listeners cannot be handed over: %s; this one goes on",
		record->error ? record->text : strerror(-result));
	forget(status);
}

static void on_record(void *user, short events)
{
	struct serve_status *status = user;
	struct handover_record record;
	int passed;
	(void)events;
	while (handover_receive(status->board->hand_fds[0], &record, &passed) == 0) {
		if (status->handover.fd >= 0 && record.question == status->handover.question)
			hand_on(status, &record, passed);
		if (passed >= 0)
			close(passed);
	}
}

void serve_handover_open(struct serve_status *status)
{
	status->handover.fd = -1;
	supervisor_add(status->supervisor,
		&(struct supervisor_source){status->board->hand_fds[0], POLLIN, false, on_record,
			status});
}

void serve_handover_close(struct serve_status *status)
{
	if (status->handover.fd >= 0)
		forget(status);
}

bool serve_handover_answer(struct serve_worker *server)
{
	const struct board *board = server->board;
	uint32_t asked = atomic_load_explicit(&board->hand_asked, memory_order_relaxed);
	struct handover_record record = {.version = HANDOVER_VERSION,
		.question = asked,
		.place = server->index,
		.is_last = true};
	char next[HANDOVER_TEXT_MAX];
	int fd, result;
	if (asked == server->n_handed_over)
		return false;
	fd = sipring_worker_listener(server->worker, server->next_listener, record.text,
		sizeof(record.text));
	record.error = fd < 0 ? fd : 0;
	if (fd == -EOPNOTSUPP)
		snprintf(record.text, sizeof(record.text),
			"its SCTP is in user space, where all associations are one process's; "
			"end it first, or use the kernel's SCTP");
	else if (fd < 0)
		snprintf(record.text, sizeof(record.text), "%s", strerror(-fd));
	else
		record.is_last = sipring_worker_listener(server->worker, server->next_listener + 1,
					 next, sizeof(next)) == -ENOENT;
	result = handover_send(board->hand_fds[1], &record, fd < 0 ? -1 : fd);
	if (result == -EAGAIN)
		return true;
	server->next_listener++;
	if (!record.is_last)
		return true;
	server->n_handed_over = asked;
	server->next_listener = 0;
	return false;
}
