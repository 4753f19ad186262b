/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts of associations that peers began, and a bucket of credit that fills with time. The port of
 * a peer does not matter. Invariant: an address has a count exactly while associations of it are
 * admitted, so that there are never more counts than associations.
 */
#include "engine/admission.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

#define CREDIT_OF_ONE 1000

struct count {
	struct sipring_hash_node by_host;
	union sipring_address address;
	uint32_t n;
};

int sipring_admission_open(struct sipring_admission *admission, const struct sipring_config *config,
	uint64_t now_ms)
{
	int64_t burst = config->accept_burst ? config->accept_burst : config->accept_rate;
	uint32_t n_max = (uint32_t)config->associations_max;
	int r = 0;

	*admission = (struct sipring_admission){
		.filled_ms = now_ms,
		.credit = (uint64_t)burst * CREDIT_OF_ONE,
		.credit_max = (uint64_t)burst * CREDIT_OF_ONE,
		.rate = (uint32_t)config->accept_rate,
		.n_admitted_max = config->max_assocs ? (uint32_t)config->max_assocs : n_max,
		.per_address_max = (uint32_t)config->max_assocs_per_addr,
	};
	if (!admission->per_address_max)
		return 0;
	r = sipring_pool_open(&admission->counts, n_max, sizeof(struct count));
	if (r == 0)
		r = sipring_hash_open(&admission->by_host, n_max);
	if (r == 0 && getrandom(admission->seed, sizeof admission->seed, 0) < 0)
		r = -errno;
	return r;
}

void sipring_admission_close(struct sipring_admission *admission)
{
	sipring_hash_close(&admission->by_host);
	sipring_pool_close(&admission->counts);
}

size_t sipring_admission_footprint(const struct sipring_config *config)
{
	uint32_t n_max = (uint32_t)config->associations_max;

	if (!config->max_assocs_per_addr)
		return 0;
	return sipring_pool_footprint(n_max, sizeof(struct count)) + sipring_hash_footprint(n_max);
}

static uint64_t hash_of(const struct sipring_admission *admission,
	const union sipring_address *peer)
{
	union sipring_address host = *peer;

	sipring_address_set_port(&host, 0);
	return sipring_address_hash(&host, admission->seed);
}

static struct count *find(const struct sipring_admission *admission,
	const union sipring_address *peer)
{
	struct sipring_hash_node *node =
		sipring_hash_first(&admission->by_host, hash_of(admission, peer));

	for (; node; node = sipring_hash_next(node)) {
		struct count *count = SIPRING_CONTAINER(node, struct count, by_host);

		if (sipring_address_same_host(&count->address, peer))
			return count;
	}
	return NULL;
}

static void fill(struct sipring_admission *admission, uint64_t now_ms)
{
	uint64_t elapsed_ms = now_ms - admission->filled_ms;
	uint64_t missing = admission->credit_max - admission->credit;

	assert(now_ms >= admission->filled_ms && admission->credit <= admission->credit_max);
	admission->filled_ms = now_ms;
	admission->credit += elapsed_ms >= missing / admission->rate + 1
		? missing
		: elapsed_ms * admission->rate;
	if (admission->credit > admission->credit_max)
		admission->credit = admission->credit_max;
}

static void add(struct sipring_admission *admission, struct count *count,
	const union sipring_address *peer)
{
	if (!count) {
		count = sipring_pool_take(&admission->counts);
		if (!count) /* the table of associations is as large, and will refuse it */
			return;
		*count = (struct count){.address = *peer};
		sipring_hash_insert(&admission->by_host, &count->by_host, hash_of(admission, peer));
	}
	count->n++;
}

enum sipring_admission_answer sipring_admission_enter(struct sipring_admission *admission,
	const union sipring_address *peer, uint64_t now_ms)
{
	struct count *count = NULL;

	if (admission->n_admitted >= admission->n_admitted_max)
		return SIPRING_ADMISSION_ALL;
	if (admission->per_address_max) {
		count = find(admission, peer);
		if (count && count->n >= admission->per_address_max)
			return SIPRING_ADMISSION_ADDRESS;
	}
	if (admission->rate) {
		fill(admission, now_ms);
		if (admission->credit < CREDIT_OF_ONE)
			return SIPRING_ADMISSION_RATE;
		admission->credit -= CREDIT_OF_ONE;
	}
	if (admission->per_address_max)
		add(admission, count, peer);
	admission->n_admitted++;
	return SIPRING_ADMISSION_GRANTED;
}

void sipring_admission_leave(struct sipring_admission *admission, const union sipring_address *peer)
{
	struct count *count;

	assert(admission->n_admitted > 0);
	admission->n_admitted--;
	if (!admission->per_address_max)
		return;
	count = find(admission, peer);
	if (!count || --count->n > 0)
		return;
	sipring_hash_remove(&admission->by_host, &count->by_host);
	sipring_pool_give(&admission->counts, count);
}
