/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Responses of name servers, byte by byte: what is read of each type, how long it holds, and that
 * nothing is read beyond the end of what may be anything.
 */
#include "dns/answer.h"
#include "random.h"

#include <sipring/sip.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A response under construction; its question is for "a.test" at offset 12. */
struct response {
	unsigned char bytes[4096];
	size_t size;
};

#define QUESTION_NAME "\1a\4test"

static void put(struct response *response, const void *bytes, size_t size)
{
	memcpy(response->bytes + response->size, bytes, size);
	response->size += size;
}

static void put_number(struct response *response, unsigned number, unsigned size)
{
	while (size-- > 0)
		response->bytes[response->size++] = (unsigned char)(number >> 8 * size);
}

static void begin(struct response *response, unsigned rcode, unsigned n_answers, unsigned n_others)
{
	response->size = 0;
	put_number(response, 0x1234, 2);
	put_number(response, 0x8180 | rcode, 2);
	put_number(response, 1, 2);
	put_number(response, n_answers, 2);
	put_number(response, n_others, 2);
	put_number(response, 0, 2);
	put(response, QUESTION_NAME, sizeof QUESTION_NAME);
	put_number(response, 0x00210001, 4);
}

/* A record of "a.test", by a pointer. */
static void put_record(struct response *response, unsigned type, unsigned ttl, const void *data,
	size_t size)
{
	put_number(response, 0xc00c, 2);
	put_number(response, type, 2);
	put_number(response, 1, 2);
	put_number(response, ttl, 4);
	put_number(response, (unsigned)size, 2);
	put(response, data, size);
}

static void put_srv(struct response *response, unsigned priority, unsigned weight, unsigned port,
	const char *target, size_t size)
{
	struct response data = {.size = 0};

	put_number(&data, priority, 2);
	put_number(&data, weight, 2);
	put_number(&data, port, 2);
	put(&data, target, size);
	put_record(response, SIPRING_DNS_SRV, 60, data.bytes, data.size);
}

static void put_naptr(struct response *response, unsigned order, unsigned preference,
	const char *rest, size_t size)
{
	struct response data = {.size = 0};

	put_number(&data, order, 2);
	put_number(&data, preference, 2);
	put(&data, rest, size);
	put_record(response, SIPRING_DNS_NAPTR, 60, data.bytes, data.size);
}

static void put_soa(struct response *response, unsigned ttl, unsigned minimum)
{
	struct response data = {.size = 0};

	put(&data, "\xc0\x0c\xc0\x0c", 4);
	for (unsigned i = 0; i < 4; i++)
		put_number(&data, 7, 4);
	put_number(&data, minimum, 4);
	put_record(response, 6, ttl, data.bytes, data.size);
}

/* From memory of just that size, so that a sanitizer sees a read beyond it. */
static int read_bytes(struct sipring_dns_answer *answer, enum sipring_dns_type type,
	const void *bytes, size_t size)
{
	unsigned char *copy = malloc(size ? size : 1);
	int r;

	memcpy(copy, bytes, size);
	r = sipring_dns_answer_read(answer, type, copy, size);
	free(copy);
	return r;
}

static struct sipring_dns_answer answer;

#define READ(type, response) \
	cr_assert_eq(read_bytes(&answer, type, (response).bytes, (response).size), 0)

Test(dns_answer, addresses_behind_an_alias_hold_as_long_as_the_shortest)
{
	struct response response;

	begin(&response, 0, 3, 0);
	put_record(&response, 5, 40, "\1b\xc0\x0e", 4);
	put_record(&response, SIPRING_DNS_A, 300, "\x7f\0\0\2", 4);
	put_record(&response, SIPRING_DNS_A, 200, "\x7f\0\0\3", 4);
	READ(SIPRING_DNS_A, response);
	cr_expect_eq(answer.status, SIPRING_DNS_FOUND);
	cr_expect_eq(answer.n_records, 2);
	cr_expect_eq(answer.ttl, 40);
	cr_expect_eq(answer.records[1].address.v4.sin_addr.s_addr, htonl(0x7f000003));
	begin(&response, 0, 1, 0);
	put_record(&response, SIPRING_DNS_AAAA, 0x80000000,
		"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	READ(SIPRING_DNS_AAAA, response);
	cr_expect_eq(answer.records[0].address.sa.sa_family, AF_INET6);
	cr_expect_eq(answer.ttl, 0, "RFC 2181 8");
}

Test(dns_answer, srv_records_by_priority_and_the_best_of_too_many)
{
	struct response response;

	begin(&response, 0, 3, 0);
	put_srv(&response, 20, 0, 5070, "\1B\xc0\x0e", 4);
	put_srv(&response, 10, 5, 5071, "\1c\4test", 8);
	put_srv(&response, 10, 1, 5072, "\1d\xc0\x0e", 4);
	READ(SIPRING_DNS_SRV, response);
	cr_assert_eq(answer.n_records, 3);
	cr_expect_eq(answer.records[0].port, 5072);
	cr_expect_eq(answer.records[1].port, 5071);
	cr_expect_str_eq(answer.text + answer.records[1].name, "c.test");
	cr_expect_str_eq(answer.text + answer.records[2].name, "b.test", "in lower case");
	begin(&response, 0, 40, 0);
	for (unsigned i = 0; i < 40; i++)
		put_srv(&response, 100 - i, 0, 6000 + i, "\1b\xc0\x0e", 4);
	READ(SIPRING_DNS_SRV, response);
	cr_assert_eq(answer.n_records, SIPRING_DNS_RECORDS_MAX);
	for (unsigned i = 0; i < SIPRING_DNS_RECORDS_MAX; i++)
		cr_expect_eq(answer.records[i].port, 6039 - i);
}

Test(dns_answer, what_no_host_could_mean_is_passed_over)
{
	struct response response;

	begin(&response, 0, 3, 0);
	put_srv(&response, 1, 0, 5070, "\3a b\4test", 10);
	put_srv(&response, 1, 0, 0, "\1b\4test", 8);
	put_srv(&response, 2, 0, 5070, "\1c\4test", 8);
	READ(SIPRING_DNS_SRV, response);
	cr_assert_eq(answer.n_records, 1);
	cr_expect_str_eq(answer.text + answer.records[0].name, "c.test");
	begin(&response, 0, 1, 0);
	put_srv(&response, 0, 0, 0, "", 1);
	READ(SIPRING_DNS_SRV, response);
	cr_expect_eq(answer.status, SIPRING_DNS_NO_SERVICE, "the target \".\"");
}

Test(dns_answer, naptr_records_of_sip_alone)
{
#define REPLACEMENT "\4_sip\5_sctp\4test"
	struct response response;
	static const char sctp[] = "\1s\7SIP+D2S\0" REPLACEMENT,
			  tls[] = "\1S\x08sips+d2s\0" REPLACEMENT,
			  terminal[] = "\1u\7E2U+sip\0" REPLACEMENT,
			  other[] = "\1s\7SIP+D2X\0" REPLACEMENT,
			  expression[] = "\1s\7SIP+D2S\3!a!" REPLACEMENT,
			  address[] = "\1a\7SIP+D2S\0" REPLACEMENT;

	begin(&response, 0, 6, 0);
	put_naptr(&response, 20, 1, tls, sizeof tls);
	put_naptr(&response, 10, 2, sctp, sizeof sctp);
	put_naptr(&response, 1, 1, terminal, sizeof terminal);
	put_naptr(&response, 1, 1, other, sizeof other);
	put_naptr(&response, 1, 1, expression, sizeof expression);
	put_naptr(&response, 1, 1, address, sizeof address);
	READ(SIPRING_DNS_NAPTR, response);
	cr_assert_eq(answer.n_records, 2);
	cr_expect_eq(answer.ttl, 60);
	cr_expect_eq(answer.records[0].transport, SIPRING_TRANSPORT_SCTP);
	cr_expect_eq(answer.records[0].order, 10);
	cr_expect_eq(answer.records[1].transport, SIPRING_TRANSPORT_TLS_SCTP);
	cr_expect_str_eq(answer.text + answer.records[1].name, "_sip._sctp.test");
	begin(&response, 0, 1, 0);
	put_naptr(&response, 1, 1, terminal, sizeof terminal);
	READ(SIPRING_DNS_NAPTR, response);
	cr_expect_eq(answer.status, SIPRING_DNS_NO_DATA);
	cr_expect_eq(answer.ttl, 60, "its own: no SOA says another");
}

Test(dns_answer, what_is_not_there_is_not_there_as_long_as_the_soa_says)
{
	static const struct {
		unsigned rcode, ttl, minimum, wanted;
		int status;
	} rows[] = {
		{3, 900, 30, 30, SIPRING_DNS_NO_NAME},
		{3, 20, 300, 20, SIPRING_DNS_NO_NAME},
		{0, 900, 30, 30, SIPRING_DNS_NO_DATA},
	};
	struct response response;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(&response, rows[i].rcode, 0, 1);
		put_soa(&response, rows[i].ttl, rows[i].minimum);
		READ(SIPRING_DNS_SRV, response);
		cr_expect_eq(answer.status, rows[i].status);
		cr_expect_eq(answer.ttl, rows[i].wanted);
	}
	begin(&response, 3, 0, 0);
	READ(SIPRING_DNS_A, response);
	cr_expect_eq(answer.ttl, 0, "no SOA");
	begin(&response, 2, 0, 0);
	cr_expect_eq(read_bytes(&answer, SIPRING_DNS_A, response.bytes, response.size), -EBADMSG);
	cr_expect_eq(answer.status, -EBADMSG);
}

Test(dns_answer, every_prefix_and_loops_of_pointers_are_refused)
{
	struct response response;
	size_t at;

	begin(&response, 0, 2, 0);
	put_srv(&response, 10, 5, 5071, "\1c\4test", 8);
	put_srv(&response, 10, 5, 5071, "\1c\xc0\x0e", 4);
	for (size_t size = 0; size < response.size; size++)
		cr_expect_eq(read_bytes(&answer, SIPRING_DNS_SRV, response.bytes, size), -EBADMSG,
			"%zu of %zu bytes", size, response.size);
	begin(&response, 0, 1, 0);
	at = response.size;
	put_record(&response, SIPRING_DNS_A, 1, "\x7f\0\0\2", 4);
	response.bytes[at + 1] = (unsigned char)at; /* its owner is itself */
	cr_expect_eq(read_bytes(&answer, SIPRING_DNS_A, response.bytes, response.size), -EBADMSG);
	response.bytes[at + 1] = (unsigned char)(at + 4); /* and here it lies ahead */
	cr_expect_eq(read_bytes(&answer, SIPRING_DNS_A, response.bytes, response.size), -EBADMSG);
}

Test(dns_answer, bytes_at_random)
{
	static const enum sipring_dns_type types[] = {SIPRING_DNS_A, SIPRING_DNS_AAAA,
		SIPRING_DNS_SRV, SIPRING_DNS_NAPTR};
	uint64_t random = 1;
	unsigned n_good = 0;

	for (unsigned round = 0; round < 200000; round++) {
		struct response response;

		begin(&response, 0, 3, 1);
		put_srv(&response, 10, 5, 5071, "\1c\4test", 8);
		put_naptr(&response, 1, 1, "\1s\7SIP+D2S\0\1c\xc0\x0e", 14);
		put_record(&response, SIPRING_DNS_A, 9, "\x7f\0\0\2", 4);
		put_soa(&response, 7, 7);
		for (unsigned i = 0; i < 1 + round % 4; i++)
			response.bytes[random_next(&random) % response.size] =
				(unsigned char)random_next(&random);
		n_good += read_bytes(&answer, types[round % 4], response.bytes,
				  response.size - (round % 8 ? 0 : random_next(&random) % 40)) == 0;
		cr_assert_leq(answer.n_records, SIPRING_DNS_RECORDS_MAX);
		cr_assert_leq(answer.text_size, SIPRING_DNS_TEXT_MAX);
	}
	cr_expect(n_good > 10000 && n_good < 190000, "%u", n_good);
}
