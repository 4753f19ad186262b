/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Results as JSON files. Every file is one object that begins with "schema" (raised when a field
 * changes its meaning or goes), "tool" and "version". An object belongs to whoever began it until
 * json_write, which frees it. Counts are written as whole numbers.
 */
#include "tools/json.h"

#include "tools/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <sipring/sipring.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) #name, offsetof(struct sipring_stats, name)

static const struct {
	const char *name;
	size_t offset;
} stats_fields[] = {
	{FIELD(turns)},
	{FIELD(system_calls)},
	{FIELD(received_messages)},
	{FIELD(received_bytes)},
	{FIELD(received_pieces)},
	{FIELD(reassembled)},
	{FIELD(keepalives)},
	{FIELD(malformed)},
	{FIELD(malformed_answered)},
	{FIELD(malformed_start_line)},
	{FIELD(malformed_version)},
	{FIELD(malformed_unterminated)},
	{FIELD(malformed_header)},
	{FIELD(malformed_bare_cr)},
	{FIELD(malformed_too_many_headers)},
	{FIELD(malformed_missing_header)},
	{FIELD(malformed_duplicate_header)},
	{FIELD(malformed_cseq)},
	{FIELD(malformed_cseq_method)},
	{FIELD(malformed_content_length)},
	{FIELD(malformed_body_too_short)},
	{FIELD(too_long)},
	{FIELD(abandoned)},
	{FIELD(no_reassembly)},
	{FIELD(accepted)},
	{FIELD(handed)},
	{FIELD(mail)},
	{FIELD(untold)},
	{FIELD(sent)},
	{FIELD(sent_bytes)},
	{FIELD(failed_connect)},
	{FIELD(failed_lost)},
	{FIELD(failed_timeout)},
	{FIELD(failed_refused)},
	{FIELD(failed_unresolved)},
	{FIELD(failed_closed)},
	{FIELD(failed_killed)},
	{FIELD(batches)},
	{FIELD(returned)},
	{FIELD(rejected_full)},
	{FIELD(blocked)},
	{FIELD(associations_up)},
	{FIELD(associations_down)},
	{FIELD(associations_failed)},
	{FIELD(associations_idle)},
	{FIELD(associations_refused)},
	{FIELD(associations_refused_all)},
	{FIELD(associations_refused_addr)},
	{FIELD(associations_refused_rate)},
	{FIELD(awaited)},
	{FIELD(shunned)},
	{FIELD(restarts)},
	{FIELD(path_changes)},
	{FIELD(paths_unlisted)},
	{FIELD(notifications)},
	{FIELD(no_buffers)},
	{FIELD(packets_in)},
	{FIELD(packets_out)},
	{FIELD(packets_bad)},
	{FIELD(packets_unsent)},
	{FIELD(dns_questions)},
	{FIELD(dns_known)},
	{FIELD(dns_failed)},
	{FIELD(inbox_full)},
	{FIELD(wakes)},
	{FIELD(starts)},
	{FIELD(associations)},
	{FIELD(associations_standing)},
	{FIELD(state_connecting)},
	{FIELD(state_up)},
	{FIELD(state_ending)},
	{FIELD(state_draining)},
	{FIELD(state_shut)},
	{FIELD(state_closing)},
	{FIELD(names)},
	{FIELD(inbox_waiting)},
	{FIELD(queue_messages)},
	{FIELD(queue_bytes)},
	{FIELD(workers)},
};
#define N_STATS_FIELDS (sizeof(stats_fields) / sizeof(stats_fields[0]))

_Static_assert(N_STATS_FIELDS * sizeof(uint64_t) == sizeof(struct sipring_stats),
	"every counter of the engine is in the list");

cJSON *json_begin(const char *tool, unsigned schema)
{
	cJSON *root = cJSON_CreateObject();
	cJSON_AddNumberToObject(root, "schema", schema);
	cJSON_AddStringToObject(root, "tool", tool);
	cJSON_AddStringToObject(root, "version", sipring_version());
	return root;
}

/* Writes to the file ("-": standard output) and frees root. 0 or -errno, the mistake being told. */
int json_write(const char *path, cJSON *root)
{
	int result = 0;
	char *text = cJSON_Print(root);
	cJSON_Delete(root);
	if (!text)
		return -ENOMEM;
	if (!strcmp(path, "-")) {
		terminal_line("%s", text);
		cJSON_free(text);
		return 0;
	}
	FILE *file = fopen(path, "we");
	if (!file)
		result = -errno;
	else if (fprintf(file, "%s\n", text) < 0)
		result = -EIO;
	if (file && fclose(file) && result == 0)
		result = -errno;
	if (result < 0)
		terminal_error("%s: %s", path, strerror(-result));
	cJSON_free(text);
	return result;
}

/* A count beyond 2^53 too, which a double would round. */
void json_add_count(cJSON *object, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	cJSON_AddRawToObject(object, name, text);
}

/* How many bytes a character of UTF-8 has at at; 0 if there is none (no overlong, no surrogate). */
static unsigned utf8_size(const unsigned char *at, size_t left)
{
	unsigned size = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;

	if (*at > 0xf4 || size > left)
		return 0;
	for (unsigned i = 1; i < size; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
		(*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
		return 0;
	return size;
}

/* A run of bytes as a string: NULs too, and the replacement character for what is not UTF-8. */
void json_add_span(cJSON *object, const char *name, struct sipring_span span)
{
	char *text = malloc(6 * span.size + 3);
	char *out = text;

	if (!text)
		return;
	*out++ = '"';
	for (size_t i = 0; i < span.size;) {
		const unsigned char *at = (const unsigned char *)span.data + i;
		unsigned size = utf8_size(at, span.size - i);

		if (!size)
			out += sprintf(out, "\xef\xbf\xbd");
		else if (*at < ' ' || *at == '"' || *at == '\\' || *at == 0x7f)
			out += sprintf(out, "\\u%04x", *at);
		else
			out = (char *)memcpy(out, at, size) + size;
		i += size ? size : 1;
	}
	strcpy(out, "\"");
	cJSON_AddRawToObject(object, name, text);
	free(text);
}

void json_add_choice(cJSON *object, const struct sipring_choice *choice)
{
	cJSON_AddStringToObject(object, "provider", choice->provider);
	cJSON_AddStringToObject(object, "provider_reason", choice->provider_reason);
	cJSON_AddStringToObject(object, "io", choice->io);
	cJSON_AddStringToObject(object, "io_reason", choice->io_reason);
}

bool json_stats_field(const struct sipring_stats *stats, unsigned index, struct json_field *field)
{
	if (index >= N_STATS_FIELDS)
		return false;
	field->name = stats_fields[index].name;
	field->is_gauge =
		stats_fields[index].offset >= offsetof(struct sipring_stats, associations);
	memcpy(&field->value, (const char *)stats + stats_fields[index].offset,
		sizeof(field->value));
	return true;
}

void json_sum_stats(struct sipring_stats *sum, const struct sipring_stats *stats)
{
	for (unsigned i = 0; i < N_STATS_FIELDS; i++) {
		uint64_t value, more;
		memcpy(&value, (const char *)sum + stats_fields[i].offset, sizeof(value));
		memcpy(&more, (const char *)stats + stats_fields[i].offset, sizeof(more));
		value += more;
		memcpy((char *)sum + stats_fields[i].offset, &value, sizeof(value));
	}
}

void json_add_stats(cJSON *object, const char *name, const struct sipring_stats *stats)
{
	cJSON *fields = cJSON_AddObjectToObject(object, name);
	for (unsigned i = 0; i < N_STATS_FIELDS; i++) {
		uint64_t value;
		memcpy(&value, (const char *)stats + stats_fields[i].offset, sizeof(value));
		json_add_count(fields, stats_fields[i].name, value);
	}
}
