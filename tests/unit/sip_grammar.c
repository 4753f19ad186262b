/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The productions of RFC 3261 25.1 that an edge meets, a few lines each: what the parsers read, and
 * what of it the check by the letter takes too. In the order of the RFC.
 */
#include "sip_edge.h"

#include <stdio.h>

enum verdict {
	LETTER, /* read, and by the letter */
	READ,   /* read, and refused by the letter */
	BAD,    /* not read */
};

struct row {
	const char *production, *text;
	enum verdict verdict;
};

static struct sipring_message message;

/* What every message has; a row's header stands for the one of its name. */
static const char *const others[] = {"Via: SIP/2.0/SCTP a;branch=z9hG4bK1", "Max-Forwards: 70",
	"From: <sip:a@b>;tag=1", "To: <sip:c@d>", "Call-ID: x"};

static enum sipring_header_id id_of(const char *line)
{
	size_t size = strcspn(line, " \t\r\n:");

	return sipring_header_find((struct sipring_span){line, size});
}

/* Parses a message of this start line and, unless NULL, this header. */
static int parse(const char *start, const char *method, const char *header)
{
	static char text[2048];
	size_t size = (size_t)snprintf(text, sizeof text, "%s\r\n", start);

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (!header || id_of(others[i]) != id_of(header))
			size += (size_t)snprintf(text + size, sizeof text - size, "%s\r\n",
				others[i]);
	if (!header || id_of(header) != SIPRING_HEADER_CSEQ)
		size += (size_t)snprintf(text + size, sizeof text - size, "CSeq: 1 %s\r\n", method);
	size += (size_t)snprintf(text + size, sizeof text - size, "%s%s\r\n", header ? header : "",
		header ? "\r\n" : "");
	cr_assert_lt(size, sizeof text);
	return sipring_message_parse(&message, edge_copy(text, size), size);
}

static void hold(const struct row *row, bool is_read)
{
	bool is_letter = !sipring_message_check(&message);

	cr_expect_eq(is_read, row->verdict != BAD, "%s: %s: %s", row->production, row->text,
		is_read ? "read" : "not read");
	cr_expect_eq(is_letter, row->verdict == LETTER, "%s: %s: by the letter: %s",
		row->production, row->text, sipring_parse_reason_text(message.result));
}

static const struct row start_lines[] = {
	{"SIP-URI", "OPTIONS sip:h SIP/2.0", LETTER},
	{"SIP-URI", "OPTIONS SIP:a@h SIP/2.0", LETTER},
	{"SIP-URI", "OPTIONS sip: SIP/2.0", BAD},
	{"SIPS-URI", "OPTIONS sips:a:b@h:5061;p SIP/2.0", LETTER},
	{"userinfo", "OPTIONS sip:@h SIP/2.0", BAD},
	{"userinfo", "OPTIONS sip:a@b@h SIP/2.0", BAD},
	{"user-unreserved", "OPTIONS sip:&=+$,;?/@h SIP/2.0", LETTER},
	{"unreserved", "OPTIONS sip:aZ09-_.!~*'()@h SIP/2.0", LETTER},
	{"user", "OPTIONS sip:a#b@h SIP/2.0", READ},
	{"user", "OPTIONS sip:a\"b@h SIP/2.0", BAD},
	{"escaped", "OPTIONS sip:%00%fF@h SIP/2.0", LETTER},
	{"escaped", "OPTIONS sip:%0@h SIP/2.0", BAD},
	{"escaped", "OPTIONS sip:%zz@h SIP/2.0", BAD},
	{"password", "OPTIONS sip:a:&=+$,%41@h SIP/2.0", LETTER},
	{"password", "OPTIONS sip:a:@h SIP/2.0", LETTER},
	{"telephone-subscriber", "OPTIONS sip:+1-555;phone-context=x@h;user=phone SIP/2.0", LETTER},
	{"hostport", "OPTIONS sip:h:65535 SIP/2.0", LETTER},
	{"hostport", "OPTIONS sip:h: SIP/2.0", BAD},
	{"hostname", "OPTIONS sip:a-b.1c.example.com. SIP/2.0", LETTER},
	{"hostname", "OPTIONS sip:a_b.example.com SIP/2.0", READ},
	{"domainlabel", "OPTIONS sip:-a.example.com SIP/2.0", READ},
	{"domainlabel", "OPTIONS sip:a-.example.com SIP/2.0", READ},
	{"domainlabel", "OPTIONS sip:a..com SIP/2.0", READ},
	{"toplabel", "OPTIONS sip:a.1b SIP/2.0", READ},
	{"IPv4address", "OPTIONS sip:192.0.2.255 SIP/2.0", LETTER},
	{"IPv4address", "OPTIONS sip:192.0.2.256 SIP/2.0", BAD},
	{"IPv4address", "OPTIONS sip:192.0.2 SIP/2.0", BAD},
	{"IPv6reference", "OPTIONS sip:[2001:db8::1]:5060 SIP/2.0", LETTER},
	{"IPv6reference", "OPTIONS sip:2001:db8::1 SIP/2.0", BAD},
	{"IPv6reference", "OPTIONS sip:[2001:db8::1 SIP/2.0", BAD},
	{"IPv6address", "OPTIONS sip:[::ffff:192.0.2.1] SIP/2.0", LETTER},
	{"IPv6address", "OPTIONS sip:[2001:db8:::192.0.2.1] SIP/2.0", READ},
	{"hexpart", "OPTIONS sip:[1:2:3:4:5:6:7:8] SIP/2.0", LETTER},
	{"hexpart", "OPTIONS sip:[1::2::3] SIP/2.0", BAD},
	{"hexseq", "OPTIONS sip:[1:2:3:4:5:6:7:8:9] SIP/2.0", BAD},
	{"hex4", "OPTIONS sip:[12345::] SIP/2.0", BAD},
	{"port", "OPTIONS sip:h:65536 SIP/2.0", BAD},
	{"port", "OPTIONS sip:h:0 SIP/2.0", BAD},
	{"port", "OPTIONS sip:h:5x SIP/2.0", BAD},
	{"transport-param", "OPTIONS sip:h;transport=sctp SIP/2.0", LETTER},
	{"other-transport", "OPTIONS sip:h;transport=x-own SIP/2.0", LETTER},
	{"user-param", "OPTIONS sip:h;user=phone SIP/2.0", LETTER},
	{"method-param", "OPTIONS sip:h;method=INVITE SIP/2.0", LETTER},
	{"ttl-param", "OPTIONS sip:h;ttl=255 SIP/2.0", LETTER},
	{"maddr-param", "OPTIONS sip:h;maddr=[::1] SIP/2.0", LETTER},
	{"lr-param", "OPTIONS sip:h;lr SIP/2.0", LETTER},
	{"other-param", "OPTIONS sip:h;a;b=c;%41=%42 SIP/2.0", LETTER},
	{"paramchar", "OPTIONS sip:h;[]/:&+$=[]/:&+$ SIP/2.0", LETTER},
	{"pname", "OPTIONS sip:h; SIP/2.0", BAD},
	{"pname", "OPTIONS sip:h;=a SIP/2.0", BAD},
	{"pvalue", "OPTIONS sip:h;a= SIP/2.0", BAD},
	{"pvalue", "OPTIONS sip:h;a=b== SIP/2.0", READ},
	{"headers", "OPTIONS sip:h?a=b&c= SIP/2.0", READ},
	{"hname", "OPTIONS sip:h?=b SIP/2.0", BAD},
	{"hvalue", "OPTIONS sip:h?a=b=c SIP/2.0", BAD},
	{"hvalue", "OPTIONS sip:h?a=<b> SIP/2.0", BAD},
	{"Request-Line", "OPTIONS sip:h SIP/2.0 ", BAD},
	{"Request-Line", "OPTIONS  sip:h SIP/2.0", BAD},
	{"Request-Line", " OPTIONS sip:h SIP/2.0", BAD},
	{"Request-Line", "OPTIONS sip:h", BAD},
	{"Request-Line", "OPTIONS sip:h\r\n SIP/2.0", BAD},
	{"Request-URI", "OPTIONS <sip:h> SIP/2.0", BAD},
	{"Request-URI", "OPTIONS sip:h SIP:x SIP/2.0", BAD},
	{"absoluteURI", "OPTIONS urn:service:sos SIP/2.0", LETTER},
	{"hier-part", "OPTIONS http://h:80/a?b SIP/2.0", LETTER},
	{"opaque-part", "OPTIONS mailto:a@b SIP/2.0", LETTER},
	{"scheme", "OPTIONS a+b-c.1:x SIP/2.0", LETTER},
	{"scheme", "OPTIONS 1a:x SIP/2.0", BAD},
	{"scheme", "OPTIONS h SIP/2.0", BAD},
	{"SIP-Version", "OPTIONS sip:h sip/2.0", LETTER},
	{"SIP-Version", "OPTIONS sip:h SIP/2.1", BAD},
	{"SIP-Version", "OPTIONS sip:h SIP/2.00", BAD},
	{"SIP-Version", "OPTIONS sip:h HTTP/1.1", BAD},
	{"Status-Line", "SIP/2.0 200 OK", LETTER},
	{"Status-Line", "SIP/2.0 200", READ},
	{"Status-Line", "SIP/2.0  200 OK", BAD},
	{"Status-Code", "SIP/2.0 99 x", BAD},
	{"Status-Code", "SIP/2.0 099 x", BAD},
	{"Status-Code", "SIP/2.0 1000 x", BAD},
	{"extension-code", "SIP/2.0 699 x", LETTER},
	{"extension-code", "SIP/2.0 700 x", BAD},
	{"Reason-Phrase", "SIP/2.0 200 ", LETTER},
	{"Reason-Phrase", "SIP/2.0 404 Not Found", LETTER},
	{"Reason-Phrase", "SIP/2.0 200 \xd0\xb4\t;/?:@&=+$,%41", LETTER},
	{"Reason-Phrase", "SIP/2.0 200 a\x01", READ},
};

Test(sip_grammar, start_lines)
{
	for (size_t i = 0; i < sizeof start_lines / sizeof *start_lines; i++) {
		bool is_read = !parse(start_lines[i].text, "OPTIONS", NULL);
		struct sipring_uri uri;

		if (is_read && (message.flags & SIPRING_MESSAGE_REQUEST))
			is_read = !sipring_uri_parse(&uri, message.uri);
		hold(&start_lines[i], is_read);
	}
}

static const struct row methods[] = {
	{"INVITEm", "INVITE", LETTER},
	{"ACKm", "ACK", LETTER},
	{"OPTIONSm", "OPTIONS", LETTER},
	{"BYEm", "BYE", LETTER},
	{"CANCELm", "CANCEL", LETTER},
	{"REGISTERm", "REGISTER", LETTER},
	{"extension-method", "x-own", LETTER},
	{"token", "aZ09-.!%*_+`'~", LETTER},
	{"token", "a@b", BAD},
	{"token", "", BAD},
};

Test(sip_grammar, methods)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		char start[64];

		snprintf(start, sizeof start, "%s sip:h SIP/2.0", methods[i].text);
		hold(&methods[i], !parse(start, methods[i].text, NULL));
	}
}

static const struct row headers[] = {
	{"HCOLON", "Subject \t : x", LETTER},
	{"HCOLON", "Subject:x", LETTER},
	{"HCOLON", "Subject x", BAD},
	{"LWS", "Subject: a\r\n \tb\r\n c", LETTER},
	{"SWS", "Subject:\r\n  x", LETTER},
	{"TEXT-UTF8-TRIM", "Subject: \xd0\xb4 \"'<>(){}[]", LETTER},
	{"TEXT-UTF8-TRIM", "Subject: a\x01", READ},
	{"header-name", "X-\xc3\xa4: x", BAD},
	{"header-name", ": x", BAD},
	{"header-name", "X Y: x", BAD},
	{"extension-header", "aZ09-.!%*_+`'~:;;,,;", LETTER},
	{"extension-header", "X-Own:", LETTER},
	{"Call-ID", "Call-ID: aZ09-.!%*_+`'~()<>:\\\"/[]?{}", LETTER},
	{"callid", "i: a@b", LETTER},
	{"callid", "i: a@", READ},
	{"callid", "i: @b", READ},
	{"callid", "i: a@b@c", READ},
	{"word", "i: a b", READ},
	{"word", "i: a;b", READ},
	{"Contact", "m: *", LETTER},
	{"STAR", "m: *;q=1", READ},
	{"contact-param", "m: <sip:a@b>;q=0.5, sip:c@d;expires=1 , \"x\" <sip:e@f>;y", LETTER},
	{"contact-param", "m: ,<sip:a@b>", BAD},
	{"contact-param", "m: <sip:a@b>,", BAD},
	{"contact-param", "m:", BAD},
	{"name-addr", "m: <sip:a@b;x?y=z>", LETTER},
	{"name-addr", "m: <sip:a@b", BAD},
	{"name-addr", "m: < sip:a@b>", BAD},
	{"name-addr", "m: <>", BAD},
	{"addr-spec", "m: sip:a@b?c=d", READ},
	{"addr-spec", "m: sip:a b", BAD},
	{"display-name", "m: a b-c <sip:a@b>", LETTER},
	{"display-name", "m: a<sip:a@b>", LETTER},
	{"display-name", "m: a.@b <sip:a@b>", READ},
	{"display-name", "m: a, b <sip:a@b>", BAD},
	{"quoted-string", "m: \"a,;<>\\\"\" <sip:a@b>", LETTER},
	{"quoted-string", "m: \"a <sip:a@b>", BAD},
	{"quoted-pair", "m: \"\\\\\" <sip:a@b>", LETTER},
	{"quoted-pair", "m: \"a\\\" <sip:a@b>", BAD},
	{"c-p-q", "m: <sip:a@b>;q=1.000", LETTER},
	{"qvalue", "m: <sip:a@b>;q=0", LETTER},
	{"qvalue", "m: <sip:a@b>;q=1.001", READ},
	{"qvalue", "m: <sip:a@b>;q=0.1234", READ},
	{"qvalue", "m: <sip:a@b>;q=x", READ},
	{"c-p-expires", "m: <sip:a@b>;expires=4294967295", LETTER},
	{"c-p-expires", "m: <sip:a@b>;expires=4294967296", READ},
	{"contact-extension", "m: <sip:a@b>;a=\"b;c\";d=[::1];e=f", LETTER},
	{"contact-extension", "m: <sip:a@b>;;a", BAD},
	{"Content-Length", "l: 0", LETTER},
	{"Content-Length", "l: 00", LETTER},
	{"Content-Length", "l: -0", BAD},
	{"Content-Length", "l: 0 0", BAD},
	{"Content-Type", "c: application/sdp", LETTER},
	{"media-type", "c: text / plain ; a=b ; c=\"d/e\"", LETTER},
	{"media-type", "c: text", BAD},
	{"m-type", "c: /plain", BAD},
	{"m-subtype", "c: text/", BAD},
	{"m-parameter", "c: text/plain;a=", BAD},
	{"CSeq", "CSeq: 2147483647 OPTIONS", LETTER},
	{"CSeq", "CSeq: 0009\r\n OPTIONS", LETTER},
	{"CSeq", "CSeq: 2147483648 OPTIONS", BAD},
	{"CSeq", "CSeq: 1OPTIONS", BAD},
	{"CSeq", "CSeq: 1 options", BAD},
	{"SIP-date", "Date: Sat, 13 Nov 2010 23:29:00 GMT", LETTER},
	{"rfc1123-date", "Date: Sat, 13 Nov 2010 23:29:00 EST", READ},
	{"date1", "Date: Sat, 3 Nov 2010 23:29:00 GMT", READ},
	{"time", "Date: Sat, 13 Nov 2010 23-29-00 GMT", READ},
	{"wkday", "Date: Sab, 13 Nov 2010 23:29:00 GMT", READ},
	{"month", "Date: Sat, 13 Okt 2010 23:29:00 GMT", READ},
	{"Expires", "Expires: 4294967295", LETTER},
	{"delta-seconds", "Expires: 4294967296", BAD},
	{"delta-seconds", "Expires: 1 x", READ},
	{"delta-seconds", "Expires: -1", BAD},
	{"Min-Expires", "Min-Expires: 60", LETTER},
	{"From", "f: a <sip:a@b> ; tag = 1 ; x", LETTER},
	{"from-spec", "f: sip:a@b;tag=1", LETTER},
	{"from-spec", "f: <sip:a@b>;tag=1, <sip:c@d>", READ},
	{"from-param", "f: <sip:a@b>;tag=1;x=\"y\"", LETTER},
	{"tag-param", "f: <sip:a@b>", READ},
	{"tag-param", "f: <sip:a@b>;tag", READ},
	{"tag-param", "f: <sip:a@b>;tag=a@b", READ},
	{"To", "t: <tel:+1-555>", LETTER},
	{"to-param", "t: \"x\" <sip:a@b>;tag=1;y", LETTER},
	{"Max-Forwards", "Max-Forwards: 0", LETTER},
	{"Max-Forwards", "Max-Forwards: 255", LETTER},
	{"Max-Forwards", "Max-Forwards: 256", READ},
	{"Max-Forwards", "Max-Forwards: x", BAD},
	{"Max-Forwards", "Max-Forwards:", BAD},
	{"Record-Route", "Record-Route: <sip:a;lr>,\r\n <sip:b;lr>;x=y", LETTER},
	{"rec-route", "Record-Route: sip:a;lr", READ},
	{"Route", "Route: <sips:a;lr>;x", LETTER},
	{"route-param", "Route: sip:a", READ},
	{"route-param", "Route: <sip:a>;", BAD},
	{"Reply-To", "Reply-To: x <sip:a@b>", LETTER},
	{"Allow", "Allow: INVITE, ACK,x-own", LETTER},
	{"Allow", "Allow:", LETTER},
	{"Allow", "Allow: INVITE,,ACK", READ},
	{"Supported", "k: 100rel ,\r\n timer", LETTER},
	{"Supported", "k:", LETTER},
	{"option-tag", "k: a b", READ},
	{"Require", "Require: a,b", LETTER},
	{"Require", "Require:", READ},
	{"Proxy-Require", "Proxy-Require: a,", READ},
	{"Unsupported", "Unsupported: a;b", READ},
	{"Retry-After", "Retry-After: 120", LETTER},
	{"Retry-After", "Retry-After: 18000 (in a (long) \\) meeting) ;duration=3600", LETTER},
	{"retry-param", "Retry-After: 1;", READ},
	{"retry-param", "Retry-After: 1;a,b", READ},
	{"comment", "Retry-After: 1 (\\()", LETTER},
	{"comment", "Retry-After: 1 (a)(b)", READ},
	{"comment", "Retry-After: 1 (a", READ},
	{"comment", "Retry-After: 1 (a\\", READ},
	{"comment", "Session-Expires: 1 (a)", READ},
	{"comment", "Retry-After: 1 (a) b", READ},
	{"Via", "v: SIP/2.0/UDP a", LETTER},
	{"via-parm", "v: SIP/2.0/UDP a;x, SIP/2.0/TCP b;y=z", LETTER},
	{"via-parm", "v: SIP/2.0/UDP a,", READ},
	{"via-params", "v: SIP/2.0/UDP a;;b", BAD},
	{"via-ttl", "v: SIP/2.0/UDP a;ttl=255", LETTER},
	{"ttl", "v: SIP/2.0/UDP a;ttl=256", BAD},
	{"via-maddr", "v: SIP/2.0/UDP a;maddr=224.2.0.1", LETTER},
	{"via-maddr", "v: SIP/2.0/UDP a;maddr=", BAD},
	{"via-received", "v: SIP/2.0/UDP a;received=192.0.2.1", LETTER},
	{"via-received", "v: SIP/2.0/UDP a;received=2001:db8::1", LETTER},
	{"via-received", "v: SIP/2.0/UDP a;received=[2001:db8::1]", LETTER},
	{"via-received", "v: SIP/2.0/UDP a;received=a/b", READ},
	{"via-branch", "v: SIP/2.0/UDP a;branch=1", LETTER},
	{"via-branch", "v: SIP/2.0/UDP a;branch=z9hG4bK", READ},
	{"via-branch", "v: SIP/2.0/UDP a;branch=z9hG4bK1/+==", READ},
	{"via-branch", "v: SIP/2.0/UDP a;branch", BAD},
	{"via-extension", "v: SIP/2.0/UDP a;x=\"y,z\";w=1.2;v", LETTER},
	{"response-port", "v: SIP/2.0/UDP a;rport;x", LETTER},
	{"response-port", "v: SIP/2.0/UDP a;rport=65536", BAD},
	{"sent-protocol", "v: SIP / 2.0 / UDP a", LETTER},
	{"protocol-name", "v: HTTP/2.0/UDP a", BAD},
	{"protocol-version", "v: SIP/3.0/UDP a", BAD},
	{"transport", "v: SIP/2.0/TLS-SCTP a", LETTER},
	{"other-transport", "v: SIP/2.0/x-own a", LETTER},
	{"sent-by", "v: SIP/2.0/UDP [::1] : 5060", LETTER},
	{"sent-by", "v: SIP/2.0/UDP a:0", BAD},
	{"sent-by", "v: SIP/2.0/UDP a_b", READ},
	{"sent-by", "v: SIP/2.0/UDP ;a", BAD},
	{"Warning", "Warning: 399 a.example.com:5060 \"x\\\"y\", 370 b \"z\"", LETTER},
	{"warn-code", "Warning: 1812 overture \"x\"", READ},
	{"warn-agent", "Warning: 399 \"x\"", READ},
	{"warn-agent", "Warning: 399 a", READ},
	{"warn-agent", "Warning: 399 a\"x\"", READ},
	{"warn-text", "Warning: 399 a \"\"", LETTER},
	{"warn-text", "Warning: 399 a x", READ},
	{"warn-text", "Warning: 399 a \"", READ},
	{"warn-text", "Warning: 399 a \"x", READ},
	{"warning-value", "Warning: 399 a \"x\",", READ},
	{"warning-value", "Warning: 399 a \"x\" b", READ},
};

/* Does the value's own parser, for those that have one, read the header's first value? */
static bool is_value_read(const struct sipring_header *header)
{
	struct sipring_content_type media;
	struct sipring_name_addr address = {.rest = {NULL, 0}};
	struct sipring_via via;
	uint32_t number;

	switch (header->id) {
	case SIPRING_HEADER_VIA:
		return !sipring_via_parse(&via, header->value);
	case SIPRING_HEADER_CONTACT:
		address.rest = header->value;
		while (address.rest.data)
			if (sipring_name_addr_parse(&address, address.rest))
				return false;
		return true;
	case SIPRING_HEADER_FROM:
	case SIPRING_HEADER_TO:
	case SIPRING_HEADER_REPLY_TO:
	case SIPRING_HEADER_ROUTE:
	case SIPRING_HEADER_RECORD_ROUTE:
		return !sipring_name_addr_parse(&address, header->value);
	case SIPRING_HEADER_CONTENT_TYPE:
		return !sipring_content_type_parse(&media, header->value);
	case SIPRING_HEADER_EXPIRES:
	case SIPRING_HEADER_MIN_EXPIRES:
	case SIPRING_HEADER_MAX_FORWARDS:
	case SIPRING_HEADER_RETRY_AFTER:
		return !sipring_message_number(&message, header->id, &number);
	default:
		return true;
	}
}

Test(sip_grammar, headers)
{
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		bool is_read = !parse("OPTIONS sip:h SIP/2.0", "OPTIONS", headers[i].text);

		if (is_read)
			is_read = is_value_read(&message.headers[message.n_headers - 1]);
		hold(&headers[i], is_read);
	}
}

Test(sip_grammar, bodies)
{
	static const struct row rows[] = {
		{"message-body", "l: 3\r\nc: a/b\r\n\r\na\0b", LETTER},
		{"message-body", "c: a/b\r\n\r\na\r\n\r\n", LETTER},
		{"message-body", "l: 4\r\nc: a/b\r\n\r\na\0b", BAD},
		{"message-body", "l: 2\r\nc: a/b\r\n\r\na\0b", READ},
		{"message-body", "l: 3\r\n\r\na\0b", READ},
	};
	static const char before[] =
		"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP a\r\nMax-Forwards: 1\r\n"
		"f: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\ni: x\r\nCSeq: 1 OPTIONS\r\n";
	char text[512];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		/* A row of these that ends in a NUL and one byte more has them behind its end. */
		size_t size = strlen(rows[i].text);
		size_t whole = rows[i].text[size - 1] == 'a' ? size + 2 : size;

		memcpy(text, before, sizeof before - 1);
		memcpy(text + sizeof before - 1, rows[i].text, whole);
		whole += sizeof before - 1;
		hold(&rows[i], !sipring_message_parse(&message, edge_copy(text, whole), whole));
	}
}
