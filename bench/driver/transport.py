# SPDX-License-Identifier: BSD-2-Clause
"""The suites that need the kernel's SCTP: transport (what a round trip costs), latency, and flame
(where it goes).

All run in a guest of tools/lab whose clock counts instructions. Here the cases are chosen, the
guest is started and what it brought back becomes metrics; guest.py is the other half.
"""
import json
import os
import subprocess
import sys
import tempfile

import programs
import results

SCTP = ("shared", "epoll", "uring", "sipring-epoll", "sipring", "sipring-unbundled")
FEW = ("shared", "epoll", "sipring")
LOADS = (25, 50, 75, 90)
SIZE = 420
# What is drawn, and the function that the loop of each is in.
FLAMES = {"sipring": "u:sipring_worker_turn", "shared": "u:main"}


def case(program, peers, outstanding, client, size=SIZE):
    return {"program": program, "peers": peers, "outstanding": outstanding, "client": client,
            "size": size}


def cases(which):
    """The cases of a set: what the claims are about, or just enough to try the tools."""
    if which == "quick":
        return [case("shared", 1, 64, "bundles"), case("sipring", 1, 64, "bundles"),
                case("udp", 1, 64, "plain")]
    chosen = []
    for peers in (1, 16):
        for client in ("bundles", "plain"):
            chosen += [case(name, peers, 64, client) for name in SCTP]
        chosen += [case("udp", peers, 64, "plain"), case("udp-ask", peers, 64, "plain"),
                   case("udp-64", peers, 64, "batch")]
    chosen += [case(name, 64, 64, "plain") for name in SCTP + ("udp",)]
    chosen += [case(name, 1, 1, "plain") for name in SCTP + ("udp", "udp-ask")]
    return chosen


def name_of(case_):
    name = "{program} {peers}/{outstanding} {client} {size}".format(**case_)
    return name + "".join(f" {key} {case_[key]}" for key in ("link", "workers") if key in case_)


def per_process(run, name, first, last=None):
    return sum(process[name] for process in run["processes"][first:last])


def transport_metrics(runs, is_apart=False):
    """Metrics of one case from its raw runs, by mode. Apart: what the client's side of a link has
    sent is not all that was."""
    cost = runs["cost"]
    trips = [run["count"] for run in cost]
    made = {
        "instructions": results.metric(
            "guest instructions per round trip",
            [run["elapsed_ns"] / n for run, n in zip(cost, trips)]),
        "server_instructions": results.metric(
            "guest instructions per round trip, on the server's account",
            [per_process(run, "run_ns", 1) / n for run, n in zip(cost, trips)]),
        "client_instructions": results.metric(
            "guest instructions per round trip, on the client's account",
            [per_process(run, "run_ns", 0, 1) / n for run, n in zip(cost, trips)]),
        "switches": results.metric(
            "context switches of the server per message",
            [per_process(run, "switches", 1) / (2 * n) for run, n in zip(cost, trips)]),
        "wakes": results.metric(
            "times that a process of the server slept and was woken, per message",
            [per_process(run, "wakes", 1) / (2 * n) for run, n in zip(cost, trips)]),
        "packets": results.metric(
            "SCTP packets per round trip, both ways",
            [(run["packets_out"] + (run["packets_in"] if is_apart else 0)) / n
             for run, n in zip(cost, trips)]),
        "memory": results.metric(
            "KiB resident, the server", [run["memory_kib"] for run in cost]),
    }
    if runs.get("calls"):
        made["system_calls"] = results.metric(
            "system calls of the server per message",
            [per_process(run, "system_calls", 1) / (2 * run["count"]) for run in runs["calls"]])
    if runs.get("samples"):
        shares = []
        for run in runs["samples"]:
            whole = per_process(run, "user_samples", 0) + per_process(run, "kernel_samples", 0)
            shares.append(100.0 * per_process(run, "user_samples", 1) / max(whole, 1))
        made["user_share"] = results.metric(
            "percent of all instructions that are the server's in user space", shares)
    return made


def latency_metrics(runs):
    return {name: results.metric("guest ns from when the request was due",
                                 [run["latency_ns"][name] for run in runs["cost"]])
            for name in ("p50", "p90", "p99", "p99_9", "max")}


def run_guest(paths, options, kernel, plan, *more):
    """Runs the plan in the lab; the raw results, a list per case."""
    with tempfile.TemporaryDirectory(prefix="sipring-bench.") as folder:
        path = os.path.join(folder, "plan.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(plan, file)
        guest = os.path.join(paths.source, "bench", "driver", "guest.py")
        lab = [os.path.join(paths.source, "tools", "lab"), "--kernel", kernel, "--icount", *more,
               "--timeout", str(options.timeout), "--out", folder, "--", "python3", guest, path]
        done = subprocess.run(lab, cwd=paths.build, check=False)
        if done.returncode:
            sys.exit(f"sipring bench: the guest ended with {done.returncode}, see above")
        with open(os.path.join(folder, "raw.json"), encoding="utf-8") as file:
            return json.load(file)


def plan_of(paths, options, steps):
    return {"build": paths.build, "steps": steps, "count": options.count,
            "warm_up": options.warm_up, "repetitions": options.repetitions}


def parameters(options, raw):
    return {"clock": "guest instructions (QEMU -icount shift=0), one processor",
            "count": options.count, "warm_up": options.warm_up,
            "repetitions": options.repetitions, "order": "interleaved",
            "reply_size": {name: size for name, size in raw["reply_sizes"].items()}}


def measure_transport(paths, options, kernel):
    chosen = [case_ for case_ in cases(options.set) if options.only in name_of(case_)]
    if not chosen:
        sys.exit(f"sipring bench: no case has '{options.only}' in its name")
    steps = [{"case": case_, "modes": ["cost", "calls", "samples"],
              "command": programs.PROGRAMS[case_["program"]]["command"]} for case_ in chosen]
    raw = run_guest(paths, options, kernel, plan_of(paths, options, steps))
    found = [{"case": case_, "metrics": transport_metrics(runs)}
             for case_, runs in zip(chosen, raw["runs"])]
    return results.document("transport", paths, raw["kernel"], parameters(options, raw), found)


def measure_latency(paths, options, kernel):
    """Open loop at parts of what the stock algorithm can do, which is measured first."""
    steps = [{"case": case("shared", 16, 64, "plain"), "modes": ["cost"], "is_capacity": True,
              "command": programs.PROGRAMS["shared"]["command"]}]
    for load in LOADS:
        for name in FEW:
            case_ = case(name, 16, 0, "open loop")
            case_["load_percent"] = load
            steps.append({"case": case_, "modes": ["cost"],
                          "command": programs.PROGRAMS[name]["command"]})
    raw = run_guest(paths, options, kernel, plan_of(paths, options, steps), "--skip-idle")
    found = [{"case": step["case"], "metrics": latency_metrics(runs)}
             for step, runs in zip(steps[1:], raw["runs"][1:])]
    given = parameters(options, raw)
    given["capacity_per_second"] = raw["capacity"]
    return results.document("latency", paths, raw["kernel"], given, found)


def measure_flame(paths, options, kernel):
    """Stacks of a server's process, of sipring and of the stock algorithm."""
    programs.need("perf", "linux-perf")
    steps = [{"case": case(name, 1, 64, "bundles"), "modes": ["stacks"], "root": root,
              "command": programs.PROGRAMS[name]["command"]} for name, root in FLAMES.items()]
    plan = dict(plan_of(paths, options, steps), repetitions=0)
    raw = run_guest(paths, options, kernel, plan)
    found = []
    for step, runs in zip(steps, raw["runs"]):
        rows = runs["stacks"][0]["stacks"]
        found.append({"case": step["case"], "stacks": rows,
                      "metrics": {"samples": results.metric("samples", [rows[0][1]])}})
    given = parameters(options, raw)
    del given["repetitions"], given["order"]
    return results.document("flame", paths, raw["kernel"], given, found)
