#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A peer of OpenSIPS that does what neither SIPp nor our own tools do. Prints points for the
function of that name in lib.sh.

    opensips_peer.py ports   the default port, both ways: listener, URI, Via, Record-Route
    opensips_peer.py sizes   long messages, too long ones, keep-alives, wrong ports in a Via
    opensips_peer.py hole    requests for a peer that does not answer, and for others meanwhile
    opensips_peer.py slow    requests of one association, two of them for a script that sleeps
"""
import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from sctp_peer import IPPROTO_SCTP, Peer  # noqa: E402


def point(good, name, *more):
    print(f"{'ok' if good else 'not ok'} - {name}")
    for text in more if not good else []:
        print(repr(text)[:600])


def request(method, user, number, more="", body=b""):
    """Its Via names a port where nobody is, and asks for no rport."""
    at = f"{user}@127.0.0.1" if user else "127.0.0.1"
    return (f"{method} sip:{at};transport=sctp SIP/2.0\r\n"
            f"Via: SIP/2.0/SCTP 127.0.0.1:6999;branch=z9hG4bK{number}\r\n"
            f"From: <sip:peer@127.0.0.1>;tag=peer\r\nTo: <sip:{at}>\r\n"
            f"Call-ID: {number}@peer\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n{more}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def answers(peer, seconds):
    """(status, number of the request) of what comes within that time."""
    came = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        peer.socket.settimeout(max(0.1, end - time.monotonic()))
        try:
            received = peer.receive()
        except (TimeoutError, socket.timeout):
            break
        if received is None:
            break
        text = received[0].decode("latin-1")
        came.append((int(text.split()[1]), re.search(r"Call-ID: *([^@]*)@", text)[1]))
    return came


def first(peer, seconds=20):
    peer.socket.settimeout(seconds)
    received = peer.receive()
    return received[0].decode("latin-1") if received else ""


def ports():
    behind = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_SCTP)
    behind.bind(("127.0.0.2", 5070))
    behind.listen(4)
    behind.settimeout(30)
    peer = Peer("127.0.0.1", 5070)
    peer.send(request("INVITE", "elsewhere", "ports"))
    leg, _ = behind.accept()
    text = leg.recv(65536).decode("latin-1")
    point(text.startswith("INVITE sip:elsewhere@"), "a URI without port goes to sctp_port", text)
    point("Via: SIP/2.0/SCTP 127.0.0.1:5070;" in text, "its Via has the port", text)
    point(re.search(r"Record-Route: <sip:127.0.0.1:5070;transport=sctp;", text), "so has its "
          "Record-Route", text)


def sizes():
    peer = Peer("127.0.0.1", 5060)
    peer.send(request("OPTIONS", "", "port"))
    point("200" in first(peer)[:16], "an answer comes on the association that asked, whatever port "
          "its Via names")
    peer.send(request("OPTIONS", "", "long", body=b"x" * 60000))
    point("Call-ID: long@" in first(peer), "60,000 bytes are one message")
    peer.send(b"\r\n\r\n")
    peer.send(request("OPTIONS", "", "more", body=b"x" * 70000))
    peer.send(request("OPTIONS", "", "after"))
    came = answers(peer, 5)
    point([number for _, number in came if number == "after"], "one that is too long harms nobody",
          came)
    point(len(came) == 1, "and is not parsed in pieces", came)


def hole():
    peer = Peer("127.0.0.1", 5060)
    for number in range(8):
        peer.send(request("INVITE", "hole", f"hole{number}"))
    time.sleep(0.2)
    for number in range(40):
        peer.send(request("OPTIONS", "", f"other{number}"))
    came = answers(peer, 4)
    others = [number for status, number in came if status == 200]
    point(len(set(others)) == 40, "with 8 requests for a peer that does not answer in 4 workers, "
          "others are answered", came)
    time.sleep(3)
    peer.send(request("INVITE", "hole", "late"))
    came = answers(peer, 3)
    finals = [status for status, number in came if number == "late" and status >= 300]
    point(finals, "once that is known, tm is told at once", came)


def slow():
    peer = Peer("127.0.0.1", 5060)
    for number in range(2):
        peer.send(request("OPTIONS", "slow", f"slow{number}"))
    for number in range(40):
        peer.send(request("OPTIONS", "", f"quick{number}"))
    order = [number for status, number in answers(peer, 6) if status == 200]
    point(len(order) == 42, "with scripts that sleep in 2 of 4 workers all are answered", order)
    point({"slow0", "slow1"} == set(order[-2:]), "and none waits behind those that sleep", order)


{"ports": ports, "sizes": sizes, "hole": hole, "slow": slow}[sys.argv[1]]()
