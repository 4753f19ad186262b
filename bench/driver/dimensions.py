# SPDX-License-Identifier: BSD-2-Clause
"""The suite dimensions: how a round trip's cost goes with the number of peers, of requests
outstanding and of workers, with the size of a message, with a link whose MTU is an Ethernet's, and
with SIPp as the client.

As the suite transport, with few programs and the cost alone: nothing is claimed of these.
"""
import programs
import results
import transport

FEW = ("shared", "epoll", "sipring")
# Those that can have several workers.
SHARING = ("shared", "sipring")
# Those that answer more than bench/transport/client.
ANSWERING = ("sipring-epoll", "sipring")
ETHERNET = "veth, MTU 1500"


def cases():
    chosen = []
    for peers in (1, 4, 16, 64, 512, 4096):
        chosen += [transport.case(name, peers, max(64, peers), "plain") for name in FEW]
    for outstanding in (1, 8, 64, 512):
        chosen += [transport.case(name, 1, outstanding, "bundles") for name in FEW]
    for size in (300, 900, 4096, 40000):
        chosen += [transport.case(name, 16, 64, "bundles", size) for name in FEW]
    for client in ("bundles", "plain"):
        for size in (420, 900, 4096):
            chosen += [dict(transport.case(name, 16, 64, client, size), link=ETHERNET)
                       for name in FEW]
    for workers in (1, 2, 4):
        chosen += [dict(transport.case(name, 16, 64, "bundles"), workers=workers)
                   for name in SHARING]
    return chosen + [transport.case(name, 1, 64, "sipp") for name in ANSWERING]


def measure(paths, options, kernel):
    programs.need("sipp", "sip-tester")
    chosen = [case for case in cases() if options.only in transport.name_of(case)]
    if not chosen:
        raise ValueError(f"dimensions: no case has '{options.only}' in its name")
    steps = [{"case": case, "modes": ["cost"],
              "command": programs.command(case["program"], case.get("workers", 1))}
             for case in chosen]
    raw = transport.run_guest(paths, options, kernel,
                              transport.plan_of(paths, options, steps))
    found = [{"case": case, "metrics": transport.transport_metrics(runs, "link" in case)}
             for case, runs in zip(chosen, raw["runs"])]
    return results.document("dimensions", paths, raw["kernel"],
                            transport.parameters(options, raw), found)
