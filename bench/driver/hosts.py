# SPDX-License-Identifier: BSD-2-Clause
"""The suite hosts: what a round trip costs in OpenSIPS with its own proto_sctp and with ours.

As the suite transport, with whole hosts as servers: a script that answers without state, four SIP
workers. The core, its modules and the script are the same on both sides; the module's file is what
differs, and over UDP not even that is there.
"""
import os
import subprocess
import sys

import programs
import results
import transport

WORKERS = "4"
KINDS = tuple(programs.HOSTS)


def cases():
    chosen = []
    for peers in (1, 16):
        for client in ("bundles", "plain"):
            chosen += [transport.case(name, peers, 64, client) for name in KINDS[:2]]
        chosen.append(transport.case("opensips-udp", peers, 64, "plain"))
    chosen += [transport.case(name, 64, 64, "plain") for name in KINDS]
    chosen += [transport.case(name, 1, 1, "plain") for name in KINDS]
    chosen += [transport.case(name, 1, 64, "sipp") for name in KINDS]
    return chosen


def command(paths, options, name):
    tree = os.path.abspath(options.opensips)
    stock = os.path.join(tree, "modules", "proto_sctp", "proto_sctp.so")
    module = options.module or os.path.join(paths.build, "src", "opensips", "proto_sctp.so")
    words = [os.path.join(paths.source, "bench", "hosts", "opensips"), tree,
             os.path.abspath(module) if name == "opensips-ours" else stock, "PORT", WORKERS]
    return words + (["udp"] if name == "opensips-udp" else [])


def of_group(run, group, name):
    """Of the processes of a group; the first of all is the client."""
    return sum(process[name] for process, own in zip(run["processes"][1:], run["groups"])
               if own == group)


def metrics(runs):
    made = transport.transport_metrics(runs)
    if runs.get("allocator"):
        server = results.median(made, "server_instructions")
        made["allocator_instructions"] = results.metric(
            "guest instructions per round trip, of the function fm_malloc",
            [server * run["allocator_share"] / 100 for run in runs["allocator"]])
    made["worker_instructions"] = results.metric(
        "guest instructions per round trip, on the account of the SIP workers",
        [of_group(run, "workers", "run_ns") / run["count"] for run in runs["cost"]])
    return made


def check(paths, options):
    programs.need("perf", "linux-perf")
    programs.need("sipp", "sip-tester")
    if not options.opensips:
        sys.exit("sipring bench: hosts: name a built tree of OpenSIPS with --opensips TREE")
    for name in KINDS:
        for path in command(paths, options, name)[1:3]:
            if not os.path.exists(path):
                sys.exit(f"sipring bench: hosts: no {path}; ours is built by"
                         " meson -Dopensips_src=TREE, the stock one by the tree itself")
    flags = subprocess.run([os.path.join(options.opensips, "opensips"), "-V"], check=False,
                           capture_output=True, text=True).stdout
    if "CC_O0" in flags:
        sys.exit(f"sipring bench: hosts: {options.opensips} was built without optimisation, as a"
                 " tree of OpenSIPS's master is by default, and its figures mean nothing: take"
                 " -DCC_O0 out of its Makefile.conf and build it anew")


def measure(paths, options, kernel):
    check(paths, options)
    chosen = [case for case in cases() if options.only in transport.name_of(case)]
    steps = [{"case": case,
              "modes": ["cost", "allocator"] + ["calls"] * (case["client"] != "sipp"),
              "command": command(paths, options, case["program"])} for case in chosen]
    raw = transport.run_guest(paths, options, kernel,
                              transport.plan_of(paths, options, steps))
    found = [{"case": case, "metrics": metrics(runs)} for case, runs in zip(chosen, raw["runs"])]
    given = transport.parameters(options, raw)
    given["workers"] = int(WORKERS)
    return results.document("hosts", paths, raw["kernel"], given, found)
