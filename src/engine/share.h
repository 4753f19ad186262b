/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the workers of a sipring share, and the processes that only send: places, of which each has
 * one taker at a time, the owner table, and mailboxes. Opened once, before the fork.
 */
#pragma once

#include "engine/mailbox.h"
#include "engine/owner.h"
#include "engine/refusals.h"
#include "engine/region.h"
#include "sctp/sctp.h"

#include <pthread.h>
#include <stdint.h>

struct sipring_config;
struct sipring_tally;

#define SIPRING_SHARE_PLACES_MAX 512
#define SIPRING_SHARE_WORKERS_MAX 64

/* In the region. Places from 0 to n_workers - 1 are workers', those after them senders'. */
struct sipring_place {
	_Alignas(64) _Atomic uint32_t member; /* who has it; 0, or one who is gone: nobody */
	_Atomic uint32_t life;                /* grows with each taking */
	_Atomic uint32_t listening;           /* the member whose listeners stand */
	_Atomic uint32_t starving;            /* somebody was told that its mailbox is full */
	_Atomic uint32_t n_admitted;          /* associations that peers began, of who has it */
};

/* The sections of the region as this process sees them. */
struct sipring_share {
	struct sipring_region region;
	struct sipring_members *members;
	struct sipring_owner_table *owners;
	struct sipring_refusals *refusals;
	struct sipring_place *places;
	_Atomic uint16_t *place_of; /* by the index of a member */
	pthread_mutex_t *listening; /* listen() is for one at a time */
	_Atomic uint64_t *full_at;  /* admission's */
	uint64_t *host_seed;
	struct sipring_spares *spares; /* NULL: no listener comes while workers run */
	char *tallies;  /* one for each worker; NULL where addresses are not counted */
	char *sends;    /* a mailbox for each worker */
	char *outcomes; /* one for each place */
	size_t sends_stride, outcomes_stride, tallies_stride;
	uint32_t handed_max; /* sends by one place that may be under way to others */
	uint32_t multiplier; /* of the hash that picks a worker */
	unsigned n_workers, n_places;
	unsigned place_bits;
	bool is_steered; /* packets come to the worker that the hash picks, and to no other */
	struct sipring_sctp_doors doors[SIPRING_SHARE_WORKERS_MAX];
	int wake_fds[SIPRING_SHARE_PLACES_MAX];
};

/* Whether these settings need one: more than one worker, senders, takers, spare listeners. */
bool sipring_share_is_wanted(const struct sipring_config *config);
/* Of each worker: ids have room for all of them. */
int64_t sipring_share_associations_max(const struct sipring_config *config);
/* Returns 0, or -errno with a text. */
int sipring_share_open(struct sipring_share **share, const struct sipring_config *config,
	struct sipring_error *error);
/* For who lays out more in it: a section by its line; eventfds, before the fork, 0 or -errno. */
void *sipring_share_section(const struct sipring_share *share,
	const struct sipring_region_line *line);
int sipring_share_open_eventfds(int *fds, unsigned n);
/* This process's view of it. */
void sipring_share_close(struct sipring_share *share);
/* A line for each section, in bytes; returns how many there are, at most SIPRING_SHARE_LINES. */
#define SIPRING_SHARE_LINES 32
unsigned sipring_share_lines(const struct sipring_config *config,
	struct sipring_region_line lines[SIPRING_SHARE_LINES]);

struct sipring_mailbox *sipring_share_sends(const struct sipring_share *share, unsigned place);
struct sipring_mailbox *sipring_share_outcomes(const struct sipring_share *share, unsigned place);

/* Takes a place from `first` on, of n; `member` has it then. -EUSERS when all have takers. */
int sipring_share_take(struct sipring_share *share, unsigned first, unsigned n, uint32_t member);
/* Who has the place and lives; 0: nobody. */
uint32_t sipring_share_taker(const struct sipring_share *share, unsigned place);
/* The place of a member; n_places where he has none, or is gone. */
unsigned sipring_share_place(const struct sipring_share *share, uint32_t member);
/* A process has ended: its members are gone, what they owned is nobody's, all others wake. */
void sipring_share_bury(struct sipring_share *share, pid_t pid);
/* The lock `listening`. */
void sipring_share_lock(const struct sipring_share *share);
void sipring_share_unlock(const struct sipring_share *share);
/* Whether another worker's listeners stand; and that this one's do. Under the lock. */
bool sipring_share_listens(const struct sipring_share *share, unsigned but_for);
void sipring_share_set_listening(struct sipring_share *share, unsigned place, uint32_t member);
/* What the worker in a place has admitted, and all of them. In one order for all workers. */
void sipring_share_set_admitted(struct sipring_share *share, unsigned place, uint32_t n);
uint32_t sipring_share_admitted(const struct sipring_share *share);
_Atomic uint64_t *sipring_share_full_at(struct sipring_share *share);
/* What the worker in a place has admitted of each host, by the hash with this seed. */
struct sipring_tally *sipring_share_tally(const struct sipring_share *share, unsigned place);
const uint64_t *sipring_share_host_seed(const struct sipring_share *share);
/* What the other workers have of it. */
uint32_t sipring_share_tallied(const struct sipring_share *share, uint64_t key, unsigned but_for);
/* Ends the sleep of who has the place. */
void sipring_share_wake(const struct sipring_share *share, unsigned place);

/* The place of the worker that has the association to a peer; n_places: nobody has it. */
unsigned sipring_share_owner(const struct sipring_share *share, const union sipring_address *peer);
/*
 * The worker that has the association to a peer, or that is to make it: the peer's hash picks
 * among those that live. n_places: there is none.
 */
unsigned sipring_share_pick(const struct sipring_share *share, const union sipring_address *peer);

/* Association ids are marked with their worker's place, in the bits above every index. */
uint32_t sipring_share_mark(const struct sipring_share *share, unsigned place);
unsigned sipring_share_marked(const struct sipring_share *share, uint32_t association);
