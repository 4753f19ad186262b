/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a worker does with messages for which takers have no room: whole ones and pieces, kept in
 * their buffers and slots of reassembly, put in later in order, each once, and every buffer given
 * back. The provider is a stub that counts; the rest of the inbound path is the engine's own.
 */
#include "engine/worker.h"

#include "random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 3      /* of reassembly */
#define BUFFERS 4096 /* of the stub */
#define LONG 20000u  /* bytes of a message that comes in pieces */
#define PIECE 8000u

static char *buffers[BUFFERS]; /* those that are kept */
static unsigned n_kept, n_aborted;
static char *last; /* the buffer of the event under way */

static struct sipring *sipring;
static struct sipring_worker worker;
static struct sipring_association *associations[4];
static struct sipring_sctp_conn conns[4];
static uint32_t taker;

static void stub_keep(struct sipring_sctp *sctp, const char *data)
{
	(void)sctp;
	cr_assert_eq(data, last, "only the event's own");
	cr_assert_lt(n_kept, (unsigned)BUFFERS);
	buffers[n_kept++] = last;
	last = NULL;
}

static void stub_give_back(struct sipring_sctp *sctp, const char *data)
{
	unsigned i = 0;

	(void)sctp;
	while (i < n_kept && buffers[i] != data)
		i++;
	cr_assert_lt(i, n_kept, "it was not kept");
	free(buffers[i]);
	buffers[i] = buffers[--n_kept];
}

static void stub_abort(struct sipring_sctp *sctp, struct sipring_sctp_conn *conn)
{
	(void)sctp, (void)conn;
	n_aborted++;
}

static const struct sipring_sctp_ops stub = {.name = "stub",
	.keep = stub_keep,
	.give_back = stub_give_back,
	.abort = stub_abort};
static struct sipring_sctp provider = {.ops = &stub};

static void open_worker(void)
{
	static const char *const pairs[] = {"takers", "1", "inbox_small", "16", "inbox_medium", "4",
		"inbox_large", "2", "reassembly_slots", "3", NULL};
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error;

	for (unsigned i = 0; pairs[i]; i += 2)
		cr_assert_eq(sipring_config_set(config, pairs[i], pairs[i + 1], &error), 0);
	cr_assert_eq(sipring_open(&sipring, config, &error), 0);
	sipring_config_free(config);
	worker.sipring = sipring;
	worker.sctp = &provider;
	worker.party.member = sipring_members_join(sipring->share->members);
	taker = sipring_members_join(sipring->share->members);
	sipring_list_init(&worker.flush);
	sipring_wheel_init(&worker.wheel, 0);
	cr_assert_eq(sipring_table_open(&worker.table, 16, 4), 0);
	cr_assert_eq(sipring_pool_open(&worker.slots, SLOTS, sipring_reassembly_slot_size(65535)),
		0);
	cr_assert_eq(sipring_handoff_open(&worker), 0);
	for (unsigned i = 0; i < 4; i++) {
		union sipring_address peer = {.v4 = {.sin_family = AF_INET}};

		peer.v4.sin_addr.s_addr = 1 + i;
		associations[i] = sipring_table_add(&worker.table, &peer, true, true);
		(void)sipring_association_up(associations[i]);
		associations[i]->conn = &conns[i];
		conns[i].owner = associations[i];
	}
}

TestSuite(handoff, .init = open_worker);

/* A request of exactly that size with a number in it. */
static char *request(unsigned number, size_t size)
{
	char *text = malloc(size + SIPRING_IO_TAIL);
	int head = snprintf(text, size,
		"MESSAGE sip:a SIP/2.0\r\nVia: SIP/2.0/SCTP h;branch=z9hG4bK1\r\n"
		"From: <sip:a>;tag=1\r\n"
		"To: <sip:b>\r\nCall-ID: %u\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n\r\n",
		number);

	cr_assert_lt((size_t)head, size);
	memset(text + head, (int)('a' + number % 26), size - (size_t)head);
	return text;
}

static void event(unsigned association, const char *data, size_t size, bool end)
{
	struct sipring_sctp_event event = {.type = SIPRING_SCTP_DATA,
		.conn = &conns[association],
		.size = size,
		.end = end};

	last = malloc(size + SIPRING_IO_TAIL);
	memcpy(last, data, size);
	event.data = last;
	sipring_inbound_act(&worker, &event);
	free(last); /* unless it is kept */
	last = NULL;
}

static void whole(unsigned association, unsigned number, size_t size)
{
	char *text = request(number, size);

	event(association, text, size, true);
	free(text);
}

static void pieces(unsigned association, unsigned number, size_t from, size_t to)
{
	char *text = request(number, LONG);

	for (size_t at = from; at < to; at += PIECE) {
		size_t size = at + PIECE < to ? PIECE : to - at;

		event(association, text + at, size, at + size == LONG);
	}
	free(text);
}

/* The next message's number, and gives it back; -1: there is none. */
static int take(void)
{
	struct sipring_inbox *inbox = sipring->split->inboxes[0];
	struct sipring_inbox_slot slot;
	int number;
	char *text;

	if (sipring_inbox_take(inbox, taker, &slot))
		return -1;
	number = atoi((char *)memmem(slot.bytes, slot.entry->size, "Call-ID: ", 9) + 9);
	text = request((unsigned)number, slot.entry->size);
	cr_assert_eq(memcmp(text, slot.bytes, slot.entry->size), 0, "message %d", number);
	cr_assert_eq(slot.bytes[slot.entry->size], 0);
	free(text);
	cr_assert_eq(sipring_split_give(sipring->split, 0, &slot), 0);
	return number;
}

static unsigned drain(unsigned *numbers)
{
	unsigned n = 0;
	int number;

	do {
		sipring_handoff_run(&worker);
		number = take();
		if (number >= 0)
			numbers[n++] = (unsigned)number;
	} while (number >= 0);
	return n;
}

static void expect_nothing_kept(void)
{
	cr_expect_eq(n_kept, 0);
	cr_expect_eq(worker.handoff.n_waiting + worker.handoff.n_pieces, 0);
	cr_expect_eq(worker.handoff.n_in_slots, 0);
	cr_expect_eq(sipring_pool_used(&worker.handoff.pool), 0);
	cr_expect_eq(sipring_pool_used(&worker.slots), 0);
}

Test(handoff, what_has_room_is_not_kept)
{
	unsigned numbers[8];

	for (unsigned i = 0; i < 5; i++)
		whole(0, i, 500);
	pieces(0, 5, 0, LONG);
	cr_expect_eq(n_kept, 0);
	cr_expect_eq(drain(numbers), 6);
	for (unsigned i = 0; i < 6; i++)
		cr_expect_eq(numbers[i], i);
	cr_expect_eq(worker.stats.inbox_full, 0);
	expect_nothing_kept();
}

Test(handoff, whole_messages_wait_in_order)
{
	unsigned numbers[100];

	for (unsigned i = 0; i < 100; i++)
		whole(i % 4, i, 500);
	cr_expect_eq(worker.handoff.n_waiting, 100 - 22);
	cr_expect_eq(n_kept, 100 - 22);
	cr_expect_eq(worker.stats.inbox_full, 100 - 22);
	cr_expect_eq(drain(numbers), 100);
	for (unsigned i = 0; i < 100; i++)
		cr_expect_eq(numbers[i], i);
	expect_nothing_kept();
}

Test(handoff, a_long_one_holds_up_no_short_one)
{
	unsigned numbers[20];

	for (unsigned i = 0; i < 3; i++)
		whole(0, i, 30000);
	cr_expect_eq(worker.handoff.n_waiting, 1, "two slots are large enough");
	for (unsigned i = 3; i < 10; i++)
		whole(1, i, 500);
	cr_expect_eq(worker.handoff.n_waiting, 1);
	cr_expect_eq(drain(numbers), 10);
	expect_nothing_kept();
}

Test(handoff, short_ones_take_no_slot_for_which_a_long_one_waits)
{
	unsigned numbers[60];

	for (unsigned i = 0; i < 3; i++)
		whole(0, i, 30000);
	for (unsigned i = 3; i < 50; i++)
		whole(1, i, 500);
	cr_expect_eq(worker.handoff.n_waiting, 1 + 47 - 20, "16 and 4, none of the large ones");
	cr_expect_eq(take(), 0);
	sipring_handoff_run(&worker);
	cr_expect_eq(worker.handoff.n_waiting, 47 - 20, "the long one has its slot");
	cr_expect_eq(drain(numbers), 49);
	expect_nothing_kept();
}

Test(handoff, reassembled_ones_wait_in_their_slots_and_pieces_behind_them)
{
	unsigned numbers[40], n;

	/* Two in the inbox, three in slots: there is no slot for what follows. */
	for (unsigned i = 0; i < 5; i++)
		pieces(0, i, 0, LONG);
	cr_expect_eq(worker.handoff.n_in_slots, SLOTS);
	cr_expect_eq(n_kept, 0);
	pieces(1, 5, 0, LONG);
	cr_expect_eq(n_kept, 3, "its pieces lie where they came");
	whole(1, 6, 500);
	cr_expect_eq(n_kept, 4, "and what follows them");
	whole(2, 7, 500);
	cr_expect_eq(n_kept, 4, "others have room");
	pieces(2, 8, 0, LONG);
	cr_expect_eq(n_aborted, 0);
	n = drain(numbers);
	cr_expect_eq(n, 9);
	for (unsigned i = 0, seen = 0; i < n; i++) {
		cr_expect_not(seen >> numbers[i] & 1, "%u comes twice", numbers[i]);
		seen |= 1u << numbers[i];
	}
	expect_nothing_kept();
	cr_expect_eq(associations[1]->n_pieces_kept, 0);
}

Test(handoff, where_partial_ones_have_all_slots_it_is_as_without_takers)
{
	for (unsigned i = 0; i < 3; i++)
		pieces(i, i, 0, PIECE);
	pieces(3, 3, 0, PIECE);
	cr_expect_eq(n_aborted, 1);
	cr_expect_eq(worker.stats.no_reassembly, 1);
	cr_expect_eq(n_kept, 0);
}

Test(handoff, pieces_that_cannot_get_a_slot_any_more_do_not_wait_for_ever)
{
	unsigned numbers[10];

	for (unsigned i = 0; i < 5; i++)
		pieces(0, i, 0, LONG);
	for (unsigned i = 0; i < 4; i++)
		pieces(i, 10 + i, 0, PIECE); /* their ends never come */
	cr_expect_eq(worker.handoff.n_pieces, 4);
	cr_expect_eq(drain(numbers), 5);
	cr_expect_eq(worker.handoff.n_pieces, 0);
	cr_expect_eq(n_aborted, 1, "three slots for four");
	cr_expect_eq(n_kept, 0);
}

Test(handoff, pieces_of_a_message_that_is_given_up_are_forgotten)
{
	struct sipring_sctp_event abandoned = {.type = SIPRING_SCTP_ABANDONED, .conn = &conns[1]};
	unsigned numbers[20];

	for (unsigned i = 0; i < 5; i++)
		pieces(0, i, 0, LONG);
	pieces(1, 5, 0, LONG);
	pieces(1, 6, 0, 2 * PIECE);
	cr_expect_eq(n_kept, 5);
	sipring_inbound_act(&worker, &abandoned);
	cr_expect_eq(n_kept, 3, "the whole one stays");
	pieces(1, 7, 0, LONG);
	cr_expect_eq(drain(numbers), 7);
	expect_nothing_kept();
}

Test(handoff, pieces_of_an_association_that_went_are_counted)
{
	unsigned numbers[20];

	for (unsigned i = 0; i < 5; i++)
		pieces(0, i, 0, LONG);
	pieces(1, 5, 0, LONG);
	sipring_table_unlist(&worker.table, associations[1]);
	sipring_table_remove(&worker.table, associations[1]);
	cr_expect_eq(drain(numbers), 5);
	cr_expect_eq(worker.stats.abandoned, 1);
	expect_nothing_kept();
}

/* Everything at once, at random: each once, and each association's long ones whole. */
Test(handoff, at_random)
{
	unsigned numbers[2000], n_put = 0, n = 0;
	uint64_t seed = 11;
	static bool seen[2000];

	while (n_put < 2000) {
		unsigned association = (unsigned)random_below(&seed, 4);

		if (random_below(&seed, 4) == 0)
			pieces(association, n_put++, 0, LONG);
		else
			whole(association, n_put++, 300 + random_below(&seed, 30) * 300);
		if (random_below(&seed, 3) == 0 || n_kept > 100) {
			int number = take();

			if (number >= 0)
				numbers[n++] = (unsigned)number;
			sipring_handoff_run(&worker);
		}
	}
	n += drain(numbers + n);
	cr_expect_eq(n, 2000);
	for (unsigned i = 0; i < n; i++) {
		cr_expect_not(seen[numbers[i]]);
		seen[numbers[i]] = true;
	}
	cr_expect_eq(n_aborted, 0);
	expect_nothing_kept();
}
