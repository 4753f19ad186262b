/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets by hand at an edge's port of encapsulation (RFC 6951): INITs, and garbage. */
#pragma once

#include <stdint.h>

/* A socket to the edge at host_port(0), whose encapsulation comes in by this UDP port; -1. */
int packets_open(uint16_t udp_port);
/* So many INITs, each as of another peer, so many a second (0: as fast as can be). */
void packets_inits(int fd, unsigned n, unsigned per_s);
/*
 * So many bytes: noise, good headers with noise behind them, ABORTs with tags made up, chunks whose
 * lengths lie; their checksums right but for the first kind.
 */
void packets_garbage(int fd, uint64_t n_bytes, unsigned per_s);
