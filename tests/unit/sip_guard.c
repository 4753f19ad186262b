/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing outside the input is read: every parser of a value on every prefix and suffix of values
 * of all kinds, its own and those of others, where the input ends at an unmapped page and where it
 * begins right after one. For messages suite fuzz does the same with the corpus of bench/parser.
 */
#include "sip/host.h"
#include "sip/strict.h"
#include "sip/text.h"
#include "sip_edge.h"
#include "sip_samples.h"

#include <stdio.h>

static const char *const values[] = {
	"SIP/2.0/SCTP pbx.example.com:5060;branch=z9hG4bK776;rport=9;ttl=16;maddr=m;received=1",
	" sip / 2.0 / TLS-SCTP\t[2001:db8::9] : 5061 ;a ; b = \"c\\\"\" , SIP/2.0/UDP h ,",
	"\"Alice \\\" <x>\" <sip:alice@example.com;lr?a=b>;tag=1928;q=0.5,\r\n <tel:+1>",
	"Bob B. <sips:b@h>;x=\"a;b,c\", sip:c@d;tag=e , *",
	"sip:a%20b:p%41@[2001:db8::1]:5061;transport=tls-sctp;lr;maddr=1.2.3.4?s=x%20&p=q",
	"tel:+1-201-555-0123;phone-context=example.com",
	"urn:service:sos.fire",
	"sip:192.0.2.255:65535",
	"2147483647\r\n SUBSCRIBE",
	"multipart/mixed ; boundary = \"a\\\"b\" ;charset=utf-8",
	"120 (in \\) a (meeting)) ;duration=60",
	"399 host \"a\\\"b\", 301 h:5 \"c\"",
	"Sat, 13 Nov 2010 23:29:00 GMT",
	"100rel , timer,,replaces",
	"P-Charging-Function-Addresses",
	"%",
	"%4",
	"[::",
};

/* Whatever they return: the page says whether they read too much. */
static void parse(struct sipring_span text)
{
	struct sipring_content_type type;
	struct sipring_name_addr name_addr;
	struct sipring_target target;
	struct sipring_span value;
	struct sipring_cseq cseq;
	struct sipring_via via;
	struct sipring_seek seek;
	struct sipring_uri uri;
	uint16_t port;
	char out[128];

	sipring_via_parse(&via, text);
	sipring_name_addr_parse(&name_addr, text);
	sipring_content_type_parse(&type, text);
	sipring_cseq_parse(&cseq, text);
	sipring_param_find(text, "none", &value);
	sipring_header_find(text);
	sipring_method_find(text);
	sipring_transport_find(text);
	sipring_transport_find_param(text);
	sipring_uri_unescape(out, sizeof out, text);
	sipring_host_classify(text, NULL);
	sipring_seek_begin(&seek, text.data, text.data + text.size, 0);
	sipring_host_read(&value, &port, text.data, &seek, SIPRING_TEXT_LWS);
	if (sipring_uri_parse(&uri, text))
		return;
	sipring_uri_target(&uri, 0, &target);
	cr_assert(sipring_uri_is_equivalent(&uri, &uri));
}

/* As the value of each header, so that the strict grammars see it too. */
static void check(struct sipring_span text)
{
	static struct sipring_message message;
	uint32_t number;

	for (int id = 1; id < SIPRING_HEADER_COUNT; id++) {
		struct sipring_value_cursor cursor;
		struct sipring_span value;

		message = (struct sipring_message){.text = text,
			.body = {text.data + text.size, 0},
			.n_headers = 1,
			.headers = {{.value = text, .id = (enum sipring_header_id)id}}};
		message.first[id] = 1;
		sipring_message_number(&message, (enum sipring_header_id)id, &number);
		sipring_value_begin(&cursor, &message, (enum sipring_header_id)id);
		while (sipring_value_next(&cursor, &value))
			cr_assert(value.size && value.data >= text.data);
		sipring_strict_value(&message.headers[0], &value.data);
	}
}

static void at_both_edges(const char *data, size_t size, void (*run)(struct sipring_span))
{
	run((struct sipring_span){edge_copy(data, size), size});
	run((struct sipring_span){edge_copy_after(data, size), size});
}

static void check_all_parts(const char *text, void (*run)(struct sipring_span))
{
	size_t whole = strlen(text);

	for (size_t size = 0; size <= whole; size++) {
		at_both_edges(text, size, run);
		at_both_edges(text + whole - size, size, run);
	}
}

Test(sip_guard, parsers_of_values)
{
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		check_all_parts(values[i], parse);
}

Test(sip_guard, headers)
{
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		check_all_parts(values[i], check);
}

static void parse_message(struct sipring_span text)
{
	static struct sipring_message message;

	sipring_message_parse(&message, text.data, text.size);
	sipring_message_via(&message);
	sipring_message_from(&message);
	sipring_message_to(&message);
	sipring_message_contact(&message);
	sipring_message_route(&message);
	sipring_message_check(&message);
}

Test(sip_guard, samples)
{
	for (size_t i = 0; i < N_SIP_SAMPLES; i++)
		for (size_t size = 0; size <= sip_samples[i].size; size++)
			at_both_edges(sip_samples[i].data, size, parse_message);
}

/* The first colon behind a line that has none, up to where the input ends. */
Test(sip_guard, colons_behind_the_line)
{
	for (int n = 0; n < 20; n++) {
		char text[64];
		int size = snprintf(text, sizeof text, "A b SIP/2.0\r\nc\r\n%.*s:  ", n,
			"dddddddddddddddddddd");

		for (int blanks = 0; blanks <= 2; blanks++)
			at_both_edges(text, (size_t)(size - blanks), parse_message);
	}
}
