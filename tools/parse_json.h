/* SPDX-License-Identifier: BSD-2-Clause */
/* What was understood of a message, as JSON on standard output. */
#pragma once

#include <sipring/sip.h>

void parse_json_write(struct sipring_message *message, bool is_strict, uint16_t sctp_port);
