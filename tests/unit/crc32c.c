/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet checksum: known values, the text of RFC 9260 appendix A followed bit by bit, and the
 * two bodies against each other at every length and alignment.
 */
#include "base/crc32c.h"

#include "random.h"

#include <criterion/criterion.h>
#include <string.h>

/* The polynomial division of the appendix, highest power first, each byte's lowest bit first. */
static void divide(const unsigned char *packet, size_t size, unsigned char stored[4])
{
	uint32_t remainder = UINT32_MAX;
	uint32_t mirrored = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned byte = i >= 8 && i < 12 ? 0 : packet[i];

		for (int bit = 0; bit < 8; bit++) {
			uint32_t carry = remainder >> 31 ^ (byte >> bit & 1);

			remainder = remainder << 1 ^ (carry ? 0x1edc6f41u : 0);
		}
	}
	for (int bit = 0; bit < 32; bit++)
		mirrored |= (remainder >> bit & 1) << (31 - bit);
	mirrored = ~mirrored;
	for (int i = 0; i < 4; i++)
		stored[i] = (unsigned char)(mirrored >> (8 * i));
}

static void expect_stored(const void *packet, size_t size, const unsigned char stored[4])
{
	uint32_t crc = sipring_crc32c_packet(packet, size);
	uint32_t table = sipring_crc32c_packet_table(packet, size);

	cr_expect_eq(memcmp(&crc, stored, 4), 0, "%s, size %zu", sipring_crc32c_name(), size);
	cr_expect_eq(memcmp(&table, stored, 4), 0, "table, size %zu", size);
}

/* RFC 3720 appendix B.4; those of its examples whose bytes 8 to 11 are zero. */
Test(crc32c, known_values)
{
	static const unsigned char zeros[32];
	static const unsigned char zeros_stored[4] = {0xaa, 0x36, 0x91, 0x8a};
	static const unsigned char read_pdu[48] = {0x01,
		0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02};
	static const unsigned char read_pdu_stored[4] = {0x56, 0x3a, 0x96, 0xd9};

	expect_stored(zeros, sizeof zeros, zeros_stored);
	expect_stored(read_pdu, sizeof read_pdu, read_pdu_stored);
}

Test(crc32c, every_length_and_alignment)
{
	unsigned char memory[320];
	uint64_t seed = 5;

	for (size_t size = 12; size <= 300; size++) {
		for (size_t skew = 0; skew < 8; skew++) {
			unsigned char *packet = memory + skew;
			unsigned char stored[4];

			for (size_t i = 0; i < sizeof memory; i++)
				memory[i] = (unsigned char)random_next(&seed);
			divide(packet, size, stored);
			expect_stored(packet, size, stored);
		}
	}
}

Test(crc32c, long_packets)
{
	static unsigned char packet[65535];
	uint64_t seed = 6;

	for (size_t i = 0; i < sizeof packet; i++)
		packet[i] = (unsigned char)random_next(&seed);
	for (size_t size = 1400; size <= sizeof packet; size = size * 2 + 1) {
		unsigned char stored[4];

		divide(packet, size, stored);
		expect_stored(packet, size, stored);
	}
}

Test(crc32c, stored_checksum_does_not_matter)
{
	unsigned char packet[100];
	uint32_t crc;

	memset(packet, 0x33, sizeof packet);
	crc = sipring_crc32c_packet(packet, sizeof packet);
	memcpy(packet + 8, &crc, sizeof crc);
	cr_assert_eq(sipring_crc32c_packet(packet, sizeof packet), crc);
	cr_assert_eq(sipring_crc32c_packet_table(packet, sizeof packet), crc);
}

Test(crc32c, every_other_bit_matters)
{
	unsigned char packet[40] = {0};
	uint32_t crc = sipring_crc32c_packet(packet, sizeof packet);

	for (size_t bit = 0; bit < 8 * sizeof packet; bit++) {
		int in_checksum = bit / 8 >= 8 && bit / 8 < 12;

		packet[bit / 8] ^= (unsigned char)(1u << bit % 8);
		cr_expect_eq(sipring_crc32c_packet(packet, sizeof packet) == crc, in_checksum);
		packet[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
}

Test(crc32c, has_a_name)
{
	static const char *const names[] = {"sse4.2", "armv8-crc", "table"};
	int n_equal = 0;

	for (int i = 0; i < 3; i++)
		n_equal += strcmp(sipring_crc32c_name(), names[i]) == 0;
	cr_assert_eq(n_equal, 1);
}
