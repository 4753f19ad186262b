/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings: one table of names, bounds, defaults and help, from which setting, defaults and the
 * manual are made. A config belongs to whoever made it; sipring_open copies it. Invariant: every
 * value in a config has passed its row's bounds.
 */
#include "engine/config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	struct sipring_setting setting;
	size_t offset;
	int64_t least;
	int64_t most;
	const char *const *words; /* NULL: a number, or a text */
	/* Of a text, which has `most` bytes with its NUL: whether it does. */
	int (*check)(const char *value, struct sipring_error *error);
};

static const char *const provider_words[] = {"auto", "kernel", "usrsctp", NULL};
static const char *const io_words[] = {"auto", "io_uring", "epoll", NULL};
static const char *const encapsulation_words[] = {"auto", "udp", "raw", NULL};
static const char *const feature_words[] = {"system", "off", "on", NULL};
static const char *const switch_words[] = {"off", "on", NULL};

#define NUMBER(field, from, to, standard, text)                                      \
	{                                                                            \
		{#field, #from " to " #to, #standard, text},                         \
			offsetof(struct sipring_config, field), from, to, NULL, NULL \
	}
/* Those of sockets, and of the associations that come by a listener or leave from it. */
#define OF_LISTENER_NUMBER(field, from, to, standard, text)                          \
	{                                                                            \
		{#field, #from " to " #to, #standard, text, true},                   \
			offsetof(struct sipring_config, field), from, to, NULL, NULL \
	}
#define OF_LISTENER_WORD(field, list, shown, standard, text)                                      \
	{                                                                                         \
		{#field, shown, standard, text, true}, offsetof(struct sipring_config, field), 0, \
			0, list, NULL                                                             \
	}
#define WORD(field, list, shown, standard, text)                                               \
	{                                                                                      \
		{#field, shown, standard, text}, offsetof(struct sipring_config, field), 0, 0, \
			list, NULL                                                             \
	}
#define TEXT(field, shown, standard, text, does)                                            \
	{                                                                                   \
		{#field, shown, standard, text}, offsetof(struct sipring_config, field), 0, \
			sizeof(((struct sipring_config *)0)->field), NULL, does             \
	}

static const struct row rows[] = {
	WORD(provider, provider_words, "auto|kernel|usrsctp", "auto",
		"who speaks SCTP; auto: the kernel where it can, else user space"),
	WORD(io, io_words, "auto|io_uring|epoll", "auto",
		"how messages are moved; auto: io_uring where it is allowed, else epoll"),
	NUMBER(sctp_port, 1, 65535, 5060,
		"the port of listeners and of destinations that name none"),
	NUMBER(workers, 1, 64, 1, "workers, threads or processes, that share the listeners"),
	NUMBER(spare_listeners, 0, 15, 0, "listeners that may come while workers run"),
	NUMBER(senders, 0, 448, 0, "threads and processes that are no workers and send"),
	NUMBER(mailbox_bytes, 262144, 134217728, 1048576,
		"bytes that may wait at a worker for its associations, sent by others"),
	NUMBER(handed_max, 64, 65536, 4096,
		"sends with a cookie that others have under way at the workers, for each of them"),
	WORD(encapsulation, encapsulation_words, "auto|udp|raw", "auto",
		"what carries packets; udp: RFC 6951; auto: udp in user space only"),
	NUMBER(encaps_port, 0, 65535, 9899, "user space: our UDP port; 0: any free one"),
	NUMBER(encaps_peer_port, 1, 65535, 9899, "the UDP port of peers we connect to"),
	NUMBER(associations_max, 1, 1000000, 4096, "associations at a time; more are refused"),
	NUMBER(paths_max, 16, 1000000, 4096,
		"addresses that multihomed peers have beside their primary ones, at a time"),
	NUMBER(max_assocs, 0, 1000000, 0,
		"associations that peers begin, of all workers; more are refused; 0: no limit"),
	NUMBER(max_assocs_per_addr, 0, 1000000, 0,
		"those of them at one address, of all workers; more are refused; 0: no limit"),
	NUMBER(accept_rate, 0, 1000000, 0,
		"associations a second that peers begin, of all workers; 0: no limit"),
	NUMBER(accept_burst, 0, 1000000, 0,
		"of these at once, after a while with fewer; 0: those of one second"),
	NUMBER(message_max, 1024, 65535, 65535, "bytes of one message, both ways"),
	NUMBER(receive_buffers, 0, 32768, 0,
		"receive buffers, up to a power of two; 0: one for 8 associations, from 512"),
	NUMBER(receive_buffer_size, 1024, 131072, 8192,
		"bytes of a receive buffer; a longer message comes in pieces"),
	NUMBER(reassembly_slots, 1, 65536, 256,
		"messages that may be partial at a time, each of message_max bytes"),
	NUMBER(send_small, 16, 1000000, 8192, "buffers for messages up to 1.5 KB waiting to go"),
	NUMBER(send_medium, 16, 1000000, 1024, "buffers for messages up to 8 KB waiting to go"),
	NUMBER(send_large, 4, 1000000, 64, "buffers for messages up to message_max waiting to go"),
	NUMBER(queue_messages, 1, 1000000, 4096, "messages that may wait for one association"),
	NUMBER(queue_bytes, 1024, 1000000000, 4194304, "bytes that may wait for one association"),
	NUMBER(batch_max, 1, 1024, 64, "messages of one association sent in one turn"),
	WORD(bundling, switch_words, "on|off", "on",
		"let the messages of a batch share packets (MSG_MORE)"),
	OF_LISTENER_WORD(unordered, switch_words, "on|off", "on",
		"send unordered, as RFC 4168 has it for SIP"),
	NUMBER(connect_timeout_ms, 100, 600000, 5000, "the time a peer has to answer a connect"),
	NUMBER(reconnect_min_ms, 0, 600000, 1000,
		"ms that a peer is left alone after a connect failed, twice that after the next; "
		"0: not at all"),
	NUMBER(reconnect_max_ms, 0, 3600000, 32000, "the same at most"),
	NUMBER(reconnect_peers, 1, 65536, 1024, "peers that are left alone at a time"),
	NUMBER(send_timeout_ms, 100, 600000, 32000,
		"the time a message may wait for a peer that takes no more"),
	OF_LISTENER_NUMBER(autoclose, 0, 86400, 180,
		"seconds without a message after which an association is ended, from 32; 0: never"),
	OF_LISTENER_NUMBER(init_max_attempts, 1, 255, 4, "INITs sent before a connect fails"),
	OF_LISTENER_NUMBER(init_max_timeo, 0, 60000, 0,
		"ms between two INITs at most; 0: the whole of connect_timeout_ms"),
	OF_LISTENER_NUMBER(rto_initial, 0, 60000, 0,
		"ms until what is not acknowledged goes again, at first; 0: the system's"),
	OF_LISTENER_NUMBER(rto_min, 0, 60000, 0, "the same in ms at least; 0: the system's"),
	OF_LISTENER_NUMBER(rto_max, 0, 600000, 0, "the same in ms at most; 0: the system's"),
	OF_LISTENER_NUMBER(asocmaxrxt, 0, 255, 0,
		"losses in a row after which an association is lost; 0: the system's"),
	OF_LISTENER_NUMBER(pathmaxrxt, 0, 255, 0,
		"losses in a row after which a path is down; 0: the system's"),
	OF_LISTENER_NUMBER(hbinterval, -1, 3600000, 0,
		"ms between heartbeats on an idle path; 0: the system's; -1: none"),
	OF_LISTENER_NUMBER(sack_delay, 0, 500, 0, "ms that a SACK may wait; 0: the system's"),
	OF_LISTENER_NUMBER(sack_freq, 0, 255, 0,
		"packets after which a SACK waits no more; 1: it never does; 0: the system's"),
	OF_LISTENER_NUMBER(max_burst, 0, 255, 0, "packets sent at once at most; 0: the system's"),
	OF_LISTENER_NUMBER(send_ttl, 0, 600000, 0,
		"ms after which SCTP gives up a message (RFC 3758); 0: never"),
	OF_LISTENER_NUMBER(tos, 0, 252, 0, "TOS or traffic class of packets, the DSCP times 4"),
	OF_LISTENER_WORD(freebind, switch_words, "on|off", "off",
		"listen on addresses that the machine does not have yet"),
	OF_LISTENER_WORD(nodelay, switch_words, "on|off", "on",
		"small messages do not wait for the SACK of those before"),
	OF_LISTENER_WORD(auth, feature_words, "system|off|on", "system",
		"authenticated chunks (RFC 4895)"),
	OF_LISTENER_WORD(asconf, feature_words, "system|off|on", "system",
		"addresses that come and go in an association (RFC 5061); on needs auth=on"),
	OF_LISTENER_NUMBER(streams_out, 1, 65535, 10, "outbound streams asked for"),
	OF_LISTENER_NUMBER(streams_in_max, 1, 65535, 2048, "inbound streams granted"),
	OF_LISTENER_NUMBER(so_sndbuf, 0, 1000000000, 262144,
		"bytes of an association's send buffer; 0: the system's default"),
	OF_LISTENER_NUMBER(so_rcvbuf, 0, 1000000000, 262144,
		"bytes of an association's receive buffer; 0: the system's default"),
	TEXT(dns_servers, "ADDRESS[:PORT],...", "",
		"the name servers to ask; none: those of /etc/resolv.conf",
		sipring_dns_check_servers),
	NUMBER(dns_timeout_ms, 100, 60000, 1500,
		"the time a name server has for an answer; each further round has twice that"),
	NUMBER(dns_tries, 1, 10, 2, "rounds over the name servers before a question fails"),
	NUMBER(dns_cache, 64, 1000000, 1024, "answers of name servers kept at a time"),
	NUMBER(dns_ttl_max, 1, 604800, 3600, "seconds that an answer is kept at most"),
	NUMBER(dns_negative_ttl_max, 1, 86400, 60,
		"seconds that the absence of a name or a record is kept at most"),
	NUMBER(names_max, 1, 65536, 256,
		"names looked up or connected to at a time; more are refused"),
	NUMBER(takers, 0, 256, 0,
		"processes that may take messages at a time; 0: the worker dispatches them itself"),
	NUMBER(inbox_small, 16, 300000, 4096,
		"messages up to 1.5 KB of a listener that takers have or have yet to take"),
	NUMBER(inbox_medium, 4, 300000, 512, "the same for messages up to 8 KB"),
	NUMBER(inbox_large, 2, 300000, 32, "the same for messages up to message_max"),
};

#define N_ROWS (sizeof rows / sizeof rows[0])

static_assert(N_ROWS <= CONFIG_ROWS_MAX, "a listener has room for each");

static int64_t *field_of(struct sipring_config *config, const struct row *row)
{
	return (int64_t *)(void *)((char *)config + row->offset);
}

static int read_word(const struct row *row, const char *value, int64_t *number,
	struct sipring_error *error)
{
	for (int64_t i = 0; row->words[i]; i++) {
		if (strcmp(row->words[i], value) == 0) {
			*number = i;
			return 0;
		}
	}
	return sipring_error_set(error, -EINVAL, "%s: \"%s\" is none of %s", row->setting.name,
		value, row->setting.values);
}

static int read_number(const struct row *row, const char *value, int64_t *number,
	struct sipring_error *error)
{
	char *end;
	long long read;

	errno = 0;
	read = strtoll(value, &end, 10);
	if (end == value || *end || *value == ' ' || *value == '+')
		return sipring_error_set(error, -EINVAL, "%s: \"%s\" is not a number; it takes %s",
			row->setting.name, value, row->setting.values);
	if (errno == ERANGE || read < row->least || read > row->most)
		return sipring_error_set(error, -ERANGE, "%s: %s is out of range; it takes %s",
			row->setting.name, value, row->setting.values);
	*number = read;
	return 0;
}

static int read_text(struct sipring_config *config, const struct row *row, const char *value,
	struct sipring_error *error)
{
	int r;

	if (strlen(value) >= (size_t)row->most)
		return sipring_error_set(error, -E2BIG, "%s: longer than %lld bytes",
			row->setting.name, (long long)row->most - 1);
	r = row->check(value, error);
	if (r == 0)
		strcpy((char *)config + row->offset, value);
	return r;
}

static int set_row(struct sipring_config *config, const struct row *row, const char *value,
	struct sipring_error *error)
{
	if (row->check)
		return read_text(config, row, value, error);
	return row->words ? read_word(row, value, field_of(config, row), error)
			  : read_number(row, value, field_of(config, row), error);
}

struct sipring_config *sipring_config_new(void)
{
	struct sipring_config *config = calloc(1, sizeof *config);

	for (size_t i = 0; config && i < N_ROWS; i++) {
		int r = set_row(config, &rows[i], rows[i].setting.default_value, NULL);

		assert(r == 0);
		(void)r;
	}
	return config;
}

void sipring_config_free(struct sipring_config *config)
{
	free(config);
}

int sipring_config_set(struct sipring_config *config, const char *name, const char *value,
	struct sipring_error *error)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcmp(rows[i].setting.name, name) == 0)
			return set_row(config, &rows[i], value, error);
	return sipring_error_set(error, -ENOENT,
		"no setting is called \"%s\" (`sipring help settings` lists them)", name);
}

int sipring_config_get(const struct sipring_config *config, const char *name, char *text,
	size_t size)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		const char *field = (const char *)config + rows[i].offset;
		int64_t number;

		if (strcmp(rows[i].setting.name, name) != 0)
			continue;
		if (rows[i].check)
			return snprintf(text, size, "%s", field);
		memcpy(&number, field, sizeof number);
		return rows[i].words ? snprintf(text, size, "%s", rows[i].words[number])
				     : snprintf(text, size, "%lld", (long long)number);
	}
	return -ENOENT;
}

int sipring_config_listen(struct sipring_config *config, const char *listener,
	struct sipring_error *error)
{
	struct sipring_address_set set;
	int r;

	if (config->n_listeners == CONFIG_LISTENERS_MAX)
		return sipring_error_set(error, -E2BIG, "at most %d listeners",
			CONFIG_LISTENERS_MAX);
	if (strlen(listener) >= CONFIG_LISTENER_TEXT_MAX)
		return sipring_error_set(error, -E2BIG, "listener \"%.40s…\" is too long",
			listener);
	r = sipring_address_set_parse_listener(&set, listener, (uint16_t)config->sctp_port, error);
	if (r < 0)
		return r;
	strcpy(config->listeners[config->n_listeners++], listener);
	return 0;
}

static const struct row *row_of_listener(const struct sipring_config *config, unsigned listener,
	const char *name, struct sipring_error *error, int *result)
{
	*result = -ENOENT;
	if (listener >= config->n_listeners) {
		sipring_error_set(error, *result, "there is no listener %u", listener);
		return NULL;
	}
	for (size_t i = 0; i < N_ROWS; i++) {
		if (strcmp(rows[i].setting.name, name) != 0)
			continue;
		*result = rows[i].setting.of_listener ? 0 : -EINVAL;
		if (*result == 0)
			return &rows[i];
		sipring_error_set(error, *result,
			"%s is for all listeners: it cannot be set for one", name);
		return NULL;
	}
	sipring_error_set(error, *result,
		"no setting is called \"%s\" (`sipring help settings` lists them)", name);
	return NULL;
}

int sipring_config_listener_set(struct sipring_config *config, unsigned listener, const char *name,
	const char *value, struct sipring_error *error)
{
	struct config_own *own;
	int r;
	const struct row *row = row_of_listener(config, listener, name, error, &r);

	if (!row)
		return r;
	own = &config->own[listener];
	r = row->words ? read_word(row, value, &own->values[row - rows], error)
		       : read_number(row, value, &own->values[row - rows], error);
	if (r == 0)
		own->is_set[row - rows] = true;
	return r;
}

int sipring_config_listener_get(const struct sipring_config *config, unsigned listener,
	const char *name, char *text, size_t size)
{
	int r;
	const struct row *row = row_of_listener(config, listener, name, NULL, &r);
	int64_t number;

	if (!row)
		return r;
	if (!config->own[listener].is_set[row - rows])
		return sipring_config_get(config, name, text, size);
	number = config->own[listener].values[row - rows];
	return row->words ? snprintf(text, size, "%s", row->words[number])
			  : snprintf(text, size, "%lld", (long long)number);
}

bool sipring_config_listener_has(const struct sipring_config *config, unsigned listener,
	const char *name)
{
	int r;
	const struct row *row = row_of_listener(config, listener, name, NULL, &r);

	return row && config->own[listener].is_set[row - rows];
}

void sipring_config_of_listener(const struct sipring_config *config, unsigned listener,
	struct sipring_config *out)
{
	const struct config_own *own = &config->own[listener];

	*out = *config;
	for (size_t i = 0; i < N_ROWS; i++)
		if (own->is_set[i])
			*field_of(out, &rows[i]) = own->values[i];
}

void sipring_config_own_copy(struct sipring_config *config, unsigned listener,
	const struct sipring_config *from, unsigned its, const char *name)
{
	int r;
	const struct row *row = row_of_listener(config, listener, name, NULL, &r);

	assert(row && its < from->n_listeners);
	config->own[listener].is_set[row - rows] = from->own[its].is_set[row - rows];
	config->own[listener].values[row - rows] = from->own[its].values[row - rows];
}

const struct sipring_setting *sipring_config_setting(unsigned index)
{
	return index < N_ROWS ? &rows[index].setting : NULL;
}
