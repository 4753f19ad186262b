#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One request through Kamailio, and a look at the answer: the proxy's Via is gone, that of the
request is back, the tag is the server's. Prints points for the function of that name in lib.sh.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sctp_peer import Peer, call_of, request  # noqa: E402

peer = Peer("127.0.0.1", 5060)
peer.send(request("onward").replace(b"sip:127.0.0.1;", b"sip:onward@127.0.0.1;", 1))
received = peer.receive()
answer = received[0] if received else b"SIP/2.0 0 none\r\n"
lines = answer.decode("latin-1").split("\r\n")
vias = [line for line in lines if line.startswith("Via:")]
good = (call_of(answer) == (200, "onward") and len(vias) == 1 and "z9hG4bKonward" in vias[0]
        and any(line.startswith("To:") and ";tag=" in line for line in lines)
        and any(line.startswith("Server: sipring") for line in lines))
verdict = "ok" if good else "not ok"
print(f"{verdict} - its answer has one Via again, that of the request, and a tag")
if not good:
    print(answer.decode("latin-1"))
peer.close()
