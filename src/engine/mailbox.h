/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker's letter box in shared memory: sends that other threads and processes have for its
 * associations. Bounded; many write, one reads; nobody waits for anybody, and a writer that is
 * killed takes nothing with him but his own message.
 */
#pragma once

#include "engine/members.h"
#include "net/address_set.h"

#include <sipring/types.h>

/* Bytes: what a SIP message may have over any transport, and further addresses of its peer. */
#define SIPRING_MAILBOX_SIZE_MAX (65535 + SIPRING_ADDRESS_SET_MAX * 28)

struct sipring_mailbox; /* lies in a region, without pointers */

/* Beside enum sipring_send_flags: not a message, but the wish to end an association. */
enum sipring_mail_flags { SIPRING_MAIL_SHUTDOWN = 64, SIPRING_MAIL_ABORT = 128 };

/* What goes in front of the bytes; one of association and peer says where to. */
struct sipring_mail {
	union sipring_address peer; /* AF_UNSPEC: not given */
	uint32_t association;       /* its id with the reader, 0: not given */
	uint32_t sender;            /* the member to whom the outcome is told */
	uint32_t reader;            /* the member for whom it is: not for his successor */
	uint32_t cookie;
	uint32_t ppid;
	uint32_t size; /* bytes of message */
	uint16_t stream;
	uint8_t flags;     /* enum sipring_send_flags and sipring_mail_flags */
	uint8_t listener;  /* of struct sipring_send */
	uint32_t n_others; /* further addresses of the peer, behind the bytes */
};

enum sipring_mailbox_pushed {
	SIPRING_MAILBOX_PUSHED = 0,
	SIPRING_MAILBOX_WAKE = 1, /* pushed; the caller is the one who has to wake the reader */
	SIPRING_MAILBOX_FULL = 2, /* not pushed */
};

enum sipring_mailbox_next {
	SIPRING_MAILBOX_MAIL = 0,
	SIPRING_MAILBOX_EMPTY = 1,
	SIPRING_MAILBOX_PENDING = 2, /* the writer who is first has not finished */
};

/* What a mailbox takes for n bytes; what does not fit in its half can never be pushed. */
size_t sipring_mailbox_footprint(uint32_t n_bytes);
/* On zeroed memory of that size, before anyone shares it. */
void sipring_mailbox_init(struct sipring_mailbox *mailbox, uint32_t n_bytes);

/*
 * Copies mail->size bytes in, as of the sender mail->sender. Returns one of enum
 * sipring_mailbox_pushed; -EMSGSIZE for what does not fit even when it is empty, -EINVAL for no
 * bytes; -ESTALE where the sender was taken for dead meanwhile, and then nothing was sent.
 */
int sipring_mailbox_push(struct sipring_mailbox *mailbox, const struct sipring_mail *mail,
	const void *bytes);

/* The same in two steps. What is reserved is in the reader's way until it is committed. */
struct sipring_mailbox_slot {
	uint64_t reservation;
	struct sipring_mail *mail;
	char *bytes;
};
int sipring_mailbox_reserve(struct sipring_mailbox *mailbox, uint32_t sender, uint32_t size,
	struct sipring_mailbox_slot *slot);
int sipring_mailbox_commit(struct sipring_mailbox *mailbox,
	const struct sipring_mailbox_slot *slot);

/*
 * The first message where it lies, until sipring_mailbox_release; the reader's alone. The successor
 * of a reader that was killed sees again what he had in hand. Returns enum sipring_mailbox_next.
 */
int sipring_mailbox_next(struct sipring_mailbox *mailbox, const struct sipring_members *members,
	struct sipring_mail **mail, char **bytes);
void sipring_mailbox_release(struct sipring_mailbox *mailbox);

/*
 * The reader is about to sleep. True: he may, and the next push says WAKE. False: there is
 * something to read. While it is PENDING he may sleep as well, and this says true.
 *
 * A writer may be killed between his push and the wake. So nobody sleeps longer than
 * SIPRING_MAILBOX_SLEEP_MAX_MS without looking; and who buries a member wakes every reader.
 */
#define SIPRING_MAILBOX_SLEEP_MAX_MS 200
bool sipring_mailbox_sleep(struct sipring_mailbox *mailbox, const struct sipring_members *members);
/* He is up again, for whatever reason; pushes say nothing of a wake from here on. */
void sipring_mailbox_awake(struct sipring_mailbox *mailbox);

/*
 * For a reader that was PENDING before he slept and still is: whether the writer who is in the way
 * has ended (a few system calls); if so the next sipring_mailbox_next passes it by.
 */
bool sipring_mailbox_probe(struct sipring_mailbox *mailbox, struct sipring_members *members);

/* Whether half of it is free. Anybody. */
bool sipring_mailbox_has_room(const struct sipring_mailbox *mailbox);

/* Messages lost with the writers who were writing them; the reader's count. */
uint64_t sipring_mailbox_abandoned(const struct sipring_mailbox *mailbox);
