/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client of tools/status.c: one connection for each question. It waits for some seconds at the
 * most, so that a server that hangs is told and not waited for.
 */
#include "tools/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (64u << 20) /* bytes */

static void *fail(struct sipring_error *error, int code, const char *path, const char *remedy)
{
	error->code = -code;
	snprintf(error->text, sizeof(error->text), "%s: %s%s", path, strerror(code), remedy);
	return NULL;
}

static const char *remedy_of(int code)
{
	return code == ENOENT || code == ECONNREFUSED
		? "; nobody answers there: a server does that was started with --status"
		: code == EACCES ? "; the socket is its owner's and group's"
				 : "";
}

int ask_call(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 10};
	if (strlen(path) >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	strcpy(name.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	int result = -errno;
	close(fd);
	return result;
}

/* All of it, NUL-terminated; NULL and errno. */
static char *read_all(int fd)
{
	size_t size = 0, room = 65536;
	char *text = malloc(room);
	while (text) {
		ssize_t n = recv(fd, text + size, room - 1 - size, 0);
		if (n == 0 && size) {
			text[size] = 0;
			return text;
		}
		if (n == 0)
			errno = ECONNRESET;
		if (n <= 0 || room > ANSWER_MAX)
			break;
		size += (size_t)n;
		if (size == room - 1) {
			char *more = realloc(text, room * 2);
			if (!more)
				break;
			text = more;
			room *= 2;
		}
	}
	if (errno == EAGAIN)
		errno = ETIMEDOUT;
	free(text);
	return NULL;
}

char *ask_text(const char *path, const char *question, struct sipring_error *error)
{
	char line[32];
	int fd = ask_call(path);
	if (fd < 0)
		return fail(error, -fd, path, remedy_of(-fd));
	int size = snprintf(line, sizeof(line), "%s\n", question);
	char *text = send(fd, line, (size_t)size, MSG_NOSIGNAL) == size ? read_all(fd) : NULL;
	int code = errno;
	close(fd);
	return text ? text : fail(error, code, path, "; the server did not answer");
}

cJSON *ask(const char *path, const char *question, struct sipring_error *error)
{
	char *text = ask_text(path, question, error);
	if (!text)
		return NULL;
	cJSON *root = cJSON_Parse(text);
	free(text);
	return root ? root : fail(error, EPROTO, path, "; is it a server of this version?");
}

uint64_t ask_count(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
	return cJSON_IsNumber(item) && item->valuedouble > 0 ? (uint64_t)item->valuedouble : 0;
}

const char *ask_string(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
	return cJSON_IsString(item) ? item->valuestring : "";
}
