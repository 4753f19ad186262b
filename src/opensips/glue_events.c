/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an engine process has to tell: associations that come and go, and messages that were
 * accepted and did not go. Each is an event of the script, which the core hands to one of its
 * workers, so that no subscriber holds up the engine; failures are a line of the log as well, one a
 * second.
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

static const char *reason_of(const struct sipring_event *event)
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

	if (event->error)
		return strerror(-event->error);
	return event->type == SIPRING_EVENT_FAILED ? outcomes[event->outcome] : "";
}

static void raise_event(event_id_t which, const char *state, const struct sipring_event *event)
{
	struct ip_addr ip;
	evi_params_p list;
	char id[16];

	if (which == EVI_ERROR || !evi_probe_event(which))
		return;
	snprintf(id, sizeof id, "%u", event->association);
	list = evi_get_params();
	if (!list)
		return;
	if (event->address)
		sockaddr2ip_addr(&ip, (struct sockaddr *)(uintptr_t)&event->address->sa);
	if (!add_text(list, "state", state) ||
		!add_text(list, "ip", event->address ? ip_addr2a(&ip) : "") ||
		!add_number(list, "port",
			event->address ? ntohs(event->address->v4.sin_port) : 0) ||
		!add_text(list, "id", id) || !add_number(list, "inbound", event->inbound) ||
		!add_text(list, "reason", reason_of(event))) {
		evi_free_params(list);
		return;
	}
	evi_dispatch_event(which, list);
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
		ip_addr2a(&ip), ntohs(event->address->v4.sin_port), reason_of(event), n_silent);
	last = now;
	n_silent = 0;
}

void sipring_glue_events_note(__attribute__((unused)) void *user, const struct sipring_event *event)
{
	sipring_roster_note(sipring_glue_roster, event);
	switch (event->type) {
	case SIPRING_EVENT_UP:
		raise_event(association_id, "up", event);
		break;
	case SIPRING_EVENT_DOWN:
		raise_event(association_id, "down", event);
		break;
	case SIPRING_EVENT_RESTART:
		raise_event(association_id, "restart", event);
		break;
	case SIPRING_EVENT_RETURNED:
		tell_failure(event);
		raise_event(failed_id, "returned", event);
		break;
	case SIPRING_EVENT_FAILED:
		tell_failure(event);
		raise_event(failed_id, "failed", event);
		break;
	case SIPRING_EVENT_PATH:
	case SIPRING_EVENT_WRITABLE:
	case SIPRING_EVENT_CONNECTED:
		break;
	}
}
