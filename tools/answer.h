/* SPDX-License-Identifier: BSD-2-Clause */
/* What `sipring serve` answers, and the text of the answer. */
#pragma once

#include <sipring/sip.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_OTHERS_MAX 16
#define ANSWER_NONE 0 /* in place of a status: leave it unanswered */

/* What to answer to which method. A value. */
struct answer_policy {
	uint16_t statuses[SIPRING_METHOD_COUNT]; /* by method; that of OTHER: any other token */
	struct {
		char name[32];
		uint16_t status;
	} others[ANSWER_OTHERS_MAX]; /* methods without a number that --answer named */
	unsigned n_others;
	uint64_t secret[2]; /* of To tags */
	char headers[768];  /* "Allow: …\r\nServer: …\r\n" */
	size_t headers_size;
	bool headers_are_good; /* which need not be looked at with every answer */
};

void answer_setup(struct answer_policy *policy);
int answer_configure(struct answer_policy *policy, const char *list, struct sipring_error *error);
void answer_finish(struct answer_policy *policy);
uint16_t answer_status(const struct answer_policy *policy, const struct sipring_message *request);
int answer_write(const struct answer_policy *policy, struct sipring_message *request,
	uint16_t status, const union sipring_address *source,
	const union sipring_address *destination, char *out, size_t capacity);
