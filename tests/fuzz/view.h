/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must be true of every view, whatever the bytes: used by all fuzz targets that parse a
 * message. Each function ends the program when it is not.
 */
#pragma once

#include <sipring/sip.h>

/* Parses and holds the view against the bytes; parses them a second time: the same comes out. */
void view_parse(struct sipring_message *message, struct sipring_span text);

/* One via-parm, name-addr: its spans lie inside, its text means the same alone. */
void view_check_via(const struct sipring_via *via, struct sipring_span value);
void view_check_name_addr(const struct sipring_name_addr *name_addr, struct sipring_span value);
void view_check_uri(const struct sipring_uri *uri, struct sipring_span text);

/* All that can be asked of a message, accepted or refused. */
void view_check_values(struct sipring_message *message);

/* The same by the letter: what is refused has a place, what is not can be parsed everywhere. */
void view_check_strictly(struct sipring_message *message);
