/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: responses of name servers. The first byte says of which type the question was, the
 * rest is the response.
 */
#include "fuzz.h"

#include "dns/answer.h"

#include <errno.h>
#include <string.h>

/* A name as a host may have it, with its NUL, inside the text. */
static void check_name(const struct sipring_dns_answer *answer, unsigned at)
{
	const char *name = answer->text + at;
	size_t size;

	FUZZ_CHECK(at < answer->text_size);
	size = strnlen(name, answer->text_size - at);
	FUZZ_CHECK(size > 0 && at + size < answer->text_size);
	FUZZ_CHECK(size < SIPRING_DNS_NAME_MAX);
	FUZZ_CHECK(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == size);
	FUZZ_CHECK(name[size - 1] != '.');
}

static void check_record(const struct sipring_dns_answer *answer, enum sipring_dns_type type,
	unsigned i)
{
	const struct sipring_dns_record *record = &answer->records[i];

	if (type == SIPRING_DNS_A || type == SIPRING_DNS_AAAA) {
		FUZZ_CHECK(record->address.sa.sa_family ==
			(type == SIPRING_DNS_A ? AF_INET : AF_INET6));
		return;
	}
	check_name(answer, record->name);
	if (type == SIPRING_DNS_SRV)
		FUZZ_CHECK(record->port);
	else
		FUZZ_CHECK(record->transport > SIPRING_TRANSPORT_UNKNOWN &&
			record->transport < SIPRING_TRANSPORT_COUNT);
	if (i == 0)
		return;
	FUZZ_CHECK(record[-1].order < record->order ||
		(record[-1].order == record->order && record[-1].preference <= record->preference));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum sipring_dns_type types[] = {SIPRING_DNS_A, SIPRING_DNS_AAAA,
		SIPRING_DNS_SRV, SIPRING_DNS_NAPTR};
	static struct sipring_dns_answer answer;
	enum sipring_dns_type type;
	int r;

	if (!size)
		return 0;
	memset(&answer, 0xa5, sizeof answer);
	type = types[data[0] & 3];
	r = sipring_dns_answer_read(&answer, type, data + 1, size - 1);
	FUZZ_CHECK(answer.n_records <= SIPRING_DNS_RECORDS_MAX);
	FUZZ_CHECK(answer.text_size <= SIPRING_DNS_TEXT_MAX);
	FUZZ_CHECK(r == 0 || (r == -EBADMSG && answer.status == r && !answer.n_records));
	FUZZ_CHECK(r < 0 || (answer.status == SIPRING_DNS_FOUND) == (answer.n_records > 0));
	FUZZ_CHECK(answer.ttl <= INT32_MAX);
	for (unsigned i = 0; i < answer.n_records; i++)
		check_record(&answer, type, i);
	return 0;
}
