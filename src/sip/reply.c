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
		sipring_writer_are_lines(reply->headers);
}

/* Is the host of sent-by the address the request came from (RFC 3261 18.2.1)? */
static bool is_sent_by(const struct sipring_via *via, const union sipring_address *source)
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
 * to say where it is), then what followed it. received is added where sent-by is not the source,
 * and always where rport is (RFC 3581 4).
 */
static void write_top_via(struct sipring_writer *writer, const struct sipring_via *via,
	const union sipring_address *source)
{
	const char *end = via->text.data + via->text.size;
	const char *at = via->params.data ? via->params.data : end;
	struct sipring_seek seek;
	char host[SIPRING_ADDRESS_TEXT_MAX];
	struct sipring_span name, value;

	sipring_seek_begin(&seek, at, end, 0);
	sipring_writer_span(writer,
		sipring_text_span(via->text.data, via->params.data ? at - 1 : end));
	while (at < end) {
		const char *begin = at;

		if (!sipring_text_parameter(&at, &seek, SIPRING_TEXT_TOKEN, &name, &value))
			break;
		if (!sipring_text_is_name(name, "received", 8) &&
			!sipring_text_is_name(name, "rport", 5)) {
			sipring_writer_text(writer, ";");
			sipring_writer_span(writer,
				sipring_text_trim(sipring_text_span(begin, at)));
		}
		at++;
	}
	if (via->has_rport || !is_sent_by(via, source)) {
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

/* All headers with this id, in order. */
static void copy_all(struct sipring_writer *writer, const struct sipring_message *request,
	const struct sipring_header *header)
{
	for (; header; header = sipring_message_header_next(request, header))
		sipring_writer_header(writer, sipring_header_name(header->id), header->value);
}

static void copy_vias(struct sipring_writer *writer, const struct sipring_message *request,
	const union sipring_address *source)
{
	const struct sipring_header *header = sipring_message_header(request, SIPRING_HEADER_VIA);
	struct sipring_via via;

	if (source && source->sa.sa_family != AF_UNSPEC &&
		!sipring_via_parse(&via, header->value)) {
		sipring_writer_text(writer, "Via: ");
		write_top_via(writer, &via, source);
		header = sipring_message_header_next(request, header);
	}
	copy_all(writer, request, header);
}

static void copy_to(struct sipring_writer *writer, const struct sipring_message *request,
	const struct sipring_reply *reply)
{
	const struct sipring_header *header = sipring_message_header(request, SIPRING_HEADER_TO);
	struct sipring_name_addr to;

	sipring_writer_text(writer, "To: ");
	sipring_writer_span(writer, header->value);
	if (reply->status != 100 && reply->to_tag.size &&
		!sipring_name_addr_parse(&to, header->value) && !to.tag.data && !to.rest.data) {
		sipring_writer_text(writer, ";tag=");
		sipring_writer_span(writer, reply->to_tag);
	}
	sipring_writer_text(writer, "\r\n");
}

int sipring_reply_write(char *out, size_t capacity, const struct sipring_message *request,
	const struct sipring_reply *reply)
{
	struct sipring_writer writer = {.out = out, .capacity = capacity};

	assert(request && reply && (out || !capacity));
	if (!is_writable(request, reply))
		return -EINVAL;
	sipring_writer_text(&writer, "SIP/2.0 ");
	sipring_writer_number(&writer, reply->status);
	sipring_writer_text(&writer, " ");
	if (reply->reason.data)
		sipring_writer_span(&writer, reply->reason);
	else
		sipring_writer_text(&writer, sipring_reply_phrase(reply->status));
	sipring_writer_text(&writer, "\r\n");
	copy_vias(&writer, request, reply->source);
	if (reply->copy_record_route)
		copy_all(&writer, request,
			sipring_message_header(request, SIPRING_HEADER_RECORD_ROUTE));
	sipring_writer_header(&writer, "From",
		sipring_message_header(request, SIPRING_HEADER_FROM)->value);
	copy_to(&writer, request, reply);
	sipring_writer_header(&writer, "Call-ID",
		sipring_message_header(request, SIPRING_HEADER_CALL_ID)->value);
	sipring_writer_header(&writer, "CSeq",
		sipring_message_header(request, SIPRING_HEADER_CSEQ)->value);
	if (reply->status == 100)
		copy_all(&writer, request,
			sipring_message_header(request, SIPRING_HEADER_TIMESTAMP));
	sipring_writer_span(&writer, reply->headers);
	sipring_writer_text(&writer, "Content-Length: ");
	sipring_writer_number(&writer, reply->body.size);
	sipring_writer_text(&writer, "\r\n\r\n");
	sipring_writer_span(&writer, reply->body);
	return sipring_writer_result(&writer);
}

void sipring_reply_tag(char out[SIPRING_TAG_SIZE], struct sipring_message *request,
	const uint64_t secret[2])
{
	static const char digits[] = "0123456789abcdef";
	const struct sipring_header *call_id =
		sipring_message_header(request, SIPRING_HEADER_CALL_ID);
	const struct sipring_name_addr *from = sipring_message_from(request);
	const struct sipring_via *via = sipring_message_via(request);
	uint64_t seed[2] = {secret[0], secret[1]};

	/* Each part's hash is the seed of the next one's, so that no two parts can run together. */
	if (call_id)
		seed[0] ^= sipring_hash_bytes(seed, call_id->value.data, call_id->value.size);
	if (from && from->tag.data)
		seed[0] ^= sipring_hash_bytes(seed, from->tag.data, from->tag.size);
	if (via && via->branch.data)
		seed[0] ^= sipring_hash_bytes(seed, via->branch.data, via->branch.size);
	seed[0] = sipring_hash_bytes(seed, &request->cseq.number, sizeof request->cseq.number);
	for (int i = 0; i < SIPRING_TAG_SIZE; i++, seed[0] >>= 4)
		out[i] = digits[seed[0] & 15];
}
