/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes on a message in flight, kept as a short list in the order of their places: bytes of the
 * message that go, and text that comes before them. New text is written once, into the caller's
 * scratch; the message's bytes are never touched. Insertions are made only where a line begins or
 * as the replacement of what goes; so a later removal of a whole line swallows the changes inside
 * it. Invariant: changes are sorted and their removals do not overlap.
 */
#include <sipring/sip.h>

#include "sip/text.h"
#include "sip/writer.h"

#include <assert.h>
#include <errno.h>

static const struct sipring_span nothing = {NULL, 0};

void sipring_edit_begin(struct sipring_edit *edit, const struct sipring_message *message,
	char *scratch, size_t scratch_capacity)
{
	assert(edit && message && (scratch || !scratch_capacity));
	edit->message = message;
	edit->scratch = scratch;
	edit->scratch_capacity = scratch_capacity;
	edit->scratch_size = 0;
	edit->n_changes = 0;
}

static struct sipring_writer open_scratch(const struct sipring_edit *edit)
{
	/* A caller that has no scratch may ask too: it is told that nothing fits. */
	return (struct sipring_writer){.out = edit->scratch ? edit->scratch + edit->scratch_size
							    : NULL,
		.capacity = edit->scratch_capacity - edit->scratch_size};
}

/* Is this byte of the message gone? */
static bool is_removed(const struct sipring_edit *edit, const char *at)
{
	for (unsigned i = 0; i < edit->n_changes; i++)
		if (at >= edit->changes[i].at &&
			at < edit->changes[i].at + edit->changes[i].removed)
			return true;
	return false;
}

/* Was a header of this name inserted? */
static bool is_inserted(const struct sipring_edit *edit, struct sipring_span name)
{
	for (unsigned i = 0; i < edit->n_changes; i++) {
		struct sipring_span line = edit->changes[i].inserted;

		if (!edit->changes[i].removed && line.size > name.size &&
			line.data[name.size] == ':' &&
			sipring_text_equal((struct sipring_span){line.data, name.size}, name))
			return true;
	}
	return false;
}

/* Drops the changes that lie inside what is about to be removed, insertions at its start apart. */
static void swallow(struct sipring_edit *edit, const char *at, size_t removed)
{
	unsigned n_kept = 0;

	for (unsigned i = 0; i < edit->n_changes; i++) {
		const struct sipring_change *change = &edit->changes[i];

		if (change->at >= at && change->at < at + removed &&
			(change->removed || change->at > at))
			continue;
		edit->changes[n_kept++] = *change;
	}
	edit->n_changes = n_kept;
}

/*
 * Adds a change. Among those at one place a new insertion comes first (it is pushed on top) or
 * last (is_appended), and a removal after all insertions.
 */
static int add(struct sipring_edit *edit, const char *at, size_t removed,
	struct sipring_span inserted, bool is_appended)
{
	unsigned i = 0;

	if (edit->message->result != SIPRING_PARSE_ACCEPTED)
		return -EINVAL;
	if (removed)
		swallow(edit, at, removed);
	if (edit->n_changes == SIPRING_EDIT_CHANGES_MAX)
		return -ENOBUFS;
	while (i < edit->n_changes &&
		(edit->changes[i].at < at ||
			((removed || is_appended) && edit->changes[i].at == at &&
				!edit->changes[i].removed)))
		i++;
	memmove(&edit->changes[i + 1], &edit->changes[i],
		(edit->n_changes - i) * sizeof *edit->changes);
	edit->changes[i] = (struct sipring_change){at, removed, inserted};
	edit->n_changes++;
	return 0;
}

/* Adds a change whose text was written by the writer of open_scratch(). */
static int add_written(struct sipring_edit *edit, const struct sipring_writer *writer,
	const char *at, size_t removed, bool is_appended)
{
	int result = sipring_writer_result(writer);

	if (result < 0)
		return result;
	result = add(edit, at, removed, (struct sipring_span){writer->out, writer->size},
		is_appended);
	if (!result)
		edit->scratch_size += writer->size;
	return result;
}

/* Where the line after a header begins. */
static const char *line_after(const struct sipring_message *message,
	const struct sipring_header *header)
{
	const char *end = message->text.data + message->text.size;
	const char *at = header->value.data + header->value.size;

	/* An accepted message has an LF after each header and an empty line after the last. */
	for (;;) {
		at = memchr(at, '\n', (size_t)(end - at));
		assert(at && at + 1 < end);
		at++;
		if (*at != ' ' && *at != '\t')
			return at;
	}
}

/* Where a new first header of this kind goes: before the present one, else after the Vias. */
static const char *top_of(const struct sipring_message *message, enum sipring_header_id id)
{
	const struct sipring_header *header = sipring_message_header(message, id);
	const struct sipring_header *via = sipring_message_header(message, SIPRING_HEADER_VIA);

	if (header)
		return header->name.data;
	for (header = via; header; header = sipring_message_header_next(message, header))
		via = header;
	return line_after(message, via);
}

/* Removes the first value of this header that is still there, and its line with the last one. */
static int pop(struct sipring_edit *edit, enum sipring_header_id id)
{
	struct sipring_value_cursor cursor;
	struct sipring_span value, next;
	const struct sipring_header *header;

	sipring_value_begin(&cursor, edit->message, id);
	do {
		if (!sipring_value_next(&cursor, &value))
			return SIPRING_PARSE_ABSENT;
	} while (is_removed(edit, value.data));
	header = cursor.header;
	if (sipring_value_next(&cursor, &next) && cursor.header == header)
		return add(edit, value.data, (size_t)(next.data - value.data), nothing, false);
	return sipring_edit_remove_header(edit, header);
}

int sipring_edit_push_via(struct sipring_edit *edit, enum sipring_transport transport,
	struct sipring_span sent_by, struct sipring_span branch, bool rport)
{
	struct sipring_writer writer = open_scratch(edit);

	if (!sent_by.size || !branch.size || sipring_text_breaks_line(sent_by) ||
		sipring_text_breaks_line(branch) || edit->message->result ||
		transport <= SIPRING_TRANSPORT_UNKNOWN || transport >= SIPRING_TRANSPORT_COUNT)
		return -EINVAL;
	sipring_writer_text(&writer, "Via: SIP/2.0/");
	sipring_writer_text(&writer, sipring_transport_info(transport)->via_token);
	sipring_writer_text(&writer, " ");
	sipring_writer_span(&writer, sent_by);
	sipring_writer_text(&writer, rport ? ";rport;branch=" : ";branch=");
	sipring_writer_span(&writer, branch);
	sipring_writer_text(&writer, "\r\n");
	return add_written(edit, &writer, top_of(edit->message, SIPRING_HEADER_VIA), 0, false);
}

int sipring_edit_pop_via(struct sipring_edit *edit)
{
	return pop(edit, SIPRING_HEADER_VIA);
}

static int push_address(struct sipring_edit *edit, enum sipring_header_id id,
	struct sipring_span uri)
{
	struct sipring_writer writer = open_scratch(edit);

	if (!uri.size || sipring_text_breaks_line(uri) || memchr(uri.data, '>', uri.size) ||
		edit->message->result)
		return -EINVAL;
	sipring_writer_text(&writer, sipring_header_name(id));
	sipring_writer_text(&writer, ": <");
	sipring_writer_span(&writer, uri);
	sipring_writer_text(&writer, ">\r\n");
	return add_written(edit, &writer, top_of(edit->message, id), 0, false);
}

int sipring_edit_push_route(struct sipring_edit *edit, struct sipring_span uri)
{
	return push_address(edit, SIPRING_HEADER_ROUTE, uri);
}

int sipring_edit_pop_route(struct sipring_edit *edit)
{
	return pop(edit, SIPRING_HEADER_ROUTE);
}

int sipring_edit_push_record_route(struct sipring_edit *edit, struct sipring_span uri)
{
	return push_address(edit, SIPRING_HEADER_RECORD_ROUTE, uri);
}

int sipring_edit_decrement_max_forwards(struct sipring_edit *edit)
{
	const struct sipring_header *header =
		sipring_message_header(edit->message, SIPRING_HEADER_MAX_FORWARDS);
	static const struct sipring_span name = {"Max-Forwards", 12};
	static const struct sipring_span initial = {"70", 2}; /* RFC 3261 16.6 3 */
	struct sipring_writer writer = open_scratch(edit);
	uint32_t hops;
	int result;

	if (!header || is_removed(edit, header->name.data))
		return is_inserted(edit, name) ? 0
					       : sipring_edit_insert_header(edit, name, initial);
	result = sipring_message_number(edit->message, SIPRING_HEADER_MAX_FORWARDS, &hops);
	if (result)
		return result;
	if (!hops)
		return SIPRING_PARSE_NO_HOPS_LEFT;
	sipring_writer_number(&writer, hops - 1);
	return add_written(edit, &writer, header->value.data, header->value.size, false);
}

int sipring_edit_set_uri(struct sipring_edit *edit, struct sipring_span uri)
{
	struct sipring_writer writer = open_scratch(edit);

	if (!(edit->message->flags & SIPRING_MESSAGE_REQUEST))
		return SIPRING_PARSE_ABSENT;
	if (!uri.size || sipring_text_breaks_line(uri) || memchr(uri.data, ' ', uri.size))
		return -EINVAL;
	sipring_writer_span(&writer, uri);
	return add_written(edit, &writer, edit->message->uri.data, edit->message->uri.size, false);
}

int sipring_edit_insert_header(struct sipring_edit *edit, struct sipring_span name,
	struct sipring_span value)
{
	const struct sipring_message *message = edit->message;
	struct sipring_writer writer = open_scratch(edit);

	if (message->result || sipring_text_breaks_line(value) || !name.size ||
		sipring_text_skip(name.data, name.data + name.size, SIPRING_TEXT_TOKEN) !=
			name.data + name.size)
		return -EINVAL;
	sipring_writer_span(&writer, name);
	sipring_writer_text(&writer, ": ");
	sipring_writer_span(&writer, value);
	sipring_writer_text(&writer, "\r\n");
	return add_written(edit, &writer,
		line_after(message, &message->headers[message->n_headers - 1]), 0, true);
}

int sipring_edit_remove_header(struct sipring_edit *edit, const struct sipring_header *header)
{
	const char *begin = header->name.data;

	assert(header >= edit->message->headers &&
		header < edit->message->headers + edit->message->n_headers);
	if (edit->message->result)
		return -EINVAL;
	return add(edit, begin, (size_t)(line_after(edit->message, header) - begin), nothing,
		false);
}

int sipring_edit_finish(const struct sipring_edit *edit, struct iovec *pieces,
	unsigned n_pieces_max)
{
	const struct sipring_message *message = edit->message;
	const char *end = sipring_text_end(message->body);
	const char *at = message->text.data;
	unsigned n = 0;

	if (message->result)
		return -EINVAL;
	while (at < end && (*at == '\r' || *at == '\n'))
		at++;
	for (unsigned i = 0; i <= edit->n_changes; i++) {
		const struct sipring_change *change = &edit->changes[i];
		const char *stop = i < edit->n_changes ? change->at : end;

		if (stop > at) {
			if (n == n_pieces_max)
				return -ENOBUFS;
			pieces[n++] = (struct iovec){(void *)at, (size_t)(stop - at)};
		}
		if (i == edit->n_changes)
			break;
		if (change->inserted.size) {
			if (n == n_pieces_max)
				return -ENOBUFS;
			pieces[n++] = (struct iovec){(void *)change->inserted.data,
				change->inserted.size};
		}
		at = change->at + change->removed;
	}
	return (int)n;
}
