/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies from requests (RFC 3261 8.2.6): what must be copied is copied as it was written, folding
 * and all, and only the top Via and To may be added to. The request is read, the caller's buffer
 * is written, nothing is kept. A refused request with an answer_status is answered too, so no
 * value is taken to be well-formed: where the top Via cannot be parsed, or To is not one address,
 * it is copied as it is.
 */
#include <sipring/sip.h>

#include "base/hash.h"
#include "net/address.h"
#include "sip/host.h"
#include "sip/text.h"
#include "sip/view.h"
#include "sip/writer.h"

#include <assert.h>
#include <errno.h>

static bool is_writable(const struct sipring_message *request, const struct sipring_reply *reply)
{
	static const uint8_t copied[] = {SIPRING_HEADER_VIA, SIPRING_HEADER_FROM, SIPRING_HEADER_TO,
		SIPRING_HEADER_CALL_ID, SIPRING_HEADER_CSEQ};

	if (reply->status < 100 || reply->status > 699)
		return false;
	if (!(request->flags & SIPRING_MESSAGE_REQUEST))
		return false;
	for (size_t i = 0; i < sizeof copied; i++)
		if (!request->first[copied[i]])
			return false;
	return !sipring_text_breaks_line(reply->reason) &&
		!sipring_text_breaks_line(reply->to_tag) &&
		(reply->headers_are_checked || sipring_writer_are_lines(reply->headers));
}

bool sipring_reply_headers_check(struct sipring_span headers)
{
	return sipring_writer_are_lines(headers);
}

/* Of a header that is_writable has seen. */
static struct sipring_span value_of(const struct sipring_message *request,
	enum sipring_header_id id)
{
	return sipring_view_header(request, id)->value;
}

/* Is the host of sent-by the address the request came from (RFC 3261 18.2.1)? */
static inline bool is_sent_by(const struct sipring_via *via, const union sipring_address *source)
{
	union sipring_address address;

	switch (sipring_host_classify(via->host, &address)) {
	case SIPRING_HOST_IPV4:
	case SIPRING_HOST_IPV6:
		return sipring_address_same_host(&address, source);
	case SIPRING_HOST_NAME:
	case SIPRING_HOST_NONE:
		break;
	}
	return false;
}

/*
 * The top via-parm with its own received and rport replaced by what is true (a sender does not get
 * to say where it is), then what followed it. received is added where sent-by is not the source
 * (adds_received), and always where rport is (RFC 3581 4).
 */
static void write_top_via(struct sipring_writer *writer, const struct sipring_via *via,
	const union sipring_address *source, bool adds_received)
{
	const char *end = via->text.data + via->text.size;
	const char *at = via->params.data ? via->params.data : end;
	struct sipring_seek seek;
	struct sipring_stop stop;
	char host[SIPRING_ADDRESS_TEXT_MAX];
	struct sipring_span name, value;

	sipring_seek_begin(&seek, at, end, 0);
	sipring_writer_span(writer,
		sipring_text_span(via->text.data, via->params.data ? at - 1 : end));
	while (at < end) {
		stop = sipring_text_parameter(&seek, at, SIPRING_TEXT_TOKEN, &name, &value);
		if (!stop.at)
			break;
		if (!sipring_text_is_name(name, "received", 8) &&
			!sipring_text_is_name(name, "rport", 5)) {
			sipring_writer_text(writer, ";");
			sipring_writer_span(writer,
				sipring_text_trim(sipring_text_span(at, stop.at)));
		}
		if (stop.at == end)
			break;
		sipring_seek_pass(&seek);
		at = stop.at + 1;
	}
	if (adds_received) {
		sipring_writer_text(writer, ";received=");
		sipring_writer_text(writer, sipring_address_print_host(source, host));
	}
	if (via->has_rport) {
		sipring_writer_text(writer, ";rport=");
		sipring_writer_number(writer, sipring_address_port(source));
	}
	if (via->rest.data) {
		sipring_writer_text(writer, ",");
		sipring_writer_span(writer, via->rest);
	}
	sipring_writer_text(writer, "\r\n");
}

/* All headers with this id, which is that of name, from one on and in order. */
static inline void copy_all(struct sipring_writer *writer, const struct sipring_message *request,
	const struct sipring_header *header, const char *name)
{
	while (header) {
		sipring_writer_header(writer, name, header->value);
		header = sipring_view_next(request, header + 1, header->id);
	}
}

/* The top via-parm, parsed; NULL where it is malformed. */
static const struct sipring_via *top_via(const struct sipring_message *request,
	struct sipring_via *room)
{
	if (request->cached & SIPRING_VIEW_VIA)
		return request->usable & SIPRING_VIEW_VIA ? &request->via_value : NULL;
	return sipring_via_parse(room, value_of(request, SIPRING_HEADER_VIA)) ? NULL : room;
}

static void copy_vias(struct sipring_writer *writer, const struct sipring_message *request,
	const union sipring_address *source)
{
	const struct sipring_header *header = sipring_view_header(request, SIPRING_HEADER_VIA);
	const struct sipring_via *via = NULL;
	struct sipring_via room;
	bool adds_received = false;

	if (source && source->sa.sa_family != AF_UNSPEC)
		via = top_via(request, &room);
	if (via)
		adds_received = via->has_rport || !is_sent_by(via, source);
	if (via && (adds_received || via->received.data)) {
		sipring_writer_text(writer, "Via: ");
		write_top_via(writer, via, source, adds_received);
		header = sipring_view_next(request, header + 1, SIPRING_HEADER_VIA);
	}
	copy_all(writer, request, header, "Via");
}

/* The To of most requests: one SIP URI in brackets and nothing else. */
static bool is_bracketed_uri(struct sipring_span value)
{
	const char *at = value.data;
	const char *last = at + value.size - 1;

	if (value.size < sizeof "<sips:?>" || memcmp(at, "<sip", 4) ||
		(at[4] != ':' && memcmp(at + 4, "s:", 2)))
		return false;
	return *last == '>' && memchr(at, '>', value.size) == last;
}

/* Has To one address and no tag? */
static bool may_be_tagged(const struct sipring_message *request)
{
	const struct sipring_name_addr *to = &request->to_value;
	struct sipring_name_addr room;

	if (is_bracketed_uri(value_of(request, SIPRING_HEADER_TO)))
		return true;
	if (!(request->cached & SIPRING_VIEW_TO)) {
		to = &room;
		if (sipring_name_addr_parse(&room, value_of(request, SIPRING_HEADER_TO)))
			return false;
	} else if (!(request->usable & SIPRING_VIEW_TO)) {
		return false;
	}
	return !to->tag.data && !to->rest.data;
}

static void copy_to(struct sipring_writer *writer, const struct sipring_message *request,
	const struct sipring_reply *reply)
{
	sipring_writer_bytes(writer, "To: ", 4);
	sipring_writer_span(writer, value_of(request, SIPRING_HEADER_TO));
	if (reply->status != 100 && reply->to_tag.size && may_be_tagged(request)) {
		sipring_writer_bytes(writer, ";tag=", 5);
		sipring_writer_span(writer, reply->to_tag);
	}
	sipring_writer_bytes(writer, "\r\n", 2);
}

/* The status has three digits. */
static void write_status_line(struct sipring_writer *writer, const struct sipring_reply *reply)
{
	char begin[] = "SIP/2.0 000 ";

	begin[8] = (char)('0' + reply->status / 100);
	begin[9] = (char)('0' + reply->status / 10 % 10);
	begin[10] = (char)('0' + reply->status % 10);
	sipring_writer_bytes(writer, begin, sizeof begin - 1);
	if (reply->reason.data)
		sipring_writer_span(writer, reply->reason);
	else
		sipring_writer_text(writer, sipring_reply_phrase(reply->status));
	sipring_writer_bytes(writer, "\r\n", 2);
}

int sipring_reply_write(char *out, size_t capacity, const struct sipring_message *request,
	const struct sipring_reply *reply)
{
	struct sipring_writer writer = {.out = out, .capacity = capacity};

	assert(request && reply && (out || !capacity));
	if (!is_writable(request, reply))
		return -EINVAL;
	write_status_line(&writer, reply);
	copy_vias(&writer, request, reply->source);
	if (reply->copy_record_route)
		copy_all(&writer, request,
			sipring_view_header(request, SIPRING_HEADER_RECORD_ROUTE), "Record-Route");
	sipring_writer_header(&writer, "From", value_of(request, SIPRING_HEADER_FROM));
	copy_to(&writer, request, reply);
	sipring_writer_header(&writer, "Call-ID", value_of(request, SIPRING_HEADER_CALL_ID));
	sipring_writer_header(&writer, "CSeq", value_of(request, SIPRING_HEADER_CSEQ));
	if (reply->status == 100)
		copy_all(&writer, request, sipring_view_header(request, SIPRING_HEADER_TIMESTAMP),
			"Timestamp");
	sipring_writer_span(&writer, reply->headers);
	sipring_writer_text(&writer, "Content-Length: ");
	sipring_writer_number(&writer, reply->body.size);
	sipring_writer_text(&writer, "\r\n\r\n");
	sipring_writer_span(&writer, reply->body);
	return sipring_writer_result(&writer);
}

/* Eight hexadecimal digits, lower case: a nibble to a byte, then a letter where it is above 9. */
static inline void write_hex(char *out, uint32_t word)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t digits = word;

	digits = (digits | digits << 16) & 0x0000ffff0000ffffu;
	digits = (digits | digits << 8) & 0x00ff00ff00ff00ffu;
	digits = (digits | digits << 4) & 0x0f0f0f0f0f0f0f0fu;
	digits += ones * '0' + ((digits + ones * 6) >> 4 & ones) * ('a' - 10 - '0');
	memcpy(out, &digits, sizeof digits);
}

static struct iovec part_of(struct sipring_span text)
{
	return (struct iovec){(void *)(uintptr_t)text.data, text.size};
}

/* A branch that is unique among all requests (RFC 3261 8.1.1.7), as those of today are. */
static bool is_unique(struct sipring_span branch)
{
	return branch.size > 7 && !memcmp(branch.data, "z9hG4bK", 7);
}

/*
 * Retransmissions have the same bytes, so From needs no parser; and where the branch tells requests
 * apart it has nothing to add. The sizes are hashed too, so that no two parts can run together.
 */
void sipring_reply_tag(char out[SIPRING_TAG_SIZE], struct sipring_message *request,
	const uint64_t secret[2])
{
	const struct sipring_header *call_id = sipring_view_header(request, SIPRING_HEADER_CALL_ID);
	const struct sipring_header *from = sipring_view_header(request, SIPRING_HEADER_FROM);
	const struct sipring_via *via = sipring_message_via(request);
	uint32_t first[4] = {request->cseq.number};
	struct iovec parts[4] = {{first, sizeof first}};
	unsigned n_parts = 1;
	uint64_t hash;

	if (call_id)
		parts[n_parts++] = part_of(call_id->value);
	if (via && via->branch.data)
		parts[n_parts++] = part_of(via->branch);
	if (from && !(via && is_unique(via->branch)))
		parts[n_parts++] = part_of(from->value);
	for (unsigned i = 1; i < n_parts; i++)
		first[i] = (uint32_t)parts[i].iov_len;
	hash = sipring_hash_parts(secret, parts, n_parts);
	write_hex(out, (uint32_t)hash);
	write_hex(out + 8, (uint32_t)(hash >> 32));
}
