# SPDX-License-Identifier: BSD-2-Clause
"""What the torture messages of RFC 4475 and RFC 5118 are to be understood as.

A row: file, section, what the parser says, what --strict says, the status to answer with, values.
A result is None (accepted) or the reason and the text at which it is found. `answer` is of the
first of the two that refuses; 0: drop it. Values are looked up by paths: "line" is the start line,
"top_route" the member of that name, "h.NAME" the value of a header as it was written, the rest is
below "values"; None is what must not be there. FINE stands for accepted by both.
"""
FINE = (None, None, None)
START = "start line is neither a request's nor a response's"
VIA = "malformed Via"
ADDRESS = "malformed address"
URI = "malformed URI"
HOST = "malformed host or port"
TWICE = "a header that may occur once came twice"
MISSING = "a mandatory header is missing"
MISMATCH = "CSeq names another method than the request line"
CSEQ = "CSeq is not a number below 2^31 and a method"
LENGTH = "Content-Length is not a number"


def both(reason, at, answer):
    """Refused by the parser already."""
    return ((reason, at), (reason, at), answer)


def strict(reason, at, answer=400):
    """Accepted as far as nobody asks for the value, and refused by the letter."""
    return (None, (reason, at), answer)


LONG, NAME, CALLER = "long", "name", "amazinglylongcallername"

RFC4475 = [
    # 3.1.1 Valid messages
    ("wsinv", "3.1.1.1", *FINE, {
        "line.method": "INVITE", "line.uri.user": "vivekg",
        "line.uri.host": "chair-dnrc.example.com", "line.uri.params.0.name": "unknownparam",
        "line.uri.params.0.value": None, "to.uri.text": "sip:vivekg@chair-dnrc.example.com",
        "to.tag": "1918181833n", "from.display": '"J Rosenberg \\\\\\""',
        "from.uri.text": "sip:jdrosen@example.com", "from.tag": "98asjd8", "max_forwards": 68,
        "call_id": "wsinv.ndaksdj@192.0.2.1", "content_length": 150, "cseq.number": 9,
        "cseq.method": "INVITE", "via.0.transport": "UDP", "via.0.host": "192.0.2.2",
        "via.0.branch": "390skdjuw", "via.1.transport": "TCP",
        "via.1.host": "spindle.example.com", "via.1.branch": "z9hG4bK9ikj8",
        "via.2.transport": "UDP", "via.2.host": "192.168.255.111",
        "via.2.branch": "z9hG4bK30239", "via.3": None, "h.s": "",
        "h.NewFangledHeader": "newfangled value\r\n continued newfangled value",
        "h.UnknownHeaderWithUnusualValue": ";;,,;;,;", "content_type.type": "application",
        "content_type.subtype": "sdp", "route.0.uri.host": "services.example.com",
        "top_route.target.host": "services.example.com", "top_route.loose": True,
        "line.uri.target.host": "chair-dnrc.example.com",
        "route.0.uri.params.0.name": "lr", "route.0.uri.params.1.name": "unknownwith",
        "route.0.uri.params.1.value": "value", "route.0.uri.params.2.name": "unknown-no-value",
        "contact.0.display": '"Quoted string \\"\\""', "contact.0.uri.user": "jdrosen",
        "contact.0.params.0.name": "newparam", "contact.0.params.0.value": "newvalue",
        "contact.0.params.1.name": "secondparam", "contact.0.params.1.value": None,
        "contact.0.params.2.name": "q", "contact.0.params.2.value": "0.33"}),
    ("intmeth", "3.1.1.2", *FINE, {
        "line.method": "!interesting-Method0123456789_*+`.%indeed'~",
        "line.uri.user": "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
        "line.uri.password": "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
        "line.uri.host": "example.com", "via.0.branch": "z9hG4bK-.!%66*_+`'~",
        "to.display": '"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f"',
        "to.uri.user": "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
        "from.display": "token1~` token2'+_ token3*%!.-",
        "from.params.0.name": "fromParam''~+*_!.-%",
        "from.params.0.value": '"\u0440\u0430\u0431\u043e\u0442\u0430\u044e\u0449\u0438\u0439"',
        "from.tag": "_token~1'+`*%!-.", "call_id": "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
        "cseq.number": 139122385, "cseq.method": "!interesting-Method0123456789_*+`.%indeed'~",
        "max_forwards": 255, "h.extensionHeader-!.%*+_`'~": "\ufeff\u5927\u505c\u96fb",
        "content_length": 0}),
    ("esc01", "3.1.1.3", *FINE, {
        "line.uri.user": "sips%3Auser%40example.com", "line.uri.host": "example.net",
        "to.uri.user": "%75se%72", "from.uri.user": "I%20have%20spaces", "from.tag": "938",
        "contact.0.uri.user": "cal%6Cer", "contact.0.uri.params.0.name": "%6C%72",
        "contact.0.uri.params.1.name": "n%61me", "contact.0.uri.params.1.value":
        "v%61lue%25%34%31", "max_forwards": 87, "cseq.number": 234234}),
    ("escnull", "3.1.1.4", *FINE, {
        "to.uri.user": "null-%00-null", "from.uri.user": "null-%00-null",
        "contact.0.uri.user": "%00", "contact.1.uri.user": "%00%00", "contact.2": None,
        "content_length": 0}),
    ("esc02", "3.1.1.5", *FINE, {
        "line.method": "RE%47IST%45R", "line.method_known": False, "cseq.method": "RE%47IST%45R",
        "to.display": '"%Z%45"', "from.display": '"%Z%45"', "via.0.branch":
        "z9hG4bK209%fzsnel234", "contact.0.uri.user": "alias1", "contact.1.uri.user": "alias3",
        "contact.2": None, "h.C%6Fntact": "<sip:alias2@host2.example.com>"}),
    ("lwsdisp", "3.1.1.6", *FINE, {
        "from.display": "caller", "from.uri.text": "sip:caller@example.com", "from.tag": "323"}),
    ("longreq", "3.1.1.7", *FINE, {
        "to.display": '"I have a user name of ' + 10 * "extreme" + ' proportion"',
        "to.uri.port": 6000, "to.uri.params.0.name": "unknownparam1",
        "to.uri.params.0.value": "very" + 20 * LONG + "value",
        "to.uri.params.1.name": "longparam" + 25 * NAME,
        "to.uri.params.2.name": "very" + 25 * LONG + "ParameterNameWithNoValue",
        "from.uri.user": 5 * CALLER, "from.tag": "12" + 50 * "982" + "424",
        "from.params.1.name": "unknownheaderparam" + 20 * NAME,
        "from.params.1.value": "unknowheaderparam" + 15 * "value",
        "from.params.2.name": "unknownValueless" + 10 * "paramname",
        "call_id": "longreq.one" + 20 * "really" + "longcallid", "cseq.number": 3882340,
        "via.0.host": "sip33.example.com", "via.12.host": "sip21.example.com",
        "via.32.host": "sip1.example.com", "via.33.host": "host.example.com",
        "via.33.received": "192.0.2.5", "via.33.branch": "very" + 50 * LONG + "branchvalue",
        "via.34": None, "contact.0.uri.user": 5 * CALLER, "content_length": 150}),
    ("dblreq", "3.1.1.8", *strict("bytes that belong to no message", "\r\nINVITE sip:joe@"), {
        "line.method": "REGISTER", "call_id": "dblreq.0ha0isndaksdj99sdfafnl3lk233412",
        "content_length": 0, "size": 750, "body_size": 0, "flags": ["trailing"],
        "via.1": None}),
    ("semiuri", "3.1.1.9", *FINE, {
        "line.uri.user": "user;par=u%40example.net", "line.uri.host": "example.com",
        "line.uri.params": None, "accept.0": "application/sdp", "accept.5": "message/sipfrag",
        "accept.6": None}),
    ("transports", "3.1.1.10", *FINE, {
        "via.0.transport": "UDP", "via.1.transport": "SCTP", "via.2.transport": "TLS",
        "via.3.transport": "UNKNOWN", "via.3.transport_known": False, "via.3.host":
        "t4.example.com", "via.4.transport": "TCP", "via.4.branch": "z9hG4bK0a9idfnee"}),
    ("mpart01", "3.1.1.11", *FINE, {
        "line.method": "MESSAGE", "body_size": 553, "content_length": 553,
        "content_type.type": "multipart", "content_type.subtype": "mixed",
        "content_type.params.0.value": "7a9cbec02ceef655", "via.0.rport": 0, "via.0.port": 5070,
        "route.0.uri.port": 5080, "top_route.loose": False,
        "top_route.target.host": "127.0.0.1", "top_route.target.port": 5080, "via.0.branch":
        "z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-", "flags": []}),
    ("unreason", "3.1.1.12", *FINE, {
        "line.status": 200, "line.reason": "= 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e"
        " \u0434\u0435\u0432\u044f\u043d\u043e\u0441\u0442\u043e \u0434\u0435\u0432\u044f\u0442"
        "\u044c - \u043f\u0440\u043e\u0441\u0442\u043e\u0435", "cseq.number": 35}),
    ("noreason", "3.1.1.13", *FINE, {"line.status": 100, "line.reason": "", "cseq.number": 35}),
    # 3.1.2 Invalid messages
    ("badinv01", "3.1.2.1", *strict(VIA, "SIP/2.0/UDP 192.0.2.15;;,;,,"), {
        "via.0": None, "contact.0": None, "malformed": ["Via", "Contact"]}),
    ("clerr", "3.1.2.2", *both("Content-Length goes beyond the message", "9999", 400), {}),
    ("ncl", "3.1.2.3", *both(LENGTH, "-999", 400), {}),
    ("scalar02", "3.1.2.4", *both(CSEQ, "36893488147419103232", 400), {
        "max_forwards": 300, "malformed": ["Expires"]}),
    ("scalarlg", "3.1.2.5", *both(CSEQ, "9292394834772304023312", 0), {
        "line.status": 503, "malformed": ["Retry-After"]}),
    ("quotbal", "3.1.2.6", *strict(ADDRESS, '"Mr. J. User <'), {
        "to": None, "malformed": ["To"]}),
    ("ltgtruri", "3.1.2.7", *strict(URI, "<sip:user@example.com>"), {
        "line.uri.malformed": URI, "line.uri.user": None}),
    ("lwsruri", "3.1.2.8", *both(START, "lr SIP/2.0", 400), {}),
    ("lwsstart", "3.1.2.9", *both(START, " sip:user@example.com  SIP/2.0", 400), {}),
    ("trws", "3.1.2.10", *both(START, "SIP/2.0  \r\n", 400), {}),
    ("escruri", "3.1.2.11", *strict(URI, "Route=%3Csip:"), {
        "line.uri.headers": "Route=%3Csip:example.com%3E", "route": None}),
    ("baddate", "3.1.2.12", *strict("a header's value is not of its form", "Fri, 01 Jan 2010"), {
        "h.Date": "Fri, 01 Jan 2010 16:00:00 EST"}),
    ("regbadct", "3.1.2.13", *strict(ADDRESS, "sip:user@example.com?Route"), {
        "contact.0.uri.headers": "Route=%3Csip:sip.example.com%3E"}),
    ("badaspec", "3.1.2.14", *strict(ADDRESS, '"Watson, Thomas" < sip'), {
        "from.display": '"Bell, Alexander"', "to": None, "malformed": ["To"]}),
    ("baddn", "3.1.2.15", *strict(ADDRESS, "Bell, Alexander <"), {
        "from": None, "to": None, "malformed": ["From", "To"]}),
    ("baddn-archived", "3.1.2.15", *both("no empty line ends the headers", "", 400), {}),
    ("badvers", "3.1.2.16", *both("version is not SIP/2.0", "SIP/7.0\r\n", 505), {}),
    ("mismatch01", "3.1.2.17", *both(MISMATCH, "INVITE\r\nVia", 400), {}),
    ("mismatch02", "3.1.2.18", *both(MISMATCH, "INVITE\r\nContact", 400), {
        "line.method": "NEWMETHOD", "line.method_known": False}),
    ("bigcode", "3.1.2.19", *both(START, "4294967301 better", 0), {"line.status": None}),
    # 3.2 Transaction layer
    ("badbranch", "3.2.1", *strict(VIA, "z9hG4bK\r\n"), {"via.0.branch": "z9hG4bK"}),
    # 3.3 Application layer
    # A 400 would be ideal, says the RFC; but there is nothing to put into its To, From, Call-ID.
    ("insuf", "3.3.1", *both(MISSING, "v=0\r\n", 0), {"cseq.number": 193942, "to": None}),
    ("unkscm", "3.3.2", *FINE, {
        "line.uri.scheme": "nobodyKnowsThisScheme", "line.uri.user": "totallyopaquecontent",
        "line.uri.target.none": "the URI names no host"}),
    ("novelsc", "3.3.3", *FINE, {
        "line.uri.scheme": "soap.beep", "line.uri.user": "//192.0.2.103:3002"}),
    ("unksm2", "3.3.4", *FINE, {
        "to.uri.scheme": "isbn", "to.uri.user": "2983792873", "from.uri.scheme": "http",
        "from.tag": "3234233", "contact.0.uri.scheme": "name", "contact.0.uri.user":
        "John_Smith"}),
    ("bext01", "3.3.5", *FINE, {
        "require": ["nothingSupportsThis", "nothingSupportsThisEither"],
        "proxy_require": ["noProxiesSupportThis", "norDoAnyProxiesSupportThis"],
        "via.0.transport": "TLS"}),
    ("invut", "3.3.6", *FINE, {
        "content_type.type": "application", "content_type.subtype": "unknownformat",
        "body_size": 40}),
    ("regaut01", "3.3.7", *FINE, {
        "h.Authorization": "NoOneKnowsThisScheme opaque-data=here", "content_length": 0}),
    ("multi01", "3.3.8", *both(TWICE, "CSeq: 59 INVITE", 400), {}),
    ("mcl01", "3.3.9", *both(TWICE, "Content-Length: 5\r\n", 400), {}),
    ("bcast", "3.3.10", *FINE, {
        "line.status": 200, "via.0.host": "192.0.2.198", "via.1.host": "255.255.255.255",
        "via.1.branch": "z9hG4bK1saber23"}),
    ("zeromf", "3.3.11", *FINE, {"max_forwards": 0}),
    ("cparam01", "3.3.12", *FINE, {
        "contact.0.uri.text": "sip:+19725552222@gw1.example.net", "contact.0.uri.params": None,
        "contact.0.params.0.name": "unknownparam"}),
    ("cparam02", "3.3.13", *FINE, {
        "contact.0.uri.params.0.name": "unknownparam", "contact.0.params": []}),
    ("regescrt", "3.3.14", *FINE, {
        "contact.0.uri.headers": "Route=%3Csip:sip.example.com%3E"}),
    ("sdp01", "3.3.15", *FINE, {"accept": ["text/nobodyKnowsThis"], "body_size": 150}),
    # 3.4 Backward compatibility
    ("inv2543", "3.4.1", *strict(MISSING, "v=0\r\n"), {
        "via.0.branch": None, "from.tag": None, "from.uri.user": "+13035551111",
        "from.uri.params.0.value": "phone", "to.uri.text": "sip:+16505552222@ss1.example.net",
        "to.params.0.name": "user", "record_route.0.uri.params.0.value": "ss1.example.com",
        "max_forwards": None, "content_length": None, "body_size": 105}),
]

RFC5118 = [
    ("ipv6-good", "4.1", *FINE, {
        "line.uri.host": "[2001:db8::10]", "line.uri.host_kind": "ipv6",
        "line.uri.target.host": "[2001:db8::10]", "via.0.host": "[2001:db8::9:1]",
        "contact.0.uri.host": "[2001:db8::1]", "contact.0.display": '"Caller"'}),
    ("ipv6-bad", "4.2", *strict(HOST, "sip:2001:db8::10 SIP"), {"line.uri.malformed": HOST}),
    ("port-ambiguous", "4.3", *FINE, {
        "line.uri.host": "[2001:db8::10:5070]", "line.uri.port": None,
        "line.uri.target.port": 5060}),
    ("port-unambiguous", "4.4", *FINE, {
        "line.uri.host": "[2001:db8::10]", "line.uri.port": 5070, "line.uri.target.port": 5070}),
    ("via-received-param-with-delim", "4.5", *FINE, {
        "via.0.host": "[2001:db8::9:1]", "via.0.received": "[2001:db8::9:255]"}),
    ("via-received-param-no-delim", "4.5", *FINE, {
        "via.0.received": "2001:db8::9:255", "via.0.branch": "z9hG4bKas3"}),
    ("ipv6-in-sdp", "4.6", *FINE, {
        "line.uri.user": "user", "line.uri.host": "[2001:db8::10]", "body_size": 251}),
    ("mult-ip-in-header", "4.7", *FINE, {
        "via.0.host": "[2001:db8::9:1]", "via.0.port": 6050, "via.1.host": "192.0.2.1",
        "via.2.host": "[2001:db8::9:255]", "via.2.received": "192.0.2.200",
        "line.uri.host_kind": "name", "to.tag": "9817--94"}),
    ("mult-ip-in-sdp", "4.8", *FINE, {"body_size": 189, "via.0.host": "[2001:db8::9:1]"}),
    ("ipv4-mapped-ipv6", "4.9", *FINE, {
        "via.0.host": "[::ffff:192.0.2.10]", "via.0.port": 19823,
        "via.1.host": "[::ffff:192.0.2.2]", "contact.0.uri.host": "[::ffff:192.0.2.2]",
        "contact.0.uri.host_kind": "ipv6", "contact.0.display": '"T. desk phone"'}),
    ("ipv6-bug-abnf-3-colons", "4.10", *strict(HOST, "sip:user@[2001:db8:::"), {
        "line.uri.host": "[2001:db8:::192.0.2.1]", "line.uri.host_kind": "ipv6",
        "line.uri.target.numeric": True, "to.uri.host_kind": "ipv6"}),
    ("ipv6-correct-abnf-2-colons", "4.10", *FINE, {
        "line.uri.host": "[2001:db8::192.0.2.1]", "line.uri.host_kind": "ipv6"}),
]
