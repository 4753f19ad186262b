/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A parser under test: how to parse a message fully and let go of it (timed), and what it found
 * (compared with what the others found).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define FIELD_SIZE 160

/* NUL-terminated; empty where the message has none. Hosts are without brackets. */
struct fields {
	char start[FIELD_SIZE]; /* the method, or the status in digits */
	char uri_host[FIELD_SIZE];
	char via_host[FIELD_SIZE], via_port[FIELD_SIZE], branch[FIELD_SIZE];
	char from_host[FIELD_SIZE], from_tag[FIELD_SIZE];
	char to_host[FIELD_SIZE], to_tag[FIELD_SIZE];
	char call_id[FIELD_SIZE], cseq[FIELD_SIZE], cseq_method[FIELD_SIZE];
	char contact_host[FIELD_SIZE], route_host[FIELD_SIZE];
};

struct peer {
	const char *name;
	void (*open)(void);
	/*
	 * Start line, all headers, and the values of Via, From, To, CSeq, Call-ID, Contact and
	 * Route with their URIs. Fills *fields where it is not NULL. False: refused.
	 */
	bool (*parse)(const char *data, size_t size, struct fields *fields);
};

extern const struct peer peer_sipring, peer_osip, peer_sofia, peer_re;

/* A text of any length into a field, without brackets around a host. */
static inline void set_field(char *field, const char *data, size_t size)
{
	if (size >= 2 && data[0] == '[' && data[size - 1] == ']') {
		data++;
		size -= 2;
	}
	if (size >= FIELD_SIZE)
		size = FIELD_SIZE - 1;
	if (size)
		memcpy(field, data, size);
	field[size] = 0;
}

static inline void set_text(char *field, const char *text)
{
	set_field(field, text ? text : "", text ? strlen(text) : 0);
}
