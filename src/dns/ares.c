/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * c-ares as the carrier of questions: it knows servers, tries again, goes over to TCP; names,
 * records and lifetimes are read here (answer.c). Its sockets are its own: it may close one at any
 * time, so what the io polls is a duplicate, which the io closes. A question is an entry of the
 * cache that is asked; c-ares holds its address until it answers, and answers each once.
 * Invariant: n_asked is the number of entries that are asked; a slot whose fd is not -1 is known to
 * c-ares.
 */
#include "dns/ares.h"
#include "dns/cache.h"

#include "net/address.h"

#include <ares.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* UDP and TCP for each server, and as many that are being closed. */
#define SLOTS_MAX (4 * SIPRING_DNS_SERVERS_MAX)
#define HOSTS_TTL 10  /* seconds that a look into /etc/hosts holds */
#define UDP_SIZE 1232 /* bytes that pass unfragmented nearly everywhere */

struct slot {
	struct sipring_io_socket socket;
	int fd;           /* as c-ares calls it; -1: no more */
	bool wants_write; /* it waits for room, or for a connection */
	bool is_leaving;  /* the io was told to give it up; CLOSED is to come */
};

struct sipring_dns {
	struct sipring_dns_config config;
	struct sipring_io *io;
	struct sipring_dns_cache cache;
	struct sipring_dns_counters counters;
	struct sipring_list answered; /* waiters to be told */
	ares_channel channel;         /* NULL: not open */
	uint32_t n_asked;
	uint64_t now_ms;
	bool is_stale; /* all servers failed: the channel is opened anew when it is idle */
	bool is_closing;
	struct slot slots[SLOTS_MAX];
};

/* Reads one server of a list, separated by commas or spaces; false at the end. */
static bool next_server(const char **at, struct sipring_span *server)
{
	*at += strspn(*at, ", \t");
	server->data = *at;
	server->size = strcspn(*at, ", \t");
	*at += server->size;
	return server->size > 0;
}

int sipring_dns_check_servers(const char *servers, struct sipring_error *error)
{
	struct sipring_span server;
	unsigned n = 0;

	while (next_server(&servers, &server)) {
		union sipring_address address;

		if (sipring_address_parse(&address, server.data, server.size) < 0)
			return sipring_error_set(error, -EINVAL,
				"\"%.*s\" is no name server; it takes ADDRESS, ADDRESS:PORT, "
				"[IPV6]:PORT",
				(int)server.size, server.data);
		if (++n > SIPRING_DNS_SERVERS_MAX)
			return sipring_error_set(error, -E2BIG, "at most %d name servers",
				SIPRING_DNS_SERVERS_MAX);
	}
	return 0;
}

int sipring_dns_open(struct sipring_dns **out, const struct sipring_dns_config *config,
	struct sipring_io *io)
{
	struct sipring_dns *dns = calloc(1, sizeof *dns);
	uint64_t seed[2];
	int r;

	if (!dns)
		return -ENOMEM;
	r = getrandom(seed, sizeof seed, 0) < 0 ? -errno : 0;
	if (r == 0)
		r = sipring_dns_cache_open(&dns->cache, config->n_entries, seed);
	if (r < 0) {
		free(dns);
		return r;
	}
	dns->cache.ttl_max = config->ttl_max;
	dns->cache.negative_ttl_max = config->negative_ttl_max;
	dns->config = *config;
	dns->io = io;
	sipring_list_init(&dns->answered);
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		dns->slots[i].fd = -1;
	*out = dns;
	return 0;
}

void sipring_dns_close(struct sipring_dns *dns)
{
	if (!dns)
		return;
	dns->is_closing = true;
	if (dns->channel)
		ares_destroy(dns->channel);
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		if (dns->slots[i].socket.state != SIPRING_IO_IDLE)
			close(dns->slots[i].socket.fd);
	sipring_dns_cache_close(&dns->cache);
	free(dns);
}

size_t sipring_dns_footprint(const struct sipring_dns_config *config)
{
	return sizeof(struct sipring_dns) + sipring_dns_cache_footprint(config->n_entries);
}

static struct slot *find_slot(struct sipring_dns *dns, int fd)
{
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		if (dns->slots[i].fd == fd)
			return &dns->slots[i];
	return NULL;
}

/* Begins to poll a socket of c-ares; NULL where that cannot be: its questions then time out. */
static struct slot *watch(struct sipring_dns *dns, int fd)
{
	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		struct slot *slot = &dns->slots[i];

		if (slot->fd != -1 || slot->is_leaving)
			continue;
		slot->socket.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (slot->socket.fd < 0)
			break;
		slot->socket.kind = SIPRING_IO_POLLED;
		slot->fd = fd;
		dns->io->ops->add(dns->io, &slot->socket);
		return slot;
	}
	sipring_log_write(dns->config.log, SIPRING_LOG_WARNING,
		"dns: no room to watch another socket; raise the limit of open files");
	return NULL;
}

/* c-ares: what it wants to know of a socket; neither: it closes it next. */
static void on_socket(void *user, ares_socket_t fd, int for_reading, int for_writing)
{
	struct sipring_dns *dns = user;
	struct slot *slot;

	if (dns->is_closing)
		return;
	slot = find_slot(dns, fd);
	if (!for_reading && !for_writing) {
		if (slot) {
			slot->fd = -1;
			slot->is_leaving = true;
			dns->io->ops->remove(dns->io, &slot->socket);
		}
		return;
	}
	if (!slot)
		slot = watch(dns, fd);
	if (!slot)
		return;
	slot->wants_write = for_writing;
	if (for_writing)
		dns->io->ops->await_writable(dns->io, &slot->socket);
}

static int set_servers(struct sipring_dns *dns)
{
	struct ares_addr_port_node nodes[SIPRING_DNS_SERVERS_MAX] = {0};
	const char *at = dns->config.servers;
	struct sipring_span server;
	unsigned n = 0;

	while (n < SIPRING_DNS_SERVERS_MAX && next_server(&at, &server)) {
		struct ares_addr_port_node *node = &nodes[n++];
		union sipring_address address;

		if (sipring_address_parse(&address, server.data, server.size) < 0)
			return ARES_EBADSTR;
		node->family = address.sa.sa_family;
		if (node->family == AF_INET)
			node->addr.addr4 = address.v4.sin_addr;
		else
			memcpy(&node->addr.addr6, &address.v6.sin6_addr, sizeof node->addr.addr6);
		node->udp_port = node->tcp_port = sipring_address_port(&address);
		if (n > 1)
			nodes[n - 2].next = node;
	}
	return n ? ares_set_servers_ports(dns->channel, nodes) : ARES_SUCCESS;
}

/* ares_library_init is for other systems; here it would be a counter that threads share. */
static int open_channel(struct sipring_dns *dns)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
		.timeout = (int)dns->config.timeout_ms,
		.tries = (int)dns->config.n_tries,
		.ednspsz = UDP_SIZE,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = dns,
	};
	int r = ares_init_options(&dns->channel, &options,
		ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
			ARES_OPT_SOCK_STATE_CB);

	if (r == ARES_SUCCESS)
		r = set_servers(dns);
	if (r != ARES_SUCCESS) {
		sipring_log_write(dns->config.log, SIPRING_LOG_ERROR, "dns: cannot start: %s",
			ares_strerror(r));
		if (dns->channel)
			ares_destroy(dns->channel);
		dns->channel = NULL;
	}
	dns->is_stale = false;
	return r;
}

static int errno_of(int status)
{
	switch (status) {
	case ARES_ETIMEOUT:
		return -ETIMEDOUT;
	case ARES_ECONNREFUSED:
		return -ECONNREFUSED;
	case ARES_ESERVFAIL:
		return -EREMOTEIO;
	case ARES_EREFUSED:
		return -EACCES;
	case ARES_ENOMEM:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

static void settle(struct sipring_dns *dns, struct sipring_dns_entry *entry)
{
	struct sipring_list *waiter;

	sipring_dns_cache_settle(&dns->cache, entry, dns->now_ms);
	while ((waiter = sipring_list_pop(&entry->waiters)))
		sipring_list_append(&dns->answered, waiter);
}

static void fail(struct sipring_dns *dns, struct sipring_dns_entry *entry, int error)
{
	entry->answer.status = error;
	entry->answer.n_records = entry->answer.text_size = 0;
	entry->answer.ttl = 0;
	dns->counters.n_failed++;
	settle(dns, entry);
}

/* c-ares: the end of a question. A response says itself whether there is something. */
static void on_answer(void *user, int status, int timeouts, unsigned char *message, int size)
{
	struct sipring_dns_entry *entry = user;
	struct sipring_dns *dns = entry->owner;

	(void)timeouts;
	if (dns->is_closing)
		return;
	assert(dns->n_asked > 0);
	dns->n_asked--;
	if (!message ||
		(status != ARES_SUCCESS && status != ARES_ENODATA && status != ARES_ENOTFOUND)) {
		dns->is_stale |= status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED;
		fail(dns, entry, errno_of(status));
		return;
	}
	if (sipring_dns_answer_read(&entry->answer, entry->type, message, (size_t)size) < 0)
		fail(dns, entry, -EBADMSG);
	else
		settle(dns, entry);
}

static void ask_server(struct sipring_dns *dns, struct sipring_dns_entry *entry)
{
	if (dns->channel && dns->is_stale && dns->n_asked == 0) {
		ares_destroy(dns->channel);
		dns->channel = NULL;
	}
	if (!dns->channel && open_channel(dns) != ARES_SUCCESS) {
		fail(dns, entry, -ENOMEM);
		return;
	}
	entry->owner = dns;
	dns->n_asked++;
	dns->counters.n_asked++;
	ares_query(dns->channel, entry->name, 1, (int)entry->type, on_answer, entry);
}

/* A file of a few lines; it is read once for each name and HOSTS_TTL. */
static void look_into_hosts(struct sipring_dns *dns, struct sipring_dns_entry *entry)
{
	static const int families[] = {AF_INET6, AF_INET};
	struct sipring_dns_answer *answer = &entry->answer;

	answer->n_records = answer->text_size = 0;
	answer->ttl = HOSTS_TTL;
	if (!dns->channel)
		open_channel(dns);
	for (unsigned i = 0; dns->channel && i < 2; i++) {
		struct hostent *host = NULL;

		if (ares_gethostbyname_file(dns->channel, entry->name, families[i], &host) !=
			ARES_SUCCESS)
			continue;
		for (char **at = host->h_addr_list; *at; at++) {
			union sipring_address address;

			memset(&address, 0, sizeof address);
			address.sa.sa_family = (sa_family_t)host->h_addrtype;
			if (host->h_addrtype == AF_INET6)
				memcpy(&address.v6.sin6_addr, *at, 16);
			else
				memcpy(&address.v4.sin_addr, *at, 4);
			sipring_dns_answer_add_address(answer, &address);
		}
		ares_free_hostent(host);
	}
	answer->status = answer->n_records ? SIPRING_DNS_FOUND : SIPRING_DNS_NO_DATA;
	settle(dns, entry);
}

const struct sipring_dns_answer *sipring_dns_look_up(struct sipring_dns *dns, const char *name,
	enum sipring_dns_type type, struct sipring_list *waiter, uint64_t now_ms, int *error)
{
	struct sipring_dns_entry *entry = sipring_dns_cache_find(&dns->cache, name, type, now_ms);

	dns->now_ms = now_ms;
	if (entry && !entry->is_asked) {
		dns->counters.n_known++;
		return &entry->answer;
	}
	if (!entry) {
		entry = sipring_dns_cache_ask(&dns->cache, name, type);
		if (!entry) {
			*error = -ENFILE;
			return NULL;
		}
		if (type == SIPRING_DNS_HOSTS)
			look_into_hosts(dns, entry);
		else
			ask_server(dns, entry);
	}
	if (!entry->is_asked)
		return &entry->answer;
	sipring_list_unlink(waiter);
	sipring_list_append(&entry->waiters, waiter);
	return NULL;
}

const struct sipring_dns_answer *sipring_dns_known(struct sipring_dns *dns, const char *name,
	enum sipring_dns_type type, uint64_t now_ms)
{
	struct sipring_dns_entry *entry = sipring_dns_cache_find(&dns->cache, name, type, now_ms);

	if (!entry || entry->is_asked)
		return NULL;
	dns->counters.n_known++;
	return &entry->answer;
}

struct sipring_list *sipring_dns_answered(struct sipring_dns *dns)
{
	return sipring_list_pop(&dns->answered);
}

bool sipring_dns_input(struct sipring_dns *dns, const struct sipring_io_event *event,
	uint64_t now_ms)
{
	struct slot *slot;
	uintptr_t at = (uintptr_t)event->socket;

	if (at < (uintptr_t)dns->slots || at >= (uintptr_t)(dns->slots + SLOTS_MAX))
		return false;
	slot = SIPRING_CONTAINER(event->socket, struct slot, socket);
	dns->now_ms = now_ms;
	if (event->type == SIPRING_IO_CLOSED)
		slot->is_leaving = false;
	if (slot->fd == -1)
		return true;
	if (event->type == SIPRING_IO_READABLE) {
		ares_process_fd(dns->channel, slot->fd, ARES_SOCKET_BAD);
	} else if (event->type == SIPRING_IO_WRITABLE) {
		ares_process_fd(dns->channel, ARES_SOCKET_BAD, slot->fd);
		if (slot->fd != -1 && slot->wants_write)
			dns->io->ops->await_writable(dns->io, &slot->socket);
	}
	return true;
}

void sipring_dns_tick(struct sipring_dns *dns, uint64_t now_ms)
{
	dns->now_ms = now_ms;
	if (dns->n_asked)
		ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

uint64_t sipring_dns_idle_ms(const struct sipring_dns *dns)
{
	struct timeval left;

	if (!sipring_list_empty(&dns->answered))
		return 0;
	if (dns->n_asked == 0 || !ares_timeout(dns->channel, NULL, &left))
		return UINT64_MAX;
	return (uint64_t)left.tv_sec * 1000 + (uint64_t)left.tv_usec / 1000 + 1;
}

const struct sipring_dns_counters *sipring_dns_counters(const struct sipring_dns *dns)
{
	return &dns->counters;
}
