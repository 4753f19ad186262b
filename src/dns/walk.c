/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 3263 4.1 and 4.2 for one transport. A numeric host is its own address. A name with a port has
 * addresses with that port. A name without one that /etc/hosts knows is that host, with the default
 * port: nobody is asked. Any other leads by NAPTR, where no transport is named, or straight to SRV,
 * and the default port is for names alone that have neither. Each step keeps what it learnt, so
 * that an answer may go as soon as it was looked at.
 */
#include "dns/walk.h"
#include "dns/order.h"

#include "net/address.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { GO_ON = 2 }; /* beside enum sipring_dns_step */

/* The questions about a target's addresses, in the order of their answers' use. */
static const enum sipring_dns_type address_types[] = {SIPRING_DNS_HOSTS, SIPRING_DNS_AAAA,
	SIPRING_DNS_A};
#define KNOWN_ALL 7u

static void clear(struct sipring_dns_answer *answer)
{
	answer->n_records = 0;
	answer->text_size = 0;
}

/* Nothing is known of the next target yet. */
static void forget_target(struct sipring_dns_walk *walk)
{
	walk->n_addresses = walk->next_address = 0;
	walk->known = 0;
	walk->error = -ENODATA;
}

/* Makes this the only target. */
static void aim(struct sipring_dns_walk *walk, uint16_t port)
{
	clear(&walk->targets);
	sipring_dns_answer_add_name(&walk->targets, walk->host);
	walk->targets.records[0] = (struct sipring_dns_record){.port = port};
	walk->targets.n_records = 1;
	walk->next_target = 0;
	forget_target(walk);
	walk->stage = SIPRING_DNS_STAGE_ADDRESS;
}

int sipring_dns_walk_begin(struct sipring_dns_walk *walk, const struct sipring_target *target,
	enum sipring_transport transport)
{
	size_t size = target->host.size;

	for (unsigned i = 0; i < SIPRING_DNS_WAITERS_MAX; i++)
		sipring_list_init(&walk->waiters[i]);
	walk->default_port = target->port;
	walk->transport = transport;
	walk->is_transport_named = target->is_transport_named;
	walk->stage = SIPRING_DNS_STAGE_HOSTS;
	walk->has_naptr = false;
	walk->next_service = 0;
	forget_target(walk);
	clear(&walk->services);
	if (target->host_kind != SIPRING_HOST_NAME) {
		walk->host[0] = '\0';
		aim(walk, target->port);
		walk->addresses[walk->n_addresses++] = target->address;
		walk->known = KNOWN_ALL;
		return 0;
	}
	if (size && target->host.data[size - 1] == '.')
		size--;
	/* The longest name that is asked for has a label of SRV before it. */
	if (size + sizeof "_sips._sctp." > SIPRING_DNS_NAME_MAX)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < size; i++) {
		char c = target->host.data[i];

		walk->host[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
	}
	walk->host[size] = '\0';
	if (target->is_port_named)
		aim(walk, target->port);
	return 0;
}

__attribute__((format(printf, 2, 3))) static void tell(const struct sipring_dns_source *source,
	const char *format, ...)
{
	char line[400];
	va_list arguments;

	if (!source->log)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	sipring_log_write(source->log, SIPRING_LOG_INFO, "name: %s", line);
}

static int end(struct sipring_dns_walk *walk, const struct sipring_dns_source *source, int error)
{
	/* What comes after the last target is the next service, and after that this end again. */
	walk->stage = SIPRING_DNS_STAGE_ADDRESS;
	walk->next_target = walk->targets.n_records = 0;
	walk->next_service = walk->services.n_records;
	walk->has_naptr = false;
	walk->error = error;
	tell(source, "%s leads no further", walk->host);
	return error;
}

/* An answer, or NULL and what the step is to return. */
static const struct sipring_dns_answer *ask(struct sipring_dns_walk *walk,
	const struct sipring_dns_source *source, const char *name, enum sipring_dns_type type,
	int *result)
{
	int error = 0;
	const struct sipring_dns_answer *answer =
		source->look_up(source->user, name, type, &walk->waiters[0], &error);

	*result = answer ? GO_ON : error < 0 ? error : SIPRING_DNS_STEP_WAIT;
	return answer;
}

static void take_addresses(struct sipring_dns_walk *walk, const struct sipring_dns_answer *answer)
{
	for (unsigned i = 0; i < answer->n_records; i++)
		if (walk->n_addresses < 2 * SIPRING_DNS_RECORDS_MAX)
			walk->addresses[walk->n_addresses++] = answer->records[i].address;
}

static int step_hosts(struct sipring_dns_walk *walk, const struct sipring_dns_source *source)
{
	int result;
	const struct sipring_dns_answer *answer =
		ask(walk, source, walk->host, SIPRING_DNS_HOSTS, &result);

	if (!answer)
		return result < 0 ? end(walk, source, result) : result;
	if (answer->status == SIPRING_DNS_FOUND) {
		tell(source, "%s is in /etc/hosts", walk->host);
		aim(walk, walk->default_port);
		take_addresses(walk, answer);
		walk->known = KNOWN_ALL;
	} else {
		walk->stage =
			walk->is_transport_named ? SIPRING_DNS_STAGE_SRV : SIPRING_DNS_STAGE_NAPTR;
	}
	return GO_ON;
}

/* The SRV names of the transport that is wanted, in their order. */
static int step_naptr(struct sipring_dns_walk *walk, const struct sipring_dns_source *source)
{
	int result;
	const struct sipring_dns_answer *answer =
		ask(walk, source, walk->host, SIPRING_DNS_NAPTR, &result);

	if (!answer)
		return result < 0 ? end(walk, source, result) : result;
	if (answer->status < 0)
		return end(walk, source, answer->status);
	if (answer->status == SIPRING_DNS_NO_NAME)
		return end(walk, source, -ENOENT);
	walk->stage = SIPRING_DNS_STAGE_SRV;
	if (answer->status != SIPRING_DNS_FOUND)
		return GO_ON;
	for (unsigned i = 0; i < answer->n_records; i++) {
		const struct sipring_dns_record *record = &answer->records[i];
		const char *name = answer->text + record->name;
		int at;

		if (record->transport != walk->transport)
			continue;
		at = sipring_dns_answer_add_name(&walk->services, name);
		assert(at >= 0); /* they came out of a text of the same size */
		walk->services.records[walk->services.n_records++] =
			(struct sipring_dns_record){.name = (uint16_t)at};
		tell(source, "%s NAPTR %u %u %s", walk->host, record->order, record->preference,
			name);
	}
	walk->has_naptr = true;
	return walk->services.n_records ? GO_ON : end(walk, source, -EPROTONOSUPPORT);
}

/* The targets of one SRV name. */
static void take_targets(struct sipring_dns_walk *walk, const struct sipring_dns_source *source,
	const struct sipring_dns_answer *answer, const char *name)
{
	walk->targets = *answer;
	sipring_dns_order(walk->targets.records, walk->targets.n_records, source->random);
	walk->next_target = 0;
	forget_target(walk);
	walk->stage = SIPRING_DNS_STAGE_ADDRESS;
	for (unsigned i = 0; i < walk->targets.n_records; i++) {
		const struct sipring_dns_record *record = &walk->targets.records[i];

		tell(source, "%s SRV %u %u %u %s", name, record->order, record->preference,
			record->port, walk->targets.text + record->name);
	}
}

/* NAPTR named what does not stand: its next, if it has one. */
static int pass_service(struct sipring_dns_walk *walk, const struct sipring_dns_source *source,
	int error)
{
	walk->error = error;
	if (walk->next_service < walk->services.n_records)
		return GO_ON;
	return end(walk, source, error);
}

static int step_srv(struct sipring_dns_walk *walk, const struct sipring_dns_source *source)
{
	char own[SIPRING_DNS_NAME_MAX + 16];
	const char *name = own;
	const struct sipring_dns_answer *answer;
	int result;

	if (walk->has_naptr)
		name = walk->services.text + walk->services.records[walk->next_service].name;
	else
		snprintf(own, sizeof own, "%s.%s",
			sipring_transport_info(walk->transport)->srv_label, walk->host);
	answer = ask(walk, source, name, SIPRING_DNS_SRV, &result);
	if (!answer && result >= 0)
		return result;
	walk->next_service += walk->has_naptr;
	if (!answer || answer->status < 0)
		return pass_service(walk, source, answer ? answer->status : result);
	if (answer->status == SIPRING_DNS_FOUND)
		take_targets(walk, source, answer, name);
	else if (answer->status == SIPRING_DNS_NO_SERVICE)
		return pass_service(walk, source, -EPROTONOSUPPORT);
	else if (walk->has_naptr)
		return pass_service(walk, source, -ENODATA);
	else
		aim(walk, walk->default_port);
	return GO_ON;
}

static void learn(struct sipring_dns_walk *walk, unsigned question,
	const struct sipring_dns_answer *answer)
{
	walk->known |= 1u << question;
	if (answer->status == SIPRING_DNS_FOUND) {
		take_addresses(walk, answer);
		if (address_types[question] == SIPRING_DNS_HOSTS)
			walk->known = KNOWN_ALL;
	} else if (answer->status < 0) {
		walk->error = answer->status;
	} else if (answer->status == SIPRING_DNS_NO_NAME && walk->error == -ENODATA) {
		walk->error = -ENOENT;
	}
}

/* All that is not known of the current target is asked at once. */
static int learn_addresses(struct sipring_dns_walk *walk, const struct sipring_dns_source *source)
{
	const char *host = walk->targets.text + walk->targets.records[walk->next_target].name;
	bool waits = false;

	for (unsigned i = 0; i < 3; i++) {
		const struct sipring_dns_answer *answer;
		int error = 0;

		if (walk->known & 1u << i)
			continue;
		answer = source->look_up(source->user, host, address_types[i],
			&walk->waiters[i ? i - 1 : 0], &error);
		if (answer) {
			learn(walk, i, answer);
		} else if (error < 0) {
			walk->error = error;
			walk->known |= 1u << i;
		} else {
			waits = true;
		}
	}
	return waits ? SIPRING_DNS_STEP_WAIT : GO_ON;
}

static int next_target(struct sipring_dns_walk *walk, const struct sipring_dns_source *source)
{
	if (walk->next_target + 1 < walk->targets.n_records) {
		walk->next_target++;
		forget_target(walk);
		return GO_ON;
	}
	if (walk->has_naptr && walk->next_service < walk->services.n_records) {
		walk->stage = SIPRING_DNS_STAGE_SRV;
		return GO_ON;
	}
	return end(walk, source, walk->error);
}

static int step_address(struct sipring_dns_walk *walk, const struct sipring_dns_source *source,
	union sipring_address *address)
{
	const struct sipring_dns_record *target = &walk->targets.records[walk->next_target];
	char text[SIPRING_ADDRESS_TEXT_MAX];

	if (walk->next_target >= walk->targets.n_records)
		return end(walk, source, walk->error);
	if (walk->known != KNOWN_ALL) {
		int result = learn_addresses(walk, source);

		if (result != GO_ON)
			return result;
		/* Answers came as they came: IPv6 first. */
		for (unsigned i = 0, n_v6 = 0; i < walk->n_addresses; i++) {
			union sipring_address found = walk->addresses[i];

			if (found.sa.sa_family != AF_INET6)
				continue;
			memmove(&walk->addresses[n_v6 + 1], &walk->addresses[n_v6],
				(i - n_v6) * sizeof found);
			walk->addresses[n_v6++] = found;
		}
	}
	if (walk->next_address == walk->n_addresses)
		return next_target(walk, source);
	*address = walk->addresses[walk->next_address++];
	sipring_address_set_port(address, target->port);
	if (*walk->host)
		tell(source, "%s is at %s", walk->targets.text + target->name,
			sipring_address_print(address, text));
	return SIPRING_DNS_STEP_ADDRESS;
}

int sipring_dns_walk_next(struct sipring_dns_walk *walk, const struct sipring_dns_source *source,
	union sipring_address *address)
{
	int result = GO_ON;

	while (result == GO_ON) {
		switch (walk->stage) {
		case SIPRING_DNS_STAGE_HOSTS:
			result = step_hosts(walk, source);
			break;
		case SIPRING_DNS_STAGE_NAPTR:
			result = step_naptr(walk, source);
			break;
		case SIPRING_DNS_STAGE_SRV:
			result = step_srv(walk, source);
			break;
		case SIPRING_DNS_STAGE_ADDRESS:
			result = step_address(walk, source, address);
			break;
		}
	}
	return result;
}
