/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash table against a model, with hashes that are all equal, share a bucket or are random;
 * and SipHash-1-3 against published values and against another formulation of it.
 */
#include "base/hash.h"

#include "base/memory.h"
#include "random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define N_NODES 200

struct run {
	struct sipring_hash table;
	struct sipring_hash_node nodes[N_NODES];
	bool is_in[N_NODES];
	uint64_t hashes[N_NODES];
};

/* Every member is found by its hash exactly once, and nobody else is. */
static void run_compare(const struct run *run)
{
	uint32_t n_members = 0;

	for (int i = 0; i < N_NODES; i++) {
		uint32_t n_expected = 0, n_found = 0, n_self = 0;
		struct sipring_hash_node *node;

		n_members += run->is_in[i];
		for (int k = 0; k < N_NODES; k++)
			n_expected += run->is_in[k] && run->hashes[k] == run->hashes[i];
		for (node = sipring_hash_first(&run->table, run->hashes[i]); node;
			node = sipring_hash_next(node)) {
			cr_assert_eq(node->hash, run->hashes[i]);
			n_self += node == &run->nodes[i];
			n_found++;
		}
		cr_assert_eq(n_found, n_expected);
		cr_assert_eq(n_self, run->is_in[i]);
	}
	cr_assert_eq(run->table.n_nodes, n_members);
}

Test(hash, random_run_against_a_model)
{
	static const uint64_t masks[] = {
		0,                            /* all hashes are equal */
		0xffffffff00000000,           /* all in one bucket */
		3,                            /* few hashes, few buckets */
		UINT64_C(0x8000000000000003), /* hashes that differ beyond the mask */
		UINT64_MAX,
	};
	uint64_t seed = 3;

	for (size_t m = 0; m < sizeof masks / sizeof *masks; m++) {
		struct run run = {0};

		cr_assert_eq(sipring_hash_open(&run.table, N_NODES), 0);
		for (int i = 0; i < N_NODES; i++)
			run.hashes[i] = random_next(&seed) & masks[m];
		for (int step = 0; step < 3000; step++) {
			int pick = (int)random_below(&seed, N_NODES);

			if (run.is_in[pick])
				sipring_hash_remove(&run.table, &run.nodes[pick]);
			else
				sipring_hash_insert(&run.table, &run.nodes[pick], run.hashes[pick]);
			run.is_in[pick] = !run.is_in[pick];
			if (step % 100 == 0)
				run_compare(&run);
		}
		run_compare(&run);
		sipring_hash_close(&run.table);
	}
}

Test(hash, size_is_a_power_of_two)
{
	static const struct {
		uint32_t n_members;
		uint32_t n_buckets;
	} rows[] = {{1, 1}, {2, 2}, {3, 4}, {4, 4}, {5, 8}, {1000, 1024}, {65536, 65536},
		{65537, 131072}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sipring_hash table;

		cr_assert_eq(sipring_hash_open(&table, rows[i].n_members), 0);
		cr_expect_eq(table.mask + 1, rows[i].n_buckets, "row %zu", i);
		cr_expect_eq(sipring_hash_footprint(rows[i].n_members),
			sipring_memory_footprint(rows[i].n_buckets * sizeof(void *)), "row %zu", i);
		sipring_hash_close(&table);
		cr_assert_null(table.buckets);
		sipring_hash_close(&table);
	}
}

Test(hash, refuses_what_cannot_be)
{
	struct sipring_hash table;

	cr_assert_eq(sipring_hash_open(&table, 0), -EINVAL);
	cr_assert_eq(sipring_hash_open(&table, (1u << 31) + 1), -EINVAL);
	cr_assert_eq(sipring_hash_footprint(0), SIZE_MAX);
}

Test(hash, one_bucket_holds_all)
{
	struct sipring_hash table;
	struct sipring_hash_node nodes[8];

	cr_assert_eq(sipring_hash_open(&table, 1), 0);
	cr_assert_null(sipring_hash_first(&table, 0));
	for (uint64_t i = 0; i < 8; i++)
		sipring_hash_insert(&table, &nodes[i], i << 60 | i);
	for (uint64_t i = 0; i < 8; i++) {
		cr_assert_eq(sipring_hash_first(&table, i << 60 | i), &nodes[i]);
		cr_assert_null(sipring_hash_next(&nodes[i]));
	}
	cr_assert_null(sipring_hash_first(&table, 9));
	sipring_hash_close(&table);
}

/* Values published with implementations of SipHash-1-3: key 00 01 … 0f, message 00 01 …. */
Test(hash, siphash_1_3_known_values)
{
	static const struct {
		size_t size;
		uint64_t hash;
	} rows[] = {
		{0, 0xabac0158050fc4dc},
		{1, 0xc9f49bf37d57ca93},
		{7, 0xd3927d989bb11140},
		{8, 0x369095118d299a8e},
		{9, 0x25a48eb36c063de4},
		{15, 0xd320d86d2a519956},
		{16, 0xcc4fdd1a7d908b66},
		{31, 0x2370dd1f8c21d1bc},
		{32, 0x81157b6c16a7b60d},
		{63, 0x9d199062b7bbb3a8},
	};
	const uint64_t seed[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	unsigned char message[64];

	for (size_t i = 0; i < sizeof message; i++)
		message[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect_eq(sipring_hash_bytes(seed, message, rows[i].size), rows[i].hash,
			"size %zu", rows[i].size);
}

static uint64_t other_rotate(uint64_t word, unsigned n_bits)
{
	return word >> (64 - n_bits) | word << n_bits;
}

static void other_rounds(uint64_t v[4], int n)
{
	while (n--) {
		for (int half = 0; half < 2; half++) {
			uint64_t *a = &v[half ? 2 : 0], *d = &v[half ? 0 : 2];

			*a += v[1];
			*d += v[3];
			v[1] = other_rotate(v[1], half ? 17 : 13) ^ *a;
			v[3] = other_rotate(v[3], half ? 21 : 16) ^ *d;
			*a = other_rotate(*a, 32);
		}
	}
}

/* SipHash-c-d of the padded message, a byte at a time, for messages up to 255 bytes. */
static uint64_t other_siphash(int c, int d, const uint64_t seed[2], const unsigned char *message,
	size_t size)
{
	static const char name[] = "somepseudorandomlygeneratedbytes";
	unsigned char padded[264] = {0};
	size_t padded_size = (size / 8 + 1) * 8;
	uint64_t v[4] = {0};

	for (int i = 0; i < 32; i++)
		v[i / 8] = v[i / 8] << 8 | (unsigned char)name[i];
	for (int i = 0; i < 4; i++)
		v[i] ^= seed[i & 1];
	memcpy(padded, message, size);
	padded[padded_size - 1] = (unsigned char)size;
	for (size_t at = 0; at < padded_size; at += 8) {
		uint64_t word = 0;

		for (int i = 7; i >= 0; i--)
			word = word << 8 | padded[at + (size_t)i];
		v[3] ^= word;
		other_rounds(v, c);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	other_rounds(v, d);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

Test(hash, siphash_agrees_with_another_formulation)
{
	const uint64_t paper_seed[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	unsigned char message[256];
	uint64_t random = 11;

	for (size_t i = 0; i < 15; i++)
		message[i] = (unsigned char)i;
	cr_assert_eq(other_siphash(2, 4, paper_seed, message, 15), 0xa129ca6149be45e5,
		"the example of the SipHash paper");
	for (int round = 0; round < 2000; round++) {
		uint64_t seed[2] = {random_next(&random), random_next(&random)};
		size_t size = random_below(&random, 256);

		for (size_t i = 0; i < size; i++)
			message[i] = (unsigned char)random_next(&random);
		cr_assert_eq(sipring_hash_bytes(seed, message, size),
			other_siphash(1, 3, seed, message, size), "size %zu", size);
	}
}

Test(hash, seed_and_every_byte_matter)
{
	uint64_t seed[2] = {1, 2};
	unsigned char message[24] = {0};
	uint64_t hash = sipring_hash_bytes(seed, message, sizeof message);

	for (size_t i = 0; i < 8 * sizeof message; i++) {
		message[i / 8] ^= (unsigned char)(1u << i % 8);
		cr_assert_neq(sipring_hash_bytes(seed, message, sizeof message), hash);
		message[i / 8] ^= (unsigned char)(1u << i % 8);
	}
	cr_assert_neq(sipring_hash_bytes(seed, message, sizeof message - 1), hash);
	seed[1]++;
	cr_assert_neq(sipring_hash_bytes(seed, message, sizeof message), hash);
}
