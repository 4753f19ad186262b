/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC32c (Castagnoli) as SCTP uses it: RFC 9260 appendix A. The processor's instruction is chosen
 * at run time where it exists (SSE4.2 on x86-64, the crc extension on arm64); the table body gives
 * the same values.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The checksum of an SCTP packet of `size` bytes (12 at least) taken with its checksum field, bytes
 * 8 to 11, as zero; in the byte order in which it is stored there: memcpy it to packet + 8.
 */
uint32_t sipring_crc32c_packet(const void *packet, size_t size);

/* The same by the table body, whatever the processor can do: for tests and benches to compare. */
uint32_t sipring_crc32c_packet_table(const void *packet, size_t size);

/* Which body serves: "sse4.2", "armv8-crc" or "table". */
const char *sipring_crc32c_name(void);
