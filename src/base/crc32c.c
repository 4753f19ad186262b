/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checksum of SCTP packets, by the processor's own instruction or by tables of 8 x 256 words
 * (eight bytes a step) that are filled once, at their first use. Safe from any thread; nothing is
 * owned and nothing written but the tables. Both bodies see the packet as three runs: the 8 bytes
 * before the checksum, 4 zeros in its place, and the rest.
 *
 * One chain of instructions does 1,400 bytes in a fifth of a microsecond; interleaving three needs
 * tables to join them again and gains too little at the size of a packet.
 */
#include "base/crc32c.h"

#include <assert.h>
#include <endian.h>
#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* 0x1edc6f41 with its bits reversed */
#define HEADER_SIZE 12
#define CHECKSUM_AT 8

static pthread_once_t tables_once = PTHREAD_ONCE_INIT;
static uint32_t tables[8][256]; /* [k][b]: b followed by k zero bytes */

static void crc32c_fill_tables(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		tables[0][byte] = crc;
	}
	for (int k = 1; k < 8; k++) {
		for (uint32_t byte = 0; byte < 256; byte++) {
			uint32_t crc = tables[k - 1][byte];

			tables[k][byte] = crc >> 8 ^ tables[0][crc & 0xff];
		}
	}
}

static uint32_t crc32c_table(uint32_t crc, const unsigned char *bytes, size_t size)
{
	for (; size >= 8; size -= 8, bytes += 8) {
		uint64_t word;

		memcpy(&word, bytes, sizeof word);
		word = le64toh(word) ^ crc;
		crc = tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^
			tables[5][word >> 16 & 0xff] ^ tables[4][word >> 24 & 0xff] ^
			tables[3][word >> 32 & 0xff] ^ tables[2][word >> 40 & 0xff] ^
			tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56];
	}
	for (; size; size--)
		crc = crc >> 8 ^ tables[0][(crc ^ *bytes++) & 0xff];
	return crc;
}

uint32_t sipring_crc32c_packet_table(const void *packet, size_t size)
{
	static const unsigned char zeros[HEADER_SIZE - CHECKSUM_AT];
	const unsigned char *bytes = packet;
	uint32_t crc = UINT32_MAX;

	assert(size >= HEADER_SIZE);
	pthread_once(&tables_once, crc32c_fill_tables);
	crc = crc32c_table(crc, bytes, CHECKSUM_AT);
	crc = crc32c_table(crc, zeros, sizeof zeros);
	crc = crc32c_table(crc, bytes + HEADER_SIZE, size - HEADER_SIZE);
	return htole32(~crc);
}

#if defined(__x86_64__)

#define INSTRUCTION_NAME "sse4.2"
#define INSTRUCTION __attribute__((target("sse4.2")))
#define CRC_64(crc, word) ((uint32_t)__builtin_ia32_crc32di(crc, word))
#define CRC_32(crc, word) __builtin_ia32_crc32si(crc, word)
#define CRC_8(crc, byte) __builtin_ia32_crc32qi(crc, byte)

static int crc32c_has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}

#elif defined(__aarch64__) && defined(__GNUC__) && !defined(__clang__)

#include <sys/auxv.h>

#define INSTRUCTION_NAME "armv8-crc"
#define INSTRUCTION __attribute__((target("+crc")))
#define CRC_64(crc, word) __builtin_aarch64_crc32cx(crc, word)
#define CRC_32(crc, word) __builtin_aarch64_crc32cw(crc, word)
#define CRC_8(crc, byte) __builtin_aarch64_crc32cb(crc, byte)

static int crc32c_has_instruction(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

#endif

#ifdef INSTRUCTION

INSTRUCTION static uint32_t crc32c_packet_instruction(const unsigned char *bytes, size_t size)
{
	uint32_t crc = UINT32_MAX;
	uint64_t word;

	assert(size >= HEADER_SIZE);
	memcpy(&word, bytes, sizeof word);
	crc = CRC_64(crc, le64toh(word));
	crc = CRC_32(crc, 0);
	bytes += HEADER_SIZE;
	size -= HEADER_SIZE;
	for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word) {
		memcpy(&word, bytes, sizeof word);
		crc = CRC_64(crc, le64toh(word));
	}
	for (; size; size--)
		crc = CRC_8(crc, *bytes++);
	return htole32(~crc);
}

#else

#define INSTRUCTION_NAME "table"
#define crc32c_has_instruction() 0
#define crc32c_packet_instruction sipring_crc32c_packet_table

#endif

uint32_t sipring_crc32c_packet(const void *packet, size_t size)
{
	assert(size >= HEADER_SIZE);
	if (crc32c_has_instruction())
		return crc32c_packet_instruction(packet, size);
	return sipring_crc32c_packet_table(packet, size);
}

const char *sipring_crc32c_name(void)
{
	return crc32c_has_instruction() ? INSTRUCTION_NAME : "table";
}
