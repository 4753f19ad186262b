#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Valid SIP on streams 0 to 9, ordered and not, with PPIDs and in sizes up to the largest message:
each must be answered once, on the stream and with the PPID of its request, unordered as RFC 4168 5
has it. usage: streams_peer.py HOST [LOCAL]. Prints points for the function of that name in lib.sh.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sctp_peer import Peer, call_of, request  # noqa: E402

SMALL = [(f"s{stream}n{n}", stream, (0, 1, 0xffffffff, stream * 1000)[n % 4], bool(n & 1), 0)
         for n in range(20) for stream in range(10)]
LARGE = [(f"large{stream}", stream, 60000 + stream, bool(stream & 1), size)
         for stream, size in enumerate((1500, 8128, 8192, 8193, 20000, 60000, 60000, 65534, 65535))]


def point(good, name):
    print(f"{'ok' if good else 'not ok'} - {name}", flush=True)


def ask(peer, wanted, window, host):
    """Sends requests with so many outstanding; [(what was asked, what came)]."""
    asked, pairs, sent = {}, [], 0
    while len(pairs) < len(wanted):
        while sent < len(wanted) and sent - len(pairs) < window:
            call, stream, ppid, unordered, size = wanted[sent]
            asked[call] = wanted[sent]
            peer.send(request(call, size=size, host=host), stream, ppid, unordered)
            sent += 1
        answer = peer.receive()
        if answer is None:
            break
        status, call = call_of(answer[0])
        pairs.append((asked.pop(call, None), status, answer))
    return pairs


def judge(what, wanted, pairs):
    point(len(pairs) == len(wanted) and all(pair[0] for pair in pairs),
          f"each of {len(wanted)} {what} is answered once")
    point(all(status == 200 for _, status, _ in pairs), f"{what}: each with 200")
    whole = [(want, answer) for want, _, answer in pairs if want]
    point(all(answer[1] == want[1] for want, answer in whole), f"{what}: on its stream")
    point(all(answer[2] == want[2] for want, answer in whole), f"{what}: with its PPID")
    point(all(answer[3] for _, answer in whole), f"{what}: unordered")


def main():
    host = sys.argv[1]
    local = (sys.argv[2], 0) if len(sys.argv) > 2 else None
    named = f"[{host}]" if ":" in host else host
    peer = Peer(host, 5060, local=local)
    judge("small requests", SMALL, ask(peer, SMALL, 40, named))
    judge("large requests", LARGE, ask(peer, LARGE, 2, named))
    last = ask(peer, [("last", 0, 0, False, 0)], 1, named)
    point(len(last) == 1 and last[0][1] == 200, "the association still stands")
    peer.close()


main()
