/* SPDX-License-Identifier: BSD-2-Clause */
/* The monotonic clock; it costs no system call where the kernel has a vDSO. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t sipring_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
