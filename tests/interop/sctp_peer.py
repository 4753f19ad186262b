# SPDX-License-Identifier: BSD-2-Clause
"""A peer on the kernel's SCTP, one association on a one-to-one socket, with what the interop tests
need of RFC 6458: streams, PPIDs and order of a message, whole messages, how the end came. The
socket module knows neither the constants nor the structures: they are those of linux/sctp.h.
"""
import socket
import struct

IPPROTO_SCTP = 132
SCTP_INITMSG, SCTP_NODELAY, SCTP_RECVRCVINFO = 2, 3, 32
SCTP_EVENT, SCTP_ASSOC_CHANGE, SCTP_SHUTDOWN_EVENT = 127, 0x8001, 0x8005
SCTP_SNDINFO, SCTP_RCVINFO = 2, 3
SCTP_UNORDERED = 1
MSG_EOR, MSG_NOTIFICATION = 0x80, 0x8000
PIECE = 4096


class Peer:
    """Connects to (host, port) and keeps what it is told about the association."""

    def __init__(self, host, port, streams=10, local=None, timeout=20):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM, IPPROTO_SCTP)
        self.socket.settimeout(timeout)
        self.notifications = []
        self.option(SCTP_INITMSG, struct.pack("HHHH", streams, 2048, 4, 0))
        self.option(SCTP_NODELAY, struct.pack("i", 1))
        self.option(SCTP_RECVRCVINFO, struct.pack("i", 1))
        for event in (SCTP_ASSOC_CHANGE, SCTP_SHUTDOWN_EVENT):
            self.option(SCTP_EVENT, struct.pack("iHBx", 0, event, 1))
        if local:
            self.socket.bind(local)
        self.socket.connect((host, port))

    def option(self, name, value):
        self.socket.setsockopt(IPPROTO_SCTP, name, value)

    def send(self, data, stream=0, ppid=0, unordered=False):
        flags = SCTP_UNORDERED if unordered else 0
        info = struct.pack("=HHIIi", stream, flags, socket.htonl(ppid), 0, 0)
        sent = self.socket.sendmsg([data], [(IPPROTO_SCTP, SCTP_SNDINFO, info)])
        if sent != len(data):
            raise OSError(f"sent {sent} of {len(data)} bytes")

    def receive(self):
        """The next whole message as (data, stream, ppid, unordered); None at the end."""
        data, info = b"", None
        while True:
            piece, control, flags, _ = self.socket.recvmsg(PIECE, 256)
            if flags & MSG_NOTIFICATION:
                self.note(piece)
                continue
            if not piece and not flags & MSG_EOR:
                return None
            for level, kind, value in control:
                if level == IPPROTO_SCTP and kind == SCTP_RCVINFO:
                    info = struct.unpack_from("=HHHxxI", value)
            data += piece
            if flags & MSG_EOR:
                return (data, info[0], socket.ntohl(info[3]), bool(info[2] & SCTP_UNORDERED))

    def note(self, piece):
        """Notifications by type; of a change of the association, its new state too."""
        kind = struct.unpack_from("=H", piece)[0]
        state = struct.unpack_from("=H", piece, 8)[0] if kind == SCTP_ASSOC_CHANGE else None
        self.notifications.append((kind, state))

    def ending(self):
        """Reads to the end. 'shutdown' or 'abort'."""
        try:
            while self.receive() is not None:
                pass
        except ConnectionResetError:
            return "abort"
        told = (SCTP_SHUTDOWN_EVENT, None) in self.notifications
        return "shutdown" if told else "end without a SHUTDOWN"

    def abort(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def request(call, method="OPTIONS", size=0, host="127.0.0.1"):
    """A whole request; with size, padded by a body to exactly that many bytes."""
    head = (f"{method} sip:{host};transport=sctp SIP/2.0\r\n"
            f"Via: SIP/2.0/SCTP 127.0.0.1:6060;branch=z9hG4bK{call}\r\n"
            f"From: <sip:peer@127.0.0.1>;tag=t{call}\r\nTo: <sip:{host}>\r\n"
            f"Call-ID: {call}@peer\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n")
    for n_body in (size - len(head) - 20 - digits for digits in range(1, 6)):
        whole = head + f"Content-Length: {max(n_body, 0)}\r\n\r\n" + "x" * max(n_body, 0)
        if size == 0 or len(whole) == size:
            return whole.encode()
    raise ValueError(f"no request of {size} bytes")


def call_of(answer):
    """(status, Call-ID without its host) of an answer."""
    lines = answer.decode("latin-1").split("\r\n")
    ids = [line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("call-id:")]
    return int(lines[0].split(" ")[1]), ids[0].split("@")[0] if ids else None
