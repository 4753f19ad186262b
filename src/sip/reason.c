/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parser's results mean, for logs and operators: one const table of static strings.
 */
#include <sipring/sip.h>

static const char *const texts[SIPRING_PARSE_RESULT_COUNT] = {
	[SIPRING_PARSE_ACCEPTED] = "accepted",
	[SIPRING_PARSE_EMPTY] = "empty, a keep-alive",
	[SIPRING_PARSE_BAD_START_LINE] = "start line is neither a request's nor a response's",
	[SIPRING_PARSE_BAD_VERSION] = "version is not SIP/2.0",
	[SIPRING_PARSE_UNTERMINATED] = "no empty line ends the headers",
	[SIPRING_PARSE_BAD_HEADER] = "header line without a colon or with a malformed name",
	[SIPRING_PARSE_BARE_CR] = "CR without LF among the headers",
	[SIPRING_PARSE_TOO_MANY_HEADERS] = "too many headers",
	[SIPRING_PARSE_MISSING_HEADER] = "a mandatory header is missing",
	[SIPRING_PARSE_DUPLICATE_HEADER] = "a header that may occur once came twice",
	[SIPRING_PARSE_BAD_CSEQ] = "CSeq is not a number below 2^31 and a method",
	[SIPRING_PARSE_CSEQ_METHOD_MISMATCH] = "CSeq names another method than the request line",
	[SIPRING_PARSE_BAD_CONTENT_LENGTH] = "Content-Length is not a number",
	[SIPRING_PARSE_BODY_TOO_SHORT] = "Content-Length goes beyond the message",
	[SIPRING_PARSE_ABSENT] = "no such header",
	[SIPRING_PARSE_BAD_VIA] = "malformed Via",
	[SIPRING_PARSE_BAD_NAME_ADDR] = "malformed address",
	[SIPRING_PARSE_BAD_NUMBER] = "not a number below 2^32",
	[SIPRING_PARSE_BAD_URI] = "malformed URI",
	[SIPRING_PARSE_BAD_HOST] = "malformed host or port",
	[SIPRING_PARSE_NO_TARGET] = "the URI names no host",
	[SIPRING_PARSE_UNKNOWN_TRANSPORT] = "unknown transport",
	[SIPRING_PARSE_BAD_CONTENT_TYPE] = "malformed media type",
	[SIPRING_PARSE_NO_HOPS_LEFT] = "Max-Forwards is 0",
	[SIPRING_PARSE_BARE_LF] = "LF without CR among the headers",
	[SIPRING_PARSE_STRAY_BYTES] = "bytes that belong to no message",
	[SIPRING_PARSE_MISSING_TAG] = "From has no tag",
	[SIPRING_PARSE_BAD_VALUE] = "a header's value is not of its form",
};

const char *sipring_parse_reason_text(int result)
{
	if (result < 0 || result >= SIPRING_PARSE_RESULT_COUNT)
		return "unknown";
	return texts[result];
}
