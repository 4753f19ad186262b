/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIP as text: messages, values, URIs, the transport table, replies and requests. Pure functions on
 * the caller's memory: nothing here allocates, copies a message, does I/O or keeps state, and every
 * function may be called from any thread. Usable without the engine.
 *
 * Lifetime: every span that a function hands out points into the bytes it was given and is valid
 * as long as those bytes stay where they are and unchanged. Spans keep what the wire had: folded
 * lines stay folded (a CRLF and the white space after it inside a value is white space), escapes
 * stay escaped, an IPv6 host keeps its brackets.
 *
 * Results: 0 is success; positive is a named condition (enum sipring_parse_result); negative is
 * -errno and a mistake of the caller (-EINVAL) or of its buffer's size (-ENOBUFS).
 */
#pragma once

#include <sipring/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a parser found. Every value but ACCEPTED refuses the input. */
enum sipring_parse_result {
	SIPRING_PARSE_ACCEPTED,
	SIPRING_PARSE_EMPTY,            /* nothing, or only CRLFs: a keep-alive (RFC 5626 4.4.1) */
	SIPRING_PARSE_BAD_START_LINE,   /* neither Request-Line nor Status-Line (RFC 3261 7.1) */
	SIPRING_PARSE_BAD_VERSION,      /* a version that is not SIP/2.0 (RFC 3261 21.5.6) */
	SIPRING_PARSE_UNTERMINATED,     /* no empty line ends the headers */
	SIPRING_PARSE_BAD_HEADER,       /* a line without a colon, or a name that is no token */
	SIPRING_PARSE_BARE_CR,          /* a CR without its LF among the headers */
	SIPRING_PARSE_TOO_MANY_HEADERS, /* more than SIPRING_HEADERS_MAX */
	SIPRING_PARSE_MISSING_HEADER,   /* To, From, CSeq, Call-ID or Via (RFC 3261 8.1.1) */
	SIPRING_PARSE_DUPLICATE_HEADER, /* a header that may occur once came twice */
	SIPRING_PARSE_BAD_CSEQ,         /* not a number below 2^31 and a method */
	SIPRING_PARSE_CSEQ_METHOD_MISMATCH, /* CSeq names another method than the Request-Line */
	SIPRING_PARSE_BAD_CONTENT_LENGTH,   /* not a number */
	SIPRING_PARSE_BODY_TOO_SHORT,       /* Content-Length beyond the datagram (RFC 3261 18.3) */
	/* Of values and URIs, not of messages: */
	SIPRING_PARSE_ABSENT,            /* the message has no such header */
	SIPRING_PARSE_BAD_VIA,           /* not a via-parm */
	SIPRING_PARSE_BAD_NAME_ADDR,     /* not a name-addr or addr-spec */
	SIPRING_PARSE_BAD_NUMBER,        /* not digits, or beyond 2^32 - 1 */
	SIPRING_PARSE_BAD_URI,           /* not a URI, or not of its scheme's form */
	SIPRING_PARSE_BAD_HOST,          /* a host or a port that cannot be */
	SIPRING_PARSE_NO_TARGET,         /* a URI that names no host (tel:, urn:, …) */
	SIPRING_PARSE_UNKNOWN_TRANSPORT, /* transport= names nothing of the transport table */
	SIPRING_PARSE_BAD_CONTENT_TYPE,  /* not a media type */
	SIPRING_PARSE_NO_HOPS_LEFT,      /* Max-Forwards is 0: answer 483 (RFC 3261 16.3) */
	/* Of sipring_message_check only: */
	SIPRING_PARSE_BARE_LF,     /* a line that ends without CR */
	SIPRING_PARSE_STRAY_BYTES, /* before the start line or after the body */
	SIPRING_PARSE_MISSING_TAG, /* of From in a request (RFC 3261 8.1.1.3) */
	SIPRING_PARSE_BAD_VALUE,   /* a header's value is not of the form that its grammar says */
	SIPRING_PARSE_RESULT_COUNT
};

/* One line of English for a result, static; "unknown" for what is no result. */
SIPRING_PUBLIC const char *sipring_parse_reason_text(int result);

/* Methods with a number; any other token is METHOD_OTHER and stands in its span. Case matters. */
enum sipring_method {
	SIPRING_METHOD_OTHER,
	SIPRING_METHOD_INVITE,
	SIPRING_METHOD_ACK,
	SIPRING_METHOD_BYE,
	SIPRING_METHOD_CANCEL,
	SIPRING_METHOD_OPTIONS,
	SIPRING_METHOD_REGISTER,
	SIPRING_METHOD_PRACK,
	SIPRING_METHOD_SUBSCRIBE,
	SIPRING_METHOD_NOTIFY,
	SIPRING_METHOD_PUBLISH,
	SIPRING_METHOD_INFO,
	SIPRING_METHOD_REFER,
	SIPRING_METHOD_MESSAGE,
	SIPRING_METHOD_UPDATE,
	SIPRING_METHOD_COUNT
};

/* The method of a name; METHOD_OTHER for one that has no number. */
SIPRING_PUBLIC enum sipring_method sipring_method_find(struct sipring_span name);
/* The name of a method, static; "" for METHOD_OTHER. */
SIPRING_PUBLIC const char *sipring_method_name(enum sipring_method method);

/*
 * Every header with a number: X(id, name, compact form or 0). The one place for all three; the
 * enum below, the names and the lookup are made from it.
 */
/* clang-format off */
#define SIPRING_HEADER_LIST(X) \
	X(ACCEPT, "Accept", 0) X(ACCEPT_CONTACT, "Accept-Contact", 'a') \
	X(ACCEPT_ENCODING, "Accept-Encoding", 0) X(ACCEPT_LANGUAGE, "Accept-Language", 0) \
	X(ALERT_INFO, "Alert-Info", 0) X(ALLOW, "Allow", 0) \
	X(ALLOW_EVENTS, "Allow-Events", 'u') X(ANSWER_MODE, "Answer-Mode", 0) \
	X(AUTHENTICATION_INFO, "Authentication-Info", 0) X(AUTHORIZATION, "Authorization", 0) \
	X(CALL_ID, "Call-ID", 'i') X(CALL_INFO, "Call-Info", 0) X(CONTACT, "Contact", 'm') \
	X(CONTENT_DISPOSITION, "Content-Disposition", 0) \
	X(CONTENT_ENCODING, "Content-Encoding", 'e') X(CONTENT_ID, "Content-ID", 0) \
	X(CONTENT_LANGUAGE, "Content-Language", 0) X(CONTENT_LENGTH, "Content-Length", 'l') \
	X(CONTENT_TYPE, "Content-Type", 'c') X(CSEQ, "CSeq", 0) X(DATE, "Date", 0) \
	X(DIVERSION, "Diversion", 0) X(ERROR_INFO, "Error-Info", 0) X(EVENT, "Event", 'o') \
	X(EXPIRES, "Expires", 0) X(FEATURE_CAPS, "Feature-Caps", 0) \
	X(FLOW_TIMER, "Flow-Timer", 0) X(FROM, "From", 'f') X(GEOLOCATION, "Geolocation", 0) \
	X(GEOLOCATION_ERROR, "Geolocation-Error", 0) \
	X(GEOLOCATION_ROUTING, "Geolocation-Routing", 0) X(HISTORY_INFO, "History-Info", 0) \
	X(IDENTITY, "Identity", 'y') X(IDENTITY_INFO, "Identity-Info", 'n') \
	X(IN_REPLY_TO, "In-Reply-To", 0) X(INFO_PACKAGE, "Info-Package", 0) X(JOIN, "Join", 0) \
	X(MAX_BREADTH, "Max-Breadth", 0) X(MAX_FORWARDS, "Max-Forwards", 0) \
	X(MIME_VERSION, "MIME-Version", 0) X(MIN_EXPIRES, "Min-Expires", 0) \
	X(MIN_SE, "Min-SE", 0) X(ORGANIZATION, "Organization", 0) \
	X(P_ACCESS_NETWORK_INFO, "P-Access-Network-Info", 0) \
	X(P_ANSWER_STATE, "P-Answer-State", 0) \
	X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0) \
	X(P_ASSERTED_SERVICE, "P-Asserted-Service", 0) \
	X(P_ASSOCIATED_URI, "P-Associated-URI", 0) \
	X(P_CALLED_PARTY_ID, "P-Called-Party-ID", 0) \
	X(P_CHARGING_FUNCTION_ADDRESSES, "P-Charging-Function-Addresses", 0) \
	X(P_CHARGING_VECTOR, "P-Charging-Vector", 0) X(P_EARLY_MEDIA, "P-Early-Media", 0) \
	X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0) \
	X(P_PREFERRED_SERVICE, "P-Preferred-Service", 0) X(P_SERVED_USER, "P-Served-User", 0) \
	X(P_VISITED_NETWORK_ID, "P-Visited-Network-ID", 0) X(PATH, "Path", 0) \
	X(PRIORITY, "Priority", 0) X(PRIV_ANSWER_MODE, "Priv-Answer-Mode", 0) \
	X(PRIVACY, "Privacy", 0) X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0) \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0) X(PROXY_REQUIRE, "Proxy-Require", 0) \
	X(RACK, "RAck", 0) X(REASON, "Reason", 0) X(RECORD_ROUTE, "Record-Route", 0) \
	X(RECV_INFO, "Recv-Info", 0) X(REFER_SUB, "Refer-Sub", 0) X(REFER_TO, "Refer-To", 'r') \
	X(REFERRED_BY, "Referred-By", 'b') X(REJECT_CONTACT, "Reject-Contact", 'j') \
	X(REMOTE_PARTY_ID, "Remote-Party-ID", 0) X(REPLACES, "Replaces", 0) \
	X(REPLY_TO, "Reply-To", 0) X(REQUEST_DISPOSITION, "Request-Disposition", 'd') \
	X(REQUIRE, "Require", 0) X(RESOURCE_PRIORITY, "Resource-Priority", 0) \
	X(RETRY_AFTER, "Retry-After", 0) X(ROUTE, "Route", 0) X(RSEQ, "RSeq", 0) \
	X(SECURITY_CLIENT, "Security-Client", 0) X(SECURITY_SERVER, "Security-Server", 0) \
	X(SECURITY_VERIFY, "Security-Verify", 0) X(SERVER, "Server", 0) \
	X(SERVICE_ROUTE, "Service-Route", 0) X(SESSION_EXPIRES, "Session-Expires", 'x') \
	X(SESSION_ID, "Session-ID", 0) X(SIP_ETAG, "SIP-ETag", 0) \
	X(SIP_IF_MATCH, "SIP-If-Match", 0) X(SUBJECT, "Subject", 's') \
	X(SUBSCRIPTION_STATE, "Subscription-State", 0) X(SUPPORTED, "Supported", 'k') \
	X(SUPPRESS_IF_MATCH, "Suppress-If-Match", 0) X(TARGET_DIALOG, "Target-Dialog", 0) \
	X(TIMESTAMP, "Timestamp", 0) X(TO, "To", 't') X(UNSUPPORTED, "Unsupported", 0) \
	X(USER_AGENT, "User-Agent", 0) X(USER_TO_USER, "User-to-User", 0) X(VIA, "Via", 'v') \
	X(WARNING, "Warning", 0) X(WWW_AUTHENTICATE, "WWW-Authenticate", 0)
/* clang-format on */

enum sipring_header_id {
	SIPRING_HEADER_OTHER, /* a name without a number */
#define SIPRING_HEADER_ENUM(id, name, compact) SIPRING_HEADER_##id,
	SIPRING_HEADER_LIST(SIPRING_HEADER_ENUM)
#undef SIPRING_HEADER_ENUM
		SIPRING_HEADER_COUNT
};

/* The number of a header name, full or compact, in any case; HEADER_OTHER if it has none. */
SIPRING_PUBLIC enum sipring_header_id sipring_header_find(struct sipring_span name);
/* The full name of a header, static; "" for HEADER_OTHER. */
SIPRING_PUBLIC const char *sipring_header_name(enum sipring_header_id id);
/* Its compact form, 0 if it has none. */
SIPRING_PUBLIC char sipring_header_compact(enum sipring_header_id id);

struct sipring_header {
	struct sipring_span name;  /* as written, compact forms too */
	struct sipring_span value; /* without the white space around it; folding left in place */
	enum sipring_header_id id;
};

/* Via (RFC 3261 20.42, RFC 3581): one via-parm. Of a repeated parameter the first counts. */
struct sipring_via {
	struct sipring_span text;            /* the whole via-parm */
	struct sipring_span transport_token; /* "SCTP", "UDP", … as written */
	uint8_t transport;                   /* enum sipring_transport; UNKNOWN for another token */
	bool has_rport;             /* an rport parameter is there, with or without value */
	uint16_t port;              /* of sent-by, host order; 0 if it names none */
	uint16_t rport;             /* value of rport, host order; 0 if it has none */
	int16_t ttl;                /* -1 if absent */
	struct sipring_span host;   /* of sent-by */
	struct sipring_span params; /* what follows the first ';' */
	struct sipring_span branch, received, maddr; /* absent: data is NULL */
	struct sipring_span rest; /* what follows the comma; absent for the last */
};

/* From, To, Contact, Route, Record-Route, P-Asserted-Identity, … (RFC 3261 20.10): one value. */
struct sipring_name_addr {
	struct sipring_span text;    /* the whole value with its parameters */
	struct sipring_span display; /* with its quotes if quoted; absent if there is none */
	struct sipring_span uri;     /* without angle brackets; "*" for Contact: * */
	struct sipring_span params;  /* the header's own (not the URI's), after the first ';' */
	struct sipring_span tag;     /* absent: data is NULL */
	struct sipring_span rest;    /* what follows the comma; absent for the last */
};

/* CSeq (RFC 3261 20.16). */
struct sipring_cseq {
	uint32_t number; /* below 2^31 */
	enum sipring_method method;
	struct sipring_span method_name;
};

/* A message with more headers than this is refused. */
#define SIPRING_HEADERS_MAX 128

/* struct sipring_message::flags */
#define SIPRING_MESSAGE_REQUEST 0x01u  /* a request, else a response */
#define SIPRING_MESSAGE_BARE_LF 0x02u  /* a header line ended without CR: tolerated */
#define SIPRING_MESSAGE_FOLDED 0x04u   /* a header went over several lines */
#define SIPRING_MESSAGE_TRAILING 0x08u /* bytes after the body: ignored (RFC 3261 18.3) */
#define SIPRING_MESSAGE_LEADING 0x10u  /* CRLFs before the start line: ignored (RFC 3261 7.5) */

/*
 * A message as a view on the caller's bytes: valid while those bytes stay, and a plain value that
 * may live on the stack (some 6 KB). The caller reads it; only this library writes it. After a
 * refusal it holds what was found up to and besides the mistake.
 */
struct sipring_message {
	struct sipring_span text; /* all bytes that were given */
	uint32_t flags;           /* SIPRING_MESSAGE_… */
	/* What the parser returned, and the byte in text where a refused message went wrong. */
	enum sipring_parse_result result;
	size_t result_offset;
	/*
	 * Of a refused message: 400 or 505 if it can be answered with that (it is a request but no
	 * ACK, and Via, From, To, Call-ID and CSeq are there), else 0: drop it.
	 */
	uint16_t answer_status;
	uint16_t status;                 /* of a response, 100 to 699 */
	enum sipring_method method;      /* of a request; of a response what its CSeq says */
	struct sipring_span method_name; /* likewise */
	struct sipring_span uri;         /* Request-URI */
	struct sipring_span reason;      /* Reason-Phrase, may be empty */
	struct sipring_span body;        /* as Content-Length says, or the rest; may be empty */
	struct sipring_cseq cseq;
	uint16_t n_headers;
	uint8_t first[SIPRING_HEADER_COUNT]; /* by id: 1 + index of the first; 0: none */
	uint8_t cached;                      /* which of the next four were parsed; the library's */
	uint8_t usable;                      /* and which of them were well-formed; the library's */
	struct sipring_via via_value;
	struct sipring_name_addr from_value, to_value, contact_value, route_value;
	struct sipring_header headers[SIPRING_HEADERS_MAX];
};

/*
 * Reads one datagram (or one SCTP user message) into a view. Returns 0 when accepted, else the
 * positive reason. Accepted means: start line and all header lines are well formed, To, From,
 * CSeq, Call-ID and Via are there and the single ones single, CSeq names the request's method, and
 * Content-Length fits (RFC 3261 18.3: absent means the rest; bytes beyond it are ignored). Other
 * values are not looked at: they are parsed when asked for. A request without Max-Forwards is
 * accepted. Never reads outside data[0..size-1]; data need not be NUL-terminated and is not
 * changed. The time is linear in size.
 */
SIPRING_PUBLIC int sipring_message_parse(struct sipring_message *message, const char *data,
	size_t size);

/*
 * Holds an accepted message against the letter of RFC 3261: the grammar of 25.1 for start line and
 * header values, single headers single, and what a sender must write (Max-Forwards and From's tag
 * in a request, Content-Type with a body). What a receiver may or should overlook is refused: lines
 * that end in LF alone, bytes before the start line and after the body, empty elements of lists.
 * White space before a colon and a branch without the magic cookie are allowed there and here.
 * Returns 0, or the reason, which with its place is the message's own from then on, answer_status
 * too. A message that was refused stays so. Linear in size, but not made for every message.
 */
SIPRING_PUBLIC int sipring_message_check(struct sipring_message *message);

/* The first header with this id, NULL if there is none. O(1). Not for HEADER_OTHER. */
SIPRING_PUBLIC const struct sipring_header *sipring_message_header(
	const struct sipring_message *message, enum sipring_header_id id);
/* The next header after this one (of the same message) with its id, NULL after the last. */
SIPRING_PUBLIC const struct sipring_header *sipring_message_header_next(
	const struct sipring_message *message, const struct sipring_header *header);
/* The first header of this name in any case, for names without an id; NULL if there is none. */
SIPRING_PUBLIC const struct sipring_header *sipring_message_header_named(
	const struct sipring_message *message, struct sipring_span name);

/*
 * Values of a message, parsed on first use and kept in the view: the top Via, From, To, the first
 * Contact, the top Route. NULL if the header is absent or malformed.
 */
SIPRING_PUBLIC const struct sipring_via *sipring_message_via(struct sipring_message *message);
SIPRING_PUBLIC const struct sipring_name_addr *sipring_message_from(
	struct sipring_message *message);
SIPRING_PUBLIC const struct sipring_name_addr *sipring_message_to(struct sipring_message *message);
SIPRING_PUBLIC const struct sipring_name_addr *sipring_message_contact(
	struct sipring_message *message);
SIPRING_PUBLIC const struct sipring_name_addr *sipring_message_route(
	struct sipring_message *message);
/*
 * The number that a header's value begins with: Max-Forwards, Expires, Min-Expires, Retry-After,
 * Min-SE, RSeq, … Returns 0, SIPRING_PARSE_ABSENT or SIPRING_PARSE_BAD_NUMBER.
 */
SIPRING_PUBLIC int sipring_message_number(const struct sipring_message *message,
	enum sipring_header_id id, uint32_t *number);

/*
 * Walks the values of a header that may be repeated or comma-joined (RFC 3261 7.3.1), in order:
 * Via, Route, Contact, Allow, Supported, Require, … Commas inside quotes and angle brackets do not
 * divide; empty elements are passed over.
 */
struct sipring_value_cursor {
	const struct sipring_message *message;
	const struct sipring_header *header;
	struct sipring_span rest;
};
SIPRING_PUBLIC void sipring_value_begin(struct sipring_value_cursor *cursor,
	const struct sipring_message *message, enum sipring_header_id id);
/* True and the next value without white space around it, or false after the last. */
SIPRING_PUBLIC bool sipring_value_next(struct sipring_value_cursor *cursor,
	struct sipring_span *value);

/*
 * Is this token among the values, in any case: an option tag in Supported or Require, an event in
 * Allow-Events? Parameters of a value are not compared.
 */
SIPRING_PUBLIC bool sipring_value_has(const struct sipring_message *message,
	enum sipring_header_id id, struct sipring_span token);

/* First value of a Via header's value or of its rest. Returns 0 or SIPRING_PARSE_BAD_VIA. */
SIPRING_PUBLIC int sipring_via_parse(struct sipring_via *via, struct sipring_span value);
/* First value of a name-addr header or of its rest. 0 or SIPRING_PARSE_BAD_NAME_ADDR. */
SIPRING_PUBLIC int sipring_name_addr_parse(struct sipring_name_addr *name_addr,
	struct sipring_span value);
/* Returns 0 or SIPRING_PARSE_BAD_CSEQ. */
SIPRING_PUBLIC int sipring_cseq_parse(struct sipring_cseq *cseq, struct sipring_span value);

/* Content-Type (RFC 3261 20.15), and what else has the form of a media type. */
struct sipring_content_type {
	struct sipring_span type, subtype;
	struct sipring_span params; /* after the first ';'; absent if there are none */
};
/* Returns 0 or SIPRING_PARSE_BAD_CONTENT_TYPE. */
SIPRING_PUBLIC int sipring_content_type_parse(struct sipring_content_type *content_type,
	struct sipring_span value);

/*
 * Looks a parameter up, its name in any case, in `a=b;c;d="e"` (the params of a URI, Via or
 * name-addr). True if it is there; *value (NULL allowed) is then what follows '=' without white
 * space, quotes kept, and absent when there is no '='.
 */
SIPRING_PUBLIC bool sipring_param_find(struct sipring_span params, const char *name,
	struct sipring_span *value);

/* Transports with a number, and the one table of what belongs to each. */
enum sipring_transport {
	SIPRING_TRANSPORT_UNKNOWN,
	SIPRING_TRANSPORT_UDP,
	SIPRING_TRANSPORT_TCP,
	SIPRING_TRANSPORT_TLS,
	SIPRING_TRANSPORT_SCTP,
	SIPRING_TRANSPORT_TLS_SCTP,
	SIPRING_TRANSPORT_WS,
	SIPRING_TRANSPORT_WSS,
	SIPRING_TRANSPORT_COUNT
};

struct sipring_transport_info {
	const char *via_token;           /* "TLS-SCTP", as Via has it */
	const char *uri_value;           /* "sctp": transport= of a URI */
	const char *srv_label;           /* "_sips._sctp" */
	const char *naptr_service;       /* "SIPS+D2S" */
	uint16_t default_port;           /* host order */
	bool reliable, secure;           /* secure: what a sips: URI needs */
	enum sipring_transport over_tls; /* its secured sister, itself if secure */
};

/* The row of a transport; that of UNKNOWN has empty strings and port 0. Static. */
SIPRING_PUBLIC const struct sipring_transport_info *sipring_transport_info(
	enum sipring_transport transport);
/* By Via token, in any case; TRANSPORT_UNKNOWN if it is none. */
SIPRING_PUBLIC enum sipring_transport sipring_transport_find(struct sipring_span via_token);
/* By the value of a URI's transport parameter; "tls" (deprecated, seen) and "tls-sctp" too. */
SIPRING_PUBLIC enum sipring_transport sipring_transport_find_param(struct sipring_span value);

enum sipring_uri_scheme {
	SIPRING_URI_OTHER,
	SIPRING_URI_SIP,
	SIPRING_URI_SIPS,
	SIPRING_URI_TEL,
};

enum sipring_host_kind {
	SIPRING_HOST_NONE,
	SIPRING_HOST_NAME,
	SIPRING_HOST_IPV4,
	SIPRING_HOST_IPV6, /* in brackets */
};

/* A URI taken apart (RFC 3261 19.1, RFC 3966). An absent part has data NULL. */
struct sipring_uri {
	struct sipring_span text;
	struct sipring_span scheme_name;
	enum sipring_uri_scheme scheme;
	enum sipring_host_kind host_kind;
	uint16_t port;                 /* host order, 0 if it names none */
	bool is_loose_route;           /* has lr */
	struct sipring_span user;      /* escaped; of tel: the number; of OTHER all after ':' */
	struct sipring_span password;  /* escaped */
	struct sipring_span host;      /* IPv6 with its brackets */
	struct sipring_span params;    /* after the first ';' */
	struct sipring_span headers;   /* after '?' */
	struct sipring_span transport; /* the parameter's value */
	struct sipring_span maddr;     /* likewise */
};

/* Returns 0, SIPRING_PARSE_BAD_URI or SIPRING_PARSE_BAD_HOST. Other schemes are accepted whole. */
SIPRING_PUBLIC int sipring_uri_parse(struct sipring_uri *uri, struct sipring_span text);

/*
 * Are two URIs equivalent (RFC 3261 19.1.4 with RFC 5954 for IPv6, RFC 3966 4 for tel:)? Not an
 * equality of text and not transitive. Other schemes are compared byte by byte. URIs with more than
 * SIPRING_URI_PARTS_MAX parameters or headers are equivalent only if their bytes are the same.
 */
#define SIPRING_URI_PARTS_MAX 64
SIPRING_PUBLIC bool sipring_uri_is_equivalent(const struct sipring_uri *a,
	const struct sipring_uri *b);

/* Undoes %HH. Returns the size written (no NUL is added; it may hold NULs) or -ENOBUFS. */
SIPRING_PUBLIC int sipring_uri_unescape(char *out, size_t capacity, struct sipring_span text);

/* Where a URI sends to. */
struct sipring_target {
	enum sipring_transport transport;
	struct sipring_span host; /* of maddr if there is one, else the URI's */
	enum sipring_host_kind host_kind;
	union sipring_address address; /* with its port if host is numeric; else family AF_UNSPEC */
	uint16_t port;                 /* host order, never 0 */
	bool is_port_named;            /* the URI named the port */
	bool is_transport_named;       /* the URI named the transport */
};

/*
 * RFC 3263 section 4 without its DNS. transport= decides the transport, a sips: URI its secured
 * sister; where the URI names none it is UDP, or TLS for sips: (4.1; is_transport_named is false,
 * and NAPTR/SRV or the caller's own policy may choose another if host is a name without a port).
 * maddr replaces the host. A port in the URI wins. Otherwise port is default_port for plain SCTP
 * (0: the table's), and the transport's own for any other; for a host name without a port it
 * applies only after SRV found nothing (4.2). Returns 0, SIPRING_PARSE_NO_TARGET,
 * SIPRING_PARSE_UNKNOWN_TRANSPORT or SIPRING_PARSE_BAD_HOST.
 */
SIPRING_PUBLIC int sipring_uri_target(const struct sipring_uri *uri, uint16_t default_port,
	struct sipring_target *target);

/* What to answer. Zero is a fine value for every field but status. */
struct sipring_reply {
	uint16_t status;                     /* 100 to 699 */
	struct sipring_span reason;          /* absent: the default phrase of the status */
	struct sipring_span to_tag;          /* put on To where it has no tag; not for 100 */
	struct sipring_span headers;         /* further header lines, each ended by CRLF */
	struct sipring_span body;            /* its Content-Type goes into headers */
	const union sipring_address *source; /* whence the request came, for received and rport of
						the top Via (RFC 3261 18.2.1, RFC 3581 4); NULL:
						the Vias are copied as they are */
	bool copy_record_route;              /* for what makes a dialog (RFC 3261 12.1.1) */
	bool headers_are_checked;            /* sipring_reply_headers_check has said so: for lines
						that are the same in every reply */
};

/* Are these whole header lines, which may stand in a reply? */
SIPRING_PUBLIC bool sipring_reply_headers_check(struct sipring_span headers);

/*
 * Writes the response to a request (RFC 3261 8.2.6): all Vias in order, From, To, Call-ID, CSeq,
 * Timestamp for 100, Content-Length. The request may be a refused one with an answer_status.
 * Returns the size written (no NUL is added), -ENOBUFS when capacity is too small, -EINVAL for a
 * status out of range, a response given as request, a mandatory header that is missing, or text
 * that would break a line.
 */
SIPRING_PUBLIC int sipring_reply_write(char *out, size_t capacity,
	const struct sipring_message *request, const struct sipring_reply *reply);

/* The default phrase of a status, static; that of its class for one without a name. */
SIPRING_PUBLIC const char *sipring_reply_phrase(uint16_t status);

/*
 * A To tag for a UAS without state (RFC 3261 8.2.7): 16 characters that are the same for every
 * retransmission of a request and cannot be guessed without the secret (SipHash over Call-ID, CSeq
 * number, top branch, and From where the branch has no magic cookie). out is not NUL-terminated.
 */
#define SIPRING_TAG_SIZE 16
SIPRING_PUBLIC void sipring_reply_tag(char out[SIPRING_TAG_SIZE], struct sipring_message *request,
	const uint64_t secret[2]);

/* A request that a tool sends. Fill what is marked, leave the rest zero. */
struct sipring_request {
	struct sipring_span method;       /* required: "OPTIONS" */
	struct sipring_span uri;          /* required: Request-URI */
	struct sipring_span to;           /* the URI of To; absent: uri */
	struct sipring_span to_tag;       /* absent: none */
	struct sipring_span from;         /* required: the URI of From */
	struct sipring_span from_tag;     /* required */
	struct sipring_span call_id;      /* required */
	struct sipring_span branch;       /* required: begins with "z9hG4bK" (RFC 3261 8.1.1.7) */
	struct sipring_span sent_by;      /* required: host or host:port of Via */
	struct sipring_span contact;      /* the URI of Contact; absent: no Contact */
	struct sipring_span headers;      /* further header lines, each ended by CRLF */
	struct sipring_span body;         /* its Content-Type goes into headers */
	enum sipring_transport transport; /* required: of Via */
	uint32_t cseq;
	uint16_t max_forwards; /* 0: 70 */
	size_t size_wanted;    /* pads a smaller message to exactly this size with one header line
				  "Padding: xxx…"; 0: no padding */
};

/*
 * Writes a request (RFC 3261 8.1.1): Via, Max-Forwards, From, To, Call-ID, CSeq, Contact, the
 * headers, the padding, Content-Length, body. Returns the size written, -ENOBUFS or -EINVAL (a
 * required field is absent, or text that would break a line).
 */
SIPRING_PUBLIC int sipring_request_write(char *out, size_t capacity,
	const struct sipring_request *request);

/*
 * What an edge changes on a message that it forwards. An edit collects changes and ends as a list
 * of pieces, most of them of the original bytes, so that forwarding copies nothing. The message
 * (accepted, unchanged), its bytes and the scratch memory stay the caller's and must stay in place
 * until the pieces were sent. Every function returns 0, a positive reason after which nothing has
 * changed, -ENOBUFS (more changes than fit, or scratch too small) or -EINVAL (text that would break
 * a line, a message that was refused).
 */
#define SIPRING_EDIT_CHANGES_MAX 32
#define SIPRING_EDIT_PIECES_MAX (2 * SIPRING_EDIT_CHANGES_MAX + 1)

struct sipring_edit {
	const struct sipring_message *message;
	char *scratch;
	size_t scratch_capacity, scratch_size;
	unsigned n_changes;
	struct sipring_change {
		const char *at; /* where in the message; they are kept in order */
		size_t removed; /* bytes */
		struct sipring_span inserted;
	} changes[SIPRING_EDIT_CHANGES_MAX];
};

SIPRING_PUBLIC void sipring_edit_begin(struct sipring_edit *edit,
	const struct sipring_message *message, char *scratch, size_t scratch_capacity);
/* Puts a Via on top (RFC 3261 16.6 8); rport asks for RFC 3581. */
SIPRING_PUBLIC int sipring_edit_push_via(struct sipring_edit *edit,
	enum sipring_transport transport, struct sipring_span sent_by, struct sipring_span branch,
	bool rport);
/* Takes the top one of the message's own Vias away (16.7 3); may be repeated. 0 or ABSENT. */
SIPRING_PUBLIC int sipring_edit_pop_via(struct sipring_edit *edit);
/* The same for Route and Record-Route; the URI is put in angle brackets. */
SIPRING_PUBLIC int sipring_edit_push_route(struct sipring_edit *edit, struct sipring_span uri);
SIPRING_PUBLIC int sipring_edit_pop_route(struct sipring_edit *edit);
SIPRING_PUBLIC int sipring_edit_push_record_route(struct sipring_edit *edit,
	struct sipring_span uri);
/*
 * Max-Forwards less one, or 70 where it is missing (16.6 3). A second time changes nothing. 0,
 * NO_HOPS_LEFT or BAD_NUMBER.
 */
SIPRING_PUBLIC int sipring_edit_decrement_max_forwards(struct sipring_edit *edit);
/* Another Request-URI. ABSENT for a response. */
SIPRING_PUBLIC int sipring_edit_set_uri(struct sipring_edit *edit, struct sipring_span uri);
/* A header after the last one. */
SIPRING_PUBLIC int sipring_edit_insert_header(struct sipring_edit *edit, struct sipring_span name,
	struct sipring_span value);
/* The whole line of a header of the message. */
SIPRING_PUBLIC int sipring_edit_remove_header(struct sipring_edit *edit,
	const struct sipring_header *header);
/*
 * The message as it is now, as at most SIPRING_EDIT_PIECES_MAX pieces, without what came before its
 * start line and after its body. Returns how many, or -ENOBUFS if there are more than n_pieces_max.
 */
SIPRING_PUBLIC int sipring_edit_finish(const struct sipring_edit *edit, struct iovec *pieces,
	unsigned n_pieces_max);

#ifdef __cplusplus
}
#endif
