#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The half of the driver that runs in the guest: starts server and client of each step in turn.

    guest.py PLAN        writes raw.json beside the plan

Repetitions are interleaved: every step once, then every step again. What counts system calls or
samples the processor disturbs what it measures, so these are runs of their own, once per step. A
server is fresh for each run and has a port of its own, so that no association of the last is left.
"""
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import link  # noqa: E402
import sipp  # noqa: E402
import stacks  # noqa: E402

FIRST_PORT = 20000
READY_S = 60
SAMPLED = ("stacks", "allocator")  # modes in which perf looks on


class Failed(Exception):
    """A server that did not start, or a client that found fault."""


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def crew(pid, n):
    """The processes of a server that is to have n; some are forked after it says "ready"."""
    until = time.monotonic() + READY_S
    while n > 1 and len(children(pid)) < n - 1 and time.monotonic() < until:
        time.sleep(0.05)
    return [pid] + children(pid)


def start(build, step, port):
    case = step["case"]
    words = [word.replace("PORT", str(port)).replace("HOST", link.host(case))
             for word in step["command"]]
    words[0] = os.path.join(build, words[0])
    words = link.within(case, words)
    # Standard error beside standard output: what a server complains of is part of the failure.
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True)
    said, pids, groups = [], [], []
    until = time.monotonic() + READY_S
    for line in server.stdout:
        if line.strip() == "ready":
            found = pids or crew(server.pid, case.get("workers", 1))
            return server, found, groups or ["server"] * len(found)
        if line.startswith("pid "):
            pids.append(int(line.split()[1]))
            groups.append(line.split()[2])
            continue
        said.append(line)
        if time.monotonic() > until:
            break
    server.kill()
    raise Failed(f"{' '.join(words)}: not ready: {''.join(said)}")


def stop(server):
    server.send_signal(signal.SIGTERM)
    try:
        server.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.communicate()


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def client_words(plan, step, mode, port, pids, rate):
    case = step["case"]
    words = [os.path.join(plan["build"], "bench/transport/client"),
             "--host", link.host(case), "--port", str(port), "--peers", str(case["peers"]),
             "--size", str(case["size"]), "--count", str(plan["count"]),
             "--warm-up", str(plan["warm_up"])]
    for pid in pids:
        words += ["--watch", str(pid)]
    if rate:
        words += ["--rate", str(rate)]
    else:
        words += ["--outstanding", str(case["outstanding"])]
    if case["client"] == "bundles":
        words.append("--bundle")
    if "udp" in case["program"]:
        words.append("--udp")
    if case["client"] == "batch":
        words += ["--batch", "64"]
    if mode in ("calls", "samples"):
        words.append("--" + mode)
    return words


def run_client(plan, words, pids, step, mode):
    """What it tells of its run; with the tree of the servers' stacks, or instead the share that the
    allocator of OpenSIPS has of the samples, where these are wanted."""
    if mode in SAMPLED:
        with tempfile.TemporaryDirectory() as folder:
            done, found, complaints = stacks.record(words, pids, folder, mode == "stacks")
    else:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise Failed(f"{' '.join(words)}: {done.stderr.strip()}")
    if mode in SAMPLED and not found:
        raise Failed(f"perf has sampled nothing: {complaints}")
    if mode == "allocator":
        return {"count": plan["count"], "allocator_share": stacks.share_of(found, "fm_malloc")}
    run = json.loads(done.stdout)
    if mode == "stacks":
        run["stacks"] = stacks.tree(found, step["root"])
    return run


def measure(plan, step, mode, port, rate):
    server, pids, groups = start(plan["build"], step, port)
    try:
        case, host = step["case"], link.host(step["case"])
        if case["client"] == "sipp" and mode == "cost":
            run = sipp.run(plan, case, host, port, pids)
        elif case["client"] == "sipp":
            run = run_client(plan, sipp.command(case, host, port, plan["count"]), pids, step, mode)
        else:
            words = client_words(plan, step, mode, port, pids, rate)
            run = run_client(plan, words, pids, step, mode)
        run["memory_kib"] = sum(memory_kib(pid) for pid in pids)
        run["groups"] = groups
        return run
    finally:
        stop(server)


def prepare():
    subprocess.run(["mount", "-t", "tracefs", "none", "/sys/kernel/tracing"], check=False,
                   capture_output=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    # The last: the kernel slows sampling down where it takes long, and here everything does.
    for name, value in (("perf_event_mlock_kb", "65536"), ("kptr_restrict", "0"),
                        ("perf_cpu_time_max_percent", "0")):
        with open("/proc/sys/kernel/" + name, "w", encoding="ascii") as file:
            file.write(value)


def rounds_of(plan):
    """What to run, in order: (index of step, mode)."""
    steps = list(enumerate(plan["steps"]))
    order = [(i, "cost") for _ in range(plan["repetitions"]) for i, _ in steps]
    for mode in ("calls", "samples") + SAMPLED:
        order += [(i, mode) for i, step in steps if mode in step["modes"]]
    return order


def rate_of(step, capacity):
    load = step["case"].get("load_percent")
    return int(capacity * load / 100) if load else 0


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    prepare()
    linked = [step["case"] for step in plan["steps"] if "link" in step["case"]]
    if linked:
        link.lay(linked[0])
    raw = {"kernel": os.uname().release, "capacity": 0, "reply_sizes": {},
           "runs": [{} for _ in plan["steps"]]}
    order = rounds_of(plan)
    for number, (i, mode) in enumerate(order):
        step = plan["steps"][i]
        run = measure(plan, step, mode, FIRST_PORT + number, rate_of(step, raw["capacity"]))
        raw["runs"][i].setdefault(mode, []).append(run)
        if "reply_size" in run:
            raw["reply_sizes"][step["case"]["program"]] = run["reply_size"]
        if step.get("is_capacity"):
            raw["capacity"] = int(1e9 * run["count"] / run["elapsed_ns"])
        shown = " ".join(str(value) for value in step["case"].values())
        print(f"{number + 1:4}/{len(order)}  {mode:7}  {shown:40}"
              f" {run.get('elapsed_ns', 0) / run['count']:10.0f} ns", flush=True)
    with open(os.path.join(os.path.dirname(sys.argv[1]), "raw.json"), "w",
              encoding="utf-8") as file:
        json.dump(raw, file)


if __name__ == "__main__":
    try:
        main()
    except (Failed, OSError, subprocess.SubprocessError) as failure:
        sys.exit(f"guest: {failure}")
