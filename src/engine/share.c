/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The region is mapped and the eventfds are made here, before anyone is forked; what lies in it is
 * ordered by those who lay it there. A place is taken by one exchange, from nobody or from one who
 * is gone. Invariant: whoever has a place is the only reader of its mailboxes, for it goes to
 * another only when its taker can read no more.
 */
#include "engine/share.h"

#include "base/hash.h"
#include "engine/config.h"
#include "engine/spares.h"
#include "engine/split.h"
#include "engine/tally.h"
#include "net/address.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#define INDEX_BITS 20 /* of an association's id */
#define OUTCOME_CELL 128
#define SPARES "spare listeners"

struct shared {
	pthread_mutex_t listening;
	_Atomic uint16_t place_of[SIPRING_MEMBERS_MAX];
	_Atomic uint64_t full_at;
	uint64_t host_seed[2];
};

static size_t line_up(size_t size)
{
	return (size + 63) & ~(size_t)63;
}

/* Of outcomes: what is tracked fills one half at most, the other is for the rest. */
static uint32_t outcomes_bytes(const struct sipring_config *config)
{
	return (uint32_t)config->handed_max * OUTCOME_CELL * 2;
}

static size_t tally_bytes(const struct sipring_config *config)
{
	return line_up(sipring_tally_footprint((uint32_t)config->associations_max));
}

static unsigned count_places(const struct sipring_config *config)
{
	return (unsigned)(config->workers + config->senders);
}

static unsigned count_bits(const struct sipring_config *config)
{
	unsigned bits = 0;

	while (1 << bits < config->workers)
		bits++;
	return bits;
}

int64_t sipring_share_associations_max(const struct sipring_config *config)
{
	return (int64_t)1 << (INDEX_BITS - count_bits(config));
}

bool sipring_share_is_wanted(const struct sipring_config *config)
{
	return config->workers > 1 || config->senders > 0 || config->spare_listeners > 0 ||
		sipring_split_is_wanted(config);
}

unsigned sipring_share_lines(const struct sipring_config *config,
	struct sipring_region_line lines[SIPRING_SHARE_LINES])
{
	uint32_t n_peers = (uint32_t)(config->workers * config->associations_max);
	size_t sends = line_up(sipring_mailbox_footprint((uint32_t)config->mailbox_bytes));
	size_t outcomes = line_up(sipring_mailbox_footprint(outcomes_bytes(config)));
	unsigned n;

	lines[0] = (struct sipring_region_line){"members", sizeof(struct sipring_members)};
	lines[1] = (struct sipring_region_line){"shared", sizeof(struct shared)};
	lines[2] = (struct sipring_region_line){"places",
		count_places(config) * sizeof(struct sipring_place)};
	lines[3] = (struct sipring_region_line){"owner table",
		sipring_owner_footprint(n_peers, 2 * n_peers)};
	lines[4] = (struct sipring_region_line){"mailboxes", (size_t)config->workers * sends};
	lines[5] = (struct sipring_region_line){"outcomes", count_places(config) * outcomes};
	lines[6] = (struct sipring_region_line){"refusals", sipring_refusals_footprint()};
	n = 7;
	if (config->max_assocs_per_addr)
		lines[n++] = (struct sipring_region_line){"counts by address",
			(size_t)config->workers * tally_bytes(config)};
	if (config->spare_listeners)
		lines[n++] = (struct sipring_region_line){SPARES, sipring_spares_footprint()};
	return n + sipring_split_lines(config, lines + n);
}

void *sipring_share_section(const struct sipring_share *share,
	const struct sipring_region_line *line)
{
	void *found = sipring_region_section(&share->region, line->name, line->size);

	assert(found);
	return found;
}

static int init_shared(struct sipring_share *share, struct shared *shared)
{
	pthread_mutexattr_t robust;
	int r = pthread_mutexattr_init(&robust);

	if (r == 0)
		r = pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED);
	if (r == 0)
		r = pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
	if (r == 0)
		r = pthread_mutex_init(&shared->listening, &robust);
	pthread_mutexattr_destroy(&robust);
	share->listening = &shared->listening;
	share->place_of = shared->place_of;
	share->full_at = &shared->full_at;
	share->host_seed = shared->host_seed;
	if (getrandom(shared->host_seed, sizeof shared->host_seed, 0) < 0)
		return -errno;
	return -r;
}

static int lay_out(struct sipring_share *share, const struct sipring_config *config)
{
	struct sipring_region_line lines[SIPRING_SHARE_LINES];
	unsigned n_lines = sipring_share_lines(config, lines);
	uint32_t n_peers = (uint32_t)(config->workers * config->associations_max);
	int r = sipring_region_open(&share->region, lines, n_lines);

	if (r < 0)
		return r;
	share->members = sipring_share_section(share, &lines[0]);
	share->places = sipring_share_section(share, &lines[2]);
	share->owners = sipring_share_section(share, &lines[3]);
	share->sends = sipring_share_section(share, &lines[4]);
	share->outcomes = sipring_share_section(share, &lines[5]);
	share->refusals = sipring_share_section(share, &lines[6]);
	if (config->max_assocs_per_addr) {
		share->tallies = sipring_share_section(share, &lines[7]);
		share->tallies_stride = lines[7].size / share->n_workers;
	}
	if (config->spare_listeners)
		share->spares = sipring_share_section(share,
			&(struct sipring_region_line){SPARES, sipring_spares_footprint()});
	share->sends_stride = lines[4].size / share->n_workers;
	share->outcomes_stride = lines[5].size / share->n_places;
	for (unsigned i = 0; i < share->n_workers; i++)
		sipring_mailbox_init(sipring_share_sends(share, i),
			(uint32_t)config->mailbox_bytes);
	for (unsigned i = 0; i < share->n_places; i++)
		sipring_mailbox_init(sipring_share_outcomes(share, i), outcomes_bytes(config));
	r = sipring_owner_init(share->owners, n_peers, 2 * n_peers);
	if (r == 0)
		r = sipring_refusals_init(share->refusals);
	return r < 0 ? r : init_shared(share, sipring_share_section(share, &lines[1]));
}

int sipring_share_open_eventfds(int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fds[i] < 0)
			return -errno;
	}
	return 0;
}

/* What packets come in by, where that is shared too. */
static int open_steered(struct sipring_share *share, const struct sipring_config *config,
	struct sipring_error *error)
{
	struct sipring_io_config io;
	struct sipring_sctp_config sctp;
	int r;

	if (share->n_workers == 1)
		return 0;
	sipring_config_lower(config, &io, &sctp, NULL);
	r = sipring_sctp_share((enum sipring_sctp_wanted)config->provider, &sctp, share->n_workers,
		share->multiplier, share->doors, error);
	share->is_steered = r == 0 && share->doors[0].peers >= 0;
	return r;
}

int sipring_share_open(struct sipring_share **out, const struct sipring_config *config,
	struct sipring_error *error)
{
	struct sipring_share *share = calloc(1, sizeof *share);
	int r;

	if (!share)
		return sipring_error_set(error, -ENOMEM, "no memory for what workers share");
	for (unsigned i = 0; i < SIPRING_SHARE_PLACES_MAX; i++)
		share->wake_fds[i] = -1;
	for (unsigned i = 0; i < SIPRING_SHARE_WORKERS_MAX; i++)
		share->doors[i] = (struct sipring_sctp_doors){-1, -1};
	share->n_workers = (unsigned)config->workers;
	share->n_places = count_places(config);
	share->handed_max = (uint32_t)config->handed_max;
	assert(share->n_places <= SIPRING_SHARE_PLACES_MAX);
	share->place_bits = count_bits(config);
	r = lay_out(share, config);
	if (r == 0 && getrandom(&share->multiplier, sizeof share->multiplier, 0) < 0)
		r = -errno;
	share->multiplier |= 1;
	if (r == 0)
		r = sipring_share_open_eventfds(share->wake_fds, share->n_places);
	if (r < 0)
		sipring_error_set(error, r,
			"cannot map what workers share: %s; `sipring doctor --budget` sums it up",
			strerror(-r));
	else
		r = open_steered(share, config, error);
	if (r < 0) {
		sipring_share_close(share);
		return r;
	}
	*out = share;
	return 0;
}

void sipring_share_close(struct sipring_share *share)
{
	if (!share)
		return;
	for (unsigned i = 0; i < share->n_places; i++)
		if (share->wake_fds[i] >= 0)
			close(share->wake_fds[i]);
	for (unsigned i = 0; i < share->n_workers; i++) {
		if (share->doors[i].peers >= 0)
			close(share->doors[i].peers);
		if (share->doors[i].strangers >= 0)
			close(share->doors[i].strangers);
	}
	sipring_region_close(&share->region);
	free(share);
}

struct sipring_mailbox *sipring_share_sends(const struct sipring_share *share, unsigned place)
{
	assert(place < share->n_workers);
	return (void *)(share->sends + place * share->sends_stride);
}

struct sipring_mailbox *sipring_share_outcomes(const struct sipring_share *share, unsigned place)
{
	assert(place < share->n_places);
	return (void *)(share->outcomes + place * share->outcomes_stride);
}

int sipring_share_take(struct sipring_share *share, unsigned first, unsigned n, uint32_t member)
{
	for (unsigned i = first; i < first + n; i++) {
		struct sipring_place *place = &share->places[i];
		uint32_t before = atomic_load_explicit(&place->member, memory_order_acquire);

		if (before && !sipring_members_probe(share->members, before))
			continue;
		atomic_store_explicit(&share->place_of[member % SIPRING_MEMBERS_MAX], (uint16_t)i,
			memory_order_relaxed);
		/* acquire: all that the one before did; release: who sees it sees place_of */
		if (!atomic_compare_exchange_strong_explicit(&place->member, &before, member,
			    memory_order_acq_rel, memory_order_relaxed))
			continue;
		atomic_fetch_add_explicit(&place->life, 1, memory_order_relaxed);
		return (int)i;
	}
	return -EUSERS;
}

uint32_t sipring_share_taker(const struct sipring_share *share, unsigned place)
{
	uint32_t member = atomic_load_explicit(&share->places[place].member, memory_order_acquire);

	return member && !sipring_members_gone(share->members, member) ? member : 0;
}

unsigned sipring_share_place(const struct sipring_share *share, uint32_t member)
{
	unsigned place = atomic_load_explicit(&share->place_of[member % SIPRING_MEMBERS_MAX],
		memory_order_relaxed);

	return sipring_share_taker(share, place) == member ? place : share->n_places;
}

void sipring_share_bury(struct sipring_share *share, pid_t pid)
{
	uint32_t member, me;

	while ((member = sipring_members_find(share->members, pid)) != 0)
		sipring_members_bury(share->members, member);
	me = sipring_members_join(share->members);
	if (me) {
		sipring_owner_clean(share->owners, share->members, me);
		sipring_members_bury(share->members, me);
	}
	for (unsigned i = 0; i < share->n_places; i++)
		sipring_share_wake(share, i);
}

void sipring_share_lock(const struct sipring_share *share)
{
	if (pthread_mutex_lock(share->listening) == EOWNERDEAD)
		pthread_mutex_consistent(share->listening);
}

void sipring_share_unlock(const struct sipring_share *share)
{
	pthread_mutex_unlock(share->listening);
}

bool sipring_share_listens(const struct sipring_share *share, unsigned but_for)
{
	for (unsigned i = 0; i < share->n_workers; i++) {
		uint32_t listening =
			atomic_load_explicit(&share->places[i].listening, memory_order_relaxed);

		if (i != but_for && listening && listening == sipring_share_taker(share, i))
			return true;
	}
	return false;
}

void sipring_share_set_listening(struct sipring_share *share, unsigned place, uint32_t member)
{
	atomic_store_explicit(&share->places[place].listening, member, memory_order_relaxed);
}

void sipring_share_wake(const struct sipring_share *share, unsigned place)
{
	(void)eventfd_write(share->wake_fds[place], 1);
}

/* Of those that live, the first from where the hash leads. */
static unsigned pick_by_hash(const struct sipring_share *share, const union sipring_address *peer)
{
	unsigned picked = sipring_sctp_pick(peer, share->n_workers, share->multiplier);

	for (unsigned i = 0; i < share->n_workers; i++) {
		if (sipring_share_taker(share, picked))
			return picked;
		if (share->is_steered)
			break;
		picked = (picked + 1) % share->n_workers;
	}
	return share->n_places;
}

unsigned sipring_share_owner(const struct sipring_share *share, const union sipring_address *peer)
{
	struct sipring_owner owner;

	if (!sipring_owner_find(share->owners, share->members, peer, &owner))
		return share->n_places;
	return sipring_share_place(share, owner.worker);
}

unsigned sipring_share_pick(const struct sipring_share *share, const union sipring_address *peer)
{
	unsigned owner = sipring_share_owner(share, peer);

	return owner < share->n_places ? owner : pick_by_hash(share, peer);
}

uint32_t sipring_share_mark(const struct sipring_share *share, unsigned place)
{
	return (uint32_t)place << (INDEX_BITS - share->place_bits);
}

unsigned sipring_share_marked(const struct sipring_share *share, uint32_t association)
{
	return (association & ((1u << INDEX_BITS) - 1)) >> (INDEX_BITS - share->place_bits);
}
