/* SPDX-License-Identifier: BSD-2-Clause */
/* What load and send share: a target from a URI, a worker without listeners. */
#pragma once

#include "tools/options.h"

#include <sipring/sipring.h>

/* Whom a client talks to, and as whom. Texts are NUL-terminated. Not to be copied. */
struct client_target {
	char uri[512];     /* the Request-URI; with transport=sctp, unless NAPTR is to tell */
	char from[128];    /* our URI */
	char contact[144]; /* the same for Contact: with transport=sctp */
	char sent_by[80];  /* our host, for Via */
	char peer[340];    /* as reports call it: the name, and the address once it is known */
	struct sipring_target where; /* points into uri */
};

struct client {
	struct sipring *sipring;
	struct sipring_worker *worker;
};

int client_aim(struct client_target *target, const char *text, uint16_t default_port,
	struct sipring_error *error);
bool client_is_name(const struct client_target *target);
void client_found(struct client_target *target, const union sipring_address *address);
int client_open(struct client *client, struct options *options,
	const struct sipring_callbacks *callbacks, struct sipring_error *error);
void client_close(struct client *client, uint32_t drain_ms);
bool client_is_request(const char *text, size_t size);
const char *client_hint(const struct client *client, int error);
const char *client_outcome_text(enum sipring_outcome outcome);
