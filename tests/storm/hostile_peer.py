#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Peers that behave badly, one kind after the other, against a server on 127.0.0.1; after each kind
a healthy peer, which is a command, must be served. Prints points for the function of that name in
lib.sh; what the server must have counted in the end is for the caller to compare.

usage: hostile_peer.py CASES UDP_PORT HEALTHY_COMMAND…   CASES: messages | packets | partial
"""
import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "interop")]
from sctp_peer import call_of, request  # noqa: E402
from wire import (ABORT, DATA, FIRST, HEARTBEAT, HEARTBEAT_ACK, INIT_ACK, LAST, SACK,  # noqa: E402
                  UNORDERED, Wire, chunk)

UDP = int(sys.argv[2])
RANDOM = random.Random(20260101)
next_port = 20000


def point(good, name):
    print(f"{'ok' if good else 'not ok'} - {name}", flush=True)


def peer(**options):
    global next_port
    next_port += 1
    return Wire(UDP, next_port, **options)


def connected(name, **options):
    one = peer(**options)
    if not one.connect(10):
        point(False, f"{name}: the association stands")
    return one


def answered(one, call, name):
    one.data(request(call))
    one.settle()
    answer = one.receive(10)
    point(answer is not None and call_of(answer) == (200, call), name)


# ---- messages: good SCTP, bad SIP ----------------------------------------------------------------

def garbage():
    one = connected("garbage")
    for _ in range(50):
        one.send(bytes([0x80]) + RANDOM.randbytes(RANDOM.randrange(1, 3000)))
    answered(one, "garbage", "among 50 messages of random bytes a request is answered")
    point(one.close(), "and the association ends in order")


def truncated():
    """In the middle of a header: nothing to answer. Without its body: RFC 3261 18.3 wants 400."""
    one = connected("truncated")
    whole = request("cut", size=600)
    one.data(whole[:100])
    point(one.receive(1) is None, "a request cut in its headers is not answered")
    one.data(whole[:550])
    answer = one.receive(10)
    point(answer is not None and call_of(answer) == (400, "cut"),
          "a request cut in its body is answered 400")
    one.data(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/SCTP 127.0.0.1\r\n")
    point(one.receive(1) is None, "a cut response is not answered")
    answered(one, "truncated", "a whole request is answered after them")
    point(one.close(), "and the association ends in order")


def too_long():
    one = connected("too long")
    for _ in range(3):
        one.send(request("long", size=65535)[:-1] + b"x" * 4466)
    answered(one, "toolong", "after three messages of 70,000 bytes a request is answered")
    one.send(request("largest", size=65535))
    answer = one.receive(20)
    point(answer is not None and call_of(answer) == (200, "largest"), "so is one of 65,535")
    point(one.close(), "and the association ends in order")


def keep_alives():
    one = connected("keep-alives")
    for _ in range(10):
        one.data(b"\r\n\r\n")
        one.data(b"\r\n")
    point(one.receive(1) is None, "CRLF keep-alives are not answered")
    answered(one, "crlf", "a request is answered among them")
    point(one.close(), "and the association ends in order")


# ---- packets: what no stack would send -----------------------------------------------------------

def datagrams():
    one = peer()
    for size in [0, 1, 11, 12, 13, 15, 16] + [RANDOM.randrange(2000) for _ in range(200)]:
        one.socket.send(RANDOM.randbytes(size))
    for damage in (1, 0x80000000, 0xffffffff):
        one.packet(chunk(1, 0, bytes(16)), tag=0, damage=damage)
    point(one.read(0.5) == [], "random and damaged datagrams are not answered")


def nobodys():
    """DATA, SACK, SHUTDOWN and COOKIE-ECHO of no association; chunks that tell a wrong length."""
    one = peer()
    for kind in range(16):
        one.packet(chunk(kind, 0, RANDOM.randbytes(40)), tag=RANDOM.getrandbits(32))
        one.packet(bytes([kind, 0, 0xff, 0xff]) + bytes(20), tag=RANDOM.getrandbits(32))
        one.packet(bytes([kind, 0, 0, 0]) + bytes(20), tag=0)
    while one.read(0.3):
        pass
    point(DATA not in one.seen and INIT_ACK not in one.seen, "packets of nobody open nothing")


def half_open():
    """INITs that are never followed up leave nothing: the cookie carries the state."""
    peers = [peer() for _ in range(20)]
    for _ in range(20):
        for one in peers:
            one.init()
    got = sum(one.await_chunk((INIT_ACK,), 5) is not None for one in peers)
    point(got > 0, f"400 INITs are followed up by nobody ({got} of 20 peers had an INIT-ACK)")


def empty():
    """RFC 9260 6.2: DATA without user data is answered with ABORT, and costs the association."""
    one = connected("empty")
    end = None
    for _ in range(5):  # a machine that is busy elsewhere drops datagrams, or is late
        one.data(b"")
        end = end or one.await_chunk((ABORT,), 4)
    point(end is not None, "an empty message costs its association")


def strange_chunks():
    one = connected("strange")
    for kind in (0x3f, 0x7f, 0xbf, 0xff):
        one.packet(chunk(kind, 0, RANDOM.randbytes(20)))
    one.data(request("stream"), stream=9999)
    one.packet(chunk(SACK, 0, RANDOM.randbytes(12)))
    one.packet(chunk(HEARTBEAT, 0, bytes([0, 1, 0, 12]) + b"8 bytes!"))
    alive = one.await_chunk((HEARTBEAT_ACK, ABORT), 20)
    point(alive is not None, "unknown chunks, a stream out of range, a SACK of nothing: told")
    one.abort()


def storm():
    """Associations come and go as fast as the handshake lets them, aborted at once."""
    stood = 0
    for n in range(150):
        one = peer()
        stood += one.connect(10)
        if n % 3 == 0:
            one.data(request(f"storm{n}"))
        if n % 3 == 1:
            one.data(b"OPTIONS ", FIRST | UNORDERED)
        one.abort()
    point(stood == 150, f"150 associations are made and aborted ({stood} stood)")


def toggling():
    """One peer begins anew on the same ports, over and over, without a word about the old."""
    stood, port = 0, 31000
    for _ in range(30):
        one = Wire(UDP, port, local=port)
        stood += one.connect(10)
        one.data(b"half", FIRST | UNORDERED)
        one.socket.close()
    point(stood == 30, f"one peer restarts 30 times ({stood} stood)")
    one = Wire(UDP, port, local=port)
    point(one.connect(10), "and once more")
    answered(one, "toggling", "its last association works")
    point(one.close(), "and ends in order")


# ---- partial: the server has small buffers and few slots -----------------------------------------

def mid_message():
    """More than the server's buffer holds is handed up in pieces; then the end never comes."""
    for n in range(12):
        one = connected("mid-message")
        one.send(request(f"mid{n}", size=60000), whole=False, seconds=5)
        one.abort()
        time.sleep(0.05)
    one = connected("after mid-message")
    one.send(request("after", size=50000))
    answer = one.receive(20)
    point(answer is not None and call_of(answer) == (200, "after"),
          "after 12 messages without an end a long one finds room")
    point(one.close(), "and its association ends in order")


CASES = {
    "messages": (garbage, truncated, too_long, keep_alives),
    "packets": (datagrams, nobodys, half_open, empty, strange_chunks, storm, toggling),
    "partial": (mid_message,),
}

for case in CASES[sys.argv[1]]:
    case()
    healthy = subprocess.run(sys.argv[3:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=60, check=False)
    point(healthy.returncode == 0, f"a healthy peer is served after: {case.__name__}")
    if healthy.returncode:
        print(healthy.stdout.decode("utf-8", "replace"))
