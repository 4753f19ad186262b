/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one request and the one reply that every program here exchanges. A request carries its
 * identity, 16 hex digits, in the branch of its Via and always at the same place, so that a
 * baseline can answer without parsing; the reply repeats it somewhere after "z9hG4bK".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_ID_SIZE 16
#define MESSAGE_MAX 65536
#define MESSAGE_REQUEST_MIN 300
#define MESSAGE_REPLY_MIN 300

struct message {
	size_t size;
	size_t id; /* where the identity stands */
	char text[MESSAGE_MAX];
};

bool message_request(struct message *request, size_t size);
bool message_reply(struct message *reply, size_t size);
void message_identify(struct message *message, uint64_t id);

/* Makes reply the answer to a request; false: that was no request of message_request. */
bool message_answer(struct message *reply, const char *request, size_t size);

/* The identity of a good reply that answers 200; false: it is none. */
bool message_is_reply(const char *text, size_t size, uint64_t *id);
