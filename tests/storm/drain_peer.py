#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Peers that are connected when a server ends: how does each learn of it? Prints points for the
function of that name in lib.sh. usage: drain_peer.py UDP_PORT READY_FILE [silent]; silent peers
answer nothing any more once they stand.
"""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "interop")]
from sctp_peer import call_of, request  # noqa: E402
from wire import ABORT, SHUTDOWN, SHUTDOWN_ACK, SHUTDOWN_COMPLETE, Wire, chunk  # noqa: E402

N_PEERS = 5
LIMIT_S = 60


def point(good, name):
    print(f"{'ok' if good else 'not ok'} - {name}", flush=True)


def ending(peer, end):
    """How it ended: the kinds of chunks that told it, in order."""
    told = []
    while time.monotonic() < end:
        for one in peer.read(end - time.monotonic()):
            peer.take(one)
            if one[0] == SHUTDOWN and not silent:
                peer.packet(chunk(SHUTDOWN_ACK))
            if one[0] in (ABORT, SHUTDOWN, SHUTDOWN_COMPLETE) and one[0] not in told:
                told.append(one[0])
            if one[0] in (ABORT, SHUTDOWN_COMPLETE):
                return told
    return told


silent = sys.argv[3:] == ["silent"]
peers = [Wire(int(sys.argv[1]), 21000 + n) for n in range(N_PEERS)]
stand = [peer.connect(20) for peer in peers]
for n, peer in enumerate(peers):
    peer.data(request(f"before{n}"))
answers = [peer.receive(20) for peer in peers]
point(all(stand) and all(answers) and all(call_of(one)[0] == 200 for one in answers),
      f"{N_PEERS} peers stand and are answered")
with open(sys.argv[2], "w", encoding="utf-8") as file:
    file.write("ready\n")
ends = [ending(peer, time.monotonic() + LIMIT_S) for peer in peers]
if silent:
    point(all(one in ([SHUTDOWN], [SHUTDOWN, ABORT]) for one in ends),
          f"each was told SHUTDOWN, and cut off for want of an answer: {ends}")
else:
    point(all(one == [SHUTDOWN, SHUTDOWN_COMPLETE] for one in ends),
          f"each was told SHUTDOWN, then SHUTDOWN COMPLETE, never ABORT: {ends}")
