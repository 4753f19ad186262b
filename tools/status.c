/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server of `sipring stat` and `sipring top`. A client sends one line and gets one JSON object,
 * and that was it. Nothing here blocks, clients are few and have some seconds, so that none of them
 * holds up the supervisor. Who may ask is decided by the rights of the socket's file: its owner and
 * group. A file that a dead server left is taken away; that of a living one is not.
 *
 * Invariant: a client with an fd is among the supervisor's sources, once.
 */
#include "tools/status.h"

#include "tools/fault.h"
#include "tools/number.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void drop(struct status_client *client)
{
	supervisor_remove(client->status->supervisor, client->fd);
	close(client->fd);
	free(client->answer);
	*client = (struct status_client){.status = client->status, .fd = -1};
}

static void watch(struct status_client *client, short events);

static void give(struct status_client *client)
{
	while (client->sent < client->size) {
		ssize_t n = send(client->fd, client->answer + client->sent,
			client->size - client->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
		client->sent += (size_t)n;
	}
	drop(client);
}

static void try_to_answer(struct status_client *client, bool is_late)
{
	struct status *status = client->status;
	client->answer = status->answer(status->user, client->question, &client->ticket, is_late);
	if (!client->answer && !is_late)
		return;
	client->waits = false;
	client->size = client->answer ? strlen(client->answer) : 0;
	watch(client, POLLOUT);
	give(client);
}

static void hear(struct status_client *client)
{
	ssize_t n = recv(client->fd, client->question + client->n_read,
		sizeof(client->question) - 1 - client->n_read, 0);
	char *end;
	if (n < 0 && errno == EAGAIN)
		return;
	client->n_read += n > 0 ? (unsigned)n : 0;
	end = memchr(client->question, '\n', client->n_read);
	if (!end && (n <= 0 || client->n_read == sizeof(client->question) - 1)) {
		drop(client);
		return;
	}
	if (!end)
		return;
	*end = 0;
	supervisor_remove(client->status->supervisor, client->fd);
	if (client->status->adopt(client->status->user, client->question, client->fd)) {
		*client = (struct status_client){.status = client->status, .fd = -1};
		return;
	}
	client->waits = true;
	watch(client, 0);
	try_to_answer(client, false);
}

static void on_client(void *user, short events)
{
	struct status_client *client = user;
	if (client->answer)
		give(client);
	else if (client->waits || events & (POLLERR | POLLNVAL))
		drop(client); /* it went away without its answer */
	else
		hear(client);
}

static void watch(struct status_client *client, short events)
{
	struct supervisor *supervisor = client->status->supervisor;
	supervisor_remove(supervisor, client->fd);
	supervisor_add(supervisor,
		&(struct supervisor_source){client->fd, events, false, on_client, client});
}

static void on_connection(void *user, short events)
{
	struct status *status = user;
	int fd = accept4(status->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	(void)events;
	if (fd < 0)
		return;
	for (unsigned i = 0; i < STATUS_CLIENTS_MAX; i++) {
		struct status_client *client = &status->clients[i];
		if (client->fd >= 0)
			continue;
		*client = (struct status_client){.status = status,
			.fd = fd,
			.until_ns = number_clock_ns() + STATUS_PATIENCE_NS};
		watch(client, POLLIN);
		return;
	}
	close(fd);
}

bool status_is_awaited(const struct status *status)
{
	for (unsigned i = 0; i < STATUS_CLIENTS_MAX; i++)
		if (status->clients[i].fd >= 0 && status->clients[i].waits &&
			status->clients[i].ticket)
			return true;
	return false;
}

uint64_t status_run(struct status *status, uint64_t now_ns)
{
	uint64_t next_ns = UINT64_MAX;
	for (unsigned i = 0; status->supervisor && i < STATUS_CLIENTS_MAX; i++) {
		struct status_client *client = &status->clients[i];
		bool is_late = now_ns >= client->until_ns;
		if (client->fd >= 0 && client->waits) {
			/* What was late once has the time to be read, too. */
			client->until_ns += is_late ? STATUS_PATIENCE_NS : 0;
			try_to_answer(client, is_late);
		} else if (client->fd >= 0 && is_late) {
			drop(client);
		}
		if (client->fd >= 0 && client->until_ns < next_ns)
			next_ns = client->until_ns;
	}
	return next_ns;
}

/* A socket that nobody listens at any more is taken away; anything else is somebody's. */
static int clear_path(const struct sockaddr_un *name)
{
	struct stat found;
	int fd, result = 0;
	if (lstat(name->sun_path, &found) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(found.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)name, sizeof(*name)) == 0 || errno != ECONNREFUSED)
		result = -EADDRINUSE;
	close(fd);
	if (result == 0 && unlink(name->sun_path) < 0)
		result = -errno;
	return result;
}

static int listen_at(struct status *status, const struct sockaddr_un *name)
{
	mode_t mask;
	int result = clear_path(name);
	if (result < 0)
		return result;
	status->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (status->fd < 0)
		return -errno;
	mask = umask(0117);
	if (bind(status->fd, (const struct sockaddr *)name, sizeof(*name)) < 0 ||
		listen(status->fd, STATUS_CLIENTS_MAX) < 0)
		result = -errno;
	umask(mask);
	if (result < 0)
		close(status->fd);
	return result;
}

int status_open(struct status *status, struct sipring_error *error)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int result;
	for (unsigned i = 0; i < STATUS_CLIENTS_MAX; i++)
		status->clients[i] = (struct status_client){.status = status, .fd = -1};
	status->fd = -1;
	if (strlen(status->path) >= sizeof(name.sun_path))
		return fault_set(error, -ENAMETOOLONG,
			"--status %s: a socket's path has less than %zu bytes", status->path,
			sizeof(name.sun_path));
	strcpy(name.sun_path, status->path);
	result = listen_at(status, &name);
	if (result == -EADDRINUSE)
		return fault_set(error, result, "--status %s: another server answers there",
			status->path);
	if (result < 0)
		return fault_set(error, result, "--status %s: %s%s", status->path,
			strerror(-result), result == -EEXIST ? ", and it is no socket" : "");
	supervisor_add(status->supervisor,
		&(struct supervisor_source){status->fd, POLLIN, false, on_connection, status});
	return 0;
}

void status_close(struct status *status)
{
	for (unsigned i = 0; i < STATUS_CLIENTS_MAX; i++)
		if (status->clients[i].fd >= 0)
			drop(&status->clients[i]);
	if (status->fd < 0)
		return;
	supervisor_remove(status->supervisor, status->fd);
	close(status->fd);
	unlink(status->path);
	status->fd = -1;
}
