/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes of tables whose indices are masked. */
#pragma once

#include <assert.h>
#include <stdint.h>

/* The least power of two that is at_least, which is 1 to 2^31. */
static inline uint32_t sipring_power_of_two(uint32_t at_least)
{
	assert(at_least && at_least <= UINT32_C(1) << 31);
	return at_least == 1 ? 1 : UINT32_C(1) << (32 - __builtin_clz(at_least - 1));
}
