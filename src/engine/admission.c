/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts of associations that peers began, and a bucket of credit that fills with time, kept as the
 * time when it is full: one figure, which workers can share, and nothing of it is lost with one of
 * them. What each has admitted lies in its place, by host in its tally, and goes with it. The port
 * of a peer does not matter. Invariant: a host is in the tally as often as associations of it are
 * admitted.
 */
#include "engine/admission.h"

#include "base/memory.h"
#include "engine/share.h"
#include "engine/tally.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#define CREDIT_OF_ONE 1000

static int open_tally(struct sipring_admission *admission, uint32_t n_hosts)
{
	struct sipring_share *share = admission->share;

	if (share) {
		admission->by_host = sipring_share_tally(share, admission->place);
		memcpy(admission->seed, sipring_share_host_seed(share), sizeof admission->seed);
	} else {
		admission->by_host_size = sipring_tally_footprint(n_hosts);
		admission->by_host = sipring_memory_map(admission->by_host_size);
		if (!admission->by_host ||
			getrandom(admission->seed, sizeof admission->seed, 0) < 0)
			return -errno;
	}
	sipring_tally_init(admission->by_host, n_hosts);
	return 0;
}

static void tell(const struct sipring_admission *admission)
{
	if (admission->share)
		sipring_share_set_admitted(admission->share, admission->place,
			admission->n_admitted);
}

int sipring_admission_open(struct sipring_admission *admission, const struct sipring_config *config,
	struct sipring_share *share, unsigned place)
{
	int64_t burst = config->accept_burst ? config->accept_burst : config->accept_rate;

	*admission = (struct sipring_admission){
		.credit_max = (uint64_t)burst * CREDIT_OF_ONE,
		.share = share,
		.place = place,
		.rate = (uint32_t)config->accept_rate,
		.n_admitted_max = (uint32_t)config->max_assocs,
		.per_address_max = (uint32_t)config->max_assocs_per_addr,
	};
	admission->full_at = share ? sipring_share_full_at(share) : &admission->own_full_at;
	tell(admission);
	return admission->per_address_max
		? open_tally(admission, (uint32_t)config->associations_max)
		: 0;
}

void sipring_admission_close(struct sipring_admission *admission)
{
	if (admission->by_host_size)
		sipring_memory_unmap(admission->by_host, admission->by_host_size);
}

size_t sipring_admission_footprint(const struct sipring_config *config)
{
	if (!config->max_assocs_per_addr || sipring_share_is_wanted(config))
		return 0;
	return sipring_memory_footprint(
		sipring_tally_footprint((uint32_t)config->associations_max));
}

static uint64_t key_of(const struct sipring_admission *admission, const union sipring_address *peer)
{
	union sipring_address host = *peer;

	sipring_address_set_port(&host, 0);
	return sipring_address_hash(&host, admission->seed);
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

static bool is_room_for_host(struct sipring_admission *admission, uint64_t key)
{
	uint32_t n = sipring_tally_add(admission->by_host, key);

	if (n == 0) /* the table of associations is as large, and will refuse it */
		return true;
	if (admission->share)
		n += sipring_share_tallied(admission->share, key, admission->place);
	return n <= admission->per_address_max;
}

static enum sipring_admission_answer try(struct sipring_admission *admission,
	const union sipring_address *peer, uint64_t now_ms)
{
	enum sipring_admission_answer answer = SIPRING_ADMISSION_GRANTED;
	uint64_t key = 0;

	if (!is_room(admission))
		return SIPRING_ADMISSION_ALL;
	if (admission->per_address_max) {
		key = key_of(admission, peer);
		if (!is_room_for_host(admission, key))
			answer = SIPRING_ADMISSION_ADDRESS;
	}
	if (answer == SIPRING_ADMISSION_GRANTED && admission->rate && !spend(admission, now_ms))
		answer = SIPRING_ADMISSION_RATE;
	if (answer == SIPRING_ADMISSION_GRANTED)
		admission->n_admitted++;
	else if (admission->per_address_max)
		sipring_tally_drop(admission->by_host, key);
	return answer;
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
	assert(admission->n_admitted > 0);
	admission->n_admitted--;
	tell(admission);
	if (admission->per_address_max)
		sipring_tally_drop(admission->by_host, key_of(admission, peer));
}
