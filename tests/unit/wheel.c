/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer wheel beside a list of times: over hours and days of simulated time no timer fires
 * early, none that is due is kept back, and the idle bound never sleeps past one.
 */
#include "base/wheel.h"

#include "random.h"

#include <criterion/criterion.h>
#include <stdbool.h>

#define SPAN_MS (UINT64_C(1) << 24)
#define N_TIMERS 150

struct run {
	struct sipring_wheel wheel;
	struct sipring_timer timers[N_TIMERS];
	bool is_running[N_TIMERS];
	uint64_t at_ms[N_TIMERS];
	uint64_t seed;
	uint64_t now_ms;
};

static void run_init(struct run *run, uint64_t seed, uint64_t now_ms)
{
	*run = (struct run){.seed = seed, .now_ms = now_ms};
	sipring_wheel_init(&run->wheel, now_ms);
	for (int i = 0; i < N_TIMERS; i++)
		sipring_timer_init(&run->timers[i]);
}

/* Mostly near, sometimes hours away, beyond the span, or past. */
static uint64_t run_time(struct run *run)
{
	static const uint64_t ranges[] = {3, 64, 65, 4096, 40000, 262144, SPAN_MS, 5 * SPAN_MS};
	uint64_t past;

	if (random_below(&run->seed, 16))
		return run->now_ms + random_below(&run->seed, ranges[random_below(&run->seed, 8)]);
	past = random_below(&run->seed, 100);
	return run->now_ms > past ? run->now_ms - past : 0;
}

static void run_change(struct run *run)
{
	int pick = (int)random_below(&run->seed, N_TIMERS);

	if (random_below(&run->seed, 3) == 0) {
		sipring_wheel_stop(&run->wheel, &run->timers[pick]);
		run->is_running[pick] = false;
		return;
	}
	run->at_ms[pick] = run_time(run);
	sipring_wheel_start(&run->wheel, &run->timers[pick], run->at_ms[pick]);
	run->is_running[pick] = true;
}

static uint64_t run_nearest(const struct run *run)
{
	uint64_t nearest = UINT64_MAX;

	for (int i = 0; i < N_TIMERS; i++) {
		if (run->is_running[i] && run->at_ms[i] < nearest)
			nearest = run->at_ms[i];
	}
	return nearest;
}

static void run_compare_idle(const struct run *run)
{
	uint64_t idle = sipring_wheel_idle_ms(&run->wheel, run->now_ms);
	uint64_t nearest = run_nearest(run);

	if (nearest == UINT64_MAX) {
		cr_assert_eq(idle, UINT64_MAX);
		return;
	}
	cr_assert_neq(idle, UINT64_MAX);
	if (nearest <= run->now_ms)
		cr_assert_eq(idle, 0);
	else
		cr_assert_leq(idle, nearest - run->now_ms);
}

/* Moves time; between expiries timers are changed, as handlers do. */
static void run_advance(struct run *run, uint64_t to_ms, bool handlers_change)
{
	struct sipring_timer *timer;
	uint32_t n_running = 0;

	run->now_ms = to_ms;
	while ((timer = sipring_wheel_expire(&run->wheel, to_ms))) {
		size_t i = (size_t)(timer - run->timers);

		cr_assert_lt(i, N_TIMERS);
		cr_assert(run->is_running[i]);
		cr_assert_eq(timer->at_ms, run->at_ms[i]);
		cr_assert_leq(timer->at_ms, to_ms, "early");
		cr_assert(sipring_list_empty(&timer->link));
		run->is_running[i] = false;
		if (handlers_change && random_below(&run->seed, 2))
			run_change(run);
	}
	cr_assert_eq(run->wheel.now_ms, to_ms);
	cr_assert_gt(run_nearest(run), to_ms, "late");
	for (int i = 0; i < N_TIMERS; i++)
		n_running += run->is_running[i];
	cr_assert_eq(run->wheel.n_timers, n_running);
}

Test(wheel, random_run_against_a_model)
{
	static const uint64_t starts[] = {0, 1, 63, 4095, 262143, SPAN_MS - 1, SPAN_MS,
		123456789012, UINT64_MAX >> 8};
	static const uint64_t strides[] = {1, 2, 64, 70, 4000, 300000, SPAN_MS / 3, 3 * SPAN_MS};

	for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
		static struct run run;

		run_init(&run, s + 1, starts[s]);
		for (int step = 0; step < 3000; step++) {
			uint64_t stride = strides[random_below(&run.seed, 8)];

			for (uint64_t n = random_below(&run.seed, 5); n; n--)
				run_change(&run);
			run_compare_idle(&run);
			run_advance(&run, run.now_ms + random_below(&run.seed, stride),
				step % 2 == 0);
			run_compare_idle(&run);
		}
		cr_assert_gt(run.now_ms - starts[s], 100 * SPAN_MS);
	}
}

/* As a worker does: sleep as long as nothing fires, look, sleep again. */
Test(wheel, sleeping_by_the_bound_is_exact)
{
	static struct run run;
	uint64_t n_looks = 0, n_fired = 0;

	run_init(&run, 99, 77);
	for (int step = 0; step < 3000; step++) {
		uint64_t nearest;

		run_change(&run);
		nearest = run_nearest(&run);
		while (nearest != UINT64_MAX && run_nearest(&run) == nearest) {
			uint64_t idle = sipring_wheel_idle_ms(&run.wheel, run.now_ms);

			run_advance(&run, run.now_ms + idle, false);
			n_looks++;
			if (run_nearest(&run) != nearest)
				cr_assert(run.now_ms == nearest || idle == 0, "to the millisecond");
		}
		n_fired++;
	}
	cr_assert_lt(n_looks, 6 * n_fired);
}

Test(wheel, far_timer_takes_few_looks)
{
	static const struct {
		uint64_t delay_ms;
		int n_looks_max;
	} rows[] = {{1, 1}, {63, 2}, {64, 2}, {4096, 3}, {262144, 4}, {SPAN_MS - 1, 5},
		{SPAN_MS, 6}, {10 * SPAN_MS, 15}, {100 * SPAN_MS + 12345, 110}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (uint64_t now_ms = 0; now_ms < 40 * 7919; now_ms += 7919) {
			struct sipring_wheel wheel;
			struct sipring_timer timer;
			uint64_t time_ms = now_ms;
			int n_looks = 0;

			sipring_wheel_init(&wheel, now_ms);
			sipring_timer_init(&timer);
			sipring_wheel_start(&wheel, &timer, now_ms + rows[i].delay_ms);
			do {
				time_ms += sipring_wheel_idle_ms(&wheel, time_ms);
				n_looks++;
			} while (!sipring_wheel_expire(&wheel, time_ms));
			cr_assert_eq(time_ms, now_ms + rows[i].delay_ms);
			cr_assert_leq(n_looks, rows[i].n_looks_max, "row %zu: %d looks", i,
				n_looks);
			cr_assert_eq(sipring_wheel_idle_ms(&wheel, time_ms), UINT64_MAX);
		}
	}
}

Test(wheel, time_that_never_comes)
{
	struct sipring_wheel wheel;
	struct sipring_timer timer;
	uint64_t now_ms = 1000;

	sipring_wheel_init(&wheel, now_ms);
	sipring_timer_init(&timer);
	sipring_wheel_start(&wheel, &timer, UINT64_MAX);
	for (int i = 0; i < 100; i++) {
		now_ms += SPAN_MS * 7 / 5;
		cr_assert_null(sipring_wheel_expire(&wheel, now_ms));
		cr_assert_leq(sipring_wheel_idle_ms(&wheel, now_ms), SPAN_MS);
	}
	sipring_wheel_stop(&wheel, &timer);
	cr_assert_eq(wheel.n_timers, 0);
}

Test(wheel, past_and_present_fire_at_once)
{
	struct sipring_wheel wheel;
	struct sipring_timer timers[3];
	uint64_t at_ms[3] = {0, 999, 1000};

	sipring_wheel_init(&wheel, 1000);
	for (int i = 0; i < 3; i++) {
		sipring_timer_init(&timers[i]);
		sipring_wheel_start(&wheel, &timers[i], at_ms[i]);
	}
	cr_assert_eq(sipring_wheel_idle_ms(&wheel, 1000), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(sipring_wheel_expire(&wheel, 1000), &timers[i]);
	cr_assert_null(sipring_wheel_expire(&wheel, 1000));
}

Test(wheel, fires_in_the_order_of_time)
{
	struct sipring_wheel wheel;
	static struct sipring_timer timers[1000];
	uint64_t seed = 4, last_ms = 0;
	struct sipring_timer *timer;
	int n_fired = 0;

	sipring_wheel_init(&wheel, 0);
	for (int i = 0; i < 1000; i++) {
		sipring_timer_init(&timers[i]);
		sipring_wheel_start(&wheel, &timers[i], random_below(&seed, 3 * SPAN_MS));
	}
	while ((timer = sipring_wheel_expire(&wheel, 4 * SPAN_MS))) {
		cr_assert_geq(timer->at_ms, last_ms);
		last_ms = timer->at_ms;
		n_fired++;
	}
	cr_assert_eq(n_fired, 1000);
}

Test(wheel, moving_and_stopping)
{
	struct sipring_wheel wheel;
	struct sipring_timer timer;

	sipring_wheel_init(&wheel, 0);
	sipring_timer_init(&timer);
	sipring_wheel_stop(&wheel, &timer);
	cr_assert_eq(wheel.n_timers, 0);
	for (uint64_t at_ms = 1; at_ms < 10 * SPAN_MS; at_ms *= 3) {
		sipring_wheel_start(&wheel, &timer, at_ms);
		cr_assert_eq(wheel.n_timers, 1);
	}
	sipring_wheel_start(&wheel, &timer, 5);
	cr_assert_null(sipring_wheel_expire(&wheel, 4));
	cr_assert_eq(sipring_wheel_expire(&wheel, 5), &timer);
	sipring_wheel_start(&wheel, &timer, 10);
	sipring_wheel_stop(&wheel, &timer);
	sipring_wheel_stop(&wheel, &timer);
	cr_assert_null(sipring_wheel_expire(&wheel, SPAN_MS));
	cr_assert_eq(sipring_wheel_idle_ms(&wheel, SPAN_MS), UINT64_MAX);
}
