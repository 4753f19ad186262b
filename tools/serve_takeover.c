/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server that takes another's place: it asks at the socket of the other's --status for what the
 * other listens by, starts its workers with that, and says so when they are ready. The other drains
 * then, and only then are its places for statistics free. Whatever fails before that ends this one
 * and leaves the other as it is.
 */
#include "tools/ask.h"
#include "tools/handover.h"
#include "tools/serve.h"
#include "tools/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct serve_taken {
	struct handover_record record;
	int fd; /* -1: it is the sipring's */
};

static bool is_whole(const struct serve_takeover *takeover)
{
	unsigned n_last = 0;
	for (unsigned i = 0; i < takeover->n_taken; i++)
		n_last += takeover->taken[i].record.is_last;
	return takeover->n_taken && n_last == takeover->taken[0].record.n_places;
}

/* One more, in takeover->taken; 0, or -errno that was told. */
static int receive(struct serve_takeover *takeover)
{
	struct serve_taken *more =
		realloc(takeover->taken, (takeover->n_taken + 1) * sizeof(*more));
	struct serve_taken *one;
	int result;
	if (!more) {
		terminal_error("no memory");
		return -ENOMEM;
	}
	takeover->taken = more;
	one = &more[takeover->n_taken];
	result = handover_receive(takeover->fd, &one->record, &one->fd);
	if (result < 0) {
		terminal_error("--take-over %s: %s", takeover->path,
			result == -EPROTO          ? "is it a server of this version?"
				: result == -EPIPE ? "the server did not hand over all"
				: result == -EAGAIN
				? "the server did not answer in time; nothing was taken over"
				: strerror(-result));
		return result;
	}
	if (one->record.error || one->fd < 0) {
		terminal_error("--take-over %s: %s", takeover->path, one->record.text);
		return -EPERM;
	}
	takeover->n_taken++;
	return 0;
}

int serve_takeover_ask(struct serve_takeover *takeover, const char *path)
{
	static const char line[] = HANDOVER_QUESTION "\n";
	int result = 0;
	*takeover = (struct serve_takeover){.path = path, .fd = ask_call(path)};
	if (takeover->fd < 0) {
		terminal_error("--take-over %s: %s; it is the --status of the server that is to "
			       "end",
			path, strerror(-takeover->fd));
		return takeover->fd;
	}
	if (send(takeover->fd, line, sizeof(line) - 1, MSG_NOSIGNAL) < 0) {
		terminal_error("--take-over %s: %s", path, strerror(errno));
		return -errno;
	}
	while (result == 0 && !is_whole(takeover))
		result = receive(takeover);
	return result;
}

int serve_takeover_inherit(struct serve_takeover *takeover, struct sipring *sipring,
	unsigned n_workers)
{
	unsigned n_before = takeover->taken[0].record.n_places;
	struct sipring_error error;
	if (n_before != n_workers) {
		terminal_error("--take-over %s: the server has %u workers, and as many are needed "
			       "to take over from it; remedy: --workers %u",
			takeover->path, n_before, n_before);
		return -EINVAL;
	}
	for (unsigned i = 0; i < takeover->n_taken; i++) {
		struct serve_taken *one = &takeover->taken[i];
		int result = sipring_inherit(sipring, one->record.place, one->record.text, one->fd,
			&error);
		if (result < 0) {
			terminal_error("--take-over %s: %s", takeover->path, error.text);
			return result;
		}
		if (result == 0)
			one->fd = -1;
		else if (one->record.place == 0)
			terminal_error("%s is no listener of this instance: it ends with the "
				       "other one",
				one->record.text);
	}
	return 0;
}

void serve_takeover_finish(struct serve_takeover *takeover)
{
	static const char go[] = HANDOVER_GO "\n";
	char word[8] = "";
	if (send(takeover->fd, go, sizeof(go) - 1, MSG_NOSIGNAL) < 0 ||
		recv(takeover->fd, word, sizeof(word) - 1, 0) <= 0 ||
		strcmp(word, HANDOVER_BYE "\n"))
		terminal_error("--take-over %s: the other server does not say that it drains; "
			       "remedy: end it by SIGTERM if it still runs",
			takeover->path);
	serve_takeover_close(takeover);
}

void serve_takeover_close(struct serve_takeover *takeover)
{
	if (takeover->fd >= 0)
		close(takeover->fd);
	takeover->fd = -1;
	for (unsigned i = 0; i < takeover->n_taken; i++)
		if (takeover->taken[i].fd >= 0)
			close(takeover->taken[i].fd);
	free(takeover->taken);
	takeover->taken = NULL;
	takeover->n_taken = 0;
}
