/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statistics of the group proto_sctp: the engines' counters, sends that were refused at once,
 * and what became of the messages of all listeners. Functions, so that nothing is counted twice;
 * before the listeners are open all are 0.
 */
#include "opensips/glue.h"

/* name of the counter in struct sipring_stats */
/* clang-format off */
#define COUNTERS(each) \
	each(received_messages) \
	each(received_bytes) \
	each(reassembled) \
	each(keepalives) \
	each(malformed) \
	each(malformed_answered) \
	each(too_long) \
	each(abandoned) \
	each(accepted) \
	each(sent) \
	each(sent_bytes) \
	each(failed_connect) \
	each(failed_lost) \
	each(failed_timeout) \
	each(failed_refused) \
	each(returned) \
	each(rejected_full) \
	each(blocked) \
	each(associations) \
	each(associations_up) \
	each(associations_down) \
	each(associations_failed) \
	each(associations_idle) \
	each(associations_refused) \
	each(shunned) \
	each(restarts) \
	each(path_changes) \
	each(no_buffers) \
	each(inbox_full) \
	each(inbox_waiting) \
	each(queue_messages) \
	each(queue_bytes) \
	each(turns) \
	each(system_calls)

#define REFUSED(each) \
	each(dead) \
	each(full) \
	each(other)

#define TAKEN(each) \
	each(taken) \
	each(failed) \
	each(lost) \
	each(wakes) \
	each(takers) \
	each(sleeping)
/* clang-format on */

static void engines(struct sipring_stats *stats)
{
	*stats = (struct sipring_stats){0};
	if (sipring_glue_bridge)
		sipring_bridge_stats(sipring_glue_bridge, stats);
}

static void refused(struct sipring_bridge_refused *sends)
{
	*sends = (struct sipring_bridge_refused){0};
	if (sipring_glue_bridge)
		sipring_bridge_refused(sipring_glue_bridge, sends);
}

static void takers(struct sipring_taker_stats *sum)
{
	*sum = (struct sipring_taker_stats){0};
	if (sipring_glue_bridge)
		sipring_bridge_taken(sipring_glue_bridge, SIPRING_LISTENERS_ALL, sum);
}

#define ENGINE_FUNCTION(field)                                                  \
	static unsigned long engine_##field(__attribute__((unused)) void *none) \
	{                                                                       \
		struct sipring_stats stats;                                     \
                                                                                \
		engines(&stats);                                                \
		return stats.field;                                             \
	}
#define TAKER_FUNCTION(field)                                                  \
	static unsigned long taker_##field(__attribute__((unused)) void *none) \
	{                                                                      \
		struct sipring_taker_stats stats;                              \
                                                                               \
		takers(&stats);                                                \
		return stats.field;                                            \
	}

#define REFUSED_FUNCTION(reason)                                                  \
	static unsigned long refused_##reason(__attribute__((unused)) void *none) \
	{                                                                         \
		struct sipring_bridge_refused sends;                              \
                                                                                  \
		refused(&sends);                                                  \
		return sends.n_##reason;                                          \
	}

COUNTERS(ENGINE_FUNCTION)
REFUSED(REFUSED_FUNCTION)
TAKEN(TAKER_FUNCTION)

static unsigned long events_lost(__attribute__((unused)) void *none)
{
	return sipring_glue_notes_lost();
}

#define ENGINE_ROW(field) {#field, STAT_IS_FUNC, (stat_var **)engine_##field},
#define REFUSED_ROW(reason) {"refused_" #reason, STAT_IS_FUNC, (stat_var **)refused_##reason},
#define TAKER_ROW(field) {"worker_" #field, STAT_IS_FUNC, (stat_var **)taker_##field},

const stat_export_t sipring_glue_stats[] = {
	/* clang-format off */
	COUNTERS(ENGINE_ROW)
	REFUSED(REFUSED_ROW)
	TAKEN(TAKER_ROW)
	/* clang-format on */
	{"events_lost", STAT_IS_FUNC, (stat_var **)events_lost},
	{0, 0, 0},
};

void sipring_glue_stats_walk(void (*each)(void *user, const char *name, uint64_t value), void *user)
{
	struct sipring_taker_stats of_takers;
	struct sipring_bridge_refused of_senders;
	struct sipring_stats of_engines;

	engines(&of_engines);
	refused(&of_senders);
	takers(&of_takers);
#define ENGINE_TELL(field) each(user, #field, of_engines.field);
#define REFUSED_TELL(reason) each(user, "refused_" #reason, of_senders.n_##reason);
#define TAKER_TELL(field) each(user, "worker_" #field, of_takers.field);
	/* clang-format off */
	COUNTERS(ENGINE_TELL)
	REFUSED(REFUSED_TELL)
	TAKEN(TAKER_TELL)
	/* clang-format on */
	each(user, "events_lost", events_lost(NULL));
}
