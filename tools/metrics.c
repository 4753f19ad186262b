/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HTTP server of --metrics: libmicrohttpd without a thread of its own. Its epoll fd is one of
 * the supervisor's sources, so that it runs when somebody asks and never beside anything else. Only
 * GET /metrics has an answer. Connections are few and time out, so that a slow client is dropped.
 */
#include "tools/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16
#define CONNECTION_TIMEOUT_S 10

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, char *text,
	bool is_owned)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text,
		is_owned ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type",
		"text/plain; version=0.0.4; charset=utf-8");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state)
{
	static char is_not_here[] = "GET /metrics is what there is\n";
	static char is_no_get[] = "only GET\n";
	struct metrics *metrics = user;
	char *text;
	(void)version, (void)upload, (void)state;
	if (*upload_size) {
		*upload_size = 0; /* read and thrown away */
		return MHD_YES;
	}
	if (strcmp(method, "GET"))
		return respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, is_no_get, false);
	if (strcmp(url, "/metrics"))
		return respond(connection, MHD_HTTP_NOT_FOUND, is_not_here, false);
	text = metrics->text(metrics->user);
	return text ? respond(connection, MHD_HTTP_OK, text, true) : MHD_NO;
}

static void on_loop(void *user, short events)
{
	(void)events;
	MHD_run(((struct metrics *)user)->daemon);
}

uint64_t metrics_run(struct metrics *metrics, uint64_t now_ns)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;
	if (!metrics->daemon || MHD_get_timeout(metrics->daemon, &wait_ms) != MHD_YES)
		return UINT64_MAX;
	if (wait_ms == 0)
		MHD_run(metrics->daemon);
	return now_ns + (wait_ms ? (uint64_t)wait_ms : 1) * 1000000;
}

static int fail(const struct metrics *metrics, int code, const char *why,
	struct sipring_error *error)
{
	error->code = code;
	snprintf(error->text, sizeof(error->text), "--metrics %s: %s", metrics->at, why);
	return code;
}

/* ADDR:PORT, an IPv6 address in brackets. */
static int parse(const char *at, union sipring_address *address, socklen_t *size)
{
	char host[64];
	const char *colon = strrchr(at, ':');
	char *end;
	bool is_v6 = *at == '[';
	size_t length = colon ? (size_t)(colon - at) - (is_v6 ? 2 : 0) : 0;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
	if (!colon || length == 0 || length >= sizeof(host) || !port || port > 65535 || *end ||
		(is_v6 && colon[-1] != ']'))
		return -EINVAL;
	memcpy(host, at + is_v6, length);
	host[length] = 0;
	*address = (union sipring_address){.sa.sa_family = is_v6 ? AF_INET6 : AF_INET};
	*size = is_v6 ? sizeof(address->v6) : sizeof(address->v4);
	if (is_v6)
		address->v6.sin6_port = htons((uint16_t)port);
	else
		address->v4.sin_port = htons((uint16_t)port);
	return inet_pton(address->sa.sa_family, host,
		       is_v6 ? (void *)&address->v6.sin6_addr : (void *)&address->v4.sin_addr) == 1
		? 0
		: -EINVAL;
}

static int listen_at(const union sipring_address *address, socklen_t size)
{
	int on = 1, result;
	int fd = socket(address->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &address->sa, size) == 0 && listen(fd, CONNECTIONS_MAX) == 0)
		return fd;
	result = -errno;
	close(fd);
	return result;
}

static int start(struct metrics *metrics)
{
	const union MHD_DaemonInfo *info;
	metrics->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, metrics,
		MHD_OPTION_LISTEN_SOCKET, metrics->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)CONNECTION_TIMEOUT_S, MHD_OPTION_END);
	if (!metrics->daemon)
		return -EIO;
	info = MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return -EIO;
	metrics->loop_fd = info->epoll_fd;
	return 0;
}

int metrics_open(struct metrics *metrics, struct sipring_error *error)
{
	union sipring_address address;
	socklen_t size;
	int result;
	metrics->listen_fd = metrics->loop_fd = -1;
	if (parse(metrics->at, &address, &size) < 0)
		return fail(metrics, -EINVAL,
			"not ADDRESS:PORT, a numeric address (IPv6 in brackets) and a port from 1 "
			"to 65535",
			error);
	result = listen_at(&address, size);
	if (result < 0)
		return fail(metrics, result, strerror(-result), error);
	metrics->listen_fd = result;
	result = start(metrics);
	if (result < 0) {
		metrics_close(metrics);
		return fail(metrics, result, "libmicrohttpd does not start", error);
	}
	supervisor_add(metrics->supervisor,
		&(struct supervisor_source){metrics->loop_fd, POLLIN, false, on_loop, metrics});
	return 0;
}

void metrics_close(struct metrics *metrics)
{
	if (metrics->loop_fd >= 0)
		supervisor_remove(metrics->supervisor, metrics->loop_fd);
	if (metrics->daemon)
		MHD_stop_daemon(metrics->daemon); /* closes the port, too */
	else if (metrics->listen_fd >= 0)
		close(metrics->listen_fd);
	metrics->daemon = NULL;
	metrics->listen_fd = metrics->loop_fd = -1;
}

void metrics_forget(struct metrics *metrics)
{
	if (metrics->listen_fd >= 0)
		close(metrics->listen_fd);
	metrics->listen_fd = -1;
}
