/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of the requests and ACKs of a load. */
#pragma once

#include "tools/client.h"

#include <sipring/sip.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_MESSAGE_MAX 65535
#define LOAD_MESSAGE_MARKS_MAX 4

/* The request of a load as a template, and the constants of its run. A value of some 64 KB. */
struct load_message {
	const struct client_target *target;
	char run[17]; /* 16 hex digits of this run */
	char call_id[128], from_tag[48];
	size_t size;
	unsigned n_marks;
	uint32_t marks[LOAD_MESSAGE_MARKS_MAX]; /* where index and generation go */
	char text[LOAD_MESSAGE_MAX + 1];
};

int load_message_setup(struct load_message *message, const struct client_target *target,
	const char *method, size_t size_wanted, uint64_t random, struct sipring_error *error);
void load_message_patch(struct load_message *message, uint32_t index, uint32_t generation);
int load_message_match(const struct load_message *message, const struct sipring_message *answer,
	uint32_t *index, uint32_t *generation);
int load_message_ack(const struct load_message *message, const struct sipring_message *answer,
	char *out, size_t capacity);
