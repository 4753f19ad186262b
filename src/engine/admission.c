/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts of associations that peers began, and a bucket of credit that fills with time, kept as the
 * time when it is full: one figure, which workers can share, and nothing of it is lost with one of
 * them. What each has admitted lies in its place, and goes with it. The port of a peer does not
 * matter. Invariant: an address has a count exactly while associations of it are
 * admitted, so that there are never more counts than associations.
 */
#include "engine/admission.h"

#include "engine/share.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/random.h>

#define CREDIT_OF_ONE 1000

struct count {
	struct sipring_hash_node by_host;
	union sipring_address address;
	uint32_t n;
};

int sipring_admission_open(struct sipring_admission *admission, const struct sipring_config *config)
{
	int64_t burst = config->accept_burst ? config->accept_burst : config->accept_rate;
	uint32_t n_max = (uint32_t)config->associations_max;
	int r = 0;

	*admission = (struct sipring_admission){
		.credit_max = (uint64_t)burst * CREDIT_OF_ONE,
		.rate = (uint32_t)config->accept_rate,
		.n_admitted_max = (uint32_t)config->max_assocs,
		.per_address_max = (uint32_t)config->max_assocs_per_addr,
	};
	admission->full_at = &admission->own_full_at;
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

/* One more for what may come in time: false where it is too early. */
static bool spend(struct sipring_admission *admission, uint64_t now_ms)
{
	uint64_t now = now_ms * admission->rate, full_at, from;

	/* relaxed: the figure is all there is to it */
	full_at = atomic_load_explicit(admission->full_at, memory_order_relaxed);
	do {
		from = full_at > now ? full_at : now;
		if (from - now + CREDIT_OF_ONE > admission->credit_max)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(admission->full_at, &full_at,
		from + CREDIT_OF_ONE, memory_order_relaxed, memory_order_relaxed));
	return true;
}

/* Tells others first and looks then: of two who want the last place none has it at worst. */
static bool is_room(struct sipring_admission *admission)
{
	uint32_t n = admission->n_admitted + 1;

	if (!admission->n_admitted_max) /* but for the table's own */
		return true;
	if (admission->share) {
		sipring_share_set_admitted(admission->share, admission->place, n);
		n = sipring_share_admitted(admission->share);
	}
	return n <= admission->n_admitted_max;
}

static void tell(const struct sipring_admission *admission)
{
	if (admission->share)
		sipring_share_set_admitted(admission->share, admission->place,
			admission->n_admitted);
}

void sipring_admission_join(struct sipring_admission *admission, struct sipring_share *share,
	unsigned place)
{
	admission->share = share;
	admission->place = place;
	admission->full_at = sipring_share_full_at(share);
	tell(admission);
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

static enum sipring_admission_answer try(struct sipring_admission *admission,
	const union sipring_address *peer, uint64_t now_ms)
{
	struct count *count = NULL;

	if (!is_room(admission))
		return SIPRING_ADMISSION_ALL;
	if (admission->per_address_max) {
		count = find(admission, peer);
		if (count && count->n >= admission->per_address_max)
			return SIPRING_ADMISSION_ADDRESS;
	}
	if (admission->rate && !spend(admission, now_ms))
		return SIPRING_ADMISSION_RATE;
	if (admission->per_address_max)
		add(admission, count, peer);
	admission->n_admitted++;
	return SIPRING_ADMISSION_GRANTED;
}

enum sipring_admission_answer sipring_admission_enter(struct sipring_admission *admission,
	const union sipring_address *peer, uint64_t now_ms)
{
	enum sipring_admission_answer answer = try(admission, peer, now_ms);

	tell(admission);
	return answer;
}

void sipring_admission_leave(struct sipring_admission *admission, const union sipring_address *peer)
{
	struct count *count;

	assert(admission->n_admitted > 0);
	admission->n_admitted--;
	tell(admission);
	if (!admission->per_address_max)
		return;
	count = find(admission, peer);
	if (!count || --count->n > 0)
		return;
	sipring_hash_remove(&admission->by_host, &count->by_host);
	sipring_pool_give(&admission->counts, count);
}
