#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A peer of OpenSIPS that does what neither SIPp nor our own tools do. Prints points for the
function of that name in lib.sh.

    opensips_peer.py ports   the default port, both ways: listener, URI, Via, Record-Route
    opensips_peer.py sizes   long messages, too long ones, keep-alives, wrong ports in a Via
    opensips_peer.py homes   a listener of two addresses, and the TOS of each listener
    opensips_peer.py hole    requests for a peer that does not answer, and for others meanwhile
    opensips_peer.py limit   three associations where two may be begun, and one that OpenSIPS begins
    opensips_peer.py ended   associations that a command ends, in order and at once
    opensips_peer.py slow    requests of one association, two of them for a script that sleeps
    opensips_peer.py stalled peers that ask and never read the answers, until it is ended
    opensips_peer.py trace   collects the traces of associations that come and go
"""
import json
import os
import re
import socket
import struct
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


def tos_of_answers(address, port, number):
    """The TOS of the packets that come from there while a request is answered."""
    wanted = socket.inet_aton(address) + port.to_bytes(2, "big")
    seen = set()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as wire:
        wire.bind(("lo", 0))
        wire.settimeout(0.2)
        peer = Peer(address, port)
        peer.send(request("OPTIONS", "", number))
        point("200" in first(peer)[:16], f"{address} answers")
        try:
            while True:
                packet = wire.recv(65536)
                source = packet[12:16] + packet[20:22]
                if packet[9] == IPPROTO_SCTP and source == wanted:
                    seen.add(packet[1] & ~3)
        except (TimeoutError, socket.timeout):
            return seen, peer


def homes():
    seen, peer = tos_of_answers("127.0.0.1", 5060, "first")
    point(seen == {0x20}, "its packets have the TOS of the script", seen)
    with open("/proc/net/sctp/assocs", encoding="ascii") as file:
        known = [line for line in file if f" {peer.socket.getsockname()[1]} " in line]
    point(any("127.0.0.3" in line.split("<->")[-1] for line in known),
          "a listener of two addresses tells its peers of both", known)
    seen, _ = tos_of_answers("127.0.0.4", 5060, "second")
    point(seen == {0x60}, "and another listener's have its own", seen)


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


def command(method, **params):
    """Of the management interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mi:
        mi.settimeout(20)
        mi.connect(("127.0.0.1", 8088))
        mi.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                            "params": params}).encode())
        return json.loads(mi.recv(65535))


def read_trace(packet):
    """What a packet of HEP 3 says: chunks of a vendor, a type, a size and a value."""
    chunks, at = {}, 6
    while at < len(packet):
        vendor, kind, size = struct.unpack_from("!HHH", packet, at)
        chunks[vendor, kind] = packet[at + 6:at + size]
        at += size
    told = json.loads(chunks[0, 15].rstrip(b"\0"))
    return (told["Event"], told["Status"], chunks[0, 2][0],
            socket.inet_ntoa(chunks[0, 3]), struct.unpack("!H", chunks[0, 7])[0],
            socket.inet_ntoa(chunks[0, 4]), struct.unpack("!H", chunks[0, 8])[0],
            chunks[0, 17].rstrip(b"\0"))


def traces(collector, seconds):
    came = []
    collector.settimeout(seconds)
    try:
        while True:
            came.append(read_trace(collector.recv(65535)))
            collector.settimeout(1)
    except (TimeoutError, socket.timeout):
        return came


def trace():
    collector = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    collector.bind(("127.0.0.1", 9060))
    peer = Peer("127.0.0.1", 5060)
    peer.send(request("OPTIONS", "", "untraced"))
    first(peer)
    peer.socket.close()
    came = traces(collector, 3)
    point(not came, "nothing is traced before that is wished", came)
    point("error" in command("sctp_trace", trace_mode="maybe"), "what is neither on nor off is "
          "refused")
    point("result" in command("sctp_trace", trace_mode="on"), "traces are switched on")
    peer = Peer("127.0.0.1", 5060, local=("127.0.0.1", 6999))
    peer.send(request("INVITE", "elsewhere", "nobody"))
    came = traces(collector, 10)
    accepted = [one for one in came if one[0] == "ACCEPTED"]
    point([one[1:7] for one in accepted] == [("SUCCESS", 132, "127.0.0.1", 6999, "127.0.0.1",
          5060)], "an association that a peer begins is traced, as SCTP, from where to where", came)
    point([one[1:7] for one in came if one[0] == "CONNECTED"] == [("FAILURE", 132, "127.0.0.1",
          5060, "127.0.0.2", 5060)], "so is one that could not be made", came)
    peer.socket.close()
    came = traces(collector, 10)
    wanted = [("CLOSED", "SUCCESS") + one[7:] for one in accepted]
    point(wanted and [one[:2] + one[7:] for one in came] == wanted, "and the end, with the same id",
          came)
    command("sctp_trace", trace_mode="off")
    Peer("127.0.0.1", 5060).socket.close()
    came = traces(collector, 3)
    point(not came, "nothing once they are switched off", came)


def limit():
    behind = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_SCTP)
    behind.bind(("127.0.0.2", 5060))
    behind.listen(4)
    behind.settimeout(30)
    peers = [Peer("127.0.0.1", 5060)]
    peers[0].send(request("INVITE", "elsewhere", "own"))
    leg, _ = behind.accept()
    point(leg.recv(65536).startswith(b"INVITE"), "OpenSIPS begins an association of its own")
    first(peers[0])
    peers.append(Peer("127.0.0.1", 5060))
    for number, peer in enumerate(peers):
        peer.send(request("OPTIONS", "", f"limit{number}"))
        point("200" in first(peer)[:16], "one of as many as may be begun is served, and its own "
              "is none of these")
    try:
        late = Peer("127.0.0.1", 5060)
        late.send(request("OPTIONS", "", "late"))
        answer = first(late)
    except OSError:
        answer = ""
    point(not answer, "one more is refused", answer)
    peers[0].send(request("OPTIONS", "", "still"))
    point("200" in first(peers[0])[:16], "which harms none of the others")


def end_by_command(number, **more):
    """How the peer sees its association end."""
    peer = Peer("127.0.0.1", 5060)
    peer.send(request("OPTIONS", "", number))
    first(peer)
    port = peer.socket.getsockname()[1]
    known = [one for one in command("sctp_list_assocs")["result"]["associations"]
             if one["port"] == port]
    command("sctp_close_assoc", id=known[0]["id"], **more)
    return peer.ending()


def ended():
    told = end_by_command("ordered")
    point(told == "shutdown", "an association is ended in order by a command", told)
    told = end_by_command("aborted", abort="1")
    point(told == "abort", "or at once", told)


def stalled():
    """As much as is taken at first, then little: others are to meet a peer that does not read, not
    one that takes the processor."""
    peers = [Peer("127.0.0.1", 5060) for _ in range(2)]
    ask = request("OPTIONS", "", "stalled", more="X-Fill: " + "x" * 1000 + "\r\n")
    for peer in peers:
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.socket.setblocking(False)
    end, count = time.monotonic() + 3, 0
    while True:
        for peer in peers:
            try:
                peer.send(ask)
                count += 1
            except BlockingIOError:
                time.sleep(0.05)
        if end and (count >= 2000 or time.monotonic() > end):
            print("stalled peers have asked", count, "times", flush=True)
            end = 0
        if not end:
            time.sleep(0.1)


{"ports": ports, "sizes": sizes, "hole": hole, "slow": slow, "stalled": stalled, "limit": limit,
 "trace": trace, "homes": homes, "ended": ended}[sys.argv[1]]()
