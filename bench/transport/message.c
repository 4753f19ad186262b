/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages that are exchanged. Both are built once; per message the identity alone is written,
 * so that what a baseline spends on SIP is next to nothing. A request is padded by its User-Agent
 * as far as a header is ever that long, and beyond by a body.
 */
#include "message.h"

#include <stdio.h>
#include <string.h>

#define BRANCH "z9hG4bK"
#define REQUEST_START                             \
	"OPTIONS sip:bench@127.0.0.1 SIP/2.0\r\n" \
	"Via: SIP/2.0/SCTP 127.0.0.1;branch=" BRANCH
#define REQUEST_ID (sizeof(REQUEST_START) - 1)
#define HEADER_PADDING_MAX 400

static const char request_middle[] = "\r\nMax-Forwards: 70\r\n"
				     "From: <sip:client@127.0.0.1>;tag=5f2c1e\r\n"
				     "To: <sip:bench@127.0.0.1>\r\n"
				     "Call-ID: 7d0a3b1c9e5f8@127.0.0.1\r\n"
				     "CSeq: 1 OPTIONS\r\n"
				     "User-Agent: bench";

static const char reply_start[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/SCTP 127.0.0.1;branch=" BRANCH;
static const char reply_middle[] = "\r\nFrom: <sip:client@127.0.0.1>;tag=5f2c1e\r\n"
				   "To: <sip:bench@127.0.0.1>;tag=0f3e2d1c\r\n"
				   "Call-ID: 7d0a3b1c9e5f8@127.0.0.1\r\n"
				   "CSeq: 1 OPTIONS\r\n"
				   "Server: bench";

/* Fills the message up to its size: a header's rest, Content-Length and a body. */
static bool finish(struct message *message, size_t size)
{
	char ending[64];
	size_t n_body = 0;
	size_t rest = sizeof("\r\nContent-Length: 0\r\n\r\n") - 1;
	size_t at = message->size;

	if (size > sizeof(message->text) || at + rest > size)
		return false;
	if (size - at - rest > HEADER_PADDING_MAX)
		n_body = size - at - HEADER_PADDING_MAX;
	int n_ending = snprintf(ending, sizeof(ending), "\r\nContent-Length: %zu\r\n\r\n", n_body);
	size_t n_padding = size - at - n_body - (size_t)n_ending;

	memset(message->text + at, 'x', n_padding);
	memcpy(message->text + at + n_padding, ending, (size_t)n_ending);
	memset(message->text + size - n_body, '.', n_body);
	message->size = size;
	return true;
}

static bool build(struct message *message, const char *start, const char *middle, size_t size)
{
	char id[MESSAGE_ID_SIZE + 1] = "0000000000000000";

	message->id = strlen(start);
	message->size =
		(size_t)snprintf(message->text, sizeof(message->text), "%s%s%s", start, id, middle);
	return finish(message, size);
}

bool message_request(struct message *request, size_t size)
{
	return size >= MESSAGE_REQUEST_MIN && build(request, REQUEST_START, request_middle, size);
}

bool message_reply(struct message *reply, size_t size)
{
	return size >= MESSAGE_REPLY_MIN && build(reply, reply_start, reply_middle, size);
}

void message_identify(struct message *message, uint64_t id)
{
	static const char digits[16] = "0123456789abcdef";

	for (unsigned i = 0; i < MESSAGE_ID_SIZE; i++)
		message->text[message->id + i] = digits[id >> (60 - 4 * i) & 15];
}

bool message_answer(struct message *reply, const char *request, size_t size)
{
	if (size < REQUEST_ID + MESSAGE_ID_SIZE ||
		memcmp(request + REQUEST_ID - (sizeof(BRANCH) - 1), BRANCH, sizeof(BRANCH) - 1))
		return false;
	memcpy(reply->text + reply->id, request + REQUEST_ID, MESSAGE_ID_SIZE);
	return true;
}

bool message_is_reply(const char *text, size_t size, uint64_t *id)
{
	static const char status[] = "SIP/2.0 200 ";
	const char *at;
	uint64_t sum = 0;

	if (size < MESSAGE_REPLY_MIN || memcmp(text, status, sizeof(status) - 1))
		return false;
	at = memmem(text, size, BRANCH, sizeof(BRANCH) - 1);
	if (!at || (size_t)(text + size - at) < sizeof(BRANCH) - 1 + MESSAGE_ID_SIZE)
		return false;
	at += sizeof(BRANCH) - 1;
	for (unsigned i = 0; i < MESSAGE_ID_SIZE; i++) {
		unsigned digit =
			at[i] <= '9' ? (unsigned)(at[i] - '0') : (unsigned)(at[i] - 'a') + 10;

		if (digit > 15)
			return false;
		sum = sum << 4 | digit;
	}
	*id = sum;
	return true;
}
