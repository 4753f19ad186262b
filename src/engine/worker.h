/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the engine: a sipring and its worker. A worker is one thread's; nothing in it is shared
 * but the eventfd by which others wake it. What workers share is in engine/share.h.
 */
#pragma once

#include "assoc/table.h"
#include "dns/ares.h"
#include "engine/admission.h"
#include "engine/config.h"
#include "engine/destination.h"
#include "engine/figures.h"
#include "engine/handoff.h"
#include "engine/party.h"
#include "engine/route.h"
#include "engine/send_pool.h"
#include "engine/shunned.h"
#include "engine/spares.h"

#define WORKER_REASON_MAX 256

/* What a listener may have of its own that is the engine's. */
struct sipring_manner {
	uint64_t autoclose_ms; /* 0: never */
	bool unordered;
};

/* What workers share. */
struct sipring {
	struct sipring_config config;
	struct sipring_address_set listeners[CONFIG_LISTENERS_MAX]; /* those of the config */
	struct sipring_share *share;         /* NULL where there is one worker and nobody else */
	struct sipring_figures *figures;     /* a place's each, for everybody to read */
	struct sipring_split *split;         /* NULL: workers dispatch themselves */
	struct sipring_inherited *inherited; /* a row for each worker; NULL: nothing */
};

struct sipring_worker {
	struct sipring *sipring;
	struct sipring_callbacks callbacks;
	struct sipring_log log;
	struct sipring_io_config io_config;
	struct sipring_sctp_config sctp_config;
	struct sipring_sctp_config sctp_listeners[CONFIG_LISTENERS_MAX];
	struct sipring_address_set listeners[CONFIG_LISTENERS_MAX]; /* no address: not there */
	struct sipring_manner manners[CONFIG_LISTENERS_MAX];
	struct sipring_io *io;
	struct sipring_sctp *sctp;
	struct sipring_table table;
	struct sipring_pool slots; /* of reassembly */
	struct sipring_send_pool sends;
	struct sipring_admission admission;
	struct sipring_shunned shunned; /* peers that did not answer */
	struct sipring_wheel wheel;
	struct sipring_party party; /* its part in what is shared */
	struct sipring_dns *dns;
	struct sipring_routes routes;  /* names on their way to an association */
	struct sipring_list flush;     /* associations with something to send */
	struct sipring_io_socket wake; /* the eventfd */
	struct sipring_handoff handoff;
	struct sipring_spares_done spares;
	struct sipring_message message; /* the view handed to dispatch */
	struct sipring_stats stats;
	struct sipring_stats before;     /* of the workers before it, in its place */
	struct sipring_figures *figures; /* its own; NULL: it publishes none */
	uint64_t publish_at_ms;          /* not before this */
	uint64_t published_activity;
	uint64_t n_applied; /* times that the state of an association may have changed */
	char *scratch;      /* message_max bytes: a 400 is written here */
	uint64_t tag_secret[2];
	uint64_t now_ms;
	uint64_t now_ns;     /* when what the turn brought was reaped */
	uint64_t tick_at_ms; /* when the provider wants its tick */
	uint64_t drain_by_ms;
	uint64_t drain_quiet_by_ms; /* up to then what is in use stays while it is */
	uint32_t drain_quiet_ms;
	uint64_t retry_at_ms; /* of claims */
	uint32_t n_awaited;   /* associations that wait for a conn */
	uint32_t n_unclaimed; /* associations that another worker has one beside */
	bool in_turn;         /* now_ms is fresh */
	bool starved;         /* a send was refused because no buffer was free */
	bool draining;
	int wake_fd; /* for sipring_worker_wake: stays valid until close */
	char io_reason[WORKER_REASON_MAX];
	char provider_reason[WORKER_REASON_MAX];
};

/* worker.c: what io and provider take, the latter for all and for each listener. 0 or -ENOMEM. */
int sipring_worker_lower(struct sipring_worker *worker, const struct sipring_config *config,
	struct sipring_io_config *io, struct sipring_sctp_config *common,
	struct sipring_sctp_config *listeners);

/* inbound.c: what the provider says. */
void sipring_inbound_act(struct sipring_worker *worker, const struct sipring_sctp_event *event);
/* A DATA event of an association that is not about to go. */
void sipring_inbound_received(struct sipring_worker *worker,
	struct sipring_association *association, const struct sipring_sctp_event *event);

/* outbound.c: sends, and handing them over. */
void sipring_outbound_flush(struct sipring_worker *worker);
void sipring_outbound_settle(struct sipring_worker *worker, struct sipring_association *association,
	struct sipring_outgoing *message, int result);
void sipring_outbound_ready(struct sipring_worker *worker, struct sipring_association *association);
/* Where the queue is empty: what SCTP holds back for more is let go, an end that waited goes on. */
void sipring_outbound_empty(struct sipring_worker *worker, struct sipring_association *association);
/* WRITABLE for those that were refused a buffer while there was none. */
void sipring_outbound_tell_starved(struct sipring_worker *worker);
/* WRITABLE for a host that was told the queue is full, once half of it is free. */
void sipring_outbound_tell_room(struct sipring_worker *worker,
	struct sipring_association *association);
/* Every message that waits gets this outcome. */
void sipring_outbound_fail(struct sipring_worker *worker, struct sipring_association *association,
	enum sipring_outcome outcome, int error);
void sipring_outbound_outcome(struct sipring_worker *worker, struct sipring_outgoing *message,
	enum sipring_outcome outcome, int error);
/* sipring_send; of what another handed over `origin` is who is to be told. */
int sipring_outbound_accept(struct sipring_worker *worker, const struct sipring_send *send,
	uint32_t origin);

/* A message that waits here goes to the worker in a place, or fails. */
void sipring_outbound_hand_on(struct sipring_worker *worker, struct sipring_outgoing *message,
	unsigned place, const union sipring_address *to);

/* post.c: what others hand to this worker, and what becomes of what it handed to them. */
int sipring_post_open(struct sipring_worker *worker, struct sipring_error *error);
void sipring_post_close(struct sipring_worker *worker);
/* Takes in what has come; makes callbacks. */
void sipring_post_run(struct sipring_worker *worker);
/* Before the worker waits: the milliseconds that it may. */
uint64_t sipring_post_idle_ms(struct sipring_worker *worker);

/* How what another handed over ended, to who is to know: `failed` is for the host, if it is he. */
void sipring_post_tell(struct sipring_worker *worker, uint32_t origin, uint32_t cookie,
	const struct sipring_event *failed);
/* To the worker in a place: 0 or -errno, as of sipring_party_hand. */
int sipring_post_hand(struct sipring_worker *worker, unsigned place,
	const struct sipring_send *send, const union sipring_address *peer, uint32_t origin);

/* inherit.c: the socket that a worker is to have for a listener, the caller's then; or -1. */
int sipring_inherit_take(struct sipring *sipring, unsigned place, unsigned listener);

/* sipring.c: how an association is to be: as its listener, or as all. */
struct sipring_manner sipring_manner_of(const struct sipring_worker *worker,
	const struct sipring_association *association);
/* After the settings changed. */
void sipring_set_manners(struct sipring_worker *worker);
/* Whether settings fit together; 0, or -EINVAL with a text. */
int sipring_check(const struct sipring_config *config, struct sipring_error *error);

/* stats.c: what is counted, and what others see of it. */
int sipring_stats_map(struct sipring *sipring);
void sipring_stats_unmap(struct sipring *sipring);
void sipring_stats_open(struct sipring_worker *worker);
/* A result of sipring_message_parse that is neither a message nor empty. */
void sipring_stats_malformed(struct sipring_stats *stats, int result);
/* Before io and provider go: what they counted is the worker's own from here on. */
void sipring_stats_keep(struct sipring_worker *worker);
void sipring_stats_close(struct sipring_worker *worker);
/* At the end of a turn. */
void sipring_stats_publish(struct sipring_worker *worker);
/* Milliseconds within which there is nothing to publish. */
uint64_t sipring_stats_idle_ms(const struct sipring_worker *worker, uint64_t now_ms);

/* claim.c: which association to a peer is listed, among all workers. */
enum sipring_owner_claim sipring_claim_take(struct sipring_worker *worker,
	struct sipring_association *association);
void sipring_claim_drop(struct sipring_worker *worker, struct sipring_association *association);
/* Of one that the peer began, which does without where another is listed. */
void sipring_claim_inbound(struct sipring_worker *worker, struct sipring_association *association);
/* Nobody learns of it by its claim any more; where it is listed it stays so. */
void sipring_claim_yield(struct sipring_worker *worker, struct sipring_association *association);
/* Of one that yielded. */
void sipring_claim_again(struct sipring_worker *worker, struct sipring_association *association);
void sipring_claim_retry(struct sipring_worker *worker);

/*
 * await.c: associations that wait for a conn: SCTP has an association to their peer which is not
 * ours. One has no conn while it waits.
 */
void sipring_await_begin(struct sipring_worker *worker, struct sipring_association *association);
void sipring_await_end(struct sipring_worker *worker, struct sipring_association *association);
void sipring_await_retry(struct sipring_worker *worker, struct sipring_association *association);
/* The one that waited for what the peer began, unlisted; NULL: nobody did. */
struct sipring_association *sipring_await_adopt(struct sipring_worker *worker,
	struct sipring_sctp_conn *conn);

/* paths.c: the addresses of a peer. Where listed, sends to any of them find the association. */
void sipring_paths_learn(struct sipring_worker *worker, struct sipring_association *association);

/* route*.c: from names to associations. */
int sipring_route_open(struct sipring_worker *worker);
/* After every route came to its end. */
void sipring_route_close(struct sipring_worker *worker);
size_t sipring_route_footprint(const struct sipring_config *config);
/*
 * Where a send to a target goes: an association that stands, or a route, new or under way. 0, or
 * -errno as sipring_send.
 */
int sipring_route_place(struct sipring_worker *worker, const struct sipring_target *target,
	struct sipring_association **association, struct sipring_route **route);
int sipring_route_connect(struct sipring_worker *worker, const struct sipring_connect *connect);
/* A message joined its queue, or left it. */
void sipring_route_time(struct sipring_worker *worker, struct sipring_route *route);
/* Takes the answers that came, the time that ran out, and goes on with those who can. */
void sipring_route_run(struct sipring_worker *worker);
/* Milliseconds within which nothing is to be done. */
uint64_t sipring_route_idle_ms(const struct sipring_worker *worker, uint64_t now_ms);
/* The association stands, or never will: makes no callback in the latter case. */
void sipring_route_up(struct sipring_worker *worker, struct sipring_association *association);
void sipring_route_lost(struct sipring_worker *worker, struct sipring_association *association,
	int error);
/* Ends them all. */
void sipring_route_fail(struct sipring_worker *worker, enum sipring_outcome outcome, int error);

/* lifecycle.c: associations from their first day to their last. */
struct sipring_lifecycle_wish {
	const union sipring_address *to; /* of one peer, with their ports */
	unsigned n_to;                   /* 1 or more */
	bool is_additional;
	uint8_t listener; /* from 1; 0: any that suits */
};
struct sipring_association *sipring_lifecycle_connect(struct sipring_worker *worker,
	const struct sipring_lifecycle_wish *wish, int *result);
/* Begins to connect to the peer: 0, SIPRING_SCTP_EXISTS or -errno. */
int sipring_lifecycle_begin(struct sipring_worker *worker, struct sipring_association *association);
void sipring_lifecycle_apply(struct sipring_worker *worker, struct sipring_association *association,
	unsigned actions, int error);
void sipring_lifecycle_timer(struct sipring_worker *worker, struct sipring_timer *timer);
/* Starts, moves or stops the association's timer, as its state and queue want it. */
void sipring_lifecycle_time(struct sipring_worker *worker, struct sipring_association *association);
void sipring_lifecycle_tell(struct sipring_worker *worker, const struct sipring_event *event);
