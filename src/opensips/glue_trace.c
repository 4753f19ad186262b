/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces of associations that come and go, to a destination of the module proto_hep, as OpenSIPS
 * has them of TCP connections: ACCEPTED, CONNECTED (or its failure), RESTARTED, CLOSED, with the
 * association's id to correlate by. SIP messages are traced by the script, whatever their
 * transport.
 *
 * An engine process only looks whether traces are wanted, and only when an association changes; a
 * SIP worker makes and sends them (glue_notes.c).
 */
#include "opensips/glue.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define COLLECTOR "proto_hep"
#define MESSAGES_OF "net" /* what the collector has messages about transports under */

char *sipring_glue_trace_destination;
int sipring_glue_trace_on;

static atomic_bool *is_on; /* of all processes */
static trace_proto_t collector;
static trace_dest destination;
static int message_id, correlation_vendor, correlation_id;

/* Commands may come before the collector is known, and where there is none. */
bool sipring_glue_trace_open(void)
{
	str name;

	is_on = mmap(NULL, sizeof *is_on, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		0);
	if (is_on == MAP_FAILED) {
		LM_ERR("no memory for a switch\n");
		return false;
	}
	if (!sipring_glue_trace_destination) {
		if (sipring_glue_trace_on)
			LM_WARN("trace_on is set, but no trace_destination: nothing is traced\n");
		return true;
	}
	init_str(&name, sipring_glue_trace_destination);
	if (trace_prot_bind(COLLECTOR, &collector) < 0) {
		LM_ERR("trace_destination \"%s\" needs the module " COLLECTOR ": load it\n",
			name.s);
		return false;
	}
	destination = collector.get_trace_dest_by_name(&name);
	if (!destination) {
		LM_ERR("trace_destination \"%s\" is none of " COLLECTOR
		       "'s: add modparam(\"" COLLECTOR "\", \"hep_id\", \"[%s] HOST:PORT\")\n",
			name.s, name.s);
		return false;
	}
	message_id = collector.get_message_id((char[]){MESSAGES_OF});
	if (collector.get_data_id("correlation_id", &correlation_vendor, &correlation_id) < 0)
		return false;
	atomic_store(is_on, sipring_glue_trace_on != 0);
	return true;
}

bool sipring_glue_trace_wanted(void)
{
	return destination && atomic_load_explicit(is_on, memory_order_relaxed);
}

bool sipring_glue_trace_switch(bool on)
{
	if (!destination)
		return false;
	atomic_store(is_on, on);
	return true;
}

static void add(trace_message message, const char *key, const char *text)
{
	str value;

	init_str(&value, text);
	if (value.len)
		collector.add_payload_part(message, (char *)(uintptr_t)key, &value);
}

/* Where the listener is not known all of its address is 0. */
static void own_address(const struct sipring_glue_note *note, union sockaddr_union *su)
{
	const struct socket_info *si = sipring_glue_listen_standing((int)note->listener - 1);

	memset(su, 0, sizeof *su);
	su->s.sa_family = note->peer.sa.sa_family;
	if (si) {
		struct ip_addr ip = si->address;

		init_su(su, &ip, si->port_no);
	}
}

static const char *what(const struct sipring_glue_note *note)
{
	if (note->type == SIPRING_EVENT_UP)
		return note->inbound ? "ACCEPTED" : "CONNECTED";
	if (note->type == SIPRING_EVENT_RESTART)
		return "RESTARTED";
	return note->stood ? "CLOSED" : "CONNECTED";
}

static void fill(trace_message message, const struct sipring_glue_note *note)
{
	bool has_failed = note->type == SIPRING_EVENT_DOWN && !note->stood;

	add(message, "Protocol", "SCTP");
	add(message, "Event", what(note));
	add(message, "Status", has_failed ? "FAILURE" : "SUCCESS");
	add(message, "Message", note->error ? strerror(-note->error) : "");
}

void sipring_glue_trace_send(const struct sipring_glue_note *note)
{
	union sockaddr_union peer, own;
	trace_message message;
	char id[16];
	int size = snprintf(id, sizeof id, "%u", note->association);

	memset(&peer, 0, sizeof peer);
	memcpy(&peer, &note->peer, sizeof note->peer);
	own_address(note, &own);
	message = collector.create_trace_message(note->inbound ? &peer : &own,
		note->inbound ? &own : &peer, IPPROTO_SCTP, NULL, message_id, destination);
	if (!message) {
		LM_ERR("no trace of an association: no message could be made\n");
		return;
	}
	if (collector.add_chunk(message, id, size, TRACE_TYPE_STR, correlation_id,
		    correlation_vendor) >= 0) {
		fill(message, note);
		if (collector.send_message(message, destination, NULL) < 0)
			LM_ERR("no trace of an association: it could not be sent\n");
	}
	collector.free_message(message);
}
