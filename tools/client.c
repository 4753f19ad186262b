/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subcommands that send have in common: a URI as people write it becomes a target, and a
 * worker without listeners is opened. Names are the library's to look up; what the messages say of
 * ourselves is known once an association stands.
 * The encapsulation of user-space SCTP gets any free UDP port, so that a client does not fight
 * with a server on the same host for the usual one. The client owns its worker until client_close.
 */
#include "tools/client.h"

#include "tools/fault.h"
#include "tools/number.h"
#include "tools/signals.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the parser says, and what would have done. */
static int fail_parse(struct sipring_error *error, const char *text, int result)
{
	return fault_set(error, -EINVAL,
		"'%s': %s; what does is sip:HOST or sip:HOST:PORT, a port from 1 to 65535", text,
		result > 0 ? sipring_parse_reason_text(result) : strerror(-result));
}

/*
 * A URI from what was typed: sip: where no scheme is named, sctp where no transport is. To a name
 * without a port its NAPTR records may tell the transport, so that none is put in there.
 */
static int complete_uri(struct client_target *target, const char *text, struct sipring_uri *uri,
	struct sipring_error *error)
{
	bool has_scheme = !strncasecmp(text, "sip:", 4) || !strncasecmp(text, "sips:", 5) ||
		!strncasecmp(text, "tel:", 4);
	char typed[sizeof(target->uri)];
	int size = snprintf(typed, sizeof(typed), "%s%s", has_scheme ? "" : "sip:", text);
	if (size >= (int)sizeof(typed))
		return fault_set(error, -E2BIG, "the URI is longer than %zu bytes",
			sizeof(typed) - 1);
	struct sipring_span span = {.data = typed, .size = (size_t)size};
	int result = sipring_uri_parse(uri, span);
	if (result != 0)
		return fail_parse(error, text, result);
	bool is_for_naptr = !uri->transport.data && !uri->port && !uri->maddr.data &&
		uri->scheme == SIPRING_URI_SIP && uri->host_kind == SIPRING_HOST_NAME;
	int headers = uri->headers.data ? (int)(uri->headers.data - 1 - typed) : size;
	size = snprintf(target->uri, sizeof(target->uri), "%.*s%s", headers, typed,
		uri->transport.data || is_for_naptr ? "" : ";transport=sctp");
	if (size >= (int)sizeof(target->uri))
		return fault_set(error, -E2BIG, "the URI is too long");
	span = (struct sipring_span){.data = target->uri, .size = (size_t)size};
	result = sipring_uri_parse(uri, span);
	return result ? fail_parse(error, text, result) : 0;
}

/* Host in text, an IPv6 one in brackets, as SIP wants it. */
static void write_host(char *out, size_t capacity, const union sipring_address *address)
{
	char host[INET6_ADDRSTRLEN] = "";
	bool is_v6 = address->sa.sa_family == AF_INET6;
	const void *bytes = is_v6 ? (const void *)&address->v6.sin6_addr : &address->v4.sin_addr;
	inet_ntop(address->sa.sa_family, bytes, host, sizeof(host));
	snprintf(out, capacity, is_v6 ? "[%s]" : "%s", host);
}

/* The address that this host would send from: a connected UDP socket knows, and sends nothing. */
static void find_own(struct client_target *target, const union sipring_address *address)
{
	union sipring_address own;
	socklen_t size = sizeof(own);
	int fd = socket(address->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_found = fd >= 0 && !connect(fd, &address->sa, sizeof(*address)) &&
		!getsockname(fd, &own.sa, &size);
	if (fd >= 0)
		close(fd);
	if (is_found)
		write_host(target->sent_by, sizeof(target->sent_by), &own);
}

static void name_ourselves(struct client_target *target)
{
	snprintf(target->from, sizeof(target->from), "sip:sipring@%s", target->sent_by);
	snprintf(target->contact, sizeof(target->contact), "%s;transport=sctp", target->from);
}

bool client_is_name(const struct client_target *target)
{
	return target->where.host_kind == SIPRING_HOST_NAME;
}

/* An association stands: who the peer is, and who we are for it. */
void client_found(struct client_target *target, const union sipring_address *address)
{
	char host[64], text[80];
	bool is_v6 = address->sa.sa_family == AF_INET6;
	write_host(host, sizeof(host), address);
	snprintf(text, sizeof(text), "%s:%u", host,
		ntohs(is_v6 ? address->v6.sin6_port : address->v4.sin_port));
	if (client_is_name(target))
		snprintf(target->peer, sizeof(target->peer), "%.*s (%s)",
			(int)target->where.host.size, target->where.host.data, text);
	else
		snprintf(target->peer, sizeof(target->peer), "%s", text);
	find_own(target, address);
	name_ourselves(target);
}

/* -EINVAL, -E2BIG for a URI that does not do. */
int client_aim(struct client_target *target, const char *text, uint16_t default_port,
	struct sipring_error *error)
{
	struct sipring_uri uri;
	struct sipring_target *where = &target->where;
	int result = complete_uri(target, text, &uri, error);
	if (result < 0)
		return result;
	result = sipring_uri_target(&uri, default_port, where);
	if (result != 0)
		return fail_parse(error, text, result);
	if (where->is_transport_named ? where->transport != SIPRING_TRANSPORT_SCTP
				      : where->transport != SIPRING_TRANSPORT_UDP)
		return fault_set(error, -EINVAL,
			"'%s' wants transport %s: sipring speaks SCTP alone", text,
			sipring_transport_info(where->transport)->via_token);
	snprintf(target->sent_by, sizeof(target->sent_by), "sipring.invalid");
	name_ourselves(target);
	if (client_is_name(target))
		snprintf(target->peer, sizeof(target->peer), "%.*s", (int)where->host.size,
			where->host.data);
	else
		client_found(target, &where->address);
	return 0;
}

int client_open(struct client *client, struct options *options,
	const struct sipring_callbacks *callbacks, struct sipring_error *error)
{
	int result = 0;
	if (!options_is_set(options, "encaps_port"))
		result = sipring_config_set(options->config, "encaps_port", "0", error);
	if (result == 0)
		result = sipring_open(&client->sipring, options->config, error);
	if (result < 0)
		return result;
	result = sipring_worker_open(&client->worker, client->sipring, callbacks, error);
	if (result < 0) {
		sipring_close(client->sipring);
		return result;
	}
	signals_watch(client->worker);
	return 0;
}

/* Shuts the associations down in order, within the time given, and closes. */
void client_close(struct client *client, uint32_t drain_ms)
{
	uint64_t end_ns = number_clock_ns() + ((uint64_t)drain_ms + 500) * 1000000;
	if (drain_ms)
		sipring_worker_drain(client->worker, drain_ms);
	while (drain_ms && !sipring_worker_drained(client->worker) && number_clock_ns() < end_ns)
		if (sipring_worker_turn(client->worker, 50000000) < 0)
			break;
	signals_forget();
	sipring_worker_close(client->worker);
	sipring_close(client->sipring);
}

/* Whether what was built can be read again: a method that is no token cannot. */
bool client_is_request(const char *text, size_t size)
{
	struct sipring_message message;
	return sipring_message_parse(&message, text, size) == 0 &&
		(message.flags & SIPRING_MESSAGE_REQUEST);
}

/* What else to look at when no association came, with its space before; "" if nothing. */
const char *client_hint(const struct client *client, int error)
{
	struct sipring_choice choice;
	sipring_worker_choice(client->worker, &choice);
	if (error != -ETIMEDOUT && error != -ECONNREFUSED && error != -ECONNRESET)
		return "";
	if (!strcmp(choice.provider, "usrsctp"))
		return " (does it listen? usrsctp reaches only peers that carry SCTP in UDP, on "
		       "the port that the setting encaps_peer_port names)";
	return " (does it listen? SCTP is IP protocol 132: a firewall may drop it)";
}

const char *client_outcome_text(enum sipring_outcome outcome)
{
	static const char *const texts[] = {
		[SIPRING_OUTCOME_SENT] = "sent",
		[SIPRING_OUTCOME_CONNECT_FAILED] = "connect failed",
		[SIPRING_OUTCOME_LOST] = "association lost",
		[SIPRING_OUTCOME_TIMED_OUT] = "not sent in time",
		[SIPRING_OUTCOME_REFUSED] = "refused by SCTP",
		[SIPRING_OUTCOME_UNRESOLVED] = "not resolved",
		[SIPRING_OUTCOME_CLOSED] = "closed",
	};
	return (unsigned)outcome < sizeof(texts) / sizeof(texts[0]) ? texts[outcome] : "unknown";
}
