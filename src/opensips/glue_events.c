/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an engine process has to tell: associations that come and go, and messages that were
 * accepted and did not go. Each is an event of the script, which a SIP worker raises
 * (glue_notes.c); failures are a line of the log as well, one a second.
 */
#include "opensips/glue.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static str event_association = str_init("E_SCTP_ASSOC");
static str event_failed = str_init("E_SCTP_SEND_FAILED");
static event_id_t association_id = EVI_ERROR;
static event_id_t failed_id = EVI_ERROR;

int sipring_glue_events_publish(void)
{
	association_id = evi_publish_event(event_association);
	failed_id = evi_publish_event(event_failed);
	if (association_id == EVI_ERROR || failed_id == EVI_ERROR) {
		LM_ERR("cannot publish the events of SCTP\n");
		return -1;
	}
	return 0;
}

static bool add_text(evi_params_p list, const char *name, const char *value)
{
	str key = {.s = (char *)(uintptr_t)name, .len = (int)strlen(name)};
	str text = {.s = (char *)(uintptr_t)value, .len = (int)strlen(value)};

	return evi_param_add_str(list, &key, &text) == 0;
}

static bool add_number(evi_params_p list, const char *name, int value)
{
	str key = {.s = (char *)(uintptr_t)name, .len = (int)strlen(name)};

	return evi_param_add_int(list, &key, &value) == 0;
}

static const char *reason_of(enum sipring_outcome outcome, int error)
{
	static const char *const outcomes[] = {
		[SIPRING_OUTCOME_SENT] = "",
		[SIPRING_OUTCOME_CONNECT_FAILED] = "no association could be made",
		[SIPRING_OUTCOME_LOST] = "the association was lost",
		[SIPRING_OUTCOME_TIMED_OUT] = "it waited too long",
		[SIPRING_OUTCOME_REFUSED] = "SCTP did not take it",
		[SIPRING_OUTCOME_UNRESOLVED] = "its name led nowhere",
		[SIPRING_OUTCOME_CLOSED] = "the engine ended",
	};

	return error ? strerror(-error) : outcomes[outcome];
}

static const char *state_of(enum sipring_event_type type)
{
	switch (type) {
	case SIPRING_EVENT_UP:
		return "up";
	case SIPRING_EVENT_DOWN:
		return "down";
	case SIPRING_EVENT_RESTART:
		return "restart";
	case SIPRING_EVENT_RETURNED:
		return "returned";
	case SIPRING_EVENT_FAILED:
		return "failed";
	case SIPRING_EVENT_PATH:
	case SIPRING_EVENT_WRITABLE:
	case SIPRING_EVENT_CONNECTED:
		break;
	}
	return "";
}

void sipring_glue_events_raise(const struct sipring_glue_note *note)
{
	bool has_peer = note->peer.sa.sa_family != AF_UNSPEC;
	evi_params_p list = evi_get_params();
	struct ip_addr ip;
	char id[16];

	if (!list)
		return;
	snprintf(id, sizeof id, "%u", note->association);
	if (has_peer)
		sockaddr2ip_addr(&ip, (struct sockaddr *)(uintptr_t)&note->peer.sa);
	if (!add_text(list, "state", state_of(note->type)) ||
		!add_text(list, "ip", has_peer ? ip_addr2a(&ip) : "") ||
		!add_number(list, "port", has_peer ? ntohs(note->peer.v4.sin_port) : 0) ||
		!add_text(list, "id", id) || !add_number(list, "inbound", note->inbound) ||
		!add_text(list, "reason", reason_of(note->outcome, note->error))) {
		evi_free_params(list);
		return;
	}
	if (evi_raise_event(note->event, list) < 0)
		LM_ERR("an event of SCTP could not be raised\n");
}

/* Handed on where anybody wants to know. */
static void hand(const struct sipring_event *event, event_id_t id, bool is_traced, bool stood)
{
	struct sipring_glue_note note = {
		.type = event->type,
		.event = id != EVI_ERROR && evi_probe_event(id) ? id : EVI_ERROR,
		.association = event->association,
		.error = event->error,
		.listener = event->listener,
		.inbound = event->inbound,
		.is_traced = is_traced && sipring_glue_trace_wanted(),
		.stood = stood,
	};

	if (note.event == EVI_ERROR && !note.is_traced)
		return;
	if (event->type == SIPRING_EVENT_FAILED)
		note.outcome = event->outcome;
	if (event->address)
		note.peer = *event->address;
	sipring_glue_notes_hand(&note);
}

static void tell_failure(const struct sipring_event *event)
{
	static time_t last;
	static unsigned n_silent;
	time_t now = time(NULL);
	struct ip_addr ip;

	if (now == last || !event->address) {
		n_silent++;
		return;
	}
	sockaddr2ip_addr(&ip, (struct sockaddr *)(uintptr_t)&event->address->sa);
	LM_WARN("a message to sctp:%s:%d did not go: %s (and %u more since the last line)\n",
		ip_addr2a(&ip), ntohs(event->address->v4.sin_port),
		reason_of(event->outcome, event->error), n_silent);
	last = now;
	n_silent = 0;
}

void sipring_glue_events_note(__attribute__((unused)) void *user, const struct sipring_event *event)
{
	bool stood = sipring_roster_has(sipring_glue_roster, event->association);

	sipring_roster_note(sipring_glue_roster, event);
	switch (event->type) {
	case SIPRING_EVENT_UP:
	case SIPRING_EVENT_DOWN:
	case SIPRING_EVENT_RESTART:
		hand(event, association_id, true, stood);
		break;
	case SIPRING_EVENT_RETURNED:
	case SIPRING_EVENT_FAILED:
		tell_failure(event);
		hand(event, failed_id, false, stood);
		break;
	case SIPRING_EVENT_PATH:
	case SIPRING_EVENT_WRITABLE:
	case SIPRING_EVENT_CONNECTED:
		break;
	}
}
