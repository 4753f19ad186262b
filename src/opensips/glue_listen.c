/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core opens its listeners one by one; the bridge opens all of them with the first, for by then
 * the core knows how many processes there will be, is still alone, and may still bind what only
 * root may. The core's socket of a listener is a descriptor that never becomes readable; a SIP
 * worker puts its own in that place (glue_receive.c).
 *
 * The module sockets_mgm has listeners come and go later: each process of the core asks for each of
 * them, and nobody is told when one goes. Those who take its messages, which are the processes of
 * sockets_mgm, look every second whether the core still has it.
 *
 * Invariant: a listener's number is its place in the core's list at that time, and of those that
 * came later what the engine gave it.
 */
#include "opensips/glue.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#define LISTENERS_MAX 16 /* the engine's bounds */
#define SENDERS_MAX 448
#define SPARE 2 /* places for those who end while others begin */
#define TEXT_MAX 512

/* Of this process, by number; NULL: none, or none that it has heard of. */
static const struct socket_info *listeners[LISTENERS_MAX];
static unsigned n_listeners; /* that were there at start */

int sipring_glue_listen_number(const struct socket_info *si)
{
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		if (listeners[i] == si)
			return (int)i;
	return -1;
}

bool sipring_glue_listen_is_late(int number)
{
	return number >= (int)n_listeners;
}

const struct socket_info *sipring_glue_listen_standing(int number)
{
	const struct socket_info *si =
		number >= 0 && number < LISTENERS_MAX ? listeners[number] : NULL;

	if (!si || !sipring_glue_listen_is_late(number))
		return si;
	for (struct socket_info *one = compat_first(PROTO_SCTP); one; one = compat_next(one))
		if (one == si)
			return si;
	return NULL;
}

static unsigned takers_of(const struct socket_info *si)
{
	unsigned n = si->workers;

	if (si->s_profile && si->s_profile->max_procs > n)
		n = si->s_profile->max_procs;
	return n + SPARE;
}

/* Its own, else the script's for all; two bits of it are the network's, for congestion. 0: none. */
static int tos_of(const struct socket_info *si)
{
	int own = compat_tos(si);

	own = own > 0 ? own : tos;
	return own <= 0 || sipring_glue_params_want_user_space() ? 0 : own & ~3;
}

static bool set_tos(struct sipring_bridge *bridge, unsigned number, const struct socket_info *si)
{
	struct sipring_error error;
	char value[16];

	if (!tos_of(si))
		return true;
	snprintf(value, sizeof value, "%d", tos_of(si));
	if (sipring_bridge_listener_set(bridge, number, "tos", value, &error) >= 0)
		return true;
	LM_ERR("%.*s: %s\n", si->sock_str.len, si->sock_str.s, error.text);
	return false;
}

static void name(const struct socket_info *si, char text[TEXT_MAX])
{
	const char *others = sipring_glue_params_multihome(si);
	bool is_v6 = si->address.af == AF_INET6;

	if (others)
		snprintf(text, TEXT_MAX, "sctp:(%.*s,%s):%d", si->address_str.len,
			si->address_str.s, others, si->port_no);
	else
		snprintf(text, TEXT_MAX, "sctp:%s%.*s%s:%d", is_v6 ? "[" : "", si->address_str.len,
			si->address_str.s, is_v6 ? "]" : "", si->port_no);
}

static bool add(struct sipring_bridge *bridge, const struct socket_info *si)
{
	struct sipring_error error;
	char text[TEXT_MAX];
	int r;

	if (n_listeners == LISTENERS_MAX) {
		LM_ERR("more than %d sctp listeners\n", LISTENERS_MAX);
		return false;
	}
	name(si, text);
	r = sipring_bridge_listen(bridge, text, takers_of(si), &error);
	if (r < 0) {
		LM_ERR("listener %s: %s\n", text, error.text);
		return false;
	}
	listeners[n_listeners++] = si;
	return set_tos(bridge, (unsigned)r, si);
}

/* Those that sockets_mgm may add; its processes take their messages. */
static bool make_room(struct sipring_bridge *bridge)
{
	unsigned n_takers = compat_processes_of("sockets_mgm");
	struct sipring_error error;

	if (!n_takers ||
		sipring_bridge_spare(bridge, LISTENERS_MAX - n_listeners, n_takers, &error) == 0)
		return true;
	LM_ERR("listeners that come later: %s\n", error.text);
	return false;
}

static bool open_all(struct sipring_bridge *bridge)
{
	unsigned n_senders = counted_max_processes + SPARE;
	struct sipring_choice choice;
	struct sipring_error error;

	if (!sipring_glue_params_apply(bridge))
		return false;
	for (struct socket_info *si = compat_first(PROTO_SCTP); si; si = compat_next(si))
		if (!add(bridge, si))
			return false;
	if (!make_room(bridge))
		return false;
	sipring_glue_roster =
		sipring_roster_new((unsigned)(sipring_bridge_number(bridge, "associations_max") *
			sipring_glue_io_workers));
	if (!sipring_glue_roster) {
		LM_ERR("no memory for the list of associations\n");
		return false;
	}
	if (n_senders > SENDERS_MAX)
		n_senders = SENDERS_MAX;
	if (sipring_bridge_open(bridge, (unsigned)sipring_glue_io_workers, n_senders, &error) < 0) {
		LM_ERR("SCTP cannot be opened: %s\n", error.text);
		return false;
	}
	sipring_bridge_choice(bridge, &choice);
	LM_NOTICE("SCTP of the %s (%s), by %s (%s), in %d processes\n", choice.provider,
		choice.provider_reason, choice.io, choice.io_reason, sipring_glue_io_workers);
	return true;
}

static bool open_bridge(void)
{
	struct sipring_bridge *bridge = sipring_bridge_new();

	if (!bridge) {
		LM_ERR("no memory for SCTP\n");
		return false;
	}
	if (!sipring_glue_notes_open() || !open_all(bridge)) {
		sipring_bridge_free(bridge);
		return false;
	}
	sipring_glue_bridge = bridge;
	return true;
}

/* The place of a socket that went may be another's by now. */
static void note(const struct socket_info *si, int number)
{
	for (unsigned i = n_listeners; i < LISTENERS_MAX; i++)
		if (listeners[i] == si)
			listeners[i] = NULL;
	listeners[number] = si;
}

/* One that comes while OpenSIPS runs. */
static bool come(const struct socket_info *si)
{
	struct sipring_error error;
	char text[TEXT_MAX], settings[16] = "";
	int r;

	name(si, text);
	if (tos_of(si))
		snprintf(settings, sizeof settings, "tos=%d", tos_of(si));
	r = sipring_bridge_come(sipring_glue_bridge, text, settings, &error);
	if (r < 0) {
		LM_ERR("listener %s: %s\n", text, error.text);
		return false;
	}
	note(si, r);
	return true;
}

int sipring_glue_listen_init(struct socket_info *si)
{
	int number;

	if (init_su(&si->su, &si->address, si->port_no) < 0) {
		LM_ERR("%.*s: no address to listen on\n", si->sock_str.len, si->sock_str.s);
		return -1;
	}
	if (!sipring_glue_bridge && !open_bridge())
		return -1;
	number = sipring_glue_listen_number(si);
	if ((number < 0 || sipring_glue_listen_is_late(number)) && !come(si))
		return -1;
	si->socket = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (si->socket < 0) {
		LM_ERR("no descriptor for a listener: %s; raise open_files_limit\n",
			strerror(errno));
		return -1;
	}
	return 0;
}

/* The engine has bound it; of one that comes later this process is to take the messages. */
int sipring_glue_listen_bind(struct socket_info *si)
{
	int number = sipring_glue_listen_number(si);

	if (number < 0)
		return -1;
	return sipring_glue_listen_is_late(number) ? sipring_glue_receive_late(number) : 0;
}
