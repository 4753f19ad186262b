/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that listen, from the process whose place this one takes: a table with a row for each
 * worker and a column for each listener. A worker that is opened takes its row. What is in the
 * table is open in this process and nobody's yet; forked processes have copies of both, so that
 * each of them clears its table when it has what it wants.
 */
#include "engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sipring_inherited {
	int fds[CONFIG_LISTENERS_MAX];
};

static bool has(const struct sipring_address_set *set, const union sipring_address *address)
{
	for (unsigned i = 0; i < set->n_addresses; i++)
		if (sipring_address_equal(&set->addresses[i], address))
			return true;
	return false;
}

static bool is_same(const struct sipring_address_set *a, const struct sipring_address_set *b)
{
	if (a->n_addresses != b->n_addresses)
		return false;
	for (unsigned i = 0; i < a->n_addresses; i++)
		if (!has(b, &a->addresses[i]))
			return false;
	return true;
}

static int make_table(struct sipring *sipring)
{
	size_t n = (size_t)sipring->config.workers;

	if (sipring->inherited)
		return 0;
	sipring->inherited = calloc(n, sizeof *sipring->inherited);
	if (!sipring->inherited)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (unsigned j = 0; j < CONFIG_LISTENERS_MAX; j++)
			sipring->inherited[i].fds[j] = -1;
	return 0;
}

int sipring_inherit(struct sipring *sipring, unsigned place, const char *listener, int fd,
	struct sipring_error *error)
{
	struct sipring_address_set set;
	int r = sipring_address_set_parse_listener(&set, listener,
		(uint16_t)sipring->config.sctp_port, error);

	if (r < 0)
		return r;
	if ((int64_t)place >= sipring->config.workers)
		return sipring_error_set(error, -EUSERS,
			"there are %lld workers: none is to have what worker %u had",
			(long long)sipring->config.workers, place);
	r = make_table(sipring);
	if (r < 0)
		return sipring_error_set(error, r, "no memory");
	for (unsigned i = 0; i < sipring->config.n_listeners; i++) {
		int *mine = &sipring->inherited[place].fds[i];

		if (!is_same(&sipring->listeners[i], &set))
			continue;
		if (*mine >= 0)
			return sipring_error_set(error, -EEXIST,
				"worker %u has a socket for %s already", place, listener);
		*mine = fd;
		return 0;
	}
	return 1;
}

int sipring_inherit_take(struct sipring *sipring, unsigned place, unsigned listener)
{
	int fd = -1;

	if (sipring->inherited) {
		fd = sipring->inherited[place].fds[listener];
		sipring->inherited[place].fds[listener] = -1;
	}
	return fd;
}

void sipring_inherit_end(struct sipring *sipring)
{
	if (!sipring->inherited)
		return;
	for (int64_t i = 0; i < sipring->config.workers; i++)
		for (unsigned j = 0; j < CONFIG_LISTENERS_MAX; j++)
			if (sipring->inherited[i].fds[j] >= 0)
				close(sipring->inherited[i].fds[j]);
	free(sipring->inherited);
	sipring->inherited = NULL;
}

int sipring_worker_listener(struct sipring_worker *worker, unsigned index, char *text, size_t size)
{
	const struct sipring *sipring = worker->sipring;
	char addresses[CONFIG_LISTENER_TEXT_MAX];

	if (index >= sipring->config.n_listeners || !worker->sctp)
		return -ENOENT;
	sipring_address_set_print(&sipring->listeners[index], addresses, sizeof addresses);
	if ((size_t)snprintf(text, size, "sctp:%s", addresses) >= size)
		return -ENOBUFS;
	return worker->sctp->ops->listening(worker->sctp, index);
}
