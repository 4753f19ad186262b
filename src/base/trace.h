/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places where a tracer may look in (USDT: bpftrace, perf, SystemTap): a nop each, and a note in
 * the library that says where it is and where its arguments are. Only what lies at hand is an
 * argument, for it is worked out whether anybody looks or not. Without <sys/sdt.h> (Debian:
 * systemtap-sdt-dev) there are none.
 */
#pragma once

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define SIPRING_TRACE(name, first, second, third) DTRACE_PROBE3(sipring, name, first, second, third)
#else
#define SIPRING_TRACE(name, first, second, third) ((void)(first), (void)(second), (void)(third))
#endif
