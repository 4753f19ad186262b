/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a name server said to one question, as a value: the records that lead to SIP over SCTP, or
 * that there are none, or why nobody knows. Bounded: of more records than fit, those of the lowest
 * order are kept.
 */
#pragma once

#include <sipring/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIPRING_DNS_NAME_MAX 256 /* with its NUL; no dot at the end, lower case */
#define SIPRING_DNS_RECORDS_MAX 16
#define SIPRING_DNS_TEXT_MAX 1024

enum sipring_dns_type {
	SIPRING_DNS_HOSTS = 0, /* no record: what /etc/hosts says of a name */
	SIPRING_DNS_A = 1,
	SIPRING_DNS_AAAA = 28,
	SIPRING_DNS_SRV = 33,
	SIPRING_DNS_NAPTR = 35,
};

/* What became of a question; negative: -errno, nobody knows. */
enum sipring_dns_status {
	SIPRING_DNS_FOUND,
	SIPRING_DNS_NO_DATA,    /* the name has no such record */
	SIPRING_DNS_NO_NAME,    /* neither of this nor of any other type */
	SIPRING_DNS_NO_SERVICE, /* SRV: the target "." (RFC 2782) */
};

struct sipring_dns_record {
	union sipring_address address; /* A, AAAA, HOSTS; its port is 0 */
	uint16_t order;                /* NAPTR; SRV: priority */
	uint16_t preference;           /* NAPTR; SRV: weight */
	uint16_t port;                 /* SRV, host order */
	uint16_t name;                 /* in text: target of SRV, replacement of NAPTR */
	uint8_t transport;             /* NAPTR: enum sipring_transport */
};

struct sipring_dns_answer {
	int status;   /* enum sipring_dns_status, or -errno */
	uint32_t ttl; /* seconds, as the server has it; of what is not there, by its SOA */
	uint16_t n_records;
	uint16_t text_size;
	struct sipring_dns_record records[SIPRING_DNS_RECORDS_MAX]; /* by order, then preference */
	char text[SIPRING_DNS_TEXT_MAX];                            /* names, each with its NUL */
};

/*
 * Reads a response (RFC 1035 4) to a question of this type (not HOSTS). Records that no host could
 * mean (names with odd bytes, services that are not SIP) are passed over. Returns 0, or -EBADMSG
 * for what is no well-formed response; answer->status is then the same.
 */
int sipring_dns_answer_read(struct sipring_dns_answer *answer, enum sipring_dns_type type,
	const unsigned char *message, size_t size);

/* Adds a name to the text: its offset, or -ENOSPC. */
int sipring_dns_answer_add_name(struct sipring_dns_answer *answer, const char *name);
/* Adds an address as a record; what is more than fits is passed over. */
void sipring_dns_answer_add_address(struct sipring_dns_answer *answer,
	const union sipring_address *address);
