/* SPDX-License-Identifier: BSD-2-Clause */
/* A real name server (dnsmasq) on a port of the loopback, and what it was asked. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct names_server {
	pid_t process;
	char address[24]; /* "127.0.0.1:5399": for the setting dns_servers */
	char folder[64];
};

/*
 * Authoritative for example.test; records are lines of its configuration, ttl is in seconds.
 * address is of the loopback, with its port; NULL: any. The test is skipped where dnsmasq is
 * missing.
 */
void names_server_start(struct names_server *server, const char *address, unsigned ttl,
	const char *records);
void names_server_stop(struct names_server *server);

/* How many questions came that its log shows so: "[SRV] _sip._sctp.a.example.test". */
unsigned names_server_asked(const struct names_server *server, const char *question);
