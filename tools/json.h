/* SPDX-License-Identifier: BSD-2-Clause */
/* Results as JSON files. */
#pragma once

#include <cjson/cJSON.h>
#include <sipring/types.h>
#include <stdbool.h>
#include <stdint.h>

struct sipring_choice;
struct sipring_stats;

cJSON *json_begin(const char *tool, unsigned schema);
int json_write(const char *path, cJSON *root);
void json_add_count(cJSON *object, const char *name, uint64_t value);
void json_add_span(cJSON *object, const char *name, struct sipring_span span);
void json_add_choice(cJSON *object, const struct sipring_choice *choice);
/* A counter of the library. */
struct json_field {
	const char *name;
	bool is_gauge;
	uint64_t value;
};

/* The one at an index from 0; false past the last. */
bool json_stats_field(const struct sipring_stats *stats, unsigned index, struct json_field *field);
/* Each count. */
void json_sum_stats(struct sipring_stats *sum, const struct sipring_stats *stats);
void json_add_stats(cJSON *object, const char *name, const struct sipring_stats *stats);
