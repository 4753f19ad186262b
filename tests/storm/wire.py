# SPDX-License-Identifier: BSD-2-Clause
"""SCTP by hand, in UDP (RFC 9260, RFC 6951): a peer that may do what no stack would. Each Wire is
one association from an SCTP port of its own; nothing happens that was not called for, so what a
test does not acknowledge stays unacknowledged.
"""
import os
import socket
import struct
import time

DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN = range(8)
SHUTDOWN_ACK, ERROR, COOKIE_ECHO, COOKIE_ACK = 8, 9, 10, 11
SHUTDOWN_COMPLETE = 14
LAST, FIRST, UNORDERED = 1, 2, 4  # flags of DATA
FRAGMENT = 1200


def _table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        yield byte


TABLE = list(_table())


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


def chunk(kind, flags=0, body=b""):
    return struct.pack(">BBH", kind, flags, 4 + len(body)) + body + b"\0" * (-len(body) % 4)


class Wire:
    """One peer. udp: the server's encapsulation port on 127.0.0.1; streams: as INIT offers;
    local: our own UDP port."""

    def __init__(self, udp, port, streams=10, to=5060, local=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", local))
        self.socket.connect(("127.0.0.1", udp))
        self.port, self.to, self.streams = port, to, streams
        self.tag, self.peer_tag = int.from_bytes(os.urandom(4), "big") | 1, 0
        self.tsn = int.from_bytes(os.urandom(4), "big")
        self.peer_tsn, self.acked, self.ssn = None, self.tsn - 1 & 0xffffffff, 0
        self.partial, self.messages, self.seen = b"", [], []
        self.unacked = {}  # TSN -> chunk

    def packet(self, *chunks, tag=None, damage=0):
        head = struct.pack(">HHI", self.port, self.to, self.peer_tag if tag is None else tag)
        body = b"".join(chunks)
        crc = crc32c(head + b"\0\0\0\0" + body) ^ damage
        try:
            self.socket.send(head + struct.pack("<I", crc) + body)
        except ConnectionRefusedError:
            pass

    def read(self, seconds):
        """The chunks of the next packet as (kind, flags, body); [] when none came."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            packet = self.socket.recv(65536)
        except (socket.timeout, ConnectionRefusedError):
            return []
        chunks, at = [], 12
        while at + 4 <= len(packet):
            kind, flags, size = struct.unpack_from(">BBH", packet, at)
            chunks.append((kind, flags, packet[at + 4:at + size]))
            at += max(size + 3 & ~3, 4)
        self.seen += [kind for kind, _, _ in chunks]
        return chunks

    def await_chunk(self, kinds, seconds=5):
        """The first of these kinds that comes, or None; DATA that comes before it is lost."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for one in self.read(end - time.monotonic()):
                if one[0] in kinds:
                    return one
        return None

    def init(self):
        self.packet(chunk(INIT, 0, struct.pack(">IIHHI", self.tag, 1 << 20, self.streams, 2048,
                                               self.tsn)), tag=0)

    def connect(self, seconds=5):
        """The handshake, sent again once a second as a stack would. Whether it stands."""
        answer, end = None, time.monotonic() + seconds
        self.unacked = {}
        while answer is None and time.monotonic() < end:
            self.init()
            answer = self.await_chunk((INIT_ACK,), 1)
        if answer is None:
            return False
        self.peer_tag, _, _, _, first = struct.unpack_from(">IIHHI", answer[2])
        self.peer_tsn = first - 1 & 0xffffffff
        at, cookie = 16, b""
        while at + 4 <= len(answer[2]):
            kind, size = struct.unpack_from(">HH", answer[2], at)
            if kind == 7:
                cookie = answer[2][at + 4:at + size]
            at += max(size + 3 & ~3, 4)
        answer = None
        while answer is None and time.monotonic() < end:
            self.packet(chunk(COOKIE_ECHO, 0, cookie))
            answer = self.await_chunk((COOKIE_ACK,), 1)
        return answer is not None

    def data(self, data, flags=FIRST | LAST | UNORDERED, stream=0, ppid=0):
        """One DATA chunk in a packet, sent once, or until it is acknowledged by settle()."""
        piece = chunk(DATA, flags, struct.pack(">IHHI", self.tsn, stream, self.ssn, ppid) + data)
        self.unacked[self.tsn] = piece
        self.packet(piece)
        self.tsn = self.tsn + 1 & 0xffffffff

    def send(self, message, whole=True, seconds=20):
        """A message in fragments, of which four at a time are not acknowledged; sent again when
        nothing happens. Without its end if not whole. Whether all was acknowledged."""
        pieces = [message[at:at + FRAGMENT] for at in range(0, len(message), FRAGMENT)]
        base, sent, end = self.tsn, 0, time.monotonic() + seconds
        while time.monotonic() < end:
            n_acked = self.acked + 1 - base & 0xffffffff
            if n_acked == len(pieces):
                return True
            if n_acked > len(pieces):  # of an earlier message
                n_acked = 0
            while sent < min(n_acked + 4, len(pieces)):
                last = whole and sent == len(pieces) - 1
                self.tsn = base + sent & 0xffffffff
                self.data(pieces[sent], (FIRST if sent == 0 else 0) | (LAST if last else 0)
                          | UNORDERED)
                sent += 1
            came = self.read(0.3)
            if not came:
                sent = n_acked
            for one in came:
                self.take(one)
        return False

    def settle(self, seconds=20):
        """Sends what is not acknowledged again, as a stack would. Whether all was in the end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.unacked = {tsn: piece for tsn, piece in self.unacked.items()
                            if tsn - self.acked - 1 & 0xffffffff < 1 << 31}
            if not self.unacked:
                return True
            came = self.read(0.5)
            for one in came:
                self.take(one)
            if not came:
                self.packet(*list(self.unacked.values())[:4])
        return False

    def take(self, one):
        """What a well-behaved peer does with a chunk; whole messages go to self.messages."""
        kind, flags, body = one
        if kind == SACK:
            self.acked = struct.unpack_from(">I", body)[0]
        elif kind == HEARTBEAT:
            self.packet(chunk(HEARTBEAT_ACK, 0, body))
        elif kind == DATA:
            tsn = struct.unpack_from(">I", body)[0]
            if tsn == self.peer_tsn + 1 & 0xffffffff:
                self.peer_tsn = tsn
                self.partial = (b"" if flags & FIRST else self.partial) + body[12:]
            self.packet(chunk(SACK, 0, struct.pack(">IIHH", self.peer_tsn, 1 << 20, 0, 0)))
            if tsn == self.peer_tsn and flags & LAST:
                self.messages.append(self.partial)

    def receive(self, seconds=5):
        """The next message, or None."""
        end = time.monotonic() + seconds
        while not self.messages and time.monotonic() < end:
            for one in self.read(end - time.monotonic()):
                self.take(one)
        return self.messages.pop(0) if self.messages else None

    def abort(self):
        self.packet(chunk(ABORT))
        self.socket.close()

    def close(self):
        """In order; whether the peer did its part."""
        done = (None,)
        for _ in range(4):
            self.packet(chunk(SHUTDOWN, 0, struct.pack(">I", self.peer_tsn)))
            done = self.await_chunk((SHUTDOWN_ACK, ABORT)) or done
            if done[0] is not None:
                break
        if done[0] == SHUTDOWN_ACK:
            self.packet(chunk(SHUTDOWN_COMPLETE))
        self.socket.close()
        return done[0] == SHUTDOWN_ACK
