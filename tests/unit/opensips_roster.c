/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of associations that stand: what is in it after events, that processes see each other's
 * entries, that one which is full loses nothing that is in it.
 */
#include "opensips/roster.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void happens(struct sipring_roster *roster, enum sipring_event_type type, uint32_t id)
{
	union sipring_address peer = {.v4 = {.sin_family = AF_INET, .sin_port = htons(5060)}};
	struct sipring_event event = {.type = type,
		.association = id,
		.address = &peer,
		.inbound = id % 2};

	peer.v4.sin_addr.s_addr = htonl(0xc0000200 + id);
	sipring_roster_note(roster, &event);
}

struct seen {
	unsigned n;
	uint64_t ids; /* a bit each */
	struct sipring_roster_entry last;
};

static void see(void *user, const struct sipring_roster_entry *entry)
{
	struct seen *seen = user;

	seen->n++;
	seen->ids |= (uint64_t)1 << entry->association;
	seen->last = *entry;
}

static struct seen look(struct sipring_roster *roster)
{
	struct seen seen = {0};

	sipring_roster_walk(roster, see, &seen);
	return seen;
}

Test(opensips_roster, shows_those_that_stand)
{
	struct sipring_roster *roster = sipring_roster_new(8);

	cr_assert_not_null(roster);
	cr_expect_eq(look(roster).n, 0);
	happens(roster, SIPRING_EVENT_UP, 3);
	happens(roster, SIPRING_EVENT_RESTART, 3);
	happens(roster, SIPRING_EVENT_RETURNED, 3);
	cr_expect_eq(look(roster).n, 1);
	cr_expect(sipring_roster_has(roster, 3));
	cr_expect_not(sipring_roster_has(roster, 11));
	cr_expect_not(sipring_roster_has(roster, 0));
	cr_expect_eq(look(roster).last.n_restarts, 1);
	cr_expect(look(roster).last.inbound);
	cr_expect_eq(look(roster).last.peer.v4.sin_addr.s_addr, htonl(0xc0000203));
	cr_expect_neq(look(roster).last.since_s, 0);
	happens(roster, SIPRING_EVENT_UP, 11); /* the same place */
	happens(roster, SIPRING_EVENT_DOWN, 3);
	cr_expect_eq(look(roster).ids, 1 << 11);
	happens(roster, SIPRING_EVENT_DOWN, 5); /* never stood */
	happens(roster, SIPRING_EVENT_DOWN, 11);
	cr_expect_eq(look(roster).n, 0);
}

Test(opensips_roster, what_has_no_room_is_not_shown_and_harms_nobody)
{
	struct sipring_roster *roster = sipring_roster_new(2);

	happens(roster, SIPRING_EVENT_UP, 1);
	happens(roster, SIPRING_EVENT_UP, 2);
	happens(roster, SIPRING_EVENT_UP, 3);
	cr_expect_eq(look(roster).ids, 1 << 1 | 1 << 2);
	happens(roster, SIPRING_EVENT_DOWN, 3);
	happens(roster, SIPRING_EVENT_DOWN, 1);
	happens(roster, SIPRING_EVENT_UP, 4);
	cr_expect_eq(look(roster).ids, 1 << 2 | 1 << 4);
}

Test(opensips_roster, engines_share_it)
{
	struct sipring_roster *roster = sipring_roster_new(64);
	int status;

	for (uint32_t engine = 0; engine < 4; engine++) {
		if (fork())
			continue;
		for (unsigned round = 0; round < 1000; round++) {
			for (uint32_t i = 0; i < 8; i++)
				happens(roster, SIPRING_EVENT_UP, 1 + engine * 8 + i);
			for (uint32_t i = 0; i < 8; i++)
				happens(roster, SIPRING_EVENT_DOWN, 1 + engine * 8 + i);
		}
		happens(roster, SIPRING_EVENT_UP, 1 + engine * 8);
		_exit(0);
	}
	while (wait(&status) > 0)
		cr_expect_eq(status, 0);
	cr_expect_eq(look(roster).n, 4);
	cr_expect_eq(look(roster).ids, 1 << 1 | 1 << 9 | 1 << 17 | 1 << 25);
}
