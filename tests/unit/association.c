/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of an association: every event in every state against a table written out by hand, and
 * random histories that must tell "up" at most once, "down" exactly once, and free last.
 */
#include "assoc/association.h"

#include "random.h"

#include <criterion/criterion.h>

enum {
	UP = SIPRING_ASSOCIATION_TELL_UP,
	DOWN = SIPRING_ASSOCIATION_TELL_DOWN,
	FLUSH = SIPRING_ASSOCIATION_FLUSH,
	SHUT = SIPRING_ASSOCIATION_SHUTDOWN,
	ABORT = SIPRING_ASSOCIATION_ABORT,
	FAIL = SIPRING_ASSOCIATION_FAIL,
	FREE = SIPRING_ASSOCIATION_FREE
};

enum { S_CONNECTING, S_UP, S_ENDING, S_DRAINING, S_SHUT, S_CLOSING, N_STATES };

typedef unsigned (*event_function)(struct sipring_association *association);

struct outcome {
	int state;
	unsigned actions;
};

static const struct {
	const char *name;
	event_function event;
	struct outcome expected[N_STATES]; /* by the state before */
} rows[] = {
	{"up", sipring_association_up,
		{{S_UP, UP | FLUSH}, {S_UP, 0}, {S_ENDING, 0}, {S_DRAINING, 0}, {S_SHUT, 0},
			{S_CLOSING, 0}}},
	{"ending", sipring_association_ending,
		{{S_ENDING, FLUSH}, {S_ENDING, FLUSH}, {S_ENDING, 0}, {S_DRAINING, 0}, {S_SHUT, 0},
			{S_CLOSING, 0}}},
	{"lost", sipring_association_lost,
		{{S_CLOSING, DOWN | ABORT | FAIL}, {S_CLOSING, DOWN | ABORT | FAIL},
			{S_CLOSING, DOWN | ABORT | FAIL}, {S_CLOSING, DOWN | ABORT | FAIL},
			{S_CLOSING, DOWN | ABORT | FAIL}, {S_CLOSING, 0}}},
	{"closed", sipring_association_closed,
		{{S_CLOSING, DOWN | FAIL | FREE}, {S_CLOSING, DOWN | FAIL | FREE},
			{S_CLOSING, DOWN | FAIL | FREE}, {S_CLOSING, DOWN | FAIL | FREE},
			{S_CLOSING, DOWN | FAIL | FREE}, {S_CLOSING, FREE}}},
	{"flushed", sipring_association_flushed,
		{{S_CONNECTING, 0}, {S_UP, 0}, {S_ENDING, 0}, {S_SHUT, SHUT}, {S_SHUT, 0},
			{S_CLOSING, 0}}},
	{"end, nothing queued", sipring_association_end,
		{{S_CLOSING, DOWN | ABORT | FAIL}, {S_SHUT, SHUT}, {S_ENDING, 0}, {S_DRAINING, 0},
			{S_SHUT, 0}, {S_CLOSING, 0}}},
	{"abort", sipring_association_abort,
		{{S_CLOSING, DOWN | ABORT | FAIL}, {S_CLOSING, DOWN | ABORT | FAIL},
			{S_CLOSING, DOWN | ABORT | FAIL}, {S_CLOSING, DOWN | ABORT | FAIL},
			{S_CLOSING, DOWN | ABORT | FAIL}, {S_CLOSING, 0}}},
};

#define N_ROWS (sizeof rows / sizeof *rows)

Test(association, every_event_in_every_state)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		for (int state = 0; state < N_STATES; state++) {
			const struct outcome *expected = &rows[i].expected[state];
			struct sipring_association association;
			unsigned actions;

			sipring_association_init(&association, false);
			association.state = (enum sipring_association_state)state;
			actions = rows[i].event(&association);
			cr_expect_eq(actions, expected->actions, "%s in %s: actions %x, not %x",
				rows[i].name,
				sipring_association_state_name(
					(enum sipring_association_state)state),
				actions, expected->actions);
			cr_expect_eq((int)association.state, expected->state, "%s in %d: state %d",
				rows[i].name, state, (int)association.state);
		}
	}
}

Test(association, the_end_waits_for_the_queue)
{
	struct sipring_outgoing message = {.send.size = 10};
	struct sipring_association association;

	sipring_association_init(&association, true);
	cr_assert(association.inbound);
	cr_assert_eq(sipring_association_up(&association), (unsigned)(UP | FLUSH));
	cr_assert(association.stood);
	cr_assert_eq(sipring_queue_put(&association.queue, &message, 1, 10), 0);
	cr_assert(sipring_association_may_flush(&association));
	cr_expect_eq(sipring_association_end(&association), (unsigned)FLUSH);
	cr_expect_eq((int)association.state, S_DRAINING);
	cr_expect(sipring_association_may_flush(&association), "the queue still goes");
	cr_expect_not(sipring_association_takes_sends(&association));
	association.blocked = true;
	cr_expect_not(sipring_association_may_flush(&association));
}

Test(association, takes_sends_only_where_they_can_go)
{
	static const bool takes[N_STATES] = {true, true, false, false, false, false};

	for (int state = 0; state < N_STATES; state++) {
		struct sipring_association association;

		sipring_association_init(&association, false);
		association.state = (enum sipring_association_state)state;
		cr_expect_eq(sipring_association_takes_sends(&association), takes[state]);
		cr_expect_not(sipring_association_may_flush(&association), "nothing waits");
	}
}

Test(association, any_history_ends_once)
{
	uint64_t seed = 4711;

	for (int run = 0; run < 20000; run++) {
		uint32_t n_in_state[SIPRING_ASSOCIATION_STATES] = {[S_CONNECTING] = 1};
		struct sipring_association association;
		int n_up = 0, n_down = 0, n_free = 0;

		sipring_association_init(&association, run & 1);
		association.n_in_state = n_in_state;
		for (int step = 0; step < 12 && !n_free; step++) {
			unsigned actions = rows[random_below(&seed, N_ROWS)].event(&association);

			n_up += (actions & UP) != 0;
			n_down += (actions & DOWN) != 0;
			n_free += (actions & FREE) != 0;
			cr_assert(!(actions & ABORT) || !(actions & FREE), "abort, then closed");
			for (int state = 0; state < N_STATES; state++)
				cr_assert_eq(n_in_state[state], (int)association.state == state);
		}
		if (!n_free) {
			unsigned actions = sipring_association_closed(&association);

			n_down += (actions & DOWN) != 0;
			n_free += (actions & FREE) != 0;
		}
		cr_assert_leq(n_up, 1);
		cr_assert_eq(n_down, 1);
		cr_assert_eq(n_free, 1);
	}
}
