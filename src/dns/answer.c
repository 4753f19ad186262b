/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading DNS responses (RFC 1035, RFC 2308, RFC 2782, RFC 3403). Pure, on bytes from the network
 * that may be anything: nothing is read outside them, and no chain of compressed names is followed
 * upwards, so that reading ends. Whoever answers the question is believed, for its name alone:
 * owners of records are not compared, and what stands beside the answer is not kept. Invariant:
 * records are in the order of (order, preference), and as the response had them where those are
 * equal.
 */
#include "dns/answer.h"

#include <sipring/sip.h>

#include "net/address.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define HEADER_SIZE 12
#define RCODE_NO_NAME 3
#define TYPE_CNAME 5
#define TYPE_SOA 6
#define CLASS_IN 1

struct reader {
	const unsigned char *message;
	size_t size;
	size_t at;
	bool is_bad; /* read beyond the end */
};

/* A record's place, before its names are read: only those that are kept take room. */
struct candidate {
	uint16_t order;
	uint16_t preference;
	size_t data; /* of the rest of its data */
};

struct candidates {
	unsigned n;
	struct candidate list[SIPRING_DNS_RECORDS_MAX];
};

static unsigned read_number(struct reader *reader, unsigned size)
{
	unsigned number = 0;

	if (reader->size - reader->at < size) {
		reader->is_bad = true;
		reader->at = reader->size;
		return 0;
	}
	while (size-- > 0)
		number = number << 8 | reader->message[reader->at++];
	return number;
}

/* Returns false for a byte that stands in no name of a host or service. */
static bool is_name_byte(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
		byte == '_';
}

/* Appends a label in lower case; false where it has no place in a name. */
static bool add_label(char *name, size_t *length, const unsigned char *label, unsigned size)
{
	if (*length + size + 2 > SIPRING_DNS_NAME_MAX)
		return false;
	if (*length)
		name[(*length)++] = '.';
	for (unsigned i = 0; i < size; i++) {
		unsigned char byte = label[i];

		if (byte >= 'A' && byte <= 'Z')
			byte = (unsigned char)(byte + 'a' - 'A');
		if (!is_name_byte(byte))
			return false;
		name[(*length)++] = (char)byte;
	}
	return true;
}

/* A name, compressed or not (4.1.4). False for one that is no host's; the reader goes past it. */
static bool read_name(struct reader *reader, char name[SIPRING_DNS_NAME_MAX])
{
	size_t length = 0, at = reader->at, lowest = reader->at;
	bool is_good = true, has_jumped = false;

	for (;;) {
		unsigned size = at < reader->size ? reader->message[at] : 0xffu;

		if ((size & 0xc0) == 0xc0 && at + 2 <= reader->size) {
			size_t to = (size & 0x3fu) << 8 | reader->message[at + 1];

			if (!has_jumped)
				reader->at = at + 2;
			has_jumped = true;
			if (to >= lowest)
				break;
			at = lowest = to;
			continue;
		}
		if ((size & 0xc0) || at + 1 + size > reader->size)
			break;
		at += 1 + size;
		if (size == 0) {
			if (!has_jumped)
				reader->at = at;
			name[length] = '\0';
			return is_good;
		}
		is_good = is_good && add_label(name, &length, reader->message + at - size, size);
	}
	reader->is_bad = true;
	return false;
}

/* A character-string (3.3), at most 255 bytes. */
static struct sipring_span read_string(struct reader *reader)
{
	unsigned size = read_number(reader, 1);
	struct sipring_span string = {(const char *)reader->message + reader->at, size};

	if (reader->size - reader->at < size) {
		reader->is_bad = true;
		return (struct sipring_span){0};
	}
	reader->at += size;
	return string;
}

int sipring_dns_answer_add_name(struct sipring_dns_answer *answer, const char *name)
{
	size_t size = strlen(name) + 1;
	int at = answer->text_size;

	if (size > sizeof answer->text - answer->text_size)
		return -ENOSPC;
	memcpy(answer->text + at, name, size);
	answer->text_size = (uint16_t)(answer->text_size + size);
	return at;
}

void sipring_dns_answer_add_address(struct sipring_dns_answer *answer,
	const union sipring_address *address)
{
	if (answer->n_records == SIPRING_DNS_RECORDS_MAX)
		return;
	answer->records[answer->n_records++] = (struct sipring_dns_record){.address = *address};
}

static void read_address(struct sipring_dns_answer *answer, enum sipring_dns_type type,
	const unsigned char *data, size_t size)
{
	union sipring_address address;

	memset(&address, 0, sizeof address);
	if (type == SIPRING_DNS_A && size == 4) {
		address.v4.sin_family = AF_INET;
		memcpy(&address.v4.sin_addr, data, size);
	} else if (type == SIPRING_DNS_AAAA && size == 16) {
		address.v6.sin6_family = AF_INET6;
		memcpy(&address.v6.sin6_addr, data, size);
	} else {
		return;
	}
	sipring_dns_answer_add_address(answer, &address);
}

/* Where it belongs among those that are kept; the last of too many is dropped. */
static void insert(struct candidates *candidates, const struct candidate *new)
{
	unsigned at = candidates->n;

	while (at > 0 &&
		(candidates->list[at - 1].order > new->order ||
			(candidates->list[at - 1].order == new->order &&
				candidates->list[at - 1].preference > new->preference)))
		at--;
	if (at == SIPRING_DNS_RECORDS_MAX)
		return;
	if (candidates->n < SIPRING_DNS_RECORDS_MAX)
		candidates->n++;
	memmove(&candidates->list[at + 1], &candidates->list[at],
		(candidates->n - at - 1) * sizeof *new);
	candidates->list[at] = *new;
}

/* The transport of a service field, "SIP+D2S"; UNKNOWN for what is not SIP's. */
static enum sipring_transport find_service(struct sipring_span service)
{
	for (unsigned i = SIPRING_TRANSPORT_UDP; i < SIPRING_TRANSPORT_COUNT; i++) {
		const char *name = sipring_transport_info((enum sipring_transport)i)->naptr_service;

		if (strlen(name) == service.size &&
			strncasecmp(name, service.data, service.size) == 0)
			return (enum sipring_transport)i;
	}
	return SIPRING_TRANSPORT_UNKNOWN;
}

/* RFC 3263 4.1: flag "s", no expression, and the SRV record's name as the replacement. */
static bool read_naptr(struct reader *reader, struct sipring_dns_record *record,
	char name[SIPRING_DNS_NAME_MAX])
{
	struct sipring_span flags = read_string(reader), service = read_string(reader),
			    expression = read_string(reader);
	bool is_name = read_name(reader, name);

	record->transport = (uint8_t)find_service(service);
	return is_name && *name && flags.size == 1 && (flags.data[0] | 0x20) == 's' &&
		expression.size == 0 && record->transport != SIPRING_TRANSPORT_UNKNOWN;
}

static bool read_srv(struct reader *reader, struct sipring_dns_record *record,
	char name[SIPRING_DNS_NAME_MAX])
{
	record->port = (uint16_t)read_number(reader, 2);
	return read_name(reader, name) && *name && record->port;
}

/* Reads what was kept, the first first, as long as there is room for the names. */
static void read_candidates(struct sipring_dns_answer *answer, enum sipring_dns_type type,
	const struct candidates *candidates, struct reader reader)
{
	char name[SIPRING_DNS_NAME_MAX];

	for (unsigned i = 0; i < candidates->n; i++) {
		struct sipring_dns_record record = {.order = candidates->list[i].order,
			.preference = candidates->list[i].preference};
		int at;

		reader.at = candidates->list[i].data;
		reader.is_bad = false;
		if (type == SIPRING_DNS_NAPTR ? !read_naptr(&reader, &record, name)
					      : !read_srv(&reader, &record, name))
			continue;
		at = sipring_dns_answer_add_name(answer, name);
		if (reader.is_bad || at < 0)
			continue;
		record.name = (uint16_t)at;
		answer->records[answer->n_records++] = record;
	}
}

/* A lifetime with its top bit set is none (RFC 2181 8). */
static uint32_t lifetime(unsigned ttl)
{
	return ttl > INT32_MAX ? 0 : ttl;
}

static void shorten(struct sipring_dns_answer *answer, uint32_t ttl)
{
	if (ttl < answer->ttl)
		answer->ttl = ttl;
}

/* One resource record; only its place is noted where names would take room. */
static void read_record(struct sipring_dns_answer *answer, enum sipring_dns_type type,
	struct reader *reader, struct candidates *candidates)
{
	char owner[SIPRING_DNS_NAME_MAX];
	unsigned its_type, its_class, size;
	uint32_t ttl;
	size_t end;

	read_name(reader, owner);
	its_type = read_number(reader, 2);
	its_class = read_number(reader, 2);
	ttl = lifetime(read_number(reader, 4));
	size = read_number(reader, 2);
	if (reader->size - reader->at < size)
		reader->is_bad = true;
	if (reader->is_bad)
		return;
	end = reader->at + size;
	if (its_class == CLASS_IN && (its_type == type || its_type == TYPE_CNAME))
		shorten(answer, ttl);
	if (its_class == CLASS_IN && its_type == type) {
		if (type == SIPRING_DNS_A || type == SIPRING_DNS_AAAA) {
			read_address(answer, type, reader->message + reader->at, size);
		} else if (size > 4) {
			struct candidate new = {.order = (uint16_t)read_number(reader, 2)};

			new.preference = (uint16_t)read_number(reader, 2);
			new.data = reader->at;
			insert(candidates, &new);
		}
	}
	reader->at = end;
}

/* How long what is not there stays so (RFC 2308 5): the SOA's own lifetime, or its last number. */
static uint32_t read_negative_ttl(struct reader *reader, unsigned n_records)
{
	char name[SIPRING_DNS_NAME_MAX];

	while (n_records-- > 0 && !reader->is_bad) {
		unsigned its_type, size;
		uint32_t ttl;

		read_name(reader, name);
		its_type = read_number(reader, 2);
		read_number(reader, 2);
		ttl = lifetime(read_number(reader, 4));
		size = read_number(reader, 2);
		if (reader->is_bad || reader->size - reader->at < size)
			break;
		reader->at += size;
		if (its_type == TYPE_SOA && size >= 4) {
			uint32_t minimum;

			reader->at -= 4;
			minimum = lifetime(read_number(reader, 4));
			return ttl < minimum ? ttl : minimum;
		}
	}
	return 0;
}

static void conclude(struct sipring_dns_answer *answer, enum sipring_dns_type type, unsigned rcode,
	const struct candidates *candidates)
{
	if (answer->n_records)
		answer->status = SIPRING_DNS_FOUND;
	else if (rcode == RCODE_NO_NAME)
		answer->status = SIPRING_DNS_NO_NAME;
	else if (type == SIPRING_DNS_SRV && candidates->n)
		answer->status = SIPRING_DNS_NO_SERVICE;
	else
		answer->status = SIPRING_DNS_NO_DATA;
}

static int refuse(struct sipring_dns_answer *answer)
{
	answer->n_records = 0;
	answer->ttl = 0;
	answer->status = -EBADMSG;
	return -EBADMSG;
}

int sipring_dns_answer_read(struct sipring_dns_answer *answer, enum sipring_dns_type type,
	const unsigned char *message, size_t size)
{
	struct reader reader = {message, size, 0, false};
	struct candidates candidates = {0};
	unsigned rcode, n_questions, n_answers, n_authority;
	char name[SIPRING_DNS_NAME_MAX];

	assert(type != SIPRING_DNS_HOSTS);
	answer->n_records = 0;
	answer->text_size = 0;
	answer->ttl = UINT32_MAX;
	if (size < HEADER_SIZE)
		return refuse(answer);
	rcode = message[3] & 15u;
	reader.at = 4;
	n_questions = read_number(&reader, 2);
	n_answers = read_number(&reader, 2);
	n_authority = read_number(&reader, 2);
	reader.at = HEADER_SIZE;
	if (n_questions != 1 || (rcode != 0 && rcode != RCODE_NO_NAME))
		return refuse(answer);
	read_name(&reader, name);
	read_number(&reader, 4); /* its type and class */
	while (n_answers-- > 0 && !reader.is_bad)
		read_record(answer, type, &reader, &candidates);
	if (reader.is_bad)
		return refuse(answer);
	read_candidates(answer, type, &candidates, reader);
	conclude(answer, type, rcode, &candidates);
	/* Records that are there and of no use have their own lifetime. */
	if (answer->status == SIPRING_DNS_NO_NAME ||
		(answer->status == SIPRING_DNS_NO_DATA && !candidates.n))
		shorten(answer, read_negative_ttl(&reader, n_authority));
	assert(answer->ttl != UINT32_MAX);
	return 0;
}
