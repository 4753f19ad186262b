#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Peers of a server whose place another takes, until SIGTERM: newcomers, who connect all the time
for one request each, and residents, who stay and come back when they are shut down. Residents ask
once each time and keep silent then: a request that crosses the SHUTDOWN has no answer, and nobody
could say beforehand which one does. Nobody is to be refused, aborted, or left without an answer;
a point for each, as tests/interop/lib.sh has them.

usage: upgrade_peer.py STAND_FILE
"""

import select
import signal
import socket
import sys
import threading
import time

ADDRESS = ("127.0.0.1", 5060)
IPPROTO_SCTP = 132
SCTP_NODELAY = 3
NEWCOMERS = 2
RESIDENTS = 4

REQUEST = """OPTIONS sip:127.0.0.1;transport=sctp SIP/2.0
Via: SIP/2.0/SCTP 127.0.0.1;branch=z9hG4bK{number}
Max-Forwards: 70
From: <sip:a@127.0.0.1>;tag=1
To: <sip:127.0.0.1>
Call-ID: {number}@127.0.0.1
CSeq: 1 OPTIONS
Content-Length: 0

"""

over = threading.Event()
lock = threading.Lock()
count = {"newcomers": 0, "answers": 0, "returns": 0}
failures = []


def add(name, n=1):
    with lock:
        count[name] += n


def fail(who, why):
    with lock:
        failures.append(f"{who}: {why!r} after {time.monotonic() - began:.2f} s")


def connect():
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_SCTP)
    one.settimeout(10)
    one.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
    one.connect(ADDRESS)
    return one


def ask(one, number):
    """False where the end came before anything was sent."""
    one.setblocking(False)
    try:
        if one.recv(100) == b"":
            return False
    except BlockingIOError:
        pass
    one.settimeout(10)
    try:
        one.sendall(REQUEST.format(number=number).replace("\n", "\r\n").encode())
    except BrokenPipeError:
        return False
    answer = one.recv(4096)
    if not answer.startswith(b"SIP/2.0 200 "):
        raise OSError(f"not answered but {answer[:40]!r}")
    return True


def newcomer():
    while not over.is_set():
        try:
            with connect() as one:
                if not ask(one, "new"):
                    raise OSError("ended before it was asked")
            add("newcomers")
        except OSError as error:
            fail("a newcomer", error)
            time.sleep(0.1)


def has_ended(one):
    """Waits for it; false where all is over first."""
    while not over.is_set():
        if select.select([one], [], [], 0.1)[0]:
            return True
    return False


def resident():
    try:
        while not over.is_set():
            with connect() as one:
                if not ask(one, "stay"):
                    raise OSError("ended before it was asked")
                add("answers")
                stand.release()
                if has_ended(one):
                    if one.recv(100) != b"":
                        raise OSError("told something else than its end")
                    add("returns")
    except OSError as error:
        fail("a resident", error)


def point(verdict, text):
    print("ok" if verdict else "not ok", "-", text, flush=True)


began = time.monotonic()
stand = threading.Semaphore(0)
signal.signal(signal.SIGTERM, lambda *_: over.set())
threads = [threading.Thread(target=resident) for _ in range(RESIDENTS)]
threads += [threading.Thread(target=newcomer) for _ in range(NEWCOMERS)]
for thread in threads:
    thread.start()
for _ in range(RESIDENTS):
    stand.acquire()
with open(sys.argv[1], "w", encoding="ascii") as file:
    file.write("they stand\n")
while not over.wait(1):
    pass
for thread in threads:
    thread.join()
for failure in failures[:20]:
    print(failure)
point(not failures, f"nobody was refused, aborted or not answered, {len(failures)} were")
point(count["newcomers"] > 20, f"{count['newcomers']} newcomers connected and were answered")
point(count["answers"] >= 2 * RESIDENTS, f"{count['answers']} requests of residents were answered")
point(count["returns"] >= RESIDENTS,
      f"{count['returns']} times one of {RESIDENTS} residents came back")
