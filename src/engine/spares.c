/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listeners that come and go while workers run, for those who ask: what is wished is checked and
 * written, the workers are woken, and who asked looks until each of them has done it.
 */
#include "engine/spares_parts.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 1

size_t sipring_spares_footprint(void)
{
	return sizeof(struct sipring_spares);
}

void sipring_spares_wish(struct sipring_share *share, struct spare *spare, enum spare_state state)
{
	/* release: with what is asked for */
	atomic_store_explicit(&spare->state, state, memory_order_release);
	atomic_fetch_add_explicit(&share->spares->n_wishes, 1, memory_order_release);
	for (unsigned i = 0; i < share->n_workers; i++)
		sipring_share_wake(share, i);
}

uint64_t sipring_spares_living(const struct sipring_share *share)
{
	uint64_t found = 0;

	for (unsigned i = 0; i < share->n_workers; i++)
		if (sipring_share_taker(share, i))
			found |= (uint64_t)1 << i;
	return found;
}

bool sipring_spares_stand(const struct sipring_share *share, struct spare *spare)
{
	uint64_t able = sipring_spares_living(share) & ~share->spares->draining;

	if (spare_state(spare) != SPARE_WANTED)
		return false;
	spare->stands |= able && !(able & ~spare->bound);
	return spare->stands && able & spare->bound;
}

/* "NAME=VALUE NAME=VALUE": for the one listener of a config. */
static int set_all(struct sipring_config *config, const char *settings, struct sipring_error *error)
{
	char text[SPARE_SETTINGS_MAX], *rest = text, *name;
	int r = 0;

	snprintf(text, sizeof text, "%s", settings);
	while (r == 0 && (name = strsep(&rest, " ")) != NULL) {
		char *value = strchr(name, '=');

		if (!*name)
			continue;
		if (!value)
			return sipring_error_set(error, -EINVAL,
				"\"%s\" is no NAME=VALUE of a listener's setting", name);
		*value++ = '\0';
		r = sipring_config_listener_set(config, 0, name, value, error);
	}
	return r;
}

int sipring_spares_settle(const struct sipring_config *config, const char *listener,
	const char *settings, struct sipring_config *one, struct sipring_error *error)
{
	struct sipring_config *alone = malloc(sizeof *alone);
	int r;

	if (!alone)
		return sipring_error_set(error, -ENOMEM, "no memory");
	*alone = *config;
	memset(alone->own, 0, sizeof alone->own);
	alone->n_listeners = 0;
	r = sipring_config_listen(alone, listener, error);
	if (r == 0)
		r = set_all(alone, settings, error);
	if (r == 0)
		r = sipring_check(alone, error);
	if (r == 0)
		sipring_config_of_listener(alone, 0, one);
	free(alone);
	return r;
}

static int check(const struct sipring *sipring, const char *listener, const char *settings,
	struct sipring_error *error)
{
	struct sipring_config *one;
	int r;

	if (!sipring->config.spare_listeners)
		return sipring_error_set(error, -EUSERS,
			"no listener can come while it runs: set spare_listeners above 0");
	if (strlen(settings) >= SPARE_SETTINGS_MAX)
		return sipring_error_set(error, -E2BIG, "the settings of a listener take %d bytes",
			SPARE_SETTINGS_MAX - 1);
	one = malloc(sizeof *one);
	if (!one)
		return sipring_error_set(error, -ENOMEM, "no memory");
	r = sipring_spares_settle(&sipring->config, listener, settings, one, error);
	free(one);
	return r;
}

/* Killed workers hold nothing, and yet a taker may serve it still. */
static bool is_gone(const struct sipring *sipring, unsigned number, uint64_t alive)
{
	const struct spare *spare = &sipring->share->spares->spares[number];

	return spare_state(spare) == SPARE_LEAVING && !(spare->held & alive) &&
		!(sipring->split && sipring_split_is_taken(sipring->split, number));
}

/* What who asks waits for; its number is another's when the generation is. */
struct claim {
	int number; /* -EAGAIN: one that leaves has to be gone first */
	uint32_t generation;
};

static struct claim claim_of(const struct spare *spare, unsigned number)
{
	return (struct claim){(int)number, spare->generation};
}

/*
 * Under the lock: the number that has the listener, or a free one, which is WANTED from now on; at
 * least until end_ms.
 */
static struct claim claim(struct sipring *sipring, const char *listener, const char *settings,
	uint64_t end_ms)
{
	uint64_t alive = sipring_spares_living(sipring->share);
	struct spare *spares = sipring->share->spares->spares, *spare;
	int found = -EUSERS;

	for (unsigned i = spares_first(sipring); i < spares_end(sipring); i++) {
		bool is_it = strcmp(spares[i].listener, listener) == 0;

		spare = &spares[i];
		if (is_it && spare_state(spare) == SPARE_WANTED) {
			spare->end_ms = spare->end_ms > end_ms ? spare->end_ms : end_ms;
			return claim_of(spare, i);
		}
		if (is_it && spare_state(spare) == SPARE_LEAVING && spare->bound & alive)
			return (struct claim){-EAGAIN, 0};
		if (found >= 0)
			continue;
		if (spare_state(spare) == SPARE_FREE || is_gone(sipring, i, alive))
			found = (int)i;
		else if (spare_state(spare) == SPARE_LEAVING)
			found = -EAGAIN;
	}
	if (found < 0)
		return (struct claim){found, 0};
	spare = &spares[found];
	snprintf(spare->listener, sizeof spare->listener, "%s", listener);
	snprintf(spare->settings, sizeof spare->settings, "%s", settings);
	spare->generation++;
	spare->end_ms = end_ms;
	spare->bound = spare->held = 0;
	spare->stands = false;
	spare->error = 0;
	sipring_spares_wish(sipring->share, spare, SPARE_WANTED);
	return claim_of(spare, (unsigned)found);
}

/* Under the lock: the number, or why not; -EINPROGRESS while a worker has yet to answer. */
static int outcome(struct sipring *sipring, struct claim claim, struct sipring_error *error)
{
	struct spare *spare;

	if (claim.number < 0)
		return claim.number;
	spare = &sipring->share->spares->spares[claim.number];
	if (spare->generation != claim.generation)
		return sipring_error_set(error, -ECANCELED, "it was given up meanwhile");
	if (spare_state(spare) != SPARE_WANTED && spare->error) {
		*error = spare->why;
		return spare->error;
	}
	if (spare_state(spare) != SPARE_WANTED)
		return sipring_error_set(error, -ECANCELED, "it was given up meanwhile");
	return sipring_spares_stand(sipring->share, spare) ? claim.number : -EINPROGRESS;
}

/* Under the lock. What stands, or another waits for still, is not ended. */
static int give_up(struct sipring *sipring, struct claim claim, uint32_t timeout_ms,
	struct sipring_error *error)
{
	struct spare *spare;

	if (claim.number < 0)
		return sipring_error_set(error, -ETIMEDOUT,
			"a listener that is about to end was not gone within %u ms", timeout_ms);
	spare = &sipring->share->spares->spares[claim.number];
	if (spare->stands)
		return sipring_error_set(error, -ETIMEDOUT,
			"it stands, but no worker came back to it within %u ms", timeout_ms);
	if (sipring_clock_ns() / 1000000 >= spare->end_ms)
		sipring_spares_wish(sipring->share, spare, SPARE_LEAVING);
	return sipring_error_set(error, -ETIMEDOUT, "not every worker has bound it within %u ms",
		timeout_ms);
}

int sipring_listen(struct sipring *sipring, const char *listener, const char *settings,
	uint32_t timeout_ms, struct sipring_error *error)
{
	uint64_t end_ms = sipring_clock_ns() / 1000000 + timeout_ms;
	struct claim mine = {-EAGAIN, 0};
	struct sipring_error ignored;
	int r;

	if (!error)
		error = &ignored;
	settings = settings ? settings : "";
	r = check(sipring, listener, settings, error);
	if (r < 0)
		return r;
	for (;;) {
		sipring_share_lock(sipring->share);
		if (mine.number == -EAGAIN)
			mine = claim(sipring, listener, settings, end_ms);
		r = outcome(sipring, mine, error);
		if ((r == -EAGAIN || r == -EINPROGRESS) && sipring_clock_ns() / 1000000 >= end_ms)
			r = give_up(sipring, mine, timeout_ms, error);
		sipring_share_unlock(sipring->share);
		if (r == -EUSERS)
			return sipring_error_set(error, r,
				"all %u listeners that may come have: raise spare_listeners",
				spares_end(sipring) - spares_first(sipring));
		if (r != -EAGAIN && r != -EINPROGRESS)
			return r;
		poll(NULL, 0, LOOK_MS);
	}
}

int sipring_spares_check(const struct sipring *sipring, const struct sipring_config *config,
	struct sipring_error *error)
{
	struct sipring_config *one;
	int r = 0;

	if (!sipring->config.spare_listeners)
		return 0;
	one = malloc(sizeof *one);
	if (!one)
		return sipring_error_set(error, -ENOMEM, "no memory");
	sipring_share_lock(sipring->share);
	for (unsigned i = spares_first(sipring); r == 0 && i < spares_end(sipring); i++) {
		const struct spare *spare = &sipring->share->spares->spares[i];

		if (spare_state(spare) == SPARE_WANTED)
			r = sipring_spares_settle(config, spare->listener, spare->settings, one,
				error);
	}
	sipring_share_unlock(sipring->share);
	free(one);
	return r;
}

int sipring_unlisten(struct sipring *sipring, unsigned listener)
{
	int r = -ENOENT;

	if (listener < spares_first(sipring) || listener >= spares_end(sipring))
		return r;
	sipring_share_lock(sipring->share);
	if (spare_state(&sipring->share->spares->spares[listener]) == SPARE_WANTED) {
		sipring_spares_wish(sipring->share, &sipring->share->spares->spares[listener],
			SPARE_LEAVING);
		r = 0;
	}
	sipring_share_unlock(sipring->share);
	return r;
}
