/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For storms of whole engines: settings, ports of their own, what a process uses. Every process of
 * a storm is forked from the one that called host_begin, so that all agree on the ports.
 */
#pragma once

#include <sipring/sipring.h>
#include <sys/types.h>

/* Named settings for all engines of the storm, as NAME=VALUE; and ports that no other run has. */
void host_begin(const char *const *settings, int n_settings);
bool host_is(const char *provider);
/* Of ports, from 0 to 7; the same number serves SCTP and the encapsulation. */
uint16_t host_port(unsigned number);

/* The UDP port at which an engine at port 0 hears SCTP; of the kernel's, once it is told so. */
uint16_t host_open_udp_port(void);

_Noreturn void host_fail(const char *what, const char *why);
void host_set(struct sipring_config *config, const char *const *pairs);
/* With these settings, those of the command line, and a listener at this port number, or -1. */
struct sipring_config *host_config(int port, const char *const *pairs);
/* Opens one worker; the sipring is the caller's to close. */
struct sipring_worker *host_open(struct sipring **sipring, int port, const char *const *pairs,
	const struct sipring_callbacks *callbacks);
union sipring_address host_address(unsigned port);

uint64_t host_now_ns(void);
/* Of a process: bytes in memory that are its own, open descriptors, time on a processor. */
uint64_t host_resident(pid_t pid);
unsigned host_descriptors(pid_t pid);
uint64_t host_processor_ns(pid_t pid);
/* What it uses of memory means nothing where sanitizers keep what was freed. */
bool host_is_sanitized(void);

/* accepted == sent + failed + handed + waiting. */
bool host_adds_up(const struct sipring_stats *stats);
