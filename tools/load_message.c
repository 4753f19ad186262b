/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests of a load. One is built at start, with a mark of 16 characters wherever a request
 * differs from the next (Call-ID, branch, From tag); before each send the marks are overwritten in
 * place with the hex digits of the slot's index and generation. An answer is recognized by its
 * Call-ID: the same 16 digits, then the run's own. ACKs are built from the answer alone, so that
 * one for a repeated answer needs no memory of the request. Nothing is allocated.
 */
#include "tools/load_message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MARK "xXxMARK-MARKxXx0"
#define MARK_SIZE 16

_Static_assert(sizeof(MARK) == MARK_SIZE + 1, "a mark is as long as two numbers in hex");

static struct sipring_span span_of(const char *text)
{
	return (struct sipring_span){.data = text, .size = strlen(text)};
}

static void write_hex(char *out, uint32_t value)
{
	static const char digits[16] = "0123456789abcdef";
	for (unsigned i = 0; i < 8; i++)
		out[i] = digits[value >> (28 - 4 * i) & 15];
}

static int read_hex(const char *text, uint32_t *value)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < 8; i++) {
		char c = text[i];
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
			: c >= 'a' && c <= 'f'        ? (unsigned)(c - 'a') + 10
						      : 16;
		if (digit > 15)
			return -EINVAL;
		sum = sum << 4 | digit;
	}
	*value = sum;
	return 0;
}

static int find_marks(struct load_message *message)
{
	char *at = message->text, *end = at + message->size;
	message->n_marks = 0;
	while ((at = memmem(at, (size_t)(end - at), MARK, MARK_SIZE))) {
		if (message->n_marks == LOAD_MESSAGE_MARKS_MAX)
			return -EINVAL;
		message->marks[message->n_marks++] = (uint32_t)(at - message->text);
		at += MARK_SIZE;
	}
	return message->n_marks == 3 ? 0 : -EINVAL;
}

/* Builds the template; size_wanted 0: no padding. 0, or -errno with a text. target is kept. */
int load_message_setup(struct load_message *message, const struct client_target *target,
	const char *method, size_t size_wanted, uint64_t random, struct sipring_error *error)
{
	char branch[64];
	message->target = target;
	snprintf(message->run, sizeof(message->run), "%016" PRIx64, random);
	snprintf(message->call_id, sizeof(message->call_id), MARK "-%s@%s", message->run,
		target->sent_by);
	snprintf(branch, sizeof(branch), "z9hG4bK" MARK "%s", message->run);
	struct sipring_request request = {.method = span_of(method),
		.uri = span_of(target->uri),
		.from = span_of(target->from),
		.from_tag = span_of(MARK),
		.call_id = span_of(message->call_id),
		.branch = span_of(branch),
		.sent_by = span_of(target->sent_by),
		.contact = span_of(target->contact),
		.transport = SIPRING_TRANSPORT_SCTP,
		.cseq = 1,
		.size_wanted = size_wanted};
	int size = sipring_request_write(message->text, sizeof(message->text), &request);
	if (size < 0 || !client_is_request(message->text, (size_t)size)) {
		snprintf(error->text, sizeof(error->text),
			"no request can be built with method '%s' and this URI%s%s", method,
			size < 0 ? ": " : "", size < 0 ? strerror(-size) : "");
		return size < 0 ? size : -EINVAL;
	}
	message->size = (size_t)size;
	if (size_wanted && message->size != size_wanted) {
		snprintf(error->text, sizeof(error->text),
			"--size %zu is too small: this request has %zu bytes", size_wanted,
			message->size);
		return -EINVAL;
	}
	if (find_marks(message) < 0) {
		snprintf(error->text, sizeof(error->text), "the URI is not fit for a load");
		return -EINVAL;
	}
	return 0;
}

/* Makes the template the request of this slot and generation. */
void load_message_patch(struct load_message *message, uint32_t index, uint32_t generation)
{
	char hex[MARK_SIZE];
	write_hex(hex, index);
	write_hex(hex + 8, generation);
	for (unsigned i = 0; i < message->n_marks; i++)
		memcpy(message->text + message->marks[i], hex, MARK_SIZE);
}

/* Whose answer this is. 0, or -ENOENT for one that is not of this run. */
int load_message_match(const struct load_message *message, const struct sipring_message *answer,
	uint32_t *index, uint32_t *generation)
{
	const struct sipring_header *header =
		sipring_message_header(answer, SIPRING_HEADER_CALL_ID);
	size_t size = strlen(message->call_id);
	if (!header || header->value.size != size ||
		memcmp(header->value.data + MARK_SIZE, message->call_id + MARK_SIZE,
			size - MARK_SIZE) ||
		read_hex(header->value.data, index) < 0 ||
		read_hex(header->value.data + 8, generation) < 0)
		return -ENOENT;
	return 0;
}

/*
 * The ACK of a final answer to an INVITE. Of a refusal it belongs to the INVITE's transaction and
 * has its branch and Request-URI (RFC 3261 17.1.1.3); of a 2xx it has a branch of its own and goes
 * to the answer's Contact (13.2.2.4). Its size, or -errno where the answer does not do.
 */
int load_message_ack(const struct load_message *message, const struct sipring_message *answer,
	char *out, size_t capacity)
{
	char branch[64];
	struct sipring_name_addr from = {0}, to = {0}, contact = {0};
	struct sipring_via via = {0};
	const struct sipring_header *header;
	const struct sipring_header *id = sipring_message_header(answer, SIPRING_HEADER_CALL_ID);
	bool is_refusal = answer->status >= 300;
	if (!id || !(header = sipring_message_header(answer, SIPRING_HEADER_FROM)) ||
		sipring_name_addr_parse(&from, header->value) ||
		!(header = sipring_message_header(answer, SIPRING_HEADER_TO)) ||
		sipring_name_addr_parse(&to, header->value) ||
		!(header = sipring_message_header(answer, SIPRING_HEADER_VIA)) ||
		sipring_via_parse(&via, header->value))
		return -EINVAL;
	header = sipring_message_header(answer, SIPRING_HEADER_CONTACT);
	if (is_refusal || !header || sipring_name_addr_parse(&contact, header->value))
		contact.uri = span_of(message->target->uri);
	snprintf(branch, sizeof(branch), "z9hG4bK%.16s%s-ack", id->value.data, message->run);
	struct sipring_request request = {.method = span_of("ACK"),
		.uri = contact.uri,
		.to = span_of(message->target->uri),
		.to_tag = to.tag,
		.from = span_of(message->target->from),
		.from_tag = from.tag,
		.call_id = id->value,
		.branch = is_refusal && via.branch.data ? via.branch : span_of(branch),
		.sent_by = span_of(message->target->sent_by),
		.transport = SIPRING_TRANSPORT_SCTP,
		.cseq = answer->cseq.number};
	return sipring_request_write(out, capacity, &request);
}
