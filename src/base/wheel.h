/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer wheel: adding, moving and stopping a timer cost the same however many there are. Time is
 * whatever the caller hands in, in milliseconds, never going back. A timer never fires early.
 */
#pragma once

#include "base/list.h"

#include <stdint.h>

#define SIPRING_WHEEL_LEVELS 4
#define SIPRING_WHEEL_SLOTS 64 /* per level; beyond 64^4 ms = 4.6 hours a timer waits its turn */

struct sipring_timer {
	struct sipring_list link; /* self-linked while stopped: sipring_timer_init first */
	uint64_t at_ms;
};

struct sipring_wheel {
	struct sipring_list slots[SIPRING_WHEEL_LEVELS][SIPRING_WHEEL_SLOTS];
	uint64_t occupied[SIPRING_WHEEL_LEVELS]; /* a bit per slot */
	uint64_t now_ms;
	uint32_t n_timers;
};

void sipring_wheel_init(struct sipring_wheel *wheel, uint64_t now_ms);
void sipring_timer_init(struct sipring_timer *timer);

/*
 * Starts the timer, or moves a running one. A time that has come or is past fires at the next call
 * of sipring_wheel_expire, whatever its now_ms: a handler that starts its own timer again must name
 * a later time.
 */
void sipring_wheel_start(struct sipring_wheel *wheel, struct sipring_timer *timer, uint64_t at_ms);
void sipring_wheel_stop(struct sipring_wheel *wheel, struct sipring_timer *timer);

/*
 * Takes one timer that is due at now_ms, stopped; NULL when no more are due. Call until NULL: the
 * wheel's time has then come to now_ms. Timers may be started and stopped between calls.
 */
struct sipring_timer *sipring_wheel_expire(struct sipring_wheel *wheel, uint64_t now_ms);

/*
 * Milliseconds from now_ms within which nothing fires; UINT64_MAX without timers. A lower bound:
 * with a far timer, looking again after that time brings it nearer. now_ms as for expire.
 */
uint64_t sipring_wheel_idle_ms(const struct sipring_wheel *wheel, uint64_t now_ms);
