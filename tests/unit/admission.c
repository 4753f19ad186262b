/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may begin an association: limits in all, of one address whatever its port, and by time.
 */
#include "engine/admission.h"
#include "engine/members.h"
#include "engine/share.h"

#include <criterion/criterion.h>
#include <string.h>

static union sipring_address at(const char *text)
{
	union sipring_address address;

	cr_assert_eq(sipring_address_parse(&address, text, strlen(text)), 0);
	return address;
}

static enum sipring_admission_answer enter(struct sipring_admission *admission, const char *peer,
	uint64_t now_ms)
{
	union sipring_address address = at(peer);

	return sipring_admission_enter(admission, &address, now_ms);
}

static void leave(struct sipring_admission *admission, const char *peer)
{
	union sipring_address address = at(peer);

	sipring_admission_leave(admission, &address);
}

Test(admission, of_one_address_whatever_its_port)
{
	struct sipring_config config = {.associations_max = 8, .max_assocs_per_addr = 2};
	struct sipring_admission admission;

	cr_assert_eq(sipring_admission_open(&admission, &config, NULL, 0), 0);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(enter(&admission, "192.0.2.1:5060", 5), SIPRING_ADMISSION_GRANTED);
		cr_expect_eq(enter(&admission, "192.0.2.1:5061", 5), SIPRING_ADMISSION_GRANTED);
		cr_expect_eq(enter(&admission, "192.0.2.1:5062", 5), SIPRING_ADMISSION_ADDRESS);
		cr_expect_eq(enter(&admission, "192.0.2.2:5060", 5), SIPRING_ADMISSION_GRANTED);
		cr_expect_eq(enter(&admission, "[2001:db8::1]:1", 5), SIPRING_ADMISSION_GRANTED);
		leave(&admission, "192.0.2.1:5061");
		cr_expect_eq(enter(&admission, "192.0.2.1:5062", 5), SIPRING_ADMISSION_GRANTED);
		leave(&admission, "192.0.2.1:5062");
		leave(&admission, "192.0.2.1:5060");
		leave(&admission, "192.0.2.2:5060");
		leave(&admission, "[2001:db8::1]:1");
	}
	sipring_admission_close(&admission);
}

Test(admission, all_in_all)
{
	struct sipring_config config = {.associations_max = 8, .max_assocs = 2};
	struct sipring_admission admission;

	cr_assert_eq(sipring_admission_open(&admission, &config, NULL, 0), 0);
	cr_expect_eq(enter(&admission, "192.0.2.1:1", 5), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&admission, "192.0.2.2:1", 5), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&admission, "192.0.2.3:1", 5), SIPRING_ADMISSION_ALL);
	leave(&admission, "192.0.2.1:1");
	cr_expect_eq(enter(&admission, "192.0.2.3:1", 5), SIPRING_ADMISSION_GRANTED);
	sipring_admission_close(&admission);
}

Test(admission, by_time)
{
	struct sipring_config config = {.associations_max = 8,
		.accept_rate = 10,
		.accept_burst = 3};
	uint64_t now_ms = UINT64_C(1) << 40;
	struct sipring_admission admission;

	cr_assert_eq(sipring_admission_open(&admission, &config, NULL, 0), 0);
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j < 3; j++) {
			cr_expect_eq(enter(&admission, "192.0.2.1:1", now_ms),
				SIPRING_ADMISSION_GRANTED, "as many as the burst");
			leave(&admission, "192.0.2.1:1");
		}
		cr_expect_eq(enter(&admission, "192.0.2.1:1", now_ms), SIPRING_ADMISSION_RATE);
		cr_expect_eq(enter(&admission, "192.0.2.1:1", now_ms + 99), SIPRING_ADMISSION_RATE,
			"not yet one");
		cr_expect_eq(enter(&admission, "192.0.2.1:1", now_ms + 100),
			SIPRING_ADMISSION_GRANTED, "a tenth of a second is one");
		leave(&admission, "192.0.2.1:1");
		cr_expect_eq(enter(&admission, "192.0.2.1:1", now_ms + 100),
			SIPRING_ADMISSION_RATE);
		now_ms += UINT64_C(1) << 38; /* long enough for any credit to overflow */
	}
	sipring_admission_close(&admission);
}

/* Two workers, of which the second may end. */
struct pair {
	struct sipring_config *config;
	struct sipring_share *share;
	struct sipring_admission one, two;
	uint32_t members[2];
};

static void open_pair(struct pair *pair, const char *const *settings)
{
	struct sipring_error error;

	pair->config = sipring_config_new();
	for (; *settings; settings += 2)
		cr_assert_eq(sipring_config_set(pair->config, settings[0], settings[1], NULL), 0);
	cr_assert_eq(sipring_config_set(pair->config, "workers", "2", NULL), 0);
	cr_assert_eq(sipring_config_set(pair->config, "provider", "kernel", NULL), 0);
	cr_assert_eq(sipring_share_open(&pair->share, pair->config, &error), 0, "%s", error.text);
	for (unsigned i = 0; i < 2; i++) {
		pair->members[i] = sipring_members_join(pair->share->members);
		cr_assert_eq(sipring_share_take(pair->share, i, 1, pair->members[i]), (int)i);
		cr_assert_eq(sipring_admission_open(i ? &pair->two : &pair->one, pair->config,
				     pair->share, i),
			0);
	}
}

static void end_second(struct pair *pair)
{
	sipring_members_bury(pair->share->members, pair->members[1]);
}

static void close_pair(struct pair *pair)
{
	sipring_admission_close(&pair->one);
	sipring_admission_close(&pair->two);
	sipring_share_close(pair->share);
	sipring_config_free(pair->config);
}

/* Of two workers, and of one that comes after another in its place. */
Test(admission, of_all_workers_together)
{
	struct pair pair;

	open_pair(&pair,
		(const char *[]){"max_assocs", "3", "accept_rate", "10", "accept_burst", "5",
			NULL});
	cr_expect_eq(enter(&pair.one, "192.0.2.1:1", 5), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&pair.one, "192.0.2.1:1", 5), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&pair.two, "192.0.2.1:1", 5), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&pair.two, "192.0.2.1:1", 5), SIPRING_ADMISSION_ALL);
	cr_expect_eq(enter(&pair.one, "192.0.2.1:1", 5), SIPRING_ADMISSION_ALL);
	leave(&pair.one, "192.0.2.1:1");
	cr_expect_eq(enter(&pair.two, "192.0.2.1:1", 5), SIPRING_ADMISSION_GRANTED);
	leave(&pair.two, "192.0.2.1:1");
	cr_expect_eq(enter(&pair.one, "192.0.2.1:1", 5), SIPRING_ADMISSION_GRANTED, "the fifth");
	leave(&pair.one, "192.0.2.1:1");
	cr_expect_eq(enter(&pair.two, "192.0.2.1:1", 5), SIPRING_ADMISSION_RATE);
	cr_expect_eq(enter(&pair.two, "192.0.2.1:1", 105), SIPRING_ADMISSION_GRANTED);
	leave(&pair.two, "192.0.2.1:1");
	cr_expect_eq(enter(&pair.one, "192.0.2.1:1", 105), SIPRING_ADMISSION_RATE);
	end_second(&pair);
	cr_expect_eq(enter(&pair.one, "192.0.2.1:1", 1000), SIPRING_ADMISSION_GRANTED,
		"it is gone");
	cr_expect_eq(enter(&pair.one, "192.0.2.1:1", 1000), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&pair.one, "192.0.2.1:1", 1000), SIPRING_ADMISSION_ALL);
	close_pair(&pair);
}

Test(admission, of_one_address_by_all_workers)
{
	struct pair pair;

	open_pair(&pair, (const char *[]){"max_assocs_per_addr", "3", NULL});
	cr_expect_eq(enter(&pair.one, "192.0.2.1:1", 5), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&pair.two, "192.0.2.1:2", 5), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&pair.two, "192.0.2.1:3", 5), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&pair.one, "192.0.2.1:4", 5), SIPRING_ADMISSION_ADDRESS);
	cr_expect_eq(enter(&pair.two, "192.0.2.1:4", 5), SIPRING_ADMISSION_ADDRESS);
	cr_expect_eq(enter(&pair.one, "192.0.2.2:1", 5), SIPRING_ADMISSION_GRANTED, "another");
	leave(&pair.two, "192.0.2.1:3");
	cr_expect_eq(enter(&pair.one, "192.0.2.1:4", 5), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&pair.two, "192.0.2.1:5", 5), SIPRING_ADMISSION_ADDRESS);
	end_second(&pair);
	cr_expect_eq(enter(&pair.one, "192.0.2.1:6", 5), SIPRING_ADMISSION_GRANTED, "it is gone");
	cr_expect_eq(enter(&pair.one, "192.0.2.1:7", 5), SIPRING_ADMISSION_ADDRESS);
	close_pair(&pair);
}

/* Who takes the place of one that was killed begins with nothing. */
Test(admission, of_one_address_after_another_worker)
{
	struct pair pair;
	uint32_t third;

	open_pair(&pair, (const char *[]){"max_assocs_per_addr", "1", NULL});
	cr_expect_eq(enter(&pair.two, "192.0.2.1:1", 5), SIPRING_ADMISSION_GRANTED);
	end_second(&pair);
	third = sipring_members_join(pair.share->members);
	cr_assert_eq(sipring_share_take(pair.share, 1, 1, third), 1);
	sipring_admission_close(&pair.two);
	cr_assert_eq(sipring_admission_open(&pair.two, pair.config, pair.share, 1), 0);
	cr_expect_eq(enter(&pair.one, "192.0.2.1:2", 5), SIPRING_ADMISSION_GRANTED);
	cr_expect_eq(enter(&pair.two, "192.0.2.1:3", 5), SIPRING_ADMISSION_ADDRESS);
	close_pair(&pair);
}
