/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the sockets of a server come to the one that takes its place: a record and a socket each, by
 * SCM_RIGHTS, from a worker to its supervisor and on to the other's. When the other is ready it
 * says HANDOVER_GO, is told HANDOVER_BYE, and the first one drains. Whoever goes away before that
 * has changed nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HANDOVER_QUESTION "take-over"
#define HANDOVER_GO "go"
#define HANDOVER_BYE "bye"
#define HANDOVER_VERSION 0x73721001u
#define HANDOVER_TEXT_MAX 320

struct handover_record {
	uint32_t version;
	uint32_t question;            /* of the supervisor to its workers */
	uint32_t place, n_places;     /* whose socket, and how many workers there are */
	int32_t error;                /* -errno: no socket comes, and text tells why */
	uint8_t is_last;              /* of this worker's */
	char text[HANDOVER_TEXT_MAX]; /* the listener */
};

/* Never waits; passed -1: none. 0 or -errno. */
int handover_send(int fd, const struct handover_record *record, int passed);
/* 0 and *passed, which is -1 where no socket came; -EPIPE at the end; or -errno. */
int handover_receive(int fd, struct handover_record *record, int *passed);
