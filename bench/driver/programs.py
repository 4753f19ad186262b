# SPDX-License-Identifier: BSD-2-Clause
"""The servers that are measured, by the name that results call them.

HOST and PORT stand in a command for where to listen.
"""
import shutil

SERVE = ["tools/sipring", "serve", "--provider", "kernel", "--io"]
ADDRESS = "sctp:HOST:PORT"

PROGRAMS = {
    "shared": {"title": "shared one-to-many socket, epoll (the algorithm of proto_sctp)",
               "command": ["bench/transport/sctp_shared", "--host", "HOST", "--port", "PORT"]},
    "epoll": {"title": "one-to-one sockets, epoll, drained",
              "command": ["bench/transport/sctp_epoll", "--host", "HOST", "--port", "PORT"]},
    "uring": {"title": "io_uring, one receive and one submit at a time",
              "command": ["bench/transport/sctp_uring", "--host", "HOST", "--port", "PORT"]},
    "sipring-epoll": {"title": "sipring, epoll",
                      "command": SERVE + ["epoll", ADDRESS]},
    "sipring": {"title": "sipring, io_uring",
                "command": SERVE + ["io_uring", ADDRESS]},
    "sipring-unbundled": {"title": "sipring, io_uring, bundling=off",
                          "command": SERVE + ["io_uring", "--set", "bundling=off", ADDRESS]},
    "udp": {"title": "UDP, a system call per message",
            "command": ["bench/transport/udp", "--host", "HOST", "--port", "PORT"]},
    "udp-ask": {"title": "UDP, epoll_wait before each receive (OpenSIPS's reactor)",
                "command": ["bench/transport/udp", "--host", "HOST", "--port", "PORT", "--ask"]},
    "udp-64": {"title": "UDP, 64 messages per system call",
               "command": ["bench/transport/udp", "--host", "HOST", "--port", "PORT",
                           "--batch", "64"]},
}


# Of the suite hosts, which has their commands.
HOSTS = {"opensips-stock": "OpenSIPS, its own proto_sctp", "opensips-ours": "OpenSIPS, ours",
         "opensips-udp": "OpenSIPS over UDP"}


def command(program, workers=1):
    words = PROGRAMS[program]["command"]
    if workers == 1:
        return words
    if words[:2] == SERVE[:2]:
        return words[:2] + ["--workers", str(workers)] + words[2:]
    return words + ["--processes", str(workers)]


def need(tool, package):
    if not shutil.which(tool):
        raise ValueError(f"there is no {tool}: install the Debian package {package}")


def is_udp(program):
    return "udp" in program


def title(program):
    return HOSTS.get(program) or PROGRAMS[program]["title"]
