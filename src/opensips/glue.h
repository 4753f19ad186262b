/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the glue share: one bridge, one roster, and the parameters of the script. The
 * glue alone sees the headers of the OpenSIPS core, and those through compat.h alone.
 */
#pragma once

#include "opensips/bridge.h"
#include "opensips/compat.h"
#include "opensips/roster.h"

/* Of this process, inherited from the one that forked it. NULL until the listeners are opened. */
extern struct sipring_bridge *sipring_glue_bridge;
extern struct sipring_roster *sipring_glue_roster;

/* glue_params.c: what the script sets */
extern const param_export_t sipring_glue_params[];
extern int sipring_glue_port;       /* sctp_port */
extern int sipring_glue_io_workers; /* processes that do I/O */
extern int sipring_glue_reuse;      /* replies go by the association that the request came on */
/* Hands everything that was set to the bridge; false, with the mistake in the log. */
bool sipring_glue_params_apply(struct sipring_bridge *bridge);
/* The further addresses of a listener ("a,b"), or NULL. */
const char *sipring_glue_params_multihome(const struct socket_info *si);
/* Whether the script asks for SCTP in user space, which has no TOS. */
bool sipring_glue_params_want_user_space(void);

/* glue_listen.c */
int sipring_glue_listen_init(struct socket_info *si);
int sipring_glue_listen_bind(struct socket_info *si);
/* The number of a listener, or -1 for a socket that is none of ours. */
int sipring_glue_listen_number(const struct socket_info *si);
/* And the other way; NULL where the number is none, or the core does not have it any more. */
const struct socket_info *sipring_glue_listen_standing(int number);
/* Whether it came while OpenSIPS ran. */
bool sipring_glue_listen_is_late(int number);

/* glue_receive.c: SIP workers */
int sipring_glue_receive_child(int rank);
/* In a process of sockets_mgm, whose reactor runs: it takes this listener's messages as well. */
int sipring_glue_receive_late(int number);
int sipring_glue_receive_read(COMPAT_READ_SOCKET *si, int *size);

/* glue_send.c: any process */
int sipring_glue_send(compat_socket *si, char *buffer, unsigned size, compat_address *to,
	unsigned id COMPAT_SEND_MORE);

/* glue_engine.c: the processes that do I/O */
extern proc_export_t sipring_glue_engines[];

/* What an engine process tells a SIP worker. A value; outcome is SENT where none is told. */
struct sipring_glue_note {
	enum sipring_event_type type;
	event_id_t event; /* to be raised; EVI_ERROR: none */
	union sipring_address peer;
	uint32_t association;
	int error;
	enum sipring_outcome outcome;
	uint8_t listener; /* from 1; 0: none is known */
	bool inbound;
	bool is_traced;
	bool stood; /* it had come up before */
};

/* glue_notes.c; hand is for engine processes, and waits for nobody */
bool sipring_glue_notes_open(void);
void sipring_glue_notes_hand(const struct sipring_glue_note *note);
uint64_t sipring_glue_notes_lost(void);

/* glue_trace.c */
extern char *sipring_glue_trace_destination;
extern int sipring_glue_trace_on;
/* In module init; false, with the mistake in the log. */
bool sipring_glue_trace_open(void);
bool sipring_glue_trace_wanted(void);
/* Any process, for all; false: there is no destination. */
bool sipring_glue_trace_switch(bool on);
void sipring_glue_trace_send(const struct sipring_glue_note *note);

/* glue_events.c */
int sipring_glue_events_publish(void);
/* In a SIP worker. */
void sipring_glue_events_raise(const struct sipring_glue_note *note);
/* An engine's event: the log, the roster, and a note to a SIP worker. */
void sipring_glue_events_note(void *user, const struct sipring_event *event);

/* glue_stats.c, glue_mi.c */
extern const stat_export_t sipring_glue_stats[];
extern const mi_export_t sipring_glue_commands[];
/* Calls each with every counter and its name. */
void sipring_glue_stats_walk(void (*each)(void *user, const char *name, uint64_t value),
	void *user);
