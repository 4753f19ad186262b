/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages that must be accepted, of the shapes an edge sees: short and long, requests and
 * responses, compact forms, folding, many Vias, no body, a binary body.
 */
#pragma once

#include <stddef.h>

struct sip_sample {
	const char *name;
	const char *data;
	size_t size;
	unsigned n_headers;
};

#define SAMPLE(name, n_headers, text)                  \
	{                                              \
		name, text, sizeof text - 1, n_headers \
	}

static const struct sip_sample sip_samples[] = {
	SAMPLE("options", 7,
		"OPTIONS sip:192.0.2.1 SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP 192.0.2.9:5060;branch=z9hG4bKop1\r\n"
		"Max-Forwards: 70\r\n"
		"From: <sip:probe@192.0.2.9>;tag=1\r\n"
		"To: <sip:192.0.2.1>\r\n"
		"Call-ID: 1@192.0.2.9\r\n"
		"CSeq: 1 OPTIONS\r\n"
		"Content-Length: 0\r\n\r\n"),
	SAMPLE("invite", 12,
		"INVITE sip:+15551234567@edge.example.net;transport=sctp SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP pbx33.example.com:5060;branch=z9hG4bK776asdhds;rport\r\n"
		"Max-Forwards: 70\r\n"
		"Route: <sip:edge.example.net;lr;transport=sctp>\r\n"
		"From: \"Alice\" <sip:alice@example.com>;tag=1928301774\r\n"
		"To: Bob <sip:bob@example.org>\r\n"
		"Call-ID: a84b4c76e66710@pc33.example.com\r\n"
		"CSeq: 314159 INVITE\r\n"
		"Contact: <sip:alice@pc33.example.com;transport=sctp>\r\n"
		"Supported: replaces, 100rel, timer\r\n"
		"Session-Expires: 1800;refresher=uac\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 58\r\n"
		"\r\n"
		"v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n\r\n"),
	SAMPLE("compact and folded", 10,
		"INVITE sips:u@[2001:db8::1]:5061 SIP/2.0\r\n"
		"v: SIP/2.0/TLS-SCTP [2001:db8::9]:5061\r\n"
		" ;branch=z9hG4bKc\r\n"
		"v: SIP/2.0/UDP 192.0.2.4, SIP/2.0/TCP\r\n"
		"\t192.0.2.5\r\n"
		"f: <sip:a@b>;tag=x\r\n"
		"t :sip:u@h\r\n"
		"i:  c1\r\n"
		"CSeq: 0009\r\n"
		"  INVITE\r\n"
		"m: *\r\n"
		"k: a,,b\r\n"
		"X-Own: value: with colons\r\n"
		"l: 3\r\n\r\nabc"),
	SAMPLE("response", 8,
		"SIP/2.0 180 Ringing\r\n"
		"Via: SIP/2.0/SCTP a.example.com;branch=z9hG4bK1;received=192.0.2.3\r\n"
		"Via: SIP/2.0/UDP b.example.com;branch=z9hG4bK2\r\n"
		"From: <sip:a@example.com>;tag=1\r\n"
		"To: <sip:b@example.com>;tag=2\r\n"
		"Call-ID: r1\r\n"
		"CSeq: 1 INVITE\r\n"
		"Record-Route: <sip:p1;lr>,<sip:p2;lr>\r\n"
		"Content-Length: 0\r\n\r\n"),
	SAMPLE("response without phrase", 5,
		"SIP/2.0 200 \r\n"
		"Via: SIP/2.0/SCTP a;branch=z9hG4bK1\r\n"
		"From: <sip:a@b>;tag=1\r\n"
		"To: <sip:b@c>;tag=2\r\n"
		"Call-ID: r2\r\n"
		"CSeq: 4 MYMETHOD\r\n\r\n"),
	SAMPLE("bare LF", 6,
		"\r\n\r\nMESSAGE tel:+1-555;phone-context=x SIP/2.0\n"
		"Via: SIP/2.0/SCTP a;branch=z9hG4bK1\n"
		"From: <sip:a@b>;tag=1\n"
		"To: <tel:+1555>\n"
		"Call-ID: lf\n"
		"CSeq: 2 MESSAGE\n"
		"Content-Length: 5\n\nhello and what is ignored"),
	SAMPLE("binary body", 7,
		"INFO sip:a@b SIP/2.0\r\n"
		"Via: SIP/2.0/SCTP a;branch=z9hG4bK1\r\n"
		"From: \"quoted \\\" , <x> \" <sip:a@b>;tag=1\r\n"
		"To: <sip:c@d>\r\n"
		"Call-ID: bin\r\n"
		"CSeq: 3 INFO\r\n"
		"Subject:\r\n"
		"Content-Type: application/isup\r\n\r\n\0\r\r\n\n\0:\r"),
};

#define N_SIP_SAMPLES (sizeof sip_samples / sizeof *sip_samples)
