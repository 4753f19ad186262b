# SPDX-License-Identifier: BSD-2-Clause
"""In the guest: a link with the MTU of an Ethernet, behind which the server has a network name
space of its own. On the loopback everything fits into one packet of 64 KB."""
import subprocess

SPACE = "bench-server"
SERVER, CLIENT = "10.95.0.1", "10.95.0.2"


def host(case):
    return SERVER if "link" in case else "127.0.0.1"


def within(case, words):
    """The command of a server, in the name space where the case wants it."""
    return ["ip", "netns", "exec", SPACE] + words if "link" in case else words


def lay(case):
    """`link` is "veth, MTU N"."""
    mtu = case["link"].split()[-1]
    there = ["ip", "-n", SPACE]
    for words in (
            ["ip", "netns", "add", SPACE],
            ["ip", "link", "add", "bench0", "mtu", mtu, "type", "veth",
             "peer", "name", "bench1", "mtu", mtu, "netns", SPACE],
            ["ip", "address", "add", CLIENT + "/24", "dev", "bench0"],
            ["ip", "link", "set", "bench0", "up"],
            there + ["address", "add", SERVER + "/24", "dev", "bench1"],
            there + ["link", "set", "bench1", "up"],
            there + ["link", "set", "lo", "up"]):
        subprocess.run(words, check=True)
